/**
 * The diff codec's constants, written once for both languages like map.ts: the working state that
 * TypeScript and the kernel share while one section streams through a thread's scratch, the tags
 * of the format (ARCHITECTURE.md, "The diff"), and what a decoder can find wrong.
 */

/** First byte of a diff. */
export const DIFF_VERSION = 1;

/** Working state at the start of the scratch; the window of section bytes follows it. */
export const DIFF_STATE_BYTES = 256;
/** u32: items of the section that are still to be done. */
export const D_LEFT = 0;
/** u32: keys: the next new id; updates: the last id plus one. */
export const D_NEXT = 4;
/** u32: pointer to the next sorted change. */
export const D_CHANGES = 8;
/** u32: updates written so far (a cell that was put back is none). */
export const D_WRITTEN = 12;
/** u64: ring position that the sorted changes count from. */
export const D_FROM = 16;
/** Words of four limbs. D_WORK is two of them: a magnitude, and the one that is taken apart. */
export const D_VALUE = 32;
export const D_SLOT = 64;
export const D_WORK = 96;

/** A change while it is sorted: id << 32 | its node's place in the stretch; two such arrays. */
export const CHANGE_SORT_BYTES = 16;
/** One u32 for each value of a byte; they lie in the window while it is not yet in use. */
export const SORT_COUNTERS_BYTES = 1024;

/** The longest update: tag, four bytes of gap, a word. The longest key: tag, address, slot. */
export const UPDATE_BYTES_MAX = 37;
export const KEY_ENTRY_BYTES_MAX = 53;
/** Numbers are written and read as whole words: what lies behind the window's end must be ours. */
export const DIFF_SPILL_BYTES = 64;

// Forms of a value: the low six bits of an update's tag.
export const FORM_ZERO = 0;
export const FORM_PLUS_ONE = 1;
/** Plus the number of bytes, 1 to 14. */
export const FORM_PLUS = 1;
export const FORM_DECIMAL_PLUS = 16;
export const FORM_DECIMAL_MINUS = 17;
/** Plus the number of bytes, 1 to 14. */
export const FORM_MINUS = 17;
/** Plus the number of bytes, 1 to 32. */
export const FORM_ABSOLUTE = 31;
/** Not on the wire: the value is what it was. */
export const FORM_NONE = 64;
export const DELTA_BYTES_MAX = 14;
/** Five bits; the mantissa has three bits of length less one. */
export const EXPONENT_MAX = 31;

// Gaps (ids left out since the last update): the high two bits of the tag say how many bytes; each
// width begins where the one before ends, so that a gap has one encoding.
export const GAP_1_BYTE = 1;
export const GAP_2_BYTES = 257;
export const GAP_4_BYTES = 65793;

// Where a new key's address comes from: bits 2 and 3 of its tag, above the kind.
export const ADDRESS_SAME = 0;
export const ADDRESS_LITERAL = 1;
export const ADDRESS_BACK = 2;
/** Of a back reference: 2^28 is above any id (layout.ts: an arena holds less than 2^26 cells). */
export const BACK_BYTES_MAX = 4;
/** Bits 4 to 7 of a slot key's tag: bytes of the slot, or this for all 32. */
export const SLOT_WHOLE = 15;

// What a decoder finds wrong, beside FULL_CELLS and FULL_UNDO of map.ts.
export const DIFF_TRUNCATED = -16;
export const DIFF_NO_CELL = -17;
export const DIFF_FORM = -18;
export const DIFF_KEY = -19;
export const DIFF_KEY_KNOWN = -20;

/**
 * What one execution read and wants to write, as the kernel notes it for the commit: a header, the
 * reads, the writes, sorted by address, kind and slot where cells are to be made. It names cells by
 * their ids, so that judging and applying it looks nothing up; only keys that had no cell yet are
 * given in full.
 */
/** Pointers: the end of the reads; the end of the writes and the first of them; the codes' list. */
export const E_READS_END = 0;
export const E_WRITES_END = 4;
export const E_WRITES_AT = 8;
export const E_CODES = 12;
/** Word: what the coinbase gets, to be added blindly. */
export const E_FEE = 16;
export const EFFECTS_BYTES = 64;

/** A read: cell id or NO_CELL, how (READ_...), kind, value; then a key where there is no id. */
export const READ_CELL = 0;
export const READ_HOW = 4;
export const READ_KIND = 8;
export const READ_VALUE = 16;
export const READ_BYTES = 48;
/** The value must still be this one. */
export const READ_EXACT = 0;
/** The value must be at least this one: a balance that pays. */
export const READ_AT_LEAST = 1;

/** A write, which is also a node of its cell's pending list; then a key where there is no id. */
export const NODE_VALUE = 0;
export const NODE_CELL = 32;
/** Index of the step in its batch. */
export const NODE_STEP = 36;
export const NODE_HOW = 40;
/** Pointer to the next older node of the cell in this batch; 0: none. */
export const NODE_NEXT = 44;
export const NODE_KIND = 48;
export const NODE_BYTES = 64;
/** The cell gets this value. */
export const WRITE_SET = 0;
/** This is added to the cell, modulo 2^256. */
export const WRITE_ADD = 1;

/** A key: 20 raw bytes, then at 32 the slot as four limbs. */
export const EFFECT_KEY_SLOT = 32;
export const EFFECT_KEY_BYTES = 64;

/**
 * A plain transfer's notes instead (transfer.as.ts): one line, and in place of the end of the reads
 * IS_TRANSFER. The rest is in the transaction record. Cells by id or NO_CELL; fee and cost in wei,
 * u64: what the coinbase gets, and what the sender pays for gas.
 */
export const IS_TRANSFER = 0xffffffff;
export const T_RECORD = 4;
export const T_FEE = 8;
export const T_CELLS = 16;
export const T_BALANCE_CELL = 16;
export const T_NONCE_CELL = 20;
export const T_TO_BALANCE_CELL = 24;
export const T_CODE_CELL = 28;
export const T_TO_CODE_CELL = 32;
export const T_COST = 40;
export const T_BYTES = 64;

/**
 * The byte map of the arena as far as it is constant, written once for both languages: this file
 * is compiled by tsc and imported by the AssemblyScript kernels, so it holds only integer constants
 * (every one fits i32). What depends on the arena's size is planned by layout.ts and kept in the
 * header. All multi-byte fields are little-endian.
 */

/** The static data of each kernel module (asconfig memoryBase) must end below the header. */
export const HEADER = 0xf000;
export const HEADER_BYTES = 0x1000;

/** "DCAR" and the version of this map: attach refuses any other. */
export const ARENA_MAGIC = 0x52414344;
export const ARENA_MAP_VERSION = 3;

// Fixed at creation.
export const H_MAGIC = HEADER;
export const H_MAP_VERSION = HEADER + 4;
export const H_PAGES = HEADER + 8;
export const H_THREADS = HEADER + 12;
/** Eleven regions of {base u32, bytes u32}, in the order of layout.ts REGION_NAMES. */
export const H_REGIONS = HEADER + 16;
export const H_CONTROL = H_REGIONS;
export const H_WINDOWS = H_REGIONS + 8;
export const H_BATCH_IN = H_REGIONS + 16;
export const H_BATCH_OUT = H_REGIONS + 24;
export const H_HASHES = H_REGIONS + 32;
export const H_INDEX = H_REGIONS + 40;
export const H_CELLS = H_REGIONS + 48;
export const H_KEYS = H_REGIONS + 56;
export const H_UNDO = H_REGIONS + 64;
export const H_CODE = H_REGIONS + 72;
export const H_COLD = H_REGIONS + 80;
export const REGION_COUNT = 11;
export const H_WINDOW_BYTES = HEADER + 128;
export const H_CELL_CAPACITY = HEADER + 132;
/** Ring positions are masked: the capacity is a power of two. */
export const H_UNDO_CAPACITY = HEADER + 136;
/** Slots of the code index, a power of two; the table is at the start of the CODE region. */
export const H_CODE_SLOTS = HEADER + 140;
export const H_INDEX_LOG2_MAX = HEADER + 144;
/**
 * Where cells may be cold (lines.as.ts), else all 0: lines that there are, and where in COLD the
 * stack of free lines and the lines' homes lie; the words of cells are at its start.
 */
export const H_LINE_CAPACITY = HEADER + 148;
export const H_LINE_STACK = HEADER + 152;
export const H_HOMES = HEADER + 156;
/** The descriptor of the file of cold cells. */
export const H_COLD_FILE = HEADER + 160;
/** Pages in a segment of that file, and where in COLD the counts of its segments lie. */
export const H_SEGMENT_PAGES = HEADER + 164;
export const H_SEGMENTS = HEADER + 168;
/** Keys of the multilinear hash: 14 for the words of a key and one to add. */
export const H_SEED = HEADER + 256;
export const SEED_BYTES = 120;
/** grownAt[k]: cells interned when the table of 2^k slots became current. */
export const H_GROWN_AT = HEADER + 512;

// Written while running; each group on cache lines of its own.
/** u64: closing sequence of the last logged mini-block. */
export const H_HEAD = HEADER + 1024;
export const H_CELL_COUNT = HEADER + 1088;
export const H_CELL_LIMIT = HEADER + 1092;
export const H_CODE_COUNT = HEADER + 1096;
/** u32: bytes used in the CODE region, its index included. */
export const H_CODE_END = HEADER + 1100;
/** u32: offset of the newest entry in the CODE region; 0 = none. */
export const H_CODE_LAST = HEADER + 1104;
export const H_UNDO_HEAD = HEADER + 1152;
export const H_UNDO_TAIL = HEADER + 1160;
/** u64: the first position that the sealer still needs. */
export const H_UNDO_RETAIN = HEADER + 1168;
/** u64: a cell whose undo head is at or before this position has not been saved yet. */
export const H_UNDO_EPOCH = HEADER + 1176;
/** u64: ring position at which the open (or last) mini-block began. */
export const H_OPEN_UNDO = HEADER + 1184;
export const H_OPEN_SEQUENCE = HEADER + 1192;
export const H_CLOSED_SEQUENCE = HEADER + 1200;
/** u64: rollbacks and retirements begun and ended; odd while one runs. */
export const H_ROLLBACKS = HEADER + 1216;
/** u32: generation << 8 | log2 of the current table's slots; read by every look-up. */
export const H_INDEX_WORD = HEADER + 1280;
/** u32: lines that are in use, or were taken from the stack by a thread that is about to. */
export const H_LINES_TAKEN = HEADER + 1344;
/** u64 each, counted up by any thread: see cold/cold-counters.ts. */
export const H_COLD_COUNTERS = HEADER + 1408;

/** Fixed regions: the executor's protocol words follow the first 64 KiB. */
export const CONTROL_BASE = 0x10000;
export const CONTROL_BYTES = 0x1a0000;

/** A thread's window: the arena's own marshalling bytes, scratch for all, then engine frames. */
export const MARSHAL_BYTES = 0x1000;
export const SCRATCH_BYTES = 0x10000;

/** Kinds of cells: the fields of an account, and one slot of its storage. */
export const KIND_BALANCE = 0;
export const KIND_NONCE = 1;
export const KIND_CODE = 2;
export const KIND_SLOT = 3;
/** "No such cell"; as u32 it is above every id. */
export const NO_CELL = -1;

/** A cell line: value (four u64 limbs, lowest first), version, undo head, seqlock, pending. */
export const CELL_BYTES = 64;
export const CELL_VERSION = 32;
/** u64: position of the newest undo node of this cell, plus one; 0 = none. */
export const CELL_UNDO = 40;
/** u64: odd while the line is being written; only ever counts up. */
export const CELL_LOCK = 48;
/**
 * u64: what transactions that are not committed yet wrote: pointer to the newest node, below the
 * epoch of the batch that it belongs to. The executor's alone (workers/kernel/pending.as.ts).
 */
export const CELL_PENDING = 56;

/** A key line: address, kind, chain links, slot (four u64 limbs, lowest first). */
export const KEY_BYTES = 64;
export const KEY_KIND = 20;
/** u32: next (older) slot cell of the account, plus one; 0 = end. */
export const KEY_NEXT = 24;
/** u32: code cell: newest slot cell, plus one; slot cell: its code cell, plus one. */
export const KEY_LINK = 28;
export const KEY_SLOT = 32;

/** A cell's word: the line it has, or with this bit the page of its record. */
export const COLD_BIT = -0x80000000;
/** Lines behind the others that a thread reads cold cells through, without bringing them in. */
export const LINES_PER_THREAD = 4;
/** What a line was as its cell's record says; id and page plus one, 0 = none. */
export const HOME_BYTES = 32;
export const HOME_ID = 0;
export const HOME_PAGE = 4;
/** KEY_LINK, which later slots change, then version and undo head (u64). */
export const HOME_LINK = 8;
export const HOME_VERSION = 16;
export const HOME_UNDO = 24;

/** An undo node: the first 48 bytes as they were in the cell line, then whose they were. */
export const UNDO_BYTES = 64;
export const UNDO_CELL = 48;
/** u64: the node's own position, plus one. */
export const UNDO_POSITION = 56;

/**
 * A code entry: keccak256 hash (four u64 limbs as a cell's value), length, ordinal, offset of the
 * entry before it (u32 each), padding to 64, the bytes, zeros.
 */
export const CODE_HEADER_BYTES = 64;
export const CODE_LENGTH = 32;
export const CODE_ORDINAL = 36;
export const CODE_PREVIOUS = 40;
/** Zero bytes that follow any code: PUSH32 at the very end, then an implicit STOP. */
export const CODE_PADDING_BYTES = 33;

/**
 * A block hash entry: hash (four u64 limbs as a cell's value), number u64, present u64, seqlock
 * u64.
 */
export const HASH_BYTES = 64;
export const HASH_NUMBER = 32;
export const HASH_PRESENT = 40;
export const HASH_LOCK = 48;
export const HASH_COUNT = 256;

/** The smallest index table, 2^10 slots of {tag u32 high, id + 1 u32 low}. */
export const INDEX_LOG2_MIN = 10;
export const INDEX_SLOT_BYTES = 8;

/** Answers of kernel functions that can refuse. */
export const FULL_CELLS = -2;
export const FULL_UNDO = -3;
export const FULL_CODE = -4;
export const PRUNED = -5;

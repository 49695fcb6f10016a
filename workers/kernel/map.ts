/**
 * The byte map of a thread's EVM, written once for both languages: integer constants only. A
 * machine lies at the start of the thread's frames region (state/layout.ts framesOf): scalars, the
 * opcode table, block hashes, then the areas that workers/interpreter-memory.ts plans. Frames keep
 * no other state than what is here, so that compiled code can call the same functions.
 */

// Areas: {base, top, end} of what only grows during a transaction.
export const M_GENERATION = 0;
/** Why the whole transaction is given up (ABORT_...); 0: it goes on. */
export const M_ABORT = 4;
/** u64: the block whose hash is wanted, for ABORT_HASH. */
export const M_ABORT_NUMBER = 8;
export const M_ACCOUNT_TABLE = 16;
export const M_ACCOUNT_MASK = 20;
export const M_ACCOUNTS = 24;
export const M_ACCOUNTS_TOP = 28;
export const M_ACCOUNTS_END = 32;
export const M_SLOT_TABLE = 36;
export const M_SLOT_MASK = 40;
export const M_SLOTS = 44;
export const M_SLOTS_TOP = 48;
export const M_SLOTS_END = 52;
export const M_TRANSIENT_TABLE = 56;
export const M_TRANSIENT_MASK = 60;
export const M_TRANSIENTS = 64;
export const M_TRANSIENTS_TOP = 68;
export const M_TRANSIENTS_END = 72;
export const M_JOURNAL = 76;
export const M_JOURNAL_TOP = 80;
export const M_JOURNAL_END = 84;
export const M_LOGS = 88;
export const M_LOGS_TOP = 92;
export const M_LOGS_END = 96;
export const M_LOG_COUNT = 100;
export const M_CODES = 104;
export const M_CODES_TOP = 108;
export const M_CODES_END = 112;
/** Frames and stacks grow down from M_STACK_TOP to M_STACK_FLOOR. */
export const M_STACK_FLOOR = 116;
export const M_STACK_TOP = 120;
/** EVM memories grow up from M_MEMORY; return data lies at its end. */
export const M_MEMORY = 124;
export const M_MEMORY_END = 128;
export const M_RETURN = 132;
export const M_RETURN_LENGTH = 136;
/** The frame that a call or creation opened and the loop has not entered yet; 0: none. */
export const M_NEXT_FRAME = 140;
/** i64: the refund counter (EIP-3529). */
export const M_REFUND = 144;
/** How the last message ended (RESULT_...). */
export const M_RESULT = 152;
/** Records from here on belong to the current frame; 0: nothing is recorded. */
export const M_MARK = 156;
/** i64: gas left by the last message. */
export const M_RESULT_GAS = 160;
export const M_FORK = 168;
/** 1: this transaction is the next to commit and nothing else writes. */
export const M_IS_HEAD = 172;
/** Precompiles are the addresses 1 to this one; P256VERIFY at 0x100 is apart. */
export const M_PRECOMPILES = 176;
export const M_JUMP_TABLE = 180;
export const M_JUMP_MASK = 184;
export const M_JUMPS = 188;
export const M_JUMPS_TOP = 192;
export const M_JUMPS_END = 196;
export const M_RECORD = 200;
/** The newest code made by this transaction; 0: none. */
export const M_LAST_CODE = 204;
/** 20 raw bytes each. */
export const M_COINBASE = 208;
export const M_ORIGIN = 232;
export const M_NUMBER = 256;
export const M_TIMESTAMP = 264;
export const M_BLOCK_GAS_LIMIT = 272;
export const M_CHAIN_ID = 280;
// Words, four u64 limbs, lowest first.
export const M_BASE_FEE = 288;
export const M_RANDAO = 320;
export const M_BLOB_FEE = 352;
export const M_GAS_PRICE = 384;
export const M_TIP = 416;
export const M_SCRATCH = 448;
export const M_SCRATCH_2 = 480;
export const M_SCRATCH_3 = 512;
/** 256 bytes: hashing of addresses. */
export const M_BYTES = 544;
/** Word: what a blind sender must have at least. */
export const M_BOUND = 800;

// The message to be started.
export const MSG_KIND = 832;
export const MSG_STATIC = 836;
export const MSG_DEPTH = 840;
/** Account entries: whose storage it runs on, and whose code. */
export const MSG_SELF = 844;
export const MSG_CODE = 848;
export const MSG_INPUT = 852;
export const MSG_INPUT_LENGTH = 856;
/** Account entry that pays the value; 0: nothing moves (DELEGATECALL). */
export const MSG_PAYER = 860;
export const MSG_PARENT = 864;
export const MSG_STACK = 868;
export const MSG_MEMORY = 872;
export const MSG_GAS = 880;
export const MSG_VALUE = 888;
export const MSG_CALLER = 920;

/** 1: what is read and written is noted for the scheduler (effects-map.ts), at M_EFFECTS. */
export const M_HAS_EFFECTS = 944;
export const M_EFFECTS = 948;
/** Where the scheduler wants the notes of this step, 0: behind the outcome; and where they end. */
export const M_NOTES_AT = 952;
export const M_NOTES_LIMIT = 956;
export const M_NOTES_TOP = 960;
/** The area that the scheduler chooses from. */
export const M_NOTES = 964;
export const M_NOTES_END = 968;
/** Codes that are compiled (compiled.as.ts); 0: there is no compiler. */
export const M_COMPILED_TABLE = 972;
export const M_COMPILED_MASK = 976;
/** Places of mapping elements (places.as.ts). */
export const M_PLACES = 980;
export const M_PLACES_MASK = 984;
/** What called functions are in the habit of touching (habits.as.ts). */
export const M_HABITS = 988;
/** Steps before this one, in the batch of this epoch, were looked at ahead (foresight.as.ts). */
export const M_AHEAD_END = 992;
export const M_AHEAD_EPOCH = 996;
/** What the masks of the access set's tables may grow to; and the rows that make them grow. */
export const M_ACCOUNT_MASK_MAX = 1000;
export const M_SLOT_MASK_MAX = 1004;
export const M_TRANSIENT_MASK_MAX = 1008;
export const M_ACCOUNTS_FULL_AT = 1012;
export const M_SLOTS_FULL_AT = 1016;
export const M_TRANSIENTS_FULL_AT = 1020;

export const KIND_CALL = 0;
export const KIND_CREATE = 1;

/** 256 entries of 8 bytes: gas u32, stack bytes needed u16, room u16 (opcodes.ts packs them). */
export const M_OPCODES = 1024;
export const OPCODE_ENTRY_BYTES = 8;
/** 256 lines {number u64, is set u64, hash as four limbs}: hashes from outside the arena. */
export const M_HASHES = 3072;
export const HASH_LINE_BYTES = 48;
/** Hashes of short messages that were asked for lately (keccak-memo.as.ts). */
export const M_KECCAK_MEMO = 15360;
/** f64, with a compiler: gas that frames spent compiled and interpreted (use.as.ts). */
export const M_GAS_COMPILED = 56320;
export const M_GAS_INTERPRETED = 56328;
/** What is known of accounts and slots met lately (known.as.ts), as of so many rollbacks. */
export const M_KNOWN_ACCOUNTS = 56336;
export const M_KNOWN_ACCOUNTS_MASK = 56340;
export const M_KNOWN_SLOTS = 56344;
export const M_KNOWN_SLOTS_MASK = 56348;
export const M_ERA = 56352;
/** The coinbase's entry, 0: the transaction has not met it. */
export const M_COINBASE_ROW = 56356;
/** 1: gas times any price of this transaction is one limb. */
export const M_IS_CHEAP = 56360;
export const MACHINE_BYTES = 56384;

// Account entry: address, flags, hash, then values. One is 208 bytes.
export const A_FLAGS = 20;
export const A_HASH = 24;
export const A_SLOTS = 28;
export const A_BALANCE = 32;
export const A_NONCE = 64;
/** Pointer to a code entry, in the arena or of this transaction; 0: no code. */
export const A_CODE = 72;
export const A_JOURNAL = 76;
export const A_BALANCE_0 = 80;
export const A_NONCE_0 = 112;
export const A_CODE_0 = 120;
export const A_BALANCE_VERSION = 152;
export const A_NONCE_VERSION = 160;
export const A_CODE_VERSION = 168;
/** Number of the precompile at this address; 0: none. */
export const A_PRECOMPILE = 176;
/** u64: hashAddress of the address. */
export const A_SUM = 184;
/** Cell ids, NO_CELL or CELL_UNKNOWN; known once the field is read, or is blind. */
export const A_BALANCE_CELL = 192;
export const A_NONCE_CELL = 196;
export const A_CODE_CELL = 200;
/** The line of what is known of it (known.as.ts), while that line's row is this entry. */
export const A_LINE = 204;
export const ACCOUNT_BYTES = 208;

export const HAS_BALANCE = 1;
export const HAS_NONCE = 2;
export const HAS_CODE = 4;
export const IS_WARM = 8;
export const IS_TOUCHED = 16;
export const IS_CREATED = 32;
export const IS_DESTROYED = 64;
/** Its code was set by this transaction. */
export const IS_CODE_NEW = 128;
/** A_BALANCE is what is to be added to a balance that was not read. */
export const IS_DELTA = 256;
/** The sender of a transaction ahead of its turn: its nonce is taken for right, it for rich. */
export const IS_BLIND = 512;

// Storage slot entry.
export const S_VALUE = 32;
export const S_VALUE_0 = 64;
export const S_VERSION = 96;
export const S_ACCOUNT = 104;
export const S_FLAGS = 108;
export const S_HASH = 112;
export const S_NEXT = 116;
export const S_JOURNAL = 120;
/** Cell id, NO_CELL or CELL_UNKNOWN; known once the value is. */
export const S_CELL = 124;
export const SLOT_BYTES = 128;
export const HAS_VALUE = 1;

/** Neither an id nor NO_CELL: nobody has looked yet. */
export const CELL_UNKNOWN = -2;

// Line of what is known of an account: address, then as in its entry.
export const KNOWN_HASH = 20;
export const KNOWN_SUM = 24;
export const KNOWN_ERA = 32;
/** The entry made of it last, and in which transaction. */
export const KNOWN_GENERATION = 36;
export const KNOWN_ROW = 40;
/** Ids or CELL_UNKNOWN, in the order of the entry's. */
export const KNOWN_CELLS = 44;
export const KNOWN_CODE_CELL = 52;
/** There was no code cell when there were so many cells; 0: nothing is known of that. */
export const KNOWN_CODELESS_AT = 56;
/** Pointer to the code entry that its code cell named last; 0: none. */
export const KNOWN_CODE = 60;
// Of a slot: its key, then these. The owner is its account's code cell.
export const KNOWN_SLOT_OWNER = 32;
export const KNOWN_SLOT_ERA = 36;
export const KNOWN_SLOT_HASH = 40;
export const KNOWN_SLOT_CELL = 44;
export const KNOWN_SLOT_GENERATION = 48;
export const KNOWN_SLOT_ROW = 52;
export const KNOWN_BYTES = 64;

// Transient storage entry (EIP-1153).
export const T_VALUE = 32;
export const T_ACCOUNT = 64;
export const T_HASH = 68;
export const T_JOURNAL = 72;
export const TRANSIENT_BYTES = 80;

// Journal record: what an entry was before the current frame changed it.
export const J_ENTRY = 0;
export const J_KIND = 4;
export const J_BEFORE = 8;
export const J_FLAGS = 12;
export const J_NONCE = 16;
export const J_CODE = 24;
export const J_WORD = 32;
export const JOURNAL_BYTES = 64;
export const J_ACCOUNT = 0;
export const J_SLOT = 1;
export const J_TRANSIENT = 2;

// Frame header; the stack grows down from it.
export const F_PARENT = 0;
export const F_PC = 4;
export const F_SP = 8;
export const F_CODE = 12;
export const F_GAS = 16;
export const F_CODE_LENGTH = 24;
/** Bitmap of jump destinations; 0: not made yet. */
export const F_JUMPS = 28;
export const F_MEMORY = 32;
export const F_MEMORY_SIZE = 36;
export const F_INPUT = 40;
export const F_INPUT_LENGTH = 44;
export const F_SELF = 48;
export const F_DEPTH = 52;
export const F_STATIC = 56;
export const F_KIND = 60;
/** Where the caller wants the child's return data, in its own memory. */
export const F_OUT = 64;
export const F_OUT_LENGTH = 68;
export const F_MARK = 72;
export const F_CODES_TOP = 76;
export const F_LOGS_TOP = 80;
export const F_LOG_COUNT = 84;
export const F_REFUND = 88;
/** Code entry; 0 for initcode, whose bytes lie before the frame's memory. */
export const F_ENTRY = 96;
export const F_CALLER = 100;
export const F_LAST_CODE = 120;
export const F_VALUE = 128;
/** Place in the table of functions; 0: the frame is interpreted. */
export const F_COMPILED = 160;
/** Frames with this much gas, 2^40, are interpreted: compiled code trusts that loops end sooner. */
export const COMPILED_GAS_BITS = 40;
/** Where compiled code goes on: 0 at first, then as it was left. */
export const F_RESUME = 164;
/** The code's line in the table of compiled codes; 0: it has none. */
export const F_LINE = 168;
/** i64: gas at its beginning. */
export const F_GIVEN = 176;
export const FRAME_BYTES = 192;
export const STACK_BYTES = 32768;

// Code entries of this transaction have the arena's header, and their bitmap's place in it.
export const CODE_JUMPS = 44;
export const CODE_IS_ANALYSED = 48;
export const CODE_LAST = 52;

// Line of the cache of bitmaps.
export const JUMP_BITMAP = 4;
export const JUMP_LENGTH = 8;
export const JUMP_HASH = 16;
export const JUMP_LINE_BYTES = 48;

export const RESULT_FAILED = 0;
export const RESULT_OK = 1;
export const RESULT_REVERTED = 2;
/** What a frame answers, not how it ended: the frame M_NEXT_FRAME is to run first. */
export const RESULT_ENTERS = 3;

/** Line of the table of places: the parts of a key that may be other than 0; the hash, a word. */
export const PLACE_HASH = 32;
export const PLACE_BYTES = 64;

/** Line of the table of habits: who is called (20 raw bytes), how; then what it asks for. */
export const HABIT_SELECTOR = 20;
export const HABIT_COUNT = 24;
export const HABIT_LINES_AT = 28;
export const HABIT_BYTES = 64;
/** Lines, a power of two. */
export const HABITS = 64;

// Line of the table of compiled codes.
export const COMPILED_ENTRY = 0;
export const COMPILED_INDEX = 4;
/** f64: gas spent by its frames; who reads it takes it away (workers/tiering/uses.ts). */
export const COMPILED_USE = 8;
export const COMPILED_HASH = 16;
export const COMPILED_LINE_BYTES = 64;

/** The window is too small for this transaction: the reference engine takes it. */
export const ABORT_WINDOW = 2;
/** Storage must be enumerated, which only the commit head can. */
export const ABORT_HEAD = 3;
export const ABORT_HASH = 4;
/** The state contradicts itself, or a precompile broke. */
export const ABORT_FAULT = 5;

/** An answer of the entry functions, beside the negated ABORT_...; as Engine.execute has it. */
export const NO_ROOM = -1;

export const FORK_LONDON = 0;
export const FORK_PARIS = 3;
export const FORK_SHANGHAI = 4;
export const FORK_CANCUN = 5;
export const FORK_PRAGUE = 6;
export const FORK_OSAKA = 7;

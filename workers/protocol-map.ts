/**
 * Where the executor's words lie in the arena's CONTROL region, for both languages: single words
 * first, then the block's context, what failing workers say, and the table of steps. Offsets of
 * words count i32s; those that end in AT count bytes.
 */

/** Words that different threads write at the same time lie on cache lines of their own. */
export const LINE_WORDS = 16;
/** Even: a batch is open; odd: none is. */
export const EPOCH = 0;
export const STOP = 1;
export const COUNT = 16;
export const WORKERS = 17;
export const CONTEXT_EPOCH = 18;
export const CONTEXT_BYTES = 19;
export const READY = 20;
/** The next step that nobody has taken. */
export const CLAIM = 32;
/** The next step to be committed, above two bits (HEAD_...). */
export const HEAD = 48;
/** 1: somebody commits. What follows on its line only the holder touches. */
export const TOKEN = 64;
/** Judged since the last decision whether to go on together, and how many of them were stale. */
export const JUDGED = 65;
export const STALE = 66;
/** f64: sequence of the next included step. */
export const SEQUENCE_AT = 272;
export const FAILURE = 80;
export const DONE = 81;
/** Threads that load a library just now. */
export const LOADING = 82;
export const ACTIVE = 96;
export const WAITERS = 112;
export const HASHES = 128;
/** One more than the number of the thread that goes on alone, nothing ahead of its turn; or 0. */
export const SOLO = 144;
/**
 * How long things take (kernel/scheduler-pace.as.ts); for the holder of the token alone. f64:
 * milliseconds on the clock, milliseconds and gas of this term or trial, milliseconds per gas of
 * the term before a trial.
 */
export const PACE_SINCE = 160;
export const PACE_SPENT = 162;
export const PACE_GAS = 164;
export const PACE_BEFORE = 166;
/** Steps until it ends, and how many a term has; a term, the beginning of a trial, or a trial. */
export const PACE_LEFT = 168;
export const PACE_TERM = 169;
export const PACE_PHASE = 170;
/** Steps before this one are there to be taken: the coordinator loads while workers execute. */
export const LOADED = 176;
/** One word a worker: the odd epoch that it has seen last, being out of every batch. */
export const PRESENT = 192;
/** One line a thread: how often each thing happened in this batch, in the order of COUNTERS. */
export const COUNTERS_BASE = 256;
export const CONTEXT_AT = 0x2000;
export const CONTEXT_BYTES_MAX = 0x4000;
/** What a failing worker has to say, one piece a thread. */
export const MESSAGES_AT = 0x6000;
export const MESSAGE_BYTES_MAX = 512;
/** What each thread's scheduler remembers (kernel/scheduler-map.ts). */
export const WORKERS_AT = 0xa000;
/** A line of two words for each lane (kernel/scheduler-lanes.as.ts). */
export const LANES_AT = 0xd000;
export const LANES = 1024;
export const LANE_BYTES = 8;
/**
 * The table of steps, by columns of a word for each step: so a worker's stretch of steps is a few
 * lines. Four lines more than there are steps, or one step's words would all want the same places
 * of a cache.
 */
export const TABLE_AT = 0x10000;
export const COLUMN_WORDS = 65600;
export const COLUMNS = 6;
export const RECORD = 0;
export const KIND = 1;
export const STATUS = 2;
export const OUTCOME = 3;
/** Pointer to what it read and writes (kernel/effects-map.ts); 0: the outcome record says so. */
export const EFFECTS = 4;
/** Thread that executed it. */
export const OWNER = 5;

/**
 * The head's word says in one: is a worker changing cells for the step at the head, may nobody
 * begin to any more, and above these two bits the head. So a thread that dies leaves no doubt
 * whether its step was committed.
 */
export const HEAD_APPLYING = 1;
export const HEAD_BARRED = 2;
export const HEAD_SHIFT = 2;

/** Kinds of steps. */
export const KIND_TRANSACTION = 0;
export const KIND_SYSTEM_CALL = 1;
export const KIND_CREDITS = 2;

/**
 * Statuses of a step, in the low two bits below its epoch; anything else is "not there yet". The
 * epoch's high bits fall off: 2^29 batches later it comes again.
 */
export const EXECUTED = 1;
/** To be executed by whoever commits it: it cannot be done, or had no room, ahead of its turn. */
export const DEFERRED = 2;

/** Indexes of FAILURES (protocol.ts). */
export const FAILED_ARENA_FULL = 1;
export const FAILED_UNDO_FULL = 2;
export const FAILED_OUTCOME_FULL = 3;

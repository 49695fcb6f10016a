/**
 * A worker's part in a batch: what the scheduler's steps remember (kernel/scheduler.as.ts), as
 * offsets in bytes, and the states.
 */
export const W_STATE = 0;
/** The step that is to be executed, and whether at the head. */
export const W_INDEX = 4;
export const W_IS_HEAD = 8;
export const W_EPOCH = 12;
export const W_COUNT = 16;
export const W_THREAD = 20;
/** Of the steps that it has taken: the next one, and where they end. */
export const W_NEXT = 24;
export const W_END = 28;
/** What it saw. */
export const W_CLAIMED = 32;
export const W_HEAD = 36;
export const W_HEAD_STATUS = 40;
/** What the word SOLO said, when it was about to take steps. */
export const W_SOLO = 44;
/** It holds the token from its first step to its last: they are executed at the head. */
export const W_IS_DIRECT = 48;
/** There is nothing to take: it commits what others have executed. */
export const W_IS_IDLE = 52;
/** The last execution: outcome record, what it read and writes (0: the record says so). */
export const W_OUTCOME = 56;
export const W_EFFECTS = 60;
/** The first of the steps that it has taken. */
export const W_FIRST = 64;
/** The engine's machine in the kernel; 0: JavaScript executes everything. */
export const W_MACHINE = 68;
/** Where outcomes go; with one step, all of them to the same place. */
export const W_OUT_NEXT = 72;
export const W_OUT_END = 76;
export const W_OUT_BASE = 80;
export const W_WORKERS = 84;
/** FULL_... of the commit that failed. */
export const W_REFUSAL = 88;
/** Steps before this one were loaded, when it looked. */
export const W_LOADED = 92;
/** 20 raw bytes, then the id of its balance's cell, once it is known. */
export const W_COINBASE = 96;
export const W_COINBASE_CELL = 116;
/** f64: milliseconds that a step takes, lately; when the last piece of work began. */
export const W_STEP_MS = 120;
export const W_SINCE_MS = 128;
/** f64, since the batch began. */
export const W_PARKED_MS = 136;
export const W_COMMIT_MS = 144;
/** How many steps it would take at once, and how many it has taken. */
export const W_CHUNK = 152;
export const W_TAKEN = 156;
/** Where the next notes go, in which half of their place; per half, the step behind its last. */
export const W_NOTES_NEXT = 160;
export const W_NOTES_HALF = 164;
export const W_NOTES_LAST = 168;
/** f64, since the batch began: pieces of work, from the first step to the last. */
export const W_EXECUTE_MS = 176;
/** It has woken others for this batch. */
export const W_HAS_CALLED = 184;
/** Cells when the batch began; NO_CELL where it came too late to know. */
export const W_CELLS = 188;
/** 96 bytes for whoever commits. */
export const W_SCRATCH = 192;
export const WORKER_BYTES = 320;

/** What the driver must know. */
export const LEFT = 0;
/** The batch is open: the driver takes over what it says of its block, and says `begun`. */
export const BEGIN = 1;
/** The driver executes W_INDEX and says `executed` or `deferred`. */
export const ASK = 2;
/** A step blocks until the head moves, for a while. */
export const WAIT = 3;

export const CHECK_EPOCH = 4;
export const CHECK_FAILURE = 5;
export const PEEK_HEAD = 6;
export const PEEK_STATUS = 7;
export const READ_CLAIMED = 8;
export const READ_SOLO = 9;
export const CLAIM_STEPS = 10;
export const TRY_DIRECT = 11;
export const NEXT = 12;
export const EXECUTE = 13;
export const PUBLISH = 14;
export const TAKE_TOKEN = 15;
export const HOLD_HEAD = 16;
export const HOLD_STATUS = 17;
export const JUDGE = 18;
export const BEGIN_APPLYING = 19;
export const APPLY = 20;
export const ADVANCE = 21;
export const DECIDE = 22;
export const FINISH = 23;
export const RELEASE = 24;
export const GIVE_UP = 25;
export const LEAVE = 26;
export const READ_LOADED = 27;
/** What it has taken is not loaded yet. */
export const AWAIT_STEP = 28;

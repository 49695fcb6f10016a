/** The bounds of the scheduler, and the places of its counters in a thread's line. */

/**
 * What comes so soon costs no wake-up. Reading the clock between two looks also leaves the lines
 * that are looked at to those who write them.
 */
export const SPIN_MS = 0.03;
/** A sleeping worker looks again after a millisecond, should a notification pass it by. */
export const PARK_NS = 1000000;
/** A worker that has begun wakes so many others, each of which does the same. */
export const CALLS = 2;
/**
 * Steps are taken in pieces of 60 us: the words that all share change hands that often, and a
 * worker reads its clock four times. With 30 us two workers took 4% longer for ERC-20 transfers.
 */
export const CHUNK_MS = 0.06;
export const CHUNK_MAX = 64;
/** Weight of the past in a worker's idea of how long a step takes. */
export const LEARN_DIVISOR = 4;
/** So many judgements tell whether too much is done in vain. */
export const JUDGED_MIN = 64;
/** Percent: above it the work that is done twice costs more than the other worker gives. */
export const STALE_SHARE = 40;
/**
 * Steps of a term at first and at most, and of a trial: with what comes before it 1% of the longest
 * term. While one tries to go on alone, another that would gain sleeps: at 4% that was 3% of the
 * time of ERC-20 transfers.
 */
export const TERM_MIN = 1024;
export const TERM_MAX = 65536;
/** 2^31 steps: none of which is alone. */
export const TERM_ENDLESS = 0x7fffffff;
export const TRIAL_STEPS = 512;
/**
 * Before it counts: others wake up, what they had executed ahead is committed. One that was traced
 * began 71 us after it was called, longer than 128 plain transfers take.
 */
export const SETTLING_STEPS = 128;
export const SETTLING_MS = 0.5;
/** What several workers must gain, since they take several times the CPU time. */
export const TOGETHER_GAIN = 1.05;

/** A lane's heat is the share of its executions that were stale lately, of 65,536. */
export const HEAT_MAX = 65535;
/** Above it a step waits for the one before it in its lane. */
export const HOT = 32768;
/** Heat comes and goes by an eighth; that of a hot lane goes by a 256th, or it would swing. */
export const HEAT_SHIFT = 3;
export const HOT_SHIFT = 8;

/** A half with less room than this is full; most executions note a fraction of it. */
export const NOTES_ROOM = 4096;

/** The first four are the kinds of cells that were no longer as read. */
export const ABORTS_AT_HEAD = 4;
export const ABORTS_DEFERRED = 5;
export const COUNT_EXECUTIONS = 6;
export const COUNT_AT_HEAD = 7;
export const COUNT_CHUNKS = 8;
export const COUNT_STOLEN = 9;
export const COUNT_PARKS = 10;
export const COUNT_PARKED_US = 11;
export const COUNT_COMMIT_US = 12;
export const COUNT_EXECUTE_US = 13;

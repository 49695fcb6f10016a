/**
 * Where the executor's words lie in the arena's CONTROL region: single words first, then the
 * block's context, what failing workers say, and the table of steps. Offsets of words count i32s.
 */
import { KIB, THREADS_MAX } from '../state/base/limits.js';

/** Words that different threads write at the same time lie on cache lines of their own. */
export const LINE_WORDS = 16;
export const EPOCH = 0;
export const STOP = 1;
export const COUNT = LINE_WORDS;
export const WORKERS = LINE_WORDS + 1;
export const CONTEXT_EPOCH = LINE_WORDS + 2;
export const CONTEXT_BYTES = LINE_WORDS + 3;
export const READY = LINE_WORDS + 4;
export const CLAIM = 2 * LINE_WORDS;
export const HEAD = 3 * LINE_WORDS;
export const TOKEN = 4 * LINE_WORDS;
/** f64: sequence of the next included step; only the token's holder touches it. */
export const SEQUENCE_AT = (4 * LINE_WORDS + 2) * 4;
export const FAILURE = 5 * LINE_WORDS;
export const DONE = 5 * LINE_WORDS + 1;
export const ACTIVE = 6 * LINE_WORDS;
export const WAITERS = 7 * LINE_WORDS;
export const HASHES = 8 * LINE_WORDS;
/** One line a thread: how often each thing happened in this batch, in the order of COUNTERS. */
export const COUNTERS_BASE = 16 * LINE_WORDS;
export const WORD_COUNT = COUNTERS_BASE + THREADS_MAX * LINE_WORDS;
export const CONTEXT_AT = 4 * KIB;
export const CONTEXT_BYTES_MAX = 16 * KIB;
/** What a failing worker has to say, one piece a thread. */
export const MESSAGES_AT = 24 * KIB;
export const MESSAGE_BYTES_MAX = 512;
/** A line for each step: where its record is, its kind, its status, where its outcome is. */
export const TABLE_AT = 64 * KIB;
export const RECORD = 0;
export const KIND = 1;
export const STATUS = 2;
export const OUTCOME = 3;

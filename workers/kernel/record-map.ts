/**
 * The transaction record (workers/record.ts) and the outcome record (workers/outcome.ts) as the
 * kernel reads and writes them: the same offsets, as constants for both languages. A test compares.
 */
export const R_TYPE = 4;
export const R_FLAGS = 5;
export const R_SENDER = 8;
export const R_TO = 28;
export const R_NONCE = 48;
export const R_GAS_LIMIT = 56;
export const R_VALUE = 64;
export const R_MAX_FEE = 96;
export const R_PRIORITY_FEE = 128;
export const R_BLOB_FEE = 192;
/** Lists: offset u32, count u32. */
export const R_DATA = 224;
export const R_ACCESS_LIST = 232;
export const R_BLOB_HASHES = 240;
export const R_AUTHORIZATIONS = 248;
/** In the flags: there is no `to`. */
export const IS_CREATION = 1;

export const STATUS_FAILED = 0;
export const STATUS_OK = 1;
export const STATUS_INVALID = 2;
export const STATUS_NEEDS_HEAD = 3;

/** Indexes of outcome.ts INVALID_REASONS. */
export const REASON_INVALID = 0;
export const REASON_NONCE_LOW = 1;
export const REASON_NONCE_HIGH = 2;
export const REASON_FUNDS = 3;
export const REASON_FEE_LOW = 4;
export const REASON_GAS_LOW = 5;
export const REASON_GAS_HIGH = 6;
export const REASON_NOT_EOA = 7;
export const REASON_TYPE = 8;
export const REASON_INITCODE = 9;

export const O_STATUS = 4;
export const O_REASON = 5;
export const O_GAS = 8;
export const O_FEE = 16;
export const O_IS_CREATION = 48;
export const O_CREATED = 49;
export const O_LISTS = 69;
/** The codes of an outcome that has neither reads nor writes. */
export const O_SLIM_CODES = 77;

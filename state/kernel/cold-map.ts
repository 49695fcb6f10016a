/**
 * The bytes of a page of cold cells, for both languages (as map.ts is for the arena): a header of
 * {magic u32, number u32, records u32, CRC-32 u32}, then records, then zeros. A record is all that
 * the arena has of one cell: its id, its key line, and of its cell line what an undo node saves.
 */

export const COLD_PAGE_BYTES = 4096;
/** "DCCP". */
export const COLD_MAGIC = 0x50434344;
export const P_MAGIC = 0;
/** u32: the page's place in its file. */
export const P_NUMBER = 4;
export const P_COUNT = 8;
/** u32: CRC-32 of all other bytes of the page. */
export const P_CRC = 12;
export const P_RECORDS = 16;

/** u32. */
export const COLD_ID = 0;
export const COLD_KEY = 4;
/** Value, version, undo head. */
export const COLD_LINE = 68;
export const COLD_LINE_BYTES = 48;
export const COLD_RECORD_BYTES = 116;
/** 35 records leave 20 bytes of a page. */
export const COLD_PAGE_RECORDS = 35;

/**
 * The file is cut into segments. For each the arena counts the records that a cell's word or a
 * line's home names (u32); a segment of which none is named may be written again.
 */
export const SEGMENTS_MAX = 1024;

/**
 * Working words of a retirement, at the start of BATCH_IN: the line that is looked at next, looks
 * left, records packed and how many fit, and the page that the first of them goes to (u32 each);
 * cells written after this position of the undo ring stay (u64).
 */
export const SWEEP_HAND = 0;
export const SWEEP_LOOKS = 4;
export const SWEEP_RECORDS = 8;
export const SWEEP_RECORDS_MAX = 12;
export const SWEEP_FIRST_PAGE = 16;
export const SWEEP_LIMIT = 24;
/** {line u32, page u32} of each that is chosen. */
export const SWEEP_LIST = 64;
export const SWEEP_ENTRY_BYTES = 8;

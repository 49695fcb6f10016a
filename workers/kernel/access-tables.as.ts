/**
 * The tables that lead to the rows of the access set: places {generation, row}, taken while they
 * have the transaction's generation. A transaction begins without any: a few rows are found by
 * looking at each. Then comes a small table, and one that is half full grows.
 */
import {
  ACCOUNT_BYTES, A_HASH, M_ACCOUNTS_FULL_AT, M_ACCOUNT_MASK_MAX, M_ACCOUNT_TABLE, M_GENERATION,
  SLOT_BYTES, S_HASH, TRANSIENT_BYTES, T_HASH,
} from "./map";

/** The three in the machine: {table, mask, rows, top, end} (u32) each, one after the other. */
const ACCOUNTS: usize = 0;
const SLOTS: usize = 1;
const TRANSIENTS: usize = 2;
const AREA_BYTES: usize = 20;
const MASK: usize = 4;
const ROWS: usize = 8;
const TOP: usize = 12;

/** So many rows need no table, whose mask is 0 then. */
const FEW_ROWS: u32 = 6;
/** A table of 1 KiB; each time that one grows it has eight times as many places. */
const FIRST_MASK: u32 = 127;
const GROWTH_LOG2: u32 = 3;
const PLACE_LOG2: usize = 3;

/** Empties rows and tables for a transaction, whose generation is new. */
export function emptyTables(m: usize): void {
  empty(m, ACCOUNTS, ACCOUNT_BYTES);
  empty(m, SLOTS, SLOT_BYTES);
  empty(m, TRANSIENTS, TRANSIENT_BYTES);
}

/** Takes all places back: once in 2^32 transactions the generations begin anew. */
export function clearTables(m: usize): void {
  for (let which = ACCOUNTS; which <= TRANSIENTS; which++) {
    clear(load<u32>(areaOf(m, which)), load<u32>(m + (which << 2), M_ACCOUNT_MASK_MAX));
  }
}

@inline
export function addAccount(m: usize, row: usize): void {
  addRow(m, ACCOUNTS, row, A_HASH, ACCOUNT_BYTES);
}

@inline
export function addSlot(m: usize, row: usize): void {
  addRow(m, SLOTS, row, S_HASH, SLOT_BYTES);
}

@inline
export function addTransient(m: usize, row: usize): void {
  addRow(m, TRANSIENTS, row, T_HASH, TRANSIENT_BYTES);
}

@inline
function areaOf(m: usize, which: usize): usize {
  return m + M_ACCOUNT_TABLE + which * AREA_BYTES;
}

@inline
function empty(m: usize, which: usize, rowBytes: u32): void {
  const area = areaOf(m, which);
  store<u32>(area, load<u32>(area, ROWS), TOP);
  const isFirst = load<u32>(m + (which << 2), M_ACCOUNTS_FULL_AT) == 0;
  if (isFirst || load<u32>(area, MASK) != 0) setMask(m, which, rowBytes, 0);
}

/** As far as the table goes; it grows when its half is taken. */
@inline
function setMask(m: usize, which: usize, rowBytes: u32, wanted: u32): void {
  const area = areaOf(m, which);
  const mask = min(wanted, load<u32>(m + (which << 2), M_ACCOUNT_MASK_MAX));
  store<u32>(area, mask, MASK);
  const rows = mask == 0 ? FEW_ROWS : (mask + 1) >> 1;
  const fullAt = load<u32>(area, ROWS) + rows * rowBytes;
  store<u32>(m + (which << 2), fullAt, M_ACCOUNTS_FULL_AT);
}

function clear(table: u32, mask: u32): void {
  memory.fill(<usize>table, 0, (<usize>mask + 1) << PLACE_LOG2);
}

function grow(m: usize, which: usize, rowBytes: u32, hashAt: usize): void {
  const area = areaOf(m, which);
  const before = load<u32>(area, MASK);
  if (before != 0) clear(load<u32>(area), before);
  const wanted = before == 0 ? FIRST_MASK : ((before + 1) << GROWTH_LOG2) - 1;
  setMask(m, which, rowBytes, wanted);
  const top = <usize>load<u32>(area, TOP);
  for (let row = <usize>load<u32>(area, ROWS); row < top; row += rowBytes) {
    placeRow(m, area, row, load<u32>(row + hashAt));
  }
}

/** Makes a free place lead to a row. @param area  {table, mask, ...} */
function placeRow(m: usize, area: usize, row: usize, hash: u32): void {
  const table = <usize>load<u32>(area), mask = load<u32>(area, MASK);
  const generation = load<u32>(m, M_GENERATION);
  let at = hash & mask;
  while (load<u32>(table + (<usize>at << PLACE_LOG2)) == generation) at = (at + 1) & mask;
  const place = table + (<usize>at << PLACE_LOG2);
  store<u32>(place, generation);
  store<u32>(place, <u32>row, 4);
}

/** Makes the newest row known to its table, if there is one, or if it takes one from now on. */
@inline
function addRow(m: usize, which: usize, row: usize, hashAt: usize, rowBytes: u32): void {
  const area = areaOf(m, which);
  if (<u32>row >= load<u32>(m + (which << 2), M_ACCOUNTS_FULL_AT)) {
    grow(m, which, rowBytes, hashAt);
  } else if (load<u32>(area, MASK) != 0) placeRow(m, area, row, load<u32>(row + hashAt));
}

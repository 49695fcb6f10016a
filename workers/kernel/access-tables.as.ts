/**
 * The tables that lead to the rows of the access set: places {generation, row}, taken while they
 * have the transaction's generation. A transaction begins with small ones, which stay in the first
 * cache and on a page each, since most touch a dozen entries; one that is half full grows.
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

export function growAccounts(m: usize): void {
  grow(m, ACCOUNTS, ACCOUNT_BYTES, A_HASH);
}

export function growSlots(m: usize): void {
  grow(m, SLOTS, SLOT_BYTES, S_HASH);
}

export function growTransients(m: usize): void {
  grow(m, TRANSIENTS, TRANSIENT_BYTES, T_HASH);
}

@inline
function areaOf(m: usize, which: usize): usize {
  return m + M_ACCOUNT_TABLE + which * AREA_BYTES;
}

@inline
function empty(m: usize, which: usize, rowBytes: u32): void {
  const area = areaOf(m, which);
  store<u32>(area, load<u32>(area, ROWS), TOP);
  setMask(m, which, rowBytes, FIRST_MASK);
}

/** As far as the table goes; it grows when its half is taken. */
@inline
function setMask(m: usize, which: usize, rowBytes: u32, wanted: u32): void {
  const area = areaOf(m, which);
  const mask = min(wanted, load<u32>(m + (which << 2), M_ACCOUNT_MASK_MAX));
  store<u32>(area, mask, MASK);
  const fullAt = load<u32>(area, ROWS) + ((mask + 1) >> 1) * rowBytes;
  store<u32>(m + (which << 2), fullAt, M_ACCOUNTS_FULL_AT);
}

function clear(table: u32, mask: u32): void {
  memory.fill(<usize>table, 0, (<usize>mask + 1) << PLACE_LOG2);
}

function grow(m: usize, which: usize, rowBytes: u32, hashAt: usize): void {
  const area = areaOf(m, which);
  const table = <usize>load<u32>(area), before = load<u32>(area, MASK);
  clear(<u32>table, before);
  setMask(m, which, rowBytes, ((before + 1) << GROWTH_LOG2) - 1);
  const mask = load<u32>(area, MASK), top = <usize>load<u32>(area, TOP);
  for (let row = <usize>load<u32>(area, ROWS); row < top; row += rowBytes) {
    let at = load<u32>(row + hashAt) & mask;
    while (load<u32>(table + (<usize>at << PLACE_LOG2)) == load<u32>(m, M_GENERATION)) {
      at = (at + 1) & mask;
    }
    take(m, table + (<usize>at << PLACE_LOG2), row);
  }
}

/** Makes a place lead to a row. */
@inline
export function take(m: usize, place: usize, row: usize): void {
  store<u32>(place, load<u32>(m, M_GENERATION));
  store<u32>(place, <u32>row, 4);
}

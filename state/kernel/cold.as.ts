/**
 * Retiring cells (the coordinator, between mini-blocks): a hand goes round over the lines, and
 * cells that it finds lose theirs. First they are chosen, and those that are not as their record
 * says are packed into pages; when these are in the file, the words of all chosen turn from lines
 * to pages and the lines are free. What a record holds is a cell exactly: its key, its value, its
 * version and its place in the history of the undo ring. Readers in other threads may be anywhere
 * meanwhile: those that follow a word to a line find by the count of rollbacks and retirements, or
 * by the index's generation, that they have to look again.
 */
import {
  COLD_ID, COLD_KEY, COLD_LINE, COLD_LINE_BYTES, COLD_PAGE_BYTES, COLD_PAGE_RECORDS,
  COLD_RECORD_BYTES, P_COUNT, P_RECORDS, SWEEP_FIRST_PAGE, SWEEP_HAND, SWEEP_LIMIT, SWEEP_LIST,
  SWEEP_LOOKS, SWEEP_RECORDS, SWEEP_RECORDS_MAX,
} from "./cold-map";
import { beginGeneration } from "./keys.as";
import { countRecords, forgetHome, homePointer, takeBack, wordPointer } from "./lines.as";
import {
  CELL_BYTES, CELL_UNDO, CELL_VERSION, COLD_BIT, HOME_ID, HOME_LINK, HOME_PAGE, HOME_UNDO,
  HOME_VERSION, H_CELLS, H_KEYS, H_LINE_CAPACITY, H_OPEN_SEQUENCE, H_ROLLBACKS, KEY_BYTES, KEY_LINK,
} from "./map";

/**
 * Chooses up to `wanted` cells for the list in `sweep`, and packs records into `pages`.
 * @param sweep  working words (cold-map.ts), where hand and looks left are moved on
 * @returns how many are chosen
 */
export function chooseCold(sweep: usize, wanted: u32, pages: usize): u32 {
  const lines = load<u32>(H_LINE_CAPACITY);
  const limit = load<u64>(sweep, SWEEP_LIMIT);
  let hand = load<u32>(sweep, SWEEP_HAND), looks = load<u32>(sweep, SWEEP_LOOKS);
  let entry: usize = sweep + SWEEP_LIST;
  const entriesEnd = entry + (<usize>wanted << 3);
  let records: u32 = 0;
  for (; looks > 0 && entry < entriesEnd; looks--) {
    if (records == load<u32>(sweep, SWEEP_RECORDS_MAX)) break;
    const line = hand;
    hand = line + 1 < lines ? line + 1 : 0;
    const home = homePointer(line);
    if (load<u32>(home, HOME_ID) == 0 || load<u64>(cellAt(line), CELL_UNDO) > limit) continue;
    let page = load<u32>(home, HOME_PAGE) - 1;
    if (!isAtHome(line, home)) {
      page = load<u32>(sweep, SWEEP_FIRST_PAGE) + records / COLD_PAGE_RECORDS;
      putRecord(line, load<u32>(home, HOME_ID) - 1, pages, records++);
    }
    store<u32>(entry, line);
    store<u32>(entry, page, 4);
    entry += 8;
  }
  store<u32>(sweep, hand, SWEEP_HAND);
  store<u32>(sweep, looks, SWEEP_LOOKS);
  store<u32>(sweep, records, SWEEP_RECORDS);
  return <u32>((entry - sweep - SWEEP_LIST) >> 3);
}

/** Takes the lines of the first `count` cells in the list: their records are in the file. */
export function retireChosen(sweep: usize, count: u32): void {
  assert(load<u64>(H_OPEN_SEQUENCE) == 0);
  const rollbacks = atomic.load<u64>(H_ROLLBACKS);
  assert(!(rollbacks & 1));
  atomic.xchg<u64>(H_ROLLBACKS, rollbacks + 1);
  const list = sweep + SWEEP_LIST, end = list + (<usize>count << 3);
  for (let entry = list; entry < end; entry += 8) {
    const line = load<u32>(entry), page = load<u32>(entry, 4);
    const home = homePointer(line);
    const id = load<u32>(home, HOME_ID) - 1;
    assert(load<u32>(wordPointer(id)) == line);
    // A page that some home names is not written again, so another number is another record.
    if (load<u32>(home, HOME_PAGE) != page + 1) {
      forgetHome(home);
      countRecords(page, 1);
    }
    atomic.store<u32>(wordPointer(id), page | COLD_BIT);
  }
  // A look-up that found a line's key gone looks again, and then finds the word as it is now.
  beginGeneration();
  for (let entry = list; entry < end; entry += 8) takeBack(load<u32>(entry));
  atomic.store<u64>(H_ROLLBACKS, rollbacks + 2);
}

/** A cell's version and undo head tell its value; only a rollback can bring other ones back. */
@inline
function isAtHome(line: u32, home: usize): bool {
  const cell = cellAt(line);
  return load<u32>(home, HOME_PAGE) != 0
    && load<u64>(cell, CELL_VERSION) == load<u64>(home, HOME_VERSION)
    && load<u64>(cell, CELL_UNDO) == load<u64>(home, HOME_UNDO)
    && load<u32>(keyAt(line), KEY_LINK) == load<u32>(home, HOME_LINK);
}

function putRecord(line: u32, id: u32, pages: usize, index: u32): void {
  const page = pages + <usize>(index / COLD_PAGE_RECORDS) * COLD_PAGE_BYTES;
  const place = index % COLD_PAGE_RECORDS;
  if (place == 0) memory.fill(page, 0, COLD_PAGE_BYTES);
  const record = page + P_RECORDS + <usize>place * COLD_RECORD_BYTES;
  store<u32>(record, id, COLD_ID);
  memory.copy(record + COLD_KEY, keyAt(line), KEY_BYTES);
  memory.copy(record + COLD_LINE, cellAt(line), COLD_LINE_BYTES);
  store<u32>(page, place + 1, P_COUNT);
}

@inline
function cellAt(line: u32): usize {
  return <usize>load<u32>(H_CELLS) + <usize>line * CELL_BYTES;
}

@inline
function keyAt(line: u32): usize {
  return <usize>load<u32>(H_KEYS) + <usize>line * KEY_BYTES;
}

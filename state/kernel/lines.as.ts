/**
 * Where a cell's lines are. As a rule line and id are the same number and this file is nothing. The
 * builds of the kernels that have COLD defined serve arenas with fewer lines than cells: there each
 * cell has a word, which is its line, or the page that its record is in. Whoever asks for the line
 * of a cell that has none makes JavaScript read that page (cold/faults.ts); so everything else goes
 * by id as ever. Cells lose their lines only between mini-blocks (cold.as.ts).
 */
import {
  CELL_BYTES, CELL_LOCK, COLD_BIT, HOME_BYTES, HOME_ID, HOME_PAGE, H_CELLS, H_COLD, H_HOMES, H_KEYS,
  H_LINES_TAKEN, H_LINE_CAPACITY, H_LINE_STACK, H_SEGMENTS, H_SEGMENT_PAGES, KEY_BYTES, NO_CELL,
} from "./map";

/**
 * Reads the page of a cell that has no line. @returns a line that has the cell; whether it is the
 * cell's from now on, or good only until this thread reads some more, is the thread's affair.
 * Throws where the page is damaged or no line is free.
 */
@external("env", "fault")
declare function fault(id: u32): u32;

/** The number of a cell's line, which counts for its key line, its cell line and its home. */
@inline
export function lineOf(id: u32): u32 {
  if (!isDefined(COLD)) return id;
  const word = atomic.load<u32>(wordPointer(id));
  return word & COLD_BIT ? fault(id) : word;
}

/** Whether looking at a cell's lines is only that. */
@inline
export function isHot(id: u32): bool {
  if (!isDefined(COLD)) return true;
  return (atomic.load<u32>(wordPointer(id)) & COLD_BIT) == 0;
}

@inline
export function wordPointer(id: u32): usize {
  return <usize>load<u32>(H_COLD) + (<usize>id << 2);
}

@inline
export function homePointer(line: u32): usize {
  return <usize>load<u32>(H_HOMES) + <usize>line * HOME_BYTES;
}

/** True when `count` more cells may get lines. */
@inline
export function hasLines(count: u32): bool {
  if (!isDefined(COLD)) return true;
  return atomic.load<u32>(H_LINES_TAKEN) + count <= load<u32>(H_LINE_CAPACITY);
}

/** Gives a new cell a line, which is all zeros. @param id  has none */
export function giveLine(id: u32): void {
  let taken = atomic.load<u32>(H_LINES_TAKEN);
  while (true) {
    // It throws: no cell has this id.
    if (taken >= load<u32>(H_LINE_CAPACITY)) fault(NO_CELL);
    const seen = atomic.cmpxchg<u32>(H_LINES_TAKEN, taken, taken + 1);
    if (seen == taken) break;
    taken = seen;
  }
  const line = load<u32>(stackPointer(taken));
  store<u32>(homePointer(line), id + 1, HOME_ID);
  atomic.store<u32>(wordPointer(id), line);
}

/** Takes the line of a cell, zeroes it and puts it back (writer only, while nobody takes any). */
export function takeBack(line: u32): void {
  const taken = load<u32>(H_LINES_TAKEN) - 1;
  memory.fill(<usize>load<u32>(H_KEYS) + <usize>line * KEY_BYTES, 0, KEY_BYTES);
  clearCell(<usize>load<u32>(H_CELLS) + <usize>line * CELL_BYTES);
  memory.fill(homePointer(line), 0, HOME_BYTES);
  store<u32>(stackPointer(taken), line);
  atomic.store<u32>(H_LINES_TAKEN, taken);
}

/** Takes back the lines of the newest cells, whoever they are. */
export function dropLines(first: u32, end: u32): void {
  for (let id = end; id > first; id--) {
    const word = load<u32>(wordPointer(id - 1));
    atomic.store<u32>(wordPointer(id - 1), 0);
    if (word & COLD_BIT) {
      countRecords(word & ~COLD_BIT, -1);
    } else {
      forgetHome(homePointer(word));
      takeBack(word);
    }
  }
}

/** A line's cell is no longer as its record says, and never will be again. */
export function forgetHome(home: usize): void {
  const page = load<u32>(home, HOME_PAGE);
  if (page == 0) return;
  countRecords(page - 1, -1);
  store<u32>(home, 0, HOME_PAGE);
}

/** So many more records in this page's segment are named, or fewer (writer only). */
export function countRecords(page: u32, change: i32): void {
  const segment = <usize>(page / load<u32>(H_SEGMENT_PAGES));
  const named = <usize>load<u32>(H_SEGMENTS) + (segment << 2);
  assert(change > 0 || load<u32>(named) != 0);
  store<u32>(named, load<u32>(named) + change);
}

/** All lines are free, the lowest first. */
export function setupLines(): void {
  const lines = load<u32>(H_LINE_CAPACITY);
  for (let line: u32 = 0; line < lines; line++) store<u32>(stackPointer(line), line);
}

@inline
function stackPointer(place: u32): usize {
  return <usize>load<u32>(H_LINE_STACK) + (<usize>place << 2);
}

/** A line that was only restored, never written, still holds a value. Its lock counts on. */
export function clearCell(cell: usize): void {
  const lock = load<u64>(cell, CELL_LOCK);
  atomic.store<u64>(cell, lock + 1, CELL_LOCK);
  for (let at: usize = 0; at < <usize>CELL_LOCK; at += 8) atomic.store<u64>(cell + at, 0);
  atomic.store<u64>(cell, lock + 2, CELL_LOCK);
}

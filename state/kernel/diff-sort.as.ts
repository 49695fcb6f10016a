/**
 * The cells changed in a stretch of the undo ring in the order of their ids: one pass over the ring
 * for the first node of each cell, then a radix sort by the bytes of the id. What a mini-block
 * wrote first depends on who executed what; the order of ids does not.
 */
import { cellCount } from "./arena.as";
import {
  D_CHANGES, D_FROM, D_LEFT, D_NEXT, D_WRITTEN, SORT_COUNTERS_BYTES,
} from "./diff-map";
import { PRUNED } from "./map";
import { isFirstChange, reaches, undoCell } from "./undo.as";

/**
 * Prepares `state` for `encodeUpdates`.
 * @param area      room for two arrays of u64, one element for each node of the stretch
 * @param counters  room for SORT_COUNTERS_BYTES
 * @returns number of cells, or PRUNED
 */
export function sortChanges(
  state: usize, from: f64, to: f64, area: usize, counters: usize,
): i32 {
  if (!reaches(<u64>from) || !reaches(<u64>to)) return PRUNED;
  const count = gather(<u64>from, <u64>to, area);
  const sorted = sortById(area, area + (<usize>(to - from) << 3), count, counters);
  store<u32>(state, count, D_LEFT);
  store<u32>(state, 0, D_NEXT);
  store<u32>(state, sorted, D_CHANGES);
  store<u32>(state, 0, D_WRITTEN);
  store<u64>(state, <u64>from, D_FROM);
  return count;
}

function gather(from: u64, to: u64, out: usize): u32 {
  let next = out;
  for (let position = from; position < to; position++) {
    if (!isFirstChange(position, from)) continue;
    store<u64>(next, (<u64>undoCell(position) << 32) | (position - from));
    next += 8;
  }
  return <u32>((next - out) >> 3);
}

/** As many passes as ids have bytes. @returns where the sorted array lies, `a` or `b` */
function sortById(a: usize, b: usize, count: u32, counters: usize): usize {
  let source = a;
  let target = b;
  for (let at: usize = 4; at < 8 && cellCount() >> (<u32>(at - 4) << 3) != 0; at++) {
    sortByByte(source, target, count, at, counters);
    const spare = source;
    source = target;
    target = spare;
  }
  return source;
}

/** One stable pass on the byte at `at` of each element. */
function sortByByte(source: usize, target: usize, count: u32, at: usize, counters: usize): void {
  memory.fill(counters, 0, SORT_COUNTERS_BYTES);
  const end = source + (<usize>count << 3);
  for (let next = source; next < end; next += 8) {
    const counter = counters + (<usize>load<u8>(next + at) << 2);
    store<u32>(counter, load<u32>(counter) + 1);
  }
  let place: usize = target;
  for (let value: usize = 0; value < <usize>SORT_COUNTERS_BYTES; value += 4) {
    const length = load<u32>(counters + value);
    store<u32>(counters + value, place);
    place += <usize>length << 3;
  }
  for (let next = source; next < end; next += 8) {
    const counter = counters + (<usize>load<u8>(next + at) << 2);
    const slot = load<u32>(counter);
    store<u64>(slot, load<u64>(next));
    store<u32>(counter, slot + 8);
  }
}

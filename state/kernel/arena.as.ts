/**
 * Where things are: pointers into the regions, read from the header. A load of a header word that
 * sits in the first-level cache costs nothing measurable, and unlike a Wasm global it needs no
 * set-up in each instance, so any module that imports the arena's memory may import these files.
 * Every function takes and returns plain numbers; ids are dense u32, pointers byte offsets.
 */
import {
  CELL_BYTES, H_CELLS, H_CELL_CAPACITY, H_CELL_COUNT, H_CELL_LIMIT, H_CODE, H_CODE_END,
  H_CODE_SLOTS, H_HEAD, H_INDEX_WORD, H_KEYS, H_MAGIC, H_UNDO_RETAIN, ARENA_MAGIC, HEADER,
  INDEX_LOG2_MIN, KEY_BYTES,
} from "./map";
import { lineOf, setupLines } from "./lines.as";

/** Spins before a reader gives up on a line that its writer never released: some seconds. */
export const SPINS_MAX: u32 = 0xfffffff0;

@inline
export function cellPointer(id: u32): usize {
  return <usize>load<u32>(H_CELLS) + <usize>lineOf(id) * CELL_BYTES;
}

@inline
export function keyPointer(id: u32): usize {
  return <usize>load<u32>(H_KEYS) + <usize>lineOf(id) * KEY_BYTES;
}

/** True for an id whose lines lie in the arena; cheap enough for every access. */
@inline
export function isCell(id: u32): bool {
  return id < load<u32>(H_CELL_CAPACITY);
}

/** Interned cells; ids are [0, cellCount). */
export function cellCount(): u32 {
  return atomic.load<u32>(H_CELL_COUNT);
}

/** Closing sequence of the last logged mini-block. */
export function head(): u64 {
  return atomic.load<u64>(H_HEAD);
}

/** The one store that makes a logged mini-block the state that snapshot readers see. */
export function publishHead(sequence: u64): void {
  assert(sequence >= head());
  atomic.store<u64>(H_HEAD, sequence);
}

/** Called once, by the creator, on a fresh arena whose layout and seed are in the header. */
export function setup(): void {
  assert(load<u32>(H_MAGIC) == ARENA_MAGIC);
  assert(atomic.load<u32>(H_INDEX_WORD) == 0);
  assert(__heap_base <= <usize>HEADER);
  atomic.store<u32>(H_INDEX_WORD, INDEX_LOG2_MIN);
  atomic.store<u64>(H_UNDO_RETAIN, u64.MAX_VALUE);
  store<u32>(H_CODE_END, (load<u32>(H_CODE_SLOTS) * 4 + 63) & ~63);
  allowReserve(false);
  if (isDefined(COLD)) setupLines();
}

/** Part of the cells that only recovery may intern (reliability R13): one in twenty. */
const RESERVE_DIVISOR: u32 = 20;

/** Sets how far interning may go. */
export function allowReserve(allowed: bool): void {
  const capacity = load<u32>(H_CELL_CAPACITY);
  store<u32>(H_CELL_LIMIT, allowed ? capacity : capacity - capacity / RESERVE_DIVISOR);
}

/** Start of the code region: its index, then the entries. */
@inline
export function codeBase(): usize {
  return <usize>load<u32>(H_CODE);
}

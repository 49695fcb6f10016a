/**
 * History: a ring of undo nodes, each the first 48 bytes of a cell's line as they were before the
 * first write of a mini-block (or since a mark). Positions count up for ever; node p lies at p
 * modulo the capacity and is valid in [tail, head). Nodes of one cell are chained backwards, so a
 * snapshot read follows one chain, a rollback walks the ring, and a stretch [from, to) of the ring
 * is the list of cells changed meanwhile. The writer moves the tail before it overwrites, never
 * past the open mini-block nor past what the sealer retains. A reader that finds the tail beyond
 * the node just read, or a rollback begun meanwhile, throws its reading away.
 */
import { cellPointer, isCell, SPINS_MAX } from "./arena.as";
import {
  CELL_LOCK, CELL_UNDO, CELL_VERSION, H_CELL_COUNT, H_CLOSED_SEQUENCE, H_OPEN_SEQUENCE, H_OPEN_UNDO,
  H_ROLLBACKS, H_UNDO, H_UNDO_CAPACITY, H_UNDO_EPOCH, H_UNDO_HEAD, H_UNDO_RETAIN, H_UNDO_TAIL,
  PRUNED, UNDO_BYTES, UNDO_CELL, UNDO_POSITION,
} from "./map";

/** The tail moves in steps, so that its barrier is paid once for many nodes. */
const TAIL_STEP: u64 = 64;
/** A walk that met a node being replaced: only a rollback can cause that. */
const OVERTAKEN: i64 = -1;

/** Pointer to a node: 0 old value, 32 old version, 40 previous + 1, 48 cell, 56 position + 1. */
@inline
export function undoPointer(position: u64): usize {
  const index = <usize>position & (load<u32>(H_UNDO_CAPACITY) - 1);
  return <usize>load<u32>(H_UNDO) + index * UNDO_BYTES;
}

/** Position at which the next node will go. */
export function undoHead(): u64 {
  return atomic.load<u64>(H_UNDO_HEAD);
}

/** The oldest position still there. */
export function undoTail(): u64 {
  return atomic.load<u64>(H_UNDO_TAIL);
}

/** The sealer's promise to need nothing before this position; any one thread may move it. */
export function retainFrom(position: u64): void {
  assert(position >= undoTail());
  atomic.store<u64>(H_UNDO_RETAIN, position);
}

/**
 * Begins a mini-block (writer only): its first sequence is above the last closing one, and its
 * nodes stay until the next mini-block begins.
 */
export function openMiniBlock(sequence: u64): void {
  assert(load<u64>(H_OPEN_SEQUENCE) == 0);
  assert(sequence > load<u64>(H_CLOSED_SEQUENCE));
  store<u64>(H_OPEN_SEQUENCE, sequence);
  atomic.store<u64>(H_OPEN_UNDO, undoHead());
  beginEpoch();
}

/** Ends it: `sequence` is now one that snapshots may ask for. */
export function closeMiniBlock(sequence: u64): void {
  assert(load<u64>(H_OPEN_SEQUENCE) != 0);
  assert(sequence >= load<u64>(H_OPEN_SEQUENCE));
  store<u64>(H_OPEN_SEQUENCE, 0);
  store<u64>(H_CLOSED_SEQUENCE, sequence);
  beginEpoch();
}

/** From here on every cell is saved again at its first write. */
export function beginEpoch(): void {
  store<u64>(H_UNDO_EPOCH, undoHead());
}

/**
 * Saves a cell's line. Whoever reads the head asks for nothing behind the last closing sequence,
 * and finds a node by its cell's line: both become visible with the barrier that unlocks the cell.
 * @returns the node's position + 1 for the line, or 0 when the ring is full
 */
export function saveCell(id: u32, cell: usize): u64 {
  const position = load<u64>(H_UNDO_HEAD);
  const length = position - load<u64>(H_UNDO_TAIL);
  assert(length <= load<u32>(H_UNDO_CAPACITY));
  if (length == load<u32>(H_UNDO_CAPACITY) && !moveTail()) return 0;
  const node = undoPointer(position);
  v128.store(node, v128.load(cell));
  v128.store(node, v128.load(cell, 16), 16);
  v128.store(node, v128.load(cell, 32), 32);
  store<u64>(node, id, UNDO_CELL);
  store<u64>(node, position + 1, UNDO_POSITION);
  store<u64>(H_UNDO_HEAD, position + 1);
  return position + 1;
}

/**
 * Gives up the oldest nodes; the exchange is a barrier before they are overwritten.
 * @returns false when all are still needed
 */
function moveTail(): bool {
  const tail = load<u64>(H_UNDO_TAIL);
  const needed = min(atomic.load<u64>(H_UNDO_RETAIN), load<u64>(H_OPEN_UNDO));
  if (needed <= tail) return false;
  atomic.xchg<u64>(H_UNDO_TAIL, tail + min(TAIL_STEP, needed - tail));
  return true;
}

/**
 * Reads a value as of a closing sequence into four limbs at `out`. Safe in any thread.
 * @returns its version then (0 = not yet written), or PRUNED (below 0) when the ring is too short
 */
export function loadValueAt(id: u32, sequence: u64, out: usize): i64 {
  assert(isCell(id));
  for (let spins: u32 = 0; spins < SPINS_MAX; spins++) {
    const rollbacks = atomic.load<u64>(H_ROLLBACKS);
    if (rollbacks & 1) continue;
    // What its line was before may be another cell's by now.
    const version = isGone(id) ? readNothing(out) : readLineAt(id, cellPointer(id), sequence, out);
    if (atomic.load<u64>(H_ROLLBACKS) != rollbacks) continue;
    assert(version != OVERTAKEN);
    return version;
  }
  return unreachable();
}

/** Where cells may be cold, one that a rollback took away has no line; elsewhere its line is 0. */
@inline
function isGone(id: u32): bool {
  return isDefined(COLD) && id >= atomic.load<u32>(H_CELL_COUNT);
}

function readNothing(out: usize): i64 {
  memory.fill(out, 0, 32);
  return 0;
}

/** The line itself if it is old enough, else its chain. */
function readLineAt(id: u32, cell: usize, sequence: u64, out: usize): i64 {
  for (let spins: u32 = 0; spins < SPINS_MAX; spins++) {
    const lock = atomic.load<u64>(cell, CELL_LOCK);
    if (lock & 1) continue;
    copyAtomic(cell, out);
    const version = atomic.load<u64>(cell, CELL_VERSION);
    const undo = atomic.load<u64>(cell, CELL_UNDO);
    if (atomic.load<u64>(cell, CELL_LOCK) != lock) continue;
    return version <= sequence ? <i64>version : readChainAt(id, undo, sequence, out);
  }
  return unreachable();
}

/** Follows a cell's nodes backwards; positions only fall, so the walk ends. */
function readChainAt(id: u32, undo: u64, sequence: u64, out: usize): i64 {
  let next = undo;
  while (next > undoTail()) {
    const position = next - 1;
    const node = undoPointer(position);
    copyAtomic(node, out);
    const version = atomic.load<u64>(node, CELL_VERSION);
    const previous = atomic.load<u64>(node, CELL_UNDO);
    const owner = atomic.load<u64>(node, UNDO_CELL);
    if (undoTail() > position) return PRUNED;
    if (owner != id || previous >= next) return OVERTAKEN;
    if (version <= sequence) return <i64>version;
    next = previous;
  }
  return PRUNED;
}

@inline
function copyAtomic(from: usize, to: usize): void {
  store<u64>(to, atomic.load<u64>(from));
  store<u64>(to, atomic.load<u64>(from, 8), 8);
  store<u64>(to, atomic.load<u64>(from, 16), 16);
  store<u64>(to, atomic.load<u64>(from, 24), 24);
}

/** Whether the ring still holds everything from this position on. */
export function reaches(position: u64): bool {
  return position >= undoTail() && position <= undoHead();
}

/** The cell whose line a node saved. @param position  in [tail, head) */
@inline
export function undoCell(position: u64): u32 {
  return load<u32>(undoPointer(position), UNDO_CELL);
}

/**
 * True for the oldest node of its cell at or after `from`: marks inside a mini-block may leave
 * several, and only the first holds the value before the stretch.
 */
@inline
export function isFirstChange(position: u64, from: u64): bool {
  return load<u64>(undoPointer(position), CELL_UNDO) <= from;
}

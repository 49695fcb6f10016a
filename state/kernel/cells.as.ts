/**
 * Values by id. A cell is one cache line {value, version, undo head, seqlock}, read by 64-bit
 * atomics between two loads of the seqlock, so a reader in another thread gets a value with its
 * version as one commit left them, or tries again. The seqlock only counts up, also through
 * rollbacks: equal counts mean an untouched line. Atomic reads cost no more than plain ones on
 * x86-64, but an atomic change is a barrier there, which waits for all stores before it. So what
 * lies between the two changes of a seqlock is stored plainly, and is in order all the same: both
 * are barriers, on x86-64 and on ARM's atomics with acquire and release (Arm ARM, B2.3). Where many
 * cells change at once, all are locked, written and unlocked between the same two barriers.
 */
import { cellPointer, isCell, SPINS_MAX } from "./arena.as";
import { isHot } from "./lines.as";
import { CELL_LOCK, CELL_UNDO, CELL_VERSION, FULL_UNDO, H_CELL_COUNT, H_UNDO_EPOCH } from "./map";
import { saveCell } from "./undo.as";

/**
 * Reads the latest committed value into four u64 limbs at `out` (32 bytes, lowest first).
 * @returns the version: the sequence that wrote it, 0 = never written. Safe in any thread.
 */
export function loadValue(id: u32, out: usize): u64 {
  assert(isCell(id));
  return loadInline(id, out);
}

/** The same for the caller whose time is mostly this, and whose id is certain. */
@inline
export function loadInline(id: u32, out: usize): u64 {
  const cell = cellPointer(id);
  for (let spins: u32 = 0; spins < SPINS_MAX; spins++) {
    const lock = atomic.load<u64>(cell, CELL_LOCK);
    if (lock & 1) continue;
    const limb0 = atomic.load<u64>(cell);
    const limb1 = atomic.load<u64>(cell, 8);
    const limb2 = atomic.load<u64>(cell, 16);
    const limb3 = atomic.load<u64>(cell, 24);
    const version = atomic.load<u64>(cell, CELL_VERSION);
    if (atomic.load<u64>(cell, CELL_LOCK) != lock) continue;
    store<u64>(out, limb0);
    store<u64>(out, limb1, 8);
    store<u64>(out, limb2, 16);
    store<u64>(out, limb3, 24);
    return version;
  }
  return unreachable();
}

/** The same for the writer, who may have locked the cell: nobody else changes it. */
@inline
export function loadOwn(id: u32, out: usize): void {
  const cell = cellPointer(id);
  v128.store(out, v128.load(cell));
  v128.store(out, v128.load(cell, 16), 16);
}

/** The sequence that last wrote the cell; what validation compares. One load. */
export function loadVersion(id: u32): u64 {
  assert(isCell(id));
  return atomic.load<u64>(cellPointer(id), CELL_VERSION);
}

/**
 * Writes four limbs at `value` under a sequence not below the cell's version (writer only). The
 * first write since the last mini-block or mark began saves the old line in the undo ring. A cell
 * that `lockCell` has locked stays so.
 * @returns 0, or FULL_UNDO with nothing changed
 */
export function storeValue(id: u32, value: usize, sequence: u64): i32 {
  assert(id < load<u32>(H_CELL_COUNT));
  const cell = cellPointer(id);
  if (isDefined(COLD)) assert(isHot(id));
  assert(sequence >= load<u64>(cell, CELL_VERSION));
  let undo = load<u64>(cell, CELL_UNDO);
  if (undo <= load<u64>(H_UNDO_EPOCH)) {
    undo = saveCell(id, cell);
    if (undo == 0) return FULL_UNDO;
  }
  if (load<u64>(cell, CELL_LOCK) & 1) fillLine(cell, value, sequence, undo);
  else writeLine(cell, value, sequence, undo);
  return 0;
}

/** Locks a cell, if it is not (writer only). A barrier must follow before it is written. */
@inline
export function lockCell(id: u32): void {
  const lock = cellPointer(id) + <usize>CELL_LOCK;
  store<u64>(lock, load<u64>(lock) | 1);
}

/** Unlocks it, if it is locked. A barrier must lie between the last write and this. */
@inline
export function unlockCell(id: u32): void {
  const lock = cellPointer(id) + <usize>CELL_LOCK;
  store<u64>(lock, (load<u64>(lock) + 1) & ~1);
}

/** Stores before it are visible before those after it. @param own  a word of this thread's alone */
@inline
export function barrier(own: usize): void {
  atomic.xchg<u32>(own, 0);
}

/**
 * Sets a cell that was never written, without undo (writer only): snapshots and checkpoints.
 */
export function restoreValue(id: u32, value: usize, sequence: u64): void {
  assert(id < load<u32>(H_CELL_COUNT));
  const cell = cellPointer(id);
  assert(load<u64>(cell, CELL_VERSION) == 0 && load<u64>(cell, CELL_UNDO) == 0);
  writeLine(cell, value, sequence, 0);
}

/** Replaces a line under its seqlock. Shared with rollback. */
@inline
export function writeLine(cell: usize, value: usize, version: u64, undo: u64): void {
  const lock = atomic.add<u64>(cell, 1, CELL_LOCK);
  assert(!(lock & 1));
  fillLine(cell, value, version, undo);
  atomic.add<u64>(cell, 1, CELL_LOCK);
}

@inline
function fillLine(cell: usize, value: usize, version: u64, undo: u64): void {
  v128.store(cell, v128.load(value));
  v128.store(cell, v128.load(value, 16), 16);
  store<u64>(cell, version, CELL_VERSION);
  store<u64>(cell, undo, CELL_UNDO);
}

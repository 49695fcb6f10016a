/**
 * The kernel as JavaScript calls it. `io` points to a thread's own marshalling bytes: an address
 * at +0 (20 bytes), a big-endian word at +32 that is a slot, value or hash; +64 is for limbs. Only
 * here are words turned round. Sequences and positions are f64 (below 2^53), so that no BigInt is
 * made. Kernels in AssemblyScript import the other files and never this one.
 */
import { allowReserve, cellCount, head, keyPointer, publishHead, setup } from "./arena.as";
import { loadValue, loadVersion, restoreValue, storeValue } from "./cells.as";
import {
  codeAtOffset, codeBytes, codeCount, codeEnd, codeLength, commitCode, entryBytes, findCode,
  reserveCode,
} from "./code.as";
import { applyKeys, encodeKeys } from "./diff-keys.as";
import { sortChanges } from "./diff-sort.as";
import { applyUpdates, encodeUpdates } from "./diff-updates.as";
import { getBlockHash, putBlockHash } from "./hashes.as";
import { findCell, firstSlot, internCell, kindOf, nextSlot } from "./keys.as";
import {
  CELL_VERSION, H_CLOSED_SEQUENCE, H_INDEX_WORD, H_OPEN_SEQUENCE, H_OPEN_UNDO, KEY_SLOT, PRUNED,
} from "./map";
import { restoreMiniBlock, rollbackTo } from "./rollback.as";
import {
  beginEpoch, closeMiniBlock, isFirstChange, loadValueAt, openMiniBlock, reaches, retainFrom,
  undoCell, undoHead, undoPointer, undoTail,
} from "./undo.as";

export { allowReserve, cellCount, codeCount, codeEnd, codeLength, codeBytes, entryBytes };
export { beginEpoch, codeAtOffset, firstSlot, nextSlot, reserveCode, setup };
export { applyKeys, applyUpdates, encodeKeys, encodeUpdates, sortChanges };

/** Turns a 32-byte word between big-endian bytes and four limbs, lowest first. */
@inline
export function turnWord(from: usize, to: usize): void {
  const low = v128.load(from, 16);
  const high = v128.load(from);
  v128.store(to, turn(low));
  v128.store(to, turn(high), 16);
}

@inline
function turn(half: v128): v128 {
  return v128.shuffle<u8>(half, half, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
}

export function findAt(kind: u32, io: usize): u32 {
  turnWord(io + 32, io + 64);
  return findCell(kind, io, io + 64);
}

export function internAt(kind: u32, io: usize): i32 {
  turnWord(io + 32, io + 64);
  return internCell(kind, io, io + 64);
}

export function readLatestAt(id: u32, io: usize): f64 {
  const version = loadValue(id, io + 64);
  turnWord(io + 64, io + 32);
  return <f64>version;
}

export function readSnapshotAt(id: u32, sequence: f64, io: usize): f64 {
  const version = loadValueAt(id, <u64>sequence, io + 64);
  turnWord(io + 64, io + 32);
  return <f64>version;
}

export function versionAt(id: u32): f64 {
  return <f64>loadVersion(id);
}

export function writeAt(id: u32, sequence: f64, io: usize): i32 {
  turnWord(io + 32, io + 64);
  return storeValue(id, io + 64, <u64>sequence);
}

export function restoreAt(id: u32, sequence: f64, io: usize): void {
  turnWord(io + 32, io + 64);
  restoreValue(id, io + 64, <u64>sequence);
}

export function keyAt(id: u32, io: usize): u32 {
  const key = keyPointer(id);
  assert(id < cellCount());
  memory.copy(io, key, 20);
  turnWord(key + KEY_SLOT, io + 32);
  return kindOf(id);
}

export function findCodeAt(io: usize): usize {
  turnWord(io + 32, io + 64);
  return findCode(io + 64);
}

export function commitCodeAt(length: u32, io: usize): void {
  turnWord(io + 32, io + 64);
  commitCode(io + 64, length);
}

/** The hash of an entry, big-endian, to io + 32. */
export function codeHashAt(entry: usize, io: usize): void {
  turnWord(entry, io + 32);
}

export function openMiniBlockAt(sequence: f64): void {
  openMiniBlock(<u64>sequence);
}

export function closeMiniBlockAt(sequence: f64): void {
  closeMiniBlock(<u64>sequence);
}

/** Ring position at which the open (or last) mini-block began. */
export function openUndoAt(): f64 {
  return <f64>load<u64>(H_OPEN_UNDO);
}

export function openSequence(): f64 {
  return <f64>load<u64>(H_OPEN_SEQUENCE);
}

export function closedSequence(): f64 {
  return <f64>load<u64>(H_CLOSED_SEQUENCE);
}

export function undoHeadAt(): f64 {
  return <f64>undoHead();
}

export function undoTailAt(): f64 {
  return <f64>undoTail();
}

export function retainFromAt(position: f64): void {
  retainFrom(<u64>position);
}

export function rollbackAt(undo: f64, cells: u32, codeEnd: u32): i32 {
  return rollbackTo(<u64>undo, cells, codeEnd);
}

export function restoreMiniBlockAt(open: f64, openUndo: f64, closed: f64): void {
  restoreMiniBlock(<u64>open, <u64>openUndo, <u64>closed);
}

/** Bytes of one record of `copyChanged`: old value big-endian, old version f64, cell u32, spare. */
const CHANGE_BYTES: usize = 48;

/**
 * Writes one record for each cell first changed in [from, to), the stretch beginning at `start`.
 * @returns the number of records, or PRUNED; where to go on is left as f64 at `target`, before them
 */
export function copyChanged(start: f64, from: f64, to: f64, target: usize, countMax: u32): i32 {
  if (!reaches(<u64>start) || !reaches(<u64>to)) return PRUNED;
  let count: u32 = 0;
  let position = <u64>from;
  for (; position < <u64>to && count < countMax; position++) {
    if (!isFirstChange(position, <u64>start)) continue;
    const node = undoPointer(position);
    const record = target + 16 + <usize>count * CHANGE_BYTES;
    turnWord(node, record);
    store<f64>(record, <f64>load<u64>(node, CELL_VERSION), 32);
    store<u32>(record, undoCell(position), 40);
    count++;
  }
  store<f64>(target, <f64>position);
  return reaches(<u64>start) ? count : PRUNED;
}

export function publishHeadAt(sequence: f64): void {
  publishHead(<u64>sequence);
}

export function headAt(): f64 {
  return <f64>head();
}

export function putBlockHashAt(number: f64, io: usize): void {
  turnWord(io + 32, io + 64);
  putBlockHash(<u64>number, io + 64);
}

export function getBlockHashAt(number: f64, io: usize): bool {
  const isKnown = getBlockHash(<u64>number, io + 64);
  turnWord(io + 64, io + 32);
  return isKnown;
}

/** Slots of the current index table, as a power of two. */
export function indexLog2(): u32 {
  return atomic.load<u32>(H_INDEX_WORD) & 0xff;
}

/**
 * Reading a cell for the transaction that this thread executes: what is committed, or, ahead of its
 * turn in a batch, what a transaction before it wrote and has not committed yet.
 */
import { cellPointer } from "../../state/kernel/arena.as";
import { loadInline } from "../../state/kernel/cells.as";
import { findInline } from "../../state/kernel/keys.as";
import { NO_CELL } from "../../state/kernel/map";
import { NODE_VALUE } from "./effects-map";
import { pendingNode } from "./pending.as";
import { copyWord } from "./words.as";

/** The open batch and the step in it, while a transaction is executed ahead of its turn; else 0. */
let batchEpoch: u32 = 0;
let batchStep: u32 = 0;
/** At the head of a batch: nobody else writes. */
let isAlone: bool = false;

/** Of the cell read last: 0 where the key is absent. Means nothing for what is pending. */
export let versionRead: u64 = 0;

/** From here on step `step` of this batch is executed; with epoch 0, what is committed is read. */
export function readAs(epoch: u32, step: u32, isAtHead: bool): void {
  batchEpoch = epoch;
  batchStep = step;
  isAlone = isAtHead;
}

/** Whether nobody else makes or changes cells meanwhile. */
@inline
export function isAtHead(): bool {
  return isAlone;
}

/** The step that is executed. */
@inline
export function stepRead(): u32 {
  return batchStep;
}

/**
 * Reads a key's value into four limbs at `out`; one that is absent has the value 0.
 * @param hash     hashKey of the key
 * @param address  20 raw bytes
 * @param slot     four limbs; not read unless kind is 3
 * @returns the cell's id, or NO_CELL
 */
// Five parameters: the key, found by its hash.
export function readBase(hash: u32, kind: u32, address: usize, slot: usize, out: usize): u32 {
  const id = findInline(hash, kind, address, slot);
  readCell(id, out);
  return id;
}

/** The same for a cell that was found before. @param id  may be NO_CELL */
@inline
export function readCell(id: u32, out: usize): void {
  versionRead = 0;
  if (id == <u32>NO_CELL) return clear(out);
  if (isAlone) {
    const cell = cellPointer(id);
    v128.store(out, v128.load(cell));
    v128.store(out, v128.load(cell, 16), 16);
  } else readShared(id, out);
}

/** The same to two places. */
@inline
export function readCellTwice(id: u32, out: usize, again: usize): void {
  versionRead = 0;
  if (id == <u32>NO_CELL) {
    clear(out);
    clear(again);
  } else if (isAlone) {
    const cell = cellPointer(id), low = v128.load(cell), high = v128.load(cell, 16);
    v128.store(out, low);
    v128.store(out, high, 16);
    v128.store(again, low);
    v128.store(again, high, 16);
  } else {
    readShared(id, out);
    copyWord(out, again);
  }
}

@inline
function clear(out: usize): void {
  v128.store(out, i64x2.splat(0));
  v128.store(out, i64x2.splat(0), 16);
}

/** While others may write, and where others' writes may be pending. */
function readShared(id: u32, out: usize): void {
  const node: usize = batchEpoch == 0 ? 0 : pendingNode(id, batchEpoch, batchStep);
  if (node != 0) copyWord(node + NODE_VALUE, out);
  else versionRead = loadInline(id, out);
}

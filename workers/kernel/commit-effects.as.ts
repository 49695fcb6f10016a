/**
 * Committing what the kernel itself executed (effects-map.ts): does what was read still stand, and
 * what is written. Only the token's holder does it, at the head, so plain loads see what is
 * committed. A read is judged by its value alone: it lies on the line that a version would be read
 * from, and execution is a function of the values, so an equal one is as good as an old version.
 */
import { barrier, loadOwn, storeValue } from "../../state/kernel/cells.as";
import { cellPointer } from "../../state/kernel/arena.as";
import { findCell, internCell } from "../../state/kernel/keys.as";
import { NO_CELL } from "../../state/kernel/map";
import { COINBASE_CELL, payCoinbase, putCodes } from "./commit.as";
import { applyTransfer, forCells, staleTransfer, turnLock } from "./commit-transfer.as";
import {
  EFFECTS_BYTES, EFFECT_KEY_BYTES, EFFECT_KEY_SLOT, E_CODES, E_FEE, E_READS_END, E_WRITES_AT,
  E_WRITES_END, IS_TRANSFER, NODE_BYTES, NODE_CELL, NODE_HOW, NODE_KIND, READ_BYTES, READ_CELL,
  READ_EXACT, READ_HOW, READ_KIND, READ_VALUE, WRITE_ADD, WRITE_SET,
} from "./effects-map";
import { publishNode } from "./pending.as";
import { add, lt } from "./u256.as";
import { copyWord, isZeroWord, sameWord } from "./words.as";

const KIND_NONCE: u32 = 1;
/** In the scratch: the fee, then a sum. */
const AMOUNT: usize = 32;
const VALUE: usize = 64;

/**
 * The kind of the first cell whose value is another than was read, or -1.
 * @param isComplete  no cell was made since the batch began: what was absent is
 */
export function staleEffect(effects: usize, isComplete: bool, scratch: usize): i32 {
  if (load<u32>(effects, E_READS_END) == <u32>IS_TRANSFER) {
    return staleTransfer(effects, isComplete, scratch);
  }
  const end = <usize>load<u32>(effects, E_READS_END);
  for (let at = effects + EFFECTS_BYTES; at < end;) {
    let id = load<u32>(at, READ_CELL);
    let size: usize = READ_BYTES;
    if (id == <u32>NO_CELL) {
      const key = at + READ_BYTES;
      if (!isComplete) id = findCell(load<u32>(at, READ_KIND), key, key + EFFECT_KEY_SLOT);
      size += EFFECT_KEY_BYTES;
    }
    if (!stands(id, at)) return load<u32>(at, READ_KIND);
    at += size;
  }
  return -1;
}

@inline
function stands(id: u32, read: usize): bool {
  const value = read + READ_VALUE;
  if (id == <u32>NO_CELL) return isZeroWord(value);
  const cell = cellPointer(id);
  return load<u32>(read, READ_HOW) == READ_EXACT ? sameWord(cell, value) : !lt(cell, value);
}

/** Lets later steps of the open batch read what this one wrote. */
export function publishEffects(effects: usize, epoch: u32): void {
  if (load<u32>(effects, E_READS_END) == <u32>IS_TRANSFER) return;
  const end = <usize>load<u32>(effects, E_WRITES_END);
  for (let node = <usize>load<u32>(effects, E_WRITES_AT); node < end; node = nextNode(node)) {
    const id = load<u32>(node, NODE_CELL);
    if (
      id != <u32>NO_CELL && load<u32>(node, NODE_HOW) == WRITE_SET
      && load<u32>(node, NODE_KIND) != KIND_NONCE
    ) publishNode(id, node, epoch);
  }
}

@inline
function nextNode(node: usize): usize {
  const after = node + NODE_BYTES;
  return load<u32>(node, NODE_CELL) == <u32>NO_CELL ? after + EFFECT_KEY_BYTES : after;
}

/**
 * Codes, writes in their order, then the fee.
 * @param coinbase  pointer to its 20 bytes, then the id of its balance's cell (u32), NO_CELL as
 *                  long as nobody has looked
 * @returns 0, FULL_CELLS, FULL_UNDO or FULL_CODE
 */
export function applyEffects(
  effects: usize, coinbase: usize, sequence: u64, scratch: usize,
): i32 {
  if (load<u32>(effects, E_READS_END) == <u32>IS_TRANSFER) {
    return applyTransfer(effects, coinbase, sequence, scratch);
  }
  forWrites(effects, coinbase, true);
  barrier(scratch);
  const status = applyLocked(effects, coinbase, sequence, scratch);
  barrier(scratch);
  forWrites(effects, coinbase, false);
  return status;
}

/** After applying was broken off, or nobody could read or roll back what it has locked. */
export function unlockEffects(effects: usize, coinbase: usize): void {
  if (load<u32>(effects, E_READS_END) == <u32>IS_TRANSFER) forCells(effects, coinbase, false);
  else forWrites(effects, coinbase, false);
}

/** Locks or unlocks what is written. */
@inline
function forWrites(effects: usize, coinbase: usize, isLocking: bool): void {
  const end = <usize>load<u32>(effects, E_WRITES_END);
  for (let node = <usize>load<u32>(effects, E_WRITES_AT); node < end; node = nextNode(node)) {
    turnLock(load<u32>(node, NODE_CELL), isLocking);
  }
  turnLock(load<u32>(coinbase, COINBASE_CELL), isLocking);
}

@inline
function applyLocked(
  effects: usize, coinbase: usize, sequence: u64, scratch: usize,
): i32 {
  const codes = <usize>load<u32>(effects, E_CODES);
  if (codes != 0) {
    const status = putCodes(codes, scratch);
    if (status != 0) return status;
  }
  const end = <usize>load<u32>(effects, E_WRITES_END);
  for (let node = <usize>load<u32>(effects, E_WRITES_AT); node < end; node = nextNode(node)) {
    const status = applyNode(node, sequence, scratch);
    if (status != 0) return status;
  }
  if (isZeroWord(effects + E_FEE)) return 0;
  copyWord(effects + E_FEE, scratch + AMOUNT);
  return payCoinbase(coinbase, sequence, scratch);
}

@inline
function applyNode(node: usize, sequence: u64, scratch: usize): i32 {
  let id = load<u32>(node, NODE_CELL);
  if (id == <u32>NO_CELL) {
    const key = node + NODE_BYTES;
    const made = internCell(load<u32>(node, NODE_KIND), key, key + EFFECT_KEY_SLOT);
    if (made < 0) return made;
    id = made;
  }
  if (load<u32>(node, NODE_HOW) != WRITE_ADD) return storeValue(id, node, sequence);
  loadOwn(id, scratch + VALUE);
  add(scratch + VALUE, node, scratch + VALUE);
  return storeValue(id, scratch + VALUE, sequence);
}

/**
 * Committing what the kernel itself executed (effects-map.ts): does what was read still stand, and
 * what is written. Only the token's holder does it, at the head, so plain loads see what is
 * committed. A read is judged by its value alone: it lies on the line that a version would be read
 * from, and execution is a function of the values, so an equal one is as good as an old version.
 */
import { barrier, loadOwn, lockCell, storeValue, unlockCell } from "../../state/kernel/cells.as";
import { cellPointer } from "../../state/kernel/arena.as";
import { findCell, internCell } from "../../state/kernel/keys.as";
import { KIND_BALANCE, NO_CELL } from "../../state/kernel/map";
import { addToBalance, putCodes } from "./commit.as";
import {
  EFFECTS_BYTES, EFFECT_KEY_BYTES, EFFECT_KEY_SLOT, E_CODES, E_FEE, E_READS, E_WRITES, E_WRITES_AT,
  NODE_BYTES, NODE_CELL, NODE_HOW, NODE_KIND, READ_ADDABLE, READ_AT_LEAST, READ_BYTES, READ_CELL,
  READ_EXACT, READ_HOW, READ_KIND, READ_VALUE, WRITE_ADD, WRITE_SET,
} from "./effects-map";
import { publishNode } from "./pending.as";
import { add, lt } from "./u256.as";
import { copyWord, isZeroWord, sameWord } from "./words.as";

const KIND_NONCE: u32 = 1;
const COINBASE_CELL: usize = 20;
/** In the scratch: the fee, then a sum. */
const AMOUNT: usize = 32;
const VALUE: usize = 64;

/** The kind of the first cell whose value is another than was read, or -1. */
export function staleEffect(effects: usize): i32 {
  let at = effects + EFFECTS_BYTES;
  for (let left = load<u32>(effects, E_READS); left > 0; left--) {
    let id = load<u32>(at, READ_CELL);
    let size: usize = READ_BYTES;
    if (id == <u32>NO_CELL) {
      const key = at + READ_BYTES;
      id = findCell(load<u32>(at, READ_KIND), key, key + EFFECT_KEY_SLOT);
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
  const how = load<u32>(read, READ_HOW);
  if (id == <u32>NO_CELL) return how == READ_ADDABLE || isZeroWord(value);
  const cell = cellPointer(id);
  if (how == READ_EXACT) return sameWord(cell, value);
  return how == READ_AT_LEAST ? !lt(cell, value) : fits(cell, value);
}

/** Whether a sum of words is below 2^256. */
@inline
function fits(a: usize, b: usize): bool {
  const carry = load<u64>(a, 24) + load<u64>(b, 24);
  // The lower limbs matter where the highest ones are as great as can be: then it is not said.
  return carry >= load<u64>(a, 24) && carry != u64.MAX_VALUE;
}

/** Lets later steps of the open batch read what this one wrote. */
export function publishEffects(effects: usize, epoch: u32): void {
  let node = <usize>load<u32>(effects, E_WRITES_AT);
  for (let left = load<u32>(effects, E_WRITES); left > 0; left--) {
    const id = load<u32>(node, NODE_CELL);
    if (
      id != <u32>NO_CELL && load<u32>(node, NODE_HOW) == WRITE_SET
      && load<u32>(node, NODE_KIND) != KIND_NONCE
    ) publishNode(id, node, epoch);
    node = nextNode(node);
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
  forWrites(effects, coinbase, true);
  barrier(scratch);
  const status = applyLocked(effects, coinbase, sequence, scratch);
  barrier(scratch);
  forWrites(effects, coinbase, false);
  return status;
}

/** Locks or unlocks what is written; but cells that are made only now are locked one by one. */
@inline
function forWrites(effects: usize, coinbase: usize, isLocking: bool): void {
  let node = <usize>load<u32>(effects, E_WRITES_AT);
  for (let left = load<u32>(effects, E_WRITES); left > 0; left--) {
    const id = load<u32>(node, NODE_CELL);
    if (id != <u32>NO_CELL) turnLock(id, isLocking);
    node = nextNode(node);
  }
  const fee = load<u32>(coinbase, COINBASE_CELL);
  if (fee != <u32>NO_CELL) turnLock(fee, isLocking);
}

@inline
function turnLock(id: u32, isLocking: bool): void {
  if (isLocking) lockCell(id);
  else unlockCell(id);
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
  let node = <usize>load<u32>(effects, E_WRITES_AT);
  for (let left = load<u32>(effects, E_WRITES); left > 0; left--) {
    const status = applyNode(node, sequence, scratch);
    if (status != 0) return status;
    node = nextNode(node);
  }
  if (isZeroWord(effects + E_FEE)) return 0;
  copyWord(effects + E_FEE, scratch + AMOUNT);
  const known = load<u32>(coinbase, COINBASE_CELL);
  if (known != <u32>NO_CELL) return addToBalance(known, coinbase, sequence, scratch);
  const id = internCell(KIND_BALANCE, coinbase, 0);
  if (id < 0) return id;
  store<u32>(coinbase, id, COINBASE_CELL);
  return addToBalance(id, coinbase, sequence, scratch);
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

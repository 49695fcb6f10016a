/**
 * Committing an outcome record (workers/outcome.ts) where it lies in the arena: do its reads still
 * stand, and what does it write. Only one thread commits at a time, in transaction order, so that
 * ids of new cells follow that order. Other threads may read between any two changes, and find out
 * by the versions. Code goes before the cell that names it, or a reader could miss it. `scratch` is
 * 96 bytes of the calling thread. Refusals (FULL_...) leave what was changed before them: the
 * caller rolls back.
 */
import { loadOwn, loadVersion, storeValue } from "../../state/kernel/cells.as";
import { internCode } from "../../state/kernel/code.as";
import { findCell, internCell } from "../../state/kernel/keys.as";
import { KIND_BALANCE, KIND_CODE, KIND_SLOT, NO_CELL } from "../../state/kernel/map";
import { O_FEE, O_LISTS } from "./record-map";
import { add } from "./u256.as";
import { isZeroWord, setWord, turnWord } from "./words.as";

/** In the scratch: a slot, or the amount to add; then a value. The coinbase is before them. */
const SLOT: usize = 32;
const AMOUNT: usize = 32;
const VALUE: usize = 64;
/** Behind the coinbase's 20 bytes: the id of its balance's cell (u32), NO_CELL while unknown. */
export const COINBASE_CELL: usize = 20;
/** Kind and address; a slot of 32 bytes follows where the kind is 3. */
const KEY_BYTES: usize = 21;
const ADDRESS_BYTES: usize = 20;
const WORD_BYTES: usize = 32;
const VERSION_BYTES: usize = 8;
/** Hash and length before the bytes of a code. */
const CODE_HEAD_BYTES: usize = 36;

/**
 * The kind of the first cell that no longer has the version which the outcome read, or -1.
 * A key that was absent has version 0, and still has where it was interned without a write.
 */
export function staleRead(outcome: usize, scratch: usize): i32 {
  let at = outcome + O_LISTS + 4;
  for (let left = load<u32>(outcome, O_LISTS); left > 0; left--) {
    const kind = <u32>load<u8>(at);
    if (kind == KIND_SLOT) turnWord(at + KEY_BYTES, scratch + SLOT);
    const id = findCell(kind, at + 1, scratch + SLOT);
    at += keyBytes(kind);
    const version: u64 = id == <u32>NO_CELL ? 0 : loadVersion(id);
    if (version != load<u64>(at)) return kind;
    at += VERSION_BYTES;
  }
  return -1;
}

/**
 * Applies an included outcome: codes, writes in their order, then the fee as an addition.
 * @param coinbase  pointer to its 20 bytes
 * @returns 0, FULL_CELLS, FULL_UNDO or FULL_CODE
 */
export function applyOutcome(
  outcome: usize, coinbase: usize, sequence: f64, scratch: usize,
): i32 {
  const writes = afterKeys(outcome + O_LISTS, VERSION_BYTES);
  let status = putCodes(afterKeys(writes, WORD_BYTES), scratch);
  if (status == 0) status = putValues(writes, <u64>sequence, scratch);
  if (status != 0) return status;
  turnWord(outcome + O_FEE, scratch + AMOUNT);
  return isZeroWord(scratch + AMOUNT) ? 0 : addBalance(coinbase, <u64>sequence, scratch);
}

/** The same for a record of credits (workers/steps.ts): withdrawals and rewards. */
export function applyCredits(record: usize, sequence: f64, scratch: usize): i32 {
  const end = record + <usize>load<u32>(record);
  for (let at = record + 4; at < end; at += ADDRESS_BYTES + WORD_BYTES) {
    turnWord(at + ADDRESS_BYTES, scratch + AMOUNT);
    const status = addBalance(at, <u64>sequence, scratch);
    if (status != 0) return status;
  }
  return 0;
}

export function putCodes(list: usize, scratch: usize): i32 {
  let at = list + 4;
  for (let left = load<u32>(list); left > 0; left--) {
    const length = load<u32>(at, WORD_BYTES);
    turnWord(at, scratch + VALUE);
    const status = internCode(scratch + VALUE, at + CODE_HEAD_BYTES, length);
    if (status != 0) return status;
    at += CODE_HEAD_BYTES + <usize>length;
  }
  return 0;
}

function putValues(list: usize, sequence: u64, scratch: usize): i32 {
  let at = list + 4;
  for (let left = load<u32>(list); left > 0; left--) {
    const kind = <u32>load<u8>(at);
    if (kind == KIND_SLOT) turnWord(at + KEY_BYTES, scratch + SLOT);
    const id = internCell(kind, at + 1, scratch + SLOT);
    if (id < 0) return id;
    at += keyBytes(kind);
    turnWord(at, scratch + VALUE);
    const status = storeValue(id, scratch + VALUE, sequence);
    if (status != 0) return status;
    at += WORD_BYTES;
  }
  return 0;
}

/** Adds the amount in the scratch to an account; geth's balances wrap at 2^256 too. */
export function addBalance(address: usize, sequence: u64, scratch: usize): i32 {
  const id = internCell(KIND_BALANCE, address, 0);
  return id < 0 ? id : addToBalance(id, address, sequence, scratch);
}

/** The same for the coinbase, whose cell is looked for once. */
export function payCoinbase(coinbase: usize, sequence: u64, scratch: usize): i32 {
  const known = load<u32>(coinbase, COINBASE_CELL);
  if (known != <u32>NO_CELL) return addToBalance(known, coinbase, sequence, scratch);
  const id = internCell(KIND_BALANCE, coinbase, 0);
  if (id < 0) return id;
  store<u32>(coinbase, id, COINBASE_CELL);
  return addToBalance(id, coinbase, sequence, scratch);
}

/** The same where the balance's cell is known. */
// Four parameters: what addBalance has, and the cell.
function addToBalance(id: u32, address: usize, sequence: u64, scratch: usize): i32 {
  loadOwn(id, scratch + VALUE);
  if (isZeroWord(scratch + VALUE) && !isZeroWord(scratch + AMOUNT)) {
    const status = clearMark(address, sequence, scratch);
    if (status != 0) return status;
  }
  add(scratch + VALUE, scratch + AMOUNT, scratch + VALUE);
  return storeValue(id, scratch + VALUE, sequence);
}

/**
 * An account that gets a balance no longer exists as an empty one: the 1 in its code cell goes, as
 * it does where a transaction writes the balance itself. Leaves zeros at VALUE.
 */
function clearMark(address: usize, sequence: u64, scratch: usize): i32 {
  const value = scratch + VALUE;
  const id = findCell(KIND_CODE, address, 0);
  if (id == <u32>NO_CELL) return 0;
  loadOwn(id, value);
  const isMark = load<u64>(value) == 1
    && (load<u64>(value, 8) | load<u64>(value, 16) | load<u64>(value, 24)) == 0;
  setWord(value, 0);
  return isMark ? storeValue(id, value, sequence) : 0;
}

/** @returns the offset after a counted list of keys, each followed by `valueBytes` */
function afterKeys(list: usize, valueBytes: usize): usize {
  let at = list + 4;
  for (let left = load<u32>(list); left > 0; left--) at += keyBytes(load<u8>(at)) + valueBytes;
  return at;
}

@inline
function keyBytes(kind: u32): usize {
  return kind == KIND_SLOT ? KEY_BYTES + WORD_BYTES : KEY_BYTES;
}

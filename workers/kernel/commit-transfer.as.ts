/**
 * Committing a plain transfer that the kernel itself executed (transfer.as.ts): what it may be
 * judged by and what it writes is in its transaction record, but for the cells and the price.
 */
import { cellPointer } from "../../state/kernel/arena.as";
import { barrier, loadOwn, lockCell, storeValue, unlockCell } from "../../state/kernel/cells.as";
import { findCell, internCell } from "../../state/kernel/keys.as";
import { isHot } from "../../state/kernel/lines.as";
import { KIND_BALANCE, KIND_CODE, KIND_NONCE, NO_CELL } from "../../state/kernel/map";
import { COINBASE_CELL, payCoinbase } from "./commit.as";
import {
  T_BALANCE_CELL, T_CODE_CELL, T_COST, T_FEE, T_NONCE_CELL, T_RECORD, T_TO_BALANCE_CELL,
  T_TO_CODE_CELL,
} from "./effects-map";
import { R_GAS_LIMIT, R_MAX_FEE, R_NONCE, R_SENDER, R_TO, R_VALUE } from "./record-map";
import { add, lt, sub } from "./u256.as";
import { compareAddress, isZeroWord, setWord } from "./words.as";

/** In the scratch: an amount, then a value. */
const AMOUNT: usize = 32;
const VALUE: usize = 64;

/**
 * The kind of the first cell that makes it another transaction than was executed, or -1.
 * @param isComplete  no cell was made since the batch began: what was absent is
 */
export function staleTransfer(notes: usize, isComplete: bool, scratch: usize): i32 {
  const record = <usize>load<u32>(notes, T_RECORD);
  const sender = record + R_SENDER, to = record + R_TO, value = record + R_VALUE;
  const nonce = load<u32>(notes, T_NONCE_CELL);
  if (!isWord(nonce, KIND_NONCE, sender, load<u64>(record, R_NONCE), isComplete)) return KIND_NONCE;
  if (!isWord(load<u32>(notes, T_CODE_CELL), KIND_CODE, sender, 0, isComplete)) return KIND_CODE;
  if (!isWord(load<u32>(notes, T_TO_CODE_CELL), KIND_CODE, to, 0, isComplete)) return KIND_CODE;
  const bound = scratch + AMOUNT, sum = scratch + VALUE;
  setWord(bound, load<u64>(record, R_GAS_LIMIT) * load<u64>(record, R_MAX_FEE));
  add(bound, value, bound);
  const fromId = cellNow(load<u32>(notes, T_BALANCE_CELL), KIND_BALANCE, sender, isComplete);
  if (fromId == <u32>NO_CELL || lt(cellPointer(fromId), bound)) return KIND_BALANCE;
  const toId = cellNow(load<u32>(notes, T_TO_BALANCE_CELL), KIND_BALANCE, to, isComplete);
  if (toId == <u32>NO_CELL) return -1;
  add(cellPointer(toId), value, sum);
  return lt(sum, value) ? KIND_BALANCE : -1;
}

/** The cell, should it have been made meanwhile. */
// Four parameters: what was known of it, and its key.
@inline
function cellNow(id: u32, kind: u32, address: usize, isComplete: bool): u32 {
  return id == <u32>NO_CELL && !isComplete ? findCell(kind, address, 0) : id;
}

// Five parameters: the cell's key, and what it must hold.
@inline
function isWord(id: u32, kind: u32, address: usize, low: u64, isComplete: bool): bool {
  const now = cellNow(id, kind, address, isComplete);
  if (now == <u32>NO_CELL) return low == 0;
  const cell = cellPointer(now);
  return load<u64>(cell) == low && (load<u64>(cell, 8) | load<u64>(cell, 16)
    | load<u64>(cell, 24)) == 0;
}

/** As applyEffects (commit-effects.as.ts). */
export function applyTransfer(
  notes: usize, coinbase: usize, sequence: u64, scratch: usize,
): i32 {
  forCells(notes, coinbase, true);
  barrier(scratch);
  const status = move(notes, coinbase, sequence, scratch);
  barrier(scratch);
  forCells(notes, coinbase, false);
  return status;
}

/** Locks or unlocks what is written. */
@inline
export function forCells(notes: usize, coinbase: usize, isLocking: bool): void {
  turnLock(load<u32>(notes, T_BALANCE_CELL), isLocking);
  turnLock(load<u32>(notes, T_NONCE_CELL), isLocking);
  turnLock(load<u32>(notes, T_TO_BALANCE_CELL), isLocking);
  turnLock(load<u32>(coinbase, COINBASE_CELL), isLocking);
}

/**
 * A cell that is made only now is locked by itself when it is written. One without a line was not
 * locked: none was free for it.
 */
@inline
export function turnLock(id: u32, isLocking: bool): void {
  if (id == <u32>NO_CELL) return;
  if (isLocking) lockCell(id);
  else if (isHot(id)) unlockCell(id);
}

/** The lower address first, as everywhere: so ids of new cells follow the same order. */
@inline
function move(notes: usize, coinbase: usize, sequence: u64, scratch: usize): i32 {
  const record = <usize>load<u32>(notes, T_RECORD);
  const isCreditFirst = compareAddress(record + R_SENDER, record + R_TO) > 0;
  let status = isCreditFirst ? credit(notes, record, sequence, scratch) : 0;
  if (status == 0) status = debit(notes, record, sequence, scratch);
  if (status == 0 && !isCreditFirst) status = credit(notes, record, sequence, scratch);
  if (status != 0) return status;
  setWord(scratch + AMOUNT, load<u64>(notes, T_FEE));
  return isZeroWord(scratch + AMOUNT) ? 0 : payCoinbase(coinbase, sequence, scratch);
}

function debit(notes: usize, record: usize, sequence: u64, scratch: usize): i32 {
  const sender = record + R_SENDER, value = scratch + VALUE, amount = scratch + AMOUNT;
  const from = load<u32>(notes, T_BALANCE_CELL);
  const id = from == <u32>NO_CELL ? internCell(KIND_BALANCE, sender, 0) : <i32>from;
  if (id < 0) return id;
  setWord(amount, load<u64>(notes, T_COST));
  add(amount, record + R_VALUE, amount);
  loadOwn(id, value);
  sub(value, amount, value);
  const status = storeValue(id, value, sequence);
  if (status != 0) return status;
  const counted = load<u32>(notes, T_NONCE_CELL);
  const nonceId = counted == <u32>NO_CELL ? internCell(KIND_NONCE, sender, 0) : <i32>counted;
  if (nonceId < 0) return nonceId;
  setWord(value, load<u64>(record, R_NONCE) + 1);
  return storeValue(nonceId, value, sequence);
}

function credit(notes: usize, record: usize, sequence: u64, scratch: usize): i32 {
  const value = scratch + VALUE, to = load<u32>(notes, T_TO_BALANCE_CELL);
  const id = to == <u32>NO_CELL ? internCell(KIND_BALANCE, record + R_TO, 0) : <i32>to;
  if (id < 0) return id;
  loadOwn(id, value);
  add(value, record + R_VALUE, value);
  return storeValue(id, value, sequence);
}

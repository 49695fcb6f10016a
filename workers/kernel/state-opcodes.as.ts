/**
 * Opcodes that read or write the state: storage, transient storage, accounts, logs, SELFDESTRUCT.
 * Each takes the frame, the pointer to the top of its stack and the gas left after the opcode's own
 * price, and returns the gas left; below 0 the frame ends. Results go where the loop expects them.
 */
import { codeBytes, codeLength } from "../../state/kernel/code.as";
import { getBlockHash } from "../../state/kernel/hashes.as";
import {
  accountAt, codeOf, giveUp, isEmpty, isFull, needBalance, needValue, slotAt,
} from "./access.as";
import { warmAccount } from "./calls.as";
import { saveAccount, saveSlot, saveTransient } from "./journal.as";
import { touchRange } from "./memory.as";
import { transientAt } from "./transients.as";
import { add, fitsU64, toBytes } from "./u256.as";
import {
  copyAddress, copyBytes, copyWord, isZeroWord, sameWord, setWord, wordToAddress,
} from "./words.as";
import {
  A_BALANCE, A_FLAGS, ABORT_HASH, ABORT_WINDOW, F_MEMORY, F_SELF, F_STATIC, FORK_CANCUN,
  HASH_LINE_BYTES, IS_CREATED, IS_DESTROYED, IS_TOUCHED, IS_WARM, M_ABORT, M_ABORT_NUMBER, M_FORK,
  M_HASHES, M_LOG_COUNT, M_LOGS_END, M_LOGS_TOP, M_NUMBER, M_REFUND, M_SCRATCH, S_FLAGS, S_VALUE,
  S_VALUE_0, T_VALUE,
} from "./map";

/** EIP-2929, EIP-3529. */
const COLD_SLOT_EXTRA: i64 = 2000;
const COLD_SLOT_GAS: i64 = 2100;
const WARM_GAS: i64 = 100;
const SET_GAS: i64 = 20000;
const RESET_GAS: i64 = 2900;
const CLEAR_REFUND: i64 = 4800;
/** EIP-2200: below this a storage write fails, so that a stipend cannot pay for one. */
const WRITE_SENTRY: i64 = 2300;
const LOG_BYTE_GAS: i64 = 8;
const NEW_ACCOUNT_GAS: i64 = 25000;
const COPY_WORD_GAS: i64 = 3;
/** BLOCKHASH reaches back so far. */
const HASHES_BACK: u64 = 256;

export function sload(m: usize, frame: usize, sp: usize, gas: i64): i64 {
  if (isFull(m)) return giveUp(m, ABORT_WINDOW);
  const slot = slotAt(m, <usize>load<u32>(frame, F_SELF), sp);
  const flags = load<u32>(slot, S_FLAGS);
  if (!(flags & IS_WARM)) {
    gas -= COLD_SLOT_EXTRA;
    if (gas < 0) return -1;
    saveSlot(m, slot);
    store<u32>(slot, flags | IS_WARM, S_FLAGS);
  }
  needValue(m, slot);
  copyWord(slot + S_VALUE, sp);
  return gas;
}

export function sstore(m: usize, frame: usize, sp: usize, gas: i64): i64 {
  if (load<u32>(frame, F_STATIC) || gas <= WRITE_SENTRY) return -1;
  if (isFull(m)) return giveUp(m, ABORT_WINDOW);
  const slot = slotAt(m, <usize>load<u32>(frame, F_SELF), sp);
  const flags = load<u32>(slot, S_FLAGS);
  if (!(flags & IS_WARM)) {
    saveSlot(m, slot);
    store<u32>(slot, flags | IS_WARM, S_FLAGS);
    gas -= COLD_SLOT_GAS;
  }
  needValue(m, slot);
  const value = sp + 32, current = slot + S_VALUE;
  if (sameWord(current, value)) return gas - WARM_GAS;
  gas -= chargeChange(m, slot, value);
  if (gas < 0) return -1;
  saveSlot(m, slot);
  copyWord(value, current);
  return gas;
}

/** Gas of a change, and its refund (EIP-2200 as EIP-3529 left it). */
@inline
function chargeChange(m: usize, slot: usize, value: usize): i64 {
  const before = slot + S_VALUE_0, current = slot + S_VALUE;
  const wasZero = isZeroWord(before);
  if (sameWord(before, current)) {
    if (wasZero) return SET_GAS;
    if (isZeroWord(value)) addRefund(m, CLEAR_REFUND);
    return RESET_GAS;
  }
  if (!wasZero) {
    if (isZeroWord(current)) addRefund(m, -CLEAR_REFUND);
    else if (isZeroWord(value)) addRefund(m, CLEAR_REFUND);
  }
  if (sameWord(before, value)) addRefund(m, (wasZero ? SET_GAS : RESET_GAS) - WARM_GAS);
  return WARM_GAS;
}

@inline
function addRefund(m: usize, gas: i64): void {
  store<i64>(m, load<i64>(m, M_REFUND) + gas, M_REFUND);
}

export function tload(m: usize, frame: usize, sp: usize): void {
  const entry = transientAt(m, <usize>load<u32>(frame, F_SELF), sp, false);
  if (entry == 0) setWord(sp, 0);
  else copyWord(entry + T_VALUE, sp);
}

export function tstore(m: usize, frame: usize, sp: usize, gas: i64): i64 {
  if (load<u32>(frame, F_STATIC)) return -1;
  if (isFull(m)) return giveUp(m, ABORT_WINDOW);
  const entry = transientAt(m, <usize>load<u32>(frame, F_SELF), sp, true);
  if (entry == 0) return -1;
  saveTransient(m, entry);
  copyWord(sp + 32, entry + T_VALUE);
  return gas;
}

/** The account that the word at `sp` names, warm and paid for; 0 where gas ran out. */
@inline
function accountOperand(m: usize, sp: usize): usize {
  wordToAddress(sp, m + M_SCRATCH);
  return accountAt(m, m + M_SCRATCH);
}

export function balance(m: usize, sp: usize, gas: i64): i64 {
  if (isFull(m)) return giveUp(m, ABORT_WINDOW);
  const account = accountOperand(m, sp);
  gas = warmAccount(m, account, gas);
  if (gas < 0) return -1;
  needBalance(account);
  copyWord(account + A_BALANCE, sp);
  return gas;
}

export function extCodeSize(m: usize, sp: usize, gas: i64): i64 {
  if (isFull(m)) return giveUp(m, ABORT_WINDOW);
  const account = accountOperand(m, sp);
  gas = warmAccount(m, account, gas);
  if (gas < 0) return -1;
  const code = codeOf(m, account);
  setWord(sp, code == 0 ? 0 : <u64>codeLength(code));
  return load<u32>(m, M_ABORT) == 0 ? gas : -1;
}

export function extCodeHash(m: usize, sp: usize, gas: i64): i64 {
  if (isFull(m)) return giveUp(m, ABORT_WINDOW);
  const account = accountOperand(m, sp);
  gas = warmAccount(m, account, gas);
  if (gas < 0) return -1;
  const code = codeOf(m, account);
  if (code != 0) copyWord(code, sp);
  else if (isEmpty(m, account)) setWord(sp, 0);
  else setEmptyHash(sp);
  return load<u32>(m, M_ABORT) == 0 ? gas : -1;
}

/** keccak256 of nothing. */
function setEmptyHash(out: usize): void {
  store<u64>(out, 0x7bfad8045d85a470);
  store<u64>(out, 0xe500b653ca82273b, 8);
  store<u64>(out, 0x927e7db2dcc703c0, 16);
  store<u64>(out, 0xc5d2460186f7233c, 24);
}

/** Operands: address, memory offset, code offset, length. */
export function extCodeCopy(m: usize, frame: usize, sp: usize, gas: i64): i64 {
  if (isFull(m)) return giveUp(m, ABORT_WINDOW);
  gas = touchRange(m, frame, gas, sp + 32, sp + 96);
  if (gas < 0) return -1;
  const account = accountOperand(m, sp);
  gas = warmAccount(m, account, gas - copyWords(sp + 96));
  if (gas < 0) return -1;
  // Nothing is read of an account whose code is copied by no byte, as in the reference engine.
  if (load<u32>(sp, 96) == 0) return gas;
  const code = codeOf(m, account);
  if (load<u32>(m, M_ABORT) != 0) return -1;
  const bytes: usize = code == 0 ? 0 : codeBytes(code);
  copyIn(frame, sp + 32, bytes, code == 0 ? 0 : codeLength(code));
  return gas;
}

/** Gas of copying the number of bytes that a word says; the word is below 2^32. */
@inline
export function copyWords(length: usize): i64 {
  return COPY_WORD_GAS * <i64>((load<u64>(length) + 31) >> 5);
}

/**
 * Copies into memory that is already there; what lies past the source's end is zeros.
 * @param sp  pointer to three words: memory offset, source offset, length
 */
export function copyIn(frame: usize, sp: usize, source: usize, sourceLength: u32): void {
  const length = load<u32>(sp, 64);
  if (length == 0) return;
  const to = <usize>load<u32>(frame, F_MEMORY) + <usize>load<u32>(sp);
  const from = load<u64>(sp, 32);
  let there: u32 = 0;
  if (fitsU64(sp + 32) && from < <u64>sourceLength) {
    there = min(length, sourceLength - <u32>from);
    copyBytes(to, source + <usize>from, there);
  }
  if (there < length) memory.fill(to + there, 0, length - there);
}

/** BLOCKHASH: one of the last 256 blocks, else 0. */
export function blockHash(m: usize, sp: usize, gas: i64): i64 {
  const now = load<u64>(m, M_NUMBER), number = load<u64>(sp);
  if (!fitsU64(sp) || number >= now || now - number > HASHES_BACK) {
    setWord(sp, 0);
    return gas;
  }
  const line = m + M_HASHES + <usize>(number & 255) * HASH_LINE_BYTES;
  if (load<u64>(line, 8) != 0 && load<u64>(line) == number) copyWord(line + 16, sp);
  else if (!getBlockHash(number, sp)) {
    store<u32>(m, <u32>number, M_ABORT_NUMBER);
    return giveUp(m, ABORT_HASH);
  }
  return gas;
}

/** Logs lie one after the other in the outcome record's own form. */
export function log(m: usize, frame: usize, sp: usize, gas: i64, topics: u32): i64 {
  if (load<u32>(frame, F_STATIC)) return -1;
  gas = touchRange(m, frame, gas, sp, sp + 32);
  if (gas < 0) return -1;
  const length = load<u32>(sp, 32);
  gas -= <i64>length * LOG_BYTE_GAS;
  if (gas < 0) return -1;
  let at = <usize>load<u32>(m, M_LOGS_TOP);
  if (<u64>at + 32 + topics * 32 + length > <u64>load<u32>(m, M_LOGS_END)) {
    return giveUp(m, ABORT_WINDOW);
  }
  copyAddress(<usize>load<u32>(frame, F_SELF), at);
  store<u8>(at, <u8>topics, 20);
  at += 21;
  for (let topic: u32 = 0; topic < topics; topic++, at += 32) {
    toBytes(sp + 64 + (<usize>topic << 5), at);
  }
  store<u32>(at, length);
  copyBytes(at + 4, <usize>load<u32>(frame, F_MEMORY) + <usize>load<u32>(sp), length);
  store<u32>(m, <u32>at + 4 + length, M_LOGS_TOP);
  store<u32>(m, load<u32>(m, M_LOG_COUNT) + 1, M_LOG_COUNT);
  return gas;
}

/** SELFDESTRUCT (EIP-6780 from Cancun on). @returns gas left; the frame then ends well */
export function selfDestruct(m: usize, frame: usize, sp: usize, gas: i64): i64 {
  if (load<u32>(frame, F_STATIC)) return -1;
  if (isFull(m)) return giveUp(m, ABORT_WINDOW);
  const self = <usize>load<u32>(frame, F_SELF);
  const heir = accountOperand(m, sp);
  needBalance(self);
  const hasMoney = !isZeroWord(self + A_BALANCE);
  // A warm heir costs nothing here; a cold one the whole price (EIP-2929).
  if (!(load<u32>(heir, A_FLAGS) & IS_WARM)) gas = warmAccount(m, heir, gas - WARM_GAS);
  if (gas < 0) return -1;
  if (hasMoney && isEmpty(m, heir)) gas -= NEW_ACCOUNT_GAS;
  if (gas < 0 || load<u32>(m, M_ABORT) != 0) return -1;
  saveAccount(m, self);
  const isGone = load<u32>(m, M_FORK) < <u32>FORK_CANCUN
    || (load<u32>(self, A_FLAGS) & IS_CREATED) != 0;
  if (heir != self) {
    saveAccount(m, heir);
    store<u32>(heir, load<u32>(heir, A_FLAGS) | IS_TOUCHED, A_FLAGS);
    needBalance(heir);
    add(heir + A_BALANCE, self + A_BALANCE, heir + A_BALANCE);
  }
  if (heir != self || isGone) setWord(self + A_BALANCE, 0);
  const mark = isGone ? IS_DESTROYED | IS_TOUCHED : IS_TOUCHED;
  store<u32>(self, load<u32>(self, A_FLAGS) | mark, A_FLAGS);
  return gas;
}

/**
 * Messages: what a call, a creation or a transaction starts, and how each ends. A message either is
 * over at once (no code, a precompile, a collision) or opens a frame that the interpreter's loop,
 * or compiled code, runs to its end. Nothing here recurses: frames lie in memory one below the
 * other, so a depth of 1,024 needs no native stack.
 */
import { codeBytes, codeLength } from "../../state/kernel/code.as";
import { firstSlot, nextSlot } from "../../state/kernel/keys.as";
import { loadValue } from "../../state/kernel/cells.as";
import { NO_CELL } from "../../state/kernel/map";
import {
  accountAt, codeCell, codeOf, giveUp, isDelegation, needBalance, needNonce, needValue,
} from "./access.as";
import { newCode } from "./codes.as";
import { compiledLine } from "./compiled.as";
import { saveAccount, undoTo } from "./journal.as";
import { bitmapBytes } from "./jumps.as";
import { clearReturn, setReturn } from "./memory.as";
import { runPrecompile } from "./precompiles.as";
import { add, lt, sub } from "./u256.as";
import { countUse } from "./use.as";
import { addressToWord, copyAddress, copyBytes, copyWord, isZeroWord, setWord } from "./words.as";
import {
  ABORT_HEAD, ABORT_WINDOW, A_BALANCE, A_CODE, A_FLAGS, A_NONCE, A_PRECOMPILE, A_SLOTS,
  COMPILED_GAS_BITS, COMPILED_INDEX, FORK_PRAGUE, FRAME_BYTES, F_CALLER, F_CODE, F_CODES_TOP,
  F_CODE_LENGTH, F_COMPILED, F_DEPTH, F_ENTRY, F_GAS, F_GIVEN, F_INPUT, F_INPUT_LENGTH, F_JUMPS,
  F_KIND, F_LAST_CODE, F_LINE, F_LOGS_TOP, F_LOG_COUNT, F_MARK, F_MEMORY, F_MEMORY_SIZE, F_OUT,
  F_OUT_LENGTH, F_PARENT, F_PC, F_REFUND, F_RESUME, F_SELF, F_SP, F_STATIC, F_VALUE, IS_CODE_NEW,
  IS_CREATED, IS_TOUCHED, IS_WARM, KIND_CREATE, MSG_CALLER, MSG_CODE, MSG_DEPTH, MSG_GAS, MSG_INPUT,
  MSG_INPUT_LENGTH, MSG_KIND, MSG_MEMORY, MSG_PARENT, MSG_PAYER, MSG_SELF, MSG_STACK, MSG_STATIC,
  MSG_VALUE, M_ABORT, M_CODES_TOP, M_FORK, M_IS_HEAD, M_JOURNAL_TOP, M_LAST_CODE, M_LOGS_TOP,
  M_LOG_COUNT, M_MARK, M_NEXT_FRAME, M_REFUND, M_RESULT, M_RESULT_GAS, M_RETURN, M_RETURN_LENGTH,
  M_STACK_FLOOR, RESULT_FAILED, RESULT_OK, STACK_BYTES, S_NEXT, S_VALUE,
} from "./map";

const CODE_BYTE_GAS: i64 = 200;
/** EIP-170. */
const CODE_BYTES_MAX: u32 = 24576;
/** EIP-3541: code may not begin with it. */
const RESERVED_FIRST_BYTE: u32 = 0xef;
const CODE_PADDING: u32 = 40;

/**
 * Starts the message in MSG_...; the caller has checked depth and balance. Afterwards either
 * M_NEXT_FRAME is the frame to run, or the result is there (M_RESULT, M_RESULT_GAS, M_RETURN).
 */
export function startMessage(m: usize): void {
  const mark = load<u32>(m, M_JOURNAL_TOP);
  const markBefore = load<u32>(m, M_MARK);
  store<u32>(m, mark, M_MARK);
  clearReturn(m);
  store<u32>(m, 0, M_NEXT_FRAME);
  const self = <usize>load<u32>(m, MSG_SELF);
  const isCreation = load<u32>(m, MSG_KIND) == KIND_CREATE;
  if (isCreation && !beginCreation(m, self)) {
    return endAtOnce(m, mark, markBefore, RESULT_FAILED, 0);
  }
  const gas = load<i64>(m, MSG_GAS);
  if (!moveValue(m, self)) return endAtOnce(m, mark, markBefore, RESULT_FAILED, gas);
  if (isCreation) {
    if (load<u32>(m, MSG_INPUT_LENGTH) == 0) return endAtOnce(m, mark, markBefore, RESULT_OK, gas);
    return openFrame(m, mark, 0);
  }
  const target = <usize>load<u32>(m, MSG_CODE);
  const precompile = load<u32>(target, A_PRECOMPILE);
  if (precompile != 0) {
    const left = runPrecompile(m, precompile, gas);
    const result = left < 0 ? RESULT_FAILED : RESULT_OK;
    return endAtOnce(m, mark, markBefore, result, max(left, 0));
  }
  const code = codeToRun(m, target);
  if (code == 0) return endAtOnce(m, mark, markBefore, RESULT_OK, gas);
  openFrame(m, mark, code);
}

/** The code of an account, or of the one that it delegates to (EIP-7702). */
@inline
function codeToRun(m: usize, account: usize): usize {
  const code = codeOf(m, account);
  if (code == 0 || load<u32>(m, M_FORK) < <u32>FORK_PRAGUE || !isDelegation(code)) return code;
  const delegate = accountAt(m, codeBytes(code) + 3);
  // A transaction's own target warms it; calls have warmed it before, when they paid for it.
  if (load<u32>(m, MSG_DEPTH) == 0) {
    store<u32>(delegate, load<u32>(delegate, A_FLAGS) | IS_WARM, A_FLAGS);
  }
  return codeOf(m, delegate);
}

function endAtOnce(m: usize, mark: u32, markBefore: u32, result: u32, gas: i64): void {
  if (result == RESULT_FAILED) {
    undoTo(m, mark);
    clearReturn(m);
  }
  store<u32>(m, markBefore, M_MARK);
  store<u32>(m, result, M_RESULT);
  store<i64>(m, gas, M_RESULT_GAS);
}

/** Takes the value from the payer to the account; both are touched. @returns false on overflow */
@inline
function moveValue(m: usize, self: usize): bool {
  const payer = <usize>load<u32>(m, MSG_PAYER);
  if (payer == 0) return true;
  saveAccount(m, self);
  store<u32>(self, load<u32>(self, A_FLAGS) | IS_TOUCHED, A_FLAGS);
  const value = m + MSG_VALUE;
  if (isZeroWord(value)) return true;
  saveAccount(m, payer);
  store<u32>(payer, load<u32>(payer, A_FLAGS) | IS_TOUCHED, A_FLAGS);
  needBalance(payer);
  sub(payer + A_BALANCE, value, payer + A_BALANCE);
  needBalance(self);
  add(self + A_BALANCE, value, self + A_BALANCE);
  return !lt(self + A_BALANCE, value);
}

/** The new account: refused where something is there already (EIP-684, EIP-7610). */
function beginCreation(m: usize, self: usize): bool {
  needNonce(m, self);
  if (load<u64>(self, A_NONCE) != 0 || codeOf(m, self) != 0 || hasStorage(m, self)) return false;
  if (load<u32>(m, M_ABORT) != 0) return false;
  saveAccount(m, self);
  store<u64>(self, 1, A_NONCE);
  store<u32>(self, load<u32>(self, A_FLAGS) | IS_CREATED | IS_TOUCHED, A_FLAGS);
  return true;
}

/** True where any slot of the account is not zero. Committed slots are walked at the head only. */
function hasStorage(m: usize, account: usize): bool {
  let slot = <usize>load<u32>(account, A_SLOTS);
  for (; slot != 0; slot = <usize>load<u32>(slot, S_NEXT)) {
    needValue(m, slot);
    if (!isZeroWord(slot + S_VALUE)) return true;
  }
  const owner = codeCell(account);
  if (owner == <u32>NO_CELL) return false;
  if (!load<u32>(m, M_IS_HEAD)) {
    giveUp(m, ABORT_HEAD);
    return true;
  }
  const word = m + 480;
  let id = firstSlot(owner);
  for (; id != <u32>NO_CELL; id = nextSlot(id)) {
    loadValue(id, word);
    if (!isZeroWord(word)) return true;
  }
  return false;
}

/** @param entry  the code entry, or 0: the input is initcode */
function openFrame(m: usize, mark: u32, entry: usize): void {
  const frame = (<usize>load<u32>(m, MSG_STACK) - FRAME_BYTES) & ~63;
  if (frame - STACK_BYTES < <usize>load<u32>(m, M_STACK_FLOOR)) {
    giveUp(m, ABORT_WINDOW);
    return;
  }
  store<u32>(frame, load<u32>(m, MSG_PARENT), F_PARENT);
  store<u32>(frame, <u32>frame, F_SP);
  store<i64>(frame, load<i64>(m, MSG_GAS), F_GAS);
  store<u32>(frame, 0, F_JUMPS);
  store<u32>(frame, 0, F_MEMORY_SIZE);
  store<u32>(frame, load<u32>(m, MSG_SELF), F_SELF);
  store<u32>(frame, load<u32>(m, MSG_DEPTH), F_DEPTH);
  store<u32>(frame, load<u32>(m, MSG_STATIC), F_STATIC);
  store<u32>(frame, load<u32>(m, MSG_KIND), F_KIND);
  store<u32>(frame, <u32>entry, F_ENTRY);
  copyAddress(m + MSG_CALLER, frame + F_CALLER);
  copyWord(m + MSG_VALUE, frame + F_VALUE);
  store<u32>(frame, mark, F_MARK);
  store<u32>(frame, load<u32>(m, M_CODES_TOP), F_CODES_TOP);
  store<u32>(frame, load<u32>(m, M_LAST_CODE), F_LAST_CODE);
  store<u32>(frame, load<u32>(m, M_LOGS_TOP), F_LOGS_TOP);
  store<u32>(frame, load<u32>(m, M_LOG_COUNT), F_LOG_COUNT);
  store<i64>(frame, load<i64>(m, M_REFUND), F_REFUND);
  const isCompiled = entry != 0 && load<u64>(m, MSG_GAS) >>> COMPILED_GAS_BITS == 0;
  const line = entry == 0 ? <usize>0 : compiledLine(m, entry);
  store<u32>(frame, <u32>line, F_LINE);
  store<u32>(frame, isCompiled && line != 0 ? load<u32>(line, COMPILED_INDEX) : 0, F_COMPILED);
  store<i64>(frame, load<i64>(m, MSG_GAS), F_GIVEN);
  store<u32>(frame, 0, F_RESUME);
  if (entry == 0) placeInitcode(m, frame);
  else {
    store<u32>(frame, <u32>codeBytes(entry), F_CODE);
    store<u32>(frame, codeLength(entry), F_CODE_LENGTH);
    store<u32>(frame, load<u32>(m, MSG_INPUT), F_INPUT);
    store<u32>(frame, load<u32>(m, MSG_INPUT_LENGTH), F_INPUT_LENGTH);
    store<u32>(frame, load<u32>(m, MSG_MEMORY), F_MEMORY);
  }
  store<u32>(frame, load<u32>(frame, F_CODE), F_PC);
  store<u32>(m, <u32>frame, M_NEXT_FRAME);
}

/** Initcode is copied before the frame's memory: its source lacks the padding that a loop needs. */
function placeInitcode(m: usize, frame: usize): void {
  const code = <usize>load<u32>(m, MSG_MEMORY);
  const length = load<u32>(m, MSG_INPUT_LENGTH);
  const end = ((<u32>code + length + CODE_PADDING + bitmapBytes(length) + 8) + 31) & ~31;
  if (end > load<u32>(m, M_RETURN)) {
    giveUp(m, ABORT_WINDOW);
    return;
  }
  memory.copy(code, <usize>load<u32>(m, MSG_INPUT), length);
  memory.fill(code + length, 0, CODE_PADDING);
  store<u32>(frame, <u32>code, F_CODE);
  store<u32>(frame, length, F_CODE_LENGTH);
  store<u32>(frame, <u32>code, F_INPUT);
  store<u32>(frame, 0, F_INPUT_LENGTH);
  store<u32>(frame, end, F_MEMORY);
}

/**
 * Ends a frame. What it returns goes to M_RETURN; a frame with a parent also hands its result over.
 * @param gas  left; ignored where it failed
 * @param from,length  its output, in its memory
 */
// Six parameters: what a frame ends with.
export function endFrame(
  m: usize, frame: usize, result: u32, gas: i64, from: usize, length: u32,
): void {
  const isCreation = load<u32>(frame, F_KIND) == KIND_CREATE;
  if (isCreation && result == RESULT_OK) {
    gas = deposit(m, frame, gas, from, length);
    if (gas < 0) result = RESULT_FAILED;
  }
  if (result != RESULT_OK) takeBack(m, frame);
  if (result == RESULT_FAILED) gas = 0;
  countUse(m, frame, gas);
  const isSilent = result == RESULT_FAILED || (isCreation && result == RESULT_OK);
  const parent = <usize>load<u32>(frame, F_PARENT);
  // The output of a creating transaction is its code; EVM code never sees it.
  setReturn(m, from, isSilent && (parent != 0 || result == RESULT_FAILED) ? 0 : length);
  store<u32>(m, result, M_RESULT);
  store<i64>(m, gas, M_RESULT_GAS);
  if (parent == 0) return;
  store<u32>(m, load<u32>(parent, F_MARK), M_MARK);
  deliver(m, parent, isCreation ? <usize>load<u32>(frame, F_SELF) : <usize>0);
}

/** Puts journal, logs, codes and refunds back to where the frame began. */
function takeBack(m: usize, frame: usize): void {
  undoTo(m, load<u32>(frame, F_MARK));
  store<u32>(m, load<u32>(frame, F_CODES_TOP), M_CODES_TOP);
  store<u32>(m, load<u32>(frame, F_LAST_CODE), M_LAST_CODE);
  store<u32>(m, load<u32>(frame, F_LOGS_TOP), M_LOGS_TOP);
  store<u32>(m, load<u32>(frame, F_LOG_COUNT), M_LOG_COUNT);
  store<i64>(m, load<i64>(frame, F_REFUND), M_REFUND);
}

/** Makes the output the account's code. @returns gas left, or below 0 where it may not be */
function deposit(m: usize, frame: usize, gas: i64, from: usize, length: u32): i64 {
  if (length > CODE_BYTES_MAX) return -1;
  gas -= <i64>length * CODE_BYTE_GAS;
  if (gas < 0) return -1;
  if (length == 0) return gas;
  if (<u32>load<u8>(from) == RESERVED_FIRST_BYTE) return -1;
  const entry = newCode(m, from, length);
  if (entry == 0) return -1;
  const self = <usize>load<u32>(frame, F_SELF);
  saveAccount(m, self);
  store<u32>(self, <u32>entry, A_CODE);
  store<u32>(self, load<u32>(self, A_FLAGS) | IS_CODE_NEW, A_FLAGS);
  return gas;
}

/**
 * The last message's result goes to the frame that started it: gas, the word on its stack, and for
 * a call what fits of the return data. @param created  account entry of a creation, or 0
 */
export function deliver(m: usize, frame: usize, created: usize): void {
  const word = <usize>load<u32>(frame, F_SP);
  const isOk = load<u32>(m, M_RESULT) == RESULT_OK;
  store<i64>(frame, load<i64>(frame, F_GAS) + load<i64>(m, M_RESULT_GAS), F_GAS);
  if (created != 0) {
    if (isOk) addressToWord(created, word);
    else setWord(word, 0);
    return;
  }
  setWord(word, isOk ? 1 : 0);
  const length = min(load<u32>(m, M_RETURN_LENGTH), load<u32>(frame, F_OUT_LENGTH));
  const to = <usize>load<u32>(frame, F_MEMORY) + load<u32>(frame, F_OUT);
  copyBytes(to, <usize>load<u32>(m, M_RETURN), length);
}

/**
 * A whole transaction: validity, the price, the nonce, the message, refunds, the fee. Amounts are
 * words; gas is i64. What makes a transaction not includable is found before anything changes.
 * Sources: Yellow Paper 6, EIP-1559, EIP-2930, EIP-3529, EIP-3607, EIP-3860, EIP-4844, EIP-7623,
 * EIP-7702, EIP-7825.
 */
import {
  accountAt, codeOf, giveUp, isAddress, isDelegation, isFull, makeBlind, needBalance,
  needNonce, slotAt,
} from "./access.as";
import { clearTables, emptyTables } from "./access-tables.as";
import { applyAuthorizations } from "./authorizations.as";
import { noncedAddress } from "./calls.as";
import { foresee } from "./foresight.as";
import { run } from "./interpret.as";
import { floorGas, intrinsicGas, zeroBytes } from "./intrinsic.as";
import { tidyJumps } from "./jumps.as";
import { startMessage } from "./messages.as";
import { settleAccounts } from "./settle.as";
import { clearReturn } from "./memory.as";
import { setPrice, times, TRANSACTION_GAS_MAX } from "./prices.as";
import { NOT_PLAIN, transferStep } from "./transfer.as";
import { add, addLimb, lt, sub, subLimb } from "./u256.as";
import { copyAddress, copyWord, setWord, turnWord } from "./words.as";
import { readAs } from "./base.as";
import { writeEffects, writeRefusedEffects } from "./effects.as";
import { beginEra } from "./known.as";
import { writeOutcome, writeRefusal } from "./outcome.as";
import {
  ABORT_HEAD, ABORT_WINDOW, A_BALANCE, A_FLAGS, A_NONCE, FORK_CANCUN, FORK_OSAKA, FORK_PRAGUE,
  FORK_SHANGHAI, HAS_BALANCE, HAS_CODE, HAS_NONCE, IS_BLIND, IS_TOUCHED, IS_WARM, KIND_CALL,
  KIND_CREATE, MSG_CALLER, MSG_CODE, MSG_DEPTH, MSG_GAS, MSG_INPUT, MSG_INPUT_LENGTH, MSG_KIND,
  MSG_MEMORY, MSG_PARENT, MSG_PAYER, MSG_SELF, MSG_STACK, MSG_STATIC, MSG_VALUE, M_ABORT,
  M_BASE_FEE, M_BLOB_FEE, M_BLOCK_GAS_LIMIT, M_BOUND, M_CODES, M_CODES_TOP, M_COINBASE,
  M_COINBASE_ROW, M_EFFECTS, M_FORK, M_GAS_PRICE, M_GENERATION, M_HAS_EFFECTS, M_IS_CHEAP,
  M_IS_HEAD, M_JOURNAL, M_JOURNAL_TOP, M_LAST_CODE, M_LOGS, M_LOGS_TOP, M_LOG_COUNT, M_MARK,
  M_MEMORY, M_NEXT_FRAME, M_ORIGIN, M_RECORD, M_REFUND, M_RESULT, M_RESULT_GAS, M_SCRATCH,
  M_SCRATCH_2, M_SCRATCH_3, M_STACK_TOP, M_TIP, RESULT_OK, S_FLAGS,
} from "./map";
import {
  IS_CREATION, REASON_FEE_LOW, REASON_FUNDS, REASON_GAS_HIGH, REASON_GAS_LOW, REASON_INITCODE,
  REASON_INVALID, REASON_NONCE_HIGH, REASON_NONCE_LOW, REASON_NOT_EOA, REASON_TYPE, R_ACCESS_LIST,
  R_BLOB_FEE, R_BLOB_HASHES, R_DATA, R_FLAGS, R_GAS_LIMIT, R_MAX_FEE, R_NONCE, R_SENDER, R_TO,
  R_TYPE, R_VALUE, STATUS_FAILED, STATUS_NEEDS_HEAD, STATUS_OK,
} from "./record-map";

const BLOB_GAS: u64 = 131072;
const INITCODE_BYTES_MAX: u32 = 49152;
const REFUND_DIVISOR: i64 = 5;
const SYSTEM_CALL_GAS: i64 = 30000000;
const VALID: i32 = -1;

/** Empties what the transaction before left. */
function begin(m: usize, isHead: bool): void {
  const generation = load<u32>(m, M_GENERATION) + 1;
  store<u32>(m, generation, M_GENERATION);
  if (generation == 0) {
    clearTables(m);
    store<u32>(m, 1, M_GENERATION);
  }
  emptyTables(m);
  beginEra(m);
  store<u32>(m, 0, M_ABORT);
  store<u32>(m, u32(isHead), M_IS_HEAD);
  store<u32>(m, load<u32>(m, M_JOURNAL), M_JOURNAL_TOP);
  store<u32>(m, load<u32>(m, M_LOGS), M_LOGS_TOP);
  store<u32>(m, load<u32>(m, M_CODES), M_CODES_TOP);
  store<u32>(m, 0, M_LOG_COUNT);
  store<u32>(m, 0, M_LAST_CODE);
  store<u32>(m, 0, M_MARK);
  store<u32>(m, 0, M_NEXT_FRAME);
  store<u32>(m, 0, M_COINBASE_ROW);
  store<i64>(m, 0, M_REFUND);
  clearReturn(m);
  tidyJumps(m);
}

/**
 * Executes a transaction record at `record` and writes the outcome record to [out, end).
 * @returns its length; NO_ROOM where it does not fit; -ABORT_... where another engine, or the same
 *          with a hash at hand, has to do it
 */
export function executeTransaction(
  m: usize, record: usize, out: usize, end: usize, isHead: bool,
): i32 {
  begin(m, isHead);
  store<u32>(m, <u32>record, M_RECORD);
  copyAddress(record + R_SENDER, m + M_ORIGIN);
  const sender = accountAt(m, record + R_SENDER);
  const zeros = zeroBytes(record);
  const intrinsic = intrinsicGas(m, record, zeros), floor = floorGas(m, record, zeros);
  const reason = refuse(m, record, sender, max(intrinsic, floor));
  if (load<u32>(m, M_ABORT) != 0) return aborted(m, out, end);
  if (reason != VALID) return endRefused(m, out, end, <u32>reason);
  pay(m, record, sender);
  if (!warmList(m, record, sender)) return aborted(m, out, end);
  let refund = applyAuthorizations(m, record);
  const gasLimit = load<i64>(record, R_GAS_LIMIT);
  const created = prepareMessage(m, record, sender, gasLimit - intrinsic);
  runMessage(m);
  if (load<u32>(m, M_ABORT) != 0) return aborted(m, out, end);
  refund += load<i64>(m, M_REFUND);
  let spent = gasLimit - load<i64>(m, M_RESULT_GAS);
  spent -= min(refund, spent / REFUND_DIVISOR);
  spent = max(spent, floor);
  payBack(m, sender, gasLimit - spent);
  payFee(m, spent);
  settleAccounts(m);
  if (load<u32>(m, M_ABORT) != 0) return aborted(m, out, end);
  const status = load<u32>(m, M_RESULT) == RESULT_OK ? STATUS_OK : STATUS_FAILED;
  if (load<u32>(m, M_HAS_EFFECTS)) return writeEffects(m, out, end, status, spent, created);
  return writeOutcome(m, out, end, status, spent, created);
}

@inline
function endRefused(m: usize, out: usize, end: usize, reason: u32): i32 {
  if (load<u32>(m, M_HAS_EFFECTS)) return writeRefusedEffects(m, out, end, reason);
  return writeRefusal(m, out, end, reason);
}

/**
 * The same as a step of a batch, for the scheduler: the outcome record has neither reads nor
 * writes; they are noted at M_EFFECTS, behind it.
 * @param epoch  of the open batch; 0: at the head, where the reads are not noted either
 */
export function runStep(
  m: usize, record: usize, out: usize, end: usize, epoch: u32, step: u32,
): i32 {
  readAs(epoch, step, epoch == 0);
  store<u32>(m, 1, M_HAS_EFFECTS);
  store<u32>(m, 0, M_EFFECTS);
  store<u32>(m, u32(epoch == 0), M_IS_HEAD);
  foresee(m, step);
  let bytes = transferStep(m, record, out, end);
  if (bytes == NOT_PLAIN) bytes = executeTransaction(m, record, out, end, epoch == 0);
  store<u32>(m, 0, M_HAS_EFFECTS);
  readAs(0, 0, false);
  return bytes;
}

/** A needs-head outcome is an answer; the other reasons are the engine's to act on. */
function aborted(m: usize, out: usize, end: usize): i32 {
  const why = load<u32>(m, M_ABORT);
  if (why != ABORT_HEAD) return -<i32>why;
  setWord(m + M_SCRATCH, 0);
  store<u32>(m, 0, M_LOG_COUNT);
  return writeRefusal(m, out, end, <u32>STATUS_NEEDS_HEAD << 8);
}

/** Why the transaction may not be in the block, or VALID; in the reference engine's order. */
@inline
function refuse(m: usize, record: usize, sender: usize, gasNeeded: i64): i32 {
  const type = load<u8>(record, R_TYPE), fork = load<u32>(m, M_FORK);
  const gasLimit = load<u64>(record, R_GAS_LIMIT);
  if (gasLimit > load<u64>(m, M_BLOCK_GAS_LIMIT)) return REASON_GAS_HIGH;
  if (fork >= <u32>FORK_OSAKA && gasLimit > TRANSACTION_GAS_MAX) return REASON_GAS_HIGH;
  const typesEnd: u32 = fork >= <u32>FORK_PRAGUE ? 5 : fork >= <u32>FORK_CANCUN ? 4 : 3;
  if (type >= typesEnd) return REASON_TYPE;
  if (
    load<u8>(record, R_FLAGS) & IS_CREATION && fork >= <u32>FORK_SHANGHAI
    && load<u32>(record, R_DATA + 4) > INITCODE_BYTES_MAX
  ) return REASON_INITCODE;
  if (<i64>gasLimit < gasNeeded) return REASON_GAS_LOW;
  if (lt(record + R_MAX_FEE, m + M_BASE_FEE)) return REASON_FEE_LOW;
  return refuseSender(m, record, sender, gasLimit);
}

@inline
function refuseSender(m: usize, record: usize, sender: usize, gasLimit: u64): i32 {
  const nonce = load<u64>(record, R_NONCE);
  const isBlind = load<u32>(m, M_HAS_EFFECTS) && !load<u32>(m, M_IS_HEAD)
    && !isAddress(sender, m + M_COINBASE);
  if (isBlind) makeBlind(sender, nonce);
  else {
    needNonce(m, sender);
    needBalance(sender);
  }
  const code = codeOf(m, sender);
  if (code != 0 && !(load<u32>(m, M_FORK) >= <u32>FORK_PRAGUE && isDelegation(code))) {
    return REASON_NOT_EOA;
  }
  setPrice(m, record, gasLimit);
  // Who can pay the highest price can pay the one that is asked for.
  if (load<u8>(record, R_TYPE) == 3) {
    if (!canPay(m, record, sender, m + M_GAS_PRICE, gasLimit, false)) return REASON_FUNDS;
    if (lt(record + R_BLOB_FEE, m + M_BLOB_FEE)) return REASON_INVALID;
    if (!canPay(m, record, sender, record + R_MAX_FEE, gasLimit, true)) return REASON_FUNDS;
  } else if (!canPay(m, record, sender, record + R_MAX_FEE, gasLimit, false)) return REASON_FUNDS;
  const expected = load<u64>(sender, A_NONCE);
  if (nonce != expected) return nonce < expected ? REASON_NONCE_LOW : REASON_NONCE_HIGH;
  return nonce == u64.MAX_VALUE ? REASON_INVALID : VALID;
}

/**
 * Whether the balance covers value, gas at this price and, where asked, blobs at their maximum. For
 * a blind sender it is noted what it has to cover; of two prices the second is not below the first.
 */
// Six parameters: two prices are asked for.
function canPay(
  m: usize, record: usize, sender: usize, price: usize, gasLimit: u64, withBlobs: bool,
): bool {
  const cost = m + M_SCRATCH, value = record + R_VALUE;
  if (load<u32>(m, M_IS_CHEAP)) setWord(cost, load<u64>(price) * gasLimit);
  else if (!times(price, gasLimit, cost)) return false;
  add(cost, value, cost);
  if (lt(cost, value)) return false;
  if (withBlobs) {
    const blobs = m + M_SCRATCH_2;
    if (!times(record + R_BLOB_FEE, BLOB_GAS * load<u32>(record, R_BLOB_HASHES + 4), blobs)) {
      return false;
    }
    add(cost, blobs, cost);
    if (lt(cost, blobs)) return false;
  }
  if (!(load<u32>(sender, A_FLAGS) & IS_BLIND)) return !lt(sender + A_BALANCE, cost);
  copyWord(cost, m + M_BOUND);
  return true;
}

/** Buys the gas and the blobs; the nonce counts up. */
@inline
function pay(m: usize, record: usize, sender: usize): void {
  const cost = m + M_SCRATCH, balance = sender + A_BALANCE;
  const gasLimit = load<u64>(record, R_GAS_LIMIT);
  if (load<u32>(m, M_IS_CHEAP)) subLimb(balance, load<u64>(m, M_GAS_PRICE) * gasLimit);
  else {
    times(m + M_GAS_PRICE, gasLimit, cost);
    sub(balance, cost, balance);
  }
  if (load<u8>(record, R_TYPE) == 3) {
    times(m + M_BLOB_FEE, BLOB_GAS * load<u32>(record, R_BLOB_HASHES + 4), cost);
    sub(balance, cost, balance);
  }
  store<u64>(sender, load<u64>(sender, A_NONCE) + 1, A_NONCE);
  store<u32>(sender, load<u32>(sender, A_FLAGS) | IS_TOUCHED | IS_WARM, A_FLAGS);
}

/** EIP-2930: the access list is warm. @returns false where it does not fit */
function warmList(m: usize, record: usize, sender: usize): bool {
  let at = record + <usize>load<u32>(record, R_ACCESS_LIST);
  for (let left = load<u32>(record, R_ACCESS_LIST + 4); left > 0; left--) {
    if (isFull(m)) return giveUp(m, ABORT_WINDOW) == 0;
    const account = accountAt(m, at);
    warm(account);
    let slots = load<u32>(at, 20);
    at += 24;
    for (; slots > 0; slots--, at += 32) {
      if (isFull(m)) return giveUp(m, ABORT_WINDOW) == 0;
      turnWord(at, m + M_SCRATCH);
      const slot = slotAt(m, account, m + M_SCRATCH);
      store<u32>(slot, load<u32>(slot, S_FLAGS) | IS_WARM, S_FLAGS);
    }
  }
  return true;
}

@inline
function warm(account: usize): void {
  store<u32>(account, load<u32>(account, A_FLAGS) | IS_WARM, A_FLAGS);
}

/** @returns the account to be created, or 0 */
@inline
function prepareMessage(m: usize, record: usize, sender: usize, gas: i64): usize {
  const isCreation = (load<u8>(record, R_FLAGS) & IS_CREATION) != 0;
  if (isCreation) noncedAddress(m, sender, load<u64>(record, R_NONCE));
  else copyAddress(record + R_TO, m + M_SCRATCH);
  const target = accountAt(m, m + M_SCRATCH);
  warm(target);
  store<u32>(m, isCreation ? KIND_CREATE : KIND_CALL, MSG_KIND);
  store<u32>(m, <u32>target, MSG_SELF);
  store<u32>(m, <u32>target, MSG_CODE);
  store<u32>(m, <u32>sender, MSG_PAYER);
  store<u32>(m, <u32>record + load<u32>(record, R_DATA), MSG_INPUT);
  store<u32>(m, load<u32>(record, R_DATA + 4), MSG_INPUT_LENGTH);
  store<i64>(m, gas, MSG_GAS);
  copyWord(record + R_VALUE, m + MSG_VALUE);
  copyAddress(sender, m + MSG_CALLER);
  return isCreation ? target : 0;
}

/** The outermost message, from where frames begin. */
function runMessage(m: usize): void {
  if (load<u32>(m, M_ABORT) != 0) return;
  store<u32>(m, 0, MSG_STATIC);
  store<u32>(m, 0, MSG_DEPTH);
  store<u32>(m, 0, MSG_PARENT);
  store<u32>(m, load<u32>(m, M_STACK_TOP), MSG_STACK);
  store<u32>(m, load<u32>(m, M_MEMORY), MSG_MEMORY);
  startMessage(m);
  const frame = <usize>load<u32>(m, M_NEXT_FRAME);
  if (frame != 0 && load<u32>(m, M_ABORT) == 0) run(m, frame);
  store<u32>(m, 0, M_MARK);
}

@inline
function payBack(m: usize, sender: usize, gas: i64): void {
  const amount = m + M_SCRATCH;
  if (load<u32>(m, M_IS_CHEAP)) {
    return addLimb(sender + A_BALANCE, load<u64>(m, M_GAS_PRICE) * <u64>gas);
  }
  times(m + M_GAS_PRICE, <u64>gas, amount);
  add(sender + A_BALANCE, amount, sender + A_BALANCE);
}

/**
 * The coinbase's part stays apart, in M_SCRATCH_3, to be added blindly at commit: so it conflicts
 * with nobody. A transaction that has to do with the coinbase itself adds it like any other.
 */
@inline
function payFee(m: usize, spent: i64): void {
  const fee = m + M_SCRATCH_3;
  if (load<u32>(m, M_IS_CHEAP)) setWord(fee, load<u64>(m, M_TIP) * <u64>spent);
  else times(m + M_TIP, <u64>spent, fee);
  const coinbase = <usize>load<u32>(m, M_COINBASE_ROW);
  if (coinbase == 0) return;
  const flags = load<u32>(coinbase, A_FLAGS);
  if (!(flags & (HAS_BALANCE | HAS_NONCE | HAS_CODE | IS_TOUCHED))) return;
  needBalance(coinbase);
  add(coinbase + A_BALANCE, fee, coinbase + A_BALANCE);
  store<u32>(coinbase, flags | IS_TOUCHED | HAS_BALANCE, A_FLAGS);
  setWord(fee, 0);
}

/**
 * A call of the block itself, at the head: no fee, no nonce, gas of its own (EIP-4788, EIP-2935).
 * @param call  caller (20 raw bytes, padded to 24), callee (the same), then the input
 */
export function executeSystemCall(
  m: usize, call: usize, length: u32, out: usize, end: usize,
): i32 {
  begin(m, true);
  store<u32>(m, 0, M_RECORD);
  setWord(m + M_GAS_PRICE, 0);
  setWord(m + MSG_VALUE, 0);
  setWord(m + M_SCRATCH_3, 0);
  copyAddress(call, m + M_ORIGIN);
  copyAddress(call, m + MSG_CALLER);
  const caller = accountAt(m, call);
  const target = accountAt(m, call + 24);
  store<u32>(caller, load<u32>(caller, A_FLAGS) | IS_TOUCHED, A_FLAGS);
  store<u32>(m, KIND_CALL, MSG_KIND);
  store<u32>(m, <u32>target, MSG_SELF);
  store<u32>(m, <u32>target, MSG_CODE);
  store<u32>(m, <u32>caller, MSG_PAYER);
  store<u32>(m, <u32>call + 48, MSG_INPUT);
  store<u32>(m, length, MSG_INPUT_LENGTH);
  store<i64>(m, SYSTEM_CALL_GAS, MSG_GAS);
  runMessage(m);
  if (load<u32>(m, M_ABORT) != 0) return aborted(m, out, end);
  settleAccounts(m);
  if (load<u32>(m, M_ABORT) != 0) return aborted(m, out, end);
  const status = load<u32>(m, M_RESULT) == RESULT_OK ? STATUS_OK : STATUS_FAILED;
  return writeOutcome(m, out, end, status, 0, 0);
}

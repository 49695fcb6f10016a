/**
 * CALL, CALLCODE, DELEGATECALL, STATICCALL, CREATE and CREATE2: gas, warmth and the message. Each
 * takes the frame, the pointer to the top of its stack and the gas left, and returns the gas left
 * (below 0: the frame ends). Where M_NEXT_FRAME is set afterwards, that frame runs first and hands
 * its result over (messages.as.ts deliver); else the result is on the stack already. F_SP is then
 * the new top.
 */
import { codeBytes } from "../../state/kernel/code.as";
import {
  accountAt, codeOf, giveUp, isDelegation, isEmpty, isFull, needBalance, needNonce,
} from "./access.as";
import { keccak256 } from "./keccak.as";
import { saveAccount } from "./journal.as";
import { deliver, startMessage } from "./messages.as";
import { clearReturn, touchRange } from "./memory.as";
import { fitsU64, lt, toBytes } from "./u256.as";
import { copyAddress, copyWord, isZeroWord, setWord, wordToAddress } from "./words.as";
import {
  A_BALANCE, A_FLAGS, A_NONCE, A_PRECOMPILE, ABORT_WINDOW, F_CALLER, F_DEPTH, F_GAS, F_MEMORY,
  F_MEMORY_SIZE, F_OUT, F_OUT_LENGTH, F_SELF, F_SP, F_STATIC, F_VALUE, FORK_PRAGUE, FORK_SHANGHAI,
  IS_TOUCHED, IS_WARM, KIND_CALL, KIND_CREATE, M_ABORT, M_BYTES, M_FORK, M_NEXT_FRAME, M_SCRATCH,
  MSG_CALLER, MSG_CODE, MSG_DEPTH, MSG_GAS, MSG_INPUT, MSG_INPUT_LENGTH, MSG_KIND, MSG_MEMORY,
  MSG_PARENT, MSG_PAYER, MSG_SELF, MSG_STACK, MSG_STATIC, MSG_VALUE,
} from "./map";
import { OP_CALL, OP_CALLCODE, OP_CREATE2, OP_DELEGATECALL, OP_STATICCALL } from "./opcodes";

const DEPTH_MAX: u32 = 1024;
/** EIP-2929: what a cold account costs above the warm price, which the opcode's own gas has. */
const COLD_ACCOUNT_EXTRA: i64 = 2500;
const VALUE_GAS: i64 = 9000;
const NEW_ACCOUNT_GAS: i64 = 25000;
const STIPEND: i64 = 2300;
const WORD_HASH_GAS: i64 = 6;
const WORD_INITCODE_GAS: i64 = 2;
/** EIP-3860. */
const INITCODE_BYTES_MAX: u64 = 49152;

/** Warms an account. @returns gas left after the cold surcharge */
export function warmAccount(m: usize, account: usize, gas: i64): i64 {
  const flags = load<u32>(account, A_FLAGS);
  if (flags & IS_WARM) return gas;
  saveAccount(m, account);
  store<u32>(account, flags | IS_WARM, A_FLAGS);
  return gas - COLD_ACCOUNT_EXTRA;
}

/** The four kinds of calls. @param op  which */
export function callOpcode(m: usize, frame: usize, sp: usize, gas: i64, op: u32): i64 {
  const hasValue = op == OP_CALL || op == OP_CALLCODE;
  const value = sp + 64;
  const range = hasValue ? sp + 96 : sp + 64;
  const isPaying = hasValue && !isZeroWord(value);
  if (isPaying && op == OP_CALL && load<u32>(frame, F_STATIC)) return -1;
  if (isFull(m)) return giveUp(m, ABORT_WINDOW);
  gas = touchRange(m, frame, gas, range, range + 32);
  if (gas < 0) return -1;
  gas = touchRange(m, frame, gas, range + 64, range + 96);
  if (gas < 0) return -1;
  wordToAddress(sp + 32, m + M_SCRATCH);
  const target = accountAt(m, m + M_SCRATCH);
  gas = warmAccount(m, target, gas);
  if (isPaying) gas -= VALUE_GAS;
  if (gas < 0) return -1;
  if (isPaying && op == OP_CALL && isEmpty(m, target)) gas -= NEW_ACCOUNT_GAS;
  gas = chargeDelegation(m, target, gas);
  if (gas < 0 || load<u32>(m, M_ABORT) != 0) return -1;
  // EIP-150: all but one 64th at most.
  const most = gas - (gas >> 6);
  let given = fitsU64(sp) && load<u64>(sp) < <u64>most ? <i64>load<u64>(sp) : most;
  gas -= given;
  if (isPaying) given += STIPEND;
  store<i64>(frame, gas, F_GAS);
  store<u32>(frame, <u32>range + 96, F_SP);
  store<u32>(frame, load<u32>(range, 64), F_OUT);
  store<u32>(frame, load<u32>(range, 96), F_OUT_LENGTH);
  return sendCall(m, frame, target, given, op, value, range);
}

/** EIP-7702: a delegation is followed, and its target paid for and warmed. */
function chargeDelegation(m: usize, target: usize, gas: i64): i64 {
  if (load<u32>(m, M_FORK) < <u32>FORK_PRAGUE || load<u32>(target, A_PRECOMPILE) != 0) return gas;
  const code = codeOf(m, target);
  if (code == 0 || !isDelegation(code)) return gas;
  const delegate = accountAt(m, codeBytes(code) + 3);
  return warmAccount(m, delegate, gas - 100);
}

// Seven parameters: they were all read in the course of charging for them.
function sendCall(
  m: usize, frame: usize, target: usize, given: i64, op: u32, value: usize, range: usize,
): i64 {
  const self = <usize>load<u32>(frame, F_SELF);
  const hasValue = op == OP_CALL || op == OP_CALLCODE;
  clearReturn(m);
  store<u32>(m, 0, M_NEXT_FRAME);
  if (load<u32>(frame, F_DEPTH) >= DEPTH_MAX || (hasValue && !canPay(self, value))) {
    setWord(<usize>load<u32>(frame, F_SP), 0);
    return load<i64>(frame, F_GAS) + given;
  }
  store<u32>(m, KIND_CALL, MSG_KIND);
  store<u32>(m, op == OP_STATICCALL ? 1 : load<u32>(frame, F_STATIC), MSG_STATIC);
  const isOwnState = op == OP_CALLCODE || op == OP_DELEGATECALL;
  store<u32>(m, <u32>(isOwnState ? self : target), MSG_SELF);
  store<u32>(m, <u32>target, MSG_CODE);
  store<u32>(m, load<u32>(frame, F_MEMORY) + load<u32>(range), MSG_INPUT);
  store<u32>(m, load<u32>(range, 32), MSG_INPUT_LENGTH);
  store<u32>(m, op == OP_DELEGATECALL ? 0 : <u32>self, MSG_PAYER);
  if (op == OP_DELEGATECALL) {
    copyWord(frame + F_VALUE, m + MSG_VALUE);
    copyAddress(frame + F_CALLER, m + MSG_CALLER);
  } else {
    if (hasValue) copyWord(value, m + MSG_VALUE);
    else setWord(m + MSG_VALUE, 0);
    copyAddress(self, m + MSG_CALLER);
  }
  store<i64>(m, given, MSG_GAS);
  return send(m, frame, 0);
}

@inline
function canPay(self: usize, value: usize): bool {
  if (isZeroWord(value)) return true;
  needBalance(self);
  return !lt(self + A_BALANCE, value);
}

/** What all messages of a frame have in common. @param created  account entry, or 0 for a call */
function send(m: usize, frame: usize, created: usize): i64 {
  store<u32>(m, load<u32>(frame, F_DEPTH) + 1, MSG_DEPTH);
  store<u32>(m, <u32>frame, MSG_PARENT);
  store<u32>(m, load<u32>(frame, F_SP), MSG_STACK);
  store<u32>(m, load<u32>(frame, F_MEMORY) + load<u32>(frame, F_MEMORY_SIZE), MSG_MEMORY);
  startMessage(m);
  if (load<u32>(m, M_ABORT) != 0) return -1;
  if (load<u32>(m, M_NEXT_FRAME) == 0) deliver(m, frame, created);
  return load<i64>(frame, F_GAS);
}

/** CREATE and CREATE2. */
export function createOpcode(m: usize, frame: usize, sp: usize, gas: i64, op: u32): i64 {
  if (load<u32>(frame, F_STATIC)) return -1;
  if (isFull(m)) return giveUp(m, ABORT_WINDOW);
  gas = touchRange(m, frame, gas, sp + 32, sp + 64);
  if (gas < 0) return -1;
  const length = load<u64>(sp, 64);
  const words = <i64>((length + 31) >> 5);
  if (load<u32>(m, M_FORK) >= <u32>FORK_SHANGHAI) {
    if (length > INITCODE_BYTES_MAX) return -1;
    gas -= words * WORD_INITCODE_GAS;
  }
  if (op == OP_CREATE2) gas -= words * WORD_HASH_GAS;
  if (gas < 0) return -1;
  const given = gas - (gas >> 6);
  store<i64>(frame, gas - given, F_GAS);
  store<u32>(frame, <u32>sp + (op == OP_CREATE2 ? 96 : 64), F_SP);
  store<u32>(frame, 0, F_OUT_LENGTH);
  clearReturn(m);
  store<u32>(m, 0, M_NEXT_FRAME);
  const self = <usize>load<u32>(frame, F_SELF);
  needNonce(m, self);
  if (
    load<u32>(frame, F_DEPTH) >= DEPTH_MAX || !canPay(self, sp)
    || load<u64>(self, A_NONCE) == u64.MAX_VALUE
  ) {
    setWord(<usize>load<u32>(frame, F_SP), 0);
    return gas;
  }
  return sendCreation(m, frame, sp, given, op);
}

function sendCreation(m: usize, frame: usize, sp: usize, given: i64, op: u32): i64 {
  const self = <usize>load<u32>(frame, F_SELF);
  const input = <usize>load<u32>(frame, F_MEMORY) + <usize>load<u32>(sp, 32);
  const length = load<u32>(sp, 64);
  copyWord(sp, m + MSG_VALUE);
  if (op == OP_CREATE2) saltedAddress(m, self, sp + 96, input, length);
  else noncedAddress(m, self, load<u64>(self, A_NONCE));
  const created = accountAt(m, m + M_SCRATCH);
  // Neither the nonce nor the warmth goes back when the creation fails.
  saveAccount(m, self);
  store<u64>(self, load<u64>(self, A_NONCE) + 1, A_NONCE);
  store<u32>(self, load<u32>(self, A_FLAGS) | IS_TOUCHED, A_FLAGS);
  saveAccount(m, created);
  store<u32>(created, load<u32>(created, A_FLAGS) | IS_WARM, A_FLAGS);
  store<u32>(m, KIND_CREATE, MSG_KIND);
  store<u32>(m, 0, MSG_STATIC);
  store<u32>(m, <u32>created, MSG_SELF);
  store<u32>(m, <u32>created, MSG_CODE);
  store<u32>(m, <u32>input, MSG_INPUT);
  store<u32>(m, length, MSG_INPUT_LENGTH);
  store<u32>(m, <u32>self, MSG_PAYER);
  copyAddress(self, m + MSG_CALLER);
  store<i64>(m, given, MSG_GAS);
  return send(m, frame, created);
}

/** keccak256(rlp([creator, nonce])), its last 20 bytes to M_SCRATCH. */
export function noncedAddress(m: usize, creator: usize, nonce: u64): void {
  const rlp = m + M_BYTES;
  store<u8>(rlp, 0x94, 1);
  copyAddress(creator, rlp + 2);
  let length: u32 = 22;
  if (nonce < 0x80) {
    store<u8>(rlp, nonce == 0 ? 0x80 : <u8>nonce, 22);
    length = 23;
  } else {
    const bytes = 8 - (<u32>i64.clz(nonce) >> 3);
    store<u8>(rlp, <u8>(0x80 + bytes), 22);
    store<u64>(rlp, bswap(nonce << ((8 - bytes) << 3)), 23);
    length = 23 + bytes;
  }
  store<u8>(rlp, <u8>(0xc0 + length - 1));
  keccak256(rlp, length, m + M_SCRATCH);
  wordToAddress(m + M_SCRATCH, m + M_SCRATCH);
}

/** EIP-1014: keccak256(0xff, creator, salt, keccak256(initcode)), to M_SCRATCH. */
function saltedAddress(m: usize, creator: usize, salt: usize, code: usize, length: u32): void {
  const bytes = m + M_BYTES;
  store<u8>(bytes, 0xff);
  copyAddress(creator, bytes + 1);
  toBytes(salt, bytes + 21);
  keccak256(code, length, bytes + 64);
  toBytes(bytes + 64, bytes + 53);
  keccak256(bytes, 85, m + M_SCRATCH);
  wordToAddress(m + M_SCRATCH, m + M_SCRATCH);
}

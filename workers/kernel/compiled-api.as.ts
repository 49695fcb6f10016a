/**
 * What compiled code calls (workers/compiler/kernel-functions.ts): the opcodes that touch state,
 * accounts, calldata and code, division and the like. As for the interpreter, `sp` points to the
 * top of the operands, results go where the opcode's result belongs, and gas below 0 ends the
 * frame.
 */
import { needBalance } from "./access.as";
import { growInline, tooFar, touchRange } from "./memory.as";
import { copyIn, copyWords } from "./state-opcodes.as";
import { fitsU32 } from "./u256.as";
import { copyBytes, copyWord, setWord, turnWord } from "./words.as";
import {
  A_BALANCE, F_CODE, F_CODE_LENGTH, F_INPUT, F_INPUT_LENGTH, F_MEMORY, F_MEMORY_SIZE, F_SELF,
  M_RETURN, M_RETURN_LENGTH,
} from "./map";

export {
  balance, blockHash, extCodeCopy, extCodeHash, extCodeSize, log, selfDestruct, sload, sstore,
  tload, tstore,
} from "./state-opcodes.as";
export { callOpcode, createOpcode } from "./calls.as";
export { hashMessage } from "./places.as";
export { blobHash } from "./interpret.as";
export { addmod, clz, div, exp, mod, mulmod, sdiv, signExtend, smod } from "./u256.as";

export function selfBalance(frame: usize, out: usize): void {
  const self = <usize>load<u32>(frame, F_SELF);
  needBalance(self);
  copyWord(self + A_BALANCE, out);
}

/** Charges for [offset, offset + length); either may be any u64, above 2^32 for "too large". */
export function touch(m: usize, frame: usize, gas: i64, offset: u64, length: u64): i64 {
  if (length == 0) return gas;
  if ((offset | length) >>> 32 != 0) return tooFar(m, gas);
  const end = offset + length;
  return end <= <u64>load<u32>(frame, F_MEMORY_SIZE) ? gas : growInline(m, frame, gas, end);
}

/** 32 bytes of the input from an offset on, to a word; zeros behind its end. */
export function callDataWord(frame: usize, offset: u64, out: usize): void {
  const length = <u64>load<u32>(frame, F_INPUT_LENGTH);
  if (offset >= length) return setWord(out, 0);
  const from = <usize>load<u32>(frame, F_INPUT) + <usize>offset;
  const there = length - offset;
  if (there >= 32) return turnWord(from, out);
  setWord(out, 0);
  copyBytes(out, from, <usize>there);
  turnWord(out, out);
}

/** Operands: memory offset, source offset, length. */
@inline
function copyFrom(
  m: usize, frame: usize, sp: usize, gas: i64, source: usize, length: u32,
): i64 {
  gas = touchRange(m, frame, gas, sp, sp + 64);
  if (gas < 0) return -1;
  gas -= copyWords(sp + 64);
  if (gas < 0) return -1;
  copyIn(frame, sp, source, length);
  return gas;
}

export function callDataCopy(m: usize, frame: usize, sp: usize, gas: i64): i64 {
  const from = <usize>load<u32>(frame, F_INPUT);
  return copyFrom(m, frame, sp, gas, from, load<u32>(frame, F_INPUT_LENGTH));
}

export function codeCopy(m: usize, frame: usize, sp: usize, gas: i64): i64 {
  const from = <usize>load<u32>(frame, F_CODE);
  return copyFrom(m, frame, sp, gas, from, load<u32>(frame, F_CODE_LENGTH));
}

/** EIP-211: a range beyond what was returned is a failure. */
export function returnDataCopy(m: usize, frame: usize, sp: usize, gas: i64): i64 {
  const there = <u64>load<u32>(m, M_RETURN_LENGTH);
  if (!fitsU32(sp + 32) || !fitsU32(sp + 64)) return -1;
  if (load<u64>(sp, 32) + load<u64>(sp, 64) > there) return -1;
  return copyFrom(m, frame, sp, gas, <usize>load<u32>(m, M_RETURN), <u32>there);
}

/** MCOPY (EIP-5656): both ranges are paid for. */
export function memoryCopy(m: usize, frame: usize, sp: usize, gas: i64): i64 {
  gas = touchRange(m, frame, gas, sp, sp + 64);
  if (gas < 0) return -1;
  gas = touchRange(m, frame, gas, sp + 32, sp + 64);
  if (gas < 0) return -1;
  gas -= copyWords(sp + 64);
  if (gas < 0) return -1;
  const base = <usize>load<u32>(frame, F_MEMORY);
  copyBytes(base + <usize>load<u32>(sp), base + <usize>load<u32>(sp, 32), <usize>load<u32>(sp, 64));
  return gas;
}

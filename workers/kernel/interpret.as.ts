/**
 * The interpreter's loop. What every opcode needs is checked in one place, from the table that the
 * fork gave: static gas, operands, room on the stack. Bodies assume it. A body that can fail leaves
 * gas below 0 and breaks out of the switch; a body that goes on continues the loop. Calls do not
 * recurse: the loop goes over to the new frame, and back when it ends.
 * Exempt from the limit on lines: interpreter loop.
 */
import {
  balance, blockHash, copyIn, copyWords, extCodeCopy, extCodeHash, extCodeSize, log, selfDestruct,
  sload, sstore, tload, tstore,
} from "./state-opcodes.as";
import { callOpcode, createOpcode } from "./calls.as";
import { hashMessage } from "./places.as";
import { jumpsOf } from "./jumps.as";
import { endFrame } from "./messages.as";
import { runCompiled } from "./run-compiled.as";
import { touchBytes, touchRange } from "./memory.as";
import { needBalance } from "./access.as";
import {
  add, addmod, and, byteAt, clz, div, eq, exp, expBytes, fitsU32, fitsU64, fromBytes, gt, isZero,
  lt, mod, mul, mulmod, not, or, sar, sdiv, sgt, shl, shr, signExtend, slt, smod, sub, toBytes, xor,
} from "./u256.as";
import { addressToWord, copyBytes, copyWord, isZeroWord, setWord, turnWord } from "./words.as";
import {
  A_BALANCE, F_CALLER, F_CODE, F_CODE_LENGTH, F_COMPILED, F_GAS, F_INPUT, F_INPUT_LENGTH, F_JUMPS,
  F_MEMORY, F_MEMORY_SIZE, F_PARENT, F_PC, F_SELF, F_SP, F_VALUE, M_ABORT, M_BASE_FEE, M_BLOB_FEE,
  M_BLOCK_GAS_LIMIT, M_CHAIN_ID, M_COINBASE, M_GAS_PRICE, M_NEXT_FRAME, M_NUMBER, M_OPCODES,
  M_ORIGIN, M_RANDAO, M_RECORD, M_RETURN, M_RETURN_LENGTH, M_TIMESTAMP, RESULT_FAILED, RESULT_OK,
  RESULT_REVERTED,
} from "./map";
import { R_BLOB_HASHES } from "./record-map";
import {
  OP_ADD, OP_ADDMOD, OP_ADDRESS, OP_AND, OP_BALANCE, OP_BASEFEE, OP_BLOBBASEFEE, OP_BLOBHASH,
  OP_BLOCKHASH, OP_BYTE, OP_CALL, OP_CALLCODE, OP_CALLDATACOPY, OP_CALLDATALOAD, OP_CALLDATASIZE,
  OP_CALLER, OP_CALLVALUE, OP_CHAINID, OP_CLZ, OP_CODECOPY, OP_CODESIZE, OP_COINBASE, OP_CREATE,
  OP_CREATE2, OP_DELEGATECALL, OP_DIV, OP_EQ, OP_EXP, OP_EXTCODECOPY, OP_EXTCODEHASH,
  OP_EXTCODESIZE, OP_GAS, OP_GASLIMIT, OP_GASPRICE, OP_GT, OP_ISZERO, OP_JUMP, OP_JUMPDEST,
  OP_JUMPI, OP_KECCAK256, OP_LOG0, OP_LT, OP_MCOPY, OP_MLOAD, OP_MOD, OP_MSIZE, OP_MSTORE,
  OP_MSTORE8, OP_MUL, OP_MULMOD, OP_NOT, OP_NUMBER, OP_OR, OP_ORIGIN, OP_PC, OP_POP, OP_PREVRANDAO,
  OP_PUSH0, OP_PUSH1, OP_RETURN, OP_RETURNDATACOPY, OP_RETURNDATASIZE, OP_REVERT, OP_SAR, OP_SDIV,
  OP_SELFBALANCE, OP_SELFDESTRUCT, OP_SGT, OP_SHL, OP_SHR, OP_SIGNEXTEND, OP_SLOAD, OP_SLT, OP_SMOD,
  OP_SSTORE, OP_STATICCALL, OP_STOP, OP_SUB, OP_TIMESTAMP, OP_TLOAD, OP_TSTORE, OP_XOR,
} from "./opcodes";

/** EIP-160. */
const EXP_BYTE_GAS: i64 = 50;
const HASH_WORD_GAS: i64 = 6;
const JUMP_GAS: i64 = 8;
const JUMPI_GAS: i64 = 10;
const JUMPDEST_GAS: i64 = 1;
/** What a switch leaves behind when another frame is to run. */
const ENTERS: u32 = 3;

/**
 * Runs a frame to its end; its result is then in M_RESULT, or handed to its parent. Returns early
 * where the transaction is given up (M_ABORT).
 */
export function run(m: usize, entry: usize): void {
  let frame = entry;
  while (true) {
    if (load<u32>(frame, F_COMPILED) != 0) {
      frame = runCompiled(m, frame, entry);
      if (frame == 0) return;
      continue;
    }
    let pc = <usize>load<u32>(frame, F_PC);
    let sp = <usize>load<u32>(frame, F_SP);
    let gas = load<i64>(frame, F_GAS);
    let result: u32 = RESULT_OK;
    let from: usize = 0;
    let length: u32 = 0;
    while (true) {
      const op = opAt(pc);
      const needs = load<u64>(m + (<usize>op << 3), M_OPCODES);
      gas -= <i64>(needs & 0xffffffff);
      const surplus = <u32>(frame - sp) - (<u32>(needs >> 32) & 0xffff);
      // One branch for both: either of the two is below 0.
      const room = <i64>(needs >> 48) - <i64>surplus;
      if ((gas | room) < 0) gas = -1;
      else {
        switch (op) {
          case OP_STOP: break;
          case OP_ADD: { add(sp, sp + 32, sp + 32); sp += 32; pc++; continue; }
          case OP_MUL: { mul(sp, sp + 32, sp + 32); sp += 32; pc++; continue; }
          case OP_SUB: { sub(sp, sp + 32, sp + 32); sp += 32; pc++; continue; }
          case OP_DIV: { div(sp, sp + 32, sp + 32); sp += 32; pc++; continue; }
          case OP_SDIV: { sdiv(sp, sp + 32, sp + 32); sp += 32; pc++; continue; }
          case OP_MOD: { mod(sp, sp + 32, sp + 32); sp += 32; pc++; continue; }
          case OP_SMOD: { smod(sp, sp + 32, sp + 32); sp += 32; pc++; continue; }
          case OP_ADDMOD: { addmod(sp, sp + 32, sp + 64, sp + 64); sp += 64; pc++; continue; }
          case OP_MULMOD: { mulmod(sp, sp + 32, sp + 64, sp + 64); sp += 64; pc++; continue; }
          case OP_EXP: {
            gas -= EXP_BYTE_GAS * <i64>expBytes(sp + 32);
            if (gas < 0) break;
            exp(sp, sp + 32, sp + 32);
            sp += 32; pc++; continue;
          }
          case OP_SIGNEXTEND: { signExtend(sp, sp + 32, sp + 32); sp += 32; pc++; continue; }
          case OP_LT: { setWord(sp + 32, u64(lt(sp, sp + 32))); sp += 32; pc++; continue; }
          case OP_GT: { setWord(sp + 32, u64(gt(sp, sp + 32))); sp += 32; pc++; continue; }
          case OP_SLT: { setWord(sp + 32, u64(slt(sp, sp + 32))); sp += 32; pc++; continue; }
          case OP_SGT: { setWord(sp + 32, u64(sgt(sp, sp + 32))); sp += 32; pc++; continue; }
          case OP_EQ: { setWord(sp + 32, u64(eq(sp, sp + 32))); sp += 32; pc++; continue; }
          case OP_ISZERO: { setWord(sp, u64(isZero(sp))); pc++; continue; }
          case OP_AND: { and(sp, sp + 32, sp + 32); sp += 32; pc++; continue; }
          case OP_OR: { or(sp, sp + 32, sp + 32); sp += 32; pc++; continue; }
          case OP_XOR: { xor(sp, sp + 32, sp + 32); sp += 32; pc++; continue; }
          case OP_NOT: { not(sp, sp); pc++; continue; }
          case OP_BYTE: { byteAt(sp, sp + 32, sp + 32); sp += 32; pc++; continue; }
          case OP_SHL: { shl(sp, sp + 32, sp + 32); sp += 32; pc++; continue; }
          case OP_SHR: { shr(sp, sp + 32, sp + 32); sp += 32; pc++; continue; }
          case OP_SAR: { sar(sp, sp + 32, sp + 32); sp += 32; pc++; continue; }
          case OP_CLZ: { clz(sp, sp); pc++; continue; }
          case OP_KECCAK256: {
            gas = touchRange(m, frame, gas, sp, sp + 32);
            if (gas < 0) break;
            const bytes = load<u32>(sp, 32);
            gas -= HASH_WORD_GAS * ((<i64>bytes + 31) >> 5);
            if (gas < 0) break;
            hashMessage(m, frame, memoryOf(frame) + <usize>load<u32>(sp), bytes, sp + 32);
            sp += 32; pc++; continue;
          }
          case OP_ADDRESS: {
            sp -= 32; addressToWord(<usize>load<u32>(frame, F_SELF), sp); pc++; continue;
          }
          case OP_BALANCE: { gas = balance(m, sp, gas); if (gas < 0) break; pc++; continue; }
          case OP_ORIGIN: { sp -= 32; addressToWord(m + M_ORIGIN, sp); pc++; continue; }
          case OP_CALLER: { sp -= 32; addressToWord(frame + F_CALLER, sp); pc++; continue; }
          case OP_CALLVALUE: { sp -= 32; copyWord(frame + F_VALUE, sp); pc++; continue; }
          case OP_CALLDATALOAD: { callDataLoad(frame, sp); pc++; continue; }
          case OP_CALLDATASIZE: {
            sp -= 32; setWord(sp, <u64>load<u32>(frame, F_INPUT_LENGTH)); pc++; continue;
          }
          case OP_CALLDATACOPY: {
            gas = touchRange(m, frame, gas, sp, sp + 64);
            if (gas < 0) break;
            gas -= copyWords(sp + 64);
            if (gas < 0) break;
            copyIn(frame, sp, <usize>load<u32>(frame, F_INPUT), load<u32>(frame, F_INPUT_LENGTH));
            sp += 96; pc++; continue;
          }
          case OP_CODESIZE: {
            sp -= 32; setWord(sp, <u64>load<u32>(frame, F_CODE_LENGTH)); pc++; continue;
          }
          case OP_CODECOPY: {
            gas = touchRange(m, frame, gas, sp, sp + 64);
            if (gas < 0) break;
            gas -= copyWords(sp + 64);
            if (gas < 0) break;
            copyIn(frame, sp, codeOf(frame), load<u32>(frame, F_CODE_LENGTH));
            sp += 96; pc++; continue;
          }
          case OP_GASPRICE: { sp -= 32; copyWord(m + M_GAS_PRICE, sp); pc++; continue; }
          case OP_EXTCODESIZE: {
            gas = extCodeSize(m, sp, gas);
            if (gas < 0) break;
            pc++; continue;
          }
          case OP_EXTCODECOPY: {
            gas = extCodeCopy(m, frame, sp, gas);
            if (gas < 0) break;
            sp += 128; pc++; continue;
          }
          case OP_RETURNDATASIZE: {
            sp -= 32; setWord(sp, <u64>load<u32>(m, M_RETURN_LENGTH)); pc++; continue;
          }
          case OP_RETURNDATACOPY: {
            const there = <u64>load<u32>(m, M_RETURN_LENGTH);
            if (!fitsU32(sp + 32) || !fitsU32(sp + 64)
              || load<u64>(sp, 32) + load<u64>(sp, 64) > there) { gas = -1; break; }
            gas = touchRange(m, frame, gas, sp, sp + 64);
            if (gas < 0) break;
            gas -= copyWords(sp + 64);
            if (gas < 0) break;
            copyIn(frame, sp, <usize>load<u32>(m, M_RETURN), <u32>there);
            sp += 96; pc++; continue;
          }
          case OP_EXTCODEHASH: {
            gas = extCodeHash(m, sp, gas);
            if (gas < 0) break;
            pc++; continue;
          }
          case OP_BLOCKHASH: { gas = blockHash(m, sp, gas); if (gas < 0) break; pc++; continue; }
          case OP_COINBASE: { sp -= 32; addressToWord(m + M_COINBASE, sp); pc++; continue; }
          case OP_TIMESTAMP: { sp -= 32; setWord(sp, load<u64>(m, M_TIMESTAMP)); pc++; continue; }
          case OP_NUMBER: { sp -= 32; setWord(sp, load<u64>(m, M_NUMBER)); pc++; continue; }
          case OP_PREVRANDAO: { sp -= 32; copyWord(m + M_RANDAO, sp); pc++; continue; }
          case OP_GASLIMIT: {
            sp -= 32; setWord(sp, load<u64>(m, M_BLOCK_GAS_LIMIT)); pc++; continue;
          }
          case OP_CHAINID: { sp -= 32; setWord(sp, load<u64>(m, M_CHAIN_ID)); pc++; continue; }
          case OP_SELFBALANCE: {
            const self = <usize>load<u32>(frame, F_SELF);
            needBalance(self);
            sp -= 32; copyWord(self + A_BALANCE, sp); pc++; continue;
          }
          case OP_BASEFEE: { sp -= 32; copyWord(m + M_BASE_FEE, sp); pc++; continue; }
          case OP_BLOBHASH: { blobHash(m, sp); pc++; continue; }
          case OP_BLOBBASEFEE: { sp -= 32; copyWord(m + M_BLOB_FEE, sp); pc++; continue; }
          case OP_POP: { sp += 32; pc++; continue; }
          case OP_MLOAD: {
            gas = touchBytes(m, frame, gas, sp, 32);
            if (gas < 0) break;
            turnWord(memoryOf(frame) + <usize>load<u32>(sp), sp);
            pc++; continue;
          }
          case OP_MSTORE: {
            gas = touchBytes(m, frame, gas, sp, 32);
            if (gas < 0) break;
            toBytes(sp + 32, memoryOf(frame) + <usize>load<u32>(sp));
            sp += 64; pc++; continue;
          }
          case OP_MSTORE8: {
            gas = touchBytes(m, frame, gas, sp, 1);
            if (gas < 0) break;
            store<u8>(memoryOf(frame) + <usize>load<u32>(sp), load<u8>(sp, 32));
            sp += 64; pc++; continue;
          }
          case OP_SLOAD: { gas = sload(m, frame, sp, gas); if (gas < 0) break; pc++; continue; }
          case OP_SSTORE: {
            gas = sstore(m, frame, sp, gas);
            if (gas < 0) break;
            sp += 64; pc++; continue;
          }
          case OP_JUMP: {
            if (!isTarget(m, frame, sp)) { gas = -1; break; }
            gas -= JUMPDEST_GAS;
            if (gas < 0) break;
            pc = codeOf(frame) + <usize>load<u32>(sp) + 1;
            sp += 32; continue;
          }
          case OP_JUMPI: {
            if (isZeroWord(sp + 32)) { sp += 64; pc++; continue; }
            if (!isTarget(m, frame, sp)) { gas = -1; break; }
            gas -= JUMPDEST_GAS;
            if (gas < 0) break;
            pc = codeOf(frame) + <usize>load<u32>(sp) + 1;
            sp += 64; continue;
          }
          case OP_PC: { sp -= 32; setWord(sp, <u64>(pc - codeOf(frame))); pc++; continue; }
          case OP_MSIZE: {
            sp -= 32; setWord(sp, <u64>load<u32>(frame, F_MEMORY_SIZE)); pc++; continue;
          }
          case OP_GAS: { sp -= 32; setWord(sp, <u64>gas); pc++; continue; }
          case OP_JUMPDEST: { pc++; continue; }
          case OP_TLOAD: { tload(m, frame, sp); pc++; continue; }
          case OP_TSTORE: {
            gas = tstore(m, frame, sp, gas);
            if (gas < 0) break;
            sp += 64; pc++; continue;
          }
          case OP_MCOPY: {
            gas = touchRange(m, frame, gas, sp, sp + 64);
            if (gas < 0) break;
            gas = touchRange(m, frame, gas, sp + 32, sp + 64);
            if (gas < 0) break;
            gas -= copyWords(sp + 64);
            if (gas < 0) break;
            const base = memoryOf(frame), bytes = <usize>load<u32>(sp, 64);
            copyBytes(base + <usize>load<u32>(sp), base + <usize>load<u32>(sp, 32), bytes);
            sp += 96; pc++; continue;
          }
          case OP_PUSH0: { sp -= 32; setWord(sp, 0); pc++; continue; }
          case OP_PUSH1: { sp -= 32; setWord(sp, <u64>load<u8>(pc, 1)); pc += 2; continue; }
          case 0x61: {
            const value = <u32>bswap(load<u16>(pc, 1));
            const next = <u32>load<u8>(pc, 3);
            if (next == OP_JUMP || next == OP_JUMPI) {
              // Mostly a push goes before a jump: both at once, and the JUMPDEST that is there.
              gas -= next == OP_JUMP ? JUMP_GAS : JUMPI_GAS;
              if (gas < 0) break;
              if (next == OP_JUMPI) {
                if (sp == frame) { gas = -1; break; }
                sp += 32;
                if (isZeroWord(sp - 32)) { pc += 4; continue; }
              }
              if (!isJump(m, frame, value)) { gas = -1; break; }
              gas -= JUMPDEST_GAS;
              if (gas < 0) break;
              pc = codeOf(frame) + <usize>value + 1;
              continue;
            }
            sp -= 32; setWord(sp, <u64>value); pc += 3; continue;
          }
          case 0x62: {
            sp -= 32; setWord(sp, <u64>(bswap(load<u32>(pc, 1)) >> 8)); pc += 4; continue;
          }
          case 0x63: {
            sp -= 32; setWord(sp, <u64>bswap(load<u32>(pc, 1))); pc += 5; continue;
          }
          case 0x64: case 0x65: case 0x66: case 0x67: {
            const count = opAt(pc) - 0x5f;
            sp -= 32; setWord(sp, bswap(load<u64>(pc, 1)) >> <u64>(64 - (count << 3)));
            pc += count + 1; continue;
          }
          case 0x68: case 0x69: case 0x6a: case 0x6b: case 0x6c: case 0x6d: case 0x6e: case 0x6f:
          case 0x70: case 0x71: case 0x72: case 0x73: case 0x74: case 0x75: case 0x76: case 0x77:
          case 0x78: case 0x79: case 0x7a: case 0x7b: case 0x7c: case 0x7d: case 0x7e: {
            const count = opAt(pc) - 0x5f;
            sp -= 32; fromBytes(pc + 1, count, sp); pc += count + 1; continue;
          }
          case 0x7f: { sp -= 32; turnWord(pc + 1, sp); pc += 33; continue; }
          case 0x80: { sp -= 32; copyWord(sp + 32, sp); pc++; continue; }
          case 0x81: { sp -= 32; copyWord(sp + 64, sp); pc++; continue; }
          case 0x82: { sp -= 32; copyWord(sp + 96, sp); pc++; continue; }
          case 0x83: case 0x84: case 0x85: case 0x86: case 0x87: case 0x88: case 0x89: case 0x8a:
          case 0x8b: case 0x8c: case 0x8d: case 0x8e: case 0x8f: {
            sp -= 32; copyWord(sp + (<usize>(opAt(pc) - 0x7f) << 5), sp); pc++; continue;
          }
          case 0x90: { swapWords(sp, sp + 32); pc++; continue; }
          case 0x91: { swapWords(sp, sp + 64); pc++; continue; }
          case 0x92: case 0x93: case 0x94: case 0x95: case 0x96: case 0x97: case 0x98: case 0x99:
          case 0x9a: case 0x9b: case 0x9c: case 0x9d: case 0x9e: case 0x9f: {
            swapWords(sp, sp + (<usize>(opAt(pc) - 0x8f) << 5)); pc++; continue;
          }
          case 0xa0: case 0xa1: case 0xa2: case 0xa3: case 0xa4: {
            const topics = opAt(pc) - OP_LOG0;
            gas = log(m, frame, sp, gas, topics);
            if (gas < 0) break;
            sp += 64 + (<usize>topics << 5); pc++; continue;
          }
          case OP_CREATE: case OP_CREATE2: {
            store<u32>(frame, <u32>pc + 1, F_PC);
            gas = createOpcode(m, frame, sp, gas, opAt(pc));
            if (gas < 0) break;
            if (load<u32>(m, M_NEXT_FRAME) != 0) { result = ENTERS; break; }
            sp = <usize>load<u32>(frame, F_SP); pc++; continue;
          }
          case OP_CALL: case OP_CALLCODE: case OP_DELEGATECALL: case OP_STATICCALL: {
            store<u32>(frame, <u32>pc + 1, F_PC);
            gas = callOpcode(m, frame, sp, gas, opAt(pc));
            if (gas < 0) break;
            if (load<u32>(m, M_NEXT_FRAME) != 0) { result = ENTERS; break; }
            sp = <usize>load<u32>(frame, F_SP); pc++; continue;
          }
          case OP_RETURN: case OP_REVERT: {
            gas = touchRange(m, frame, gas, sp, sp + 32);
            if (gas < 0) break;
            if (opAt(pc) == OP_REVERT) result = RESULT_REVERTED;
            length = load<u32>(sp, 32);
            from = length == 0 ? 0 : memoryOf(frame) + <usize>load<u32>(sp);
            break;
          }
          case OP_SELFDESTRUCT: { gas = selfDestruct(m, frame, sp, gas); break; }
          default: gas = -1;
        }
      }
      if (result == ENTERS && gas >= 0) {
        frame = <usize>load<u32>(m, M_NEXT_FRAME);
        break;
      }
      if (gas < 0) {
        if (load<u32>(m, M_ABORT) != 0) return;
        result = RESULT_FAILED;
        length = 0;
      }
      endFrame(m, frame, result, gas, from, length);
      if (frame == entry || load<u32>(m, M_ABORT) != 0) return;
      frame = <usize>load<u32>(frame, F_PARENT);
      break;
    }
  }
}

/**
 * Bodies read it anew: kept until there it would have no register, and be written to the stack by
 * every instruction.
 */
@inline
function opAt(pc: usize): u32 {
  return <u32>load<u8>(pc);
}

/** Whether the word at `sp` is a jump destination. */
@inline
function isTarget(m: usize, frame: usize, sp: usize): bool {
  return fitsU32(sp) && isJump(m, frame, load<u32>(sp));
}

@inline
function isJump(m: usize, frame: usize, to: u32): bool {
  if (to >= load<u32>(frame, F_CODE_LENGTH)) return false;
  let jumps = <usize>load<u32>(frame, F_JUMPS);
  if (jumps == 0) {
    jumps = jumpsOf(m, frame);
    if (jumps == 0) return false;
  }
  return ((<u32>load<u8>(jumps + (to >> 3)) >> (to & 7)) & 1) != 0;
}

@inline
function memoryOf(frame: usize): usize {
  return <usize>load<u32>(frame, F_MEMORY);
}

@inline
function codeOf(frame: usize): usize {
  return <usize>load<u32>(frame, F_CODE);
}

@inline
function swapWords(a: usize, b: usize): void {
  const a0 = load<u64>(a), a1 = load<u64>(a, 8), a2 = load<u64>(a, 16), a3 = load<u64>(a, 24);
  copyWord(b, a);
  store<u64>(b, a0);
  store<u64>(b, a1, 8);
  store<u64>(b, a2, 16);
  store<u64>(b, a3, 24);
}

/** 32 bytes of the input from an offset on; zeros behind its end. */
function callDataLoad(frame: usize, sp: usize): void {
  const length = <u64>load<u32>(frame, F_INPUT_LENGTH);
  const offset = load<u64>(sp);
  if (!fitsU64(sp) || offset >= length) return setWord(sp, 0);
  const from = <usize>load<u32>(frame, F_INPUT) + <usize>offset;
  if (offset + 32 <= length) return turnWord(from, sp);
  const there = <usize>(length - offset);
  v128.store(sp, i64x2.splat(0));
  v128.store(sp, i64x2.splat(0), 16);
  copyBytes(sp, from, there);
  turnWord(sp, sp);
}

/** A hash of the transaction's list (EIP-4844): {length u32, bytes} each in the record. */
export function blobHash(m: usize, sp: usize): void {
  const record = <usize>load<u32>(m, M_RECORD);
  const count: u32 = record == 0 ? 0 : load<u32>(record, R_BLOB_HASHES + 4);
  if (!fitsU32(sp) || load<u32>(sp) >= count) return setWord(sp, 0);
  const list = record + <usize>load<u32>(record, R_BLOB_HASHES);
  turnWord(list + <usize>load<u32>(sp) * 36 + 4, sp);
}

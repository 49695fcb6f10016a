/**
 * EXP: powers of two are shifts, small powers products, the rest is the kernel's. Gas depends on
 * the exponent's length in bytes (EIP-160).
 */
import * as op from '../kernel/opcodes.js';
import { multiply } from './arithmetic.js';
import type { Emitter } from './emitter.js';
import { kernelBinary } from './kernel-call.js';
import { Local } from './locals.js';
import type { OpcodeEmitter } from './opcode-emitter.js';
import { shiftLeftByUnknown } from './shifts.js';
import { Op } from './wasm-code.js';
import { constantWord, LIMBS, log2, type ReadyLimb, smallWord, type Word } from './word.js';

const BYTE_GAS = 50;
/** Higher powers would be more than two products. */
const PRODUCTS_MAX = 4n;
const WORD_BITS = 256n;
/** Of 256 times 255. */
const COUNT_BITS = 16;

export const POWERS: readonly (readonly [code: number, emit: OpcodeEmitter])[] = [
  [op.OP_EXP, power],
];

/** Base, then exponent. */
function power(e: Emitter): void {
  const [exponent, base] = e.slots.slice(-2) as [Word, Word];
  chargeBytes(e, exponent);
  const times = exponent.constant;
  const bits = log2(base.constant);
  const isShort = times !== undefined && times <= PRODUCTS_MAX;
  if (!isShort && bits === undefined) {
    kernelBinary(e, 'exp');
    return;
  }
  e.pop();
  e.pop();
  e.push(isShort ? shortPower(e, base, Number(times)) : powerOfTwo(e, bits!, exponent));
}

/** 2^bits to this power. From 256 on all are the same, and the product below cannot wrap around. */
function powerOfTwo(e: Emitter, bits: number, exponent: Word): Word {
  const times = notAbove(e, e.clamped(exponent), WORD_BITS);
  const count = e.binary(Op.i64Mul, times, BigInt(bits));
  return shiftLeftByUnknown(e, constantWord(1n), smallWord(count, COUNT_BITS));
}

function notAbove(e: Emitter, limb: ReadyLimb, most: bigint): ReadyLimb {
  if (typeof limb === 'bigint') return limb < most ? limb : most;
  e.put(limb);
  e.code.i64Const(most);
  e.put(limb);
  e.code.i64Const(most);
  e.code.op(Op.i64LtU);
  e.code.op(Op.select);
  return e.keep();
}

function shortPower(e: Emitter, base: Word, times: number): Word {
  if (times === 0) return constantWord(1n);
  if (times === 1) return base;
  const square = multiply(e, base, base);
  if (times === 2) return square;
  return multiply(e, square, times === 3 ? base : square);
}

function chargeBytes(e: Emitter, exponent: Word): void {
  const { code } = e;
  const value = exponent.constant;
  if (value !== undefined) {
    e.charge(BYTE_GAS * (value === 0n ? 0 : Math.ceil(value.toString(16).length / 2)));
    return;
  }
  code.get(Local.gas);
  lengthInBytes(e, exponent);
  code.i64Const(BigInt(BYTE_GAS));
  code.op(Op.i64Mul);
  code.op(Op.i64Sub);
  e.keepGas();
}

/** Puts it on Wasm's stack (i64): bytes of the highest limb that is not 0, and those below. */
function lengthInBytes(e: Emitter, word: Word): void {
  const { code } = e;
  const top = e.fresh();
  const below = e.fresh();
  e.ready(word);
  e.move(e.limb(word, 0), top);
  e.move(0n, below);
  for (let index = 1; index < LIMBS; index += 1) {
    const limb = e.limb(word, index);
    if (limb === 0n) continue;
    e.put(limb);
    code.i64Const(0n);
    code.op(Op.i64Ne);
    code.if();
    e.move(limb, top);
    e.move(BigInt(8 * index), below);
    code.end();
  }
  code.i64Const(71n);
  code.get(top);
  code.op(Op.i64Clz);
  code.op(Op.i64Sub);
  code.i64Const(3n);
  code.op(Op.i64ShrU);
  code.get(below);
  code.op(Op.i64Add);
}

/**
 * DIV, MOD, SDIV, SMOD: by a power of two that is known without a division, one limb by one limb as
 * an instruction, the rest by the kernel.
 */
import * as op from '../kernel/opcodes.js';
import { bitwise } from './arithmetic.js';
import { belowLimb } from './comparisons.js';
import type { Emitter } from './emitter.js';
import { kernelBinary, plainOrKernel } from './kernel-call.js';
import type { OpcodeEmitter } from './opcode-emitter.js';
import { shiftRight } from './shifts.js';
import { Op } from './wasm-code.js';
import { constantWord, LIMBS, log2, type ReadyLimb, smallWord, type Word } from './word.js';

export const DIVISIONS: readonly (readonly [code: number, emit: OpcodeEmitter])[] = [
  [op.OP_DIV, (e) => divide(e, 'div')],
  [op.OP_SDIV, (e) => divideSigned(e, 'sdiv')],
  [op.OP_MOD, (e) => divide(e, 'mod')],
  [op.OP_SMOD, (e) => divideSigned(e, 'smod')],
];

function divide(e: Emitter, name: 'div' | 'mod'): void {
  const [by, of] = e.slots.slice(-2) as [Word, Word];
  const bits = log2(by.constant);
  const isDivision = name === 'div';
  const code = isDivision ? Op.i64DivU : Op.i64RemU;
  if (bits !== undefined) {
    const a = e.pop();
    e.pop();
    const mask = constantWord((1n << BigInt(bits)) - 1n);
    e.push(isDivision ? shiftRight(e, a, bits, 0n) : bitwise(e, Op.i64And, a, mask));
  } else if (of.isOneLimb && by.isOneLimb) {
    const x = e.limb(e.pop(), 0);
    const y = e.limb(e.pop(), 0);
    const most = isDivision ? of.bitsOf(0) : Math.min(of.bitsOf(0), by.bitsOf(0));
    e.push(smallWord(divideLimbs(e, code, x, y), most));
  } else if (isLong(by)) {
    // Mostly sums and products of what is below a modulus already.
    plainOrKernel(e, name, {
      test: (a, b) => {
        e.put(belowLimb(e, a, b));
        e.code.op(Op.i32WrapI64);
      },
      result: (a) => a.limbs.map((_, index) => (isDivision ? 0n : e.limb(a, index))),
    });
  } else {
    plainOrKernel(e, name, {
      test: (a, b) => areLimbs(e, a, b),
      result: (a, b) => [divided(e, code, e.limb(a, 0), e.limb(b, 0)), 0n, 0n, 0n],
    });
  }
}

/** Known not to be below 2^64. */
function isLong({ limbs }: Word): boolean {
  return limbs.some((limb, index) => index > 0 && typeof limb === 'bigint' && limb !== 0n);
}

/** Puts on Wasm's stack whether both are below 2^64 and the second is not 0. */
function areLimbs(e: Emitter, a: Word, b: Word): void {
  e.put(e.binary(Op.i64Or, e.anyOf(a, 1), e.anyOf(b, 1)));
  e.code.op(Op.i64Eqz);
  isPositive(e, Op.i64LtU, e.limb(b, 0));
}

/** And'ed to what lies there already. */
function isPositive(e: Emitter, order: number, limb: ReadyLimb): void {
  e.code.i64Const(0n);
  e.put(limb);
  e.code.op(order);
  e.code.op(Op.i32And);
}

function divided(e: Emitter, code: number, x: ReadyLimb, y: ReadyLimb): number {
  e.put(x);
  e.put(y);
  e.code.op(code);
  return e.keep();
}

function divideLimbs(e: Emitter, code: number, x: ReadyLimb, y: ReadyLimb): ReadyLimb {
  if (y === 0n) return 0n;
  if (typeof y === 'bigint') return divided(e, code, x, y);
  const result = e.fresh();
  e.move(0n, result);
  e.put(y);
  e.code.i64Const(0n);
  e.code.op(Op.i64Ne);
  e.code.if();
  e.move(divided(e, code, x, y), result);
  e.code.end();
  return result;
}

function divideSigned(e: Emitter, name: 'sdiv' | 'smod'): void {
  const code = name === 'sdiv' ? Op.i64DivS : Op.i64RemS;
  if (isLong(e.slots.at(-2)!)) {
    kernelBinary(e, name);
    return;
  }
  plainOrKernel(e, name, {
    test: (a, b) => {
      e.put(e.binary(Op.i64Or, beyondSign(e, a), beyondSign(e, b)));
      e.code.op(Op.i64Eqz);
      isPositive(e, Op.i64LtS, e.limb(b, 0));
    },
    result: (a, b) => {
      const low = divided(e, code, e.limb(a, 0), e.limb(b, 0));
      const sign = e.binary(Op.i64ShrS, low, 63n);
      return [low, sign, sign, sign];
    },
  });
}

/** 0 where the word is what its lowest limb is as a signed number. */
function beyondSign(e: Emitter, word: Word): ReadyLimb {
  const sign = e.binary(Op.i64ShrS, e.limb(word, 0), 63n);
  let all: ReadyLimb = 0n;
  for (let index = 1; index < LIMBS; index += 1) {
    all = e.binary(Op.i64Or, all, e.binary(Op.i64Xor, e.limb(word, index), sign));
  }
  return all;
}

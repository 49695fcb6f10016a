/**
 * Opcodes that only work on words. What is short is written out, limb by limb; the rest calls the
 * kernel with pointers to the operands' places on the stack.
 */
import * as op from '../kernel/opcodes.js';
import type { Emitter } from './emitter.js';
import { MULTIPLY_NUMBER, timesHigh } from './helpers.js';
import type { KernelName } from './kernel-functions.js';
import { Op } from './wasm-code.js';
import { constantWord, LIMBS, type ReadyLimb, smallWord, Word } from './word.js';

export type OpcodeEmitter = (e: Emitter) => void;

const LIMB_BITS = 64;
const WORD_BITS = 256n;

export const ARITHMETIC: readonly (readonly [code: number, emit: OpcodeEmitter])[] = [
  [op.OP_ADD, (e) => binary(e, sum)],
  [op.OP_SUB, (e) => binary(e, difference)],
  [op.OP_MUL, multiply],
  [op.OP_DIV, (e) => divide(e, 'div')],
  [op.OP_SDIV, (e) => kernelBinary(e, 'sdiv')],
  [op.OP_MOD, (e) => divide(e, 'mod')],
  [op.OP_SMOD, (e) => kernelBinary(e, 'smod')],
  [op.OP_ADDMOD, (e) => kernelTernary(e, 'addmod')],
  [op.OP_MULMOD, (e) => kernelTernary(e, 'mulmod')],
  [op.OP_SIGNEXTEND, signExtend],
  [op.OP_LT, (e) => binary(e, (x, a, b) => below(x, a, b, false))],
  [op.OP_GT, (e) => binary(e, (x, a, b) => below(x, b, a, false))],
  [op.OP_SLT, (e) => binary(e, (x, a, b) => below(x, a, b, true))],
  [op.OP_SGT, (e) => binary(e, (x, a, b) => below(x, b, a, true))],
  [op.OP_EQ, (e) => binary(e, equal)],
  [op.OP_ISZERO, isZero],
  [op.OP_AND, (e) => binary(e, (x, a, b) => bitwise(x, Op.i64And, a, b))],
  [op.OP_OR, (e) => binary(e, (x, a, b) => bitwise(x, Op.i64Or, a, b))],
  [op.OP_XOR, (e) => binary(e, (x, a, b) => bitwise(x, Op.i64Xor, a, b))],
  [op.OP_NOT, (e) => e.push(bitwise(e, Op.i64Xor, e.pop(), constantWord(2n ** 256n - 1n)))],
  [op.OP_BYTE, byteAt],
  [op.OP_SHL, (e) => shift(e, 'shl', shiftLeft)],
  [op.OP_SHR, (e) => shift(e, 'shr', (x, word, bits) => shiftRight(x, word, bits, 0n))],
  [op.OP_SAR, (e) => shift(e, 'sar', shiftSigned)],
  [op.OP_CLZ, (e) => kernelUnary(e, 'clz')],
];

function binary(e: Emitter, of: (e: Emitter, a: Word, b: Word) => Word): void {
  const a = e.pop();
  const b = e.pop();
  e.push(of(e, a, b));
}

export function kernelUnary(e: Emitter, name: KernelName): void {
  const top = e.operands(1);
  e.expectResult();
  e.pointer(top);
  e.pointer(top);
  e.call(name);
  e.pushResult();
}

export function kernelBinary(e: Emitter, name: KernelName): void {
  const top = e.operands(2);
  e.expectResult();
  e.pointer(top);
  e.pointer(top - 1);
  e.pointer(top - 1);
  e.call(name);
  e.pushResult();
}

function kernelTernary(e: Emitter, name: KernelName): void {
  const top = e.operands(3);
  e.expectResult();
  for (const slot of [top, top - 1, top - 2, top - 2]) e.pointer(slot);
  e.call(name);
  e.pushResult();
}

function sum(e: Emitter, a: Word, b: Word): Word {
  const limbs: ReadyLimb[] = [];
  let carry: ReadyLimb = 0n;
  for (let index = 0; index < LIMBS; index += 1) {
    const x = e.limb(a, index);
    const y = e.limb(b, index);
    const isLast = index === LIMBS - 1;
    const partial = e.binary(Op.i64Add, x, y);
    const carried = isLast || x === 0n || y === 0n ? 0n : e.compare(Op.i64LtU, partial, y);
    const whole = e.binary(Op.i64Add, partial, carry);
    const again = isLast || carry === 0n ? 0n : e.compare(Op.i64LtU, whole, carry);
    limbs.push(whole);
    carry = e.binary(Op.i64Or, carried, again);
  }
  return new Word(limbs);
}

function difference(e: Emitter, a: Word, b: Word): Word {
  const limbs: ReadyLimb[] = [];
  let borrow: ReadyLimb = 0n;
  for (let index = 0; index < LIMBS; index += 1) {
    const x = e.limb(a, index);
    const y = e.limb(b, index);
    const isLast = index === LIMBS - 1;
    const partial = e.binary(Op.i64Sub, x, y);
    const borrowed = isLast ? 0n : e.compare(Op.i64LtU, x, y);
    const again = isLast ? 0n : e.compare(Op.i64LtU, partial, borrow);
    limbs.push(e.binary(Op.i64Sub, partial, borrow));
    borrow = e.binary(Op.i64Or, borrowed, again);
  }
  return new Word(limbs);
}

function multiply(e: Emitter): void {
  const a = e.pop();
  const b = e.pop();
  const x = a.constant;
  const y = b.constant;
  if (x !== undefined && y !== undefined) {
    e.push(constantWord(BigInt.asUintN(256, x * y)));
    return;
  }
  const bits = log2(x) ?? log2(y);
  if (bits !== undefined) {
    e.push(shiftLeft(e, log2(x) === undefined ? a : b, bits));
    return;
  }
  if (x === 0n || y === 0n) {
    e.push(constantWord(0n));
    return;
  }
  if (a.isOneLimb && b.isOneLimb) {
    const low = e.binary(Op.i64Mul, e.limb(a, 0), e.limb(b, 0));
    e.push(new Word([low, timesHigh(e, e.limb(a, 0), e.limb(b, 0), 0n, 0n), 0n, 0n]));
    return;
  }
  for (const word of [a, b]) {
    e.ready(word);
    for (let index = 0; index < LIMBS; index += 1) e.put(e.limb(word, index));
  }
  e.code.call(MULTIPLY_NUMBER);
  const limbs = Array.from({ length: LIMBS }, () => e.fresh());
  for (const local of [...limbs].reverse()) e.code.set(local);
  e.push(new Word(limbs));
}

/** The exponent of a power of two, or undefined. */
function log2(value: bigint | undefined): number | undefined {
  if (value === undefined || value === 0n || (value & (value - 1n)) !== 0n) return undefined;
  return value.toString(2).length - 1;
}

/** By a power of two that is known without a division; small by small without the kernel. */
function divide(e: Emitter, name: 'div' | 'mod'): void {
  const by = e.slots.at(-2);
  const bits = log2(by?.constant);
  if (bits !== undefined) {
    const a = e.pop();
    e.pop();
    if (name === 'div') {
      e.push(shiftRight(e, a, bits, 0n));
      return;
    }
    e.push(bitwise(e, Op.i64And, a, constantWord((1n << BigInt(bits)) - 1n)));
    return;
  }
  const of = e.slots.at(-1);
  if (!of?.isOneLimb || !by?.isOneLimb) {
    kernelBinary(e, name);
    return;
  }
  const x = e.limb(e.pop(), 0);
  const y = e.limb(e.pop(), 0);
  e.push(smallWord(divideLimbs(e, name === 'div' ? Op.i64DivU : Op.i64RemU, x, y)));
}

function divideLimbs(e: Emitter, code: number, x: ReadyLimb, y: ReadyLimb): ReadyLimb {
  const result = e.fresh();
  const { code: wasm } = e;
  wasm.i64Const(0n);
  wasm.set(result);
  e.put(y);
  wasm.i64Const(0n);
  wasm.op(Op.i64Ne);
  wasm.if();
  e.put(x);
  e.put(y);
  wasm.op(code);
  wasm.set(result);
  wasm.end();
  return result;
}

/** a < b: from the lowest limb up, each higher one that differs decides anew. */
function below(e: Emitter, a: Word, b: Word, isSigned: boolean): Word {
  let result: ReadyLimb = 0n;
  for (let index = 0; index < LIMBS; index += 1) {
    const x = e.limb(a, index);
    const y = e.limb(b, index);
    const order = isSigned && index === LIMBS - 1 ? Op.i64LtS : Op.i64LtU;
    const less = e.compare(order, x, y);
    if (typeof less === 'bigint' && typeof x === 'bigint' && typeof y === 'bigint') {
      result = x === y ? result : less;
      continue;
    }
    if (x === y) continue;
    const tie = result === 0n ? 0n : e.binary(Op.i64And, e.compare(Op.i64Eq, x, y), result);
    result = e.binary(Op.i64Or, less, tie);
  }
  return smallWord(result, true);
}

function equal(e: Emitter, a: Word, b: Word): Word {
  let difference: ReadyLimb = 0n;
  for (let index = 0; index < LIMBS; index += 1) {
    const bits = e.binary(Op.i64Xor, e.limb(a, index), e.limb(b, index));
    if (typeof bits === 'bigint' && bits !== 0n) return constantWord(0n);
    difference = e.binary(Op.i64Or, difference, bits);
  }
  return smallWord(e.compare(Op.i64Eq, difference, 0n), true);
}

function isZero(e: Emitter): void {
  const word = e.pop();
  if (word.isBoolean) e.push(smallWord(e.binary(Op.i64Xor, e.limb(word, 0), 1n), true));
  else e.push(smallWord(e.compare(Op.i64Eq, e.anyOf(word, 0), 0n), true));
}

export function bitwise(e: Emitter, code: number, a: Word, b: Word): Word {
  const limbs: ReadyLimb[] = [];
  for (let index = 0; index < LIMBS; index += 1) {
    // What a mask takes away is not loaded.
    const isCleared = code === Op.i64And && (a.limbs[index] === 0n || b.limbs[index] === 0n);
    limbs.push(isCleared ? 0n : e.binary(code, e.limb(a, index), e.limb(b, index)));
  }
  const isBoolean = isBit(a) && isBit(b);
  return new Word(limbs, code === Op.i64And ? isBit(a) || isBit(b) : isBoolean);
}

function isBit(word: Word): boolean {
  return word.isBoolean || word.constant === 0n || word.constant === 1n;
}

/** Shifts by what is known are moves of limbs and pieces of them. */
function shift(
  e: Emitter,
  name: 'shl' | 'shr' | 'sar',
  by: (e: Emitter, word: Word, bits: number) => Word,
): void {
  const bits = e.slots.at(-1)?.constant;
  if (bits === undefined) {
    kernelBinary(e, name);
    return;
  }
  e.pop();
  const word = e.pop();
  if (bits < WORD_BITS) {
    e.push(by(e, word, Number(bits)));
    return;
  }
  e.push(name === 'sar' ? by(e, word, Number(WORD_BITS) - 1) : constantWord(0n));
}

function shiftLeft(e: Emitter, word: Word, bits: number): Word {
  const limbs: ReadyLimb[] = [];
  const whole = Math.floor(bits / LIMB_BITS);
  const part = BigInt(bits % LIMB_BITS);
  const at = (index: number): ReadyLimb => (index < 0 ? 0n : e.limb(word, index));
  for (let index = 0; index < LIMBS; index += 1) {
    const high = at(index - whole);
    if (part === 0n) {
      limbs.push(high);
      continue;
    }
    const low = e.binary(Op.i64ShrU, at(index - whole - 1), 64n - part);
    limbs.push(e.binary(Op.i64Or, e.binary(Op.i64Shl, high, part), low));
  }
  return new Word(limbs);
}

/** @param fill  what comes in from above */
function shiftRight(e: Emitter, word: Word, bits: number, fill: ReadyLimb): Word {
  const limbs: ReadyLimb[] = [];
  const whole = Math.floor(bits / LIMB_BITS);
  const part = BigInt(bits % LIMB_BITS);
  const at = (index: number): ReadyLimb => (index >= LIMBS ? fill : e.limb(word, index));
  for (let index = 0; index < LIMBS; index += 1) {
    const low = at(index + whole);
    if (part === 0n) {
      limbs.push(low);
      continue;
    }
    const high = e.binary(Op.i64Shl, at(index + whole + 1), 64n - part);
    limbs.push(e.binary(Op.i64Or, e.binary(Op.i64ShrU, low, part), high));
  }
  return new Word(limbs);
}

function shiftSigned(e: Emitter, word: Word, bits: number): Word {
  return shiftRight(e, word, bits, e.binary(Op.i64ShrS, e.limb(word, LIMBS - 1), 63n));
}

function signExtend(e: Emitter): void {
  const index = e.slots.at(-1)?.constant;
  if (index === undefined) {
    kernelBinary(e, 'signExtend');
    return;
  }
  e.pop();
  if (index >= 31n) return;
  const word = e.pop();
  const top = Number(index) >> 3;
  const unused = BigInt(56 - ((Number(index) & 7) << 3));
  const moved = e.binary(Op.i64Shl, e.limb(word, top), unused);
  const extended = e.binary(Op.i64ShrS, moved, unused);
  const fill = e.binary(Op.i64ShrS, extended, 63n);
  const limbs = word.limbs.map((limb, at) => (at < top ? limb : at === top ? extended : fill));
  // Limbs that still lie in memory belong to the word that they were read with.
  for (let at = 0; at < top; at += 1) limbs[at] = e.limb(word, at);
  e.push(new Word(limbs));
}

function byteAt(e: Emitter): void {
  const index = e.slots.at(-1)?.constant;
  if (index === undefined) {
    kernelBinary(e, 'byteAt');
    return;
  }
  e.pop();
  const word = e.pop();
  if (index > 31n) {
    e.push(constantWord(0n));
    return;
  }
  const place = 31 - Number(index);
  const moved = e.binary(Op.i64ShrU, e.limb(word, place >> 3), BigInt((place & 7) * 8));
  e.push(smallWord(e.binary(Op.i64And, moved, 0xffn)));
}

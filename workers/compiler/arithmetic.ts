/**
 * Sums, products and bits of words. What is short is written out,
 * limb by limb; the rest calls the kernel with pointers to the operands' places on the stack.
 */
import * as op from '../kernel/opcodes.js';
import { bitLength, bound, boundOfSum, LIMB_BITS } from './bits.js';
import type { Emitter } from './emitter.js';
import { MULTIPLY_NUMBER } from './helpers.js';
import { kernelBinary, kernelTernary, kernelUnary } from './kernel-call.js';
import { type OpcodeEmitter, withTwo } from './opcode-emitter.js';
import { bounded, countUpperHalves, product } from './products.js';
import { shiftLeft } from './shifts.js';
import { Op } from './wasm-code.js';
import { constantWord, LIMBS, log2, type ReadyLimb, Word } from './word.js';

/** A limb to which no more than this is added seldom carries: a branch is cheaper than sums. */
const SELDOM_MAX = 2n ** 48n;
const WORD_MAX = 2n ** 256n - 1n;
/** Products with more upper halves are no faster written out than called. */
const UPPER_HALVES_MAX = 4;

export const ARITHMETIC: readonly (readonly [code: number, emit: OpcodeEmitter])[] = [
  [op.OP_ADD, (e) => withTwo(e, (a, b) => add(e, a, b))],
  [op.OP_SUB, (e) => withTwo(e, (a, b) => difference(e, a, b))],
  [op.OP_MUL, (e) => withTwo(e, (a, b) => multiply(e, a, b))],
  [op.OP_ADDMOD, (e) => kernelTernary(e, 'addmod')],
  [op.OP_MULMOD, (e) => kernelTernary(e, 'mulmod')],
  [op.OP_SIGNEXTEND, signExtend],
  [op.OP_AND, (e) => withTwo(e, (a, b) => bitwise(e, Op.i64And, a, b))],
  [op.OP_OR, (e) => withTwo(e, (a, b) => bitwise(e, Op.i64Or, a, b))],
  [op.OP_XOR, (e) => withTwo(e, (a, b) => bitwise(e, Op.i64Xor, a, b))],
  [op.OP_NOT, (e) => e.push(bitwise(e, Op.i64Xor, e.pop(), constantWord(2n ** 256n - 1n)))],
  [op.OP_CLZ, (e) => kernelUnary(e, 'clz')],
];

function add(e: Emitter, a: Word, b: Word): Word {
  const [x, y] = a.constant === undefined ? [a, b] : [b, a];
  const addend = y.constant;
  if (addend === 0n) return x;
  if (addend === undefined || addend < WORD_MAX - SELDOM_MAX) return sum(e, x, y);
  return difference(e, x, constantWord(-addend & WORD_MAX));
}

function isSeldomCarried(word: Word): boolean {
  const limb = word.limbs[0]!;
  return word.isOneLimb && typeof limb === 'bigint' && limb <= SELDOM_MAX;
}

function sum(e: Emitter, a: Word, b: Word): Word {
  if (isSeldomCarried(b) && a.bitsOf(0) === LIMB_BITS && !a.isOneLimb) {
    return step(e, a, b.limbs[0] as bigint, Op.i64Add);
  }
  const limbs: ReadyLimb[] = [];
  const bounds: number[] = [];
  let carry: ReadyLimb = 0n;
  for (let index = 0; index < LIMBS; index += 1) {
    const x = e.limb(a, index);
    const y = e.limb(b, index);
    const [bitsX, bitsY] = [a.bitsOf(index), b.bitsOf(index)];
    const isFitting = Math.max(bitsX, bitsY) < LIMB_BITS || index === LIMBS - 1;
    const partial = e.binary(Op.i64Add, x, y);
    const carried = isFitting || x === 0n || y === 0n ? 0n : e.compare(Op.i64LtU, partial, y);
    const whole = e.binary(Op.i64Add, partial, carry);
    const again = isFitting || carry === 0n ? 0n : e.compare(Op.i64LtU, whole, carry);
    limbs.push(whole);
    const isSame = carry === 0n && (x === 0n || y === 0n);
    bounds.push(isSame ? Math.max(bitsX, bitsY) : boundOfSum(bitsX, bitsY));
    carry = e.binary(Op.i64Or, carried, again);
  }
  return new Word(limbs, bounds);
}

function difference(e: Emitter, a: Word, b: Word): Word {
  if (b.constant === 0n) return a;
  if (isSeldomCarried(b) && !a.isOneLimb) return step(e, a, b.limbs[0] as bigint, Op.i64Sub);
  const limbs: ReadyLimb[] = [];
  const bounds: number[] = [];
  let borrow: ReadyLimb = 0n;
  for (let index = 0; index < LIMBS; index += 1) {
    const x = e.limb(a, index);
    const y = e.limb(b, index);
    const isLast = index === LIMBS - 1;
    if (index > 0 && x === 0n && y === 0n) {
      // Nothing but the borrow, as in the limb below.
      const isAlike = a.limbs[index - 1] === 0n && b.limbs[index - 1] === 0n;
      limbs.push(isAlike ? limbs[index - 1]! : e.binary(Op.i64Sub, 0n, borrow));
      bounds.push(LIMB_BITS);
      continue;
    }
    const partial = e.binary(Op.i64Sub, x, y);
    const borrowed = isLast ? 0n : e.compare(Op.i64LtU, x, y);
    const again = isLast ? 0n : e.compare(Op.i64LtU, partial, borrow);
    limbs.push(e.binary(Op.i64Sub, partial, borrow));
    bounds.push(y === 0n && borrow === 0n ? a.bitsOf(index) : LIMB_BITS);
    borrow = e.binary(Op.i64Or, borrowed, again);
  }
  return new Word(limbs, bounds);
}

/** A word and a small number, added or subtracted: the upper limbs seldom change. */
function step(e: Emitter, word: Word, by: bigint, code: number): Word {
  const { code: wasm } = e;
  const isSum = code === Op.i64Add;
  const old = word.limbs.map((_, index) => e.limb(word, index));
  const low = e.binary(code, old[0]!, by);
  const upper = old.slice(1).map((limb) => {
    const local = e.fresh();
    e.move(limb, local);
    return local;
  });
  e.put(isSum ? low : old[0]!);
  e.put(by);
  wasm.op(Op.i64LtU);
  wasm.if();
  for (const [index, local] of upper.entries()) {
    if (index > 0) {
      // The limb below was the last of its kind.
      e.put(isSum ? upper[index - 1]! : old[index]!);
      wasm.op(Op.i64Eqz);
      wasm.if();
    }
    e.put(old[index + 1]!);
    wasm.i64Const(1n);
    wasm.op(code);
    wasm.set(local);
  }
  for (const _ of upper) wasm.end();
  if (!isSum) return new Word([low, ...upper]);
  const bounds = upper.map((_, index) => bound(word.bitsOf(index + 1) + 1));
  return new Word([low, ...upper], [LIMB_BITS, ...bounds]);
}

/** a * b modulo 2^256. */
export function multiply(e: Emitter, a: Word, b: Word): Word {
  const x = a.constant;
  const y = b.constant;
  if (x !== undefined && y !== undefined) return constantWord(BigInt.asUintN(256, x * y));
  if (x === 0n || y === 0n) return constantWord(0n);
  const bits = log2(x) ?? log2(y);
  if (bits !== undefined) return shiftLeft(e, log2(x) === undefined ? a : b, bits);
  if (countUpperHalves(a, b) <= UPPER_HALVES_MAX) return product(e, a, b);
  for (const word of [a, b]) {
    e.ready(word);
    for (let index = 0; index < LIMBS; index += 1) e.put(e.limb(word, index));
  }
  e.code.call(MULTIPLY_NUMBER);
  const limbs = e.freshLimbs();
  for (const local of [...limbs].reverse()) e.code.set(local);
  return bounded(limbs, a.length + b.length);
}

export function bitwise(e: Emitter, code: number, a: Word, b: Word): Word {
  const limbs: ReadyLimb[] = [];
  const bounds: number[] = [];
  const isAnd = code === Op.i64And;
  for (let index = 0; index < LIMBS; index += 1) {
    const [x, y] = [a.limbs[index]!, b.limbs[index]!];
    const [bitsX, bitsY] = [a.bitsOf(index), b.bitsOf(index)];
    const isLone = x === 0n || y === 0n;
    // A counter with other bits in it is no counter.
    const most = isLone ? Math.max(bitsX, bitsY) : bound(Math.max(bitsX, bitsY));
    bounds.push(isAnd ? Math.min(bitsX, bitsY) : most);
    // What a mask takes away is not loaded, and where it takes nothing away there is nothing to do.
    if (isAnd && (x === 0n || y === 0n)) limbs.push(0n);
    else if (isAnd && keepsAll(y, bitsX)) limbs.push(e.limb(a, index));
    else if (isAnd && keepsAll(x, bitsY)) limbs.push(e.limb(b, index));
    else limbs.push(e.binary(code, e.limb(a, index), e.limb(b, index)));
  }
  return new Word(limbs, bounds);
}

/** A mask of at least so many bits, all of them set. */
function keepsAll(mask: Word['limbs'][number], bits: number): boolean {
  return typeof mask === 'bigint' && (mask & (mask + 1n)) === 0n && bitLength(mask) >= bits;
}

function signExtend(e: Emitter): void {
  const index = e.slots.at(-1)!.constant;
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
  e.push(
    new Word(
      limbs,
      limbs.map((_, at) => (at < top ? word.bitsOf(at) : LIMB_BITS)),
    ),
  );
}

/**
 * Products and bits of words (sums: sums.ts). What is short is written out,
 * limb by limb; the rest calls the kernel with pointers to the operands' places on the stack.
 */
import * as op from '../kernel/opcodes.js';
import { bitLength, bound, LIMB_BITS } from './bits.js';
import type { Emitter } from './emitter.js';
import { MULTIPLY_NUMBER } from './helpers.js';
import { kernelBinary, kernelTernary, kernelUnary } from './kernel-call.js';
import { type OpcodeEmitter, withTwo } from './opcode-emitter.js';
import { bounded, countUpperHalves, product } from './products.js';
import { shiftLeft } from './shifts.js';
import { add, difference } from './sums.js';
import { Op } from './wasm-code.js';
import { constantWord, LIMBS, log2, type ReadyLimb, Word } from './word.js';

/** Products with more upper halves are no faster written out than called. */
const UPPER_HALVES_MAX = 4;

export const ARITHMETIC: readonly (readonly [code: number, emit: OpcodeEmitter])[] = [
  [op.OP_ADD, (e) => withTwo(e, (a, b) => sumOf(e, a, b))],
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

/** A sum with a small number may be an offset in memory next to another. */
function sumOf(e: Emitter, a: Word, b: Word): Word {
  const sum = add(e, a, b);
  if (e.code.isSilent || sum.isKnown) return sum;
  const [base, by] = a.isKnown ? [b, a.smallConstant] : [a, b.smallConstant];
  if (by > 0) e.inBounds.addSum(sum, base, by);
  return sum;
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

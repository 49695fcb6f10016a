/**
 * Products of words modulo 2^256, written out limb by limb: of limbs that are known to be zero
 * nothing is written, and of short ones less. Wasm has no instruction for the upper half of a
 * product of two limbs, which is therefore four products of halves.
 */
import { bound, LIMB_BITS } from './bits.js';
import type { Emitter } from './emitter.js';
import { selectBelow } from './sums.js';
import { Op } from './wasm-code.js';
import { LIMB_MAX, LIMBS, type ReadyLimb, Word } from './word.js';

const HALF_BITS = 32;
const HALF_SHIFT = BigInt(HALF_BITS);
const MASK_HALF = 0xffffffffn;

/** Upper halves of products of limbs that `product` writes: what it costs. */
export function countUpperHalves(a: Word, b: Word): number {
  let count = 0;
  for (let i = 0; i < LIMBS; i += 1) {
    for (let j = 0; i + j < LIMBS - 1; j += 1) {
      if (a.limbs[i] !== 0n && b.limbs[j] !== 0n) count += 1;
    }
  }
  return count;
}

/** A row for each limb of the shorter word: product, what is there, and carry stay below 2^128. */
export function product(e: Emitter, a: Word, b: Word): Word {
  const [rows, columns] = a.length <= b.length ? [a, b] : [b, a];
  const result: ReadyLimb[] = [0n, 0n, 0n, 0n];
  for (let i = 0; i < LIMBS; i += 1) {
    if (rows.limbs[i] === 0n) continue;
    const x = factor(e, rows, i);
    let carry: Carry = NO_CARRY;
    for (let j = 0; i + j < LIMBS; j += 1) {
      const there = result[i + j]!;
      const y = factor(e, columns, j);
      const isLast = i + j === LIMBS - 1;
      const step = (!isLast && there === 0n && shortStep(e, x, y, carry)) || null;
      result[i + j] = step?.low ?? plus(e, plus(e, times(e, x.limb, y.limb), there), carry.limb);
      if (isLast) break;
      carry = step?.carry ?? carryOf(e, x, y, { there, carry: carry.limb, sum: result[i + j]! });
    }
  }
  return bounded(result, a.length + b.length);
}

/** What goes over to the next limb, and the largest that it can be. */
interface Carry {
  readonly limb: ReadyLimb;
  readonly most: bigint;
}

const NO_CARRY: Carry = { limb: 0n, most: 0n };

interface Sum {
  readonly there: ReadyLimb;
  readonly carry: ReadyLimb;
  /** The lowest limb of the product and these. */
  readonly sum: ReadyLimb;
}

function carryOf(e: Emitter, x: Factor, y: Factor, { there, carry, sum }: Sum): Carry {
  const limb =
    there !== 0n && y.limb !== 0n
      ? upperHalfOfSum(e, x, y, [there, carry])
      : withCarry(e, upperHalf(e, x, y), [sum, carry]);
  return { limb, most: LIMB_MAX };
}

/**
 * The same for x * y and a carry, where none of the sums of pieces can be 2^64: of a number whose
 * halves are below 2^32 together, and any other. No comparison then tells what is carried.
 * @returns undefined where they can
 */
function shortStep(
  e: Emitter,
  x: Factor,
  y: Factor,
  carry: Carry,
): { readonly low: ReadyLimb; readonly carry: Carry } | undefined {
  if (largest(x) * largest(y) + carry.most <= LIMB_MAX) {
    return { low: plus(e, times(e, x.limb, y.limb), carry.limb), carry: NO_CARRY };
  }
  const [xLowMost, xHighMost] = mostOf(x);
  const [yLowMost, yHighMost] = mostOf(y);
  const lowestMost = xLowMost * yLowMost + carry.most;
  const middleMost = xHighMost * yLowMost + xLowMost * yHighMost + (lowestMost >> HALF_SHIFT);
  if (lowestMost > LIMB_MAX || middleMost > LIMB_MAX) return undefined;
  const most = xHighMost * yHighMost + (middleMost >> HALF_SHIFT);
  const [xLow, xHigh] = halves(e, x);
  const [yLow, yHigh] = halves(e, y);
  const [lowLow, highLow] = [times(e, xLow, yLow), times(e, xHigh, yLow)];
  const [lowHigh, highHigh] = [times(e, xLow, yHigh), times(e, xHigh, yHigh)];
  // In this order V8 moves registers less: 3% of a loop with such a product.
  const lowest = plus(e, carry.limb, lowLow);
  const middle = plus(e, highHalf(e, lowest), plus(e, lowHigh, highLow));
  const limb = plus(e, highHigh, highHalf(e, middle));
  // One product more than a shift of those in the middle, and yet it is faster.
  const low = plus(e, times(e, x.limb, y.limb), carry.limb);
  return { low, carry: { limb, most } };
}

/** The largest that a limb can be. */
function largest({ limb, bits }: Factor): bigint {
  return typeof limb === 'bigint' ? limb : 2n ** BigInt(bits) - 1n;
}

/** The same of its halves. */
function mostOf({ limb, bits }: Factor): readonly [low: bigint, high: bigint] {
  if (typeof limb === 'bigint') return [limb & MASK_HALF, limb >> HALF_SHIFT];
  const high = Math.max(0, bits - HALF_BITS);
  return [2n ** BigInt(bits - high) - 1n, 2n ** BigInt(high) - 1n];
}

/** Limbs above so many bits are zero. */
export function bounded(limbs: readonly ReadyLimb[], length: number): Word {
  const lengths = limbs.map((_, index) => Math.max(0, length - LIMB_BITS * index));
  return new Word(
    limbs.map((limb, index) => (lengths[index] === 0 ? 0n : limb)),
    lengths.map(bound),
  );
}

interface Factor {
  readonly limb: ReadyLimb;
  readonly bits: number;
}

function factor(e: Emitter, word: Word, index: number): Factor {
  return { limb: e.limb(word, index), bits: word.bitsOf(index) };
}

function plus(e: Emitter, x: ReadyLimb, y: ReadyLimb): ReadyLimb {
  return e.binary(Op.i64Add, x, y);
}

function times(e: Emitter, x: ReadyLimb, y: ReadyLimb): ReadyLimb {
  return e.binary(Op.i64Mul, x, y);
}

function lowHalf(e: Emitter, limb: ReadyLimb): ReadyLimb {
  return e.binary(Op.i64And, limb, MASK_HALF);
}

function highHalf(e: Emitter, limb: ReadyLimb): ReadyLimb {
  return e.binary(Op.i64ShrU, limb, BigInt(HALF_BITS));
}

/** One more where the first limb is below the second: a sum below an addend wrapped around. */
function withCarry(e: Emitter, limb: ReadyLimb, below: readonly [ReadyLimb, ReadyLimb]): ReadyLimb {
  return selectBelow(e, below, plus(e, limb, 1n), limb);
}

/** The upper 64 bits of x * y, by products of 32-bit pieces. */
function upperHalf(e: Emitter, x: Factor, y: Factor): ReadyLimb {
  if (x.bits + y.bits <= LIMB_BITS) return 0n;
  const [xLow, xHigh] = halves(e, x);
  const [yLow, yHigh] = halves(e, y);
  const carry = highHalf(e, times(e, xLow, yLow));
  const cross = times(e, xHigh, yLow);
  const other = times(e, xLow, yHigh);
  const highest = times(e, xHigh, yHigh);
  if (isBelowHalf(xHigh, yLow) && isBelowHalf(xLow, yHigh)) {
    // Two products below 2^63, and what is left to the next multiple of 2^32 at least.
    return plus(e, highest, highHalf(e, plus(e, plus(e, cross, other), carry)));
  }
  const middle = plus(e, cross, carry);
  const last = plus(e, other, lowHalf(e, middle));
  return plus(e, plus(e, highest, highHalf(e, middle)), highHalf(e, last));
}

/** The product of two 32-bit pieces is below 2^63 for certain, as far as known numbers tell. */
function isBelowHalf(x: ReadyLimb, y: ReadyLimb): boolean {
  return [x, y].some((piece) => typeof piece === 'bigint' && piece < 2n ** 31n);
}

/**
 * The upper 64 bits of x * y + c + d, which is below 2^128: the addends go into the products of
 * pieces, none of whose sums can overflow. That is less than two comparisons for carries are.
 */
function upperHalfOfSum(
  e: Emitter,
  x: Factor,
  y: Factor,
  addends: readonly ReadyLimb[],
): ReadyLimb {
  const [c, d] = addends as [ReadyLimb, ReadyLimb];
  const [xLow, xHigh] = halves(e, x);
  const [yLow, yHigh] = halves(e, y);
  const lowest = plus(e, plus(e, times(e, xLow, yLow), lowHalf(e, c)), lowHalf(e, d));
  const middle = plus(e, plus(e, times(e, xHigh, yLow), highHalf(e, lowest)), highHalf(e, c));
  const other = plus(e, plus(e, times(e, xLow, yHigh), lowHalf(e, middle)), highHalf(e, d));
  return plus(e, plus(e, times(e, xHigh, yHigh), highHalf(e, middle)), highHalf(e, other));
}

function halves(e: Emitter, { limb, bits }: Factor): readonly [low: ReadyLimb, high: ReadyLimb] {
  if (bits <= HALF_BITS) return [limb, 0n];
  return [lowHalf(e, limb), highHalf(e, limb)];
}

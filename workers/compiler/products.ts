/**
 * Products of words modulo 2^256, written out limb by limb: of limbs that are known to be zero
 * nothing is written, and of short ones less. Wasm has no instruction for the upper half of a
 * product of two limbs, which is therefore four products of halves.
 */
import { bound, LIMB_BITS } from './bits.js';
import type { Emitter } from './emitter.js';
import { selectBelow } from './sums.js';
import { Op } from './wasm-code.js';
import { LIMBS, type ReadyLimb, Word } from './word.js';

const HALF_BITS = 32;
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
    let carry: ReadyLimb = 0n;
    for (let j = 0; i + j < LIMBS; j += 1) {
      const there = result[i + j]!;
      const y = factor(e, columns, j);
      const low = e.binary(Op.i64Mul, x.limb, y.limb);
      result[i + j] = plus(e, plus(e, low, there), carry);
      if (i + j === LIMBS - 1) break;
      const sum = result[i + j]!;
      if (there !== 0n && y.limb !== 0n) carry = upperHalfOfSum(e, x, y, [there, carry]);
      else carry = withCarry(e, upperHalf(e, x, y), [sum, carry]);
    }
  }
  return bounded(result, a.length + b.length);
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
  const times = (one: ReadyLimb, other: ReadyLimb) => e.binary(Op.i64Mul, one, other);
  const carry = highHalf(e, times(xLow, yLow));
  const cross = times(xHigh, yLow);
  const other = times(xLow, yHigh);
  const highest = times(xHigh, yHigh);
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
  const times = (one: ReadyLimb, other: ReadyLimb) => e.binary(Op.i64Mul, one, other);
  const lowest = plus(e, plus(e, times(xLow, yLow), lowHalf(e, c)), lowHalf(e, d));
  const middle = plus(e, plus(e, times(xHigh, yLow), highHalf(e, lowest)), highHalf(e, c));
  const other = plus(e, plus(e, times(xLow, yHigh), lowHalf(e, middle)), highHalf(e, d));
  return plus(e, plus(e, times(xHigh, yHigh), highHalf(e, middle)), highHalf(e, other));
}

function halves(e: Emitter, { limb, bits }: Factor): readonly [low: ReadyLimb, high: ReadyLimb] {
  if (bits <= HALF_BITS) return [limb, 0n];
  return [lowHalf(e, limb), highHalf(e, limb)];
}

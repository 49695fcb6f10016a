/**
 * Wasm functions that every module has beside those of its code: the product of two words, whose
 * limbs go in and come out by value, which AssemblyScript cannot do.
 */
import { Emitter, FIRST_LIMB_LOCAL } from './emitter.js';
import { KERNEL_IMPORTS } from './kernel-functions.js';
import { Op } from './wasm-code.js';
import type { FunctionType, ModuleFunction } from './wasm-module.js';
import { LIMBS, type ReadyLimb } from './word.js';

const MASK_32 = 0xffffffffn;
const FACTORS = 2 * LIMBS;
const MULTIPLY_TYPE: FunctionType = {
  params: new Array(FACTORS).fill('i64'),
  results: new Array(LIMBS).fill('i64'),
};

/** Helpers are numbered first, behind the imports. */
export const MULTIPLY_NUMBER = KERNEL_IMPORTS.length;
/** Of those that only some modules have. */
export const NEXT_HELPER_NUMBER = MULTIPLY_NUMBER + 1;

/** (a0 ... a3, b0 ... b3) -> a * b modulo 2^256, as the kernel's multiply.as.ts does it. */
export function multiplyFunction(): ModuleFunction {
  const e = new Emitter();
  e.begin();
  const a = [0, 1, 2, 3] as const;
  const b = [4, 5, 6, 7] as const;
  const any = [1, 2, 3, 5, 6, 7].reduce<ReadyLimb>(
    (all, limb) => e.binary(Op.i64Or, all, limb),
    0n,
  );
  e.put(any);
  e.code.op(Op.i64Eqz);
  e.code.if();
  for (const limb of [times(e, 0, 4), timesHigh(e, 0, 4, 0n, 0n), 0n, 0n]) e.put(limb);
  e.code.op(Op.return);
  e.code.end();
  for (const limb of product(e, a, b)) e.put(limb);
  const locals = [[FIRST_LIMB_LOCAL - FACTORS + e.limbLocals, 'i64']] as const;
  return { type: MULTIPLY_TYPE, locals, code: e.code.view().slice() };
}

type Limbs = readonly [ReadyLimb, ReadyLimb, ReadyLimb, ReadyLimb];

/** A row for each limb of a: six full products, and four of which only the low half counts. */
function product(e: Emitter, [a0, a1, a2, a3]: Limbs, [b0, b1, b2, b3]: Limbs): Limbs {
  const add = (...limbs: ReadyLimb[]): ReadyLimb =>
    limbs.reduce((sum, limb) => e.binary(Op.i64Add, sum, limb), 0n);
  const low = (x: ReadyLimb, y: ReadyLimb): ReadyLimb => times(e, x, y);
  const high = (x: ReadyLimb, y: ReadyLimb, c: ReadyLimb, d: ReadyLimb) => timesHigh(e, x, y, c, d);
  let carry = high(a0, b0, 0n, 0n);
  let w1 = add(low(a0, b1), carry);
  carry = high(a0, b1, carry, 0n);
  let w2 = add(low(a0, b2), carry);
  let w3 = add(low(a0, b3), high(a0, b2, carry, 0n));
  carry = high(a1, b0, w1, 0n);
  w1 = add(w1, low(a1, b0));
  w3 = add(w3, low(a1, b2), high(a1, b1, w2, carry));
  w2 = add(w2, low(a1, b1), carry);
  w3 = add(w3, low(a2, b1), low(a3, b0), high(a2, b0, w2, 0n));
  w2 = add(w2, low(a2, b0));
  return [low(a0, b0), w1, w2, w3];
}

function times(e: Emitter, x: ReadyLimb, y: ReadyLimb): ReadyLimb {
  return e.binary(Op.i64Mul, x, y);
}

/**
 * The high 64 bits of x * y + c + d, which is below 2^128: the addends go into products of 32-bit
 * pieces, none of whose sums can overflow.
 */
// Five parameters: a product and what is added to it.
export function timesHigh(
  e: Emitter,
  x: ReadyLimb,
  y: ReadyLimb,
  c: ReadyLimb,
  d: ReadyLimb,
): ReadyLimb {
  const low = (limb: ReadyLimb) => e.binary(Op.i64And, limb, MASK_32);
  const high = (limb: ReadyLimb) => e.binary(Op.i64ShrU, limb, 32n);
  const plus = (one: ReadyLimb, other: ReadyLimb) => e.binary(Op.i64Add, one, other);
  const [xLow, xHigh, yLow, yHigh] = [low(x), high(x), low(y), high(y)];
  const lowest = plus(plus(times(e, xLow, yLow), low(c)), low(d));
  const middle = plus(plus(times(e, xHigh, yLow), high(lowest)), high(c));
  const other = plus(plus(times(e, xLow, yHigh), low(middle)), high(d));
  return plus(plus(times(e, xHigh, yHigh), high(middle)), high(other));
}

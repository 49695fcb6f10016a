/**
 * Wasm functions that every module has beside those of its code: the product of two words, whose
 * limbs go in and come out by value, which AssemblyScript cannot do.
 */
import { Emitter } from './emitter.js';
import { KERNEL_IMPORTS } from './kernel-functions.js';
import { FIRST_LIMB_LOCAL } from './locals.js';
import { product } from './products.js';
import { Op } from './wasm-code.js';
import type { FunctionType, ModuleFunction } from './wasm-module.js';
import { LIMBS, type ReadyLimb, smallWord, Word } from './word.js';

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
  const any = [1, 2, 3, 5, 6, 7].reduce<ReadyLimb>(
    (all, limb) => e.binary(Op.i64Or, all, limb),
    0n,
  );
  e.put(any);
  e.code.op(Op.i64Eqz);
  e.code.if();
  for (const limb of product(e, smallWord(0), smallWord(4)).limbs) e.put(limb as ReadyLimb);
  e.code.op(Op.return);
  e.code.end();
  const [a, b] = [new Word([0, 1, 2, 3]), new Word([4, 5, 6, 7])];
  for (const limb of product(e, a, b).limbs) e.put(limb as ReadyLimb);
  const locals = [[FIRST_LIMB_LOCAL - FACTORS + e.limbLocals, 'i64']] as const;
  return { type: MULTIPLY_TYPE, locals, code: e.code.view().slice() };
}

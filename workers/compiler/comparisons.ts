/**
 * Comparisons of words. Mostly the upper limbs are known to be zero or are the same, which is what
 * the code looks at first. A truth value carries what it says (Claim), for the branch that it
 * decides.
 */
import * as op from '../kernel/opcodes.js';
import type { Emitter } from './emitter.js';
import { type OpcodeEmitter, withTwo } from './opcode-emitter.js';
import { Op } from './wasm-code.js';
import { constantWord, LIMBS, lengthOf, type ReadyLimb, smallWord, type Word } from './word.js';

export const COMPARISONS: readonly (readonly [code: number, emit: OpcodeEmitter])[] = [
  [op.OP_LT, (e) => withTwo(e, (a, b) => below(e, a, b))],
  [op.OP_GT, (e) => withTwo(e, (a, b) => below(e, b, a))],
  [op.OP_SLT, (e) => withTwo(e, (a, b) => signedBelow(e, a, b))],
  [op.OP_SGT, (e) => withTwo(e, (a, b) => signedBelow(e, b, a))],
  [op.OP_EQ, (e) => withTwo(e, (a, b) => equal(e, a, b))],
  [op.OP_ISZERO, isZero],
];

function below(e: Emitter, a: Word, b: Word): Word {
  const truth = a.length <= lengthOfLess(b) ? constantWord(1n) : smallWord(belowLimb(e, a, b), 1);
  truth.claim = { a, below: b };
  return truth;
}

/** What is below 2^bits is below the word, for so many bits; of a word that is not known none. */
function lengthOfLess(word: Word): number {
  const value = word.constant;
  return value === undefined || value === 0n ? -1 : lengthOf(value) - 1;
}

/** Whether a < b, as a limb. */
export function belowLimb(e: Emitter, a: Word, b: Word): ReadyLimb {
  const low = e.compare(Op.i64LtU, e.limb(a, 0), e.limb(b, 0));
  const [upperA, upperB] = [a, b].map((word) => (word.isOneLimb ? 0n : null));
  if (upperA === 0n) return upperB === 0n ? low : e.binary(Op.i64Or, low, isAny(e, b));
  if (upperB === 0n) return e.binary(Op.i64And, low, e.compare(Op.i64Eq, e.anyOf(a, 1), 0n));
  const difference = differenceOf(e, a, b, 1);
  if (difference === 0n) return low;
  if (difference === 1n) return belowFrom(e, a, b, { from: 1, tie: low, isSigned: false });
  const result = e.fresh();
  e.put(low);
  e.code.set(result);
  e.put(difference);
  e.code.i64Const(0n);
  e.code.op(Op.i64Ne);
  e.code.if();
  e.put(belowFrom(e, a, b, { from: 1, tie: 0n, isSigned: false }));
  e.code.set(result);
  e.code.end();
  return result;
}

function isAny(e: Emitter, word: Word): ReadyLimb {
  return e.compare(Op.i64LtU, 0n, e.anyOf(word, 1));
}

interface Order {
  /** Limbs below this one are not looked at, and decide `tie`. */
  readonly from: number;
  readonly tie: ReadyLimb;
  readonly isSigned: boolean;
}

/** From the lowest limb up, each higher one that differs decides anew. */
function belowFrom(e: Emitter, a: Word, b: Word, { from, tie, isSigned }: Order): ReadyLimb {
  let result = tie;
  for (let index = from; index < LIMBS; index += 1) {
    const x = e.limb(a, index);
    const y = e.limb(b, index);
    const order = isSigned && index === LIMBS - 1 ? Op.i64LtS : Op.i64LtU;
    const less = e.compare(order, x, y);
    if (typeof less === 'bigint' && typeof x === 'bigint' && typeof y === 'bigint') {
      result = x === y ? result : less;
      continue;
    }
    if (x === y) continue;
    const same = result === 0n ? 0n : e.binary(Op.i64And, e.compare(Op.i64Eq, x, y), result);
    result = e.binary(Op.i64Or, less, same);
  }
  return result;
}

function signedBelow(e: Emitter, a: Word, b: Word): Word {
  // Only the sign of a word is asked for, mostly.
  if (b.constant === 0n) return smallWord(e.binary(Op.i64ShrU, e.limb(a, LIMBS - 1), 63n), 1);
  return smallWord(belowFrom(e, a, b, { from: 0, tie: 0n, isSigned: true }), 1);
}

function equal(e: Emitter, a: Word, b: Word): Word {
  const difference = differenceOf(e, a, b, 0);
  if (typeof difference === 'bigint') return constantWord(difference === 0n ? 1n : 0n);
  return smallWord(e.compare(Op.i64Eq, difference, 0n), 1);
}

/** 0 where the limbs from one on are the same. */
function differenceOf(e: Emitter, a: Word, b: Word, from: number): ReadyLimb {
  let difference: ReadyLimb = 0n;
  for (let index = from; index < LIMBS; index += 1) {
    const bits = e.binary(Op.i64Xor, e.limb(a, index), e.limb(b, index));
    if (typeof bits === 'bigint' && bits !== 0n) return 1n;
    difference = e.binary(Op.i64Or, difference, bits);
  }
  return difference;
}

function isZero(e: Emitter): void {
  const word = e.pop();
  const limb = word.isBoolean
    ? e.binary(Op.i64Xor, e.limb(word, 0), 1n)
    : e.compare(Op.i64Eq, e.anyOf(word, 0), 0n);
  const truth = smallWord(limb, 1);
  truth.denied = word;
  e.push(truth);
}

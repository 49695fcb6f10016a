/**
 * SHL, SHR, SAR and BYTE. Shifts by what is known are moves of limbs and pieces of them; by what is
 * not, whole limbs are moved by branches first. One limb is an instruction and a comparison.
 */
import * as op from '../kernel/opcodes.js';
import { bound, LIMB_BITS } from './bits.js';
import type { Emitter } from './emitter.js';
import type { OpcodeEmitter } from './opcode-emitter.js';
import { Op } from './wasm-code.js';
import { constantWord, LIMBS, type ReadyLimb, smallWord, Word } from './word.js';

const WORD_BITS = 256n;
const LAST_BYTE = 31n;

export const SHIFTS: readonly (readonly [code: number, emit: OpcodeEmitter])[] = [
  [op.OP_BYTE, byteAt],
  [op.OP_SHL, (e) => shift(e, 'shl', shiftLeft)],
  [op.OP_SHR, (e) => shift(e, 'shr', (x, word, bits) => shiftRight(x, word, bits, 0n))],
  [op.OP_SAR, (e) => shift(e, 'sar', shiftSigned)],
];

function shift(
  e: Emitter,
  name: 'shl' | 'shr' | 'sar',
  by: (e: Emitter, word: Word, bits: number) => Word,
): void {
  const count = e.pop();
  const word = e.pop();
  const bits = count.constant;
  if (bits === undefined) e.push(shiftByUnknown(e, name, word, count));
  else if (bits < WORD_BITS) e.push(by(e, word, Number(bits)));
  else e.push(name === 'sar' ? by(e, word, Number(WORD_BITS) - 1) : constantWord(0n));
}

/** word * 2^count modulo 2^256. */
export function shiftLeftByUnknown(e: Emitter, word: Word, count: Word): Word {
  return shiftByUnknown(e, 'shl', word, count);
}

function shiftByUnknown(e: Emitter, name: 'shl' | 'shr' | 'sar', word: Word, count: Word): Word {
  const by = e.clamped(count);
  if (name !== 'shl' && word.isOneLimb) {
    // Without its upper limbs a word has no sign: SAR is SHR.
    const moved = e.binary(Op.i64ShrU, e.limb(word, 0), by);
    return smallWord(onlyBelow(e, by, BigInt(LIMB_BITS), moved), word.bitsOf(0));
  }
  const fill = name === 'sar' ? e.binary(Op.i64ShrS, e.limb(word, LIMBS - 1), 63n) : 0n;
  const limbs = word.limbs.map((_, index) => e.limb(word, index));
  // From where limbs come in to where they go out.
  const order = name === 'shl' ? limbs : [...limbs].reverse();
  const moved = movedByBits(e, name, movedByLimbs(e, order, by, fill), by, fill);
  return new Word(name === 'shl' ? moved : [...moved].reverse());
}

/** Moves whole limbs, two and then one; by 256 and more all. */
function movedByLimbs(
  e: Emitter,
  from: readonly ReadyLimb[],
  by: ReadyLimb,
  fill: ReadyLimb,
): number[] {
  const { code } = e;
  const limbs = from.map((limb) => {
    const local = e.fresh();
    e.move(limb, local);
    return local;
  });
  for (const count of [2, 1]) {
    e.put(e.binary(Op.i64And, by, BigInt(LIMB_BITS * count)));
    code.op(Op.i32WrapI64);
    code.if();
    for (let index = LIMBS - 1; index >= 0; index -= 1) {
      e.move(index < count ? fill : limbs[index - count]!, limbs[index]!);
    }
    code.end();
  }
  e.put(by);
  code.i64Const(WORD_BITS);
  code.op(Op.i64GeU);
  code.if();
  for (const local of limbs) e.move(fill, local);
  code.end();
  return limbs;
}

/** Moves by less than a limb; pieces go over in two steps: a shift by 64 would be one by 0. */
function movedByBits(
  e: Emitter,
  name: 'shl' | 'shr' | 'sar',
  limbs: readonly number[],
  by: ReadyLimb,
  fill: ReadyLimb,
): ReadyLimb[] {
  const [along, back] = name === 'shl' ? [Op.i64Shl, Op.i64ShrU] : [Op.i64ShrU, Op.i64Shl];
  const rest = e.binary(Op.i64Xor, by, BigInt(LIMB_BITS - 1));
  return limbs.map((limb, index) => {
    const behind = index === 0 ? fill : limbs[index - 1]!;
    const piece = e.binary(back, e.binary(back, behind, 1n), rest);
    return e.binary(Op.i64Or, e.binary(along, limb, by), piece);
  });
}

/** The value where the limb is below the end, and 0 otherwise. */
function onlyBelow(e: Emitter, limb: ReadyLimb, end: bigint, value: ReadyLimb): ReadyLimb {
  const isBelow = e.compare(Op.i64LtU, limb, end);
  return e.binary(Op.i64And, value, e.binary(Op.i64Sub, 0n, isBelow));
}

export function shiftLeft(e: Emitter, word: Word, bits: number): Word {
  const limbs: ReadyLimb[] = [];
  const bounds: number[] = [];
  const whole = Math.floor(bits / LIMB_BITS);
  const part = bits % LIMB_BITS;
  for (let index = 0; index < LIMBS; index += 1) {
    const at = index - whole;
    const high = at < 0 ? 0n : e.limb(word, at);
    if (part === 0) {
      limbs.push(high);
      bounds.push(at < 0 ? 0 : word.bitsOf(at));
      continue;
    }
    const carried = at < 1 ? 0 : Math.max(0, word.bitsOf(at - 1) + part - LIMB_BITS);
    if (high === 0n && carried === 0) {
      limbs.push(0n);
      bounds.push(0);
      continue;
    }
    const back = BigInt(LIMB_BITS - part);
    const low = carried === 0 ? 0n : e.binary(Op.i64ShrU, e.limb(word, at - 1), back);
    limbs.push(e.binary(Op.i64Or, e.binary(Op.i64Shl, high, BigInt(part)), low));
    const moved = high === 0n ? 0 : word.bitsOf(at) + part;
    bounds.push(bound(Math.max(moved, carried)));
  }
  return new Word(limbs, bounds);
}

/** @param fill  what comes in from above */
export function shiftRight(e: Emitter, word: Word, bits: number, fill: ReadyLimb): Word {
  const limbs: ReadyLimb[] = [];
  const bounds: number[] = [];
  const whole = Math.floor(bits / LIMB_BITS);
  const part = bits % LIMB_BITS;
  const fillBits = fill === 0n ? 0 : LIMB_BITS;
  const at = (index: number): ReadyLimb => (index >= LIMBS ? fill : e.limb(word, index));
  const bitsAt = (index: number): number => (index >= LIMBS ? fillBits : word.bitsOf(index));
  for (let index = 0; index < LIMBS; index += 1) {
    const from = index + whole;
    const above = at(from + 1);
    if (part === 0 || (above === 0n && bitsAt(from) <= part)) {
      limbs.push(part === 0 ? at(from) : 0n);
      bounds.push(part === 0 ? bitsAt(from) : 0);
      continue;
    }
    const low = e.binary(Op.i64ShrU, at(from), BigInt(part));
    const high = e.binary(Op.i64Shl, above, BigInt(LIMB_BITS - part));
    limbs.push(e.binary(Op.i64Or, low, high));
    // What is shifted down is no larger than it was: a counter stays one.
    const isLone = above === 0n;
    const rest = bound(Math.max(0, bitsAt(from) - part));
    bounds.push(isLone ? Math.min(rest, bitsAt(from)) : LIMB_BITS);
  }
  return new Word(limbs, bounds);
}

function shiftSigned(e: Emitter, word: Word, bits: number): Word {
  return shiftRight(e, word, bits, e.binary(Op.i64ShrS, e.limb(word, LIMBS - 1), 63n));
}

function byteAt(e: Emitter): void {
  const at = e.pop();
  const index = at.constant;
  const word = e.pop();
  if (index === undefined) {
    e.push(byteAtUnknown(e, at, word));
    return;
  }
  if (index > LAST_BYTE) {
    e.push(constantWord(0n));
    return;
  }
  const place = Number(LAST_BYTE - index);
  const moved = e.binary(Op.i64ShrU, e.limb(word, place >> 3), BigInt((place & 7) * 8));
  e.push(smallWord(e.binary(Op.i64And, moved, 0xffn), 8));
}

function byteAtUnknown(e: Emitter, at: Word, word: Word): Word {
  const index = e.clamped(at);
  const { code } = e;
  e.ready(word);
  const limb = e.fresh();
  e.move(e.limb(word, LIMBS - 1), limb);
  for (let whole = 1; whole < LIMBS; whole += 1) {
    e.put(index);
    code.i64Const(BigInt(8 * whole));
    code.op(Op.i64GeU);
    code.if();
    e.move(e.limb(word, LIMBS - 1 - whole), limb);
    code.end();
  }
  const bits = e.binary(Op.i64Shl, e.binary(Op.i64Xor, index, 7n), 3n);
  const byte = e.binary(Op.i64And, e.binary(Op.i64ShrU, limb, bits), 0xffn);
  return smallWord(onlyBelow(e, index, LAST_BYTE + 1n, byte), 8);
}

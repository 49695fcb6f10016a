/**
 * SHL, SHR, SAR and BYTE. Shifts by what is known are moves of limbs and pieces of them; one limb
 * by any number is an instruction and a comparison; the rest is the kernel's.
 */
import * as op from '../kernel/opcodes.js';
import { bound, LIMB_BITS } from './bits.js';
import type { Emitter } from './emitter.js';
import { kernelBinary } from './kernel-call.js';
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
  const count = e.slots.at(-1)!;
  const word = e.slots.at(-2)!;
  const bits = count.constant;
  if (bits === undefined) {
    shiftByUnknown(e, name, count, word);
    return;
  }
  e.pop();
  e.pop();
  if (bits < WORD_BITS) {
    e.push(by(e, word, Number(bits)));
    return;
  }
  e.push(name === 'sar' ? by(e, word, Number(WORD_BITS) - 1) : constantWord(0n));
}

function shiftByUnknown(e: Emitter, name: 'shl' | 'shr' | 'sar', count: Word, word: Word): void {
  // Without its upper limbs a word has no sign: SAR is SHR.
  if (name === 'shl' || !word.isOneLimb) {
    kernelBinary(e, name);
    return;
  }
  e.pop();
  e.pop();
  const limb = e.clamped(count);
  const moved = e.binary(Op.i64ShrU, e.limb(word, 0), limb);
  e.push(smallWord(onlyBelow(e, limb, BigInt(LIMB_BITS), moved), word.bitsOf(0)));
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
  const index = e.slots.at(-1)!.constant;
  if (index === undefined) {
    kernelBinary(e, 'byteAt');
    return;
  }
  e.pop();
  const word = e.pop();
  if (index > LAST_BYTE) {
    e.push(constantWord(0n));
    return;
  }
  const place = Number(LAST_BYTE - index);
  const moved = e.binary(Op.i64ShrU, e.limb(word, place >> 3), BigInt((place & 7) * 8));
  e.push(smallWord(e.binary(Op.i64And, moved, 0xffn), 8));
}

/**
 * What is known, while code is translated, of a 256-bit word: of each of its four limbs (u64,
 * lowest first) either the number, or the Wasm local that holds it, or where in memory it still
 * lies, and how large it can be. Masks, truth values and small integers so become code for one
 * limb.
 */
import { type Bits, bitLength, bound, LIMB_BITS, NOTHING_KNOWN } from './bits.js';

/** A limb that has not been needed yet: at an offset from the pointer in an i32 local. */
export interface MemoryLimb {
  readonly base: number;
  readonly offset: number;
}

/** A number (0 to 2^64 - 1), or the index of an i64 local. */
export type ReadyLimb = bigint | number;
export type Limb = ReadyLimb | MemoryLimb;

/** What a truth value says: that `a` is below a word. */
export interface Claim {
  readonly a: Word;
  readonly below: Word;
}

export const LIMBS = 4;
const SMALL_END = 2n ** 31n;
export const LIMB_MAX = 2n ** 64n - 1n;

/** Words are compared by identity: two places of the stack may hold the same one. */
export class Word {
  limbs: readonly Limb[];
  /** Of limbs that are not known numbers. */
  readonly bits: Bits;
  claim: Claim | undefined;
  /** This one is a truth value: that the other is zero. */
  denied: Word | undefined;
  /** Of the emitter that looks for what is still held. */
  mark = 0;
  /** Other words have the same array. */
  private isSharing: boolean;

  constructor(limbs: readonly Limb[], bits: Bits = NOTHING_KNOWN, isSharing = false) {
    this.limbs = limbs;
    this.bits = bits;
    this.isSharing = isSharing;
    this.claim = undefined;
    this.denied = undefined;
  }

  /** A limb lies somewhere else now: it has been loaded, or that is forgotten. */
  hold(index: number, limb: Limb): void {
    if (this.isSharing) this.limbs = [...this.limbs];
    this.isSharing = false;
    (this.limbs as Limb[])[index] = limb;
  }

  /** It is 0 or 1, and not as a number that is known. */
  get isBoolean(): boolean {
    return this.isOneLimb && typeof this.limbs[0] !== 'bigint' && this.bits[0]! <= 1;
  }

  /** All of it is a known number. */
  get isKnown(): boolean {
    const { limbs } = this;
    for (let index = 0; index < LIMBS; index += 1) {
      if (typeof limbs[index] !== 'bigint') return false;
    }
    return true;
  }

  /** The number, where all of it is known. */
  get constant(): bigint | undefined {
    const { limbs } = this;
    if (!this.isKnown) return undefined;
    if (this.isOneLimb) return limbs[0] as bigint;
    let value = 0n;
    for (let index = LIMBS - 1; index >= 0; index -= 1) {
      value = (value << 64n) | (limbs[index] as bigint);
    }
    return value;
  }

  /** The number, where it is known and below 2^31; else -1. */
  get smallConstant(): number {
    const low = this.limbs[0];
    if (typeof low !== 'bigint' || low >= SMALL_END || !this.isOneLimb) return -1;
    return Number(low);
  }

  /** Below 2^64 for certain. */
  get isOneLimb(): boolean {
    return this.limbs[1] === 0n && this.limbs[2] === 0n && this.limbs[3] === 0n;
  }

  /** The limb is below 2^bits. */
  bitsOf(index: number): number {
    const limb = this.limbs[index]!;
    if (typeof limb !== 'bigint') return this.bits[index]!;
    return bound(bitLength(limb));
  }

  /** The word is below 2^bits. */
  get length(): number {
    let top = LIMBS - 1;
    while (top > 0 && this.limbs[top] === 0n) top -= 1;
    return LIMB_BITS * top + this.bitsOf(top);
  }

  /** The same, when it is not above another: below it, where that is `strictly` so. */
  limited(other: Word, isStrict: boolean): Word {
    const limbs = [...this.limbs];
    const bits = [...this.bits];
    for (let index = LIMBS - 1; index >= 0; index -= 1) {
      const limb = other.limbs[index]!;
      if (limb === 0n && index > 0) {
        limbs[index] = 0n;
        continue;
      }
      const isLess = isStrict && index === 0 && typeof limb === 'bigint' && limb > 0n;
      const most = isLess ? bound(bitLength((limb as bigint) - 1n)) : other.bitsOf(index);
      bits[index] = Math.min(bits[index]!, most);
      break;
    }
    return new Word(limbs, bits);
  }
}

export function constantWord(value: bigint): Word {
  if (value >= 0n && value <= LIMB_MAX) return new Word([value, 0n, 0n, 0n]);
  const limbs: Limb[] = [];
  for (let index = 0n; index < LIMBS; index += 1n) limbs.push((value >> (64n * index)) & LIMB_MAX);
  return new Word(limbs);
}

/** A word of one limb, below 2^bits. */
export function smallWord(limb: Limb, bits = LIMB_BITS): Word {
  return new Word([limb, 0n, 0n, 0n], SMALL_BOUNDS[bits]);
}

const SMALL_BOUNDS = Array.from({ length: LIMB_BITS + 1 }, (_, bits): Bits => [bits, 0, 0, 0]);

/** A word that lies in memory. */
export function wordAt(base: number, offset: number): Word {
  return new Word(memoryLimbs(base, offset));
}

/** The limbs of a word that lies in memory. */
export function memoryLimbs(base: number, offset: number): MemoryLimb[] {
  return [
    { base, offset },
    { base, offset: offset + 8 },
    { base, offset: offset + 16 },
    { base, offset: offset + 24 },
  ];
}

/** The exponent of a power of two, or undefined. */
export function log2(value: bigint | undefined): number | undefined {
  if (value === undefined || value === 0n || (value & (value - 1n)) !== 0n) return undefined;
  return lengthOf(value) - 1;
}

/** The length of a number in bits; 0 has none. */
export function lengthOf(value: bigint): number {
  let bits = 0;
  let left = value;
  for (; left > LIMB_MAX; left >>= 64n) bits += LIMB_BITS;
  return bits + bitLength(left);
}

/** Words are replaced by others of the same value: what they say is said of those. */
export function keepClaims(replaced: ReadonlyMap<Word, Word>): void {
  for (const [{ claim, denied }, word] of replaced) {
    if (denied !== undefined) word.denied = replaced.get(denied) ?? denied;
    if (claim === undefined) continue;
    const { a, below } = claim;
    word.claim = { a: replaced.get(a) ?? a, below: replaced.get(below) ?? below };
  }
}

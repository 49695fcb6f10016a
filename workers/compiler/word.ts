/**
 * What is known, while code is translated, of a 256-bit word: of each of its four limbs (u64,
 * lowest first) either the number, or the Wasm local that holds it, or where in memory it still
 * lies. Masks, truth values and small integers so become code for one limb.
 */

/** A limb that has not been needed yet: at an offset from the pointer in an i32 local. */
export interface MemoryLimb {
  readonly base: number;
  readonly offset: number;
}

/** A number (0 to 2^64 - 1), or the index of an i64 local. */
export type ReadyLimb = bigint | number;
export type Limb = ReadyLimb | MemoryLimb;

export const LIMBS = 4;
const SMALL_END = 2n ** 31n;
export const LIMB_MAX = 2n ** 64n - 1n;

/** Words are compared by identity: two places of the stack may hold the same one. */
export class Word {
  readonly limbs: Limb[];
  /** It is 0 or 1, and not as a number that is known. */
  readonly isBoolean: boolean;
  /** Of the emitter that looks for what is still held. */
  mark = 0;

  constructor(limbs: Limb[], isBoolean = false) {
    this.limbs = limbs;
    this.isBoolean = isBoolean;
  }

  /** The number, where all of it is known. */
  get constant(): bigint | undefined {
    let value = 0n;
    for (let index = LIMBS - 1; index >= 0; index -= 1) {
      const limb = this.limbs[index];
      if (typeof limb !== 'bigint') return undefined;
      value = (value << 64n) | limb;
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
}

export function constantWord(value: bigint): Word {
  const limbs: Limb[] = [];
  for (let index = 0n; index < LIMBS; index += 1n) limbs.push((value >> (64n * index)) & LIMB_MAX);
  return new Word(limbs);
}

/** A word of one limb. */
export function smallWord(limb: Limb, isBoolean = false): Word {
  return new Word([limb, 0n, 0n, 0n], isBoolean && typeof limb !== 'bigint');
}

/** A word that lies in memory. */
export function wordAt(base: number, offset: number): Word {
  return new Word([0, 8, 16, 24].map((at) => ({ base, offset: offset + at })));
}

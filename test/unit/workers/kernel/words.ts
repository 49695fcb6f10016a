/** Random 256-bit numbers that love edges, and the word kernel over a memory of its own. */
import { instantiateKernel } from '../../../../state/base/wasm.js';

const MASK = 2n ** 256n - 1n;
const LIMB = 2n ** 64n;

type Binary = (a: number, b: number, out: number) => void;
type Comparison = (a: number, b: number) => number;
type Ternary = (a: number, b: number, n: number, out: number) => void;

type BinaryName =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'sdiv'
  | 'mod'
  | 'smod'
  | 'exp'
  | 'signExtend'
  | 'and'
  | 'or'
  | 'xor'
  | 'byteAt'
  | 'shl'
  | 'shr'
  | 'sar';

export interface WordKernel extends Record<BinaryName, Binary> {
  lt: Comparison;
  gt: Comparison;
  slt: Comparison;
  sgt: Comparison;
  eq: Comparison;
  isZero(a: number): number;
  not(a: number, out: number): void;
  clz(a: number, out: number): void;
  addmod: Ternary;
  mulmod: Ternary;
  expBytes(exponent: number): number;
  fitsU32(a: number): number;
  fitsU64(a: number): number;
  fromBytes(from: number, length: number, out: number): void;
  toBytes(from: number, out: number): void;
  keccak256(from: number, length: number, out: number): void;
  keccak256Pair(a: number, b: number, length: number, outA: number, outB: number): void;
  keccakMemo(from: number, length: number, out: number, memo: number): void;
  hashMessage(m: number, frame: number, from: number, length: number, out: number): void;
}

export const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
export const kernel = instantiateKernel<WordKernel>('word', memory);
export const bytes = new Uint8Array(memory.buffer);
const limbs = new BigUint64Array(memory.buffer);

/** @param value  any integer; its lowest 256 bits are written */
export function putWord(at: number, value: bigint): void {
  let rest = value & MASK;
  for (let limb = 0; limb < 4; limb++) {
    limbs[at / 8 + limb] = rest & (LIMB - 1n);
    rest >>= 64n;
  }
}

export function getWord(at: number): bigint {
  const limb = (index: number): bigint => limbs[at / 8 + index]!;
  return limb(0) | (limb(1) << 64n) | (limb(2) << 128n) | (limb(3) << 192n);
}

/** xorshift32: a run is repeated by its seed alone. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  below(bound: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return Math.floor(((state >>> 0) / 2 ** 32) * bound);
  }

  bits(count: number): bigint {
    let value = 0n;
    for (let done = 0; done < count; done += 32) {
      value = (value << 32n) | BigInt(this.below(2 ** 32));
    }
    return value & ((1n << BigInt(count)) - 1n);
  }

  /** A limb that makes carries, borrows and wrong first guesses of quotient digits likely. */
  limb(): bigint {
    const kind = this.below(8);
    if (kind === 0) return 0n;
    if (kind === 1) return LIMB - 1n;
    if (kind === 2) return LIMB / 2n - BigInt(this.below(3)) + 1n;
    if (kind === 3) return LIMB - 1n - BigInt(this.below(4));
    if (kind === 4) return BigInt(this.below(4));
    if (kind === 5) return this.bits(1 + this.below(64));
    return this.bits(64);
  }

  word(): bigint {
    const kind = this.below(10);
    const power = 1n << BigInt(this.below(256));
    if (kind === 0) return BigInt(this.below(300));
    if (kind === 1) return power;
    if (kind === 2) return power - 1n;
    if (kind === 3) return MASK - (power - 1n);
    if (kind === 4) return (2n ** 255n - 1n + BigInt(this.below(3))) & MASK;
    if (kind === 5) return (MASK - BigInt(this.below(300))) & MASK;
    if (kind === 6) return this.bits(1 + this.below(256));
    let value = 0n;
    const count = 1 + this.below(4);
    for (let limb = 0; limb < count; limb++) value = (value << 64n) | this.limb();
    return value;
  }

  /** A number whose upper limbs are those of `other`, or that is a small multiple or neighbour. */
  near(other: bigint): bigint {
    const kind = this.below(5);
    if (kind === 0) return other;
    if (kind === 1) return (other + BigInt(this.below(5)) - 2n) & MASK;
    if (kind === 2) return (other * BigInt(this.below(9)) + this.bits(8)) & MASK;
    const keep = BigInt(64 * (1 + this.below(3)));
    if (kind === 3) return other >> keep;
    return ((other >> keep) << keep) | this.bits(Number(keep));
  }
}

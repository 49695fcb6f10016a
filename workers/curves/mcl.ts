/**
 * Pairing-friendly curves by mcl-wasm (this file is its owner): an instance of the library for each
 * curve and thread, driven at its raw exports, pointers in its own memory. The package's classes
 * copy every operand and pass hexadecimal strings, which costs more than an addition does.
 * Points are Jacobian, {x, y, z} of field elements in Montgomery form; all zeros is infinity.
 * Measured here, BLS12-381 and BN254: field multiplication 0.22 and 0.11 us, addition in G1 with
 * its inversion 6.1 and 2.9 us. rustbn-wasm needed 17 us for the latter, and plain JavaScript a
 * hundred times as much.
 */
import createModule from 'mcl-wasm/dist/mcl_c.js';
import { assert } from '../../state/base/assert.js';

/** The library's numbers of the curves; BN254 is the one of EIP-196. */
export const BLS12_381 = 5;
export const BN254 = 4;
export type CurveNumber = typeof BLS12_381 | typeof BN254;

/** What the library was compiled for: it refuses to start where a caller thinks otherwise. */
const COMPILED_FOR = 46;
/** Maps to the curve as RFC 9380 has it, which is what EIP-2537 asks for. */
const MAP_RFC_9380 = 5;

/** Sizes in the library's memory: it is compiled for fields of 384 bits, whichever the curve. */
export const FP_BYTES = 48;
export const FR_BYTES = 32;
export const G1_BYTES = 3 * FP_BYTES;
export const G2_BYTES = 6 * FP_BYTES;
const GT_BYTES = 12 * FP_BYTES;

/** The exports in use; functions named ...is... and ...init... answer 0 or 1 as C does. */
interface MclExports {
  readonly wasmMemory: WebAssembly.Memory;
  _malloc(bytes: number): number;
  _free(at: number): void;
  _mclBn_init(curve: number, compiledFor: number): number;
  _mclBn_setMapToMode(mode: number): number;
  _mclBn_verifyOrderG1(isVerified: number): void;
  _mclBn_verifyOrderG2(isVerified: number): void;
  _mclBnFp_deserialize(to: number, from: number, bytes: number): number;
  _mclBnFp_serialize(to: number, bytesMax: number, from: number): number;
  _mclBnFp_setInt32(to: number, value: number): void;
  _mclBnFp_mapToG1(to: number, from: number): number;
  _mclBnFp_neg(to: number, from: number): void;
  _mclBnFp2_mul(to: number, a: number, b: number): void;
  _mclBnFp2_mapToG2(to: number, from: number): number;
  _mclBnFr_setBigEndianMod(to: number, from: number, bytes: number): number;
  _mclBnFr_isZero(at: number): number;
  _mclBnG1_isValid(at: number): number;
  _mclBnG1_isZero(at: number): number;
  _mclBnG1_add(to: number, a: number, b: number): void;
  _mclBnG1_sub(to: number, a: number, b: number): void;
  _mclBnG1_neg(to: number, from: number): void;
  _mclBnG1_mul(to: number, point: number, scalar: number): void;
  _mclBnG1_mulVec(to: number, points: number, scalars: number, count: number): void;
  _mclBnG1_normalize(to: number, from: number): void;
  _mclBnG2_isValid(at: number): number;
  _mclBnG2_isZero(at: number): number;
  _mclBnG2_isEqual(a: number, b: number): number;
  _mclBnG2_add(to: number, a: number, b: number): void;
  _mclBnG2_sub(to: number, a: number, b: number): void;
  _mclBnG2_dbl(to: number, from: number): void;
  _mclBnG2_mulVec(to: number, points: number, scalars: number, count: number): void;
  _mclBnG2_normalize(to: number, from: number): void;
  _mclBn_millerLoopVec(to: number, g1s: number, g2s: number, count: number): void;
  _mclBn_getUint64NumToPrecompute(): number;
  _mclBn_precomputeG2(to: number, point: number): void;
  _mclBn_precomputedMillerLoop2(to: number, a: number, of: number, b: number, and: number): void;
  _mclBn_finalExp(to: number, from: number): void;
  _mclBnGT_isOne(at: number): number;
}

/** How a curve's field elements lie in an input: big-endian, after zeros that must be there. */
export interface Encoding {
  readonly zeros: number;
  readonly bytes: number;
  /** Whether the imaginary part of an element of Fp2 comes first. */
  readonly imaginaryFirst: boolean;
}

/** What a precompile was given is not a point, or an element of the field, as it has to be. */
export class NoPoint extends Error {}

/** @throws NoPoint */
export function check(isValid: boolean): void {
  if (!isValid) throw new NoPoint('not a point of the curve or the subgroup');
}

/** An instance of the library for one curve; a thread needs each once. */
export async function loadCurve(curve: CurveNumber, encoding: Encoding): Promise<MclCurve> {
  // The library asks for random numbers only where a caller wants random elements.
  const raw: MclExports = await createModule({ cryptoGetRandomValues: () => undefined });
  return new MclCurve(raw, curve, encoding);
}

export class MclCurve {
  readonly raw: MclExports;
  readonly encoding: Encoding;
  /** Places for a caller's intermediate results: one call uses them at a time. */
  readonly g1: readonly [number, number, number];
  readonly g2: readonly [number, number, number];
  readonly scalar: number;
  private readonly gt: number;
  private readonly one: number;
  private readonly exchange: number;
  private heap: Uint8Array;

  constructor(raw: MclExports, curve: CurveNumber, encoding: Encoding) {
    this.raw = raw;
    this.encoding = encoding;
    assert(raw._mclBn_init(curve, COMPILED_FOR) === 0, 'the library knows the curve');
    if (curve === BLS12_381) raw._mclBn_setMapToMode(MAP_RFC_9380);
    // Additions must take points outside of the subgroup; who needs the check asks for it.
    raw._mclBn_verifyOrderG1(0);
    raw._mclBn_verifyOrderG2(0);
    const g1 = () => this.allocate(G1_BYTES);
    const g2 = () => this.allocate(G2_BYTES);
    this.g1 = [g1(), g1(), g1()];
    this.g2 = [g2(), g2(), g2()];
    this.scalar = this.allocate(FR_BYTES);
    this.gt = this.allocate(GT_BYTES);
    this.exchange = this.allocate(FP_BYTES);
    this.one = this.allocate(FP_BYTES);
    this.heap = new Uint8Array(raw.wasmMemory.buffer);
    raw._mclBnFp_setInt32(this.one, 1);
  }

  allocate(bytes: number): number {
    const at = this.raw._malloc(bytes);
    assert(at !== 0, 'the curve library has memory left');
    return at;
  }

  /** Runs with places for `count` points of each kind and as many scalars, and frees them. */
  withVectors<Result>(
    { count, pointBytes, otherBytes }: VectorSizes,
    run: (points: number, others: number) => Result,
  ): Result {
    const points = this.allocate(Math.max(1, count * pointBytes));
    const others = this.allocate(Math.max(1, count * otherBytes));
    try {
      return run(points, others);
    } finally {
      this.raw._free(points);
      this.raw._free(others);
    }
  }

  /** @returns false where the element is not below the field's modulus */
  readFp(to: number, input: Uint8Array, at: number): boolean {
    const { zeros, bytes } = this.encoding;
    const heap = this.bytes();
    for (let index = 0; index < zeros; index += 1) if (input[at + index] !== 0) return false;
    const last = at + zeros + bytes - 1;
    for (let index = 0; index < bytes; index += 1) {
      heap[this.exchange + index] = input[last - index]!;
    }
    return this.raw._mclBnFp_deserialize(to, this.exchange, bytes) === bytes;
  }

  readFp2(to: number, input: Uint8Array, at: number): boolean {
    const { imaginaryFirst } = this.encoding;
    const real = at + (imaginaryFirst ? this.elementBytes() : 0);
    const imaginary = at + (imaginaryFirst ? 0 : this.elementBytes());
    return this.readFp(to, input, real) && this.readFp(to + FP_BYTES, input, imaginary);
  }

  /** Zeros are infinity. @returns false where there is no such point on the curve */
  readG1(to: number, input: Uint8Array, at: number): boolean {
    const element = this.elementBytes();
    const heap = this.bytes();
    heap.fill(0, to, to + G1_BYTES);
    if (isZeros(input, at, 2 * element)) return true;
    if (!this.readFp(to, input, at) || !this.readFp(to + FP_BYTES, input, at + element)) {
      return false;
    }
    heap.copyWithin(to + 2 * FP_BYTES, this.one, this.one + FP_BYTES);
    return this.raw._mclBnG1_isValid(to) === 1;
  }

  readG2(to: number, input: Uint8Array, at: number): boolean {
    const element = this.elementBytes();
    const heap = this.bytes();
    heap.fill(0, to, to + G2_BYTES);
    if (isZeros(input, at, 4 * element)) return true;
    const isRead =
      this.readFp2(to, input, at) && this.readFp2(to + 2 * FP_BYTES, input, at + 2 * element);
    if (!isRead) return false;
    heap.copyWithin(to + 4 * FP_BYTES, this.one, this.one + FP_BYTES);
    return this.raw._mclBnG2_isValid(to) === 1;
  }

  /** 32 bytes, taken modulo the order of the subgroup. @returns false where that is zero */
  readScalar(to: number, input: Uint8Array, at: number): boolean {
    this.bytes().set(input.subarray(at, at + 32), this.exchange);
    this.raw._mclBnFr_setBigEndianMod(to, this.exchange, 32);
    return this.raw._mclBnFr_isZero(to) === 0;
  }

  /** Normalises the point where it lies. */
  writeG1(from: number): Uint8Array {
    const output = new Uint8Array(2 * this.elementBytes());
    if (this.raw._mclBnG1_isZero(from) === 1) return output;
    this.raw._mclBnG1_normalize(from, from);
    this.writeFp(from, output, 0);
    this.writeFp(from + FP_BYTES, output, this.elementBytes());
    return output;
  }

  writeG2(from: number): Uint8Array {
    const element = this.elementBytes();
    const output = new Uint8Array(4 * element);
    if (this.raw._mclBnG2_isZero(from) === 1) return output;
    this.raw._mclBnG2_normalize(from, from);
    for (let part = 0; part < 4; part += 1) {
      const place = this.encoding.imaginaryFirst ? part ^ 1 : part;
      this.writeFp(from + part * FP_BYTES, output, place * element);
    }
    return output;
  }

  copy(to: number, from: number, bytes: number): void {
    this.bytes().copyWithin(to, from, from + bytes);
  }

  /** Whether the product of the pairings of `count` pairs, none of them with infinity, is 1. */
  isPairingOne(g1s: number, g2s: number, count: number): boolean {
    if (count === 0) return true;
    this.raw._mclBn_millerLoopVec(this.gt, g1s, g2s, count);
    return this.isOneAtLast();
  }

  /** What a pairing needs of a point of G2, for points that come again and again: 20 KB. */
  precompute(input: Uint8Array): number {
    const [point] = this.g2;
    assert(this.readG2(point, input, 0), 'a constant is a point');
    const lines = this.allocate(this.raw._mclBn_getUint64NumToPrecompute() * 8);
    this.raw._mclBn_precomputeG2(lines, point);
    return lines;
  }

  /** The same as isPairingOne for two points of G1, normalised, and lines of precompute. */
  isPairOne(a: number, linesA: number, b: number, linesB: number): boolean {
    this.raw._mclBn_precomputedMillerLoop2(this.gt, a, linesA, b, linesB);
    return this.isOneAtLast();
  }

  private isOneAtLast(): boolean {
    this.raw._mclBn_finalExp(this.gt, this.gt);
    return this.raw._mclBnGT_isOne(this.gt) === 1;
  }

  private writeFp(from: number, output: Uint8Array, at: number): void {
    const { zeros, bytes } = this.encoding;
    this.raw._mclBnFp_serialize(this.exchange, bytes, from);
    const heap = this.bytes();
    const last = at + zeros + bytes - 1;
    for (let index = 0; index < bytes; index += 1) {
      output[last - index] = heap[this.exchange + index]!;
    }
  }

  private elementBytes(): number {
    return this.encoding.zeros + this.encoding.bytes;
  }

  /** The library's memory as it is now: growth gives it another buffer. */
  private bytes(): Uint8Array {
    // Detached then; asking the memory for its buffer every time took longer than what it is for.
    if (this.heap.length === 0) this.heap = new Uint8Array(this.raw.wasmMemory.buffer);
    return this.heap;
  }
}

interface VectorSizes {
  readonly count: number;
  readonly pointBytes: number;
  readonly otherBytes: number;
}

function isZeros(input: Uint8Array, at: number, bytes: number): boolean {
  for (let index = at; index < at + bytes; index += 1) if (input[index] !== 0) return false;
  return true;
}

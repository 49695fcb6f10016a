/**
 * Points of BLS12-381 and BN254 as the precompiles read them, for comparing libraries: in the
 * subgroup and outside of it, on the curve and beside it, infinity, and elements that are not below
 * the modulus.
 */
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { bn254 } from '@noble/curves/bn254.js';
import { concatBytes, fromHex, toBigInt } from '../../state/base/bytes.js';
import type { Rng } from '../fuzz/rng.js';

const BLS_FP = bls12_381.fields.Fp;
const BLS_FP2 = bls12_381.fields.Fp2;
const BN_FP = bn254.fields.Fp;
const BN_FP2 = bn254.fields.Fp2;
const BLS_ELEMENT_BYTES = 64;
const BN_ELEMENT_BYTES = 32;
/** The constants of the curves' equations; BN254's on the twist is 3 / (9 + i). */
const BLS_B2 = BLS_FP2.fromBigTuple([4n, 4n]);
const BN_B2 = BN_FP2.mul(BN_FP2.fromBigTuple([3n, 0n]), BN_FP2.inv(BN_FP2.fromBigTuple([9n, 1n])));

type Fp2 = typeof BLS_B2;

export function blsG1(rng: Rng): Uint8Array {
  return chosen(rng, 2 * BLS_ELEMENT_BYTES, {
    inside: () => {
      const { x, y } = bls12_381.G1.Point.BASE.multiplyUnsafe(scalar(rng)).toAffine();
      return elements(BLS_ELEMENT_BYTES, x, y);
    },
    outside: () => {
      const [x, y] = solve(BLS_FP, () => number(rng, BLS_FP.ORDER), 4n);
      return elements(BLS_ELEMENT_BYTES, x, y);
    },
    modulus: BLS_FP.ORDER,
  });
}

export function blsG2(rng: Rng): Uint8Array {
  const write = (x: Fp2, y: Fp2) => elements(BLS_ELEMENT_BYTES, x.c0, x.c1, y.c0, y.c1);
  return chosen(rng, 4 * BLS_ELEMENT_BYTES, {
    inside: () => {
      const { x, y } = bls12_381.G2.Point.BASE.multiplyUnsafe(scalar(rng)).toAffine();
      return write(x, y);
    },
    outside: () => write(...solve<Fp2>(BLS_FP2, () => pair(rng, BLS_FP.ORDER, BLS_FP2), BLS_B2)),
    modulus: BLS_FP.ORDER,
  });
}

export function bnG1(rng: Rng): Uint8Array {
  return chosen(rng, 2 * BN_ELEMENT_BYTES, {
    inside: () => {
      const { x, y } = bn254.G1.Point.BASE.multiplyUnsafe(scalar(rng)).toAffine();
      return elements(BN_ELEMENT_BYTES, x, y);
    },
    outside: () => {
      const [x, y] = solve(BN_FP, () => number(rng, BN_FP.ORDER), 3n);
      return elements(BN_ELEMENT_BYTES, x, y);
    },
    modulus: BN_FP.ORDER,
  });
}

export function bnG2(rng: Rng): Uint8Array {
  const write = (x: Fp2, y: Fp2) => elements(BN_ELEMENT_BYTES, x.c1, x.c0, y.c1, y.c0);
  return chosen(rng, 4 * BN_ELEMENT_BYTES, {
    inside: () => {
      const { x, y } = bn254.G2.Point.BASE.multiplyUnsafe(scalar(rng)).toAffine();
      return write(x, y);
    },
    outside: () => write(...solve<Fp2>(BN_FP2, () => pair(rng, BN_FP.ORDER, BN_FP2), BN_B2)),
    modulus: BN_FP.ORDER,
  });
}

/** The same x and the other y: the sum with the point is infinity. */
export function negated(point: Uint8Array, curve: 'bls' | 'bn'): Uint8Array {
  const size = curve === 'bls' ? BLS_ELEMENT_BYTES : BN_ELEMENT_BYTES;
  const modulus = curve === 'bls' ? BLS_FP.ORDER : BN_FP.ORDER;
  const half = point.length / 2;
  const parts = [point.subarray(0, half)];
  for (let at = half; at < point.length; at += size) {
    const value = toBigInt(point.subarray(at, at + size));
    parts.push(elements(size, value === 0n || value >= modulus ? value : modulus - value));
  }
  return concatBytes(...parts);
}

/** An element of BLS12-381's field, or a number near its modulus. */
export function blsElement(rng: Rng): Uint8Array {
  const near = BLS_FP.ORDER + BigInt(rng.below(5)) - 2n;
  return elements(BLS_ELEMENT_BYTES, rng.chance(85) ? number(rng, BLS_FP.ORDER) : near);
}

interface Kinds {
  readonly inside: () => Uint8Array;
  readonly outside: () => Uint8Array;
  readonly modulus: bigint;
}

function chosen(rng: Rng, bytes: number, { inside, outside, modulus }: Kinds): Uint8Array {
  const kind = rng.below(100);
  if (kind < 70) return inside();
  if (kind < 80) return outside();
  if (kind < 88) return new Uint8Array(bytes);
  if (kind < 94) return rng.bytes(bytes);
  // An element that is the modulus more, where that still fits.
  const point = inside();
  const size = modulus > 1n << 256n ? BLS_ELEMENT_BYTES : BN_ELEMENT_BYTES;
  const value = toBigInt(point.subarray(0, size)) + modulus;
  const isFitting = value < 1n << BigInt(8 * size);
  return concatBytes(elements(size, isFitting ? value : modulus), point.subarray(size));
}

interface Field<Element> {
  add(a: Element, b: Element): Element;
  mul(a: Element, b: Element): Element;
  sqr(a: Element): Element;
  sqrt(a: Element): Element;
}

/** Any point of y^2 = x^3 + b. */
function solve<Element>(
  field: Field<Element>,
  draw: () => Element,
  b: Element,
): [Element, Element] {
  const x = draw();
  try {
    const y = field.sqrt(field.add(field.mul(field.sqr(x), x), b));
    return [x, y];
  } catch {
    // The library throws where there is no root, which is every second time.
    return solve(field, draw, b);
  }
}

function pair(rng: Rng, modulus: bigint, field: typeof BLS_FP2): Fp2 {
  return field.fromBigTuple([number(rng, modulus), number(rng, modulus)]);
}

function number(rng: Rng, modulus: bigint): bigint {
  return toBigInt(rng.bytes(48)) % modulus;
}

function scalar(rng: Rng): bigint {
  return rng.chance(30) ? BigInt(rng.between(1, 3)) : toBigInt(rng.bytes(31)) + 1n;
}

function elements(size: number, ...values: readonly bigint[]): Uint8Array {
  return concatBytes(...values.map((value) => fromHex(value.toString(16).padStart(2 * size, '0'))));
}

/**
 * The operations of EIP-196 and EIP-197 on alt_bn128, in the shape that @ethereumjs/evm takes for
 * its `bn254` option; the caller pads inputs. Every method throws where the input is not what it
 * has to be. All points of G1 are in its subgroup, those of G2 are not.
 */
import { assert } from '../../state/base/assert.js';
import { fromHex } from '../../state/base/bytes.js';
import { BN254, check, FP_BYTES, G1_BYTES, G2_BYTES, loadCurve, type MclCurve } from './mcl.js';

const ELEMENT_BYTES = 32;
const G1_INPUT_BYTES = 2 * ELEMENT_BYTES;
const PAIR_BYTES = 6 * ELEMENT_BYTES;
const ENCODING = { zeros: 0, bytes: 32, imaginaryFirst: true } as const;

/**
 * The curve's parameter x, as digits 1, 0 and -1, the highest first. A point P of the twist is in
 * the subgroup exactly where [x + 1]P + psi([x]P) + psi^2([x]P) = psi^3([2x]P), with psi the
 * Frobenius map carried over to the twist: 0.15 ms, where the product with the order took 0.92.
 * Source: El Housni, Guillevic and Piellard, "Co-factor clearing and subgroup membership testing on
 * pairing-friendly curves", section 4 (BN curves).
 */
const X_DIGITS = digitsOf(4_965_661_367_192_848_881n);
/** psi takes the conjugates of x and y times (9 + i)^((p - 1) / 3) and (9 + i)^((p - 1) / 2). */
const PSI_FACTORS = fromHex(
  '16c9e55061ebae204ba4cc8bd75a079432ae2a1d0b7c9dce1665d51c640fcba2' +
    '2fb347984f7911f74c0bec3cf559b143b78cc310c2c3330c99e39557176f553d' +
    '07c03cbcac41049a0704b5a7ec796f2b21807dc98fa25bd282d37f632623b0e3' +
    '063cf305489af5dcdc5ec698b6e2f9b9dbaae0eda9c95998dc54014671a0135a',
);
const FP2_BYTES = 2 * FP_BYTES;

let loading: Promise<Bn254> | undefined;

/** One for each thread. */
export function loadBn254(): Promise<Bn254> {
  loading ??= loadCurve(BN254, ENCODING).then((curve) => new Bn254(curve));
  return loading;
}

export class Bn254 {
  private readonly curve: MclCurve;
  private readonly psiFactors: number;

  constructor(curve: MclCurve) {
    this.curve = curve;
    this.psiFactors = curve.allocate(2 * FP2_BYTES);
    assert(curve.readFp2(this.psiFactors, PSI_FACTORS, 0), 'an element of the field');
    const second = this.psiFactors + FP2_BYTES;
    assert(curve.readFp2(second, PSI_FACTORS, 2 * ELEMENT_BYTES), 'an element of the field');
  }

  /** @param input  at least 128 bytes */
  add(input: Uint8Array): Uint8Array {
    const { curve } = this;
    const [a, b] = curve.g1;
    check(curve.readG1(a, input, 0) && curve.readG1(b, input, G1_INPUT_BYTES));
    curve.raw._mclBnG1_add(a, a, b);
    return curve.writeG1(a);
  }

  /** @param input  at least 96 bytes */
  mul(input: Uint8Array): Uint8Array {
    const { curve } = this;
    const [point] = curve.g1;
    check(curve.readG1(point, input, 0));
    const isScalar = curve.readScalar(curve.scalar, input, G1_INPUT_BYTES);
    if (!isScalar || curve.raw._mclBnG1_isZero(point) === 1) return new Uint8Array(G1_INPUT_BYTES);
    curve.raw._mclBnG1_mul(point, point, curve.scalar);
    return curve.writeG1(point);
  }

  /** @returns a word: 1 or 0 */
  pairing(input: Uint8Array): Uint8Array {
    const { curve } = this;
    const sizes = {
      count: input.length / PAIR_BYTES,
      pointBytes: G1_BYTES,
      otherBytes: G2_BYTES,
    };
    return curve.withVectors(sizes, (g1s, g2s) => {
      let used = 0;
      for (let at = 0; at < input.length; at += PAIR_BYTES) {
        const g1 = g1s + used * G1_BYTES;
        const g2 = g2s + used * G2_BYTES;
        check(curve.readG1(g1, input, at) && curve.readG2(g2, input, at + G1_INPUT_BYTES));
        const isInfinite = curve.raw._mclBnG2_isZero(g2) === 1;
        check(isInfinite || this.isInSubgroup(g2));
        if (!isInfinite && curve.raw._mclBnG1_isZero(g1) === 0) used += 1;
      }
      const output = new Uint8Array(32);
      output[31] = curve.isPairingOne(g1s, g2s, used) ? 1 : 0;
      return output;
    });
  }

  /** @param point  on the twist, not infinity */
  private isInSubgroup(point: number): boolean {
    const { raw, g2 } = this.curve;
    const [multiple, sum, image] = g2;
    this.curve.copy(multiple, point, G2_BYTES);
    for (let index = 1; index < X_DIGITS.length; index += 1) {
      raw._mclBnG2_dbl(multiple, multiple);
      if (X_DIGITS[index] === 1) raw._mclBnG2_add(multiple, multiple, point);
      if (X_DIGITS[index] === -1) raw._mclBnG2_sub(multiple, multiple, point);
    }
    raw._mclBnG2_add(sum, multiple, point);
    this.psi(image, multiple);
    raw._mclBnG2_add(sum, sum, image);
    this.psi(image, image);
    raw._mclBnG2_add(sum, sum, image);
    this.psi(image, image);
    raw._mclBnG2_dbl(image, image);
    return raw._mclBnG2_isEqual(sum, image) === 1;
  }

  private psi(to: number, from: number): void {
    const { raw } = this.curve;
    this.curve.copy(to, from, G2_BYTES);
    for (let part = 0; part < 3; part += 1) {
      const imaginary = to + part * FP2_BYTES + FP_BYTES;
      raw._mclBnFp_neg(imaginary, imaginary);
    }
    for (let part = 0; part < 2; part += 1) {
      const at = to + part * FP2_BYTES;
      raw._mclBnFp2_mul(at, at, this.psiFactors + part * FP2_BYTES);
    }
  }
}

/** Non-adjacent form. */
function digitsOf(value: bigint): number[] {
  const digits: number[] = [];
  for (let left = value; left > 0n; left /= 2n) {
    const digit = left % 2n === 0n ? 0 : 2 - Number(left % 4n);
    left -= BigInt(digit);
    digits.push(digit);
  }
  return digits.reverse();
}

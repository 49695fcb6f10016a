/**
 * The operations of EIP-196 and EIP-197 on alt_bn128, in the shape that @ethereumjs/evm takes for
 * its `bn254` option; the caller pads inputs. Every method throws where the input is not what it
 * has to be. All points of G1 are in its subgroup, those of G2 are not.
 */
import { BN254, check, G1_BYTES, G2_BYTES, loadCurve, type MclCurve } from './mcl.js';

const ELEMENT_BYTES = 32;
const G1_INPUT_BYTES = 2 * ELEMENT_BYTES;
const PAIR_BYTES = 6 * ELEMENT_BYTES;
const ENCODING = { zeros: 0, bytes: 32, imaginaryFirst: true } as const;

let loading: Promise<Bn254> | undefined;

/** One for each thread. */
export function loadBn254(): Promise<Bn254> {
  loading ??= loadCurve(BN254, ENCODING).then((curve) => new Bn254(curve));
  return loading;
}

export class Bn254 {
  private readonly curve: MclCurve;

  constructor(curve: MclCurve) {
    this.curve = curve;
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
        check(isInfinite || curve.raw._mclBnG2_isValidOrder(g2) === 1);
        if (!isInfinite && curve.raw._mclBnG1_isZero(g1) === 0) used += 1;
      }
      const output = new Uint8Array(32);
      output[31] = curve.isPairingOne(g1s, g2s, used) ? 1 : 0;
      return output;
    });
  }
}

/**
 * The operations of EIP-2537 on BLS12-381, in the shape that @ethereumjs/evm takes for its `bls`
 * option; lengths, gas and leading zeros are the caller's concern there, and checked here again.
 * Additions take any points of the curve; products and pairings only those of the subgroup.
 * Every method throws where the input is not what it has to be.
 */
import { isInG1, isInG2 } from './blst.js';
import { BLS12_381, check, FR_BYTES, G1_BYTES, G2_BYTES, loadCurve, type MclCurve } from './mcl.js';

const ELEMENT_BYTES = 64;
const G1_INPUT_BYTES = 2 * ELEMENT_BYTES;
const G2_INPUT_BYTES = 4 * ELEMENT_BYTES;
const SCALAR_BYTES = 32;
const ENCODING = { zeros: 16, bytes: 48, imaginaryFirst: false } as const;

let loading: Promise<Bls> | undefined;

/** One for each thread. */
export function loadBls(): Promise<Bls> {
  loading ??= loadCurve(BLS12_381, ENCODING).then((curve) => new Bls(curve));
  return loading;
}

export class Bls {
  readonly curve: MclCurve;

  constructor(curve: MclCurve) {
    this.curve = curve;
  }

  addG1(input: Uint8Array): Uint8Array {
    const { curve } = this;
    const [a, b] = curve.g1;
    check(curve.readG1(a, input, 0) && curve.readG1(b, input, G1_INPUT_BYTES));
    curve.raw._mclBnG1_add(a, a, b);
    return curve.writeG1(a);
  }

  addG2(input: Uint8Array): Uint8Array {
    const { curve } = this;
    const [a, b] = curve.g2;
    check(curve.readG2(a, input, 0) && curve.readG2(b, input, G2_INPUT_BYTES));
    curve.raw._mclBnG2_add(a, a, b);
    return curve.writeG2(a);
  }

  msmG1(input: Uint8Array): Uint8Array {
    const { curve } = this;
    const pairBytes = G1_INPUT_BYTES + SCALAR_BYTES;
    const count = input.length / pairBytes;
    const sizes = { count, pointBytes: G1_BYTES, otherBytes: FR_BYTES };
    return curve.withVectors(sizes, (points, scalars) => {
      const [sum] = curve.g1;
      let used = 0;
      for (let at = 0; at < input.length; at += pairBytes) {
        const point = points + used * G1_BYTES;
        const isPoint = this.readG1(point, input, at);
        const scalar = scalars + used * FR_BYTES;
        const isScalar = curve.readScalar(scalar, input, at + G1_INPUT_BYTES);
        if (isPoint && isScalar) used += 1;
      }
      if (used === 0) return new Uint8Array(G1_INPUT_BYTES);
      curve.raw._mclBnG1_mulVec(sum, points, scalars, used);
      return curve.writeG1(sum);
    });
  }

  msmG2(input: Uint8Array): Uint8Array {
    const { curve } = this;
    const pairBytes = G2_INPUT_BYTES + SCALAR_BYTES;
    const count = input.length / pairBytes;
    const sizes = { count, pointBytes: G2_BYTES, otherBytes: FR_BYTES };
    return curve.withVectors(sizes, (points, scalars) => {
      const [sum] = curve.g2;
      let used = 0;
      for (let at = 0; at < input.length; at += pairBytes) {
        const point = points + used * G2_BYTES;
        const isPoint = this.readG2(point, input, at);
        const scalar = scalars + used * FR_BYTES;
        const isScalar = curve.readScalar(scalar, input, at + G2_INPUT_BYTES);
        if (isPoint && isScalar) used += 1;
      }
      if (used === 0) return new Uint8Array(G2_INPUT_BYTES);
      curve.raw._mclBnG2_mulVec(sum, points, scalars, used);
      return curve.writeG2(sum);
    });
  }

  /** @returns a word: 1 or 0 */
  pairingCheck(input: Uint8Array): Uint8Array {
    const { curve } = this;
    const pairBytes = G1_INPUT_BYTES + G2_INPUT_BYTES;
    const sizes = {
      count: input.length / pairBytes,
      pointBytes: G1_BYTES,
      otherBytes: G2_BYTES,
    };
    return curve.withVectors(sizes, (g1s, g2s) => {
      let used = 0;
      for (let at = 0; at < input.length; at += pairBytes) {
        const isPoint = this.readG1(g1s + used * G1_BYTES, input, at);
        const isOther = this.readG2(g2s + used * G2_BYTES, input, at + G1_INPUT_BYTES);
        // Pairings with infinity are 1.
        if (isPoint && isOther) used += 1;
      }
      const output = new Uint8Array(32);
      output[31] = curve.isPairingOne(g1s, g2s, used) ? 1 : 0;
      return output;
    });
  }

  mapFPtoG1(input: Uint8Array): Uint8Array {
    const { curve } = this;
    const [point, element] = curve.g1;
    check(curve.readFp(element, input, 0));
    check(curve.raw._mclBnFp_mapToG1(point, element) === 0);
    return curve.writeG1(point);
  }

  mapFP2toG2(input: Uint8Array): Uint8Array {
    const { curve } = this;
    const [point, element] = curve.g2;
    check(curve.readFp2(element, input, 0));
    check(curve.raw._mclBnFp2_mapToG2(point, element) === 0);
    return curve.writeG2(point);
  }

  /** A point of the subgroup. @returns false where it is infinity */
  private readG1(to: number, input: Uint8Array, at: number): boolean {
    check(this.curve.readG1(to, input, at));
    if (this.curve.raw._mclBnG1_isZero(to) === 1) return false;
    check(isInG1(input, at));
    return true;
  }

  private readG2(to: number, input: Uint8Array, at: number): boolean {
    check(this.curve.readG2(to, input, at));
    if (this.curve.raw._mclBnG2_isZero(to) === 1) return false;
    check(isInG2(input, at));
    return true;
  }
}

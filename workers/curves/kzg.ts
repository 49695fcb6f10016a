/**
 * EIP-4844's point evaluation: a proof that a committed polynomial has the value y at z. Of the
 * trusted setup it takes one point, [tau] of G2, so nothing large is loaded: node-eth-kzg checks a
 * proof in a third of the time and needs 2.4 s in each thread before its first.
 */
import { createHash } from 'node:crypto';
import type { Common } from '@ethereumjs/common';
import { assert } from '../../state/base/assert.js';
import { concatBytes, equalBytes, fromHex } from '../../state/base/bytes.js';
import type { Bls } from './bls12-381.js';
import { decompressG1 } from './blst.js';

const COMMITMENT_BYTES = 48;
/** Order of the subgroups: z and y are below it. */
const ORDER = fromHex('73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001');
const VERSION = 0x01;
const INFINITY = concatBytes(Uint8Array.of(0xc0), new Uint8Array(COMMITMENT_BYTES - 1));
const ZEROS = '00'.repeat(16);
/** The generators of G1 and G2 as EIP-2537 writes points. */
const G1 = fromHex(
  `${ZEROS}17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac58` +
    `6c55e83ff97a1aeffb3af00adb22c6bb` +
    `${ZEROS}08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3ed` +
    `d03cc744a2888ae40caa232946c5e7e1`,
);
const G2 = fromHex(
  `${ZEROS}024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d177` +
    `0bac0326a805bbefd48056c8c121bdb8` +
    `${ZEROS}13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049` +
    `334cf11213945d57e5ac7d055d042b7e` +
    `${ZEROS}0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c` +
    `923ac9cc3baca289e193548608b82801` +
    `${ZEROS}0606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab` +
    `3f370d275cec1da1aaa9075ff05f79be`,
);
/** The second of the trusted setup's points of G2: tau times the generator. */
const TAU_G2 = fromHex(
  `${ZEROS}185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b` +
    `087041de621000edc98edada20c1def2` +
    `${ZEROS}15bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d` +
    `2914e5870cb452d2afaaab24f3499f72` +
    `${ZEROS}014353bdb96b626dd7d5ee8599d1fca2131569490e28de18e82451a496a9c979` +
    `4ce26d105941f383ee689bfbbb832a99` +
    `${ZEROS}1666c54b0a32529503432fcae0181b4bef79de09fc63671fda5ed1ba9bfa0789` +
    `9495346f3d7ac9cd23048ef30d0a154f`,
);

/** FIELD_ELEMENTS_PER_BLOB and the order: what the precompile answers to every valid proof. */
export const KZG_OUTPUT = concatBytes(new Uint8Array(30), Uint8Array.of(0x10, 0x00), ORDER);

/** @param input  192 bytes: versioned hash, z, y, commitment, proof */
export function evaluatePoint(bls: Bls, input: Uint8Array): boolean {
  const commitment = input.subarray(96, 144);
  const hash = createHash('sha256').update(commitment).digest();
  hash[0] = VERSION;
  if (!equalBytes(hash, input.subarray(0, 32))) return false;
  const [z, y, proof] = [input.subarray(32, 64), input.subarray(64, 96), input.subarray(144, 192)];
  return isProof(bls, { commitment, z, y, proof });
}

interface Claim {
  /** Compressed points. */
  readonly commitment: Uint8Array;
  readonly proof: Uint8Array;
  /** 32 bytes each, big-endian. */
  readonly z: Uint8Array;
  readonly y: Uint8Array;
}

/**
 * e(C - [y]G1 + [z]W, G2) * e(-W, [tau]G2) is 1, W the proof: the equation of EIP-4844 with z on
 * the other side, so that both points of G2 are constants.
 */
export function isProof({ curve }: Bls, { commitment, z, y, proof }: Claim): boolean {
  if (!isBelowOrder(z) || !isBelowOrder(y)) return false;
  const [c, w] = [pointOf(commitment), pointOf(proof)];
  if (c === null || w === null) return false;
  const { raw } = curve;
  const [sum, product] = curve.g1;
  assert(curve.readG1(product, G1, 0), 'the generator is a point');
  const isValue = curve.readScalar(curve.scalar, y, 0);
  if (isValue) raw._mclBnG1_mul(product, product, curve.scalar);
  assert(curve.readG1(sum, c, 0), 'a point of the subgroup is on the curve');
  if (isValue) raw._mclBnG1_sub(sum, sum, product);
  assert(curve.readG1(product, w, 0), 'a point of the subgroup is on the curve');
  const isProofZero = raw._mclBnG1_isZero(product) === 1;
  if (!isProofZero && curve.readScalar(curve.scalar, z, 0)) {
    const scaled = curve.g1[2];
    raw._mclBnG1_mul(scaled, product, curve.scalar);
    raw._mclBnG1_add(sum, sum, scaled);
  }
  const isSumZero = raw._mclBnG1_isZero(sum) === 1;
  // Pairings with infinity are 1, and those of other points of the subgroup are not.
  if (isSumZero || isProofZero) return isSumZero && isProofZero;
  raw._mclBnG1_normalize(sum, sum);
  raw._mclBnG1_neg(product, product);
  lines ??= { generator: curve.precompute(G2), tau: curve.precompute(TAU_G2) };
  return curve.isPairOne(sum, lines.generator, product, lines.tau);
}

/** Of the two constants of G2, in the memory of this thread's curve. */
let lines: { readonly generator: number; readonly tau: number } | undefined;

/** @returns the point as EIP-2537 writes it, or null where there is none in the subgroup */
function pointOf(compressed: Uint8Array): Uint8Array | null {
  return equalBytes(compressed, INFINITY) ? new Uint8Array(128) : decompressG1(compressed);
}

function isBelowOrder(word: Uint8Array): boolean {
  return Buffer.compare(word, ORDER) < 0;
}

type Kzg = NonNullable<NonNullable<Common['customCrypto']>['kzg']>;

let bls: Bls | undefined;

/** From here on the reference engine's point evaluation has what it needs. */
export function setKzgCurve(loaded: Bls): void {
  bls = loaded;
}

/** The part of @ethereumjs's KZG interface that execution needs. */
export const KZG = {
  verifyProof: (commitment: string, z: string, y: string, proof: string) => {
    assert(bls !== undefined, 'the curve is loaded before a proof is checked');
    return isProof(bls, {
      commitment: fromHex(commitment),
      z: fromHex(z),
      y: fromHex(y),
      proof: fromHex(proof),
    });
  },
} as unknown as Kzg;

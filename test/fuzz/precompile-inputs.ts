/**
 * Inputs that the precompiles accept, so that what is made of them (bytes flipped, cut, longer)
 * comes near the edge between valid and not. Curve points are the generators of the curves' own
 * specifications, or from the test vectors of EIP-2537 and EIP-7951; the KZG proof is that of the
 * zero polynomial, for which the point at infinity is both commitment and proof.
 */
import { createHash } from 'node:crypto';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, fromHex, toWord } from '../../state/base/bytes.js';
import { signHash } from '../../workers/signature.js';
import type { Rng } from './rng.js';
import { KEYS } from './world.js';

const word = (value: bigint | number): Uint8Array => toWord(BigInt(value));

const BN_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
const BN_PRIME = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
const BN_G1 = [1n, 2n] as const;
/** x and y, imaginary parts first (EIP-197). */
const BN_G2 = fromHex(
  '198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2' +
    '1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed' +
    '090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b' +
    '12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa',
);
/** The generators of BLS12-381, each coordinate in 64 bytes (EIP-2537). */
const BLS_G1 = fromHex(
  '00000000000000000000000000000000' +
    '17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac58' +
    '6c55e83ff97a1aeffb3af00adb22c6bb' +
    '00000000000000000000000000000000' +
    '08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3ed' +
    'd03cc744a2888ae40caa232946c5e7e1',
);
const BLS_G2 = fromHex(
  '00000000000000000000000000000000' +
    '024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d177' +
    '0bac0326a805bbefd48056c8c121bdb8' +
    '00000000000000000000000000000000' +
    '13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049' +
    '334cf11213945d57e5ac7d055d042b7e' +
    '00000000000000000000000000000000' +
    '0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c' +
    '923ac9cc3baca289e193548608b82801' +
    '00000000000000000000000000000000' +
    '0606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab' +
    '3f370d275cec1da1aaa9075ff05f79be',
);
/** Hash, r, s, x and y: the first vector of EIP-7951. */
const P256 = fromHex(
  '4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d' +
    'a73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac' +
    '36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60' +
    '4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3' +
    '7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e',
);

type Make = (rng: Rng) => Uint8Array;

/** By address. */
export const INPUTS: Readonly<Record<number, Make>> = {
  1: ecRecover,
  2: (rng) => rng.bytes(rng.below(200)),
  3: (rng) => rng.bytes(rng.below(200)),
  4: (rng) => rng.bytes(rng.below(200)),
  5: modExp,
  6: (rng) => concatBytes(bnPoint(rng), bnPoint(rng)),
  7: (rng) => concatBytes(bnPoint(rng), bnScalar(rng)),
  8: (rng) =>
    repeat(rng.below(3), () => concatBytes(bnPoint(rng), rng.chance(85) ? BN_G2 : zeros(128))),
  9: blake2,
  10: kzg,
  11: (rng) => concatBytes(blsPoint(rng, BLS_G1), blsPoint(rng, BLS_G1)),
  12: (rng) =>
    repeat(rng.between(1, 2), () => concatBytes(blsPoint(rng, BLS_G1), word(rng.word()))),
  13: (rng) => concatBytes(blsPoint(rng, BLS_G2), blsPoint(rng, BLS_G2)),
  14: (rng) =>
    repeat(rng.between(1, 2), () => concatBytes(blsPoint(rng, BLS_G2), word(rng.word()))),
  15: (rng) =>
    repeat(rng.between(1, 2), () => concatBytes(blsPoint(rng, BLS_G1), blsPoint(rng, BLS_G2))),
  16: (rng) => concatBytes(zeros(16), Uint8Array.of(rng.below(26)), rng.bytes(47)),
  17: (rng) => repeat(2, () => concatBytes(zeros(16), Uint8Array.of(rng.below(26)), rng.bytes(47))),
  256: () => P256,
};

/** An input as it is, or with a byte changed, or of another length. */
export function inputFor(rng: Rng, address: number): Uint8Array {
  const input = (INPUTS[address] ?? INPUTS[4])!(rng);
  const kind = rng.below(100);
  if (kind < 70 || input.length === 0) return input;
  if (kind < 82) {
    const copy = input.slice();
    copy[rng.below(copy.length)] = rng.below(256);
    return copy;
  }
  if (kind < 91) return input.subarray(0, rng.below(input.length));
  return concatBytes(input, rng.bytes(rng.between(1, 33)));
}

function zeros(count: number): Uint8Array {
  return new Uint8Array(count);
}

function repeat(count: number, make: () => Uint8Array): Uint8Array {
  return concatBytes(...Array.from({ length: count }, make));
}

function ecRecover(rng: Rng): Uint8Array {
  const hash = keccak_256(rng.bytes(4));
  const { r, s, recovery } = signHash(hash, rng.pick(KEYS));
  const v = rng.chance(90) ? 27 + recovery : rng.word();
  return concatBytes(hash, word(v), r, s);
}

function modExp(rng: Rng): Uint8Array {
  const lengths = [rng.below(40), rng.below(36), rng.below(40)];
  const numbers = lengths.map((length) => (rng.chance(90) ? rng.bytes(length) : zeros(length)));
  if (rng.chance(4)) lengths[rng.below(3)] = rng.pick([1_025, 2 ** 31, 2 ** 32 + 1]);
  return concatBytes(...lengths.map(word), ...numbers);
}

function bnPoint(rng: Rng): Uint8Array {
  const kind = rng.below(10);
  if (kind < 7) {
    const y = rng.chance(70) ? BN_G1[1] : BN_PRIME - BN_G1[1];
    return concatBytes(word(BN_G1[0]), word(y));
  }
  if (kind < 9) return zeros(64);
  return concatBytes(word(rng.pick([BN_PRIME, BN_PRIME + 1n, 1n])), word(2n));
}

function bnScalar(rng: Rng): Uint8Array {
  return word(rng.chance(20) ? rng.pick([0n, BN_ORDER, BN_ORDER - 1n, BN_ORDER + 1n]) : rng.word());
}

function blsPoint(rng: Rng, generator: Uint8Array): Uint8Array {
  return rng.chance(85) ? generator : zeros(generator.length);
}

function blake2(rng: Rng): Uint8Array {
  const rounds = new Uint8Array(4);
  rounds[3] = rng.below(20);
  return concatBytes(rounds, rng.bytes(208), Uint8Array.of(rng.chance(90) ? rng.below(2) : 2));
}

/** EIP-4844: versioned hash, z, y, commitment, proof. */
function kzg(rng: Rng): Uint8Array {
  const infinity = concatBytes(Uint8Array.of(0xc0), zeros(47));
  const hash = new Uint8Array(createHash('sha256').update(infinity).digest());
  hash[0] = 1;
  return concatBytes(hash, word(rng.number(31)), zeros(32), infinity, infinity);
}

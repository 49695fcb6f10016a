/**
 * Inputs that the precompiles accept, so that what is made of them (bytes flipped, cut, longer)
 * comes near the edge between valid and not.
 */
import { BLS_G1, BLS_G2, BN_G2, kzgProof, P256 } from '../../bench/gas/vectors.js';
import { concatBytes, toWord } from '../../state/base/bytes.js';
import { keccak256 } from '../../state/base/keccak.js';
import { signHash } from '../../workers/signature.js';
import type { Rng } from './rng.js';
import { KEYS } from './world.js';

const word = (value: bigint | number): Uint8Array => toWord(BigInt(value));

const BN_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
const BN_PRIME = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
const BN_G1 = [1n, 2n] as const;

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
  10: (rng) => kzgProof(rng.number(31)),
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
  const hash = keccak256(rng.bytes(4));
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

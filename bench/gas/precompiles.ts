/** The precompiles with inputs that they accept, some in sizes at which they cost the most. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, toWord } from '../../state/base/bytes.js';
import { signHash } from '../../workers/signature.js';
import { BLS_G1, BLS_G2, BN_G2, KZG_PROOF, P256 } from './vectors.js';

export interface PrecompileInput {
  readonly name: string;
  readonly address: number;
  readonly input: Uint8Array;
}

const KILOBYTE = new Uint8Array(1_024).fill(0xa5);
const SCALAR = new Uint8Array(32).fill(0xa7);
/** y^2 = x^3 + 3 has the point (1, 2). */
const BN_G1 = concatBytes(toWord(1n), toWord(2n));
const BLS_PAIR = concatBytes(BLS_G1, BLS_G2);

export const PRECOMPILES: readonly PrecompileInput[] = [
  { name: 'ecrecover', address: 1, input: signed() },
  { name: 'sha256, 1 KB', address: 2, input: KILOBYTE },
  { name: 'sha256, empty', address: 2, input: new Uint8Array(0) },
  { name: 'ripemd160, 1 KB', address: 3, input: KILOBYTE },
  { name: 'identity, 1 KB', address: 4, input: KILOBYTE },
  { name: 'modexp, 32 bytes', address: 5, input: modExp(32, 32) },
  { name: 'modexp, 32 bytes, even', address: 5, input: modExp(32, 32, 0xfa) },
  { name: 'modexp, 40 bytes', address: 5, input: modExp(40, 40) },
  { name: 'modexp, 256 bytes', address: 5, input: modExp(256, 3) },
  { name: 'modexp, 1024 bytes', address: 5, input: modExp(1_024, 1) },
  { name: 'bn254 add', address: 6, input: concatBytes(BN_G1, BN_G1) },
  { name: 'bn254 multiply', address: 7, input: concatBytes(BN_G1, SCALAR) },
  { name: 'bn254 pairing, 2 pairs', address: 8, input: repeated(2, BN_G1, BN_G2) },
  { name: 'bn254 pairing, 6 pairs', address: 8, input: repeated(6, BN_G1, BN_G2) },
  { name: 'blake2f, 1000 rounds', address: 9, input: blake2(1_000) },
  { name: 'blake2f, 12 rounds', address: 9, input: blake2(12) },
  { name: 'KZG point evaluation', address: 10, input: KZG_PROOF },
  { name: 'BLS G1 add', address: 11, input: concatBytes(BLS_G1, BLS_G1) },
  { name: 'BLS G1 MSM, 1 pair', address: 12, input: concatBytes(BLS_G1, SCALAR) },
  { name: 'BLS G2 add', address: 13, input: concatBytes(BLS_G2, BLS_G2) },
  { name: 'BLS G2 MSM, 1 pair', address: 14, input: concatBytes(BLS_G2, SCALAR) },
  { name: 'BLS G1 MSM, 32 pairs', address: 12, input: repeated(32, BLS_G1, SCALAR) },
  { name: 'BLS G2 MSM, 16 pairs', address: 14, input: repeated(16, BLS_G2, SCALAR) },
  { name: 'BLS pairing, 2 pairs', address: 15, input: repeated(2, BLS_PAIR) },
  { name: 'BLS map to G1', address: 16, input: fieldElements(1) },
  { name: 'BLS map to G2', address: 17, input: fieldElements(2) },
  { name: 'P-256 verify', address: 256, input: P256 },
];

function signed(): Uint8Array {
  const hash = keccak_256(KILOBYTE);
  const { r, s, recovery } = signHash(hash, keccak_256(hash));
  return concatBytes(hash, toWord(BigInt(27 + recovery)), r, s);
}

/** Base and modulus of the same length, all bits of the exponent set. */
function modExp(bytes: number, exponentBytes: number, modulusByte = 0xfb): Uint8Array {
  const lengths = [bytes, exponentBytes, bytes].map((length) => toWord(BigInt(length)));
  const [base, exponent, modulus] = [
    new Uint8Array(bytes).fill(0xa9),
    new Uint8Array(exponentBytes).fill(0xff),
    new Uint8Array(bytes).fill(modulusByte),
  ];
  return concatBytes(...lengths, base, exponent, modulus);
}

function repeated(count: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...Array.from({ length: count }, () => concatBytes(...parts)));
}

function blake2(rounds: number): Uint8Array {
  const input = new Uint8Array(213).fill(0x5a);
  new DataView(input.buffer).setUint32(0, rounds);
  input[212] = 1;
  return input;
}

function fieldElements(count: number): Uint8Array {
  return repeated(count, new Uint8Array(16), new Uint8Array(48).fill(0x11));
}

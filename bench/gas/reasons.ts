/**
 * Why something may cost more than ten times the median: what would have to change before it
 * could not. An entry that is above and is not here is flagged.
 */

const NO_WIDE_MULTIPLICATION =
  'Wasm has no 64 x 64 -> 128 bit multiplication: one in the field takes 0.1 (BN254) to 0.2 us ' +
  '(BLS12-381), several times as long as native code, and no prebuilt native package was found ' +
  'that offers products and pairings of any points';
const NATIVE_SIGNATURE =
  'one native recovery of secp256k1, some 60 us; gas of 2015 is low for it on every client';
const OPENSSL_PRODUCTS =
  'two native products with a crossing each, as OpenSSL in Node verifies no hash made by others';
const ADDITION = 'an addition is one inversion in the field, in Wasm, and 150 to 600 gas';

const KECCAK =
  'a permutation of 0.4 us for every 136 bytes, and 6 gas for every 32: near the bound, and ' +
  'above it in some runs';
const BLAKE2_ROUND =
  'a round is one gas, and takes 14 ns in SIMD (20 without): near the bound, and above it in ' +
  'some runs';
const SMALL_MODEXP =
  'a MULMOD of 0.1 us and a quarter for every bit of the exponent, and 16 gas: near the bound, ' +
  'and above it in some runs';

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^ecrecover$/, NATIVE_SIGNATURE],
  [/^KECCAK256$/, KECCAK],
  [/^blake2f, 1000 rounds$/, BLAKE2_ROUND],
  [/^modexp, 32 bytes/, SMALL_MODEXP],
  [/^P-256 verify$/, OPENSSL_PRODUCTS],
  [/^(bn254|BLS G1|BLS G2) add$/, ADDITION],
  [/^(bn254 (multiply|pairing)|BLS .*(MSM|pairing|map)|KZG)/, NO_WIDE_MULTIPLICATION],
];

/** @returns null where nobody has written one */
export function reasonFor(name: string): string | null {
  return REASONS.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

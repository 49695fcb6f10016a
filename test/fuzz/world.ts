/** Who is there in a case: what generated code and transactions can speak of. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { toHex } from '../../state/base/bytes.js';
import { type ForkName, isFrom } from '../../workers/fork.js';
import { addressOfKey } from '../../workers/signature.js';
import type { Rng } from './rng.js';

/** The forks that our own engines have. */
export const FUZZ_FORKS = ['london', 'paris', 'shanghai', 'cancun', 'prague', 'osaka'] as const;
export type FuzzFork = (typeof FUZZ_FORKS)[number];

/** Accounts with keys: they send, and sign authorizations. */
export const KEYS: readonly Uint8Array[] = [0, 1, 2, 3].map((index) =>
  keccak_256(Buffer.from(`fuzz key ${index}`)),
);
export const PEOPLE: readonly string[] = KEYS.map((key) => toHex(addressOfKey(key)));

export interface World {
  readonly fork: FuzzFork;
  readonly contracts: readonly string[];
  /** Those that code mostly calls: later ones than its own, or calls would only go in circles. */
  readonly callees: readonly string[];
  readonly coinbase: string;
  /** In nobody's books. */
  readonly missing: readonly string[];
  /** There, and empty: only a genesis can leave one. */
  readonly empty: string;
  /** Highest number of a block, for BLOCKHASH. */
  readonly number: number;
}

export function createWorld(rng: Rng): World {
  const address = () => toHex(rng.bytes(20));
  // New forks have the most to get wrong.
  const fork = rng.weighted<FuzzFork>([
    [10, 'london'],
    [5, 'paris'],
    [10, 'shanghai'],
    [20, 'cancun'],
    [25, 'prague'],
    [30, 'osaka'],
  ]);
  const contracts = Array.from({ length: rng.between(2, 4) }, address);
  const empty = address();
  const coinbase = rng.weighted([
    [60, address()],
    [15, rng.pick(PEOPLE)],
    [15, rng.pick(contracts)],
    [10, empty],
  ]);
  const number = rng.pick([1, 5, 255, 256, 257, 1_000_000]);
  return {
    fork,
    contracts,
    callees: contracts,
    coinbase,
    missing: [address(), address()],
    empty,
    number,
  };
}

/** Addresses of precompiles, and of some that are none in this fork. */
export function precompilesOf(fork: ForkName): string[] {
  const last = isFrom(fork, 'prague') ? 17 : isFrom(fork, 'cancun') ? 10 : 9;
  const numbers = Array.from({ length: last }, (_, index) => index + 1);
  return [...numbers, ...(isFrom(fork, 'osaka') ? [0x100] : [])].map(precompile);
}

export function precompile(number: number): string {
  return `0x${number.toString(16).padStart(40, '0')}`;
}

export function anyAddress(rng: Rng, world: World): string {
  return rng.weighted<() => string>([
    [50, () => rng.pick(world.contracts)],
    [15, () => rng.pick(PEOPLE)],
    [10, () => rng.pick(world.missing)],
    [10, () => world.coinbase],
    [5, () => world.empty],
    [10, () => precompile(rng.pick([0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 17, 18, 0x100, 0x101]))],
  ])();
}

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
  /** How often a precompile that takes milliseconds stays one where it was chosen. */
  readonly heavyPercent: number;
}

/** The libraries compute these in plain JavaScript: curves and pairings. */
const HEAVY_PERCENT = 50;

/** New forks have the most to get wrong. */
const FORK_WEIGHTS: readonly (readonly [number, FuzzFork])[] = [
  [10, 'london'],
  [5, 'paris'],
  [10, 'shanghai'],
  [20, 'cancun'],
  [25, 'prague'],
  [30, 'osaka'],
];

export interface WorldOptions {
  /** Any unless given. */
  readonly fork?: FuzzFork;
  readonly contracts?: number;
  readonly heavyPercent?: number;
}

export function createWorld(rng: Rng, options: WorldOptions = {}): World {
  const address = () => toHex(rng.bytes(20));
  const chosen = rng.weighted(FORK_WEIGHTS);
  const count = options.contracts ?? rng.between(2, 4);
  const contracts = Array.from({ length: count }, address);
  const empty = address();
  const coinbase = rng.weighted([
    [60, address()],
    [15, rng.pick(PEOPLE)],
    [15, rng.pick(contracts)],
    [10, empty],
  ]);
  const number = rng.pick([1, 5, 255, 256, 257, 1_000_000]);
  return {
    fork: options.fork ?? chosen,
    contracts,
    callees: contracts,
    coinbase,
    missing: [address(), address()],
    empty,
    number,
    heavyPercent: options.heavyPercent ?? HEAVY_PERCENT,
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

const KNOWN_AND_NOT = [0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 17, 18, 0x100, 0x101].map(precompile);

const ADDRESSES: readonly (readonly [number, (rng: Rng, world: World) => string])[] = [
  [50, (rng, { contracts }) => rng.pick(contracts)],
  [15, (rng) => rng.pick(PEOPLE)],
  [10, (rng, { missing }) => rng.pick(missing)],
  [10, (_, { coinbase }) => coinbase],
  [5, (_, { empty }) => empty],
  [10, (rng) => rng.pick(KNOWN_AND_NOT)],
];

export function anyAddress(rng: Rng, world: World): string {
  return rng.weighted(ADDRESSES)(rng, world);
}

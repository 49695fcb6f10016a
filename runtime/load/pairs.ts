/**
 * Who sends to whom: endless orders of pairs of accounts. They decide how much of a load can be
 * executed at the same time, whatever its transactions do.
 */
import type { SeededNumbers } from './seeded.js';

/** Both are indexes of accounts. */
export interface Pair {
  readonly from: number;
  readonly to: number;
  /** Below 2^32, for a kind of load that has something to choose. */
  readonly lot?: number;
}

export type Endless = Generator<Pair, never>;
/** @param accounts  at least 2 */
export type Pairs = (accounts: number, numbers: SeededNumbers) => Endless;

/** Of a hundred ends of pairs, so many are hot; the hot accounts are the last tenth. */
const HOT_PERCENT = 30;
const HOT_DIVISOR = 10;

/** A cluster shares a contract, a family sends to itself; each person so often before the next. */
export const CLUSTERS = 10;
const FAMILY_PEOPLE = 15;
const CLUSTER_PEOPLE = 15 * FAMILY_PEOPLE;
const PERSON_TRANSFERS = 15;

/**
 * Pairs that share no account within a round of all accounts: the load without conflicts. Each
 * round is a new shuffle, so that every account sends and receives in the long run; of an odd
 * number one sits out each round.
 */
export function* independentPairs(accounts: number, numbers: SeededNumbers): Endless {
  const order = Uint32Array.from({ length: accounts }, (_, index) => index);
  for (;;) {
    shuffle(order, numbers);
    for (let at = 0; at + 1 < accounts; at += 2) yield { from: order[at]!, to: order[at + 1]! };
  }
}

/** Each to itself, one after the other: nobody shares anything within a round of all. */
export function* selfPairs(accounts: number): Endless {
  for (;;) for (let index = 0; index < accounts; index += 1) yield { from: index, to: index };
}

/** Each to the next one: every pair begins with what the one before has ended with. */
export function* chainPairs(accounts: number): Endless {
  for (;;) {
    for (let from = 0; from < accounts; from += 1) yield { from, to: (from + 1) % accounts };
  }
}

/** The first account to each of the others. */
export function* oneSenderPairs(accounts: number): Endless {
  for (;;) for (let to = 1; to < accounts; to += 1) yield { from: 0, to };
}

/** Anybody to anybody, oneself included; with a lot. */
export function* randomPairs(accounts: number, numbers: SeededNumbers): Endless {
  const pick = () => numbers.below(accounts);
  for (;;) yield { from: pick(), to: pick(), lot: numbers.below(2 ** 32) };
}

/** Anybody to anybody, and some are in demand. */
export function* hotPairs(accounts: number, numbers: SeededNumbers): Endless {
  const hot = Math.max(1, Math.floor(accounts / HOT_DIVISOR));
  const pick = () =>
    numbers.below(100) < HOT_PERCENT
      ? accounts - hot + numbers.below(hot)
      : numbers.below(accounts);
  for (;;) yield { from: pick(), to: pick() };
}

/** Within families, cluster after cluster; people that fill no cluster of the ten sit out. */
export function* clusterPairs(accounts: number, numbers: SeededNumbers): Endless {
  const people = Math.min(accounts, CLUSTERS * CLUSTER_PEOPLE);
  for (;;) {
    for (let first = 0; first < people; first += CLUSTER_PEOPLE) {
      yield* clusterOfPairs(first, Math.min(first + CLUSTER_PEOPLE, people), numbers);
    }
  }
}

/** Which of the CLUSTERS an account is in; those that sit out are in one, too. */
export function clusterOf(account: number): number {
  return Math.floor(account / CLUSTER_PEOPLE) % CLUSTERS;
}

function* clusterOfPairs(first: number, end: number, numbers: SeededNumbers): Generator<Pair> {
  for (let time = 0; time < PERSON_TRANSFERS; time += 1) {
    for (let from = first; from < end; from += 1) {
      const family = from - (from % FAMILY_PEOPLE);
      const size = Math.min(FAMILY_PEOPLE, end - family);
      yield { from, to: family + numbers.below(size) };
    }
  }
}

/** Fisher and Yates. */
function shuffle(order: Uint32Array, numbers: SeededNumbers): void {
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = numbers.below(last + 1);
    const value = order[last]!;
    order[last] = order[other]!;
    order[other] = value;
  }
}

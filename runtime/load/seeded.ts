/**
 * Chance that a seed decides: the same seed gives the same load on every machine. The generator is
 * mulberry32: good enough to spread accounts, and of no use for keys that guard anything.
 */
export class SeededNumbers {
  private state: number;

  /** @param seed  any integer; only its low 32 bits count */
  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** An integer in [0, bound). @param bound  at most 2^32 */
  below(bound: number): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  }
}

/** Who sends to whom; both are indexes of accounts, and never the same. */
export interface Pair {
  readonly from: number;
  readonly to: number;
}

/**
 * Pairs that share no account within a round of all accounts: the load without conflicts. Each
 * round is a new shuffle, so that every account sends and receives in the long run.
 */
export class IndependentPairs {
  private readonly order: Uint32Array;
  private readonly numbers: SeededNumbers;
  private at: number;

  /** @param accounts  at least 2; of an odd number one sits out each round */
  constructor(accounts: number, numbers: SeededNumbers) {
    this.order = Uint32Array.from({ length: accounts }, (_, index) => index);
    this.numbers = numbers;
    this.at = accounts;
  }

  next(): Pair {
    if (this.at + 1 >= this.order.length) this.shuffle();
    const pair = { from: this.order[this.at]!, to: this.order[this.at + 1]! };
    this.at += 2;
    return pair;
  }

  /** Fisher and Yates. */
  private shuffle(): void {
    const { order } = this;
    for (let last = order.length - 1; last > 0; last -= 1) {
      const other = this.numbers.below(last + 1);
      const value = order[last]!;
      order[last] = order[other]!;
      order[other] = value;
    }
    this.at = 0;
  }
}

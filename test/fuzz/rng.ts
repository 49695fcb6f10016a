/**
 * Chance of the fuzzer: everything that is generated is a function of one seed. The generator is
 * sfc32 (Chris Doty-Humphrey's small fast counting one): 128 bits of state, so that millions of
 * cases with seeds next to each other have nothing in common.
 */

const WARM_UP_ROUNDS = 15;

export class Rng {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /** @param seed  an integer in [0, 2^53) */
  constructor(seed: number) {
    this.a = seed >>> 0;
    this.b = Math.floor(seed / 2 ** 32) >>> 0;
    this.c = 0x9e3779b9;
    for (let round = 0; round < WARM_UP_ROUNDS; round += 1) this.next();
  }

  /** An integer in [0, 2^32). */
  next(): number {
    const sum = (this.a + this.b + this.counter) >>> 0;
    this.counter = (this.counter + 1) >>> 0;
    this.a = (this.b ^ (this.b >>> 9)) >>> 0;
    this.b = (this.c + (this.c << 3)) >>> 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) >>> 0;
    return sum;
  }

  /** An integer in [0, bound). */
  below(bound: number): number {
    return Math.floor((this.next() / 2 ** 32) * bound);
  }

  /** An integer in [from, to]. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  /** True so many times in a hundred. */
  chance(percent: number): boolean {
    return this.next() < (percent / 100) * 2 ** 32;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  /** One of the entries, each as often as its weight says. */
  weighted<Item>(entries: readonly (readonly [weight: number, item: Item])[]): Item {
    let sum = 0;
    for (const [weight] of entries) sum += weight;
    let left = this.below(sum);
    for (const [weight, item] of entries) {
      left -= weight;
      if (left < 0) return item;
    }
    return entries[0]![1];
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let index = 0; index < count; index += 1) bytes[index] = this.next() >>> 24;
    return bytes;
  }

  /** A number of that many bytes. */
  number(bytes: number): bigint {
    let hex = '0x0';
    for (let left = bytes; left >= 4; left -= 4) hex += this.next().toString(16).padStart(8, '0');
    const rest = bytes & 3;
    if (rest === 0) return BigInt(hex);
    return BigInt(hex + (this.next() >>> (32 - rest * 8)).toString(16).padStart(rest * 2, '0'));
  }

  /** A word of 256 bits, mostly one near which arithmetic goes wrong. */
  word(): bigint {
    return this.weighted(WORDS)(this);
  }
}

const power = (rng: Rng): bigint => 1n << BigInt(rng.below(256));

const WORDS: readonly (readonly [weight: number, make: (rng: Rng) => bigint])[] = [
  [30, (rng) => BigInt(rng.below(40))],
  [10, (rng) => BigInt.asUintN(256, -BigInt(rng.between(1, 3)))],
  [10, power],
  [8, (rng) => power(rng) - 1n],
  [6, (rng) => BigInt.asUintN(256, -power(rng))],
  [6, () => 1n << 255n],
  [15, (rng) => rng.number(rng.between(1, 8))],
  [15, (rng) => rng.number(32)],
  [10, (rng) => rng.number(rng.between(9, 31))],
];

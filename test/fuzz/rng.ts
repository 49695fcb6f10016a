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
    let left = this.below(entries.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, item] of entries) {
      left -= weight;
      if (left < 0) return item;
    }
    return entries[0]![1];
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }

  /** A number of that many bytes. */
  number(bytes: number): bigint {
    let value = 0n;
    for (let left = bytes; left > 0; left -= 1) value = (value << 8n) | BigInt(this.below(256));
    return value;
  }

  /** A word of 256 bits, mostly one near which arithmetic goes wrong. */
  word(): bigint {
    const power = 1n << BigInt(this.below(256));
    return this.weighted<() => bigint>([
      [30, () => BigInt(this.below(40))],
      [10, () => BigInt.asUintN(256, -BigInt(this.between(1, 3)))],
      [10, () => power],
      [8, () => power - 1n],
      [6, () => BigInt.asUintN(256, -power)],
      [6, () => 1n << 255n],
      [15, () => this.number(this.between(1, 8))],
      [15, () => this.number(32)],
      [10, () => this.number(this.between(9, 31))],
    ])();
  }
}

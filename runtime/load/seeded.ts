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

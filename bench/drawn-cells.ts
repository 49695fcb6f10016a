/** Slots of one account, drawn evenly and the same in every run, and the CPU time of things. */

/** Whose slots they are; 20 raw bytes. */
export const ADDRESS = new Uint8Array(20).fill(0xaa);

let seed = 1;

/** From here on the same numbers are drawn again. */
export function restart(): void {
  seed = 1;
}

/** A linear congruence (Numerical Recipes). @returns a number in [0, bound) */
export function next(bound: number): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * bound);
}

/** 32 bytes, big-endian, another for each u32. */
export function wordOf(number: number): Uint8Array {
  const word = new Uint8Array(32);
  const view = new DataView(word.buffer);
  view.setUint32(24, number);
  view.setUint32(28, number ^ 0x5bd1e995);
  return word;
}

/** Microseconds of CPU time, all threads of the process together. */
export function cpuUs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

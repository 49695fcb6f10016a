/** Processor time of something that is done a few times: busy neighbours cannot change it much. */

const RUNS_MAX = 7;
/** What takes longer than all of this is done once. */
const ENOUGH_MS = 600;

export interface Times {
  readonly medianMs: number;
  readonly maxMs: number;
}

/** Milliseconds of all threads of this process, user and system. */
export function processorMs(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** @param run  does it once and gives its milliseconds */
export function timesOf(run: () => number): Times {
  const times: number[] = [];
  let sum = 0;
  while (times.length < RUNS_MAX && sum < ENOUGH_MS) {
    const spent = run();
    times.push(spent);
    sum += spent;
  }
  times.sort((a, b) => a - b);
  return { medianMs: times[times.length >> 1]!, maxMs: times.at(-1)! };
}

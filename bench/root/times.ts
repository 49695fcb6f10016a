/**
 * What some work took: wall time, CPU time of the process, and CPU time of its busiest thread.
 * The last tells what two threads would gain on cores of their own, also where the machine is
 * shared and wall time tells nothing; it is read from Linux, and not there elsewhere.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Clock } from '../../state/base/ports.js';

const TASKS = '/proc/self/task';
/** Linux books a thread's time when it stops running: before a reading this one sleeps so long. */
const SLEEP_MS = 0.02;
const NEVER = new Int32Array(new SharedArrayBuffer(4));

export class Times {
  wallMs = 0;
  cpuMs = 0;
  private readonly clock: Clock;
  private readonly threads = new Map<string, number>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Adds what `run` takes. */
  add(run: () => void): void {
    const before = threadTimes();
    const cpu = process.cpuUsage();
    const startedMs = this.clock.monotonicMs();
    run();
    this.wallMs += this.clock.monotonicMs() - startedMs;
    const { user, system } = process.cpuUsage(cpu);
    this.cpuMs += (user + system) / 1_000;
    for (const [thread, ms] of threadTimes()) {
      const added = ms - (before.get(thread) ?? 0);
      this.threads.set(thread, (this.threads.get(thread) ?? 0) + added);
    }
  }

  /** null where it cannot be known. */
  get busiestMs(): number | null {
    return this.threads.size === 0 ? null : Math.max(...this.threads.values());
  }
}

function threadTimes(): Map<string, number> {
  const times = new Map<string, number>();
  Atomics.wait(NEVER, 0, 0, SLEEP_MS);
  try {
    for (const thread of readdirSync(TASKS)) {
      const [ran] = readFileSync(`${TASKS}/${thread}/schedstat`, 'utf8').split(' ');
      times.set(thread, Number(ran) / 1e6);
    }
  } catch {
    // Another system, or a thread that has just ended: then without.
    times.clear();
  }
  return times;
}

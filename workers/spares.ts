/**
 * The threads of a crew that are started and wait for others to be lost: one for the loss, one for
 * the next, since what ended a thread may well end another when it is tried again. They take part
 * in nothing, and are told nothing, until they have a place. Each is 16 MB of memory and no CPU
 * (measured).
 */
import type { Clock } from '../state/base/ports.js';
import type { CrewThread } from './crew-thread.js';

const SPARES = 2;
/** One starts so long after another is needed, or has started: those at work go first. */
const REFILL_MS = 100;
/** After one that died while it waited: that it will again is likely. */
const RETRY_MS = 10_000;

export class Spares {
  private readonly clock: Clock;
  private readonly create: () => CrewThread;
  private readonly waiting: CrewThread[] = [];
  private cancelRefill: (() => void) | null = null;
  /** Resolves when those that died have exited. */
  private ending: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock, create: () => CrewThread) {
    this.clock = clock;
    this.create = create;
  }

  /** The one that has waited longest, or a new one. */
  take(): CrewThread {
    return this.waiting.shift() ?? this.create();
  }

  /** Sees to it that there will be enough. */
  refill(delayMs = REFILL_MS): void {
    if (this.waiting.length >= SPARES || this.cancelRefill !== null) return;
    this.cancelRefill = this.clock.after(delayMs, () => {
      this.cancelRefill = null;
      this.launch();
      this.refill();
    });
  }

  /** Resolves when all have exited. */
  async stop(): Promise<void> {
    this.cancelRefill?.();
    this.cancelRefill = null;
    const waiting = this.waiting.splice(0);
    await Promise.all([this.ending, ...waiting.map((thread) => thread.end())]);
  }

  private launch(): void {
    const thread = this.create();
    this.waiting.push(thread);
    void thread.failed.then(() => {
      const index = this.waiting.indexOf(thread);
      if (index < 0) return;
      this.waiting.splice(index, 1);
      this.ending = Promise.all([this.ending, thread.end()]);
      this.refill(RETRY_MS);
    });
  }
}

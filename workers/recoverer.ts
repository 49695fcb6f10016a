/**
 * Sender recovery on threads of its own. Everything that arrives while the threads are busy waits
 * and leaves as one batch, split over the threads that are free: one task costs as much as half a
 * signature, so few and large ones at load. A small one that comes alone is recovered at once on
 * the calling thread, at most one a millisecond: a thread takes 0.6 ms to wake, work and answer,
 * and this never takes more than a fraction of the calling thread.
 */
import { assert } from '../state/base/assert.js';
import { DeltacastError } from '../state/base/errors.js';
import { RECOVER_QUEUE_MAX, RECOVER_TASK_MAX } from '../state/base/limits.js';
import type { Clock } from '../state/base/ports.js';
import type { DecodeRules } from './decode.js';
import { TaskPool } from './pool.js';
import {
  packRaws,
  type Recovered,
  type RecoverTask,
  recoverHere,
  unpackRecovered,
} from './recover.js';

/** Below this, splitting costs more than the second thread gains. */
const SPLIT_MIN = 16;
/** Between two recoveries on the calling thread, and what is small enough for one. */
const HERE_PAUSE_MS = 1;
const HERE_BYTES_MAX = 4_096;

interface Waiting {
  readonly raw: Uint8Array;
  readonly answer: (recovered: Recovered) => void;
}

export class Recoverer {
  /** By which fork and chain id transactions are decoded; may change from batch to batch. */
  rules: DecodeRules;
  private readonly pool: TaskPool;
  private readonly threads: number;
  private readonly clock: Clock | null;
  private waiting: Waiting[] = [];
  private running = 0;
  private hereMs = Number.NEGATIVE_INFINITY;

  /** @param clock  null never recovers on the calling thread */
  constructor(threads: number, rules: DecodeRules, clock: Clock | null) {
    assert(threads >= 1, 'recovery needs a thread');
    this.threads = threads;
    this.rules = rules;
    this.clock = clock;
    this.pool = new TaskPool({ threads });
  }

  /**
   * Decodes signed transactions and recovers their senders.
   * @returns a record or an error for each, in order: what decode.ts throws, TX_POOL_FULL where too
   *          many wait, WORKER_FAILED where the thread died
   */
  recover(raws: readonly Uint8Array[]): Promise<Recovered[]> {
    const [only] = raws;
    if (only !== undefined && raws.length === 1 && this.isForHere(only)) {
      return Promise.resolve([recoverHere(only, this.rules)]);
    }
    const answers = raws.map((raw) => this.queue(raw));
    this.dispatch();
    return Promise.all(answers);
  }

  /** Starts the threads before they are needed. @throws what starting a thread throws */
  async start(): Promise<void> {
    const nothing = (): RecoverTask => ({ rules: this.rules, raws: packRaws([]) });
    const tasks = Array.from({ length: this.threads }, nothing);
    await Promise.all(tasks.map((task) => this.pool.run('recover', task)));
  }

  async stop(): Promise<void> {
    await this.pool.end();
  }

  private isForHere(raw: Uint8Array): boolean {
    if (this.clock === null || this.running > 0 || raw.length > HERE_BYTES_MAX) return false;
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.hereMs < HERE_PAUSE_MS) return false;
    this.hereMs = nowMs;
    return true;
  }

  private queue(raw: Uint8Array): Promise<Recovered> {
    if (this.waiting.length >= RECOVER_QUEUE_MAX) {
      const limit = RECOVER_QUEUE_MAX;
      return Promise.resolve(
        new DeltacastError('TX_POOL_FULL', 'too many transactions wait for recovery', { limit }),
      );
    }
    return new Promise((answer) => this.waiting.push({ raw, answer }));
  }

  private dispatch(): void {
    while (this.waiting.length > 0 && this.running < this.threads) {
      const free = this.threads - this.running;
      const share = Math.max(SPLIT_MIN, Math.ceil(this.waiting.length / free));
      const batch = this.waiting.slice(0, Math.min(share, RECOVER_TASK_MAX));
      this.waiting = this.waiting.slice(batch.length);
      this.running += 1;
      void this.run(batch);
    }
  }

  private async run(batch: readonly Waiting[]): Promise<void> {
    const recovered = await this.ask(batch.map(({ raw }) => raw));
    this.running -= 1;
    this.dispatch();
    for (const [index, { answer }] of batch.entries()) {
      const one = recovered[index];
      assert(one !== undefined, 'an answer for each transaction');
      answer(one);
    }
  }

  private async ask(raws: readonly Uint8Array[]): Promise<Recovered[]> {
    const task: RecoverTask = { rules: this.rules, raws: packRaws(raws) };
    try {
      return unpackRecovered(await this.pool.run<ArrayBuffer>('recover', task, [task.raws]));
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      const failure = new DeltacastError('WORKER_FAILED', 'the recovery thread ended', { cause });
      return raws.map(() => failure);
    }
  }
}

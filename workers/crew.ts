/**
 * The worker threads of one arena as the coordinator handles them: start, one round of steps at a
 * time, and the fence. A round ends when its last step is committed or something failed; what was
 * committed until then stands. The fence ends every thread and resolves when all have exited: only
 * then may anyone else write where they wrote. The clock decides that a thread is hung, and nothing
 * about the state.
 */
import type { Arena } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { DeltacastError } from '../state/base/errors.js';
import {
  APPLYING_MS_MAX,
  MINI_BLOCK_TRANSACTIONS_MAX,
  WORKER_START_MS,
} from '../state/base/limits.js';
import { type Clock, sleep } from '../state/base/ports.js';
import type { Region } from '../state/layout.js';
import type { Step } from './batch.js';
import { outcomeShare } from './outcomes.js';
import { TaskThreads } from './pool.js';
import { type Counter, type Failure, Protocol } from './protocol.js';
import type { ExecutionTask } from './worker.js';

/** Records start on cache lines of their own. */
const RECORD_ALIGNMENT = 64;
/** A hung thread is found at most this part of the deadline late. */
const WATCHES_PER_DEADLINE = 8;

export interface CrewOptions {
  readonly arena: Arena;
  readonly clock: Clock;
  /** At least 1. */
  readonly workers: number;
  /** Number of the first worker in the arena; the others follow. */
  readonly firstThread: number;
  readonly engineModule: string | null;
  /** JavaScript heap of one worker. */
  readonly heapMegabytes: number;
}

export interface Round {
  /** Steps committed, from the first on; they stand. */
  readonly committed: number;
  /** Steps begun: what made a round fail is among those between `committed` and here. */
  readonly begun: number;
  /** 'none' where all were committed; after 'worker-failed' all threads have exited. */
  readonly failure: Failure;
}

export class Crew {
  private readonly options: CrewOptions;
  private readonly protocol: Protocol;
  /** Times that the threads had to be ended, and why the last time; for counters and errors. */
  restarts = 0;
  cause = '';
  /** For good: no threads are started any more. */
  isStopped = false;
  private threads: TaskThreads | null = null;
  /** Why the threads have to be ended; empty while they are well. */
  private trouble = '';

  constructor(options: CrewOptions) {
    const { arena, workers, firstThread } = options;
    assert(workers >= 1 && firstThread >= 1, 'thread 0 is the coordinator');
    assert(firstThread + workers <= arena.layout.threads, 'each worker has a thread number');
    this.options = options;
    this.protocol = new Protocol(arena);
    this.protocol.reset(workers);
  }

  setContext(bytes: Uint8Array): void {
    this.protocol.setContext(bytes);
  }

  /** Wakes workers that wait for the hash just put into the arena. */
  announceHash(): void {
    this.protocol.announceHash();
  }

  /** How many steps from `start` on fit into one round; 0 where the first alone does not. */
  fitting(steps: readonly Step[], start: number): number {
    let bytes = 0;
    let count = 0;
    for (const { record } of steps.slice(start, start + MINI_BLOCK_TRANSACTIONS_MAX)) {
      bytes += aligned(record.length);
      if (bytes > this.protocol.batchIn.bytes) break;
      count += 1;
    }
    return count;
  }

  /** Resolves when all threads are attached. @throws DeltacastError WORKER_FAILED, ARENA_TORN */
  async start(): Promise<void> {
    if (this.isStopped) throw new DeltacastError('WORKER_FAILED', 'the executor has been stopped');
    if (this.threads !== null) {
      if (this.trouble === '') return;
      // They died while nothing was to be done.
      await this.fence();
    }
    const { clock, workers } = this.options;
    this.trouble = '';
    this.protocol.reset(workers);
    this.launch();
    const cancel = clock.after(WORKER_START_MS, () => this.giveUp('the threads did not start'));
    await this.protocol.untilReady();
    cancel();
    if (this.trouble !== '') {
      await this.fence();
      const { cause } = this;
      throw new DeltacastError('WORKER_FAILED', 'the worker threads cannot be started', { cause });
    }
  }

  /**
   * Executes and commits steps that fit, one after the other as if alone. When a thread dies or
   * hangs, all of them are ended.
   * @param firstSequence  of the first included step
   * @param deadlineMs     how long the head may stand still
   * @throws DeltacastError WORKER_FAILED where no threads can be started, ARENA_TORN
   */
  async round(steps: readonly Step[], firstSequence: number, deadlineMs: number): Promise<Round> {
    await this.start();
    const { protocol } = this;
    this.load(steps, firstSequence);
    // A thread may have died between the start and here, where that was forgotten.
    if (this.trouble !== '') protocol.fail('worker-failed');
    const endWatch = this.watch(deadlineMs);
    protocol.turn();
    await protocol.untilDone();
    protocol.turn();
    await this.untilQuiet();
    endWatch();
    if (this.isInTrouble()) await this.fence();
    else if (protocol.failure() !== 'none') this.noteCause();
    const committed = protocol.head();
    const begun = Math.min(protocol.claimed(), steps.length);
    const failure = committed === steps.length ? 'none' : protocol.failure();
    return { committed, begun, failure };
  }

  /** Where the outcome of a committed step lies in the arena. */
  outcomeOffset(index: number): number {
    return this.protocol.outcomeOffset(index);
  }

  /** The first worker's part of the outcomes' region. */
  get outcomeShare(): Region {
    return outcomeShare(this.protocol.batchOut, this.options.workers);
  }

  /** Sum over all workers in the last round. */
  counter(counter: Counter): number {
    const { firstThread, workers } = this.options;
    let sum = 0;
    for (let index = 0; index < workers; index += 1) {
      sum += this.protocol.counter(firstThread + index, counter);
    }
    return sum;
  }

  /** Makes a round that is under way, and a start, fail at once. */
  abort(): void {
    this.isStopped = true;
    if (this.threads !== null) this.giveUp('the executor is stopping');
  }

  async stop(): Promise<void> {
    const { threads } = this;
    this.threads = null;
    if (threads === null) return;
    this.protocol.stop();
    await (this.trouble === '' ? threads.join() : threads.end());
  }

  /**
   * Ends all threads; none of them writes after this. The next round starts new ones. A thread that
   * is just changing cells gets the time to come to the end of its step.
   * @throws DeltacastError ARENA_TORN where one died while it was changing cells
   */
  private async fence(): Promise<void> {
    const { protocol, threads } = this;
    const { clock } = this.options;
    protocol.fail('worker-failed');
    protocol.bar();
    for (let waitedMs = 0; waitedMs < APPLYING_MS_MAX && protocol.isApplying(); waitedMs += 1) {
      await sleep(clock, 1);
    }
    this.threads = null;
    await threads?.end();
    this.restarts += 1;
    this.noteCause();
    if (protocol.isApplying()) {
      const { cause } = this;
      const text = 'a worker died while it was changing the state';
      throw new DeltacastError('ARENA_TORN', text, { cause });
    }
  }

  /** What a failing worker said, else how it ended. */
  private noteCause(): void {
    const { firstThread, workers } = this.options;
    this.cause = this.trouble;
    for (let index = workers - 1; index >= 0; index -= 1) {
      const said = this.protocol.message(firstThread + index);
      if (said !== '') this.cause = said;
    }
    this.protocol.clearMessages();
  }

  private launch(): void {
    const { arena, workers, firstThread, engineModule, heapMegabytes } = this.options;
    const tasks = Array.from({ length: workers }, (_, worker): ExecutionTask => {
      return { memory: arena.memory, thread: firstThread + worker, worker, engineModule };
    });
    const threads = new TaskThreads('serveBatches', tasks, heapMegabytes);
    this.threads = threads;
    threads.failed.then((cause) => {
      if (this.threads === threads) this.giveUp(cause);
    });
  }

  /** Ends whatever the coordinator is waiting for. */
  private giveUp(trouble: string): void {
    this.trouble = trouble;
    this.protocol.fail('worker-failed');
    this.protocol.wakeQuiet();
    this.protocol.endReady();
  }

  private load(steps: readonly Step[], firstSequence: number): void {
    const { protocol } = this;
    const { base, bytes } = protocol.batchIn;
    protocol.prepare(steps.length, firstSequence);
    let at = base;
    for (let index = 0; index < steps.length; index += 1) {
      const step = steps[index];
      assert(step !== undefined && at + step.record.length <= base + bytes, 'a round fits');
      this.options.arena.bytes.set(step.record, at);
      protocol.setStep(index, step.kind, at);
      at += aligned(step.record.length);
    }
  }

  /** Resolves when nobody is inside, or somebody may never leave. */
  private async untilQuiet(): Promise<void> {
    const { protocol } = this;
    while (!this.isInTrouble()) {
      const active = protocol.active();
      if (active === 0) return;
      await protocol.untilQuiet(active);
    }
  }

  private isInTrouble(): boolean {
    return this.trouble !== '' || this.protocol.failure() === 'worker-failed';
  }

  /** Gives up when the head has not moved for the deadline. @returns a function that ends it */
  private watch(deadlineMs: number): () => void {
    const { protocol } = this;
    const { clock } = this.options;
    let head = 0;
    let sinceMs = clock.monotonicMs();
    let cancel = (): void => undefined;
    const look = (): void => {
      const nowMs = clock.monotonicMs();
      if (protocol.head() !== head) {
        head = protocol.head();
        sinceMs = nowMs;
      }
      if (nowMs - sinceMs >= deadlineMs) this.giveUp('no progress before the deadline');
      else cancel = clock.after(deadlineMs / WATCHES_PER_DEADLINE, look);
    };
    cancel = clock.after(deadlineMs / WATCHES_PER_DEADLINE, look);
    return () => cancel();
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / RECORD_ALIGNMENT) * RECORD_ALIGNMENT;
}

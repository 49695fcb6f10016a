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
import { APPLYING_MS_MAX, WORKER_START_MS } from '../state/base/limits.js';
import { type Clock, sleep } from '../state/base/ports.js';
import type { Steps } from './batch.js';
import { encodeContext } from './context.js';
import type { BlockContext } from './engine.js';
import { TERM_ENDLESS, TERM_MIN } from './kernel/scheduler-limits.js';
import type { OutcomeMemory } from './outcome-memory.js';
import { copyOutcomes, type RoundOutcomes } from './outcomes.js';
import { TaskThreads } from './pool.js';
import { type Counter, Protocol } from './protocol.js';
import { loadSteps, type Round, type Rounds, roundOf } from './rounds.js';
import type { Tiering } from './tiering/tiering.js';
import type { ExecutionTask } from './worker.js';

/** While others execute, what they have committed is looked at so often. */
const IDLE_MS = 1;
/** A hung thread is found at most this part of the deadline late. */
const WATCHES_PER_DEADLINE = 16;
/** Threads that are lost so often before they are ready will not do any better. */
const STARTS_MAX = 3;

export interface CrewOptions {
  readonly arena: Arena;
  readonly clock: Clock;
  /** At least 1. */
  readonly workers: number;
  /** Number of the first worker in the arena; the others follow. */
  readonly firstThread: number;
  readonly engineModule: string | null;
  /** Each worker stays on a core. */
  readonly isPinned: boolean;
  /** None of them ever goes on alone because that is faster. */
  readonly isTogether: boolean;
  /** JavaScript heap of one worker. */
  readonly heapMegabytes: number;
  /** Where the engine's modules come from; null: from nowhere. */
  readonly tiering: Tiering | null;
}

export class Crew implements Rounds {
  private readonly options: CrewOptions;
  private readonly protocol: Protocol;
  private readonly coordinator: { readonly thread: number; readonly clock: Clock };
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
    this.coordinator = { thread: arena.thread, clock: options.clock };
    this.protocol = new Protocol(arena);
    this.reset();
  }

  async beginBlock(context: BlockContext): Promise<void> {
    this.protocol.setContext(encodeContext(context));
  }

  /** Wakes workers that wait for the hash just put into the arena. */
  announceHash(): void {
    this.protocol.announceHash();
  }

  /**
   * Resolves when all threads are attached. One that is lost before that is lost like any other:
   * all are started again, a few times.
   * @throws DeltacastError WORKER_FAILED, ARENA_TORN
   */
  async start(): Promise<void> {
    for (let starts = 0; starts < STARTS_MAX; starts += 1) {
      if (this.isStopped)
        throw new DeltacastError('WORKER_FAILED', 'the executor has been stopped');
      if (this.threads !== null) {
        if (this.trouble === '') return;
        // They died while nothing was to be done, or before they were ready.
        await this.fence();
      }
      await this.startThreads();
    }
    if (this.trouble === '') return;
    await this.fence();
    const { cause } = this;
    throw new DeltacastError('WORKER_FAILED', 'the worker threads cannot be started', { cause });
  }

  private async startThreads(): Promise<void> {
    this.trouble = '';
    this.reset();
    this.launch();
    const tooLate = (): void => this.giveUp('the threads did not start');
    const cancel = this.options.clock.after(WORKER_START_MS, tooLate);
    await this.protocol.untilReady();
    cancel();
  }

  /**
   * Executes and commits steps that fit, one after the other as if alone. When a thread dies or
   * hangs, all of them are ended.
   * @param firstSequence  of the first included step
   * @param deadlineMs     how long the head may stand still
   * @param whileIdle      called now and then, as long as they execute: so many are committed
   * @throws DeltacastError WORKER_FAILED where no threads can be started, ARENA_TORN
   */
  async round(
    steps: Steps,
    firstSequence: number,
    deadlineMs: number,
    whileIdle: (committed: number) => void,
  ): Promise<Round> {
    await this.start();
    const { protocol } = this;
    const { arena } = this.options;
    const endWatch = this.watch(deadlineMs);
    protocol.timed('loadMicroseconds', this.coordinator, () => {
      loadSteps(arena, protocol, steps, firstSequence, () => {
        // A thread may have died between the start and here, where that was forgotten.
        if (this.trouble !== '') protocol.fail('worker-failed');
        protocol.turn();
      });
    });
    while (!protocol.isDone()) {
      await protocol.untilDone(IDLE_MS);
      protocol.call();
      whileIdle(protocol.head());
    }
    protocol.turn();
    await this.untilQuiet();
    endWatch();
    if (this.isInTrouble()) await this.fence();
    else if (protocol.failure() !== 'none') this.noteCause();
    return roundOf(protocol, steps.records.length);
  }

  outcomes(start: number, end: number, memory: OutcomeMemory): RoundOutcomes {
    const { protocol } = this;
    const { bytes } = this.options.arena;
    return protocol.timed('collectMicroseconds', this.coordinator, () => {
      return copyOutcomes(bytes, protocol, start, end, memory);
    });
  }

  lastSequence(): number {
    return this.protocol.lastSequence();
  }

  /** Sum over all threads in the last round. */
  counter(counter: Counter): number {
    const { firstThread, workers } = this.options;
    let sum = this.protocol.counter(this.coordinator.thread, counter);
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

  private reset(): void {
    const { workers, isTogether } = this.options;
    this.protocol.reset(workers, isTogether ? TERM_ENDLESS : TERM_MIN);
  }

  private launch(): void {
    const { arena, workers, firstThread, engineModule, isPinned, heapMegabytes, tiering } =
      this.options;
    const { memory } = arena;
    const tasks = Array.from({ length: workers }, (_, worker): ExecutionTask => {
      const changes = tiering?.connect() ?? null;
      const thread = firstThread + worker;
      return { memory, thread, worker, engineModule, isPinned, changes };
    });
    const ports = tasks.map(({ changes }) => changes);
    const threads = new TaskThreads('serveBatches', tasks, heapMegabytes, ports);
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

  /**
   * Gives up when the head has not moved for the deadline, seen so often in a row: where the whole
   * process was stopped for a while, nobody had a chance to work, and nobody looked.
   * @returns a function that ends it
   */
  private watch(deadlineMs: number): () => void {
    const { protocol } = this;
    const { clock } = this.options;
    let head = 0;
    let looks = 0;
    let cancel = (): void => undefined;
    const look = (): void => {
      const isStill = protocol.head() === head && !protocol.isLoading();
      looks = isStill ? looks + 1 : 0;
      head = protocol.head();
      if (looks === WATCHES_PER_DEADLINE) this.giveUp('no progress before the deadline');
      else cancel = clock.after(deadlineMs / WATCHES_PER_DEADLINE, look);
    };
    cancel = clock.after(deadlineMs / WATCHES_PER_DEADLINE, look);
    return () => cancel();
  }
}

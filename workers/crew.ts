/**
 * The worker threads of one arena as the coordinator handles them: start, one round of steps at a
 * time, and the fence. A round ends when its last step is committed or something failed; what was
 * committed until then stands. The fence ends the threads that are lost and resolves when these
 * have exited and the others are out: only then may anyone else write where they wrote. The clock
 * decides that a thread is hung, and nothing about the state.
 */
import type { Arena } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { DeltacastError } from '../state/base/errors.js';
import { APPLYING_MS_MAX, WORKER_START_MS } from '../state/base/limits.js';
import { type Clock, sleep } from '../state/base/ports.js';
import type { Steps } from './batch.js';
import { encodeContext } from './context.js';
import { CrewThread } from './crew-thread.js';
import type { BlockContext } from './engine.js';
import { TERM_ENDLESS, TERM_MIN } from './kernel/scheduler-limits.js';
import type { OutcomeMemory } from './outcome-memory.js';
import { copyOutcomes, type RoundOutcomes } from './outcomes.js';
import { type Counter, Protocol } from './protocol.js';
import { loadSteps, type Round, type Rounds, roundOf } from './rounds.js';
import { Spares } from './spares.js';
import type { Tiering } from './tiering/tiering.js';

/** While others execute, what they have committed is looked at so often. */
const IDLE_MS = 1;
/** A hung thread is found at most this part of the deadline late. */
const WATCHES_PER_DEADLINE = 16;
/** Who is well is out of a round that has failed in 1 ms; who is not by then is ended. */
const MUSTER_MS_MAX = 10;
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
  /** Who has each place; null: nobody. */
  private readonly places: (CrewThread | null)[];
  private readonly spares: Spares;
  /** Since the places were filled, until the next fence. */
  private isUp = false;
  /** Something was posted to the threads while a batch was open. */
  private isPosted = false;
  /** Why the threads have to be ended; empty while they are well. */
  private trouble = '';

  constructor(options: CrewOptions) {
    const { arena, workers, firstThread } = options;
    assert(workers >= 1 && firstThread >= 1, 'thread 0 is the coordinator');
    assert(firstThread + workers <= arena.layout.threads, 'each worker has a thread number');
    this.options = options;
    this.coordinator = { thread: arena.thread, clock: options.clock };
    this.protocol = new Protocol(arena);
    this.places = Array.from({ length: workers }, () => null);
    const { engineModule, isPinned, heapMegabytes } = options;
    const common = { memory: arena.memory, engineModule, isPinned, heapMegabytes };
    this.spares = new Spares(options.clock, () => new CrewThread(common));
    if (options.tiering !== null) options.tiering.posted = () => this.notePosted();
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
   * another is started, a few times.
   * @throws DeltacastError WORKER_FAILED, ARENA_TORN
   */
  async start(): Promise<void> {
    for (let starts = 0; starts < STARTS_MAX; starts += 1) {
      if (this.isStopped)
        throw new DeltacastError('WORKER_FAILED', 'the executor has been stopped');
      if (this.isUp) {
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

  /** Fills the places: with the spare thread, and with new ones. */
  private async startThreads(): Promise<void> {
    await this.endLost();
    this.trouble = '';
    this.reset();
    this.isUp = true;
    this.places.forEach((thread, worker) => {
      if (thread === null) this.fill(worker);
    });
    const tooLate = (): void => this.giveUp('the threads did not start');
    const cancel = this.options.clock.after(WORKER_START_MS, tooLate);
    await this.protocol.untilReady();
    cancel();
    if (!this.isStopped && this.trouble === '') this.spares.refill();
  }

  /**
   * Executes and commits steps that fit, one after the other as if alone. A thread that dies or
   * hangs ends the round, and is ended.
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
    if (this.isPosted) this.notePosted();
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
    if (this.isUp) this.giveUp('the executor is stopping');
  }

  async stop(): Promise<void> {
    const { isUp, trouble } = this;
    this.isUp = false;
    const threads = this.places.filter((thread) => thread !== null);
    this.places.fill(null);
    if (threads.length > 0) this.protocol.stop();
    const isWell = isUp && trouble === '';
    const ends = threads.map((thread) => (isWell ? thread.join() : thread.end()));
    await Promise.all([this.spares.stop(), ...ends]);
  }

  /**
   * Ends the threads that are lost; none of them writes after this, and the others are out. The
   * next round fills their places. A thread that is just changing cells gets the time to come to
   * the end of its step.
   * @throws DeltacastError ARENA_TORN where one died while it was changing cells
   */
  private async fence(): Promise<void> {
    const { protocol } = this;
    const { clock } = this.options;
    protocol.fail('worker-failed');
    protocol.bar();
    for (let waitedMs = 0; waitedMs < APPLYING_MS_MAX && protocol.isApplying(); waitedMs += 1) {
      await sleep(clock, 1);
    }
    await this.findLost();
    await this.endLost();
    this.isUp = false;
    this.restarts += 1;
    this.noteCause();
    if (protocol.isApplying()) {
      const { cause } = this;
      const text = 'a worker died while it was changing the state';
      throw new DeltacastError('ARENA_TORN', text, { cause });
    }
  }

  /** Lost is who has ended, who has failed, and who does not come out of the round. */
  private async findLost(): Promise<void> {
    const { protocol, places } = this;
    const { clock, firstThread } = this.options;
    const isLost = (worker: number): boolean => {
      return places[worker]?.cause !== '' || protocol.message(firstThread + worker) !== '';
    };
    protocol.muster();
    for (let waitedMs = 0; waitedMs < MUSTER_MS_MAX; waitedMs += 1) {
      if (protocol.missing().every(isLost)) break;
      await sleep(clock, 1);
    }
    const missing = protocol.missing();
    places.forEach((thread, worker) => {
      if (thread === null) return;
      if (isLost(worker) || missing.includes(worker)) thread.cause ||= 'it was lost in a round';
    });
  }

  /** Ends those that are lost, and who is lost meanwhile. Resolves when they have exited. */
  private async endLost(): Promise<void> {
    const { places } = this;
    const isLost = (thread: CrewThread | null) => thread !== null && thread.cause !== '';
    while (places.some(isLost)) {
      const lost = places.map((thread, worker) => {
        if (!isLost(thread)) return null;
        places[worker] = null;
        return thread;
      });
      await Promise.all(lost.map((thread) => thread?.end()));
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

  private fill(worker: number): void {
    const { firstThread, tiering } = this.options;
    const thread = this.spares.take();
    this.places[worker] = thread;
    const changes = tiering?.connect() ?? null;
    thread.place({ thread: firstThread + worker, worker, changes });
    void thread.failed.then((cause) => {
      if (this.places.includes(thread)) this.giveUp(cause);
    });
  }

  /** Ends whatever the coordinator is waiting for. */
  private giveUp(trouble: string): void {
    this.trouble = trouble;
    this.protocol.fail('worker-failed');
    this.protocol.wakeQuiet();
    this.protocol.wakeReady();
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

  /** Who waits takes over what was posted, now or when the batch has ended. */
  private notePosted(): void {
    const { protocol } = this;
    this.isPosted = protocol.isOpen(protocol.epoch());
    if (this.isUp && this.trouble === '' && !this.isPosted) protocol.muster();
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

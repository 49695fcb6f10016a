/**
 * The words in shared memory by which coordinator and workers agree, as the coordinator and a
 * worker's driver see them: every function is one atomic operation, so that a test can put them in
 * any order. The workers' own part is in the kernel (kernel/scheduler.as.ts). A batch lives between
 * an even epoch, which opens it, and the odd one that closes it. A worker takes part only after it
 * has entered and seen the epoch still open, so that closing and then waiting for `active` to be 0
 * leaves nobody inside. A status carries the epoch it was made in: one that arrives late means
 * nothing.
 */
import type { Arena } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { ROUND_STEPS_MAX, THREADS_MAX } from '../state/base/limits.js';
import type { Clock } from '../state/base/ports.js';
import type { Region } from '../state/layout.js';
import { TERM_MIN } from './kernel/scheduler-limits.js';
import { WORKER_BYTES } from './kernel/scheduler-map.js';
import * as map from './protocol-map.js';

/** Some 10 ns each: a batch that comes within 30 us costs no wake-up. */
const SPINS = 3_000;
export type StepKind = 0 | 1 | 2;

/** Why a batch ended before its last step; what was committed until then stands. */
export const FAILURES = [
  'none',
  'ARENA_FULL',
  'UNDO_FULL',
  'outcome-full',
  'worker-failed',
] as const;
export type Failure = (typeof FAILURES)[number];

/**
 * What is counted in a round, in the order of a thread's line (kernel/scheduler-limits.ts).
 * `executeMicroseconds` is the time of pieces of work, `commitMicroseconds` that of committing what
 * was executed ahead of its turn; where a piece is executed at the head, committing is part of it.
 */
export const COUNTERS = [
  'staleBalance',
  'staleNonce',
  'staleCode',
  'staleSlot',
  'needsHead',
  'deferred',
  'executions',
  'atHead',
  'chunks',
  'stolen',
  'parks',
  'parkedMicroseconds',
  'commitMicroseconds',
  'executeMicroseconds',
  // On the coordinator's own line.
  'loadMicroseconds',
  'collectMicroseconds',
] as const;
export type Counter = (typeof COUNTERS)[number];
const WORD_COUNT = map.COUNTERS_BASE + THREADS_MAX * map.LINE_WORDS;

export class Protocol {
  readonly batchIn: Region;
  readonly batchOut: Region;
  private readonly words: Int32Array<ArrayBufferLike>;
  private readonly table: Int32Array<ArrayBufferLike>;
  private readonly view: DataView<ArrayBufferLike>;
  private readonly bytes: Uint8Array<ArrayBufferLike>;

  constructor(arena: Pick<Arena, 'memory' | 'layout'>) {
    const { buffer } = arena.memory;
    const { control, batchIn, batchOut } = arena.layout;
    const tableWords = map.COLUMNS * map.COLUMN_WORDS;
    assert(ROUND_STEPS_MAX <= map.COLUMN_WORDS, 'a column has a word for each step');
    assert(COUNTERS.length <= map.LINE_WORDS, 'the counters of a thread fit its line');
    assert(WORD_COUNT * 4 <= map.CONTEXT_AT, 'the words end before the context');
    assert(map.PRESENT + THREADS_MAX <= map.COUNTERS_BASE, 'each worker has a word');
    const messagesEnd = map.MESSAGES_AT + THREADS_MAX * map.MESSAGE_BYTES_MAX;
    assert(messagesEnd <= map.WORKERS_AT, 'what failing workers say ends before their state');
    const workersEnd = map.WORKERS_AT + THREADS_MAX * WORKER_BYTES;
    assert(workersEnd <= map.LANES_AT, 'the state of the workers ends before the lanes');
    const lanesEnd = map.LANES_AT + map.LANES * map.LANE_BYTES;
    assert(lanesEnd <= map.TABLE_AT, 'the lanes end before the table');
    assert(map.TABLE_AT + tableWords * 4 <= control.bytes, 'the table fits its region');
    this.words = new Int32Array(buffer, control.base, WORD_COUNT);
    this.table = new Int32Array(buffer, control.base + map.TABLE_AT, tableWords);
    this.view = new DataView(buffer, control.base, control.bytes);
    this.bytes = new Uint8Array(buffer, control.base, control.bytes);
    this.batchIn = batchIn;
    this.batchOut = batchOut;
  }

  // Coordinator, while no worker is there.

  /**
   * Closed, nobody inside; the context's number stays, so that every new worker takes it over, and
   * epochs go on, so that no status of before has a meaning. Workers that are there look at nothing
   * but the words of the first line.
   * @param term  steps until it is tried whether one alone is faster
   */
  reset(workers: number, term = TERM_MIN): void {
    const contextEpoch = Atomics.load(this.words, map.CONTEXT_EPOCH);
    const contextBytes = Atomics.load(this.words, map.CONTEXT_BYTES);
    Atomics.store(this.words, map.STOP, 0);
    this.words.fill(0, map.LINE_WORDS);
    Atomics.store(this.words, map.CONTEXT_EPOCH, contextEpoch);
    Atomics.store(this.words, map.CONTEXT_BYTES, contextBytes);
    Atomics.store(this.words, map.WORKERS, workers);
    Atomics.store(this.words, map.PACE_LEFT, term);
    Atomics.store(this.words, map.PACE_TERM, term);
    this.muster();
  }

  /** Calls on all workers to say that they are out. */
  muster(): void {
    Atomics.store(this.words, map.EPOCH, (this.epoch() | 1) + 2);
    Atomics.notify(this.words, map.EPOCH);
  }

  /** Workers that have not answered the last call: they may be in a batch, or not there. */
  missing(): number[] {
    const epoch = this.epoch();
    const workers = Array.from({ length: this.workers() }, (_, worker) => worker);
    return workers.filter((worker) => Atomics.load(this.words, map.PRESENT + worker) !== epoch);
  }

  /** Resolves when every worker is there, or somebody has failed. */
  async untilReady(): Promise<void> {
    for (;;) {
      const ready = Atomics.load(this.words, map.READY);
      if (this.failure() !== 'none' || this.missing().length === 0) return;
      await Atomics.waitAsync(this.words, map.READY, ready).value;
    }
  }

  /** Wakes a coordinator that waits for those that will not come. */
  wakeReady(): void {
    Atomics.add(this.words, map.READY, 1);
    Atomics.notify(this.words, map.READY);
  }

  // Coordinator, while no batch is open and nobody inside.

  /**
   * Forgets the batch before. A worker that comes too late for it may count itself in and out
   * meanwhile; it looks at the epoch and at nothing else.
   * @param firstSequence  of the first included step
   */
  prepare(count: number, firstSequence: number): void {
    assert(!this.isOpen(this.epoch()), 'a batch is prepared while none is open');
    for (const word of [map.CLAIM, map.HEAD, map.TOKEN, map.FAILURE, map.DONE, map.LOADED]) {
      Atomics.store(this.words, word, 0);
    }
    this.words.fill(0, map.COUNTERS_BASE, WORD_COUNT);
    this.view.setFloat64(map.SEQUENCE_AT, firstSequence, true);
    Atomics.store(this.words, map.COUNT, count);
  }

  /** Visible once it is counted as loaded. */
  setStep(index: number, kind: StepKind, record: number): void {
    this.table[map.RECORD * map.COLUMN_WORDS + index] = record;
    this.table[map.KIND * map.COLUMN_WORDS + index] = kind;
    this.table[map.STATUS * map.COLUMN_WORDS + index] = 0;
  }

  /**
   * Steps before this one may be taken. Who waits for them looks by itself for a while: woken at
   * each stretch, a worker would take the very core that the next one is loaded on.
   */
  setLoaded(end: number): void {
    Atomics.store(this.words, map.LOADED, end);
    const isAll = end === Atomics.load(this.words, map.COUNT);
    if (!isAll || Atomics.load(this.words, map.WAITERS) === 0) return;
    Atomics.notify(this.words, map.HEAD);
    Atomics.notify(this.words, map.LOADED);
  }

  setContext(bytes: Uint8Array): void {
    assert(bytes.length <= map.CONTEXT_BYTES_MAX, 'a block context is small');
    this.bytes.set(bytes, map.CONTEXT_AT);
    Atomics.store(this.words, map.CONTEXT_BYTES, bytes.length);
    Atomics.add(this.words, map.CONTEXT_EPOCH, 1);
  }

  // Coordinator, opening and closing.

  /** Moves the epoch on: odd to even opens a batch, even to odd closes it. */
  turn(): void {
    const epoch = Atomics.add(this.words, map.EPOCH, 1) + 1;
    if (this.isOpen(epoch)) this.call();
  }

  /**
   * Wakes one worker, who will wake others once all is loaded (kernel/scheduler-taking.as.ts): just
   * now this thread still has a core, and who is woken may be put in line behind another worker
   * while that core falls idle. Wakes all where one goes on alone, since it must be that one.
   */
  call(): void {
    const isAlone = Atomics.load(this.words, map.SOLO) !== 0;
    Atomics.notify(this.words, map.EPOCH, isAlone ? Number.POSITIVE_INFINITY : 1);
  }

  stop(): void {
    Atomics.store(this.words, map.STOP, 1);
    Atomics.add(this.words, map.EPOCH, 2);
    Atomics.notify(this.words, map.EPOCH);
  }

  isDone(): boolean {
    return Atomics.load(this.words, map.DONE) === 1;
  }

  /** Resolves when the batch has ended, well or with a failure, or after so long. */
  async untilDone(timeoutMs: number): Promise<void> {
    await Atomics.waitAsync(this.words, map.DONE, 0, timeoutMs).value;
  }

  active(): number {
    return Atomics.load(this.words, map.ACTIVE);
  }

  /** Resolves when nobody is inside, or `active` was notified without a change. */
  async untilQuiet(active: number): Promise<void> {
    await Atomics.waitAsync(this.words, map.ACTIVE, active).value;
  }

  /** Wakes a coordinator that waits for quiet. */
  wakeQuiet(): void {
    Atomics.notify(this.words, map.ACTIVE);
  }

  /** From now on nobody begins to change cells. */
  bar(): void {
    Atomics.or(this.words, map.HEAD, map.HEAD_BARRED);
  }

  /** True while a worker changes cells; one that dies then leaves the arena in an unknown state. */
  isApplying(): boolean {
    return (Atomics.load(this.words, map.HEAD) & map.HEAD_APPLYING) !== 0;
  }

  /** True while a thread loads a library: that the head stands still means nothing then. */
  isLoading(): boolean {
    return Atomics.load(this.words, map.LOADING) > 0;
  }

  counter(thread: number, counter: Counter): number {
    return Atomics.load(this.words, counterWord(thread, COUNTERS.indexOf(counter)));
  }

  /** Runs something and counts how long it took; on the caller's own line. */
  timed<Result>(
    counter: Counter,
    { thread, clock }: { readonly thread: number; readonly clock: Clock },
    run: () => Result,
  ): Result {
    const startedMs = clock.monotonicMs();
    const result = run();
    const microseconds = Math.round((clock.monotonicMs() - startedMs) * 1_000);
    Atomics.add(this.words, counterWord(thread, COUNTERS.indexOf(counter)), microseconds);
    return result;
  }

  /** What a thread said when it failed; empty if nothing. */
  message(thread: number): string {
    const at = map.MESSAGES_AT + thread * map.MESSAGE_BYTES_MAX;
    const end = this.bytes.indexOf(0, at);
    return Buffer.from(this.bytes.slice(at, Math.min(end, at + map.MESSAGE_BYTES_MAX))).toString();
  }

  clearMessages(): void {
    this.bytes.fill(0, map.MESSAGES_AT, map.MESSAGES_AT + THREADS_MAX * map.MESSAGE_BYTES_MAX);
  }

  /** Wakes workers that wait for a block hash. */
  announceHash(): void {
    Atomics.add(this.words, map.HASHES, 1);
    Atomics.notify(this.words, map.HASHES);
  }

  // Both sides.

  workers(): number {
    return Atomics.load(this.words, map.WORKERS);
  }

  epoch(): number {
    return Atomics.load(this.words, map.EPOCH);
  }

  isOpen(epoch: number): boolean {
    return (epoch & 1) === 0;
  }

  isStopped(): boolean {
    return Atomics.load(this.words, map.STOP) === 1;
  }

  count(): number {
    return Atomics.load(this.words, map.COUNT);
  }

  failure(): Failure {
    return FAILURES[Atomics.load(this.words, map.FAILURE)] ?? 'worker-failed';
  }

  head(): number {
    return Atomics.load(this.words, map.HEAD) >> map.HEAD_SHIFT;
  }

  /** Sequence of the last included step; those of a failed batch are given again. */
  lastSequence(): number {
    return this.view.getFloat64(map.SEQUENCE_AT, true) - 1;
  }

  loaded(): number {
    return Atomics.load(this.words, map.LOADED);
  }

  /** Steps that workers have taken; may pass the number of steps. */
  claimed(): number {
    return Atomics.load(this.words, map.CLAIM);
  }

  recordOffset(index: number): number {
    return (this.table[map.RECORD * map.COLUMN_WORDS + index] ?? 0) >>> 0;
  }

  kind(index: number): StepKind {
    return (this.table[map.KIND * map.COLUMN_WORDS + index] ?? 0) as StepKind;
  }

  /** Where the outcomes of steps in [start, end) lie, which are committed. */
  outcomeOffsets(start: number, end: number): Uint32Array {
    const column = map.OUTCOME * map.COLUMN_WORDS;
    return new Uint32Array(this.table.subarray(column + start, column + end));
  }

  /** The first failure stands. */
  fail(failure: Failure): void {
    Atomics.compareExchange(this.words, map.FAILURE, 0, FAILURES.indexOf(failure));
    this.finish();
  }

  // Workers.

  /** A worker is out of every batch. @param epoch  odd, that it has seen */
  ready(worker: number, epoch: number): void {
    Atomics.store(this.words, map.PRESENT + worker, epoch);
    this.wakeReady();
  }

  /** Blocks until the epoch is another than `seen`. */
  waitForTurn(seen: number): void {
    for (let spins = 0; spins < SPINS; spins += 1) {
      if (Atomics.load(this.words, map.EPOCH) !== seen) return;
    }
    Atomics.wait(this.words, map.EPOCH, seen);
  }

  contextEpoch(): number {
    return Atomics.load(this.words, map.CONTEXT_EPOCH);
  }

  contextBytes(): Uint8Array {
    return this.bytes.slice(
      map.CONTEXT_AT,
      map.CONTEXT_AT + Atomics.load(this.words, map.CONTEXT_BYTES),
    );
  }

  say(thread: number, text: string): void {
    const bytes = Buffer.from(text).subarray(0, map.MESSAGE_BYTES_MAX - 1);
    this.bytes.set(bytes, map.MESSAGES_AT + thread * map.MESSAGE_BYTES_MAX);
  }

  finish(): void {
    Atomics.store(this.words, map.DONE, 1);
    Atomics.notify(this.words, map.DONE);
    Atomics.notify(this.words, map.HEAD);
  }

  hashTurn(): number {
    return Atomics.load(this.words, map.HASHES);
  }

  waitForHash(turn: number, timeoutMs: number): void {
    Atomics.wait(this.words, map.HASHES, turn, timeoutMs);
  }
}

function counterWord(thread: number, counter: number): number {
  return map.COUNTERS_BASE + thread * map.LINE_WORDS + counter;
}

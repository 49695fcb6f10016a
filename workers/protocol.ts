/**
 * The words in shared memory by which coordinator and workers agree, one atomic operation a
 * function. A batch lives between an even epoch and the odd one that closes it; a worker takes
 * part only after it has entered and seen the epoch still open, so that closing and then waiting
 * for `active` to be 0 leaves nobody inside.
 */
import type { Arena } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { KIB, MINI_BLOCK_TRANSACTIONS_MAX } from '../state/base/limits.js';
import type { Region } from '../state/layout.js';

const EPOCH = 0;
const STOP = 1;
const COUNT = 2;
const CLAIM = 3;
const HEAD = 4;
const TOKEN = 5;
const FAILURE = 6;
const ACTIVE = 7;
const EXECUTIONS = 8;
const ABORTS = 9;
const CONTEXT_EPOCH = 10;
const CONTEXT_BYTES = 11;
const DONE = 12;
/**
 * f64 at this byte: sequence of the next included transaction; only the token's holder moves it.
 */
const SEQUENCE_AT = 64;
const CONTEXT_AT = 4 * KIB;
const CONTEXT_BYTES_MAX = 16 * KIB;
/** Three words a transaction: where its record is, its status, where its outcome is. */
const TABLE_AT = 64 * KIB;
const TABLE_WORDS = 3;

export const PENDING = 0;
/** Its outcome is published and waits for its turn. */
export const EXECUTED = 1;

/** Why a batch ended early; nothing of it is kept then. */
export const FAILURES = ['none', 'ARENA_FULL', 'outcome-too-large', 'worker-failed'] as const;
export type Failure = (typeof FAILURES)[number];

export class Protocol {
  private readonly words: Int32Array<ArrayBufferLike>;
  private readonly table: Int32Array<ArrayBufferLike>;
  private readonly view: DataView<ArrayBufferLike>;
  private readonly context: Uint8Array<ArrayBufferLike>;
  readonly batchIn: Region;
  readonly batchOut: Region;
  readonly threads: number;

  constructor(arena: Pick<Arena, 'memory' | 'layout'>) {
    const { buffer } = arena.memory;
    const { control, batchIn, batchOut, threads } = arena.layout;
    this.words = new Int32Array(buffer, control.base, 32);
    const tableWords = TABLE_WORDS * MINI_BLOCK_TRANSACTIONS_MAX;
    assert(TABLE_AT + tableWords * 4 <= control.bytes, 'the table fits its region');
    this.table = new Int32Array(buffer, control.base + TABLE_AT, tableWords);
    this.view = new DataView(buffer, control.base, control.bytes);
    this.context = new Uint8Array(buffer, control.base + CONTEXT_AT, CONTEXT_BYTES_MAX);
    this.batchIn = batchIn;
    this.batchOut = batchOut;
    this.threads = threads;
  }

  // Coordinator: opening and closing.

  /** Only while the epoch is closed. Outcomes and claims of the batch before are forgotten. */
  prepare(count: number, firstSequence: number): void {
    assert(!this.isOpen(this.epoch()), 'a batch is prepared while none is open');
    for (const word of [CLAIM, HEAD, TOKEN, FAILURE, EXECUTIONS, ABORTS, DONE]) {
      Atomics.store(this.words, word, 0);
    }
    for (let index = 0; index < count; index += 1) {
      Atomics.store(this.table, index * TABLE_WORDS + 1, PENDING);
    }
    this.view.setFloat64(SEQUENCE_AT, firstSequence, true);
    Atomics.store(this.words, COUNT, count);
  }

  /** Moves the epoch on: odd to even opens a batch, even to odd closes it. */
  turn(): void {
    Atomics.add(this.words, EPOCH, 1);
    Atomics.notify(this.words, EPOCH);
  }

  stop(): void {
    Atomics.store(this.words, STOP, 1);
    Atomics.add(this.words, EPOCH, 2);
    Atomics.notify(this.words, EPOCH);
  }

  /** Before any worker is there: closed, nobody inside. */
  reset(): void {
    this.words.fill(0);
    Atomics.store(this.words, EPOCH, 1);
  }

  setRecordOffset(index: number, offset: number): void {
    this.table[index * TABLE_WORDS] = offset;
  }

  /** Resolves when the batch has ended, well or with a failure. */
  async untilDone(): Promise<void> {
    while (Atomics.load(this.words, DONE) === 0) {
      await Atomics.waitAsync(this.words, DONE, 0).value;
    }
  }

  /** Resolves when no worker is inside a batch; the epoch must be closed. */
  async untilQuiet(): Promise<void> {
    for (;;) {
      const active = Atomics.load(this.words, ACTIVE);
      if (active === 0) return;
      await Atomics.waitAsync(this.words, ACTIVE, active).value;
    }
  }

  setContext(bytes: Uint8Array): void {
    assert(bytes.length <= CONTEXT_BYTES_MAX, 'a block context is small');
    this.context.set(bytes);
    Atomics.store(this.words, CONTEXT_BYTES, bytes.length);
    Atomics.add(this.words, CONTEXT_EPOCH, 1);
  }

  // Both sides.

  epoch(): number {
    return Atomics.load(this.words, EPOCH);
  }

  isOpen(epoch: number): boolean {
    return (epoch & 1) === 0;
  }

  isStopped(): boolean {
    return Atomics.load(this.words, STOP) === 1;
  }

  count(): number {
    return Atomics.load(this.words, COUNT);
  }

  failure(): Failure {
    return FAILURES[Atomics.load(this.words, FAILURE)] ?? 'worker-failed';
  }

  executions(): number {
    return Atomics.load(this.words, EXECUTIONS);
  }

  aborts(): number {
    return Atomics.load(this.words, ABORTS);
  }

  recordOffset(index: number): number {
    return (this.table[index * TABLE_WORDS] ?? 0) >>> 0;
  }

  outcomeOffset(index: number): number {
    return (this.table[index * TABLE_WORDS + 2] ?? 0) >>> 0;
  }

  // Workers.

  /** Blocks until the epoch is another than `seen`. */
  waitForTurn(seen: number): void {
    Atomics.wait(this.words, EPOCH, seen);
  }

  enter(): void {
    Atomics.add(this.words, ACTIVE, 1);
  }

  leave(): void {
    Atomics.sub(this.words, ACTIVE, 1);
    Atomics.notify(this.words, ACTIVE);
  }

  contextEpoch(): number {
    return Atomics.load(this.words, CONTEXT_EPOCH);
  }

  contextBytes(): Uint8Array {
    return this.context.slice(0, Atomics.load(this.words, CONTEXT_BYTES));
  }

  claimed(): number {
    return Atomics.load(this.words, CLAIM);
  }

  claim(): number {
    return Atomics.add(this.words, CLAIM, 1);
  }

  head(): number {
    return Atomics.load(this.words, HEAD);
  }

  /** Only the token's holder. */
  advanceHead(): number {
    const head = Atomics.add(this.words, HEAD, 1) + 1;
    Atomics.notify(this.words, HEAD);
    return head;
  }

  /** Blocks until the head is another than `seen`; bounded, so that a failure is noticed. */
  waitForHead(seen: number): void {
    Atomics.wait(this.words, HEAD, seen, 1);
  }

  tryToken(): boolean {
    return Atomics.compareExchange(this.words, TOKEN, 0, 1) === 0;
  }

  releaseToken(): void {
    Atomics.store(this.words, TOKEN, 0);
  }

  /** Only the token's holder. @returns the sequence for this transaction */
  takeSequence(): number {
    const sequence = this.view.getFloat64(SEQUENCE_AT, true);
    this.view.setFloat64(SEQUENCE_AT, sequence + 1, true);
    return sequence;
  }

  status(index: number): number {
    return Atomics.load(this.table, index * TABLE_WORDS + 1);
  }

  /** The outcome's bytes are all written before this one store makes them visible. */
  publishOutcome(index: number, offset: number): void {
    this.table[index * TABLE_WORDS + 2] = offset;
    Atomics.store(this.table, index * TABLE_WORDS + 1, EXECUTED);
  }

  countExecution(): void {
    Atomics.add(this.words, EXECUTIONS, 1);
  }

  countAbort(): void {
    Atomics.add(this.words, ABORTS, 1);
  }

  /** The first failure stands. */
  fail(failure: Failure): void {
    Atomics.compareExchange(this.words, FAILURE, 0, FAILURES.indexOf(failure));
    this.finish();
  }

  finish(): void {
    Atomics.store(this.words, DONE, 1);
    Atomics.notify(this.words, DONE);
    Atomics.notify(this.words, HEAD);
  }
}

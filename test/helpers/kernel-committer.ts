/**
 * Committing outcome records where they lie in the arena, by the kernel (kernel/commit.as.ts): do
 * the reads of one still stand, and what does it write. Only one thread commits at a time, in
 * transaction order. One call of `next` applies all that was begun; other threads may read between
 * any two of its changes, and find out by the versions. A test applies them one by one
 * (test/helpers/step-committer.ts), and another compares the two.
 */
import type { Arena } from '../../state/arena.js';
import { refusal } from '../../state/arena-kernel.js';
import { assert } from '../../state/base/assert.js';
import { instantiateKernel } from '../../state/base/wasm.js';
import { scratchOf } from '../../state/layout.js';
import { STATUS_AT, STATUS_OK } from '../../workers/outcome.js';

interface CommitKernel {
  /** Kind of the first stale cell, or -1. */
  staleRead(outcome: number, scratch: number): number;
  /** 0 or a refusal (state/kernel/map.ts). */
  applyOutcome(outcome: number, coinbase: number, sequence: number, scratch: number): number;
  applyCredits(record: number, sequence: number, scratch: number): number;
}

/** What the batch machine drives; offsets are of records. */
export interface OutcomeCommitter {
  /** STATUS_... of outcome.ts. */
  status(outcome: number): number;
  /** True where the outcome belongs into a block and takes a sequence. */
  isIncluded(outcome: number): boolean;
  /** The kind of the first cell that no longer has the version which was read, or -1. */
  staleRead(outcome: number): number;
  /** Prepares to apply an included outcome; `next` does it. @param coinbase  20 bytes */
  begin(outcome: number, coinbase: Uint8Array, sequence: number): void;
  /** The same for a record of credits to accounts (steps.ts). */
  beginCredits(record: number, sequence: number): void;
  /**
   * Goes on with what was begun. @returns false when nothing is left to do
   * @throws DeltacastError ARENA_FULL, the rest is then given up; the caller rolls back
   */
  next(): boolean;
}

/** What `next` does. */
const NOTHING = 0;
const OUTCOME = 1;
const CREDITS = 2;

export class Committer implements OutcomeCommitter {
  private readonly kernel: CommitKernel;
  private readonly bytes: Uint8Array;
  /** Of this thread: the coinbase at +0, then what the kernel needs. */
  private readonly scratch: number;
  private coinbase: Uint8Array = new Uint8Array(20);
  private begun = NOTHING;
  private record = 0;
  private sequence = 0;

  constructor(arena: Arena) {
    this.kernel = instantiateKernel<CommitKernel>('scheduler', arena.memory, {
      run: () => 0,
      clock: () => 0,
    });
    this.bytes = arena.bytes;
    this.scratch = scratchOf(arena.layout, arena.thread).base;
  }

  status(outcome: number): number {
    return this.bytes[outcome + STATUS_AT] ?? 0;
  }

  isIncluded(outcome: number): boolean {
    return this.status(outcome) <= STATUS_OK;
  }

  staleRead(outcome: number): number {
    return this.kernel.staleRead(outcome, this.scratch);
  }

  begin(outcome: number, coinbase: Uint8Array, sequence: number): void {
    assert(this.isIncluded(outcome), 'only what is included is applied');
    this.coinbase = coinbase;
    this.start(OUTCOME, outcome, sequence);
  }

  beginCredits(record: number, sequence: number): void {
    this.start(CREDITS, record, sequence);
  }

  next(): boolean {
    const { begun } = this;
    this.begun = NOTHING;
    if (begun === NOTHING) return false;
    const status = begun === OUTCOME ? this.applyOutcome() : this.applyCredits();
    if (status < 0) throw refusal(status);
    return false;
  }

  private start(begun: number, record: number, sequence: number): void {
    assert(this.begun === NOTHING, 'one record is applied at a time');
    assert(Number.isSafeInteger(sequence) && sequence > 0, 'a sequence is a positive integer');
    this.begun = begun;
    this.record = record;
    this.sequence = sequence;
  }

  /** The scratch is anybody's of this thread between two calls: the coinbase goes there anew. */
  private applyOutcome(): number {
    const { bytes, coinbase, scratch } = this;
    for (let index = 0; index < 20; index += 1) bytes[scratch + index] = coinbase[index] ?? 0;
    return this.kernel.applyOutcome(this.record, scratch, this.sequence, scratch);
  }

  private applyCredits(): number {
    return this.kernel.applyCredits(this.record, this.sequence, this.scratch);
  }
}

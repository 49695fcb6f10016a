/**
 * Execution of batches on the calling thread, one step after the other, nothing validated: what
 * `--workers 0` is, so that a profile of the main thread shows all of it; what parallel execution
 * is compared with; and how a test re-executes a block. Same results as with workers, however many.
 * Not for untrusted load: a hung engine would hang the program.
 */
import type { Arena } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { DeltacastError } from '../state/base/errors.js';
import { BLOCK_HASH_WAIT_MS } from '../state/base/limits.js';
import { type Clock, sleep } from '../state/base/ports.js';
import { BatchResult, type Executor, faultRecord, NO_ABORTS, systemCallOutcome } from './batch.js';
import type { BalanceCredit, SystemCall } from './block-steps.js';
import { Committer } from './commit.js';
import type { BlockContext, Engine } from './engine.js';
import type { Outcome } from './outcome.js';
import { OUTCOME_ALIGNMENT, Outcomes } from './outcomes.js';
import { encodeCredits, hasCode } from './steps.js';

type Run = (out: Uint8Array) => number | Promise<number>;

export class SequentialExecutor implements Executor {
  sequence = 0;
  private readonly arena: Arena;
  private readonly clock: Clock;
  private readonly engine: Engine;
  private readonly committer: Committer;
  private coinbase: Uint8Array = new Uint8Array(20);
  /** Of the batch: what has been copied, then what still lies in the arena, `next` behind it. */
  private outcomes = new Outcomes();
  private offsets: number[] = [];
  private next: number;

  /** @param arena  whose batch regions nobody else uses meanwhile */
  constructor(arena: Arena, engine: Engine, clock: Clock) {
    this.arena = arena;
    this.clock = clock;
    this.engine = engine;
    this.committer = new Committer(arena);
    this.next = arena.layout.batchOut.base;
  }

  async beginBlock(context: BlockContext): Promise<void> {
    this.coinbase = context.coinbase;
    await this.engine.beginBlock(context);
  }

  runBatch(records: readonly Uint8Array[]): Promise<BatchResult> {
    return this.whole(async () => {
      const startedMs = this.clock.monotonicMs();
      const cpuBefore = process.cpuUsage();
      for (const record of records) {
        const pending = this.transaction(record);
        if (pending !== undefined) await pending;
      }
      const outcomes = this.takeOutcomes();
      const cpu = process.cpuUsage(cpuBefore);
      return new BatchResult(outcomes, {
        executions: records.length,
        aborts: NO_ABORTS,
        restarts: 0,
        cause: '',
        milliseconds: this.clock.monotonicMs() - startedMs,
        cpuMilliseconds: (cpu.user + cpu.system) / 1_000,
      });
    });
  }

  async systemCall({ to, data }: SystemCall): Promise<Outcome | null> {
    if (!hasCode(this.arena, to)) return null;
    return this.whole(async () => {
      await this.step((out) => this.engine.systemCall(to, data, out));
      return systemCallOutcome(this.takeOutcomes().record(0));
    });
  }

  async credit(credits: readonly BalanceCredit[]): Promise<void> {
    if (credits.length === 0) return;
    await this.whole(async () => {
      const record = encodeCredits(credits);
      const { base, bytes } = this.arena.layout.batchIn;
      assert(record.length <= bytes, 'the credits of a block are few');
      this.arena.bytes.set(record, base);
      this.sequence += 1;
      this.committer.beginCredits(base, this.sequence);
      this.commit();
    });
  }

  announceHash(): void {}

  async stop(): Promise<void> {}

  /** All of it or nothing. */
  private async whole<Result>(run: () => Promise<Result>): Promise<Result> {
    const { arena, sequence } = this;
    const mark = arena.mark();
    try {
      return await run();
    } catch (error) {
      arena.rollback(mark);
      this.sequence = sequence;
      this.forgetOutcomes();
      throw error;
    }
  }

  private transaction(record: Uint8Array): Promise<void> | undefined {
    // The same bound as with workers: what does not fit into shared memory is refused.
    if (record.length > this.arena.layout.batchIn.bytes) {
      this.refuse();
      return undefined;
    }
    return this.step((out) => this.engine.execute(record, out, 'head'));
  }

  /** Executes one step of the block and commits it; at once where the engine answers at once. */
  private step(run: Run): Promise<void> | undefined {
    const written = run(this.place());
    if (typeof written !== 'number' || written < 0) return this.stepLater(run, written);
    this.settle(written);
    return undefined;
  }

  private async stepLater(run: Run, answer: number | Promise<number>): Promise<void> {
    let written = await answer;
    if (written < 0 && this.offsets.length > 0) {
      // It gets all the room there is.
      this.moveOutcomes();
      written = await run(this.place());
    }
    if (written < 0) this.refuse();
    else this.settle(written);
  }

  private place(): Uint8Array {
    const { base, bytes } = this.arena.layout.batchOut;
    return this.arena.bytes.subarray(this.next, base + bytes);
  }

  private settle(written: number): void {
    const { committer, next } = this;
    this.offsets.push(next);
    this.next = Math.ceil((next + written) / OUTCOME_ALIGNMENT) * OUTCOME_ALIGNMENT;
    if (!committer.isIncluded(next)) return;
    this.sequence += 1;
    committer.begin(next, this.coinbase, this.sequence);
    this.commit();
  }

  private commit(): void {
    while (this.committer.next());
  }

  private refuse(): void {
    this.moveOutcomes();
    this.outcomes.push(faultRecord());
  }

  /** Copies what has been written and makes room. */
  private moveOutcomes(): void {
    const { batchOut } = this.arena.layout;
    this.outcomes.copy(this.arena.bytes, this.offsets, batchOut);
    this.offsets = [];
    this.next = batchOut.base;
  }

  private forgetOutcomes(): void {
    this.outcomes = new Outcomes();
    this.offsets = [];
    this.next = this.arena.layout.batchOut.base;
  }

  private takeOutcomes(): Outcomes {
    this.moveOutcomes();
    const { outcomes } = this;
    this.forgetOutcomes();
    return outcomes;
  }
}

/** Block hashes for an engine on this thread; waits for one that is just being sealed. */
export function blockHashOf(arena: Arena, clock: Clock) {
  return async (number: number): Promise<Uint8Array> => {
    for (let waitedMs = 0; ; waitedMs += 1) {
      const hash = arena.getBlockHash(number);
      if (hash !== undefined) return hash;
      if (waitedMs >= BLOCK_HASH_WAIT_MS) {
        throw new DeltacastError('EXECUTION_FAULT', `the hash of block ${number} is not known`);
      }
      await sleep(clock, 1);
    }
  };
}

/**
 * Execution of batches on the calling thread, one step after the other, nothing validated: what
 * `--workers 0` is, so that a profile of the main thread shows all of it; what parallel execution
 * is compared with; and how a test re-executes a block. Same results as with workers, however many.
 * Not for untrusted load: a hung engine would hang the program.
 */
import type { Arena } from '../state/arena.js';
import { DeltacastError } from '../state/base/errors.js';
import { BLOCK_HASH_WAIT_MS, MIB } from '../state/base/limits.js';
import { type Clock, sleep } from '../state/base/ports.js';
import { BatchResult, type Executor, faultRecord, NO_ABORTS, systemCallOutcome } from './batch.js';
import type { BalanceCredit, SystemCall } from './block-steps.js';
import { Committer } from './commit.js';
import type { BlockContext, Engine } from './engine.js';
import type { Outcome } from './outcome.js';
import { hasCode } from './steps.js';

const OUTCOME_BYTES_FIRST = MIB;
const OUTCOME_GROWTH = 8;

export class SequentialExecutor implements Executor {
  sequence = 0;
  private readonly arena: Arena;
  private readonly clock: Clock;
  private readonly engine: Engine;
  private coinbase: Uint8Array = new Uint8Array(20);
  private buffer: Uint8Array;
  private committer: Committer;

  constructor(arena: Arena, engine: Engine, clock: Clock) {
    this.arena = arena;
    this.engine = engine;
    this.clock = clock;
    this.buffer = new Uint8Array(Math.min(OUTCOME_BYTES_FIRST, arena.layout.batchOut.bytes));
    this.committer = new Committer(arena, this.buffer);
  }

  async beginBlock(context: BlockContext): Promise<void> {
    this.coinbase = context.coinbase;
    await this.engine.beginBlock(context);
  }

  runBatch(records: readonly Uint8Array[]): Promise<BatchResult> {
    return this.whole(async () => {
      const startedMs = this.clock.monotonicMs();
      const cpuBefore = process.cpuUsage();
      const outcomes: Uint8Array[] = [];
      for (const record of records) outcomes.push(await this.transaction(record));
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
    return this.whole(async () =>
      systemCallOutcome(await this.step((out) => this.engine.systemCall(to, data, out))),
    );
  }

  async credit(credits: readonly BalanceCredit[]): Promise<void> {
    if (credits.length === 0) return;
    await this.whole(async () => {
      this.sequence += 1;
      this.committer.beginCredits(credits, this.sequence);
      this.committer.finish();
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
      throw error;
    }
  }

  private async transaction(record: Uint8Array): Promise<Uint8Array> {
    // The same bound as with workers: what does not fit into shared memory is refused.
    if (record.length > this.arena.layout.batchIn.bytes) return faultRecord();
    return this.step((out) => this.engine.execute(record, out, 'head'));
  }

  /** @returns a copy of the outcome record */
  private async step(run: (out: Uint8Array) => number | Promise<number>): Promise<Uint8Array> {
    const bytesMax = this.arena.layout.batchOut.bytes;
    let length = await run(this.buffer);
    while (length < 0 && this.buffer.length < bytesMax) {
      this.buffer = new Uint8Array(Math.min(this.buffer.length * OUTCOME_GROWTH, bytesMax));
      this.committer = new Committer(this.arena, this.buffer);
      length = await run(this.buffer);
    }
    if (length < 0) return faultRecord();
    if (this.committer.isIncluded(0)) {
      this.sequence += 1;
      this.committer.begin(0, this.coinbase, this.sequence);
      this.committer.finish();
    }
    return this.buffer.slice(0, length);
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

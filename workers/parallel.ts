/**
 * The coordinator's side of parallel execution: puts a batch of records into shared memory, lets
 * the workers at it, and gives back the outcomes in order. A batch that fails leaves nothing
 * behind: the caller rolls the arena back to its mark.
 */
import type { Arena } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { DeltacastError } from '../state/base/errors.js';
import { MINI_BLOCK_TRANSACTIONS_MAX } from '../state/base/limits.js';
import { encodeContext } from './context.js';
import type { BlockContext } from './engine.js';
import { type Outcome, readOutcome } from './outcome.js';
import { WorkerPool } from './pool.js';
import { Protocol } from './protocol.js';

export interface BatchResult {
  readonly outcomes: readonly Outcome[];
  /** Executions in all; above the number of transactions by the repeated ones. */
  readonly executions: number;
  readonly aborts: number;
}

export class ParallelExecutor {
  private readonly arena: Arena;
  private readonly protocol: Protocol;
  private readonly pool: WorkerPool;

  /** @param workers  at least 1, below the arena's thread count */
  constructor(arena: Arena, workers: number) {
    assert(workers >= 1 && workers < arena.layout.threads, 'each worker has a thread number');
    this.arena = arena;
    this.protocol = new Protocol(arena);
    this.protocol.reset();
    this.pool = new WorkerPool(arena.memory, workers);
  }

  beginBlock(context: BlockContext): void {
    this.protocol.setContext(encodeContext(context));
  }

  /** True where these records fit into one batch. */
  fits(records: readonly Uint8Array[]): boolean {
    const bytes = records.reduce((sum, record) => sum + aligned(record.length), 0);
    return records.length <= MINI_BLOCK_TRANSACTIONS_MAX && bytes <= this.protocol.batchIn.bytes;
  }

  /**
   * Executes and commits records in order.
   * @param firstSequence  of the first included transaction; the others follow without gaps
   * @throws DeltacastError ARENA_FULL or WORKER_FAILED; the caller rolls back to its mark
   */
  async run(records: readonly Uint8Array[], firstSequence: number): Promise<BatchResult> {
    assert(this.fits(records), 'a batch fits its region');
    const { protocol } = this;
    if (records.length === 0) return { outcomes: [], executions: 0, aborts: 0 };
    protocol.prepare(records.length, firstSequence);
    let at = protocol.batchIn.base;
    for (const [index, record] of records.entries()) {
      this.arena.bytes.set(record, at);
      protocol.setRecordOffset(index, at);
      at += aligned(record.length);
    }
    protocol.turn();
    await Promise.race([protocol.untilDone(), this.pool.ended.then(() => undefined)]).catch(
      (error: unknown) => {
        throw new DeltacastError('WORKER_FAILED', 'a worker ended in the middle of a batch', {
          cause: error instanceof Error ? error.message : String(error),
        });
      },
    );
    protocol.turn();
    await protocol.untilQuiet();
    return this.collect(records.length);
  }

  async stop(): Promise<void> {
    this.protocol.stop();
    await this.pool.ended.catch(() => undefined);
    await this.pool.destroy();
  }

  private collect(count: number): BatchResult {
    const { protocol } = this;
    const failure = protocol.failure();
    if (failure === 'ARENA_FULL') throw new DeltacastError('ARENA_FULL', 'the state arena is full');
    if (failure !== 'none') {
      throw new DeltacastError('WORKER_FAILED', `the batch failed: ${failure}`, { failure });
    }
    const outcomes = Array.from({ length: count }, (_, index) =>
      readOutcome(this.arena.bytes.subarray(protocol.outcomeOffset(index))),
    );
    return { outcomes, executions: protocol.executions(), aborts: protocol.aborts() };
  }
}

/** Records start on cache lines of their own. */
function aligned(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

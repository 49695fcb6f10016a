/**
 * The path `execute`: execution and commit alone, of records whose senders are known. No receipts,
 * log, root or diff.
 */
import type { Arena, ArenaMark } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { DeltacastError, isDeltacastError } from '../state/base/errors.js';
import type { Clock } from '../state/base/ports.js';
import type { BatchResult, Executor } from '../workers/batch.js';
import { receiptPartsOf, STATUS_OK } from '../workers/outcome.js';
import { startExecutor } from '../workers/start.js';
import type { Tiering } from '../workers/tiering/tiering.js';
import { CONTEXT, GENESIS_SEQUENCE, openArena } from './chain.js';
import { digestOf } from './digest.js';
import { noFigures, timed } from './figures.js';
import type { Batch, BatchFigures, Runner, RunnerOptions } from './path.js';

export async function startExecuteRunner(options: RunnerOptions): Promise<Runner> {
  const { engine, workers, alloc, clock, isPinned, isTogether, batch } = options;
  const arena = openArena(alloc, workers + 1, batch);
  const executor = await startExecutor({
    arena,
    workers,
    clock,
    engine,
    isPinned,
    isTogether,
  });
  executor.sequence = GENESIS_SEQUENCE;
  await executor.beginBlock(CONTEXT);
  return new ExecuteRunner(arena, executor, clock);
}

class ExecuteRunner implements Runner {
  private readonly arena: Arena;
  private readonly executor: Executor;
  private readonly clock: Clock;
  private begun: { readonly mark: ArenaMark; readonly sequence: number } | null = null;

  constructor(arena: Arena, executor: Executor, clock: Clock) {
    this.arena = arena;
    this.executor = executor;
    this.clock = clock;
  }

  async run({ records }: Batch): Promise<BatchFigures> {
    const { arena, executor, clock } = this;
    const { result, ...times } = await timed(clock, async () => {
      const first = executor.sequence + 1;
      arena.openMiniBlock(first);
      const result = await executor.runBatch(records);
      // Where nothing was included there is nothing to close, and gasOf says why.
      if (executor.sequence >= first) arena.closeMiniBlock(executor.sequence);
      return result;
    });
    const { counters } = result;
    const gas = gasOf(result);
    result.release();
    return { ...times, gas, counts: counters, restarts: counters.restarts, stages: {} };
  }

  /** Nothing is left to do when a batch is committed. */
  async finish(): Promise<BatchFigures> {
    return noFigures();
  }

  async mark(): Promise<void> {
    this.begun = { mark: this.arena.mark(), sequence: this.executor.sequence };
  }

  /** Not where the ring of undo does not reach back so far any more. */
  rewind(): boolean {
    const { arena, executor, begun } = this;
    assert(begun !== null, 'marked before');
    try {
      arena.rollback(begun.mark);
    } catch (error) {
      if (isDeltacastError(error, 'STATE_PRUNED')) return false;
      throw error;
    }
    executor.sequence = begun.sequence;
    return true;
  }

  get tiering(): Tiering | null {
    return this.executor.tiering;
  }

  digest(): string {
    return digestOf(this.arena);
  }

  async stop(): Promise<void> {
    await this.executor.stop();
  }
}

function gasOf(result: BatchResult): number {
  let gas = 0;
  for (let index = 0; index < result.count; index += 1) {
    const { status, gasUsed } = receiptPartsOf(result.record(index));
    if (status !== STATUS_OK) {
      const why = status > STATUS_OK ? result.outcome(index).reason : 'reverted';
      throw new DeltacastError('TX_INVALID', `transaction ${index} of a batch failed: ${why}`);
    }
    gas += gasUsed;
  }
  return gas;
}

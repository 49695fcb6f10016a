/**
 * The path `execute`: execution and commit alone, of records whose senders are known. No receipts,
 * log, root or diff.
 */
import type { Arena } from '../state/arena.js';
import { DeltacastError } from '../state/base/errors.js';
import type { Clock } from '../state/base/ports.js';
import type { BatchResult, Executor } from '../workers/batch.js';
import { STATUS_OK } from '../workers/outcome.js';
import { startExecutor } from '../workers/start.js';
import { CONTEXT, GENESIS_SEQUENCE, openArena } from './chain.js';
import { digestOf } from './digest.js';
import type { Batch, BatchFigures, Runner, RunnerOptions } from './path.js';

export async function startExecuteRunner(options: RunnerOptions): Promise<Runner> {
  const { engine, workers, alloc, clock } = options;
  const arena = openArena(alloc, workers + 1);
  const executor = await startExecutor({ arena, workers, clock, engine });
  executor.sequence = GENESIS_SEQUENCE;
  await executor.beginBlock(CONTEXT);
  return new ExecuteRunner(arena, executor, clock);
}

class ExecuteRunner implements Runner {
  private readonly arena: Arena;
  private readonly executor: Executor;
  private readonly clock: Clock;

  constructor(arena: Arena, executor: Executor, clock: Clock) {
    this.arena = arena;
    this.executor = executor;
    this.clock = clock;
  }

  async run({ records }: Batch): Promise<BatchFigures> {
    const { arena, executor, clock } = this;
    const cpuBefore = process.cpuUsage();
    const startedMs = clock.monotonicMs();
    arena.openMiniBlock(executor.sequence + 1);
    const result = await executor.runBatch(records);
    arena.closeMiniBlock(executor.sequence);
    const milliseconds = clock.monotonicMs() - startedMs;
    const cpu = process.cpuUsage(cpuBefore);
    return {
      milliseconds,
      cpuMilliseconds: (cpu.user + cpu.system) / 1_000,
      gas: gasOf(result),
      executions: result.executions,
      stages: {},
    };
  }

  /** Nothing is left to do when a batch is committed. */
  async finish(): Promise<BatchFigures> {
    return { milliseconds: 0, cpuMilliseconds: 0, gas: 0, executions: 0, stages: {} };
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
    const { status, reason, gasUsed } = result.outcome(index);
    if (status !== STATUS_OK) {
      const why = status > STATUS_OK ? reason : 'reverted';
      throw new DeltacastError('TX_INVALID', `transaction ${index} of a batch failed: ${why}`);
    }
    gas += gasUsed;
  }
  return gas;
}

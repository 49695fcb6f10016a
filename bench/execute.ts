/**
 * The path `execute`: execution and commit alone, of records whose senders are known. No receipts,
 * log, root or diff.
 */
import { createHash } from 'node:crypto';
import type { Arena } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { DeltacastError } from '../state/base/errors.js';
import type { Clock } from '../state/base/ports.js';
import type { BatchResult, Executor } from '../workers/batch.js';
import { STATUS_OK } from '../workers/outcome.js';
import { startExecutor } from '../workers/start.js';
import { CONTEXT, GENESIS_SEQUENCE, openArena } from './chain.js';
import type { Batch, BatchFigures, Runner, RunnerOptions } from './path.js';

export async function startExecuteRunner(options: RunnerOptions): Promise<Runner> {
  const { engine, workers, alloc, clock } = options;
  assert(engine === 'reference', 'startExecutor knows one engine');
  const arena = openArena(alloc, workers + 1);
  const executor = await startExecutor({ arena, workers, clock });
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
    };
  }

  digest(): string {
    const { arena } = this;
    const hash = createHash('sha256');
    const value = new Uint8Array(32);
    for (let id = 0; id < arena.cellCount; id += 1) {
      const { kind, address, slot } = arena.keyOf(id);
      arena.readLatest(id, value);
      hash.update(Uint8Array.of(kind)).update(address).update(slot).update(value);
    }
    return hash.digest('hex');
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

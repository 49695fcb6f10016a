/**
 * The workload `mainnet`: real blocks (the data folder; runtime/block-file.ts) one after the other,
 * each over the state before it, with its own calls, withdrawals and rules. Loading a state is not
 * in the time. Each block must use the gas that its header says, with every number of workers.
 */
import { createHash, type Hash } from 'node:crypto';
import { type BlockFile, readBlockFile } from '../runtime/block-file.js';
import type { BenchOptions } from '../runtime/roles/bench.js';
import { executeBlock, loadBlock } from '../runtime/roles/replay.js';
import { Arena, type ArenaMark } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { DeltacastError } from '../state/base/errors.js';
import type { Clock } from '../state/base/ports.js';
import { type BatchResult, type Executor, isIncluded } from '../workers/batch.js';
import { isFrom } from '../workers/fork.js';
import { TransactionRecord } from '../workers/record.js';
import { startExecutor } from '../workers/start.js';
import type { Tiering } from '../workers/tiering/tiering.js';
import { blockPaths } from './compile/mainnet.js';
import { digestOf } from './digest.js';
import { noFigures, timed } from './figures.js';
import type { Batch, BatchFigures, Runner, RunnerOptions } from './path.js';
import type { BenchLine } from './report.js';
import { type RunTools, runAll, sameAsFirst } from './run.js';

/** Which batch is which block. */
type Blocks = ReadonlyMap<Batch, BlockFile>;

/** Lines of each engine, one for each number of workers; none, and a word, without blocks. */
export async function* runMainnet(
  options: BenchOptions,
  tools: RunTools,
): AsyncGenerator<BenchLine> {
  const blocks = readBlocks(options.data);
  const batches = [...blocks.keys()];
  const [warmUp] = batches;
  if (warmUp === undefined) {
    process.stderr.write(`mainnet: skipped, no blocks in ${options.data} (--data)\n`);
    return;
  }
  const lengths = batches.map(({ records }) => records.length);
  const txs = lengths.reduce((sum, length) => sum + length, 0);
  const accounts = 0;
  const peers = false;
  const given = { ...options, path: 'execute', txs, accounts, peers, batch: Math.max(...lengths) };
  const measured = { raws: [], records: [] };
  yield* runAll({
    workload: 'mainnet',
    iterations: null,
    alloc: [],
    prepared: { warmUp, measured, stages: {} },
    batches,
    isSigned: false,
    isPinned: options.pin,
    isTogether: options.together,
    start: (runner) => startMainnetRunner(blocks, runner),
    clock: tools.clock,
    judge: sameAsFirst(),
    options: given,
    tools,
  });
}

/** From London on: what came before is the reference engine's, whichever is asked for. */
function readBlocks(data: string): Blocks {
  const files = blockPaths(data).map(readBlockFile);
  const ours = files.filter(({ context }) => isFrom(context.fork, 'london'));
  return new Map(
    ours.map((file) => {
      const { records } = file;
      return [{ raws: records.map((record) => new TransactionRecord(record).raw), records }, file];
    }),
  );
}

async function startMainnetRunner(blocks: Blocks, options: RunnerOptions): Promise<Runner> {
  const { engine, workers, clock, isPinned, isTogether } = options;
  const arena = Arena.create({ threads: workers + 1 });
  return new MainnetRunner(blocks, {
    arena,
    executor: await startExecutor({ arena, workers, clock, engine, isPinned, isTogether }),
    clock,
  });
}

interface RunnerParts {
  readonly arena: Arena;
  readonly executor: Executor;
  readonly clock: Clock;
}

class MainnetRunner implements Runner {
  private readonly blocks: Blocks;
  private readonly parts: RunnerParts;
  private readonly empty: ArenaMark;
  private hash: Hash = createHash('sha256');

  constructor(blocks: Blocks, parts: RunnerParts) {
    this.blocks = blocks;
    this.parts = parts;
    this.empty = parts.arena.mark();
  }

  get tiering(): Tiering | null {
    return this.parts.executor.tiering;
  }

  async run(batch: Batch): Promise<BatchFigures> {
    const { arena, executor, clock } = this.parts;
    const file = this.blocks.get(batch);
    assert(file !== undefined, 'a batch is a block');
    arena.rollback(this.empty);
    loadBlock(arena, executor, file);
    const { result, ...times } = await timed(clock, () => executeBlock(executor, file));
    this.hash.update(digestOf(arena));
    const { counters } = result;
    const gas = gasOf(result, file);
    return { ...times, gas, counts: counters, restarts: counters.restarts, stages: {} };
  }

  /** Nothing is left to do when a block is committed. */
  async finish(): Promise<BatchFigures> {
    return noFigures();
  }

  async mark(): Promise<void> {
    this.rewind();
  }

  /** Each block begins with its own state in any case. */
  rewind(): boolean {
    this.hash = createHash('sha256');
    return true;
  }

  /** Of the states that the blocks left. */
  digest(): string {
    return this.hash.copy().digest('hex');
  }

  async stop(): Promise<void> {
    await this.parts.executor.stop();
  }
}

function gasOf(result: BatchResult, { context, expected }: BlockFile): number {
  let gas = 0;
  for (let index = 0; index < result.count; index += 1) {
    const outcome = result.outcome(index);
    if (isIncluded(outcome)) gas += outcome.gasUsed;
  }
  if (gas === expected.gasUsed) return gas;
  const text = `block ${context.number} used ${gas} gas, not ${expected.gasUsed}`;
  throw new DeltacastError('EXECUTION_FAULT', text);
}

/**
 * A block over cells that are known only in part: all of its steps in Ethereum's order, on one
 * thread. Makers of witnesses and those who check them do the same; they differ in the source.
 */
import { assert } from '../../state/base/assert.js';
import { DeltacastError } from '../../state/base/errors.js';
import type { Clock } from '../../state/base/ports.js';
import { isIncluded } from '../batch.js';
import { callsAfter, callsBefore, type SystemCall } from '../block-steps.js';
import type { BlockContext } from '../engine.js';
import { loadEngine } from '../engines.js';
import { ExecutedBuilder, type ExecutedColumns } from '../executed.js';
import { isFrom } from '../fork.js';
import { reasonOf, statusOf } from '../outcome.js';
import { ReferenceEngine } from '../reference/reference-engine.js';
import { requestsHashOf } from '../seal.js';
import { SequentialExecutor } from '../sequential.js';
import { KNOWN_SEQUENCE, type KnownCells } from './cells.js';
import { WitnessEngine } from './engine.js';

export interface BlockToRun {
  readonly context: BlockContext;
  readonly parentHash: Uint8Array;
  /** Transaction records. */
  readonly records: readonly Uint8Array[];
}

export interface RunOptions {
  /** A name of engines.ts. */
  readonly engine: string;
  readonly clock: Clock;
  /** @throws DeltacastError WITNESS_INCOMPLETE where it is not known */
  readonly blockHash: (number: number) => Uint8Array;
}

export interface BlockRun {
  readonly executed: ExecutedColumns;
  /** EIP-7685. */
  readonly requestsHash: Uint8Array;
}

const ZERO_WORD = new Uint8Array(32);
const NO_OUTPUT = new Uint8Array(0);
/** Transactions between two marks of the undo ring. */
const CHUNK = 1_024;

/**
 * Executes a block; the cells are afterwards as it leaves them.
 * @throws DeltacastError FORK_UNSUPPORTED; BLOCK_WRONG where a transaction cannot be in it; what
 *         the source throws
 */
export async function runBlock(
  cells: KnownCells,
  block: BlockToRun,
  options: RunOptions,
): Promise<BlockRun> {
  checkFork(block.context);
  const runner = new Runner(cells, block, await executorOf(cells, options));
  try {
    return await runner.run();
  } catch (error) {
    throw cells.failure ?? error;
  }
}

/**
 * Before Cancun, SELFDESTRUCT takes all slots of an account away, and nobody can show from hashed
 * paths that he has shown them all.
 */
function checkFork({ fork }: BlockContext): void {
  if (isFrom(fork, 'cancun')) return;
  throw new DeltacastError('FORK_UNSUPPORTED', 'witnesses are for Cancun and later forks', {
    fork,
  });
}

async function executorOf(cells: KnownCells, options: RunOptions): Promise<SequentialExecutor> {
  const blockHash = async (number: number): Promise<Uint8Array> => {
    try {
      return options.blockHash(number);
    } catch (error) {
      cells.failure ??= error;
      return ZERO_WORD;
    }
  };
  const lastResort = new ReferenceEngine(cells.store, blockHash);
  const engine =
    options.engine === lastResort.name
      ? lastResort
      : (await loadEngine(options.engine))(cells.arena, blockHash);
  const witnessing = new WitnessEngine(cells, engine, lastResort);
  return new SequentialExecutor(cells.arena, witnessing, options.clock);
}

class Runner {
  private readonly cells: KnownCells;
  private readonly block: BlockToRun;
  private readonly executor: SequentialExecutor;
  private readonly builder = new ExecutedBuilder();

  constructor(cells: KnownCells, block: BlockToRun, executor: SequentialExecutor) {
    this.cells = cells;
    this.block = block;
    this.executor = executor;
  }

  async run(): Promise<BlockRun> {
    const { executor } = this;
    const { context, parentHash, records } = this.block;
    executor.sequence = KNOWN_SEQUENCE;
    this.takeAhead();
    await executor.beginBlock(context);
    await this.miniBlock(async () => {
      for (const call of callsBefore(context.fork, ZERO_WORD, parentHash)) {
        await executor.systemCall(call);
      }
    });
    for (let start = 0; start < records.length; start += CHUNK) {
      await this.miniBlock(() => this.transactions(start, records.slice(start, start + CHUNK)));
    }
    let requestsHash: Uint8Array = ZERO_WORD;
    await this.miniBlock(async () => {
      requestsHash = await this.requests(callsAfter(context.fork));
    });
    return { executed: this.builder.build(), requestsHash };
  }

  /** What the executor reads of the arena without asking an engine. */
  private takeAhead(): void {
    const { fork, coinbase } = this.block.context;
    const calls = [...callsBefore(fork, ZERO_WORD, ZERO_WORD), ...callsAfter(fork)];
    const ahead = calls.map(({ to }) => to);
    if (this.block.records.length > 0) ahead.push(coinbase);
    for (const address of ahead) {
      const cell = { kind: 2, address, slot: null } as const;
      this.cells.take(cell);
      this.cells.need(cell);
    }
  }

  private async miniBlock(run: () => Promise<void>): Promise<void> {
    const { executor, cells } = this;
    const { arena } = cells;
    arena.retainFrom(arena.undoPosition);
    const before = executor.sequence;
    arena.openMiniBlock(before + 1);
    await run();
    if (cells.failure !== null) throw cells.failure;
    // What came in while nothing was written must stay: the mini-block ends in any case.
    executor.sequence = Math.max(executor.sequence, before + 1);
    arena.closeMiniBlock(executor.sequence);
  }

  private async transactions(first: number, records: readonly Uint8Array[]): Promise<void> {
    const result = await this.executor.runBatch(records);
    if (this.cells.failure !== null) return;
    for (const [index, record] of records.entries()) {
      const outcome = result.record(index);
      if (!isIncluded({ status: statusOf(outcome) })) {
        throw new DeltacastError('BLOCK_WRONG', `transaction ${first + index} cannot be in it`, {
          reason: reasonOf(outcome),
        });
      }
      this.builder.add(record, outcome);
    }
  }

  private async requests(calls: readonly SystemCall[]): Promise<Uint8Array> {
    const requests: Uint8Array[] = [];
    for (const [index, call] of calls.entries()) {
      const outcome = await this.executor.systemCall(call);
      assert(index < 0xff, 'a type of request is a byte');
      requests.push(Uint8Array.of(index + 1, ...(outcome?.output ?? NO_OUTPUT)));
    }
    return requestsHashOf(requests);
  }
}

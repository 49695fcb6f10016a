/**
 * Replays real blocks over their pre-state and compares what comes out with the block's header. One
 * arena and one pool serve all blocks: each is rolled back when it has been compared.
 */
import { Arena, type ArenaMark } from '../../state/arena.js';
import { toHex } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import type { Clock } from '../../state/base/ports.js';
import { type BatchResult, type Executor, isIncluded } from '../../workers/batch.js';
import { orderedTrieRoot } from '../../workers/block-roots.js';
import {
  callsAfter,
  callsBefore,
  rewardCredits,
  withdrawalCredits,
} from '../../workers/block-steps.js';
import { BLOOM_BYTES, bloomOf, encodeReceipt, mergeBloom } from '../../workers/header.js';
import type { Outcome } from '../../workers/outcome.js';
import { startExecutor } from '../../workers/start.js';
import type { BlockFile } from '../block-file.js';

export interface ReplayResult {
  readonly number: number;
  readonly hardfork: string;
  readonly txs: number;
  readonly gasUsed: number;
  readonly engine: string;
  readonly workers: number;
  readonly milliseconds: number;
  readonly cpuMilliseconds: number;
  /** null: cannot be checked for this fork. */
  readonly matches: {
    readonly gasUsed: boolean;
    readonly logsBloom: boolean;
    readonly receiptsRoot: boolean | null;
  };
  readonly executions: number;
  readonly aborts: number;
}

const PRE_STATE_SEQUENCE = 1;

export interface ReplayOptions {
  /** 0 executes on the calling thread. */
  readonly workers: number;
  /** A name of workers/engines.ts. */
  readonly engine: string;
  readonly clock: Clock;
}

export class Replayer {
  private readonly workers: number;
  private readonly engine: string;
  private readonly clock: Clock;
  private readonly arena: Arena;
  private readonly empty: ArenaMark;
  private readonly executor: Executor;

  private constructor(arena: Arena, executor: Executor, options: ReplayOptions) {
    this.workers = options.workers;
    this.engine = options.engine;
    this.clock = options.clock;
    this.arena = arena;
    this.empty = arena.mark();
    this.executor = executor;
  }

  /** @throws DeltacastError BAD_USAGE for an engine that is not known */
  static async start(options: ReplayOptions): Promise<Replayer> {
    const arena = Arena.create({ threads: options.workers + 1 });
    return new Replayer(arena, await startExecutor({ arena, ...options }), options);
  }

  /** @throws DeltacastError TX_INVALID where a transaction of the block is not includable */
  async run(file: BlockFile): Promise<ReplayResult> {
    loadBlock(this.arena, this.executor, file);
    const cpuBefore = process.cpuUsage();
    const startedMs = this.clock.monotonicMs();
    const execution = await executeBlock(this.executor, file);
    const milliseconds = this.clock.monotonicMs() - startedMs;
    const cpu = process.cpuUsage(cpuBefore);
    this.arena.rollback(this.empty);
    const { gasUsed, matches } = compare(file, execution.outcomes);
    return {
      number: file.context.number,
      hardfork: file.context.fork,
      txs: file.records.length,
      gasUsed,
      engine: this.engine,
      workers: this.workers,
      milliseconds: round(milliseconds),
      cpuMilliseconds: round((cpu.user + cpu.system) / 1_000),
      matches,
      executions: execution.executions,
      aborts: execution.aborts,
    };
  }

  async stop(): Promise<void> {
    await this.executor.stop();
  }
}

/** Puts the state before a block into an empty arena, and opens the block. */
export function loadBlock(arena: Arena, executor: Executor, file: BlockFile): void {
  arena.openMiniBlock(PRE_STATE_SEQUENCE);
  file.fill(arena, PRE_STATE_SEQUENCE);
  arena.closeMiniBlock(PRE_STATE_SEQUENCE);
  for (const [number, hash] of file.blockHashes) arena.putBlockHash(number, hash);
  arena.openMiniBlock(PRE_STATE_SEQUENCE + 1);
  executor.sequence = PRE_STATE_SEQUENCE;
}

/** The block's steps in Ethereum's order. @returns what came of its transactions */
export async function executeBlock(executor: Executor, file: BlockFile): Promise<BatchResult> {
  const { fork, number, coinbase } = file.context;
  await executor.beginBlock(file.context);
  for (const call of callsBefore(fork, file.parentBeaconBlockRoot, file.parentHash)) {
    await executor.systemCall(call);
  }
  const result = await executor.runBatch(file.records);
  await executor.credit(withdrawalCredits(file.withdrawals));
  for (const call of callsAfter(fork)) await executor.systemCall(call);
  await executor.credit(rewardCredits(fork, number, coinbase, file.ommers));
  return result;
}

function compare(
  file: BlockFile,
  outcomes: readonly Outcome[],
): Pick<ReplayResult, 'gasUsed' | 'matches'> {
  let gasUsed = 0;
  const bloom = new Uint8Array(BLOOM_BYTES);
  const receipts: Uint8Array[] = [];
  for (const [index, outcome] of outcomes.entries()) {
    if (!isIncluded(outcome)) {
      const { number } = file.context;
      throw new DeltacastError('TX_INVALID', `transaction ${index} of block ${number} is refused`, {
        reason: outcome.reason,
      });
    }
    gasUsed += outcome.gasUsed;
    const logsBloom = bloomOf(outcome.logs);
    mergeBloom(bloom, logsBloom);
    const { status, logs } = outcome;
    const fields = { type: file.types[index] ?? 0, status, cumulativeGasUsed: gasUsed, logs };
    receipts.push(encodeReceipt(fields, logsBloom));
  }
  const { expected } = file;
  const isChecked = expected.receiptsRoot !== null;
  const root = isChecked ? toHex(orderedTrieRoot(receipts)) : null;
  return {
    gasUsed,
    matches: {
      gasUsed: gasUsed === expected.gasUsed,
      logsBloom: toHex(bloom) === expected.logsBloom,
      receiptsRoot: isChecked ? root === expected.receiptsRoot : null,
    },
  };
}

/** True where everything that can be checked is right. */
export function isMatch({ matches }: ReplayResult): boolean {
  return matches.gasUsed && matches.logsBloom && matches.receiptsRoot !== false;
}

/** Milliseconds to the microsecond. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000;
}

/** For people. */
export function lineOf(result: ReplayResult): string {
  const verdict = isMatch(result) ? 'match' : 'MISMATCH';
  const { number, hardfork, txs, gasUsed, milliseconds, executions, aborts } = result;
  const repeated = executions === txs ? '' : `, ${executions} executions, ${aborts} aborts`;
  return (
    `${verdict.padEnd(8)} ${String(number).padStart(9)} ${hardfork.padEnd(15)} ` +
    `${String(txs).padStart(5)} txs ${String(gasUsed).padStart(9)} gas ` +
    `${milliseconds.toFixed(0).padStart(6)} ms${repeated}`
  );
}

/** Of many blocks. */
export function summaryOf(results: readonly ReplayResult[]) {
  const sum = (read: (result: ReplayResult) => number) =>
    Math.round(results.reduce((total, result) => total + read(result), 0) * 1_000) / 1_000;
  return {
    blocks: results.length,
    matched: results.filter(isMatch).length,
    gas: sum((result) => result.gasUsed),
    milliseconds: sum((result) => result.milliseconds),
    cpuMilliseconds: sum((result) => result.cpuMilliseconds),
  };
}

/**
 * The path `whole`: what a node does with a transaction after it has arrived, without sockets:
 * recovery (with --signed), admission, mini-blocks, receipts, diff, signed frame, log in `group`
 * mode, blocks each second and their roots. The time ends when the last block is sealed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { accountsOf } from '../runtime/alloc.js';
import { defaultConfig } from '../runtime/config.js';
import { SequencerCore } from '../runtime/core.js';
import type { PipelineCounters } from '../runtime/counters.js';
import type { Genesis } from '../runtime/genesis.js';
import type { TransactionPlace } from '../runtime/history.js';
import { DeltacastError } from '../state/base/errors.js';
import { type Clock, systemRandom } from '../state/base/ports.js';
import { type Counts, noCounts } from '../workers/batch.js';
import { COUNTERS } from '../workers/protocol.js';
import { TransactionRecord } from '../workers/record.js';
import type { Tiering } from '../workers/tiering/tiering.js';
import { CONTEXT } from './chain.js';
import { digestOf } from './digest.js';
import type { Batch, BatchFigures, Runner, RunnerOptions } from './path.js';

/** Milliseconds in the counters, by the name of their stage. */
const STAGES = {
  diff: 'diffMs',
  commit: 'commitMs',
  root: 'rootMs',
  seal: 'sealMs',
} as const satisfies Record<string, keyof PipelineCounters>;

export async function startWholeRunner(options: RunnerOptions): Promise<Runner> {
  const { engine, workers, alloc, clock, isSigned } = options;
  const directory = mkdtempSync(join(tmpdir(), 'deltacast-bench-'));
  const genesis: Genesis = {
    // Without a base fee every block costs the same: all runs end in the same state.
    context: { ...CONTEXT, number: 0, baseFee: 0n },
    accounts: accountsOf(Object.fromEntries(alloc), 'the workload'),
  };
  const config = {
    ...defaultConfig(availableParallelism()),
    engine,
    workers,
    dataDir: join(directory, 'node'),
    gasLimit: CONTEXT.gasLimit,
  };
  const core = await SequencerCore.start(config, { clock, random: systemRandom, genesis });
  return new WholeRunner(core, clock, directory, isSigned);
}

class WholeRunner implements Runner {
  private readonly core: SequencerCore;
  private readonly clock: Clock;
  private readonly directory: string;
  private readonly isSigned: boolean;

  constructor(core: SequencerCore, clock: Clock, directory: string, isSigned: boolean) {
    this.core = core;
    this.clock = clock;
    this.directory = directory;
    this.isSigned = isSigned;
  }

  run({ raws, records }: Batch): Promise<BatchFigures> {
    const given = records.map((record) => new TransactionRecord(record));
    return this.timed(async () => {
      const { intake } = this.core;
      const outcomes = this.isSigned ? await intake.submitMany(raws) : intake.admitMany(given);
      const places = await Promise.all(
        outcomes.map((outcome) => {
          if (outcome.status === 'rejected') throw failed(outcome.error.message);
          return this.receiptOf(outcome.hash);
        }),
      );
      for (const { entry, index } of places) {
        if (entry.miniBlock.transactions.statuses[index] !== 1) throw failed('reverted');
      }
    });
  }

  finish(): Promise<BatchFigures> {
    return this.timed(() => this.core.endBlock());
  }

  mark(): void {}

  /** A log cannot be taken back. */
  rewind(): boolean {
    return false;
  }

  get tiering(): Tiering | null {
    return this.core.executor.tiering;
  }

  digest(): string {
    return digestOf(this.core.chain.arena);
  }

  async stop(): Promise<void> {
    await this.core.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private receiptOf(hash: Uint8Array): Promise<TransactionPlace> {
    return new Promise((resolve, reject) => {
      this.core.intake.onReceipt(hash, (result) => {
        if (result instanceof DeltacastError) reject(result);
        else resolve(result);
      });
    });
  }

  private async timed(run: () => Promise<void>): Promise<BatchFigures> {
    const { clock, core } = this;
    const before = { ...core.counters };
    const cpuBefore = process.cpuUsage();
    const startedMs = clock.monotonicMs();
    await run();
    const milliseconds = clock.monotonicMs() - startedMs;
    const cpu = process.cpuUsage(cpuBefore);
    const { counters } = core;
    const stages = Object.entries(STAGES).map(([name, key]) => [name, counters[key] - before[key]]);
    return {
      milliseconds,
      cpuMilliseconds: (cpu.user + cpu.system) / 1_000,
      gas: counters.gas - before.gas,
      counts: countsSince(counters, before),
      restarts: counters.restarts - before.restarts,
      stages: Object.fromEntries(stages) as Record<string, number>,
    };
  }
}

function countsSince(counters: PipelineCounters, before: PipelineCounters): Counts {
  const counts = noCounts();
  for (const name of COUNTERS) counts[name] = counters[name] - before[name];
  return counts;
}

function failed(why: string): DeltacastError {
  return new DeltacastError('TX_INVALID', `a transaction of the workload failed: ${why}`);
}

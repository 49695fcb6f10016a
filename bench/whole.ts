/**
 * The path `whole`: what a node does with a transaction after it has arrived, without sockets:
 * recovery (with --signed), admission, mini-blocks, receipts, diff, signed frame, log in `group`
 * mode, blocks each second and their roots. The time ends when the last block is sealed. Without
 * --signed, transactions enter as recovery would hand them over: some at a time, between which
 * those before are executed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { SubmitOutcome } from '../net/rpc/values.js';
import { accountsOf } from '../runtime/alloc.js';
import { defaultConfig } from '../runtime/config.js';
import { SequencerCore } from '../runtime/core.js';
import type { PipelineCounters } from '../runtime/counters.js';
import type { Genesis } from '../runtime/genesis.js';
import type { Intake, Receipt } from '../runtime/intake.js';
import { DeltacastError } from '../state/base/errors.js';
import { RECOVER_TASK_MAX } from '../state/base/limits.js';
import { type Clock, sleep, systemRandom } from '../state/base/ports.js';
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

/** Nothing goes on where the process used less than this share of a core between two looks. */
const CALM_SHARE = 0.2;
const CALM_LOOK_MS = 20;
/** Two seconds. */
const CALM_LOOKS_MAX = 100;

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
      const receipts = new Receipts(intake, given.length);
      if (this.isSigned) {
        receipts.await(await intake.submitMany(raws));
      } else {
        for (let start = 0; start < given.length; start += RECOVER_TASK_MAX) {
          if (start > 0) await setImmediate();
          receipts.await(intake.admitMany(given.slice(start, start + RECOVER_TASK_MAX)));
        }
      }
      await receipts.all;
    });
  }

  finish(): Promise<BatchFigures> {
    return this.timed(() => this.core.endBlock());
  }

  async mark(): Promise<void> {
    // Translating is in a process of its own, whose time this one does not see.
    await this.tiering?.settled();
    for (let left = CALM_LOOKS_MAX; left > 0; left -= 1) {
      const before = process.cpuUsage();
      await sleep(this.clock, CALM_LOOK_MS);
      const { user, system } = process.cpuUsage(before);
      if ((user + system) / 1_000 < CALM_LOOK_MS * CALM_SHARE) return;
    }
  }

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

/** The receipts of a batch, every one of which must be there and say that it succeeded. */
class Receipts {
  /** Resolves with the last of them. @throws DeltacastError TX_INVALID */
  readonly all: Promise<void>;
  private readonly intake: Intake;
  private missing: number;
  private resolve: () => void = () => undefined;
  private reject: (error: DeltacastError) => void = () => undefined;

  constructor(intake: Intake, count: number) {
    this.intake = intake;
    this.missing = count;
    this.all = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Who awaits it may be thrown out of admission first.
    this.all.catch(() => undefined);
  }

  await(outcomes: readonly SubmitOutcome[]): void {
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') throw failed(outcome.error.message);
      this.intake.onReceipt(outcome.hash, this.take);
    }
  }

  private readonly take: Receipt = (result) => {
    if (result instanceof DeltacastError) this.reject(result);
    else if (result.entry.miniBlock.transactions.statuses[result.index] !== 1) {
      this.reject(failed('reverted'));
    }
    this.missing -= 1;
    if (this.missing === 0) this.resolve();
  };
}

function countsSince(counters: PipelineCounters, before: PipelineCounters): Counts {
  const counts = noCounts();
  for (const name of COUNTERS) counts[name] = counters[name] - before[name];
  return counts;
}

function failed(why: string): DeltacastError {
  return new DeltacastError('TX_INVALID', `a transaction of the workload failed: ${why}`);
}

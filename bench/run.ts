/**
 * Runs of one workload: its transactions are made once, then executed by each engine with each
 * number of workers, every time from the same state. Runs that must agree are compared: the speed
 * of a wrong result is not reported.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { createWorkload } from '../runtime/load/workloads.js';
import type { BenchOptions } from '../runtime/roles/bench.js';
import { DeltacastError } from '../state/base/errors.js';
import type { Clock } from '../state/base/ports.js';
import { type AllocEntry, FEES } from './chain.js';
import { type BatchFigures, PATHS, type Runner, type StartRunner } from './path.js';
import { PEERS } from './peers.js';
import { type Prepared, prepare, sliceOf } from './prepare.js';
import { type BenchLine, rate, round, type Stage, stageOf } from './report.js';

/** Executed before the clock starts, so that V8 has compiled what it is going to compile. */
const WARM_UP_TRANSACTIONS = 500;
const REPETITIONS_MAX = 1_000;
const NO_FIGURES: BatchFigures = {
  milliseconds: 0,
  cpuMilliseconds: 0,
  gas: 0,
  executions: 0,
  stages: {},
};

export interface RunTools {
  readonly clock: Clock;
  /** Says what is being done. */
  readonly progress: (text: string) => void;
}

/** Everything that the runs of a workload share. */
interface Subject {
  readonly workload: string;
  /** Times that a transaction goes round; null where it does not loop. */
  readonly iterations: number | null;
  readonly options: BenchOptions;
  readonly alloc: readonly AllocEntry[];
  readonly prepared: Prepared;
  readonly start: StartRunner;
  readonly tools: RunTools;
}

interface Run extends BatchFigures {
  readonly digest: string;
}

/** Lines as they come, one for each engine and number of workers. */
export async function* runTransactions(
  workload: string,
  options: BenchOptions,
  tools: RunTools,
): AsyncGenerator<BenchLine> {
  const start = PATHS[options.path];
  if (start === undefined) {
    const known = Object.keys(PATHS).join(', ');
    throw new DeltacastError('BAD_USAGE', `no path "${options.path}"; there are: ${known}`);
  }
  tools.progress(`${workload}: signing ${options.txs} transactions`);
  const { accounts, seed, txs } = options;
  const load = createWorkload(workload, { accounts, seed, ...FEES });
  const alloc = [...load.alloc()];
  const prepared = prepare(load, Math.min(WARM_UP_TRANSACTIONS, txs), txs, tools.clock);
  const { iterations } = load;
  yield* runAll({ workload, iterations, options, alloc, prepared, start, tools });
}

async function* runAll(subject: Subject): AsyncGenerator<BenchLine> {
  const { options } = subject;
  const peers = options.peers ? await runPeers(subject) : [];
  let agreed: Run | undefined;
  for (const engine of options.engines) {
    let sequentialTps: number | undefined;
    for (const workers of [...options.workers].sort((a, b) => a - b)) {
      const latency = createHistogram();
      const runs = await repeat(subject, engine, workers, latency);
      for (const run of runs) agreed = agree(agreed, run);
      const line = lineOf(subject, { engine, workers, runs, latency, peers, sequentialTps });
      if (workers === 0) sequentialTps = line.tps;
      yield line;
    }
  }
}

async function repeat(
  subject: Subject,
  engine: string,
  workers: number,
  latency: RecordableHistogram,
): Promise<Run[]> {
  const { options, alloc, start, tools } = subject;
  const runs: Run[] = [];
  let totalMs = 0;
  do {
    tools.progress(`${subject.workload}: ${engine}, workers ${workers}, run ${runs.length + 1}`);
    const runner = await start({
      engine,
      workers,
      alloc,
      clock: tools.clock,
      isSigned: options.signed,
    });
    try {
      const run = await runOnce(runner, subject, latency);
      runs.push(run);
      totalMs += run.milliseconds;
    } finally {
      await runner.stop();
    }
  } while (totalMs < options.seconds * 1_000 && runs.length < REPETITIONS_MAX);
  return runs;
}

async function runOnce(
  runner: Runner,
  { prepared, options }: Subject,
  latency: RecordableHistogram,
): Promise<Run> {
  await runner.run(prepared.warmUp);
  await runner.finish();
  const { measured } = prepared;
  let sum = NO_FIGURES;
  for (let start = 0; start < measured.raws.length; start += options.batch) {
    const figures = await runner.run(sliceOf(measured, start, start + options.batch));
    latency.record(Math.max(1, Math.round(figures.milliseconds * 1_000)));
    sum = added(sum, figures);
  }
  return { ...added(sum, await runner.finish()), digest: runner.digest() };
}

function added(a: BatchFigures, b: BatchFigures): BatchFigures {
  const stages = { ...a.stages };
  for (const [name, ms] of Object.entries(b.stages)) stages[name] = (stages[name] ?? 0) + ms;
  return {
    milliseconds: a.milliseconds + b.milliseconds,
    cpuMilliseconds: a.cpuMilliseconds + b.cpuMilliseconds,
    gas: a.gas + b.gas,
    executions: a.executions + b.executions,
    stages,
  };
}

/** @throws DeltacastError EXECUTION_FAULT where a run left another state than the first */
function agree(first: Run | undefined, run: Run): Run {
  if (first !== undefined && (first.digest !== run.digest || first.gas !== run.gas)) {
    throw new DeltacastError('EXECUTION_FAULT', 'two runs of the same transactions disagree');
  }
  return first ?? run;
}

interface PeerFigures {
  readonly name: string;
  readonly milliseconds: number;
  readonly gas: number;
}

async function runPeers({ alloc, prepared, tools }: Subject): Promise<PeerFigures[]> {
  const figures: PeerFigures[] = [];
  for (const [name, peer] of Object.entries(PEERS)) {
    tools.progress(`peer ${name}`);
    const run = await peer({ alloc, ...prepared, clock: tools.clock });
    figures.push({ name, milliseconds: run.milliseconds, gas: run.gas });
  }
  return figures;
}

interface LineParts {
  readonly engine: string;
  readonly workers: number;
  readonly runs: readonly Run[];
  /** Microseconds. */
  readonly latency: RecordableHistogram;
  readonly peers: readonly PeerFigures[];
  readonly sequentialTps: number | undefined;
}

function lineOf({ workload, iterations, options, prepared }: Subject, parts: LineParts): BenchLine {
  const { engine, workers, runs, latency, peers, sequentialTps } = parts;
  const { path, accounts, txs, batch } = options;
  const run = medianOf(runs);
  const tps = rate(txs, run.milliseconds);
  return {
    workload,
    path,
    engine,
    workers,
    accounts,
    txs,
    batch,
    runs: runs.length,
    gas: run.gas,
    seconds: round(run.milliseconds / 1_000, 6),
    cpuSeconds: round(run.cpuMilliseconds / 1_000, 6),
    tps,
    mgasPerSecond: round(run.gas / (run.milliseconds * 1_000), 3),
    latencyMs: { p50: latency.percentile(50) / 1_000, p99: latency.percentile(99) / 1_000 },
    executions: run.executions,
    stages: { ...prepared.stages, execute: stageOf(txs, run.milliseconds), ...partsOf(run, txs) },
    versus: versusOf(peers, run, txs),
    ...(iterations === null
      ? {}
      : { nanosecondsPerIteration: round((run.milliseconds * 1e6) / (txs * iterations), 3) }),
    ...(workers === 0 || sequentialTps === undefined
      ? {}
      : { speedup: round(tps / sequentialTps, 3) }),
  };
}

function partsOf({ stages }: Run, txs: number): Record<string, Stage> {
  return Object.fromEntries(
    Object.entries(stages).map(([name, milliseconds]) => [name, stageOf(txs, milliseconds)]),
  );
}

/** @throws DeltacastError EXECUTION_FAULT where a peer used other gas: it did not do the same */
function versusOf(peers: readonly PeerFigures[], run: Run, txs: number): BenchLine['versus'] {
  return Object.fromEntries(
    peers.map(({ name, milliseconds, gas }) => {
      if (gas !== run.gas) {
        throw new DeltacastError('EXECUTION_FAULT', `${name} used ${gas} gas, not ${run.gas}`);
      }
      const ratio = round(milliseconds / run.milliseconds, 3);
      return [name, { tps: rate(txs, milliseconds), ratio }];
    }),
  );
}

function medianOf(runs: readonly Run[]): Run {
  const sorted = [...runs].sort((a, b) => a.milliseconds - b.milliseconds);
  return sorted[Math.floor(sorted.length / 2)]!;
}

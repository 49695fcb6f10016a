/**
 * Runs of one workload: its transactions are made once, then executed by each engine with each
 * number of workers, every time from the same state. Runs that must agree are compared: the speed
 * of a wrong result is not reported.
 */
import { createWorkload } from '../runtime/load/workloads.js';
import type { BenchOptions } from '../runtime/roles/bench.js';
import { DeltacastError } from '../state/base/errors.js';
import type { Clock } from '../state/base/ports.js';
import { FEES } from './chain.js';
import { PATHS } from './path.js';
import { PEERS, type PeerRun } from './peers.js';
import { batchesOf, prepare } from './prepare.js';
import { type BenchLine, rate, round, type Stage, stageOf } from './report.js';
import { type Course, Lane, type Round, takeTurns } from './rounds.js';

/** Executed before the clock starts, so that V8 and the tiers have compiled what they will. */
const WARM_UP_TRANSACTIONS = 5_000;

export interface RunTools {
  readonly clock: Clock;
  /** Says what is being done. */
  readonly progress: (text: string) => void;
}

/** Everything that the runs of a workload share. */
export interface Subject extends Course {
  readonly workload: string;
  /** Times that a transaction goes round; null where it does not loop. */
  readonly iterations: number | null;
  readonly options: BenchOptions;
  readonly tools: RunTools;
}

/** Lines of each engine, one for each number of workers. */
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
  const { accounts, seed, txs, batch, signed, pin, together } = options;
  const { clock } = tools;
  const load = createWorkload(workload, { accounts, seed, ...FEES });
  const alloc = [...load.alloc()];
  const prepared = prepare(load, Math.min(WARM_UP_TRANSACTIONS, txs), txs, clock);
  const batches = batchesOf(prepared.measured, batch);
  const judge = sameAsFirst();
  const hows = { isSigned: signed, isPinned: pin, isTogether: together, start, clock, judge };
  const { iterations } = load;
  yield* runAll({ ...hows, alloc, prepared, batches, workload, iterations, options, tools });
}

/** The same for whatever is to be run. */
export async function* runAll(subject: Subject): AsyncGenerator<BenchLine> {
  const { options, workload, tools } = subject;
  const peers = options.peers ? await runPeers(subject) : NO_PEERS;
  const workers = [...new Set(options.workers)].sort((a, b) => a - b);
  for (const engine of options.engines) {
    const lanes = workers.map((count) => new Lane(subject, engine, count));
    await takeTurns(lanes, options, (lane, count) =>
      tools.progress(`${workload}: ${engine}, workers ${lane.workers}, round ${count}`),
    );
    const sequential = lanes.find((lane) => lane.workers === 0);
    for (const lane of lanes) yield lineOf(subject, { lane, sequential, peers });
  }
}

/** @throws DeltacastError EXECUTION_FAULT where a run left another state than the first */
export function sameAsFirst(): Course['judge'] {
  let firstGas: number | undefined;
  let firstDigest: string | null = null;
  return (gas, digest) => {
    firstGas ??= gas;
    firstDigest ??= digest;
    if (firstGas === gas && (digest === null || digest === firstDigest)) return;
    throw new DeltacastError('EXECUTION_FAULT', 'two runs of the same transactions disagree');
  };
}

interface PeerFigures {
  readonly name: string;
  readonly run: PeerRun;
}

interface PeerRuns {
  readonly figures: readonly PeerFigures[];
  /** How to install those that are not there. */
  readonly absent: Readonly<Record<string, string>>;
}

const NO_PEERS: PeerRuns = { figures: [], absent: {} };

async function runPeers({ alloc, prepared, tools }: Subject): Promise<PeerRuns> {
  const figures: PeerFigures[] = [];
  const absent: Record<string, string> = {};
  for (const [name, peer] of Object.entries(PEERS)) {
    tools.progress(`peer ${name}`);
    const run = await peer.run({ alloc, ...prepared, clock: tools.clock });
    if (run !== null) figures.push({ name, run });
    else if (peer.install !== null) absent[name] = peer.install;
  }
  return { figures, absent };
}

interface LineParts {
  readonly lane: Lane;
  /** Workers 0, where it was run. */
  readonly sequential: Lane | undefined;
  readonly peers: PeerRuns;
}

function lineOf(subject: Subject, { lane, sequential, peers }: LineParts): BenchLine {
  const { workload, iterations, options, prepared } = subject;
  const { engine, workers, latency, rounds, median, tiering } = lane;
  const { path, accounts, batch } = options;
  const { milliseconds, cpuMilliseconds, gas, txs, passes, counts, restarts } = median;
  return {
    workload,
    path,
    engine,
    workers,
    accounts,
    txs,
    batch,
    rounds: rounds.length,
    passes,
    gas,
    seconds: round(milliseconds / 1_000, 6),
    cpuSeconds: round(cpuMilliseconds / 1_000, 6),
    cpuPerWall: round(cpuMilliseconds / milliseconds, 3),
    tps: rate(txs, milliseconds),
    mgasPerSecond: round(gas / (milliseconds * 1_000), 3),
    latencyMs: { p50: latency.percentile(50) / 1_000, p99: latency.percentile(99) / 1_000 },
    best: bestOf(options.txs, lane, sequential),
    counters: counts,
    restarts,
    ...(tiering === null ? {} : { tiering }),
    stages: { ...prepared.stages, execute: stageOf(txs, milliseconds), ...partsOf(median) },
    versus: versusOf(peers.figures, median, options.txs),
    ...(Object.keys(peers.absent).length === 0 ? {} : { absentPeers: peers.absent }),
    ...(iterations === null
      ? {}
      : { nanosecondsPerIteration: round((milliseconds * 1e6) / (txs * iterations), 3) }),
    ...(workers === 0 || sequential === undefined ? {} : speedupOf(lane, sequential)),
  };
}

function bestOf(txs: number, lane: Lane, sequential: Lane | undefined): BenchLine['best'] {
  const tps = rate(txs, lane.bestMs);
  if (lane.workers === 0 || sequential === undefined) return { tps };
  return { tps, speedup: round(sequential.bestMs / lane.bestMs, 3) };
}

/** Of the medians, and how far the rounds that were neighbours lie apart in it. */
function speedupOf(lane: Lane, sequential: Lane): Pick<BenchLine, 'speedup' | 'speedupRange'> {
  const pace = ({ milliseconds, txs }: Round) => milliseconds / txs;
  const pairs = lane.rounds.map((each, index) => pace(sequential.rounds[index]!) / pace(each));
  return {
    speedup: round(pace(sequential.median) / pace(lane.median), 3),
    speedupRange: { min: round(Math.min(...pairs), 3), max: round(Math.max(...pairs), 3) },
  };
}

function partsOf({ stages, txs }: Round): Record<string, Stage> {
  return Object.fromEntries(
    Object.entries(stages).map(([name, milliseconds]) => [name, stageOf(txs, milliseconds)]),
  );
}

/** @throws DeltacastError EXECUTION_FAULT where a peer used other gas: it did not do the same */
function versusOf(
  peers: readonly PeerFigures[],
  { passes, ...ours }: Round,
  txs: number,
): BenchLine['versus'] {
  return Object.fromEntries(
    peers.map(({ name, run: { milliseconds, gas } }) => {
      if (gas * passes !== ours.gas) {
        const wanted = ours.gas / passes;
        throw new DeltacastError('EXECUTION_FAULT', `${name} used ${gas} gas, not ${wanted}`);
      }
      const ratio = round((milliseconds * passes) / ours.milliseconds, 3);
      return [name, { tps: rate(txs, milliseconds), ratio }];
    }),
  );
}

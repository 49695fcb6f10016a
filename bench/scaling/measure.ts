/**
 * Speed-up by the number of workers: measured as far as this machine goes, and predicted up to 16
 * by a model (model.ts) whose costs come from the counters of two runs. The other runs test it:
 * more workers than cores take turns, which the model says the pace of, too.
 */
import { availableParallelism } from 'node:os';
import type { BenchOptions } from '../../runtime/roles/bench.js';
import { assert } from '../../state/base/assert.js';
import type { BenchLine } from '../report.js';
import { type RunTools, runTransactions } from '../run.js';
import type { ScalingLine } from './line.js';
import { type Costs, costsOf, paceOf, timeOf } from './model.js';

/** Independent ones, clusters, and one whose transactions depend on each other. */
const LOADS = ['raw-self', 'erc20-self', 'erc20-hot', 'swap-many', 'mixed', 'swap'];
const RUNS = [0, 1, 2, 3, 4];
const WORKERS_MAX = 16;

/** A line for each load and engine. @param loads  names of workloads */
export async function* measureScaling(
  options: BenchOptions,
  tools: RunTools,
  loads: readonly string[] = LOADS,
): AsyncGenerator<ScalingLine> {
  for (const load of loads) {
    for (const engine of options.engines) {
      const how = { engines: [engine], workers: RUNS, path: 'execute', together: true };
      const lines: BenchLine[] = [];
      for await (const line of runTransactions(load, { ...options, ...how }, tools)) {
        lines.push(line);
      }
      yield scalingOf(load, lines, availableParallelism());
    }
  }
}

/** @param lines  of runs with 0, 1, 2 and more workers */
export function scalingOf(load: string, lines: readonly BenchLine[], cores: number): ScalingLine {
  const [sequential, alone, together] = lines;
  assert(sequential?.workers === 0 && alone?.workers === 1 && together?.workers === 2, 'in order');
  const { engine } = sequential;
  const batch = Math.min(sequential.batch, sequential.txs / sequential.passes);
  const costs = costsOf(alone, together, lines.at(-1) ?? together);
  const inOrder = timeOf(sequential);
  const predict = (workers: number, of: number) => paceOf(costs, { workers, cores: of, batch });
  return {
    workload: 'scaling',
    load,
    engine,
    cores,
    batch,
    costs: rounded(costs),
    runs: lines.slice(2).map((line) => ({
      workers: line.workers,
      measured: round(inOrder / timeOf(line)),
      predicted: round(inOrder / predict(line.workers, cores).time),
    })),
    curve: Array.from({ length: WORKERS_MAX }, (_, index) => {
      const { time, bound } = predict(index + 1, index + 2);
      return { workers: index + 1, speedup: round(inOrder / time), bound };
    }),
  };
}

function rounded({ execute, commit, dependent, coordinate, ends }: Costs): Costs {
  return {
    execute: round(execute),
    commit: round(commit),
    dependent: round(dependent),
    coordinate: round(coordinate),
    ends: round(ends),
  };
}

function round(value: number): number {
  return Number(value.toFixed(4));
}

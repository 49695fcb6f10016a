/** What `bench scaling` reports of a load: a line of JSON, and rows for people. */
import type { Bound, Costs } from './model.js';

export interface ScalingRun {
  readonly workers: number;
  /** Against execution in order on one thread. */
  readonly measured: number;
  readonly predicted: number;
}

export interface ScalingLine {
  readonly workload: 'scaling';
  readonly load: string;
  readonly engine: string;
  /** Of this machine: what was measured ran on these, the coordinator too. */
  readonly cores: number;
  readonly batch: number;
  readonly costs: Costs;
  readonly runs: readonly ScalingRun[];
  /** Where each worker and the coordinator have a core. */
  readonly curve: readonly {
    readonly workers: number;
    readonly speedup: number;
    readonly bound: Bound;
  }[];
}

export function isScalingLine(line: { readonly workload: string }): line is ScalingLine {
  return line.workload === 'scaling';
}

export function scalingTable(line: ScalingLine): string {
  const { load, engine, cores, costs, runs, curve } = line;
  const { execute, commit, dependent, coordinate, ends } = costs;
  return [
    `${load}, ${engine}: ${execute.toFixed(3)} us to execute, ${commit.toFixed(3)} to commit, ` +
      `${coordinate.toFixed(3)} to lay out and take over a transaction; ${ends.toFixed(0)} us a ` +
      `batch; ${(100 * dependent).toFixed(0)}% at the head`,
    ...runs.map(
      ({ workers, measured, predicted }) =>
        `    ${workers} workers on ${cores} cores: ${measured.toFixed(2)}x measured, ` +
        `${predicted.toFixed(2)}x predicted`,
    ),
    `    a core each: ${curve
      .filter(({ workers }) => [1, 2, 4, 8, 16].includes(workers))
      .map(({ workers, speedup, bound }) => `${workers}: ${speedup.toFixed(1)}x (${bound})`)
      .join(', ')}`,
  ].join('\n');
}

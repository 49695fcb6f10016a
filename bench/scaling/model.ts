/**
 * How fast a number of workers is, from what one step costs each party. Workers share executing
 * and committing; commits happen one after the other, and so does what has to be executed at the
 * head because it depends on what comes before; the coordinator lays steps out and takes outcomes
 * over meanwhile, on a core of its own if there is one. Whichever of these is longest is the pace:
 * a bound from above, since nobody waits for anybody in it. A batch also has a beginning and an end
 * at which not all are at work.
 */
import type { BenchLine } from '../report.js';

/** Microseconds a transaction; `ends` a batch. */
export interface Costs {
  readonly execute: number;
  /** With the token held, so that no other commits; repeating what was in vain is in it. */
  readonly commit: number;
  /** The part of the steps that are executed at the head, as if there were one worker. */
  readonly dependent: number;
  readonly coordinate: number;
  readonly ends: number;
}

export const BOUNDS = ['workers', 'commit', 'coordinator', 'cores'] as const;
export type Bound = (typeof BOUNDS)[number];

export interface Machine {
  readonly workers: number;
  readonly cores: number;
  /** Transactions a batch. */
  readonly batch: number;
}

export interface Pace {
  /** Microseconds a transaction. */
  readonly time: number;
  /** What it cannot be shorter than. */
  readonly bound: Bound;
}

/**
 * @param alone     a run with one worker
 * @param together  one with two that go on together
 * @param most      one with the most: few of its steps are at the head by chance
 */
export function costsOf(alone: BenchLine, together: BenchLine, most: BenchLine): Costs {
  const { executeMicroseconds, commitMicroseconds, loadMicroseconds, collectMicroseconds } =
    together.counters;
  const { txs } = together;
  const batches = alone.txs / Math.min(alone.batch, alone.txs / alone.passes);
  return {
    execute: executeMicroseconds / txs,
    commit: commitMicroseconds / txs,
    dependent: most.counters.atHead / most.txs,
    coordinate: (loadMicroseconds + collectMicroseconds) / txs,
    ends: Math.max(0, (alone.seconds * 1e6 - alone.counters.executeMicroseconds) / batches),
  };
}

export function paceOf(costs: Costs, { workers, cores, batch }: Machine): Pace {
  const { execute, commit, dependent, coordinate, ends } = costs;
  const times: Readonly<Record<Bound, number>> = {
    workers: (execute + commit) / workers,
    commit: commit + dependent * execute,
    coordinator: coordinate,
    cores: (execute + commit + coordinate) / cores,
  };
  const bound = BOUNDS.reduce((longest, name) => (times[name] > times[longest] ? name : longest));
  return { time: times[bound] + ends / batch, bound };
}

/** Of a run: microseconds a transaction. */
export function timeOf({ seconds, txs }: BenchLine): number {
  return (seconds * 1e6) / txs;
}

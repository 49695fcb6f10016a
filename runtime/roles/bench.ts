/**
 * The door to the benchmarks. Nobody imports `bench/`, so that a node never carries it: the command
 * line loads it when the command is given, by its address next to this file.
 */

import { TIERED_ENGINE } from '../../workers/engines.js';

export interface BenchOptions {
  /** Names of workloads, or `list` alone. */
  readonly workloads: readonly string[];
  readonly engines: readonly string[];
  /** 0 is sequential execution: the others are compared with it. */
  readonly workers: readonly number[];
  readonly accounts: number;
  readonly txs: number;
  /** Of each number of workers; they take turns, and the median counts. */
  readonly rounds: number;
  /** A round repeats its transactions, from the same state, until it has taken so long. */
  readonly seconds: number;
  readonly seed: number;
  /** Transactions given to the executor at once. */
  readonly batch: number;
  readonly path: string;
  /** Recover senders within the measured time. */
  readonly signed: boolean;
  /** Each worker stays on a core of its own. */
  readonly pin: boolean;
  /** Workers never leave it to one of them. */
  readonly together: boolean;
  readonly peers: boolean;
  /** The folder of real blocks and their contracts; it may be missing. */
  readonly data: string;
  readonly json: boolean;
  /** Where an SVG chart of all lines goes; null: nowhere. */
  readonly chart: string | null;
}

export const BENCH_DEFAULTS: BenchOptions = {
  workloads: [],
  engines: [TIERED_ENGINE],
  workers: [0, 1],
  accounts: 10_000,
  txs: 10_000,
  rounds: 5,
  seconds: 0.3,
  seed: 1,
  batch: 2_000,
  path: 'whole',
  signed: false,
  pin: false,
  together: false,
  peers: false,
  data: '../shared/data',
  json: false,
  chart: null,
};

/** What `bench/main.ts` exports. */
export interface BenchModule {
  /** @throws DeltacastError BAD_USAGE, or WORKER_FAILED where a run gives wrong results */
  runBench(options: BenchOptions): Promise<void>;
}

export async function loadBench(): Promise<BenchModule> {
  const address = new URL('../../bench/main.js', import.meta.url);
  return (await import(address.href)) as BenchModule;
}

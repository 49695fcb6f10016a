/**
 * The benchmarks by name: every load is one, and those that run no transactions (root, diff, ...)
 * find their place beside them.
 */
import { WORKLOADS } from '../runtime/load/workloads.js';
import type { BenchOptions } from '../runtime/roles/bench.js';
import type { CompileFitLine, CompileLine } from './compile/line.js';
import { measureCompile } from './compile/measure.js';
import { compileSubjects } from './compile/subjects.js';
import { measureGas } from './gas/measure.js';
import type { GasLine } from './gas/table.js';
import { type LoopLine, measureLoops } from './loops.js';
import { runMainnet } from './mainnet.js';
import type { BenchLine } from './report.js';
import { measureGrowth } from './root/growth.js';
import type { GrowthLine, RootLine } from './root/line.js';
import { measureRoot } from './root/measure.js';
import { type RunTools, runTransactions } from './run.js';
import type { ScalingLine } from './scaling/line.js';
import { measureScaling } from './scaling/measure.js';

export type AnyLine =
  | BenchLine
  | GasLine
  | RootLine
  | GrowthLine
  | CompileLine
  | CompileFitLine
  | ScalingLine
  | LoopLine;

export interface Benchmark {
  readonly name: string;
  /** One line for the list. */
  readonly description: string;
  run(options: BenchOptions, tools: RunTools): AsyncIterable<AnyLine>;
}

const LOADS: readonly Benchmark[] = WORKLOADS.map(({ name, description, txsMax }) => ({
  name,
  description,
  run: (options, tools) =>
    runTransactions(name, { ...options, txs: Math.min(options.txs, txsMax ?? options.txs) }, tools),
}));

export const BENCHMARKS: readonly Benchmark[] = [
  ...LOADS,
  {
    name: 'mainnet',
    description: 'real blocks of --data, one after the other, each over the state before it',
    run: runMainnet,
  },
  {
    name: 'loops',
    description: 'all loop-... on the interpreter and as compiled code, and the ratio',
    run: (options, tools) => measureLoops(options, tools),
  },
  {
    name: 'scaling',
    description: 'speed-up by the number of workers, measured here and predicted up to 16',
    run: (options, tools) => measureScaling(options, tools),
  },
  {
    name: 'gas',
    description: 'nanoseconds per gas of every instruction and precompile, worst first',
    async *run({ engines }, tools) {
      for (const engine of engines) yield await measureGas(engine, tools);
    },
  },
  {
    name: 'root',
    description: 'state root updates a second over --accounts keys, with --workers helpers',
    run: (options, tools) => measureRoot(options, tools),
  },
  {
    name: 'root-growth',
    description: 'cost of a state root update as the keys grow to --accounts',
    run: measureGrowth,
  },
  {
    name: 'compile',
    description: 'compile time by length of code, in each tier and in V8, over real contracts',
    run: ({ data }, tools) => measureCompile(compileSubjects(data), tools),
  },
];

/**
 * The compute loops (runtime/load/loops.ts) on the interpreter and as compiled code, in one run:
 * how many times as fast the compiler makes each. Both execute the same transactions on one thread.
 */
import { WORKLOADS } from '../runtime/load/workloads.js';
import type { BenchOptions } from '../runtime/roles/bench.js';
import { assert } from '../state/base/assert.js';
import { barChart, OURS } from './chart.js';
import { type BenchLine, round } from './report.js';
import { type RunTools, runTransactions } from './run.js';

const ENGINES = ['interpreter', 'compiled'];
const NAME_WIDTH = 16;
const COLUMN_WIDTH = 14;

/** Nanoseconds an iteration on each engine, and the first divided by the second. */
export interface LoopFigures {
  readonly interpreter: number;
  readonly compiled: number;
  readonly ratio: number;
}

export interface LoopLine {
  readonly workload: 'loops';
  readonly loop: string;
  /** Of the rounds with the median speed. */
  readonly median: LoopFigures;
  /** As if each batch had been as fast as it was in its fastest pass. */
  readonly best: LoopFigures;
}

/** A line for each loop. @param loops  names of workloads */
export async function* measureLoops(
  options: BenchOptions,
  tools: RunTools,
  loops: readonly string[] = loopNames(),
): AsyncGenerator<LoopLine> {
  for (const loop of loops) {
    const most = WORKLOADS.find(({ name }) => name === loop)?.txsMax ?? options.txs;
    const txs = Math.min(options.txs, most);
    const how = { engines: ENGINES, workers: [0], path: 'execute', peers: false, txs };
    const lines: BenchLine[] = [];
    for await (const line of runTransactions(loop, { ...options, ...how }, tools)) lines.push(line);
    yield loopLineOf(loop, lines);
  }
}

function loopNames(): string[] {
  return WORKLOADS.map(({ name }) => name).filter((name) => name.startsWith('loop-'));
}

/** @param lines  of the interpreter and of compiled code */
export function loopLineOf(loop: string, lines: readonly BenchLine[]): LoopLine {
  const [interpreted, compiled] = lines;
  assert(interpreted?.engine === 'interpreter' && compiled?.engine === 'compiled', 'in order');
  const figures = (of: (line: BenchLine) => number): LoopFigures => ({
    interpreter: round(of(interpreted), 2),
    compiled: round(of(compiled), 2),
    ratio: round(of(interpreted) / of(compiled), 2),
  });
  return { workload: 'loops', loop, median: figures(iterationOf), best: figures(shortestOf) };
}

function iterationOf({ nanosecondsPerIteration }: BenchLine): number {
  assert(nanosecondsPerIteration !== undefined, 'a loop');
  return nanosecondsPerIteration;
}

function shortestOf(line: BenchLine): number {
  return (iterationOf(line) * line.tps) / line.best.tps;
}

export function isLoopLine(line: { readonly workload: string }): line is LoopLine {
  return line.workload === 'loops';
}

export function loopHead(): string {
  const columns = ['interpreter', 'compiled', 'ratio', 'at best', 'compiled', 'ratio'];
  const title = 'ns an iteration'.padEnd(NAME_WIDTH);
  return `${title}${columns.map((name) => name.padStart(COLUMN_WIDTH)).join('')}`;
}

export function loopRow({ loop, median, best }: LoopLine): string {
  const cells = [median, best].flatMap(({ interpreter, compiled, ratio }) => [
    interpreter.toFixed(2),
    compiled.toFixed(2),
    `${ratio.toFixed(2)}x`,
  ]);
  return `${loop.padEnd(NAME_WIDTH)}${cells.map((cell) => cell.padStart(COLUMN_WIDTH)).join('')}`;
}

export function loopChart(lines: readonly LoopLine[]): string {
  const bars = lines.map(({ loop, best }) => ({
    label: loop,
    value: best.ratio,
    text: `${best.ratio.toFixed(1)}x`,
    color: OURS,
  }));
  return barChart([{ title: 'Compiled code against the interpreter, fastest batches', bars }]);
}

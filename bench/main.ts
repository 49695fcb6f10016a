/**
 * The entry of the benchmarks: checks the options, runs, and writes lines to stdout as they come;
 * progress goes to stderr where that is a terminal.
 */
import { writeFileSync } from 'node:fs';
import type { BenchOptions } from '../runtime/roles/bench.js';
import { print, progress } from '../runtime/terminal.js';
import { DeltacastError } from '../state/base/errors.js';
import { MINI_BLOCK_TRANSACTIONS_MAX, ROUND_STEPS_MAX, THREADS_MAX } from '../state/base/limits.js';
import { systemClock } from '../state/base/ports.js';
import { ENGINE_NAMES } from '../workers/engines.js';
import { type AnyLine, BENCHMARKS, type Benchmark } from './benchmarks.js';
import { chartOf } from './chart.js';
import { compileChart } from './compile/chart.js';
import { compileFitRow, compileRow, isCompileFitLine, isCompileLine } from './compile/line.js';
import { gasChart } from './gas/chart.js';
import { gasTable, isGasLine } from './gas/table.js';
import { isLoopLine, loopChart, loopHead, loopRow } from './loops.js';
import { PATHS } from './path.js';
import { type BenchLine, tableHead, tableRow } from './report.js';
import { growthChart, rootChart } from './root/chart.js';
import { growthTable, isGrowthLine, isRootLine, publishedTable, rootTable } from './root/line.js';
import { scalingChart } from './scaling/chart.js';
import { isScalingLine, scalingTable } from './scaling/line.js';

/** 1.5 KB of memory each: signed bytes, record and outcome. */
const TXS_MAX = 2_000_000;
/** Keys and genesis are held in memory: about 1 KB each, 2 KB with a token balance. */
const ACCOUNTS_MAX = 2_000_000;
/** For the benchmarks of the root alone, 116 bytes each and an arena: as many as memory takes. */
const KEYS_MAX = 200_000_000;
const SECONDS_MAX = 3_600;
const NAME_WIDTH = 16;
const ROUNDS_MAX = 1_000;

/**
 * Runs the benchmarks that the options name.
 * @throws DeltacastError BAD_USAGE; TX_INVALID or EXECUTION_FAULT where a run goes wrong
 */
export async function runBench(options: BenchOptions): Promise<void> {
  if (options.workloads.join() === 'list') {
    list(options.json);
    return;
  }
  const benchmarks = options.workloads.map(benchmarkOf);
  check(options);
  const lines: AnyLine[] = [];
  const tools = { clock: systemClock, progress };
  for (const benchmark of benchmarks) {
    for await (const line of benchmark.run(options, tools)) {
      progress('');
      if (options.json) print(JSON.stringify(line));
      else show(line, lines.length === 0);
      lines.push(line);
    }
  }
  if (!options.json && lines.some(isRootLine)) print(publishedTable());
  if (options.chart !== null) writeFileSync(options.chart, chartOfAny(lines));
}

function show(line: AnyLine, isFirst: boolean): void {
  if (isGasLine(line)) print(gasTable(line));
  else if (isRootLine(line)) print(rootTable(line));
  else if (isGrowthLine(line)) print(growthTable(line));
  else if (isCompileLine(line)) print(compileRow(line));
  else if (isCompileFitLine(line)) print(compileFitRow(line));
  else if (isScalingLine(line)) print(scalingTable(line));
  else if (isLoopLine(line)) print(isFirst ? `${loopHead()}\n${loopRow(line)}` : loopRow(line));
  else print(isFirst ? `${tableHead()}\n${tableRow(line)}` : tableRow(line));
}

/** Of what ran first in this order: loads, loops, scaling, the root, its growth, compiling, gas. */
function chartOfAny(lines: readonly AnyLine[]): string {
  const loads = lines.filter(isLoadLine);
  if (loads.length > 0) return chartOf(loads);
  const loops = lines.filter(isLoopLine);
  if (loops.length > 0) return loopChart(loops);
  const scaling = lines.filter(isScalingLine);
  if (scaling.length > 0) return scalingChart(scaling);
  const roots = lines.filter(isRootLine);
  if (roots.length > 0) return rootChart(roots);
  const growth = lines.filter(isGrowthLine);
  if (growth.length > 0) return growthChart(growth);
  const compiled = lines.filter(isCompileLine);
  return compiled.length > 0 ? compileChart(compiled) : gasChart(lines.filter(isGasLine));
}

function isLoadLine(line: AnyLine): line is BenchLine {
  return 'tps' in line;
}

function list(isJson: boolean): void {
  for (const { name, description } of BENCHMARKS) {
    print(
      isJson
        ? JSON.stringify({ workload: name, description })
        : `${name.padEnd(NAME_WIDTH)}${description}`,
    );
  }
}

function benchmarkOf(name: string): Benchmark {
  const found = BENCHMARKS.find((each) => each.name === name);
  if (found === undefined) {
    const known = BENCHMARKS.map((each) => each.name).join(', ');
    throw new DeltacastError(
      'BAD_USAGE',
      `no benchmark "${name.slice(0, 40)}"; there are: ${known}`,
    );
  }
  return found;
}

function check(options: BenchOptions): void {
  checkName('engine', options.engines, ENGINE_NAMES);
  checkName('path', [options.path], Object.keys(PATHS));
  checkRange('workers', options.workers, 0, THREADS_MAX - 1);
  const isOfRoot = options.workloads.every((name) => name.startsWith('root'));
  checkRange('accounts', [options.accounts], 2, isOfRoot ? KEYS_MAX : ACCOUNTS_MAX);
  checkRange('txs', [options.txs], 1, TXS_MAX);
  const batchMax = options.path === 'whole' ? MINI_BLOCK_TRANSACTIONS_MAX : ROUND_STEPS_MAX;
  checkRange('batch', [options.batch], 1, batchMax);
  checkRange('rounds', [options.rounds], 1, ROUNDS_MAX);
  if (!(options.seconds >= 0 && options.seconds <= SECONDS_MAX)) {
    throw new DeltacastError('BAD_USAGE', `seconds must be from 0 to ${SECONDS_MAX}`);
  }
}

function checkName(what: string, names: readonly string[], known: readonly string[]): void {
  const wrong = names.find((name) => !known.includes(name));
  if (names.length > 0 && wrong === undefined) return;
  const shown = (wrong ?? '').slice(0, 40);
  throw new DeltacastError('BAD_USAGE', `no ${what} "${shown}"; there is: ${known.join(', ')}`);
}

function checkRange(what: string, values: readonly number[], min: number, max: number): void {
  const isRight = (value: number) => Number.isSafeInteger(value) && value >= min && value <= max;
  if (values.length > 0 && values.every(isRight)) return;
  throw new DeltacastError('BAD_USAGE', `${what} must be integers from ${min} to ${max}`);
}

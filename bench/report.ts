/**
 * What a run reports: one JSON object a line, or a table for people. Figures are rounded to what
 * they are worth and never made up: what was not measured is not there.
 */
import type { Counts } from '../workers/batch.js';
import type { TieringFigures } from './tiering.js';

export interface Stage {
  readonly seconds: number;
  /** Transactions a second in this stage alone, on one thread unless it is the execution. */
  readonly perSecond: number;
}

export interface BenchLine {
  readonly workload: string;
  readonly path: string;
  readonly engine: string;
  readonly workers: number;
  readonly accounts: number;
  /** Executed in the round that is reported: what was asked for, `passes` times. */
  readonly txs: number;
  readonly batch: number;
  /** Rounds; all other figures are those of the one with the median speed. */
  readonly rounds: number;
  /** Times that the round ran the transactions, each from the same state. */
  readonly passes: number;
  readonly gas: number;
  readonly seconds: number;
  /** User and system time of all threads, those that wait and spin included. */
  readonly cpuSeconds: number;
  readonly cpuPerWall: number;
  readonly tps: number;
  readonly mgasPerSecond: number;
  /** From giving a batch to the executor until it is committed, over all batches of all rounds. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  /**
   * If every batch had been as fast as it was in its fastest pass: what a machine does that is not
   * shared. `speedup` is against the same of workers 0.
   */
  readonly best: { readonly tps: number; readonly speedup?: number };
  /** Executions (repeated ones included), aborts by cause, and what the scheduler counts. */
  readonly counters: Counts;
  /** Times that worker threads had to be replaced. */
  readonly restarts: number;
  /** Of the engine `auto` alone. */
  readonly tiering?: TieringFigures;
  /**
   * `sign`, `recover` and `decode` (recovery included) are timed beforehand, on one thread;
   * `execute` is all of `seconds`, and what the path tells apart (diff, commit, root, seal) is part
   * of it or beside it.
   */
  readonly stages: Readonly<Record<string, Stage>>;
  /** Peers on the same transactions, and how many times as fast as they this was. */
  readonly versus: Readonly<Record<string, { readonly tps: number; readonly ratio: number }>>;
  /** Peers that are not installed, and the command that does it. */
  readonly absentPeers?: Readonly<Record<string, string>>;
  /** Of the loops alone: time of a run by transactions and iterations. */
  readonly nanosecondsPerIteration?: number;
  /** Against workers 0 of the same call; not there without that run. */
  readonly speedup?: number;
  /** Lowest and highest of the rounds, each against the one of workers 0 beside it. */
  readonly speedupRange?: { readonly min: number; readonly max: number };
}

export function stageOf(count: number, milliseconds: number): Stage {
  return { seconds: round(milliseconds / 1_000, 6), perSecond: rate(count, milliseconds) };
}

/** A whole number a second. */
export function rate(count: number, milliseconds: number): number {
  return Math.round((count * 1_000) / milliseconds);
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

const HEADINGS = [
  ['workload', 15],
  ['engine', 12],
  ['workers', 8],
  ['tx/s', 10],
  ['Mgas/s', 9],
  ['CPU s', 8],
  ['CPU/wall', 9],
  ['p50 ms', 9],
  ['p99 ms', 9],
  ['speedup', 8],
] as const;

export function tableHead(): string {
  return HEADINGS.map(([name, width]) => name.padStart(width)).join('');
}

/** A row of the table, and below it what else was measured. */
export function tableRow(line: BenchLine): string {
  const { workload, engine, workers, tps, mgasPerSecond, cpuSeconds, cpuPerWall, latencyMs } = line;
  const cells = [
    workload,
    engine,
    String(workers),
    grouped(tps),
    mgasPerSecond.toFixed(1),
    cpuSeconds.toFixed(2),
    cpuPerWall.toFixed(2),
    latencyMs.p50.toFixed(2),
    latencyMs.p99.toFixed(2),
    line.speedup === undefined ? '-' : `${line.speedup.toFixed(2)}x`,
  ];
  const row = cells.map((cell, index) => cell.padStart(HEADINGS[index]?.[1] ?? 0)).join('');
  return [row, ...notesOf(line)].join('\n');
}

function notesOf(line: BenchLine): string[] {
  const { versus, stages, nanosecondsPerIteration } = line;
  const peers = Object.entries(versus).map(
    ([name, { tps, ratio }]) => `${ratio.toFixed(2)}x ${name} (${grouped(tps)} tx/s)`,
  );
  const parts = Object.entries(stages).map(
    ([name, { perSecond }]) => `${name} ${grouped(perSecond)}/s`,
  );
  if (nanosecondsPerIteration !== undefined) parts.push(`${nanosecondsPerIteration} ns/iteration`);
  const absent = Object.entries(line.absentPeers ?? {}).map(
    ([name, install]) => `${name} is not installed: ${install}`,
  );
  const paces = [peers.join(', '), parts.join(', '), paceOf(line)];
  const notes = [...absent, ...paces, workOf(line), tiersOf(line)];
  return notes.filter((note) => note !== '').map((note) => `    ${note}`);
}

/** How steady the rounds were. */
function paceOf({ best, speedupRange }: BenchLine): string {
  const speedup = best.speedup === undefined ? '' : ` (${best.speedup.toFixed(2)}x)`;
  const pace = `fastest batches ${grouped(best.tps)} tx/s${speedup}`;
  if (speedupRange === undefined) return pace;
  return `${pace}, rounds ${speedupRange.min.toFixed(2)}x to ${speedupRange.max.toFixed(2)}x`;
}

/** How the work went; what there was none of is not named. */
function workOf({ counters, restarts }: BenchLine): string {
  return Object.entries({ ...counters, restarts })
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${grouped(count)}`)
    .join(', ');
}

function tiersOf({ tiering }: BenchLine): string {
  if (tiering === undefined) return '';
  const { tier1, tier2, refused, evicted, bytes, compileMs, gasShare } = tiering;
  const codes = `compiled ${tier1 + tier2} codes (${tier2} in tier 2, ${grouped(bytes)} bytes)`;
  const time = `${compileMs.toFixed(0)} ms, ${(100 * gasShare).toFixed(1)}% of the gas`;
  return `${codes} in ${time}; refused ${refused}, evicted ${evicted}`;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

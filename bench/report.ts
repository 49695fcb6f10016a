/**
 * What a run reports: one JSON object a line, or a table for people. Figures are rounded to what
 * they are worth and never made up: what was not measured is not there.
 */

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
  readonly txs: number;
  readonly batch: number;
  /** Repetitions; the figures are those of the run with the median speed. */
  readonly runs: number;
  readonly gas: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly tps: number;
  readonly mgasPerSecond: number;
  /** From giving a batch to the executor until it is committed, over all batches of all runs. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  /** Executions, repeated ones included. */
  readonly executions: number;
  /**
   * `sign`, `recover` and `decode` (recovery included) are timed beforehand, on one thread;
   * `execute` is all of `seconds`, and what the path tells apart (diff, commit, root, seal) is part
   * of it or beside it.
   */
  readonly stages: Readonly<Record<string, Stage>>;
  /** Peers on the same transactions, and how many times as fast as they this was. */
  readonly versus: Readonly<Record<string, { readonly tps: number; readonly ratio: number }>>;
  /** Of the loops alone: time of a run by transactions and iterations. */
  readonly nanosecondsPerIteration?: number;
  /** Against workers 0 of the same call; not there without that run. */
  readonly speedup?: number;
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
  ['workload', 12],
  ['engine', 12],
  ['workers', 8],
  ['tx/s', 10],
  ['Mgas/s', 9],
  ['CPU s', 8],
  ['p50 ms', 9],
  ['p99 ms', 9],
  ['speedup', 8],
] as const;

export function tableHead(): string {
  return HEADINGS.map(([name, width]) => name.padStart(width)).join('');
}

/** A row of the table, and below it what else was measured. */
export function tableRow(line: BenchLine): string {
  const { workload, engine, workers, tps, mgasPerSecond, cpuSeconds, latencyMs } = line;
  const cells = [
    workload,
    engine,
    String(workers),
    grouped(tps),
    mgasPerSecond.toFixed(1),
    cpuSeconds.toFixed(2),
    latencyMs.p50.toFixed(2),
    latencyMs.p99.toFixed(2),
    line.speedup === undefined ? '-' : `${line.speedup.toFixed(2)}x`,
  ];
  const row = cells.map((cell, index) => cell.padStart(HEADINGS[index]?.[1] ?? 0)).join('');
  return [row, ...notesOf(line)].join('\n');
}

function notesOf({ versus, stages, nanosecondsPerIteration }: BenchLine): string[] {
  const peers = Object.entries(versus).map(
    ([name, { tps, ratio }]) => `${ratio.toFixed(2)}x ${name} (${grouped(tps)} tx/s)`,
  );
  const parts = Object.entries(stages).map(
    ([name, { perSecond }]) => `${name} ${grouped(perSecond)}/s`,
  );
  if (nanosecondsPerIteration !== undefined) parts.push(`${nanosecondsPerIteration} ns/iteration`);
  return [...(peers.length > 0 ? [`    ${peers.join(', ')}`] : []), `    ${parts.join(', ')}`];
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

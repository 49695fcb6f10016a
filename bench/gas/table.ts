/** What `bench gas` reports: a line of JSON for an engine, a table for people, and a chart. */
import { round } from '../report.js';
import { reasonFor } from './reasons.js';

/** Reliability R16: what costs more than so many times the median needs a written reason. */
export const FLAGGED_TIMES = 10;

export interface GasEntry {
  readonly name: string;
  readonly kind: 'opcode' | 'precompile';
  readonly nanosecondsPerGas: number;
}

export interface GasRow extends GasEntry {
  /** Against the median of all instructions. */
  readonly timesMedian: number;
  /** More than FLAGGED_TIMES the median. */
  readonly above: boolean;
  /** Why that is so, where it is and somebody has written it down (reasons.ts). */
  readonly reason: string | null;
  /** Above without a reason. */
  readonly flagged: boolean;
}

export interface GasLine {
  readonly workload: 'gas';
  readonly engine: string;
  /** Gas of each program. */
  readonly gas: number;
  readonly medianNanosecondsPerGas: number;
  /** Worst first. */
  readonly entries: readonly GasRow[];
}

export function lineOf(engine: string, gas: number, entries: readonly GasEntry[]): GasLine {
  const opcodes = entries.filter(({ kind }) => kind === 'opcode');
  const sorted = opcodes.map((entry) => entry.nanosecondsPerGas).sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? 0;
  const rows = entries.map((entry) => {
    const above = entry.nanosecondsPerGas > FLAGGED_TIMES * median;
    const reason = above ? reasonFor(entry.name) : null;
    return {
      ...entry,
      nanosecondsPerGas: round(entry.nanosecondsPerGas, 4),
      timesMedian: round(entry.nanosecondsPerGas / median, 2),
      above,
      reason,
      flagged: above && reason === null,
    };
  });
  rows.sort((a, b) => b.nanosecondsPerGas - a.nanosecondsPerGas);
  return {
    workload: 'gas',
    engine,
    gas,
    medianNanosecondsPerGas: round(median, 4),
    entries: rows,
  };
}

export function isGasLine(line: { readonly workload: string }): line is GasLine {
  return line.workload === 'gas';
}

export function gasTable({ engine, medianNanosecondsPerGas, entries }: GasLine): string {
  const reasons = reasonsOf(entries);
  const rows = entries.map(
    (row) =>
      `${row.name.padEnd(28)}${row.nanosecondsPerGas.toFixed(3).padStart(12)} ns/gas` +
      `${row.timesMedian.toFixed(2).padStart(9)}x${markOf(row, reasons)}`,
  );
  const above = entries.filter((entry) => entry.above).length;
  const flagged = entries.filter((entry) => entry.flagged).length;
  const summary =
    `${engine}: median ${medianNanosecondsPerGas} ns/gas, ${above} of ${entries.length} above ` +
    `${FLAGGED_TIMES} times that, ${flagged} of them without a reason`;
  return [...rows, summary, ...reasons.map((reason, index) => `(${index + 1}) ${reason}`)].join(
    '\n',
  );
}

/** Each once, in the order of the entries. */
function reasonsOf(rows: readonly GasRow[]): string[] {
  return [...new Set(rows.flatMap(({ reason }) => (reason === null ? [] : [reason])))];
}

function markOf({ flagged, reason }: GasRow, reasons: readonly string[]): string {
  if (flagged) return '  ABOVE';
  return reason === null ? '' : `  (${reasons.indexOf(reason) + 1})`;
}

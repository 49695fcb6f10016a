/** What `bench gas` reports: a line of JSON for an engine, a table for people, and a chart. */
import { round } from '../report.js';

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
  const rows = entries.map((entry) => ({
    ...entry,
    nanosecondsPerGas: round(entry.nanosecondsPerGas, 4),
    timesMedian: round(entry.nanosecondsPerGas / median, 2),
    flagged: entry.nanosecondsPerGas > FLAGGED_TIMES * median,
  }));
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
  const flagged = entries.filter((entry) => entry.flagged).length;
  const rows = entries.map(
    ({ name, nanosecondsPerGas, timesMedian, flagged: isFlagged }) =>
      `${name.padEnd(28)}${nanosecondsPerGas.toFixed(3).padStart(12)} ns/gas` +
      `${timesMedian.toFixed(2).padStart(9)}x${isFlagged ? '  ABOVE' : ''}`,
  );
  const summary =
    `${engine}: median ${medianNanosecondsPerGas} ns/gas, ` +
    `${flagged} of ${entries.length} above ${FLAGGED_TIMES} times that`;
  return [...rows, summary].join('\n');
}

const WIDTH = 760;
const LABEL_WIDTH = 220;
const ROW_HEIGHT = 14;
const HEAD_HEIGHT = 40;
const FINE = '#2563eb';
const FLAGGED = '#dc2626';

/** Bars on a logarithmic scale: a decade is as wide everywhere. */
export function gasChart(lines: readonly GasLine[]): string {
  const rows = lines.flatMap(({ engine, entries }) => entries.map((row) => ({ engine, row })));
  const values = rows.map(({ row }) => Math.max(row.nanosecondsPerGas, 1e-4));
  const low = Math.log10(Math.min(...values)) - 0.1;
  const span = Math.max(0.1, Math.log10(Math.max(...values)) - low);
  const height = HEAD_HEIGHT + rows.length * ROW_HEIGHT + 10;
  const bars = rows.map(({ engine, row }, index) => {
    const top = HEAD_HEIGHT + index * ROW_HEIGHT;
    const share = (Math.log10(Math.max(row.nanosecondsPerGas, 1e-4)) - low) / span;
    const length = Math.max(1, share * (WIDTH - LABEL_WIDTH - 80));
    const color = row.flagged ? FLAGGED : FINE;
    return (
      `<text x="${LABEL_WIDTH - 6}" y="${top + 10}" text-anchor="end">` +
      `${engine} ${row.name}</text>` +
      `<rect x="${LABEL_WIDTH}" y="${top}" width="${length.toFixed(1)}" height="11" ` +
      `fill="${color}"/>` +
      `<text x="${(LABEL_WIDTH + length + 4).toFixed(1)}" y="${top + 10}">` +
      `${row.nanosecondsPerGas}</text>`
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" ` +
      `viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="10">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="10" y="24" font-size="16">Nanoseconds per gas (logarithmic; red: above ` +
      `${FLAGGED_TIMES} times the median)</text>`,
    ...bars,
    '</svg>',
    '',
  ].join('\n');
}

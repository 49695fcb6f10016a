/**
 * The chart of `bench gas`: a bar for every instruction and precompile, the worst first, on a
 * logarithmic scale, with lines at the median and at what needs a reason; the reasons are below.
 */
import { FLAGGED_TIMES, type GasLine, type GasRow } from './table.js';

const WIDTH = 860;
const LABEL_WIDTH = 190;
const VALUE_WIDTH = 120;
const ROW_HEIGHT = 15;
const BAR_HEIGHT = 11;
const HEAD_HEIGHT = 62;
const LINE_HEIGHT = 14;
/** So many characters of the reasons' font fit a line. */
const REASON_COLUMNS = 140;
const FINE = '#2563eb';
const EXPLAINED = '#d97706';
const FLAGGED = '#dc2626';
/** Below any figure: an instruction that takes no time at all still has a place. */
const LOWEST = 1e-4;

export function gasChart(lines: readonly GasLine[]): string {
  const charts = lines.map(chartOf);
  let top = 0;
  const parts = charts.map(({ height, text }) => {
    const part = `<g transform="translate(0 ${top})">${text}</g>`;
    top += height;
    return part;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" ` +
      `viewBox="0 0 ${WIDTH} ${top}" font-family="sans-serif" font-size="11">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function chartOf({ engine, medianNanosecondsPerGas, entries }: GasLine) {
  const values = entries.map(({ nanosecondsPerGas }) => Math.max(nanosecondsPerGas, LOWEST));
  const threshold = medianNanosecondsPerGas * FLAGGED_TIMES;
  const low = Math.log10(Math.min(...values, medianNanosecondsPerGas)) - 0.1;
  const span = Math.max(0.1, Math.log10(Math.max(...values, threshold)) - low);
  const at = (value: number): number =>
    LABEL_WIDTH +
    ((Math.log10(Math.max(value, LOWEST)) - low) / span) * (WIDTH - LABEL_WIDTH - VALUE_WIDTH);
  const reasons = [...new Set(entries.flatMap(({ reason }) => reason ?? []))];
  const bottom = HEAD_HEIGHT + entries.length * ROW_HEIGHT;
  const notes = reasons.flatMap((reason, index) => wrapped(`(${index + 1}) ${reason}`));
  const text = [
    `<text x="10" y="22" font-size="16">${escaped(engine)}: nanoseconds per gas</text>`,
    `<text x="10" y="38">logarithmic; red: more than ${FLAGGED_TIMES} times the median without ` +
      'a reason; amber: with the reason below</text>',
    marker(at(medianNanosecondsPerGas), bottom, 'median'),
    marker(at(threshold), bottom, `${FLAGGED_TIMES}x`),
    ...entries.map((row, index) => barOf(row, HEAD_HEIGHT + index * ROW_HEIGHT, { at, reasons })),
    ...notes.map(
      (note, index) => `<text x="10" y="${bottom + (index + 1) * LINE_HEIGHT}">${note}</text>`,
    ),
  ].join('\n');
  return { height: bottom + notes.length * LINE_HEIGHT + 14, text };
}

interface Scale {
  readonly at: (value: number) => number;
  readonly reasons: readonly string[];
}

function barOf(row: GasRow, top: number, { at, reasons }: Scale): string {
  const end = at(row.nanosecondsPerGas);
  const length = Math.max(1, end - LABEL_WIDTH);
  const color = row.flagged ? FLAGGED : row.above ? EXPLAINED : FINE;
  const note = row.reason === null ? '' : ` (${reasons.indexOf(row.reason) + 1})`;
  return (
    `<text x="${LABEL_WIDTH - 6}" y="${top + 10}" text-anchor="end">${escaped(row.name)}</text>` +
    `<rect x="${LABEL_WIDTH}" y="${top}" width="${length.toFixed(1)}" height="${BAR_HEIGHT}" ` +
    `fill="${color}"/>` +
    `<text x="${(LABEL_WIDTH + length + 4).toFixed(1)}" y="${top + 10}">` +
    `${row.nanosecondsPerGas.toPrecision(3)}, ${row.timesMedian.toPrecision(2)}x${note}</text>`
  );
}

function marker(x: number, bottom: number, label: string): string {
  const place = x.toFixed(1);
  return (
    `<line x1="${place}" x2="${place}" y1="${HEAD_HEIGHT - 4}" y2="${bottom}" ` +
    `stroke="#9ca3af" stroke-dasharray="3 3"/>` +
    `<text x="${place}" y="${HEAD_HEIGHT - 8}" text-anchor="middle" fill="#4b5563">${label}</text>`
  );
}

function wrapped(text: string): string[] {
  const rows: string[] = [];
  let row = '';
  for (const word of text.split(' ')) {
    if (row.length + word.length + 1 > REASON_COLUMNS) {
      rows.push(escaped(row));
      row = '';
    }
    row = row === '' ? word : `${row} ${word}`;
  }
  return [...rows, escaped(row)];
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

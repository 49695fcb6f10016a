/**
 * A chart of lines as SVG: a bar of transactions a second for each run and each peer of it, and
 * below them the speed-ups against workers 0, where there are any.
 */
import type { BenchLine } from './report.js';

const WIDTH = 760;
const LABEL_WIDTH = 260;
const VALUE_WIDTH = 100;
const ROW_HEIGHT = 26;
const BAR_HEIGHT = 18;
const HEAD_HEIGHT = 40;
export const OURS = '#2563eb';
const THEIRS = '#9ca3af';

interface Bar {
  readonly label: string;
  readonly value: number;
  readonly text: string;
  readonly color: string;
}

interface Section {
  readonly title: string;
  readonly bars: readonly Bar[];
}

export function chartOf(lines: readonly BenchLine[]): string {
  const sections = [
    { title: 'Transactions a second', bars: speedsOf(lines) },
    { title: 'Speed-up against execution in order on one thread', bars: speedupsOf(lines) },
  ];
  return barChart(sections.filter(({ bars }) => bars.length > 0));
}

/** One section below the other; bars of a section share a scale. */
export function barChart(sections: readonly Section[]): string {
  const height = sections.reduce((sum, section) => sum + heightOf(section), 10);
  let top = 0;
  const drawn = sections.flatMap((section) => {
    const at = top;
    top += heightOf(section);
    return drawSection(section, at);
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" ` +
      `viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

/** Runs in their order; a peer once for each workload, after its runs. */
function speedsOf(lines: readonly BenchLine[]): Bar[] {
  const workloads = [...new Set(lines.map(({ workload }) => workload))];
  return workloads.flatMap((name) => {
    const runs = lines.filter(({ workload }) => workload === name);
    const peers = new Map(
      runs.flatMap(({ versus }) => Object.entries(versus).map(([peer, { tps }]) => [peer, tps])),
    );
    return [
      ...runs.map((run) => ({ ...speedOf(labelOf(run), run.tps), color: OURS })),
      ...[...peers].map(([peer, tps]) => ({ ...speedOf(`${name}, ${peer}`, tps), color: THEIRS })),
    ];
  });
}

function speedOf(label: string, tps: number): Omit<Bar, 'color'> {
  return { label, value: tps, text: tps.toLocaleString('en-US') };
}

function speedupsOf(lines: readonly BenchLine[]): Bar[] {
  return lines.flatMap((line) => {
    const { speedup } = line;
    if (speedup === undefined) return [];
    return [{ label: labelOf(line), value: speedup, text: `${speedup.toFixed(2)}x`, color: OURS }];
  });
}

function labelOf({ workload, engine, workers }: BenchLine): string {
  return `${workload}, ${engine}, ${workers} workers`;
}

function heightOf({ bars }: Section): number {
  return HEAD_HEIGHT + bars.length * ROW_HEIGHT;
}

function drawSection({ title, bars }: Section, top: number): string[] {
  const highest = bars.reduce((max, { value }) => Math.max(max, value), 1);
  return [
    `<text x="10" y="${top + 24}" font-size="16">${escaped(title)}</text>`,
    ...bars.map((bar, index) => drawBar(bar, top + HEAD_HEIGHT + index * ROW_HEIGHT, highest)),
  ];
}

function drawBar({ label, value, text, color }: Bar, top: number, highest: number): string {
  const length = Math.max(1, (value / highest) * (WIDTH - LABEL_WIDTH - VALUE_WIDTH));
  const baseline = top + BAR_HEIGHT - 4;
  return [
    `<text x="${LABEL_WIDTH - 8}" y="${baseline}" text-anchor="end">${escaped(label)}</text>`,
    `<rect x="${LABEL_WIDTH}" y="${top}" width="${length.toFixed(1)}" height="${BAR_HEIGHT}" ` +
      `fill="${color}"/>`,
    `<text x="${(LABEL_WIDTH + length + 6).toFixed(1)}" y="${baseline}">${escaped(text)}</text>`,
  ].join('');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

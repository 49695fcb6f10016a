/** A chart of lines as SVG: a bar of transactions a second for each run and each peer of it. */
import type { BenchLine } from './report.js';

const WIDTH = 760;
const LABEL_WIDTH = 260;
const VALUE_WIDTH = 100;
const ROW_HEIGHT = 26;
const BAR_HEIGHT = 18;
const HEAD_HEIGHT = 40;
const OURS = '#2563eb';
const THEIRS = '#9ca3af';

interface Bar {
  readonly label: string;
  readonly tps: number;
  readonly color: string;
}

export function chartOf(lines: readonly BenchLine[]): string {
  const bars = barsOf(lines);
  const highest = bars.reduce((max, { tps }) => Math.max(max, tps), 1);
  const height = HEAD_HEIGHT + bars.length * ROW_HEIGHT + 10;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" ` +
      `viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="10" y="24" font-size="16">Transactions a second</text>`,
    ...bars.map((bar, index) => barOf(bar, HEAD_HEIGHT + index * ROW_HEIGHT, highest)),
    '</svg>',
    '',
  ].join('\n');
}

/** Runs in their order; a peer once for each workload, after its runs. */
function barsOf(lines: readonly BenchLine[]): Bar[] {
  const workloads = [...new Set(lines.map(({ workload }) => workload))];
  return workloads.flatMap((name) => {
    const runs = lines.filter(({ workload }) => workload === name);
    const peers = new Map(
      runs.flatMap(({ versus }) => Object.entries(versus).map(([peer, { tps }]) => [peer, tps])),
    );
    return [
      ...runs.map(({ engine, workers, tps }) => ({
        label: `${name}, ${engine}, ${workers} workers`,
        tps,
        color: OURS,
      })),
      ...[...peers].map(([peer, tps]) => ({ label: `${name}, ${peer}`, tps, color: THEIRS })),
    ];
  });
}

function barOf({ label, tps, color }: Bar, top: number, highest: number): string {
  const length = Math.max(1, (tps / highest) * (WIDTH - LABEL_WIDTH - VALUE_WIDTH));
  const baseline = top + BAR_HEIGHT - 4;
  return [
    `<text x="${LABEL_WIDTH - 8}" y="${baseline}" text-anchor="end">${escaped(label)}</text>`,
    `<rect x="${LABEL_WIDTH}" y="${top}" width="${length.toFixed(1)}" height="${BAR_HEIGHT}" ` +
      `fill="${color}"/>`,
    `<text x="${(LABEL_WIDTH + length + 6).toFixed(1)}" y="${baseline}">` +
      `${tps.toLocaleString('en-US')}</text>`,
  ].join('');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

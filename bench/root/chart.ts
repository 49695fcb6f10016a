/** Charts of the state root as SVG: updates a second, and the curve of cost against size. */
import type { GrowthLine, RootLine } from './line.js';

const WIDTH = 820;
const LABEL_WIDTH = 320;
const ROW_HEIGHT = 26;
const BAR_HEIGHT = 18;
const HEAD_HEIGHT = 40;
const OURS = '#2563eb';
const THEIRS = '#9ca3af';

/** Ours of this run, and below what others published. */
export function rootChart(lines: readonly RootLine[]): string {
  const bars = [
    ...lines.map(({ keys, threads, batch, updatesPerSecond }) => ({
      label: `${shortened(keys)} keys, threads: ${threads}, batch: ${batch}`,
      value: updatesPerSecond,
      color: OURS,
    })),
    ...(lines[0]?.published ?? []).map(({ name, updatesPerSecond, hardware }) => ({
      label: `${name}, published (${hardware.slice(0, 24)})`,
      value: updatesPerSecond,
      color: THEIRS,
    })),
  ];
  const highest = Math.max(1, ...bars.map(({ value }) => value));
  const rows = bars.map(({ label, value, color }, index) => {
    const top = HEAD_HEIGHT + index * ROW_HEIGHT;
    const length = Math.max(1, (value / highest) * (WIDTH - LABEL_WIDTH - 100));
    return (
      `<text x="${LABEL_WIDTH - 8}" y="${top + 14}" text-anchor="end">${escaped(label)}</text>` +
      `<rect x="${LABEL_WIDTH}" y="${top}" width="${length.toFixed(1)}" ` +
      `height="${BAR_HEIGHT}" fill="${color}"/>` +
      `<text x="${(LABEL_WIDTH + length + 6).toFixed(1)}" y="${top + 14}">` +
      `${value.toLocaleString('en-US')}</text>`
    );
  });
  const height = HEAD_HEIGHT + bars.length * ROW_HEIGHT + 10;
  return framed(height, 'State root updates a second', rows);
}

type CostOf = (line: GrowthLine) => number;

const MARK_WIDTH = 30;
const PLOT = { left: 70, top: 50, width: 660, height: 300 };

/** Nanoseconds an update over keys on a logarithmic scale: a straight line is log n. */
export function growthChart(lines: readonly GrowthLine[]): string {
  const highest = Math.max(
    1,
    ...lines.flatMap((line) => [line.cpuNanosecondsPerUpdate, line.cpuNanosecondsPerInsert]),
  );
  const first = Math.log10(lines[0]?.keys ?? 1);
  const span = Math.max(0.1, Math.log10(lines.at(-1)?.keys ?? 10) - first);
  const x = (keys: number): number => PLOT.left + ((Math.log10(keys) - first) / span) * PLOT.width;
  const y = (value: number): number => PLOT.top + PLOT.height * (1 - value / highest);
  /** Its name is so far below its end. */
  const curve = (costOf: CostOf, color: string, [name, below]: [string, number]): string => {
    const points = lines.map((line) => `${x(line.keys).toFixed(1)},${y(costOf(line)).toFixed(1)}`);
    const last = lines.at(-1);
    const end = last === undefined ? 0 : y(costOf(last));
    return (
      `<polyline points="${points.join(' ')}" fill="none" stroke="${color}" stroke-width="2"/>` +
      `<text x="${PLOT.left + PLOT.width - 4}" y="${(end + below).toFixed(1)}" text-anchor="end" ` +
      `fill="${color}">${name}</text>`
    );
  };
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = y(share * highest).toFixed(1);
    return (
      `<line x1="${PLOT.left}" x2="${PLOT.left + PLOT.width}" y1="${at}" y2="${at}" ` +
      `stroke="#e5e7eb"/><text x="${PLOT.left - 8}" y="${at}" text-anchor="end">` +
      `${Math.round(share * highest)} ns</text>`
    );
  });
  // Where two would lie over each other the larger one is said.
  const apart = (a: number, b: number | undefined) => b === undefined || x(b) - x(a) > MARK_WIDTH;
  const marked = lines.filter(({ keys }, index) => apart(keys, lines[index + 1]?.keys));
  const sizes = marked.map(
    ({ keys }) =>
      `<text x="${x(keys).toFixed(1)}" y="${PLOT.top + PLOT.height + 20}" font-size="11" ` +
      `text-anchor="middle">${shortened(keys)}</text>`,
  );
  return framed(PLOT.top + PLOT.height + 40, 'CPU time an update by keys in the state', [
    ...grid,
    ...sizes,
    curve((line) => line.cpuNanosecondsPerUpdate, OURS, ['update, batches of 2,000', 100]),
    curve((line) => line.cpuNanosecondsPerInsert, '#d97706', ['new key, blocks of 2,000', -8]),
  ]);
}

function shortened(keys: number): string {
  return keys >= 1e6 ? `${keys / 1e6}M` : `${keys / 1e3}k`;
}

function framed(height: number, title: string, content: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" ` +
      `viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="10" y="24" font-size="16">${title}</text>`,
    ...content,
    '</svg>',
    '',
  ].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

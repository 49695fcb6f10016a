/** The chart of `bench scaling` as SVG: curves as predicted, dots as measured. */
import type { ScalingLine } from './line.js';

const WIDTH = 760;
const HEIGHT = 420;
const PLOT = { left: 50, top: 50, width: 520, height: 310 };
const COLORS = ['#2563eb', '#d97706', '#059669', '#dc2626', '#7c3aed', '#4b5563'];

export function scalingChart(lines: readonly ScalingLine[]): string {
  const most = Math.max(1, ...lines.flatMap(({ curve }) => curve.map(({ workers }) => workers)));
  const highest = Math.max(1, ...lines.flatMap(({ curve }) => curve.map((point) => point.speedup)));
  const x = (workers: number): string => (PLOT.left + (workers / most) * PLOT.width).toFixed(1);
  const y = (speedup: number): string =>
    (PLOT.top + PLOT.height * (1 - speedup / (1.05 * highest))).toFixed(1);
  const marks = Array.from({ length: Math.ceil(highest) }, (_, index) => index + 1);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" ` +
      `viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    '<rect width="100%" height="100%" fill="white"/>',
    '<text x="10" y="24" font-size="16">Speed-up by workers: predicted with a core each ' +
      `(curves), measured on ${lines[0]?.cores ?? 0} cores (dots)</text>`,
    ...marks.map(
      (mark) =>
        `<line x1="${PLOT.left}" x2="${PLOT.left + PLOT.width}" y1="${y(mark)}" y2="${y(mark)}" ` +
        `stroke="#e5e7eb"/><text x="${PLOT.left - 6}" y="${y(mark)}" text-anchor="end">` +
        `${mark}x</text>`,
    ),
    ...[1, 2, 4, 8, 12, 16]
      .filter((workers) => workers <= most)
      .map(
        (workers) =>
          `<text x="${x(workers)}" y="${PLOT.top + PLOT.height + 18}" text-anchor="middle">` +
          `${workers}</text>`,
      ),
    ...lines.flatMap(({ load, engine, curve, runs }, index) => {
      const color = COLORS[index % COLORS.length];
      const points = curve.map(({ workers, speedup }) => `${x(workers)},${y(speedup)}`);
      const top = PLOT.top + 14 + index * 20;
      return [
        `<polyline points="${points.join(' ')}" fill="none" stroke="${color}" stroke-width="2"/>`,
        ...runs.map(
          ({ workers, measured }) =>
            `<circle cx="${x(workers)}" cy="${y(measured)}" r="4" fill="${color}"/>`,
        ),
        `<text x="${PLOT.left + PLOT.width + 14}" y="${top}" fill="${color}">` +
          `${load}, ${engine}</text>`,
      ];
    }),
    '</svg>',
    '',
  ].join('\n');
}

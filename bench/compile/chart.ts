/** The chart of `bench compile` as SVG: time over length, both as logarithms, a panel a tier. */
import { fitsOf, pointsOf } from './fit.js';
import type { CompileLine, Measure, TierNumber } from './line.js';

const WIDTH = 760;
const HEIGHT = 420;
const PANEL = { top: 60, width: 300, height: 300 };
const LEFTS: Readonly<Record<TierNumber, number>> = { 1: 60, 2: 420 };
const X = { min: 1, max: 24, marks: [1, 2, 4, 8, 16, 24] };
const Y = { min: 0.3, max: 10_000, marks: [1, 10, 100, 1_000] };
const CURVES: readonly (readonly [Measure, string, string])[] = [
  ['optimise', '#d97706', "V8's optimising compiler, whole module"],
  ['baseline', '#9ca3af', "V8's baseline compiler, whole module"],
  ['compile', '#2563eb', 'our compiler'],
];

export function compileChart(lines: readonly CompileLine[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" ` +
      `viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    '<rect width="100%" height="100%" fill="white"/>',
    '<text x="10" y="24" font-size="16">Processor time to compile a contract</text>',
    ...CURVES.map(([, color, name], index) => {
      const x = 20 + index * 262;
      return (
        `<circle cx="${x}" cy="395" r="4" fill="${color}"/>` +
        `<text x="${x + 9}" y="399">${name}</text>`
      );
    }),
    ...([1, 2] as const).flatMap((tier) => panelOf(lines, tier)),
    '</svg>',
    '',
  ].join('\n');
}

function panelOf(lines: readonly CompileLine[], tier: TierNumber): string[] {
  const left = LEFTS[tier];
  const taken = lines.filter((line) => line.tier === tier && line.wasmBytes !== null).length;
  const of = lines.filter((line) => line.tier === tier).length;
  return [
    `<text x="${left}" y="${PANEL.top - 10}">Tier ${tier}: ${taken} of ${of} codes</text>`,
    ...gridOf(left),
    ...CURVES.flatMap(([measure, color]) => dotsOf({ lines, tier, measure, color })),
    ...summaryOf(lines, tier),
  ];
}

function gridOf(left: number): string[] {
  const bottom = PANEL.top + PANEL.height;
  const rows = Y.marks.map((ms) => {
    const at = yOf(ms).toFixed(1);
    return (
      `<line x1="${left}" x2="${left + PANEL.width}" y1="${at}" y2="${at}" stroke="#e5e7eb"/>` +
      `<text x="${left - 6}" y="${at}" text-anchor="end">${ms} ms</text>`
    );
  });
  const columns = X.marks.map(
    (kilobytes) =>
      `<text x="${(left + xOf(kilobytes)).toFixed(1)}" y="${bottom + 16}" text-anchor="middle">` +
      `${kilobytes}${kilobytes === X.max ? ' KB' : ''}</text>`,
  );
  return [...rows, ...columns];
}

interface Dots {
  readonly lines: readonly CompileLine[];
  readonly tier: TierNumber;
  readonly measure: Measure;
  readonly color: string;
}

/** A dot for every code, an empty one where the tier does not take it. */
function dotsOf({ lines, tier, measure, color }: Dots): string[] {
  return pointsOf(lines, tier, measure).map(
    ({ kilobytes, value, isTaken }) =>
      `<circle cx="${(LEFTS[tier] + xOf(kilobytes)).toFixed(1)}" cy="${yOf(value).toFixed(1)}" ` +
      `r="3" fill="${isTaken ? color : 'none'}" stroke="${color}" fill-opacity="0.7"/>`,
  );
}

/** What can be said of all, in the corner where short codes would have to be slow. */
function summaryOf(lines: readonly CompileLine[], tier: TierNumber): string[] {
  const fits = fitsOf(lines).filter((fit) => fit.tier === tier);
  return CURVES.flatMap(([measure, color], index) => {
    const fit = fits.find((each) => each.measure === measure);
    if (fit === undefined) return [];
    const y = PANEL.top + 14 + 16 * index;
    const { medianPerKb, exponent, max } = fit;
    return [
      `<text x="${LEFTS[tier] + 4}" y="${y}" fill="${color}">median ${medianPerKb} ms a KB, ` +
        `length^${exponent}, most ${max.value} ms</text>`,
    ];
  });
}

function xOf(kilobytes: number): number {
  return PANEL.width * share(kilobytes, X);
}

function yOf(milliseconds: number): number {
  return PANEL.top + PANEL.height * (1 - share(milliseconds, Y));
}

function share(
  value: number,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const clamped = Math.min(max, Math.max(min, value));
  return Math.log(clamped / min) / Math.log(max / min);
}

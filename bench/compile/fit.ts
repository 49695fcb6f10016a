/** Whether a measure is linear in the length of code: least squares over logarithms. */
import { round } from '../report.js';
import {
  type CompileFitLine,
  type CompileLine,
  MEASURES,
  type Measure,
  type TierNumber,
} from './line.js';

/** Twice the length may take 2.3 times as much, and the dearest KB four times the median. */
const EXPONENT_MAX = 1.2;
const WORST_MAX = 4;
const KB = 1_024;

const VALUE_OF: Readonly<Record<Measure, (line: CompileLine) => number | null>> = {
  compile: (line) => line.compileMs,
  wasm: (line) => (line.wasmBytes === null ? null : line.wasmBytes / KB),
  baseline: (line) => line.baselineMs,
  optimise: (line) => line.optimiseMs,
  whole: (line) => (line.optimiseMs === null ? null : line.compileMs + line.optimiseMs),
};

interface Point {
  /** false where the tier does not take the code. */
  readonly isTaken: boolean;
  readonly contract: string;
  readonly kilobytes: number;
  readonly value: number;
}

/** Of each tier and measure that has at least two codes that the tier takes. */
export function fitsOf(lines: readonly CompileLine[]): CompileFitLine[] {
  return ([1, 2] as const).flatMap((tier) =>
    MEASURES.flatMap((measure) => {
      const points = pointsOf(lines, tier, measure);
      const takenCount = points.filter(({ isTaken }) => isTaken).length;
      return takenCount < 2 ? [] : [fitOf(points, tier, measure)];
    }),
  );
}

export function pointsOf(
  lines: readonly CompileLine[],
  tier: TierNumber,
  measure: Measure,
): Point[] {
  return lines
    .filter((line) => line.tier === tier)
    .flatMap((line) => {
      const value = VALUE_OF[measure](line);
      const { contract, codeBytes, wasmBytes } = line;
      const isTaken = wasmBytes !== null;
      return value === null ? [] : [{ isTaken, contract, kilobytes: codeBytes / KB, value }];
    });
}

function fitOf(all: readonly Point[], tier: TierNumber, measure: Measure): CompileFitLine {
  const points = all.filter(({ isTaken }) => isTaken);
  const perKb = ({ value, kilobytes }: Point): number => value / kilobytes;
  const sorted = points.map(perKb).sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1]!;
  const worst = points.reduce((most, each) => (perKb(each) > perKb(most) ? each : most));
  const max = all.reduce((most, each) => (each.value > most.value ? each : most));
  const exponent = exponentOf(points);
  const timesMedian = perKb(worst) / median;
  return {
    workload: 'compile-fit',
    tier,
    measure,
    unit: measure === 'wasm' ? 'KB' : 'ms',
    contracts: points.length,
    exponent: round(exponent, 3),
    medianPerKb: round(median, 3),
    worst: { contract: worst.contract, timesMedian: round(timesMedian, 2) },
    max: { contract: max.contract, value: round(max.value, 1) },
    isLinear: exponent <= EXPONENT_MAX && timesMedian <= WORST_MAX,
  };
}

/** Slope of the line through (log KB, log value) with the least squares. */
function exponentOf(points: readonly Point[]): number {
  const xs = points.map(({ kilobytes }) => Math.log(kilobytes));
  const ys = points.map(({ value }) => Math.log(value));
  const mean = (of: readonly number[]): number => of.reduce((sum, each) => sum + each) / of.length;
  const [x, y] = [mean(xs), mean(ys)];
  const along = xs.reduce((sum, each, index) => sum + (each - x) * (ys[index]! - y), 0);
  return along / xs.reduce((sum, each) => sum + (each - x) ** 2, 0);
}

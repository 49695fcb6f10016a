/** What `bench compile` reports: a line a code and tier, then a line a tier and measure. */

/** `whole`: our compiler and then V8's optimiser, from EVM code to its best machine code. */
export const MEASURES = ['compile', 'wasm', 'baseline', 'optimise', 'whole'] as const;
export type Measure = (typeof MEASURES)[number];

export type TierNumber = 1 | 2;

export interface CompileLine {
  readonly workload: 'compile';
  readonly contract: string;
  readonly tier: TierNumber;
  readonly codeBytes: number;
  /** Of our compiler: processor time, the median of some runs and the longest of all. */
  readonly compileMs: number;
  readonly compileMsMax: number;
  /** null where the tier does not take the code: `compileMs` is what it took to say so. */
  readonly wasmBytes: number | null;
  /** Of V8 for the whole module, processor time; null where there is none or it was not done. */
  readonly baselineMs: number | null;
  readonly optimiseMs: number | null;
}

/** How a measure grows with a code's length, over the codes that the tier takes. */
export interface CompileFitLine {
  readonly workload: 'compile-fit';
  readonly tier: TierNumber;
  readonly measure: Measure;
  readonly unit: 'ms' | 'KB';
  readonly contracts: number;
  /** Of the power of the length that fits best, by logarithms: 1 is linear. */
  readonly exponent: number;
  readonly medianPerKb: number;
  /** That which is dearest per KB, as many times the median. */
  readonly worst: { readonly contract: string; readonly timesMedian: number };
  /** That which takes most, whether the tier takes the code in the end or not. */
  readonly max: { readonly contract: string; readonly value: number };
  /** Exponent and worst within fit.ts's bounds. */
  readonly isLinear: boolean;
}

export function isCompileLine(line: { readonly workload: string }): line is CompileLine {
  return line.workload === 'compile';
}

export function isCompileFitLine(line: { readonly workload: string }): line is CompileFitLine {
  return line.workload === 'compile-fit';
}

export function compileRow(line: CompileLine): string {
  const { contract, tier, codeBytes, compileMs, wasmBytes, baselineMs, optimiseMs } = line;
  const length = codeBytes.toLocaleString('en-US').padStart(7);
  const head = `${contract.padEnd(52)} ${length} B, tier ${tier}`;
  const ours = `${compileMs.toFixed(1).padStart(8)} ms`;
  if (wasmBytes === null) return `${head}:${ours}, not taken`;
  const wasm = `${(wasmBytes / 1_024).toFixed(0).padStart(5)} KB Wasm`;
  return `${head}:${ours}, ${wasm}, baseline ${shown(baselineMs)}, optimised ${shown(optimiseMs)}`;
}

function shown(milliseconds: number | null): string {
  return milliseconds === null ? 'not done' : `${milliseconds.toFixed(1)} ms`;
}

export function compileFitRow(line: CompileFitLine): string {
  const { tier, measure, unit, contracts, exponent, medianPerKb, worst, max, isLinear } = line;
  return [
    `tier ${tier}, ${measure} (${contracts} codes): ${isLinear ? 'linear' : 'NOT LINEAR'}, `,
    `length to the power of ${exponent}, median ${medianPerKb} ${unit} a KB, `,
    `worst ${worst.timesMedian}x that (${worst.contract}), `,
    `most ${max.value} ${unit} (${max.contract})`,
  ].join('');
}

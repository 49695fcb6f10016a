/**
 * `bench compile`: what each tier takes to compile real contracts, and what V8 then takes to make
 * machine code of the module, at first (baseline) and in the end (optimised), in processor time.
 */
import type { Clock } from '../../state/base/ports.js';
import { opcodesOf } from '../../workers/compiler/blocks.js';
import { compileTier1 } from '../../workers/compiler/tier1.js';
import { compileTier2 } from '../../workers/compiler/tier2.js';
import { round } from '../report.js';
import { fitsOf } from './fit.js';
import type { CompileFitLine, CompileLine, TierNumber } from './line.js';
import type { CompileSubject } from './subjects.js';
import { processorMs, timesOf } from './times.js';
import { V8Process } from './v8.js';

/** Of the memory that modules import: the same code for every number. */
const MEMORY_PAGES = 4_096;
const OPCODES = opcodesOf('osaka');
const TIERS: readonly TierNumber[] = [1, 2];

export interface CompileTools {
  readonly clock: Clock;
  /** Says what is being measured. */
  readonly progress: (text: string) => void;
}

type V8Pair = Readonly<Record<'baseline' | 'optimise', V8Process>>;

/**
 * Shortest code first, each in both tiers, then what can be said of all.
 */
export async function* measureCompile(
  subjects: readonly CompileSubject[],
  { clock, progress }: CompileTools,
): AsyncGenerator<CompileLine | CompileFitLine> {
  const lines: CompileLine[] = [];
  const v8: V8Pair = {
    baseline: new V8Process('baseline', clock),
    optimise: new V8Process('optimise', clock),
  };
  try {
    const firstMs = await warmUp(subjects, v8);
    for (const subject of subjects) {
      for (const tier of TIERS) {
        progress(`compile: ${subject.name}, tier ${tier}`);
        const line = await lineOf(subject, tier, v8);
        const max = Math.max(line.compileMsMax, firstMs.get(subject)?.[tier] ?? 0);
        lines.push({ ...line, compileMsMax: round(max, 2) });
        yield lines.at(-1)!;
      }
    }
    yield* fitsOf(lines);
  } finally {
    v8.baseline.stop();
    v8.optimise.stop();
  }
}

/** Everything once, so that V8 knows our compiler. @returns milliseconds that it took then */
async function warmUp(
  subjects: readonly CompileSubject[],
  v8: V8Pair,
): Promise<Map<CompileSubject, Record<TierNumber, number>>> {
  const smallest = compileWith(1, subjects[0]!.code);
  if (smallest !== null) {
    await v8.baseline.compile(smallest);
    await v8.optimise.compile(smallest);
  }
  const once = (tier: TierNumber, code: Uint8Array): number =>
    processorMs(() => compileWith(tier, code));
  return new Map(
    subjects.map((subject) => [subject, { 1: once(1, subject.code), 2: once(2, subject.code) }]),
  );
}

function compileWith(tier: TierNumber, code: Uint8Array): Uint8Array | null {
  return (tier === 1 ? compileTier1 : compileTier2)(code, OPCODES, MEMORY_PAGES);
}

async function lineOf(
  { name, code }: CompileSubject,
  tier: TierNumber,
  v8: V8Pair,
): Promise<CompileLine> {
  let wasm: Uint8Array | null = null;
  const ours = timesOf(() =>
    processorMs(() => {
      wasm = compileWith(tier, code);
    }),
  );
  const made = wasm as Uint8Array | null;
  return {
    workload: 'compile',
    contract: name,
    tier,
    codeBytes: code.length,
    compileMs: round(ours.medianMs, 2),
    compileMsMax: ours.maxMs,
    wasmBytes: made?.length ?? null,
    baselineMs: await machineMs(v8.baseline, made),
    optimiseMs: await machineMs(v8.optimise, made),
  };
}

async function machineMs(process: V8Process, wasm: Uint8Array | null): Promise<number | null> {
  const times = wasm === null ? null : await process.compile(wasm);
  return times === null ? null : round(times.medianMs, 2);
}

/**
 * `bench compile`: what each tier takes to compile real contracts, and what V8 then takes to make
 * machine code of the module, at first (baseline) and in the end (optimised), in processor time.
 */
import { builtUrl } from '../../state/base/built.js';
import type { Clock } from '../../state/base/ports.js';
import { TaskPool } from '../../workers/pool.js';
import { COMPILER_HEAP } from '../../workers/tiering/translator.js';
import { round } from '../report.js';
import { fitsOf } from './fit.js';
import type { CompileFitLine, CompileLine, TierNumber } from './line.js';
import type { CompileSubject } from './subjects.js';
import type { CompileTimes, CompileTimesTask } from './task.js';
import { V8Process } from './v8.js';

const TIERS: readonly TierNumber[] = [1, 2];

export interface CompileTools {
  readonly clock: Clock;
  /** Says what is being measured. */
  readonly progress: (text: string) => void;
}

interface Compilers {
  /** Our own. */
  readonly thread: TaskPool;
  readonly baseline: V8Process;
  readonly optimise: V8Process;
}

/**
 * Shortest code first, each in both tiers, then what can be said of all.
 */
export async function* measureCompile(
  subjects: readonly CompileSubject[],
  { clock, progress }: CompileTools,
): AsyncGenerator<CompileLine | CompileFitLine> {
  const lines: CompileLine[] = [];
  const entry = builtUrl('bench/compile/task.js').href;
  const compilers: Compilers = {
    thread: new TaskPool({ threads: 1, ...COMPILER_HEAP, entry }),
    baseline: new V8Process('baseline', clock),
    optimise: new V8Process('optimise', clock),
  };
  try {
    const firstMs = await warmUp(subjects, compilers);
    for (const subject of subjects) {
      for (const tier of TIERS) {
        progress(`compile: ${subject.name}, tier ${tier}`);
        const line = await lineOf(subject, tier, compilers);
        const max = Math.max(line.compileMsMax, firstMs.get(subject)?.[tier] ?? 0);
        lines.push({ ...line, compileMsMax: round(max, 2) });
        yield lines.at(-1)!;
      }
    }
    yield* fitsOf(lines);
  } finally {
    compilers.baseline.stop();
    compilers.optimise.stop();
    await compilers.thread.end();
  }
}

/** Everything once, so that V8 knows our compiler. @returns milliseconds that it took then */
async function warmUp(
  subjects: readonly CompileSubject[],
  compilers: Compilers,
): Promise<Map<CompileSubject, Record<TierNumber, number>>> {
  const { thread, baseline, optimise } = compilers;
  const firstMs = new Map<CompileSubject, Record<TierNumber, number>>();
  for (const subject of subjects) {
    const once = async (tier: TierNumber): Promise<CompileTimes> =>
      await compileWith(thread, { tier, code: subject.code, isFirst: true });
    const [{ times, wasm }, second] = [await once(1), await once(2)];
    if (firstMs.size === 0 && wasm !== null) {
      await baseline.compile(wasm);
      await optimise.compile(wasm);
    }
    firstMs.set(subject, { 1: times.maxMs, 2: second.times.maxMs });
  }
  return firstMs;
}

function compileWith(thread: TaskPool, task: CompileTimesTask): Promise<CompileTimes> {
  return thread.run<CompileTimes>('timeCompile', task);
}

async function lineOf(
  { name, code }: CompileSubject,
  tier: TierNumber,
  { thread, baseline, optimise }: Compilers,
): Promise<CompileLine> {
  const { times, wasm } = await compileWith(thread, { tier, code, isFirst: false });
  return {
    workload: 'compile',
    contract: name,
    tier,
    codeBytes: code.length,
    compileMs: round(times.medianMs, 2),
    compileMsMax: times.maxMs,
    wasmBytes: wasm?.length ?? null,
    baselineMs: await machineMs(baseline, wasm),
    optimiseMs: await machineMs(optimise, wasm),
  };
}

async function machineMs(process: V8Process, wasm: Uint8Array | null): Promise<number | null> {
  const times = wasm === null ? null : await process.compile(wasm);
  return times === null ? null : round(times.medianMs, 2);
}

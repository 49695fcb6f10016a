/** In a thread with the heap that a node gives its compiler: what one tier takes for one code. */
import { opcodesOf } from '../../workers/compiler/blocks.js';
import { compileTier1 } from '../../workers/compiler/tier1.js';
import { compileTier2 } from '../../workers/compiler/tier2.js';
import type { TierNumber } from './line.js';
import { processorMs, type Times, timesOf } from './times.js';

/** Of the memory that modules import: the same code for every number. */
const MEMORY_PAGES = 4_096;
const OPCODES = opcodesOf('osaka');

export interface CompileTimesTask {
  readonly tier: TierNumber;
  readonly code: Uint8Array;
  /** Only once: the first time. */
  readonly isFirst: boolean;
}

export interface CompileTimes {
  readonly times: Times;
  /** null where the tier refuses the code. */
  readonly wasm: Uint8Array | null;
}

export function timeCompile({ tier, code, isFirst }: CompileTimesTask): CompileTimes {
  const compile = tier === 1 ? compileTier1 : compileTier2;
  let wasm: Uint8Array | null = null;
  const run = (): number =>
    processorMs(() => {
      wasm = compile(code, OPCODES, MEMORY_PAGES);
    });
  if (!isFirst) return { times: timesOf(run), wasm };
  const firstMs = run();
  return { times: { medianMs: firstMs, maxMs: firstMs }, wasm };
}

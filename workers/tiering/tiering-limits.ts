/**
 * Bounds of tiering, with where each comes from. Measured on codes of OpenZeppelin and Uniswap: a
 * KB of code takes 11 ms of translation into tier 2 and 8 ms of CPU in V8's baseline compiler;
 * compiled it spends a Mgas 0.1 ms (a token), 0.5 ms (a swap) or 1.3 ms (a loop of arithmetic)
 * sooner than interpreted.
 */
import { KIB, MIB } from '../../state/base/limits.js';

export interface TieringLimits {
  /** A code is compiled when it has spent so much gas. */
  readonly gasBase: number;
  readonly gasPerByte: number;
  /** Less stays with the thread that counted it until it is more. */
  readonly gasNoted: number;
  /** Codes that are compiled, and the bytes of their modules. */
  readonly codesMax: number;
  readonly bytesMax: number;
  /** Codes whose use is remembered. */
  readonly trackedMax: number;
  /** What was spent so long ago counts half. */
  readonly halfLifeMs: number;
  /** Before a code that was evicted or failed is looked at again; doubled with each failure. */
  readonly retryMs: number;
  /** Wall time of one translation; then process and thread are ended. */
  readonly deadlineMs: number;
  readonly deadlineMsPerKib: number;
  /**
   * So long idle cores are waited for; then it shares them, at a low priority, from there on. 0: at
   * once.
   */
  readonly idleMs: number;
  /** Rest after a compilation, as a part of its time. */
  readonly rest: number;
  /** Uses are read so often at most. */
  readonly lookMs: number;
}

export const TIERING_LIMITS: TieringLimits = {
  // Thread, message and instances cost about 2 ms whatever the size.
  gasBase: 2_000_000,
  // What 19 ms a KB buy back at 1.2 ms a Mgas: the least that can ever pay.
  gasPerByte: 16_000,
  // Most codes of a block run once.
  gasNoted: 100_000,
  codesMax: 1_024,
  bytesMax: 32 * MIB,
  // As many codes as the threads' tables have lines, some times over.
  trackedMax: 8_192,
  halfLifeMs: 60_000,
  retryMs: 60_000,
  // Fifty times what is usual: at a low priority on busy cores, and it may have to be started.
  deadlineMs: 20_000,
  deadlineMsPerKib: 1_000,
  // Most take 0.1 s, the start included. Where no core is idle for so long, none will be soon.
  idleMs: 2_000,
  // A tenth of a core: who compiles is idle, but caches and V8's own threads are shared.
  rest: 9,
  // A look takes some 10 us a thread.
  lookMs: 20,
};

/** Gas after which a code of this length is compiled. */
export function gasToCompile(limits: TieringLimits, codeBytes: number): number {
  return limits.gasBase + limits.gasPerByte * codeBytes;
}

export function deadlineOf(limits: TieringLimits, codeBytes: number): number {
  return limits.deadlineMs + (limits.deadlineMsPerKib * codeBytes) / KIB;
}

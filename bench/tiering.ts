/** What the engine `auto` made of the codes of a run, as a report shows it. */
import type { Tiering } from '../workers/tiering/tiering.js';
import { round } from './report.js';

export interface TieringFigures {
  readonly tier1: number;
  readonly tier2: number;
  /** Refused, for whatever reason. */
  readonly refused: number;
  readonly evicted: number;
  /** Of the modules of codes that are compiled at the end. */
  readonly bytes: number;
  readonly compileMs: number;
  /** Gas that was run compiled, as a part of all. */
  readonly gasShare: number;
}

/** Sums over the life of an executor; null where it has another engine. */
export function tieringFigures(tiering: Tiering | null): TieringFigures | null {
  if (tiering === null) return null;
  const { counts, size, uses } = tiering;
  const { tier1, tier2, evicted, compileMs, limits, time, failed, room } = counts;
  return {
    tier1,
    tier2,
    refused: limits + time + failed + room,
    evicted,
    bytes: size.bytes,
    compileMs: round(compileMs, 3),
    gasShare: round(uses.compiledShare, 4),
  };
}

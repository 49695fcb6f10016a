/**
 * The ways that transactions can be run through the program, by the name that `--path` takes. Each
 * times what it counts by itself: making its input is never part of it. A path that goes through
 * more of the program takes `raws`, one that begins at execution takes `records`.
 */
import type { Clock } from '../state/base/ports.js';
import type { Counts } from '../workers/batch.js';
import type { Tiering } from '../workers/tiering/tiering.js';
import type { AllocEntry } from './chain.js';
import { startExecuteRunner } from './execute.js';
import { startWholeRunner } from './whole.js';

export interface Batch {
  /** Signed transactions, and the records decoded from them, in the same order. */
  readonly raws: readonly Uint8Array[];
  readonly records: readonly Uint8Array[];
}

export interface BatchFigures {
  readonly milliseconds: number;
  /** User and system time of the whole process. */
  readonly cpuMilliseconds: number;
  readonly gas: number;
  /** What the workers counted. */
  readonly counts: Counts;
  /** Times that worker threads had to be replaced. */
  readonly restarts: number;
  /** Milliseconds of parts that the path can tell apart, by name. */
  readonly stages: Readonly<Record<string, number>>;
}

/** Runs batch after batch on one state. */
export interface Runner {
  /** @throws DeltacastError TX_INVALID where a transaction does not succeed: nothing is counted */
  run(batch: Batch): Promise<BatchFigures>;
  /** Ends what goes on behind the batches; timed like one. */
  finish(): Promise<BatchFigures>;
  /**
   * The state to which `rewind` goes back is that of now. Resolves when what the beginning has set
   * going (spare threads, compiling) is over.
   */
  mark(): Promise<void>;
  /** Takes everything since `mark` back. @returns false where only a new runner can */
  rewind(): boolean;
  /** A hash of all state, for comparing runs that must give the same. */
  digest(): string;
  /** Of the engine `auto`; null with others. */
  readonly tiering: Tiering | null;
  stop(): Promise<void>;
}

export interface RunnerOptions {
  readonly engine: string;
  readonly workers: number;
  readonly alloc: readonly AllocEntry[];
  readonly clock: Clock;
  /** Senders are recovered within the time, where the path can do it. */
  readonly isSigned: boolean;
  /** Transactions in the largest batch. */
  readonly batch: number;
  /** Each worker stays on a core of its own, where the path can do it. */
  readonly isPinned: boolean;
  /** The same for workers that never leave it to one of them. */
  readonly isTogether: boolean;
}

export type StartRunner = (options: RunnerOptions) => Promise<Runner>;

export const PATHS: Readonly<Record<string, StartRunner>> = {
  execute: startExecuteRunner,
  whole: startWholeRunner,
};

/**
 * Rounds of steps: what runs a part of a batch to its end, or to a failure, whoever does it: worker
 * threads (crew.ts) or the calling thread (inline-crew.ts).
 */
import type { Arena } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { MINI_BLOCK_TRANSACTIONS_MAX } from '../state/base/limits.js';
import type { Region } from '../state/layout.js';
import type { Step } from './batch.js';
import type { BlockContext } from './engine.js';
import type { Counter, Failure, Protocol } from './protocol.js';

/** Records start on cache lines of their own. */
const RECORD_ALIGNMENT = 64;

export interface Round {
  /** Steps committed, from the first on; they stand. */
  readonly committed: number;
  /** Steps begun: what made a round fail is among those between `committed` and here. */
  readonly begun: number;
  /** 'none' where all were committed; after 'worker-failed' nobody is at work any more. */
  readonly failure: Failure;
}

export interface Rounds {
  /** Times that the workers had to be ended, and why the last time; for counters and errors. */
  readonly restarts: number;
  readonly cause: string;
  /** For good: no round is begun any more. */
  readonly isStopped: boolean;
  /** The first worker's part of the outcomes' region. */
  readonly outcomeShare: Region;
  /** Fixes the block that all following steps belong to. */
  beginBlock(context: BlockContext): Promise<void>;
  /** Wakes workers that wait for the hash just put into the arena. */
  announceHash(): void;
  /** Resolves when it is ready for a round. @throws DeltacastError WORKER_FAILED, ARENA_TORN */
  start(): Promise<void>;
  /**
   * Executes and commits steps that fit, one after the other as if alone.
   * @param firstSequence  of the first included step
   * @param deadlineMs     how long the head may stand still
   * @throws DeltacastError WORKER_FAILED where no threads can be started, ARENA_TORN
   */
  round(steps: readonly Step[], firstSequence: number, deadlineMs: number): Promise<Round>;
  /** Where the outcome of a committed step lies in the arena. */
  outcomeOffset(index: number): number;
  /** Sum over all workers in the last round. */
  counter(counter: Counter): number;
  /** Makes a round that is under way, and a start, fail at once. */
  abort(): void;
  stop(): Promise<void>;
}

/** How many steps from `start` on fit into one round; 0 where the first alone does not. */
export function fittingSteps(room: Region, steps: readonly Step[], start: number): number {
  let bytes = 0;
  let count = 0;
  const end = Math.min(steps.length, start + MINI_BLOCK_TRANSACTIONS_MAX);
  for (let index = start; index < end; index += 1) {
    bytes += aligned(steps[index]?.record.length ?? 0);
    if (bytes > room.bytes) break;
    count += 1;
  }
  return count;
}

/** Puts a round's steps where the workers find them. @param firstSequence  of the first included */
export function loadSteps(
  arena: Arena,
  protocol: Protocol,
  steps: readonly Step[],
  firstSequence: number,
): void {
  const { base, bytes } = protocol.batchIn;
  protocol.prepare(steps.length, firstSequence);
  let at = base;
  for (let index = 0; index < steps.length; index += 1) {
    const step = steps[index];
    assert(step !== undefined && at + step.record.length <= base + bytes, 'a round fits');
    arena.bytes.set(step.record, at);
    protocol.setStep(index, step.kind, at);
    at += aligned(step.record.length);
  }
}

/** What came of a round that has ended. */
export function roundOf(protocol: Protocol, steps: number): Round {
  const committed = protocol.head();
  const begun = Math.min(protocol.claimed(), steps);
  const failure = committed === steps ? 'none' : protocol.failure();
  return { committed, begun, failure };
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / RECORD_ALIGNMENT) * RECORD_ALIGNMENT;
}

/**
 * Rounds of steps: what runs a part of a batch to its end, or to a failure, whoever does it: worker
 * threads (crew.ts) or the calling thread (inline-crew.ts).
 */
import type { Arena } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import type { Region } from '../state/layout.js';
import type { Steps } from './batch.js';
import type { BlockContext } from './engine.js';
import type { OutcomeMemory } from './outcome-memory.js';
import type { RoundOutcomes } from './outcomes.js';
import type { Counter, Failure, Protocol } from './protocol.js';

/** Steps that become visible at once: some 5 us of loading. */
const STRETCH_STEPS = 128;
/** Of the first ones: a worker takes longer to wake up than the next stretch to be loaded. */
const FIRST_STEPS = 16;
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
   * @param whileIdle      called now and then, as long as others execute: so many are committed
   * @throws DeltacastError WORKER_FAILED where no threads can be started, ARENA_TORN
   */
  round(
    steps: Steps,
    firstSequence: number,
    deadlineMs: number,
    whileIdle: (committed: number) => void,
  ): Promise<Round>;
  /** What steps in [start, end) of the last round gave, which are committed; copied. */
  outcomes(start: number, end: number, memory: OutcomeMemory): RoundOutcomes;
  /** Of its last included step. */
  lastSequence(): number;
  /** Sum over all threads in the last round. */
  counter(counter: Counter): number;
  /** Makes a round that is under way, and a start, fail at once. */
  abort(): void;
  stop(): Promise<void>;
}

/**
 * The steps from `start` on that fit into one round, at most so many; none where the first alone
 * does not fit.
 */
export function fittingSteps(room: Region, steps: Steps, start: number, most: number): Steps {
  const { kind, records } = steps;
  const last = Math.min(records.length, start + most);
  let bytes = 0;
  let end = start;
  for (; end < last; end += 1) {
    bytes += aligned(records[end]?.length ?? 0);
    if (bytes > room.bytes) break;
  }
  return { kind, records: records.slice(start, end) };
}

/**
 * Puts a round's steps where the workers find them, a stretch at a time.
 * @param firstSequence  of the first included
 * @param open           called when the first ones are there: others may begin with them
 */
// Five parameters: the places, and what goes there.
export function loadSteps(
  arena: Arena,
  protocol: Protocol,
  { kind, records }: Steps,
  firstSequence: number,
  open: () => void,
): void {
  const { base, bytes } = protocol.batchIn;
  protocol.prepare(records.length, firstSequence);
  let at = base;
  let index = 0;
  for (const record of records) {
    assert(at + record.length <= base + bytes, 'a round fits');
    arena.bytes.set(record, at);
    protocol.setStep(index, kind, at);
    at += aligned(record.length);
    index += 1;
    const isFirst = index === Math.min(FIRST_STEPS, records.length);
    if (!isFirst && index % STRETCH_STEPS !== 0 && index !== records.length) continue;
    protocol.setLoaded(index);
    if (isFirst) open();
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
  return (bytes + RECORD_ALIGNMENT - 1) & -RECORD_ALIGNMENT;
}

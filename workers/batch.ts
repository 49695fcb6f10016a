/**
 * What execution of a batch takes and gives, whoever does it: worker threads (parallel.ts) or the
 * calling thread (sequential.ts). The result is defined as execution of the steps one after the
 * other; it does not depend on the number of workers.
 */
import { assert } from '../state/base/assert.js';
import { DeltacastError } from '../state/base/errors.js';
import type { BalanceCredit, SystemCall } from './block-steps.js';
import type { BlockContext } from './engine.js';
import {
  EMPTY_OUTCOME,
  type Outcome,
  readOutcome,
  STATUS_FAULT,
  STATUS_OK,
  writeOutcome,
} from './outcome.js';
import type { Outcomes } from './outcomes.js';
import { COUNTERS, type Counter, type StepKind } from './protocol.js';
import { KIND_CREDITS, KIND_SYSTEM_CALL } from './protocol-map.js';
import { encodeCredits, encodeSystemCall } from './steps.js';
import type { Tiering } from './tiering/tiering.js';

/** Steps of a block as bytes: transaction records, or one of what steps.ts lays out. */
export interface Steps {
  readonly kind: StepKind;
  readonly records: readonly Uint8Array[];
}

/** How often each thing happened, over all threads; the names are those of the protocol. */
export type Counts = Readonly<Record<Counter, number>>;

/** Why an execution was thrown away: the first reason found. */
export const ABORT_CAUSES: readonly Counter[] = COUNTERS.slice(0, COUNTERS.indexOf('executions'));

/** `executions` are above the number of transactions by the repeated ones. */
export interface BatchCounters extends Counts {
  /** Times that the threads had to be ended, and why the last time; empty where never. */
  readonly restarts: number;
  readonly cause: string;
  readonly milliseconds: number;
  /** User and system time of the whole process. */
  readonly cpuMilliseconds: number;
}

export interface Executor {
  /** Sequence of the last committed step; set it after every rollback beyond a batch. */
  sequence: number;
  /** Of the engine `auto`; null: other engines have none. */
  readonly tiering: Tiering | null;
  /** Fixes the block that all following steps belong to. */
  beginBlock(context: BlockContext): Promise<void>;
  /**
   * Executes and commits transactions in order, inside the open mini-block. Those that are not
   * includable change nothing and take no sequence. One batch, call or credit at a time.
   * @throws DeltacastError ARENA_FULL or WORKER_FAILED, the arena being as it was before the batch;
   *         ARENA_TORN, the arena being lost and to be built again from the log
   */
  runBatch(records: readonly Uint8Array[]): Promise<BatchResult>;
  /**
   * A call of the block itself. @returns null where the contract is not there
   * @throws DeltacastError as runBatch; EXECUTION_FAULT where the engine broke on it
   */
  systemCall(call: SystemCall): Promise<Outcome | null>;
  /** Adds wei to accounts, all in one step; no credits, no step. @throws as runBatch */
  credit(credits: readonly BalanceCredit[]): Promise<void>;
  /** Says that a block's hash is in the arena: workers may be waiting for it. */
  announceHash(): void;
  /** A batch under way fails. Resolves when no thread is left. */
  stop(): Promise<void>;
}

/** Outcomes by index in the batch, decoded when asked for. */
export class BatchResult {
  readonly counters: BatchCounters;
  private readonly records: Outcomes;

  constructor(records: Outcomes, counters: BatchCounters) {
    this.records = records;
    this.counters = counters;
  }

  get count(): number {
    return this.records.count;
  }

  /** The outcome record's own bytes (outcome.ts); a view of what all of them lie in. */
  record(index: number): Uint8Array {
    return this.records.record(index);
  }

  outcome(index: number): Outcome {
    return readOutcome(this.record(index));
  }

  /** All of them, decoded. */
  get outcomes(): Outcome[] {
    return Array.from({ length: this.count }, (_, index) => this.outcome(index));
  }

  /**
   * Lets a later batch of the executor use the memory of the outcomes. Who calls it has no use for
   * them any more, nor for views of their records; nobody has to.
   */
  release(): void {
    this.records.release();
  }

  get executions(): number {
    return this.counters.executions;
  }

  /** Executions thrown away, for whatever reason. */
  get aborts(): number {
    return abortsOf(this.counters);
  }
}

export function noCounts(): Record<Counter, number> {
  return Object.fromEntries(COUNTERS.map((name) => [name, 0])) as Record<Counter, number>;
}

/** Adds what was counted to a sum of it. */
export function addCounts(sum: Record<Counter, number>, counts: Counts): void {
  for (const name of COUNTERS) sum[name] += counts[name];
}

/** Executions thrown away, for whatever reason. */
export function abortsOf(counts: Counts): number {
  return ABORT_CAUSES.reduce((sum, cause) => sum + counts[cause], 0);
}

/** True where the transaction is in the block. */
export function isIncluded(outcome: Pick<Outcome, 'status'>): boolean {
  return outcome.status <= STATUS_OK;
}

export function systemCallStep(call: SystemCall): Steps {
  return { kind: KIND_SYSTEM_CALL, records: [encodeSystemCall(call)] };
}

export function creditsStep(credits: readonly BalanceCredit[]): Steps {
  return { kind: KIND_CREDITS, records: [encodeCredits(credits)] };
}

/** What a system call gave. @returns null where the contract is not there */
export function systemCallOutcome(record: Uint8Array): Outcome | null {
  const outcome = readOutcome(record);
  if (outcome.status === STATUS_FAULT) {
    throw new DeltacastError('EXECUTION_FAULT', 'a system call broke the engine');
  }
  return isIncluded(outcome) ? outcome : null;
}

const FAULT_BYTES = 128;

/** The outcome record of a transaction that the engine broke on, each time it was tried. */
export function faultRecord(): Uint8Array {
  const record = new Uint8Array(FAULT_BYTES);
  const fault = { ...EMPTY_OUTCOME, status: STATUS_FAULT, reason: 'EXECUTION_FAULT' } as const;
  const length = writeOutcome(fault, record);
  assert(length > 0, 'a fault has no lists');
  return record.subarray(0, length);
}

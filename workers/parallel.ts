/**
 * The coordinator's side of parallel execution: rounds of steps on the worker threads, outcomes
 * back in order. A batch that fails for good leaves nothing behind. When threads die or hang, all
 * of them are ended, the arena goes back to where the batch began, and new threads run it again;
 * after a second failure each transaction runs alone, and one that fails even so is refused: it
 * never had a place in a block, so the clock that found it hung has decided nothing about the
 * state.
 */
import type { Arena, ArenaMark } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { DeltacastError, isDeltacastError } from '../state/base/errors.js';
import { WORKER_DEADLINE_MS, WORKER_HEAP_MEGABYTES } from '../state/base/limits.js';
import { type Clock, systemClock } from '../state/base/ports.js';
import {
  ABORT_CAUSES,
  type Aborts,
  BatchResult,
  creditsStep,
  type Executor,
  faultRecord,
  isIncluded,
  NO_ABORTS,
  type Step,
  systemCallStep,
} from './batch.js';
import type { BalanceCredit, SystemCall } from './block-steps.js';
import { OUTCOME_STATUS } from './commit.js';
import { encodeContext } from './context.js';
import { Crew } from './crew.js';
import type { BlockContext } from './engine.js';
import type { Outcome } from './outcome.js';
import { KIND_CREDITS, KIND_TRANSACTION } from './protocol.js';
import { recordBytes } from './steps.js';

/** Times that a whole batch is tried before its transactions run alone. */
const ATTEMPTS = 2;
/** A transaction that runs alone gets more time: refusing it is final. */
const ALONE_FACTOR = 3;
const NO_RECORD = new Uint8Array(0);

export interface ParallelOptions {
  readonly clock?: Clock;
  /** How long the head may stand still; default limits.WORKER_DEADLINE_MS. */
  readonly deadlineMs?: number;
  /** Number of the first worker in the arena; default 1. */
  readonly firstThread?: number;
  /** URL of a module that exports an EngineFactory (worker.ts); default: the reference engine. */
  readonly engineModule?: string;
  readonly heapMegabytes?: number;
}

interface Tally {
  executions: number;
  restarts: number;
  aborts: Record<keyof Aborts, number>;
}

export class ParallelExecutor implements Executor {
  sequence = 0;
  private readonly arena: Arena;
  private readonly clock: Clock;
  private readonly deadlineMs: number;
  private readonly crew: Crew;
  private tally: Tally = emptyTally();

  /** @param workers  at least 1; threads start with the first batch, or by `start` */
  constructor(arena: Arena, workers: number, options: ParallelOptions = {}) {
    this.arena = arena;
    this.clock = options.clock ?? systemClock;
    this.deadlineMs = options.deadlineMs ?? WORKER_DEADLINE_MS;
    this.crew = new Crew({
      arena,
      clock: this.clock,
      workers,
      firstThread: options.firstThread ?? 1,
      engineModule: options.engineModule ?? null,
      heapMegabytes: options.heapMegabytes ?? WORKER_HEAP_MEGABYTES,
    });
  }

  /** Resolves when the threads are ready. @throws DeltacastError WORKER_FAILED */
  async start(): Promise<void> {
    await this.crew.start();
  }

  async beginBlock(context: BlockContext): Promise<void> {
    this.crew.setContext(encodeContext(context));
  }

  runBatch(records: readonly Uint8Array[]): Promise<BatchResult> {
    return this.runSteps(records.map((record) => ({ kind: KIND_TRANSACTION, record })));
  }

  /** The same for callers that number by themselves. @param firstSequence  of the first included */
  run(records: readonly Uint8Array[], firstSequence: number): Promise<BatchResult> {
    this.sequence = firstSequence - 1;
    return this.runBatch(records);
  }

  async systemCall(call: SystemCall): Promise<Outcome | null> {
    const result = await this.runSteps([systemCallStep(call)]);
    const outcome = result.outcome(0);
    return isIncluded(outcome) ? outcome : null;
  }

  async credit(credits: readonly BalanceCredit[]): Promise<void> {
    if (credits.length > 0) await this.runSteps([creditsStep(credits)]);
  }

  /** Says that a block's hash is in the arena: workers may be waiting for it. */
  announceHash(): void {
    this.crew.announceHash();
  }

  async stop(): Promise<void> {
    await this.crew.stop();
  }

  private async runSteps(steps: readonly Step[]): Promise<BatchResult> {
    const { arena, clock, sequence } = this;
    const mark = arena.mark();
    const startedMs = clock.monotonicMs();
    const cpuBefore = process.cpuUsage();
    this.tally = emptyTally();
    try {
      const records = await this.persist(steps);
      const cpu = process.cpuUsage(cpuBefore);
      return new BatchResult(records, {
        ...this.tally,
        milliseconds: clock.monotonicMs() - startedMs,
        cpuMilliseconds: (cpu.user + cpu.system) / 1_000,
      });
    } catch (error) {
      if (!isDeltacastError(error, 'ARENA_TORN')) this.goBack(mark, sequence);
      throw error;
    }
  }

  /** Tries the whole batch, then each transaction alone. */
  private async persist(steps: readonly Step[]): Promise<Uint8Array[]> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const records = await this.attempt(steps, this.deadlineMs);
      if (records !== null) return records;
    }
    const records: Uint8Array[] = [];
    for (const step of steps) {
      const alone = await this.attempt([step], this.deadlineMs * ALONE_FACTOR);
      if (alone === null && step.kind !== KIND_TRANSACTION) {
        throw new DeltacastError('WORKER_FAILED', 'a step of the block itself cannot be executed');
      }
      records.push(alone?.[0] ?? faultRecord());
    }
    return records;
  }

  /**
   * @returns the outcome records, or null where the threads failed: they have been ended then, and
   *          nothing of this attempt is left
   */
  private async attempt(steps: readonly Step[], deadlineMs: number): Promise<Uint8Array[] | null> {
    const { crew, sequence } = this;
    const mark = this.arena.mark();
    const records: Uint8Array[] = [];
    let isNextAlone = false;
    while (records.length < steps.length) {
      const start = records.length;
      const count = isNextAlone ? 1 : crew.fitting(steps, start);
      isNextAlone = false;
      if (count === 0) {
        records.push(this.refuse(steps[start]));
        continue;
      }
      const part = steps.slice(start, start + count);
      const { committed, failure } = await crew.round(part, this.sequence + 1, deadlineMs);
      this.collect(part, committed, records);
      if (failure === 'ARENA_FULL') throw new DeltacastError('ARENA_FULL', 'the arena is full');
      if (failure === 'worker-failed' || failure === 'deadline') {
        this.tally.restarts += 1;
        await crew.fence();
        this.goBack(mark, sequence);
        return null;
      }
      if (failure !== 'outcome-full' || committed > 0) continue;
      if (count === 1) records.push(this.refuse(part[0]));
      else isNextAlone = true;
    }
    return records;
  }

  /** The outcome of what has no room: neither its record nor its outcome can be that large. */
  private refuse(step: Step | undefined): Uint8Array {
    assert(step?.kind === KIND_TRANSACTION, 'the steps of a block are small');
    return faultRecord();
  }

  /** Copies the outcomes of a round out of the region and counts sequences. */
  private collect(steps: readonly Step[], committed: number, records: Uint8Array[]): void {
    const { arena, crew, tally } = this;
    for (let index = 0; index < committed; index += 1) {
      if (steps[index]?.kind === KIND_CREDITS) {
        this.sequence += 1;
        records.push(NO_RECORD);
        continue;
      }
      const record = recordBytes(arena.bytes, crew.outcomeOffset(index));
      if (isIncluded({ status: record[OUTCOME_STATUS] as Outcome['status'] })) this.sequence += 1;
      records.push(record);
    }
    tally.executions += crew.counter('executions');
    for (const cause of ABORT_CAUSES) tally.aborts[cause] += crew.counter(cause);
  }

  private goBack(mark: ArenaMark, sequence: number): void {
    this.arena.rollback(mark);
    this.sequence = sequence;
  }
}

function emptyTally(): Tally {
  return { executions: 0, restarts: 0, aborts: { ...NO_ABORTS } };
}

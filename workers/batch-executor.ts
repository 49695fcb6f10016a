/**
 * Execution of batches in rounds of steps, outcomes back in order. When workers die or hang, all of
 * them are ended, what was committed until then stands, and new ones go on from there: those
 * transactions first, each alone, that were under way. One that fails again is refused: it never
 * had a place in a block, so the clock that found it hung has decided nothing about the state. A
 * batch that fails for good leaves nothing behind.
 */
import type { Arena, ArenaMark } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { DeltacastError, isDeltacastError } from '../state/base/errors.js';
import { ROUND_STEPS_MAX } from '../state/base/limits.js';
import type { Clock } from '../state/base/ports.js';
import {
  BatchResult,
  creditsStep,
  type Executor,
  faultRecord,
  noCounts,
  type Steps,
  systemCallOutcome,
  systemCallStep,
} from './batch.js';
import type { BalanceCredit, SystemCall } from './block-steps.js';
import type { BlockContext } from './engine.js';
import type { Outcome } from './outcome.js';
import { OutcomeMemory } from './outcome-memory.js';
import { Outcomes } from './outcomes.js';
import { COUNTERS, type StepKind } from './protocol.js';
import { KIND_CREDITS, KIND_TRANSACTION } from './protocol-map.js';
import { fittingSteps, type Round, type Rounds } from './rounds.js';
import type { Tiering } from './tiering/tiering.js';

/** Threads that die before they begin anything, so often in a row, will not do any better. */
const FRUITLESS_MAX = 3;
const NO_RECORD = new Uint8Array(0);

/** How far a batch has come. */
interface Progress {
  /** Outcomes until now. */
  readonly records: Outcomes;
  /** Steps before this one run alone. */
  aloneEnd: number;
  fruitless: number;
}

export interface BatchExecutorParts {
  readonly arena: Arena;
  readonly rounds: Rounds;
  readonly clock: Clock;
  /** How long the head may stand still. */
  readonly deadlineMs: number;
  /** Of the engine `auto`, stopped with the executor; null: other engines need none. */
  readonly tiering: Tiering | null;
}

export class BatchExecutor implements Executor {
  sequence = 0;
  readonly tiering: Tiering | null;
  private readonly arena: Arena;
  private readonly clock: Clock;
  private readonly deadlineMs: number;
  private readonly rounds: Rounds;
  private readonly memory = new OutcomeMemory();
  private tally = noCounts();
  private running: Promise<void> | null = null;

  constructor({ arena, rounds, clock, deadlineMs, tiering }: BatchExecutorParts) {
    this.arena = arena;
    this.rounds = rounds;
    this.clock = clock;
    this.deadlineMs = deadlineMs;
    this.tiering = tiering;
  }

  /** Resolves when it is ready for a batch. @throws DeltacastError WORKER_FAILED */
  async start(): Promise<void> {
    await this.rounds.start();
  }

  async beginBlock(context: BlockContext): Promise<void> {
    assert(this.running === null, 'a block begins between batches');
    this.tiering?.beginBlock(context.fork);
    await this.rounds.beginBlock(context);
  }

  runBatch(records: readonly Uint8Array[]): Promise<BatchResult> {
    return this.runSteps({ kind: KIND_TRANSACTION, records });
  }

  async systemCall(call: SystemCall): Promise<Outcome | null> {
    return systemCallOutcome((await this.runSteps(systemCallStep(call))).record(0));
  }

  async credit(credits: readonly BalanceCredit[]): Promise<void> {
    if (credits.length > 0) await this.runSteps(creditsStep(credits));
  }

  /** Says that a block's hash is in the arena: workers may be waiting for it. */
  announceHash(): void {
    this.rounds.announceHash();
  }

  async stop(): Promise<void> {
    this.rounds.abort();
    await this.running;
    await this.rounds.stop();
    await this.tiering?.stop();
  }

  private runSteps(steps: Steps): Promise<BatchResult> {
    assert(this.running === null, 'one batch at a time');
    const result = this.runWhole(steps);
    this.running = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  private async runWhole(steps: Steps): Promise<BatchResult> {
    const { arena, clock, rounds, sequence } = this;
    const mark = arena.mark();
    const startedMs = clock.monotonicMs();
    const cpuBefore = process.cpuUsage();
    const restartsBefore = rounds.restarts;
    this.tally = noCounts();
    try {
      const records = await this.persist(steps);
      const cpu = process.cpuUsage(cpuBefore);
      const restarts = rounds.restarts - restartsBefore;
      return new BatchResult(records, {
        ...this.tally,
        restarts,
        cause: restarts === 0 ? '' : rounds.cause,
        milliseconds: clock.monotonicMs() - startedMs,
        cpuMilliseconds: (cpu.user + cpu.system) / 1_000,
      });
    } catch (error) {
      if (!isDeltacastError(error, 'ARENA_TORN')) this.goBack(mark, sequence);
      throw error;
    } finally {
      this.tiering?.look();
      this.running = null;
    }
  }

  /** Goes on until every step has an outcome. */
  private async persist(steps: Steps): Promise<Outcomes> {
    const progress: Progress = { records: new Outcomes(this.memory), aloneEnd: 0, fruitless: 0 };
    while (progress.records.count < steps.records.length) {
      await this.advance(steps, progress);
    }
    return progress.records;
  }

  /** One round, or the refusal of what does not fit into any. */
  private async advance(steps: Steps, progress: Progress): Promise<void> {
    const { rounds } = this;
    const { records, aloneEnd } = progress;
    const start = records.count;
    const room = this.arena.layout.batchIn;
    const part = fittingSteps(room, steps, start, start < aloneEnd ? 1 : ROUND_STEPS_MAX);
    if (part.records.length === 0) {
      this.refuse(steps.kind, records);
      return;
    }
    const { kind } = steps;
    const take = (committed: number) => this.take(kind, records, start, committed);
    const round = await rounds.round(part, this.sequence + 1, this.deadlineMs, take);
    take(round.committed);
    if (round.committed > 0) this.sequence = rounds.lastSequence();
    for (const name of COUNTERS) this.tally[name] += rounds.counter(name);
    if (round.committed > 0) progress.fruitless = 0;
    if (round.failure === 'ARENA_FULL' || round.failure === 'UNDO_FULL') {
      const region = round.failure === 'UNDO_FULL' ? 'undo' : 'cells or code';
      throw new DeltacastError('ARENA_FULL', 'the arena is full', { cause: rounds.cause, region });
    }
    if (round.failure === 'outcome-full') this.makeRoom(part, round, progress);
    if (round.failure === 'worker-failed') this.recover(part, round, progress);
  }

  /** The step at the head had no room for its outcome: it gets all there is, and no more. */
  private makeRoom({ kind, records }: Steps, { committed }: Round, progress: Progress): void {
    if (committed > 0) return;
    if (records.length === 1) this.refuse(kind, progress.records);
    else progress.aloneEnd = progress.records.count + 1;
  }

  /** Decides how to go on after the threads were ended. */
  private recover({ kind }: Steps, round: Round, progress: Progress): void {
    if (this.rounds.isStopped) throw this.failure('the executor is stopping');
    const { records } = progress;
    const suspects = round.begun - round.committed;
    if (suspects === 0) {
      progress.fruitless += 1;
      if (progress.fruitless === FRUITLESS_MAX) throw this.failure('the workers keep failing');
    } else if (records.count < progress.aloneEnd) {
      this.refuse(kind, records);
    } else {
      progress.aloneEnd = records.count + suspects;
    }
  }

  private failure(message: string): DeltacastError {
    return new DeltacastError('WORKER_FAILED', message, { cause: this.rounds.cause });
  }

  /** A transaction that has no room or breaks the engine is not includable. */
  private refuse(kind: StepKind, records: Outcomes): void {
    if (kind !== KIND_TRANSACTION) {
      throw this.failure('a step of the block itself cannot be executed');
    }
    records.push(faultRecord());
  }

  /**
   * Copies outcomes out of the region, of a round that began with step `start` and has committed so
   * many; credits have none.
   */
  private take(kind: StepKind, records: Outcomes, start: number, committed: number): void {
    const taken = records.count - start;
    if (taken === committed) return;
    if (kind === KIND_CREDITS) records.push(NO_RECORD);
    else records.add(this.rounds.outcomes(taken, committed, this.memory));
  }

  private goBack(mark: ArenaMark, sequence: number): void {
    this.arena.rollback(mark);
    this.sequence = sequence;
  }
}

/**
 * Rounds on the calling thread, by one worker: what `--workers 0` is, so that a profile of the main
 * thread shows all of it; what parallel execution is compared with; and how a test re-executes a
 * block. Being alone it executes everything at the head and notes nothing. Not for untrusted load:
 * a hung engine would hang the program.
 */
import type { Arena } from '../state/arena.js';
import { DeltacastError } from '../state/base/errors.js';
import { type Clock, yieldToEvents } from '../state/base/ports.js';
import type { Steps } from './batch.js';
import { encodeContext } from './context.js';
import type { BlockContext, Engine } from './engine.js';
import { WorkerExecutor } from './executor.js';
import type { OutcomeMemory } from './outcome-memory.js';
import { copyOutcomes, type RoundOutcomes } from './outcomes.js';
import { type Counter, Protocol } from './protocol.js';
import { loadSteps, type Round, type Rounds, roundOf } from './rounds.js';
import type { Tiering } from './tiering/tiering.js';

export class InlineCrew implements Rounds {
  restarts = 0;
  cause = '';
  isStopped = false;
  private readonly arena: Arena;
  private readonly protocol: Protocol;
  private readonly self: { readonly thread: number; readonly clock: Clock };
  private readonly executor: WorkerExecutor;
  private readonly tiering: Tiering | null;

  /**
   * @param arena    whose batch regions nobody else uses meanwhile
   * @param tiering  where the engine's modules come from; null: from nowhere
   */
  constructor(arena: Arena, engine: Engine, clock: Clock, tiering: Tiering | null) {
    this.arena = arena;
    this.self = { thread: arena.thread, clock };
    this.tiering = tiering;
    this.protocol = new Protocol(arena);
    this.protocol.reset(1);
    const { protocol } = this;
    const changes = tiering?.connect() ?? null;
    this.executor = new WorkerExecutor({ arena, protocol, engine, clock, worker: 0, changes });
  }

  async beginBlock(context: BlockContext): Promise<void> {
    this.protocol.setContext(encodeContext(context));
    await this.executor.refreshContext();
  }

  announceHash(): void {}

  async start(): Promise<void> {
    if (this.isStopped) throw new DeltacastError('WORKER_FAILED', 'the executor has been stopped');
  }

  async round(steps: Steps, firstSequence: number): Promise<Round> {
    await this.start();
    const { arena, protocol, tiering } = this;
    // Batch after batch on this thread, its events would never have their turn.
    if (tiering?.isWaiting === true) await yieldToEvents();
    protocol.timed('loadMicroseconds', this.self, () => {
      loadSteps(arena, protocol, steps, firstSequence, () => {});
    });
    protocol.turn();
    await this.executor.runBatch(protocol.epoch());
    protocol.turn();
    const round = roundOf(protocol, steps.records.length);
    if (round.failure !== 'none') this.noteFailure();
    return round;
  }

  outcomes(start: number, end: number, memory: OutcomeMemory): RoundOutcomes {
    const { arena, protocol } = this;
    return protocol.timed('collectMicroseconds', this.self, () => {
      return copyOutcomes(arena.bytes, protocol, start, end, memory);
    });
  }

  lastSequence(): number {
    return this.protocol.lastSequence();
  }

  counter(counter: Counter): number {
    return this.protocol.counter(this.arena.thread, counter);
  }

  abort(): void {
    this.isStopped = true;
  }

  async stop(): Promise<void> {}

  private noteFailure(): void {
    const { arena, protocol } = this;
    this.cause = protocol.message(arena.thread);
    protocol.clearMessages();
    if (protocol.failure() !== 'worker-failed') return;
    this.restarts += 1;
    const { cause } = this;
    if (protocol.isApplying()) {
      throw new DeltacastError('ARENA_TORN', 'the engine failed while it changed the state', {
        cause,
      });
    }
    protocol.reset(1);
  }
}

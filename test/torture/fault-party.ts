/**
 * Whole blocks by so many workers, with a fault in the middle (helpers/engines/
 * faulty-interpreter.mjs) or a thread ended from outside at any time: a system call, then
 * transactions; then all of it is taken back. It is timed how soon a fault is found, and how soon
 * there are as many workers as before.
 */
import { type Arena, KIND_BALANCE } from '../../state/arena.js';
import { isDeltacastError } from '../../state/base/errors.js';
import { systemClock } from '../../state/base/ports.js';
import { CELL_BYTES, CELL_LOCK } from '../../state/kernel/map.js';
import { StateRoot } from '../../state/root.js';
import type { Executor } from '../../workers/batch.js';
import { TERM_ENDLESS } from '../../workers/kernel/scheduler-limits.js';
import { Protocol } from '../../workers/protocol.js';
import * as words from '../../workers/protocol-map.js';
import { startExecutor } from '../../workers/start.js';
import { type BlockResult, closeBlock, visibleAll } from '../helpers/block-result.js';
import * as faulty from '../helpers/engines/faulty-interpreter.mjs';
import { CONTEXT } from '../helpers/random-block.js';
import { newArena } from '../interleave/kernel-runs.js';
import { addressOf, contextOf } from '../interleave/rich-block.js';
import type { FaultBlock } from './fault-blocks.js';

/**
 * How long the head may stand still. R11 asks for 250; where other programs take most of the
 * machine a thread that is well may not get its turn in so little.
 */
export const DEADLINE_MS = Number(process.env['DEADLINE_MS'] ?? 2_000);
/** The interpreter with the libraries that it brings takes half of it. */
const HEAP_MEGABYTES = 96;
const ENGINE = new URL('../helpers/engines/faulty-interpreter.mjs', import.meta.url).href;
const FIRST = 3_000_001;
/** Who is held up while it changes cells is held up beyond the verdict, and comes to its end. */
const UNLOCK_MS = 20;
const NO_INPUT = new Uint8Array(32);

export interface Strike {
  readonly moment: string;
  readonly fault: string;
  /** The step from which on it strikes. */
  readonly from: number;
  /** Whether all workers begin the block; otherwise as the pace of those before has it. */
  readonly isTogether: boolean;
}

/** Milliseconds. */
export interface Loss {
  /** From the fault until it was found. */
  readonly verdictMs: number;
  /** From then until there were as many workers as before. */
  readonly backMs: number;
}

export interface Run {
  /** null: the arena is known to be torn. */
  readonly result: BlockResult | null;
  /** null: no thread was lost while there was something to do. */
  readonly loss: Loss | null;
}

/** Milliseconds since the epoch with a fraction, the same on every thread. */
const now = (): number => performance.timeOrigin + performance.now();

/** When the coordinator found that a thread is lost, and when all were there again. */
const watch = { verdictAt: 0, backAt: 0, onVerdict: (): void => undefined };
const { bar, untilReady } = Protocol.prototype;
Protocol.prototype.bar = function (this: Protocol) {
  watch.verdictAt = now();
  watch.onVerdict();
  bar.call(this);
};
Protocol.prototype.untilReady = async function (this: Protocol) {
  await untilReady.call(this);
  watch.backAt = now();
};

export class FaultParty {
  private readonly arena: Arena;
  private readonly executor: Executor;
  private readonly root: StateRoot;
  private readonly plan: faulty.Plan;

  private constructor(arena: Arena, executor: Executor) {
    this.arena = arena;
    this.executor = executor;
    this.root = new StateRoot(arena);
    this.plan = new faulty.Plan(arena);
  }

  /** @param workers  0: sequential execution, without any fault */
  static async start(workers: number): Promise<FaultParty> {
    const arena = newArena();
    const options = { arena, workers, clock: systemClock, deadlineMs: DEADLINE_MS };
    const engine =
      workers === 0
        ? { engine: 'interpreter' }
        : { engineModule: ENGINE, heapMegabytes: HEAP_MEGABYTES };
    return new FaultParty(arena, await startExecutor({ ...options, ...engine }));
  }

  /** The block as it is. @throws DeltacastError ARENA_TORN */
  async plain({ fork, records }: FaultBlock): Promise<BlockResult> {
    const { arena, executor, root } = this;
    const mark = arena.mark();
    const opened = arena.openMiniBlock(FIRST);
    executor.sequence = FIRST - 1;
    await executor.beginBlock(contextOf(fork));
    const called = await executor.systemCall({ to: addressOf('counter'), data: NO_INPUT });
    const result = await executor.runBatch(records);
    const closed = closeBlock({ arena, root }, executor.sequence, opened);
    arena.rollback(mark);
    return { outcomes: [String(called?.gasUsed), ...visibleAll(result)], ...closed };
  }

  /** With a fault at the first moment of its kind that comes, if one does. */
  async struck(block: FaultBlock, strike: Strike): Promise<Run> {
    const { plan } = this;
    const { moment, fault, from } = strike;
    if (strike.isTogether) this.goOnTogether();
    plan.put(faulty.MOMENT, faulty.MOMENTS.indexOf(moment));
    plan.put(faulty.FAULT, faulty.STRIKES.indexOf(fault));
    plan.put(faulty.FROM, from);
    plan.put(faulty.COUNT, block.records.length);
    plan.put(faulty.LOCKED, 0);
    plan.put(faulty.LEFT, moment === faulty.TWICE ? 2 : 1);
    watch.onVerdict = () => this.disarm();
    const run = await this.timed(() => this.plain(block));
    this.disarm();
    return run;
  }

  /** With one thread ended from outside after so long, if there is one then. */
  async aborted(block: FaultBlock, thread: number, afterMs: number): Promise<Run> {
    watch.onVerdict = () => undefined;
    const startedMs = performance.now();
    return await this.timed(async () => {
      const run = this.plain(block);
      while (performance.now() - startedMs < afterMs) await new Promise(setImmediate);
      this.plan.times[faulty.STRUCK_AT] = now();
      const { rounds } = this.executor as unknown as { rounds: { places: (Place | null)[] } };
      rounds.places[thread]?.threads.pool.piscina.threads[0]?.terminate();
      return await run;
    });
  }

  async stop(): Promise<void> {
    await this.executor.stop();
  }

  /** While no batch is open: nobody is told to go on alone before it is tried again. */
  private goOnTogether(): void {
    const { memory, layout } = this.arena;
    const control = new Int32Array(memory.buffer, layout.control.base, words.COUNTERS_BASE);
    control[words.SOLO] = 0;
    control[words.PACE_PHASE] = 0;
    control[words.PACE_LEFT] = TERM_ENDLESS;
  }

  /** No fault hits those who go on, and who was held up in a change comes to its end. */
  private disarm(): void {
    const { plan, arena } = this;
    plan.put(faulty.LEFT, 0);
    if (plan.get(faulty.LOCKED) === 0) return;
    plan.put(faulty.LOCKED, 0);
    const id = arena.find(KIND_BALANCE, CONTEXT.coinbase);
    const lock = arena.layout.cells.base + id * CELL_BYTES + CELL_LOCK;
    systemClock.after(UNLOCK_MS, () => {
      arena.bytes[lock] = arena.bytes[lock]! & ~1;
    });
  }

  private async timed(run: () => Promise<BlockResult>): Promise<Run> {
    const { times } = this.plan;
    times[faulty.STRUCK_AT] = Number.POSITIVE_INFINITY;
    watch.verdictAt = 0;
    let result: BlockResult | null = null;
    try {
      result = await run();
    } catch (error) {
      if (!isDeltacastError(error, 'ARENA_TORN')) throw error;
    }
    const struckAt = times[faulty.STRUCK_AT]!;
    const { verdictAt, backAt } = watch;
    if (verdictAt < struckAt) return { result, loss: null };
    return { result, loss: { verdictMs: verdictAt - struckAt, backMs: backAt - verdictAt } };
  }
}

/** What is behind a worker of an executor. */
interface Place {
  readonly threads: {
    readonly pool: { readonly piscina: { readonly threads: { terminate(): unknown }[] } };
  };
}

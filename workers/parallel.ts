/** Execution of batches by worker threads. */
import type { Arena } from '../state/arena.js';
import { WORKER_DEADLINE_MS, WORKER_HEAP_MEGABYTES } from '../state/base/limits.js';
import { type Clock, systemClock } from '../state/base/ports.js';
import { BatchExecutor } from './batch-executor.js';
import { Crew } from './crew.js';
import type { Tiering } from './tiering/tiering.js';

export interface ParallelOptions {
  readonly clock?: Clock;
  /** How long the head may stand still; default limits.WORKER_DEADLINE_MS. */
  readonly deadlineMs?: number;
  /** Number of the first worker in the arena; default 1. */
  readonly firstThread?: number;
  /** URL of an engine module (engine-factory.ts); default: the reference engine. */
  readonly engineModule?: string;
  readonly heapMegabytes?: number;
  /** Each worker stays on a core of its own (affinity.ts); default: where the system puts it. */
  readonly isPinned?: boolean;
  /** They go on together however long it takes (kernel/scheduler-pace.as.ts); default: false. */
  readonly isTogether?: boolean;
  /** Of the engine `auto`; stopped with the executor. */
  readonly tiering?: Tiering;
}

export class ParallelExecutor extends BatchExecutor {
  /** @param workers  at least 1; threads start with the first batch, or by `start` */
  constructor(arena: Arena, workers: number, options: ParallelOptions = {}) {
    const clock = options.clock ?? systemClock;
    const tiering = options.tiering ?? null;
    const rounds = new Crew({
      arena,
      clock,
      workers,
      firstThread: options.firstThread ?? 1,
      engineModule: options.engineModule ?? null,
      isTogether: options.isTogether ?? false,
      isPinned: options.isPinned ?? false,
      heapMegabytes: options.heapMegabytes ?? WORKER_HEAP_MEGABYTES,
      tiering,
    });
    const deadlineMs = options.deadlineMs ?? WORKER_DEADLINE_MS;
    super({ arena, rounds, clock, deadlineMs, tiering });
  }
}

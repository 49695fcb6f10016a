/** Starts execution for a number of workers: threads, or the calling thread where it is 0. */
import type { Arena } from '../state/arena.js';
import type { Clock } from '../state/base/ports.js';
import { assertPinnable } from './affinity.js';
import type { Executor } from './batch.js';
import { loadEngineFactory } from './engine-factory.js';
import { engineModuleOf, TIERED_ENGINE } from './engines.js';
import { ParallelExecutor, type ParallelOptions } from './parallel.js';
import { blockHashOf, SequentialExecutor } from './sequential.js';
import { type CodeDump, Tiering } from './tiering/tiering.js';
import type { TieringLimits } from './tiering/tiering-limits.js';

export interface ExecutionOptions extends Omit<ParallelOptions, 'tiering'> {
  readonly arena: Arena;
  /** 0: everything on the calling thread. */
  readonly workers: number;
  readonly clock: Clock;
  /** A name of engines.ts; the default is the reference engine. */
  readonly engine?: string;
  /** Of the engine `auto`; those not given are tiering-limits.ts'. */
  readonly tieringLimits?: Partial<TieringLimits>;
  readonly codeDump?: CodeDump;
}

/** Resolves when it is ready for a batch. @throws DeltacastError WORKER_FAILED, BAD_USAGE */
export async function startExecutor(options: ExecutionOptions): Promise<Executor> {
  const { arena, workers, clock, engine = 'reference' } = options;
  const engineModule = options.engineModule ?? engineModuleOf(engine);
  const tiering = engine === TIERED_ENGINE ? tieringOf(options) : null;
  if (workers === 0) {
    const createEngine = await loadEngineFactory(engineModule);
    const made = createEngine(arena, blockHashOf(arena, clock));
    return new SequentialExecutor(arena, made, clock, tiering);
  }
  if (options.isPinned === true) assertPinnable();
  const executor = new ParallelExecutor(arena, workers, {
    ...options,
    ...(engineModule === null ? {} : { engineModule }),
    ...(tiering === null ? {} : { tiering }),
  });
  await executor.start();
  return executor;
}

function tieringOf(options: ExecutionOptions): Tiering {
  const { arena, workers, clock, firstThread = 1, tieringLimits = {}, codeDump } = options;
  const threads =
    workers === 0
      ? [arena.thread]
      : Array.from({ length: workers }, (_, index) => firstThread + index);
  const dump = codeDump === undefined ? {} : { dump: codeDump };
  return new Tiering({ arena, clock, threads, limits: tieringLimits, ...dump });
}

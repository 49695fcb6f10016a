/** Starts execution for a number of workers: threads, or the calling thread where it is 0. */
import type { Arena } from '../state/arena.js';
import type { Clock } from '../state/base/ports.js';
import type { Executor } from './batch.js';
import { loadEngineFactory } from './engine-factory.js';
import { engineModuleOf } from './engines.js';
import { ParallelExecutor, type ParallelOptions } from './parallel.js';
import { blockHashOf, SequentialExecutor } from './sequential.js';

export interface ExecutionOptions extends ParallelOptions {
  readonly arena: Arena;
  /** 0: everything on the calling thread. */
  readonly workers: number;
  readonly clock: Clock;
  /** A name of engines.ts; the default is the reference engine. */
  readonly engine?: string;
}

/** Resolves when it is ready for a batch. @throws DeltacastError WORKER_FAILED, BAD_USAGE */
export async function startExecutor(options: ExecutionOptions): Promise<Executor> {
  const { arena, workers, clock, engine = 'reference' } = options;
  const engineModule = options.engineModule ?? engineModuleOf(engine);
  if (workers === 0) {
    const createEngine = await loadEngineFactory(engineModule);
    return new SequentialExecutor(arena, createEngine(arena, blockHashOf(arena, clock)), clock);
  }
  const executor = new ParallelExecutor(
    arena,
    workers,
    engineModule === null ? options : { ...options, engineModule },
  );
  await executor.start();
  return executor;
}

/**
 * Execution of batches on the calling thread, one step after the other: same results as with
 * workers, however many.
 */
import type { Arena } from '../state/arena.js';
import { DeltacastError } from '../state/base/errors.js';
import { BLOCK_HASH_WAIT_MS } from '../state/base/limits.js';
import { type Clock, sleep } from '../state/base/ports.js';
import { BatchExecutor } from './batch-executor.js';
import type { Engine } from './engine.js';
import { InlineCrew } from './inline-crew.js';
import type { Tiering } from './tiering/tiering.js';

export class SequentialExecutor extends BatchExecutor {
  /**
   * @param arena    whose batch regions nobody else uses meanwhile
   * @param tiering  stopped with it; null: the engine needs none
   */
  constructor(arena: Arena, engine: Engine, clock: Clock, tiering: Tiering | null = null) {
    // Nobody watches: what hangs, hangs the caller too.
    const deadlineMs = Number.POSITIVE_INFINITY;
    const rounds = new InlineCrew(arena, engine, clock, tiering);
    super({ arena, rounds, clock, deadlineMs, tiering });
  }
}

/** Block hashes for an engine on this thread; waits for one that is just being sealed. */
export function blockHashOf(arena: Arena, clock: Clock) {
  return async (number: number): Promise<Uint8Array> => {
    for (let waitedMs = 0; ; waitedMs += 1) {
      const hash = arena.getBlockHash(number);
      if (hash !== undefined) return hash;
      if (waitedMs >= BLOCK_HASH_WAIT_MS) {
        throw new DeltacastError('EXECUTION_FAULT', `the hash of block ${number} is not known`);
      }
      await sleep(clock, 1);
    }
  };
}

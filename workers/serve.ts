/**
 * A worker thread's life: load the engine's code, wait for a place, attach to the arena there, make
 * the engine, serve batches until the end.
 */
import { Arena } from '../state/arena.js';
import { DeltacastError } from '../state/base/errors.js';
import { BLOCK_HASH_WAIT_MS } from '../state/base/limits.js';
import { systemClock } from '../state/base/ports.js';
import { pinThread } from './affinity.js';
import { type ExecutionTask, waitForPlace } from './crew-place.js';
import { loadEngineFactory } from './engine-factory.js';
import { WorkerExecutor } from './executor.js';
import { Protocol } from './protocol.js';

export async function serve(task: ExecutionTask): Promise<void> {
  const createEngine = await loadEngineFactory(task.engineModule);
  const { thread, worker, changes } = waitForPlace(task);
  if (task.isPinned) pinThread(worker);
  const arena = Arena.attach(task.memory, thread, 'worker');
  const protocol = new Protocol(arena);
  const blockHash = async (number: number) => waitForHash(arena, protocol, number);
  const engine = createEngine(arena, blockHash);
  const clock = systemClock;
  await new WorkerExecutor({ arena, protocol, engine, clock, worker, changes }).serve();
}

/** Blocks until the sealer has put the hash there: it is one of a block that came before ours. */
function waitForHash(arena: Arena, protocol: Protocol, number: number): Uint8Array {
  for (let waitedMs = 0; ; waitedMs += 1) {
    const turn = protocol.hashTurn();
    const hash = arena.getBlockHash(number);
    if (hash !== undefined) return hash;
    if (waitedMs >= BLOCK_HASH_WAIT_MS) throw unknownHash(number);
    protocol.waitForHash(turn, 1);
  }
}

function unknownHash(number: number): DeltacastError {
  return new DeltacastError('EXECUTION_FAULT', `the hash of block ${number} is not known`, {
    number,
  });
}

/**
 * The entry of every worker thread. `serveBatches` is one task for as long as its pool lives (an
 * empty piscina task costs 21-35 us, ten to thirty compiled transfers); the others are ordinary
 * tasks of the services: they take and give plain values and transferred buffers.
 */
import { Arena } from '../state/arena.js';
import { DeltacastError } from '../state/base/errors.js';
import { BLOCK_HASH_WAIT_MS } from '../state/base/limits.js';
import { systemClock } from '../state/base/ports.js';
import { type CallTask, type PlainReply, runCall } from './call.js';
import { loadEngineFactory } from './engine-factory.js';
import { WorkerExecutor } from './executor.js';
import { moved } from './pool.js';
import { Protocol } from './protocol.js';
import { type RecoverTask, recoverAll } from './recover.js';
import { runSeal, type SealReply, type SealTask } from './seal.js';

export interface ExecutionTask {
  readonly memory: WebAssembly.Memory;
  /** Number of this thread in the arena, from 1. */
  readonly thread: number;
  /** In [0, workers). */
  readonly worker: number;
  /** URL of a module that exports an EngineFactory; null for the reference engine. */
  readonly engineModule: string | null;
}

export async function serveBatches(task: ExecutionTask): Promise<void> {
  const arena = Arena.attach(task.memory, task.thread);
  const protocol = new Protocol(arena);
  const blockHash = async (number: number) => waitForHash(arena, protocol, number);
  const createEngine = await loadEngineFactory(task.engineModule);
  const engine = createEngine(arena, blockHash);
  await new WorkerExecutor({ arena, protocol, engine, worker: task.worker }).serve();
}

/** @returns the buffer of `recoverAll`, moved */
export function recover(task: RecoverTask): unknown {
  return moved(recoverAll(task));
}

export async function call(task: CallTask): Promise<PlainReply> {
  return runCall(task);
}

export async function seal(task: SealTask): Promise<SealReply> {
  return runSeal(task, systemClock.monotonicMs);
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

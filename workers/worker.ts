/**
 * The entry of a worker thread: one task that runs for as long as the pool does (an empty piscina
 * task costs 21-35 us, ten to thirty compiled transfers).
 */
import { Arena } from '../state/arena.js';
import { WorkerExecutor } from './executor.js';
import { Protocol } from './protocol.js';
import { ReferenceEngine } from './reference/reference-engine.js';

export interface WorkerTask {
  readonly memory: WebAssembly.Memory;
  /** Number of this thread in the arena, from 1. */
  readonly thread: number;
}

export async function serveBatches({ memory, thread }: WorkerTask): Promise<void> {
  const arena = Arena.attach(memory, thread);
  const engine = new ReferenceEngine(
    arena,
    async (number) => arena.getBlockHash(number) ?? new Uint8Array(32),
  );
  await new WorkerExecutor(arena, new Protocol(arena), engine).serve();
}

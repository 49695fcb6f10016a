/**
 * Which engine a thread executes with: the reference engine, or what a module makes. The reference
 * engine is loaded only where it is wanted: it is most of the time that a thread takes to start.
 */
import type { Arena } from '../state/arena.js';
import type { Engine } from './engine.js';
import type { BlockHashSource } from './reference/reference-engine.js';

/** What an engine module exports as `createEngine`. */
export type EngineFactory = (arena: Arena, blockHash: BlockHashSource) => Engine;

/** @param module  URL of an engine module; null for the reference engine */
export async function loadEngineFactory(module: string | null): Promise<EngineFactory> {
  if (module === null) {
    const { ReferenceEngine } = await import('./reference/reference-engine.js');
    return (arena, blockHash) => new ReferenceEngine(arena, blockHash);
  }
  const { createEngine } = (await import(module)) as { createEngine: EngineFactory };
  return createEngine;
}

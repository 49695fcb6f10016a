/** The compiled engine with tier 1 alone: all codes go the way that only odd ones go otherwise. */
import type { Arena } from '../state/arena.js';
import { CodeCache } from './compiler/code-cache.js';
import type { Engine } from './engine.js';
import { InterpreterEngine } from './interpreter-engine.js';
import type { BlockHashSource } from './reference/reference-engine.js';

/** What engine-factory.ts looks for in an engine's module. */
export function createEngine(arena: Arena, blockHash: BlockHashSource): Engine {
  return new InterpreterEngine(arena, blockHash, {
    name: 'compiled-tier1',
    createCompiler: (of, kernel, table) => new CodeCache(of, kernel, table, 'first'),
  });
}

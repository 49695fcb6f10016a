/**
 * The compiled engine: the interpreter engine with a compiler, which every code that fits its
 * limits goes through before it first runs. What does not fit is interpreted.
 */
import type { Arena } from '../state/arena.js';
import { CodeCache } from './compiler/code-cache.js';
import type { Engine } from './engine.js';
import { InterpreterEngine } from './interpreter-engine.js';
import type { BlockHashSource } from './reference/reference-engine.js';

/** What engine-factory.ts looks for in an engine's module. */
export function createEngine(arena: Arena, blockHash: BlockHashSource): Engine {
  return new InterpreterEngine(arena, blockHash, {
    name: 'compiled',
    createCompiler: (of, kernel, table) => new CodeCache(of, kernel, table, 'both'),
  });
}

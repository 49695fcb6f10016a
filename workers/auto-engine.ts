/**
 * The engine `auto`: code is interpreted until it has been found hot and compiled elsewhere
 * (tiering/tiering.ts), and from the next step on it runs compiled. Alone, without anybody who
 * posts modules to it, it interprets everything.
 */
import type { Arena } from '../state/arena.js';
import type { Engine } from './engine.js';
import { InterpreterEngine } from './interpreter-engine.js';
import type { BlockHashSource } from './reference/reference-engine.js';
import { TieredCodes } from './tiering/tiered-codes.js';

/** What engine-factory.ts looks for in an engine's module. */
export function createEngine(arena: Arena, blockHash: BlockHashSource): Engine {
  return new InterpreterEngine(arena, blockHash, {
    name: 'auto',
    createCompiler: (of, kernel, table) => new TieredCodes(of, kernel, table),
  });
}

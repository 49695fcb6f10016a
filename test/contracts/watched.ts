/**
 * A compiler that keeps what it was asked for and what came of it, so that a test can say of each
 * contract whether it ran as compiled code, in which tier, and if not, why.
 */
import type { Arena } from '../../state/arena.js';
import { toHex } from '../../state/base/bytes.js';
import { cutIntoBlocks, type OpcodeView, opcodesOf } from '../../workers/compiler/blocks.js';
import { CodeCache } from '../../workers/compiler/code-cache.js';
import type { Tiers } from '../../workers/compiler/compile-code.js';
import { NodeGraph } from '../../workers/compiler/tier2-nodes.js';
import { Shape } from '../../workers/compiler/tier2-shape.js';
import { Unsuitable } from '../../workers/compiler/unsuitable.js';
import { type Compiler, InterpreterEngine } from '../../workers/interpreter-engine.js';
import type { BlockHashSource } from '../../workers/reference/reference-engine.js';

const HASH_BYTES = 32;

export type Fate = 'tier 1' | 'tier 2' | 'interpreted';

export interface WatchedEngine {
  readonly engine: InterpreterEngine;
  /** By code hash in hex: what the first question for the code was answered. */
  readonly fates: ReadonlyMap<string, Fate>;
}

export function watchedEngine(
  arena: Arena,
  blockHash: BlockHashSource,
  tiers: Tiers,
): WatchedEngine {
  const fates = new Map<string, Fate>();
  const engine = new InterpreterEngine(arena, blockHash, {
    name: tiers === 'first' ? 'compiled-tier1' : 'compiled',
    createCompiler: (of, kernel, table) =>
      watch(of, new CodeCache(of, kernel, table, tiers), fates),
  });
  return { engine, fates };
}

function watch(arena: Arena, cache: CodeCache, fates: Map<string, Fate>): Compiler {
  return {
    beginBlock: (fork) => cache.beginBlock(fork),
    compiled(entry) {
      const { tier2 } = cache.counts;
      const place = cache.compiled(entry);
      // Limbs, lowest first.
      const hash = toHex(arena.bytes.slice(entry, entry + HASH_BYTES).reverse());
      if (place === 0) fates.set(hash, 'interpreted');
      else if (!fates.has(hash)) fates.set(hash, cache.counts.tier2 > tier2 ? 'tier 2' : 'tier 1');
      return place;
    },
  };
}

/** Why tier 2 does not take a code; null where its analysis does. */
export function refusalOf(
  code: Uint8Array,
  opcodes: OpcodeView = opcodesOf('osaka'),
): string | null {
  try {
    new Shape(new NodeGraph(cutIntoBlocks(code, opcodes)).nodes);
    return null;
  } catch (error) {
    if (error instanceof Unsuitable) return error.message;
    throw error;
  }
}

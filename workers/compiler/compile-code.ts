/** From a code to a WebAssembly module: by the second tier where the code is fit for it. */
import type { InterpretedFork } from '../kernel/opcode-table.js';
import { opcodesOf } from './blocks.js';
import { compileTier1 } from './tier1.js';
import { compileTier2 } from './tier2.js';

/** EIP-170: what is longer was never deployed by a rule that we know. */
const CODE_BYTES_MAX = 24_576;

/** `first`: tier 1 for all, for tests; `both`: tier 2 where a code is fit for it. */
export type Tiers = 'first' | 'both';

export interface CompiledCode {
  readonly tier: 1 | 2;
  /** The module's binary format. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * @param pages  of the memory that the module will import
 * @returns null for a code over the limits: it is to be interpreted
 */
export function compileCode(
  code: Uint8Array,
  fork: InterpretedFork,
  pages: number,
  tiers: Tiers = 'both',
): CompiledCode | null {
  if (code.length > CODE_BYTES_MAX) return null;
  const opcodes = opcodesOf(fork);
  const best = tiers === 'both' ? compileTier2(code, opcodes, pages) : null;
  if (best !== null) return { tier: 2, bytes: best };
  const bytes = compileTier1(code, opcodes, pages);
  return bytes === null ? null : { tier: 1, bytes };
}

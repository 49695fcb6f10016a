/** What compiled code is known by: the rules that it was made for, and the hash of the code. */
import type { InterpretedFork } from '../kernel/opcode-table.js';

export interface CodeKey {
  readonly fork: InterpretedFork;
  /** keccak256 of the code, 64 hex digits. */
  readonly hash: string;
}

const HASH_BYTES = 32;

export function textOfKey({ fork, hash }: CodeKey): string {
  return `${fork}:${hash}`;
}

/** The hash whose four limbs, lowest first, lie at an offset of the arena. */
export function hashAt(arena: Uint8Array, offset: number): string {
  return Buffer.from(arena.slice(offset, offset + HASH_BYTES))
    .reverse()
    .toString('hex');
}

/** A hash of all state, for comparing runs that must give the same. */
import { createHash } from 'node:crypto';
import type { Arena } from '../state/arena.js';

export function digestOf(arena: Arena): string {
  const hash = createHash('sha256');
  const value = new Uint8Array(32);
  for (let id = 0; id < arena.cellCount; id += 1) {
    const { kind, address, slot } = arena.keyOf(id);
    arena.readLatest(id, value);
    hash.update(Uint8Array.of(kind)).update(address).update(slot).update(value);
  }
  return hash.digest('hex');
}

/**
 * Committing an outcome: do its reads still stand, and what does it write. Only the holder of the
 * commit token calls this, in transaction order, so that ids of new cells follow that order.
 */
import { NO_CELL } from '../state/arena.js';
import { toBigInt, toWord } from '../state/base/bytes.js';
import type { CellStore } from './cell-store.js';
import type { CellRead, Outcome } from './outcome.js';

/** True where every cell that the outcome rests on has the version that it read. */
export function readsStand(arena: CellStore, reads: readonly CellRead[]): boolean {
  return reads.every(({ kind, address, slot, version }) => {
    const id = arena.find(kind, address, slot ?? undefined);
    return (id === NO_CELL ? 0 : arena.versionOf(id)) === version;
  });
}

/**
 * Writes an outcome's cells and code, and adds its fee to the coinbase.
 * @param sequence  of this transaction
 * @throws DeltacastError ARENA_FULL; the caller rolls the mini-block back
 */
export function applyOutcome(
  arena: CellStore,
  outcome: Outcome,
  coinbase: Uint8Array,
  sequence: number,
): void {
  for (const { hash, bytes } of outcome.codes) arena.putCode(hash, bytes);
  for (const { kind, address, slot, value } of outcome.writes) {
    arena.write(arena.intern(kind, address, slot ?? undefined), value, sequence);
  }
  if (outcome.feeDelta > 0n) addBalance(arena, coinbase, outcome.feeDelta, sequence);
}

/** Adds wei to an account: fees, withdrawals, rewards. */
export function addBalance(
  arena: CellStore,
  address: Uint8Array,
  amount: bigint,
  sequence: number,
): void {
  const id = arena.intern(0, address);
  const value = new Uint8Array(32);
  arena.readLatest(id, value);
  arena.write(id, toWord(toBigInt(value) + amount), sequence);
}

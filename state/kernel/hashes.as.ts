/**
 * The last 256 block hashes for BLOCKHASH and EIP-2935: a ring of lines {hash, number, present,
 * seqlock} at number modulo 256. Written by the coordinator when a block is sealed, read anywhere.
 * They are not part of a mark: a sealed block is never taken back. Hashes are four u64 limbs,
 * lowest first.
 */
import { SPINS_MAX } from "./arena.as";
import {
  HASH_BYTES, HASH_COUNT, HASH_LOCK, HASH_NUMBER, HASH_PRESENT, H_HASHES,
} from "./map";

/** Remembers the hash (four limbs at `hash`) of a block; forgets that of number - 256. */
export function putBlockHash(number: u64, hash: usize): void {
  const line = linePointer(number);
  const lock = load<u64>(line, HASH_LOCK);
  assert(!(lock & 1));
  atomic.store<u64>(line, lock + 1, HASH_LOCK);
  for (let at: usize = 0; at < 32; at += 8) atomic.store<u64>(line + at, load<u64>(hash + at));
  atomic.store<u64>(line, number, HASH_NUMBER);
  atomic.store<u64>(line, 1, HASH_PRESENT);
  atomic.store<u64>(line, lock + 2, HASH_LOCK);
}

/** Copies the hash of a block to `out`. @returns false, `out` spoilt, when it is not known */
export function getBlockHash(number: u64, out: usize): bool {
  const line = linePointer(number);
  for (let spins: u32 = 0; spins < SPINS_MAX; spins++) {
    const lock = atomic.load<u64>(line, HASH_LOCK);
    if (lock & 1) continue;
    for (let at: usize = 0; at < 32; at += 8) store<u64>(out + at, atomic.load<u64>(line + at));
    const isKnown = atomic.load<u64>(line, HASH_PRESENT) == 1
      && atomic.load<u64>(line, HASH_NUMBER) == number;
    if (atomic.load<u64>(line, HASH_LOCK) == lock) return isKnown;
  }
  return unreachable();
}

@inline
function linePointer(number: u64): usize {
  const index = <usize>number & (HASH_COUNT - 1);
  return <usize>load<u32>(H_HASHES) + index * HASH_BYTES;
}

/**
 * Entries {path 32, leaf 32} in sorted rows: in blocks of buckets and in the stage.
 */
import { ENTRY_BYTES, ENTRY_LEAF, PATH_BITS } from "./map";
import { copyHash } from "./tasks.as";

/** Below, equal or above 0, as the bytes of two paths are ordered. */
@inline
export function comparePaths(a: usize, b: usize): i32 {
  for (let at: usize = 0; at < 32; at += 8) {
    const x = bswap<u64>(load<u64>(a + at));
    const y = bswap<u64>(load<u64>(b + at));
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}

/** The first of some sorted entries whose path has a 1 at this bit; bit 0 is the highest. */
@inline
export function partition(first: usize, end: usize, bit: u32): usize {
  assert(bit < <u32>PATH_BITS);
  const byte = <usize>(bit >> 3);
  const mask = <u32>0x80 >> (bit & 7);
  let entry = first;
  while (entry < end && (load<u8>(entry + byte) & mask) == 0) entry += ENTRY_BYTES;
  return entry;
}

@inline
export function isSameLeaf(a: usize, b: usize): bool {
  const low = v128.xor(v128.load(a, ENTRY_LEAF), v128.load(b, ENTRY_LEAF));
  const high = v128.xor(v128.load(a, ENTRY_LEAF + 16), v128.load(b, ENTRY_LEAF + 16));
  return !v128.any_true(v128.or(low, high));
}

/** @returns where the next one goes */
@inline
export function appendEntry(target: usize, entry: usize): usize {
  copyHash(entry, target);
  copyHash(entry + ENTRY_LEAF, target + ENTRY_LEAF);
  return target + ENTRY_BYTES;
}

/**
 * Entry of trie.wasm: the state trie over a memory of its own. One thread at a time. The order of
 * calls for a batch: `stage` as often as needed, `growFor`, `apply`.
 */
import { hashBlock, hashFour } from "../kernel/blake3.as";
import { applyStaged, roomOf, splitFor } from "./buckets.as";
import { hashAbove, hashBucket } from "./hashing.as";
import {
  DEPTH_MAX, DIRTY, FULL_TRIE, STAGE_MAX, T_DEPTH, T_DIRTY, T_KEYS, T_SPLIT, T_STAGED,
} from "./map";
import { hashPointer, openLevel, setupMemory } from "./memory.as";
import { stage, stagePaths } from "./stage.as";

export { stage, stagePaths, hashBlock, hashFour };

/** Once, on fresh memory. @returns 0, or FULL_TRIE @param keys  how many to expect */
export function setup(keys: u32): i32 {
  setupMemory();
  let depth: u32 = 0;
  while (depth < <u32>DEPTH_MAX && roomOf(depth, 0) < keys) depth++;
  for (let level: u32 = 0; level <= depth; level++) {
    if (!openLevel(level)) return FULL_TRIE;
  }
  store<u32>(T_DEPTH, depth);
  return 0;
}

/** Room for so many keys before their batch comes; the root stays. @returns 0, or FULL_TRIE */
export function growFor(keys: u32): i32 {
  while (true) {
    const split = splitFor(keys);
    if (split <= 0) return split;
    hashAbove();
  }
}

/**
 * Takes in what is staged. @returns 0, or FULL_TRIE with the trie torn
 * @param isHashed  whether the root is brought up to date; else `rehashAll` must follow
 */
export function apply(isHashed: bool): i32 {
  const status = applyStaged(isHashed);
  if (isHashed && status == 0) hashAbove();
  return status;
}

/** Hashes everything. */
export function rehashAll(): void {
  const depth = load<u32>(T_DEPTH);
  const split = load<u32>(T_SPLIT);
  rehashRange(<u32>2 << depth, (<u32>2 << depth) + 2 * split);
  rehashRange((<u32>1 << depth) + split, <u32>2 << depth);
}

function rehashRange(bucket: u32, bucketsEnd: u32): void {
  while (bucket < bucketsEnd) {
    const count = min(bucketsEnd - bucket, <u32>STAGE_MAX);
    for (let index: u32 = 0; index < count; index++) {
      store<u32>(<usize>DIRTY + (<usize>index << 2), bucket + index);
      hashBucket(bucket + index);
    }
    store<u32>(T_DIRTY, count);
    hashAbove();
    bucket += count;
  }
}

/** Pointer to the 32 bytes of the root. */
export function rootAt(): usize {
  return hashPointer(1);
}

export function keyCount(): u32 {
  return load<u32>(T_KEYS);
}

export function stagedCount(): u32 {
  return load<u32>(T_STAGED);
}

/** Depth of the buckets and how many were split beyond it. */
export function depth(): u32 {
  return load<u32>(T_DEPTH);
}

export function splitCount(): u32 {
  return load<u32>(T_SPLIT);
}

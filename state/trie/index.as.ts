/**
 * Entry of trie.wasm: one shard of the state trie over a memory of its own, or a router over one.
 * One thread at a time, except that entries are staged by any. The order of calls for a batch:
 * entries to STAGE and their count to T_STAGED, `growFor`, `apply`.
 */
import { hashBlock, hashFour } from "../kernel/blake3.as";
import { applyStaged, roomOf, splitFor, touchBuckets } from "./buckets.as";
import { hashBucket, runQueues } from "./hashing.as";
import { climbChunk, hashLevel, joinShards } from "./levels.as";
import {
  DEPTH_MAX, DIRTY, FULL_TRIE, T_DEPTH, T_KEYS, T_SHARD_BITS, T_SPLIT, T_UPPER,
} from "./map";
import { hashPointer, openLevel, setupMemory } from "./memory.as";
import { nodeAt } from "./reading.as";
import { route } from "./route.as";
import { hashLeaves } from "./stage.as";

export { hashBlock, hashFour, joinShards, nodeAt, route };

/** Levels of the subtrees that `rehashAll` finishes one after the other. */
const SUBTREE_LEVELS: u32 = 7;

/**
 * Makes an empty trie, on fresh memory or in the place of another. @returns 0, or FULL_TRIE
 * @param keys       how many to expect
 * @param shardBits  bits of a path above this trie
 */
export function setup(keys: u32, shardBits: u32): i32 {
  setupMemory();
  store<u32>(T_SHARD_BITS, shardBits);
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
  }
}

/**
 * Takes in what is staged. @returns 0, or FULL_TRIE with the trie torn
 * @param isHashed  whether the root is brought up to date; else `rehashAll` must follow
 */
export function apply(isHashed: bool): i32 {
  hashLeaves();
  return applyStaged(isHashed);
}

/** Hashes everything. */
export function rehashAll(): void {
  const depth = load<u32>(T_DEPTH);
  let level = depth > SUBTREE_LEVELS ? depth - SUBTREE_LEVELS : 0;
  for (let node = <u32>1 << level; node < <u32>2 << level; node++) {
    climbChunk(hashBuckets(node, depth - level), level);
    store<u32>(T_UPPER, 0);
  }
  while (level-- > 0) hashLevel(level);
}

/** Hashes and lists all buckets under a node; those split come first. @returns how many */
function hashBuckets(node: u32, levels: u32): u32 {
  const first = node << levels;
  const end = (node + 1) << levels;
  const depth = load<u32>(T_DEPTH);
  const middle = min(max((<u32>1 << depth) + load<u32>(T_SPLIT), first), end);
  let dirty: usize = DIRTY;
  if (first < middle) touchBuckets(first << 1, middle << 1);
  if (middle < end) touchBuckets(middle, end);
  for (let bucket = first << 1; bucket < middle << 1; bucket++) dirty = hashOne(dirty, bucket);
  for (let bucket = middle; bucket < end; bucket++) dirty = hashOne(dirty, bucket);
  runQueues();
  return <u32>(dirty - DIRTY) >> 2;
}

@inline
function hashOne(dirty: usize, bucket: u32): usize {
  hashBucket(bucket);
  store<u32>(dirty, bucket);
  return dirty + 4;
}

/** Pointer to the 32 bytes of the root. */
export function rootAt(): usize {
  return hashPointer(1);
}

export function keyCount(): u32 {
  return load<u32>(T_KEYS);
}

/** Depth of the buckets and how many were split beyond it. */
export function depth(): u32 {
  return load<u32>(T_DEPTH);
}

export function splitCount(): u32 {
  return load<u32>(T_SPLIT);
}

/**
 * Buckets: all keys under one node at the bottom of the cached levels, sorted by path, in a block
 * that holds exactly them. The depth grows one bucket at a time in the order of paths (linear
 * hashing), so no update ever waits for a doubling. What a bucket holds, and so the root, depends
 * neither on the depth nor on the order of updates.
 */
import {
  DEPTH_MAX, DIRECTORY_BYTES, DIRTY, ENTRY_BYTES, ENTRY_LEAF, FULL_TRIE, ITEMS, LOAD, T_DEPTH,
  T_KEYS, T_LEVELS, T_SHARD_BITS, T_SPLIT, T_STAGED, T_TOUCHED,
} from "./map";
import {
  directoryPointer, giveBlock, hashPointer, levelOf, openLevel, takeBlock,
} from "./memory.as";
import { appendEntry, comparePaths, isSameLeaf, partition } from "./entries.as";
import { hashBucket, runQueues } from "./hashing.as";
import { climbChunk, climbUpper } from "./levels.as";
import { prefixAt, sortStaged, stagedAt } from "./stage.as";
import { copyHash, isEmpty } from "./tasks.as";

/**
 * Updates in a chunk, about: all that a chunk needs is loaded before its first update is merged,
 * and stays in the first cache until its subtree is hashed.
 */
const CHUNK_ITEMS_LOG2: u32 = 7;
/** Levels above have less than 64 KiB of hashes: they are in the cache anyway. */
const TOUCH_LEVEL_MIN: u32 = 11;

/** Buckets whose blocks are loaded before the first of them is split. */
const TOUCHED_BUCKETS: u32 = 32;

/** What the last call of `inspect` found; in one thread, between two neighbouring statements. */
let inserts: u32 = 0;
let deletes: u32 = 0;
let isChanged: bool = false;

/**
 * Moves everything staged into the buckets, chunk by chunk.
 * @param isHashed  whether the root is brought up to date too
 * @returns 0, or FULL_TRIE with the trie torn
 */
export function applyStaged(isHashed: bool): i32 {
  sortStaged();
  const count = load<u32>(T_STAGED);
  const itemsEnd = <usize>ITEMS + (<usize>count << 3);
  const level = min(load<u32>(T_DEPTH), 32 - clz((count >> CHUNK_ITEMS_LOG2) | 1) - 1);
  for (let item: usize = ITEMS; item < itemsEnd; ) {
    const node = nodeOf(prefixAt(item), level);
    let chunkEnd = item + 8;
    while (chunkEnd < itemsEnd && nodeOf(prefixAt(chunkEnd), level) == node) chunkEnd += 8;
    touch(item, chunkEnd, level);
    const dirty = mergeChunk(item, chunkEnd, isHashed);
    if (dirty < 0) return FULL_TRIE;
    if (isHashed) {
      runQueues();
      climbChunk(dirty, level);
    }
    item = chunkEnd;
  }
  climbUpper(level);
  store<u32>(T_STAGED, 0);
  return 0;
}

/**
 * Loads what a chunk will need, first what has a known place, then the blocks: so that the misses
 * overlap. The sum is stored only to keep the loads.
 */
function touch(first: usize, end: usize, levelEnd: u32): void {
  const depth = load<u32>(T_DEPTH);
  let sum: u32 = 0;
  for (let item = first; item < end; item += 8) {
    const bucket = bucketOf(prefixAt(item));
    sum += load<u32>(stagedAt(item)) + load<u32>(directoryPointer(bucket));
    sum += load<u32>(hashPointer(bucket));
  }
  for (let level = depth; level >= max(levelEnd + 1, TOUCH_LEVEL_MIN); level--) {
    const hashes = <usize>load<u32>(T_LEVELS + (level << 2));
    for (let item = first; item < end; item += 8) {
      sum += load<u32>(hashes + (<usize>(prefixAt(item) >> (32 - level)) << 5));
    }
  }
  for (let item = first; item < end; item += 8) {
    const directory = directoryPointer(bucketOf(prefixAt(item)));
    const block = <usize>load<u32>(directory);
    const blockEnd = block + <usize>load<u32>(directory, 4) * ENTRY_BYTES;
    for (let entry = block; entry < blockEnd; entry += ENTRY_BYTES) sum += load<u32>(entry);
  }
  store<u32>(T_TOUCHED, sum);
}

/** @returns how many buckets changed and are in DIRTY, or FULL_TRIE */
function mergeChunk(item: usize, chunkEnd: usize, isHashed: bool): i32 {
  let dirty: usize = DIRTY;
  while (item < chunkEnd) {
    const bucket = bucketOf(prefixAt(item));
    let groupEnd = item + 8;
    while (groupEnd < chunkEnd && bucketOf(prefixAt(groupEnd)) == bucket) groupEnd += 8;
    if (!merge(bucket, item, groupEnd)) return FULL_TRIE;
    if (isChanged && isHashed) {
      hashBucket(bucket);
      store<u32>(dirty, bucket);
      dirty += 4;
    }
    item = groupEnd;
  }
  return <i32>((dirty - DIRTY) >> 2);
}

/** The heap number of the node of a level that a path goes through. */
@inline
function nodeOf(prefix: u32, level: u32): u32 {
  return (<u32>1 << level) | <u32>(<u64>prefix >> (32 - level));
}

/** The heap number of the bucket of a path, by its first 32 bits in this trie. */
@inline
export function bucketOf(prefix: u32): u32 {
  const depth = load<u32>(T_DEPTH);
  const number = nodeOf(prefix, depth);
  if (number - (<u32>1 << depth) >= load<u32>(T_SPLIT)) return number;
  return (number << 1) | ((prefix >> (31 - depth)) & 1);
}

/** Takes a group of sorted updates into a bucket. @returns false when the memory cannot grow */
function merge(bucket: u32, item: usize, itemsEnd: usize): bool {
  const directory = directoryPointer(bucket);
  const block = <usize>load<u32>(directory);
  const countBefore = load<u32>(directory, 4);
  inspect(block, block + <usize>countBefore * ENTRY_BYTES, item, itemsEnd);
  if ((inserts | deletes) == 0) return true;
  const count = countBefore + inserts - deletes;
  const target: usize = count == 0 ? 0 : takeBlock(count);
  if (count != 0 && target == 0) return false;
  const end = mergeTo(target, block, countBefore, item, itemsEnd);
  assert(end == target + <usize>count * ENTRY_BYTES);
  giveBlock(block, countBefore);
  store<u32>(directory, <u32>target);
  store<u32>(directory, count, 4);
  store<u32>(T_KEYS, load<u32>(T_KEYS) + inserts - deletes);
  return true;
}

/** Writes leaves of keys that are there; counts those to come and to go. */
function inspect(block: usize, blockEnd: usize, item: usize, itemsEnd: usize): void {
  inserts = 0;
  deletes = 0;
  isChanged = false;
  let entry = block;
  for (; item < itemsEnd; item += 8) {
    const staged = stagedAt(item);
    if (isSuperseded(item, itemsEnd)) continue;
    while (entry < blockEnd && comparePaths(entry, staged) < 0) entry += ENTRY_BYTES;
    const isKnown = entry < blockEnd && comparePaths(entry, staged) == 0;
    const isDeletion = isEmpty(staged + ENTRY_LEAF);
    if (!isKnown && isDeletion) continue;
    if (!isKnown) inserts++;
    else if (isDeletion) deletes++;
    else if (isSameLeaf(entry, staged)) continue;
    else copyHash(staged + ENTRY_LEAF, entry + ENTRY_LEAF);
    isChanged = true;
  }
}

/** Copies what stays and what comes, in order. @returns the end of what it wrote */
function mergeTo(target: usize, block: usize, count: u32, item: usize, itemsEnd: usize): usize {
  const blockEnd = block + <usize>count * ENTRY_BYTES;
  let entry = block;
  for (; item < itemsEnd; item += 8) {
    const staged = stagedAt(item);
    if (isSuperseded(item, itemsEnd)) continue;
    while (entry < blockEnd && comparePaths(entry, staged) < 0) {
      target = appendEntry(target, entry);
      entry += ENTRY_BYTES;
    }
    if (entry < blockEnd && comparePaths(entry, staged) == 0) entry += ENTRY_BYTES;
    if (!isEmpty(staged + ENTRY_LEAF)) target = appendEntry(target, staged);
  }
  for (; entry < blockEnd; entry += ENTRY_BYTES) target = appendEntry(target, entry);
  return target;
}

/** Of several updates of one path only the last counts. */
@inline
function isSuperseded(item: usize, itemsEnd: usize): bool {
  if (item + 8 >= itemsEnd || prefixAt(item) != prefixAt(item + 8)) return false;
  return comparePaths(stagedAt(item), stagedAt(item + 8)) == 0;
}

/** How many keys the buckets take before one of them must split. */
@inline
export function roomOf(depth: u32, split: u32): u64 {
  return <u64>((1 << depth) + split) * LOAD;
}

/**
 * Splits the next buckets until there are enough for `keys`, at most to the end of a level. Their
 * own hashes stay: they are those of inner nodes then. Does nothing when none must split.
 * @returns the number of buckets split, or FULL_TRIE with the trie torn
 */
export function splitFor(keys: u32): i32 {
  const depth = load<u32>(T_DEPTH);
  const first = load<u32>(T_SPLIT);
  if (depth == <u32>DEPTH_MAX || roomOf(depth, first) >= keys) return 0;
  if (!openLevel(depth + 1)) return FULL_TRIE;
  let split = first;
  while (split < <u32>(1 << depth) && roomOf(depth, split) < keys) {
    const bucket = (1 << depth) | split;
    if (split % TOUCHED_BUCKETS == 0) touchBuckets(bucket, bucket + TOUCHED_BUCKETS);
    if (!halve(bucket, depth)) return FULL_TRIE;
    hashBucket(bucket << 1);
    hashBucket((bucket << 1) | 1);
    split++;
  }
  runQueues();
  const isWhole = split == <u32>(1 << depth);
  store<u32>(T_DEPTH, isWhole ? depth + 1 : depth);
  store<u32>(T_SPLIT, isWhole ? 0 : split);
  return split - first;
}

/** Loads the blocks of some buckets of a level, so that the misses overlap. */
export function touchBuckets(bucket: u32, bucketsEnd: u32): void {
  let sum: u32 = 0;
  const end = directoryPointer(min(bucketsEnd, <u32>2 << levelOf(bucket)) - 1);
  for (let at = directoryPointer(bucket); at <= end; at += DIRECTORY_BYTES) {
    const block = <usize>load<u32>(at);
    const blockEnd = block + <usize>load<u32>(at, 4) * ENTRY_BYTES;
    for (let entry = block; entry < blockEnd; entry += ENTRY_BYTES) sum += load<u32>(entry);
  }
  store<u32>(T_TOUCHED, sum);
}

/** Gives the entries of a bucket to its two children. @returns false when there is no memory */
function halve(bucket: u32, depth: u32): bool {
  const directory = directoryPointer(bucket);
  const block = <usize>load<u32>(directory);
  const count = load<u32>(directory, 4);
  const bit = depth + load<u32>(T_SHARD_BITS);
  const middle = partition(block, block + <usize>count * ENTRY_BYTES, bit);
  const leftCount = <u32>(middle - block) / ENTRY_BYTES;
  store<u64>(directory, 0);
  if (leftCount == 0 || leftCount == count) {
    const heir = directoryPointer((bucket << 1) | <u32>(leftCount == 0));
    store<u32>(heir, <u32>block);
    store<u32>(heir, count, 4);
    return true;
  }
  if (!copyPart(bucket << 1, block, leftCount)) return false;
  if (!copyPart((bucket << 1) | 1, middle, count - leftCount)) return false;
  giveBlock(block, count);
  return true;
}

function copyPart(bucket: u32, from: usize, count: u32): bool {
  const target = takeBlock(count);
  if (target == 0) return false;
  memory.copy(target, from, <usize>count * ENTRY_BYTES);
  const directory = directoryPointer(bucket);
  store<u32>(directory, <u32>target);
  store<u32>(directory, count, 4);
  return true;
}

/**
 * Reading a shard: the node at one depth on the way of a path, and what a bucket holds. Above the
 * buckets nodes are there; in a bucket they are hashed again from its entries (three on average).
 * Depths count from the root of the whole trie, levels from that of the shard.
 */
import { bucketOf } from "./buckets.as";
import { partition } from "./entries.as";
import { hashNow } from "./hashing.as";
import {
  ENTRY_BYTES, ENTRY_LEAF, NODE_EMPTY, NODE_INNER, NODE_LEAF, PATH_BITS, T_DEPTH, T_SHARD_BITS,
  T_SPLIT, WALK_NODE, WALK_PATH,
} from "./map";
import { directoryPointer, hashPointer, levelOf } from "./memory.as";
import { prefixOf } from "./stage.as";
import { copyHash, isEmpty, isLeaf } from "./tasks.as";

/**
 * Looks at the node whose subtree holds all paths with the first `depth` bits of WALK_PATH, as of
 * the last hashing. @param depth  not above this shard  @returns NODE_*; the node is at WALK_NODE
 */
export function nodeAt(depth: u32): u32 {
  const shardBits = load<u32>(T_SHARD_BITS);
  assert(depth >= shardBits && depth <= <u32>PATH_BITS);
  const bucket = bucketOf(prefixOf(WALK_PATH, shardBits));
  const level = depth - shardBits;
  const bucketLevel = levelOf(bucket);
  if (level > bucketLevel) return nodeInBucket(bucket, bucketLevel + shardBits, depth);
  const number = bucket >> (bucketLevel - level);
  const hash = hashPointer(number);
  if (isEmpty(hash)) return NODE_EMPTY;
  copyHash(hash, WALK_NODE + 32);
  if (!isLeaf(hash)) return NODE_INNER;
  copyHash(loneEntry(number), WALK_NODE);
  return NODE_LEAF;
}

/** The first entry of a bucket; its end goes to WALK_NODE. */
@inline
function entriesOf(bucket: u32): usize {
  const directory = directoryPointer(bucket);
  const first = <usize>load<u32>(directory);
  store<u32>(WALK_NODE, <u32>first + load<u32>(directory, 4) * ENTRY_BYTES);
  return first;
}

/** The entry of the only key under a node: down to its bucket, where not all is empty. */
function loneEntry(number: u32): usize {
  while (!isBucket(number)) {
    number <<= 1;
    if (isEmpty(hashPointer(number))) number |= 1;
  }
  const entry = entriesOf(number);
  assert(load<u32>(WALK_NODE) == <u32>entry + ENTRY_BYTES);
  return entry;
}

function isBucket(number: u32): bool {
  const level = levelOf(number);
  const depth = load<u32>(T_DEPTH);
  return level > depth || (level == depth && number - (1 << level) >= load<u32>(T_SPLIT));
}

/** The same below a bucket, whose paths have the first `bit` bits in common. */
function nodeInBucket(bucket: u32, bit: u32, depth: u32): u32 {
  let first = entriesOf(bucket);
  let end = <usize>load<u32>(WALK_NODE);
  for (; bit < depth && first != end; bit++) {
    const middle = partition(first, end, bit);
    const isRight = load<u8>(<usize>WALK_PATH + <usize>(bit >> 3)) & (0x80 >> <u8>(bit & 7));
    if (isRight) first = middle;
    else end = middle;
  }
  if (first == end) return NODE_EMPTY;
  if (first + ENTRY_BYTES == end) {
    copyHash(first, WALK_NODE);
    copyHash(first + ENTRY_LEAF, WALK_NODE + 32);
    return NODE_LEAF;
  }
  hashNow(first, end, depth, WALK_NODE + 32);
  return NODE_INNER;
}

/**
 * From changed buckets to the root. Below the cached levels: each bucket's subtree becomes nodes
 * whose messages wait in a queue for their depth, deepest hashed first, and every hash is written
 * right into the message above. Above: level by level on the heap-ordered arrays, where the hashes
 * of two siblings are one message. Rules: an empty subtree is 32 zero bytes; a subtree of one key
 * is that key's leaf hash; anything else is the hash of its two halves.
 */
import { partition } from "./entries.as";
import {
  DEEP, DIRTY, ENTRY_BYTES, ENTRY_LEAF, NODES, NODES_MAX, NODE_LINKS, NODE_LINK_BYTES, PATH_BITS,
  T_DEEPEST, T_DEPTH, T_DIRTY, T_NODES, T_QUEUES,
} from "./map";
import { directoryPointer, hashPointer, levelOf } from "./memory.as";
import {
  addTask, clearHash, copyHash, flushTasks, hashTagged, isEmpty, isLeaf, KEEP_NODE,
} from "./tasks.as";

/** Hashes what is above the buckets of the dirty list, once these have been hashed. */
export function hashAbove(): void {
  const count = load<u32>(T_DIRTY);
  if (count == 0) return;
  runQueues();
  hashLevels(count);
  store<u32>(T_DIRTY, 0);
}

/** The hash of a bucket; it is there after `hashAbove`. */
export function hashBucket(bucket: u32): void {
  const directory = directoryPointer(bucket);
  const count = load<u32>(directory, 4);
  const block = <usize>load<u32>(directory);
  // A random subtree of n keys has about 1.44 n nodes; what is deeper falls back to `hashNow`.
  if (load<u32>(T_NODES) + count * 2 > <u32>NODES_MAX) runQueues();
  const out = hashPointer(bucket);
  placeSubtree(block, block + <usize>count * ENTRY_BYTES, levelOf(bucket), out);
}

/** Puts the hash of some sorted entries at `out`: at once if it needs no hashing, else later. */
function placeSubtree(first: usize, end: usize, depth: u32, out: usize): void {
  if (first == end) return clearHash(out);
  if (first + ENTRY_BYTES == end) return copyHash(first + ENTRY_LEAF, out);
  const node = load<u32>(T_NODES);
  if (node == <u32>NODES_MAX) return hashNow(first, end, depth, out);
  enqueue(node, depth, out);
  const message = <usize>NODES + (<usize>node << 6);
  const middle = partition(first, end, depth);
  placeSubtree(first, middle, depth + 1, message);
  placeSubtree(middle, end, depth + 1, message + 32);
}

function enqueue(node: u32, depth: u32, out: usize): void {
  const queue = <usize>T_QUEUES + (<usize>depth << 2);
  const link = <usize>NODE_LINKS + <usize>node * NODE_LINK_BYTES;
  store<u32>(link, <u32>out);
  store<u32>(link, load<u32>(queue), 4);
  store<u32>(queue, node + 1);
  store<u32>(T_NODES, node + 1);
  if (depth > load<u32>(T_DEEPEST)) store<u32>(T_DEEPEST, depth);
}

/** Hashes all waiting nodes, deepest first: a node's two halves are always there before it. */
function runQueues(): void {
  if (load<u32>(T_NODES) == 0) return;
  for (let depth = <i32>load<u32>(T_DEEPEST); depth >= 0; depth--) {
    const queue = <usize>T_QUEUES + (<usize>depth << 2);
    let next = load<u32>(queue);
    if (next == 0) continue;
    while (next != 0) {
      const node = <usize>(next - 1);
      const link = <usize>NODE_LINKS + node * NODE_LINK_BYTES;
      addTask(<usize>NODES + (node << 6), load<u32>(link), KEEP_NODE, 0);
      next = load<u32>(link, 4);
    }
    flushTasks(KEEP_NODE, 0);
    store<u32>(queue, 0);
  }
  store<u32>(T_NODES, 0);
  store<u32>(T_DEEPEST, 0);
}

/** The same hash without queues, one by one; needs one message for each depth, at most 256. */
function hashNow(first: usize, end: usize, depth: u32, out: usize): void {
  if (first == end) return clearHash(out);
  if (first + ENTRY_BYTES == end) return copyHash(first + ENTRY_LEAF, out);
  assert(depth < <u32>PATH_BITS);
  const message = <usize>DEEP + (<usize>depth << 6);
  const middle = partition(first, end, depth);
  hashNow(first, middle, depth + 1, message);
  hashNow(middle, end, depth + 1, message + 32);
  hashTagged(message, out, KEEP_NODE, 0);
}

/**
 * Upwards from the buckets. The list is in the order of paths, so those that were split (one level
 * deeper) come first and the parents of two siblings meet.
 */
function hashLevels(count: u32): void {
  const depth = load<u32>(T_DEPTH);
  const deeper = countDeeper(count, <u32>2 << depth);
  if (deeper != 0) {
    const parents = hashParents(deeper);
    const rest = <usize>DIRTY + (<usize>deeper << 2);
    memory.copy(<usize>DIRTY + (<usize>parents << 2), rest, <usize>(count - deeper) << 2);
    count += parents - deeper;
  }
  for (let level = depth; level > 0; level--) count = hashParents(count);
  assert(load<u32>(DIRTY) == 1 && count == 1);
}

function countDeeper(count: u32, first: u32): u32 {
  let deeper: u32 = 0;
  while (deeper < count && load<u32>(<usize>DIRTY + (<usize>deeper << 2)) >= first) deeper++;
  return deeper;
}

/** Replaces the first `count` nodes of the list by their parents, hashed. @returns how many */
function hashParents(count: u32): u32 {
  let parents: usize = DIRTY;
  let last: u32 = 0;
  for (let index: u32 = 0; index < count; index++) {
    const parent = load<u32>(<usize>DIRTY + (<usize>index << 2)) >> 1;
    if (parent == last) continue;
    last = parent;
    store<u32>(parents, parent);
    parents += 4;
    join(hashPointer(parent << 1), hashPointer(parent));
  }
  flushTasks(KEEP_NODE, 0);
  return <u32>(parents - DIRTY) >> 2;
}

/** A node from the hashes of its two halves: a lone leaf rises, two halves are hashed. */
@inline
function join(halves: usize, out: usize): void {
  const isLeftEmpty = isEmpty(halves);
  const isRightEmpty = isEmpty(halves + 32);
  if (isRightEmpty && (isLeftEmpty || isLeaf(halves))) return copyHash(halves, out);
  if (isLeftEmpty && isLeaf(halves + 32)) return copyHash(halves + 32, out);
  addTask(halves, out, KEEP_NODE, 0);
}

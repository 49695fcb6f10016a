/**
 * The hashes of buckets. Each bucket's subtree becomes nodes whose messages wait in a queue for
 * their depth, deepest hashed first, and every hash is written right into the message above.
 * Rules: an empty subtree is 32 zero bytes; a subtree of one key is that key's leaf hash; anything
 * else is the hash of its two halves.
 */
import { partition } from "./entries.as";
import {
  DEEP, ENTRY_BYTES, ENTRY_LEAF, NODES, NODES_MAX, NODE_LINKS, NODE_LINK_BYTES, PATH_BITS, TASKS,
  T_DEEPEST, T_NODES, T_QUEUES, T_SHARD_BITS,
} from "./map";
import { directoryPointer, hashPointer, levelOf } from "./memory.as";
import { addTask, clearHash, copyHash, hashTagged, hashTasks, KEEP_NODE } from "./tasks.as";

/** The hash of a bucket; it is there after `runQueues`. */
export function hashBucket(bucket: u32): void {
  const directory = directoryPointer(bucket);
  const count = load<u32>(directory, 4);
  const block = <usize>load<u32>(directory);
  // A random subtree of n keys has about 1.44 n nodes; what is deeper falls back to `hashNow`.
  if (load<u32>(T_NODES) + count * 2 > <u32>NODES_MAX) runQueues();
  const depth = levelOf(bucket) + load<u32>(T_SHARD_BITS);
  placeSubtree(block, block + <usize>count * ENTRY_BYTES, depth, hashPointer(bucket));
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

@inline
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
export function runQueues(): void {
  let left = load<u32>(T_NODES);
  for (let depth = <i32>load<u32>(T_DEEPEST); left != 0; depth--) {
    assert(depth >= 0);
    const queue = <usize>T_QUEUES + (<usize>depth << 2);
    let next = load<u32>(queue);
    let task: usize = TASKS;
    while (next != 0) {
      const node = <usize>(next - 1);
      const link = <usize>NODE_LINKS + node * NODE_LINK_BYTES;
      task = addTask(task, <usize>NODES + (node << 6), load<u32>(link), KEEP_NODE, 0);
      next = load<u32>(link, 4);
      left--;
    }
    hashTasks(task, KEEP_NODE, 0);
    store<u32>(queue, 0);
  }
  store<u32>(T_NODES, 0);
  store<u32>(T_DEEPEST, 0);
}

/** The same hash without queues, one by one; needs one message for each depth, at most 256. */
export function hashNow(first: usize, end: usize, depth: u32, out: usize): void {
  if (first == end) return clearHash(out);
  if (first + ENTRY_BYTES == end) return copyHash(first + ENTRY_LEAF, out);
  assert(depth < <u32>PATH_BITS);
  const message = <usize>DEEP + (<usize>depth << 6);
  const middle = partition(first, end, depth);
  hashNow(first, middle, depth + 1, message);
  hashNow(middle, end, depth + 1, message + 32);
  hashTagged(message, out, KEEP_NODE, 0);
}

/**
 * From the hashes of buckets upwards, level by level on the heap-ordered arrays, where the hashes
 * of two siblings are one message. A batch climbs twice: chunk by chunk, each the subtree of one
 * node, while what it needs is in the cache; then from those nodes to the top.
 */
import { DIRTY, TASKS, T_DEPTH, T_LEVELS, T_UPPER, TOP, UPPER } from "./map";
import { addTask, copyHash, hashTasks, isEmpty, isLeaf, KEEP_NODE } from "./tasks.as";

/**
 * Hashes upwards from the buckets in DIRTY, all under one node of a level, and lists that node.
 * The list is in the order of paths, so those that were split (one level deeper) come first and
 * the parents of two siblings meet.
 */
export function climbChunk(count: u32, levelEnd: u32): void {
  if (count == 0) return;
  const depth = load<u32>(T_DEPTH);
  const deeper = countDeeper(count, <u32>2 << depth);
  if (deeper != 0) {
    const parents = hashParents(DIRTY, deeper, depth);
    const rest = <usize>DIRTY + (<usize>deeper << 2);
    memory.copy(<usize>DIRTY + (<usize>parents << 2), rest, <usize>(count - deeper) << 2);
    count -= deeper - parents;
  }
  for (let level = depth; level > levelEnd; level--) count = hashParents(DIRTY, count, level - 1);
  assert(count == 1);
  const upper = load<u32>(T_UPPER);
  store<u32>(<usize>UPPER + (<usize>upper << 2), load<u32>(DIRTY));
  store<u32>(T_UPPER, upper + 1);
}

/** Hashes from the listed nodes of a level to the top. */
export function climbUpper(level: u32): void {
  let count = load<u32>(T_UPPER);
  store<u32>(T_UPPER, 0);
  if (count == 0) return;
  while (level-- > 0) count = hashParents(UPPER, count, level);
}

/** How many at the start of the list are at the deeper level. */
function countDeeper(count: u32, first: u32): u32 {
  let deeper: u32 = 0;
  while (deeper < count && load<u32>(<usize>DIRTY + (<usize>deeper << 2)) >= first) deeper++;
  return deeper;
}

/**
 * Replaces the first `count` nodes of a list by their parents, hashed.
 * @param level  of the parents  @returns how many
 */
function hashParents(list: usize, count: u32, level: u32): u32 {
  const halves = baseOf(level + 1);
  const hashes = baseOf(level);
  const listEnd = list + (<usize>count << 2);
  let parents = list;
  let last: u32 = 0;
  let task: usize = TASKS;
  for (let at = list; at < listEnd; at += 4) {
    const parent = load<u32>(at) >> 1;
    if (parent == last) continue;
    last = parent;
    store<u32>(parents, parent);
    parents += 4;
    task = join(task, halves + (<usize>parent << 6), hashes + (<usize>parent << 5));
  }
  hashTasks(task, KEEP_NODE, 0);
  return <u32>(parents - list) >> 2;
}

/** Hashes all nodes of a level. */
export function hashLevel(level: u32): void {
  const halves = baseOf(level + 1);
  const hashes = baseOf(level);
  let task: usize = TASKS;
  for (let node = <usize>1 << level; node < <usize>2 << level; node++) {
    task = join(task, halves + (node << 6), hashes + (node << 5));
  }
  hashTasks(task, KEEP_NODE, 0);
}

/** Hashes what is above the roots of shards, which are at TOP from number 2^shardBits on. */
export function joinShards(shardBits: u32): void {
  for (let level = shardBits; level > 0; level--) {
    let task: usize = TASKS;
    for (let node = <usize>1 << (level - 1); node < <usize>1 << level; node++) {
      task = join(task, <usize>TOP + (node << 6), <usize>TOP + (node << 5));
    }
    hashTasks(task, KEEP_NODE, 0);
  }
}

/** Where the hash of node 0 of a level would be: sums with heap numbers wrap into place. */
@inline
function baseOf(level: u32): usize {
  return <usize>load<u32>(T_LEVELS + (level << 2)) - (<usize>32 << level);
}

/** A node from the hashes of its two halves: a lone leaf rises, two halves are hashed. */
@inline
function join(task: usize, halves: usize, out: usize): usize {
  const isLeftEmpty = isEmpty(halves);
  const isRightEmpty = isEmpty(halves + 32);
  if (isRightEmpty && (isLeftEmpty || isLeaf(halves))) {
    copyHash(halves, out);
    return task;
  }
  if (isLeftEmpty && isLeaf(halves + 32)) {
    copyHash(halves + 32, out);
    return task;
  }
  return addTask(task, halves, out, KEEP_NODE, 0);
}

/**
 * Updates before they reach the trie: entries {path, value} lie in the order of their coming, get
 * their leaf hashes and are sorted by path, so that each bucket is met once and memory is walked
 * in one direction.
 */
import {
  ENTRY_BYTES, ENTRY_LEAF, HISTOGRAMS, ITEMS, ITEMS_SPARE, STAGE, TASKS, T_SHARD_BITS, T_STAGED,
} from "./map";
import { comparePaths } from "./entries.as";
import { addTask, hashTasks, isEmpty, KEEP_ALL, LEAF_BIT } from "./tasks.as";

/** Below this a sort by insertion is faster than clearing the histograms. */
const INSERTION_MAX: u32 = 48;

/** In place: an entry holds {path, value}, which is the message. A value of 0 stays: a deletion. */
export function hashLeaves(): void {
  const end = <usize>STAGE + <usize>load<u32>(T_STAGED) * ENTRY_BYTES;
  let task: usize = TASKS;
  for (let entry: usize = STAGE; entry < end; entry += ENTRY_BYTES) {
    if (isEmpty(entry + ENTRY_LEAF)) continue;
    task = addTask(task, entry, entry + ENTRY_LEAF, KEEP_ALL, LEAF_BIT);
  }
  hashTasks(task, KEEP_ALL, LEAF_BIT);
}

/** The staged entry of a sort item. */
@inline
export function stagedAt(item: usize): usize {
  return <usize>STAGE + <usize>load<u32>(item) * ENTRY_BYTES;
}

/** The first 32 bits of its path after those of the shard. */
@inline
export function prefixAt(item: usize): u32 {
  return load<u32>(item, 4);
}

/** The 32 bits of a path that follow those of the shard. */
@inline
export function prefixOf(path: usize, shardBits: u64): u32 {
  return <u32>((bswap<u64>(load<u64>(path)) << shardBits) >> 32);
}

/** Sorts what is staged by path; equal paths keep their order. The items are at ITEMS after. */
export function sortStaged(): void {
  const count = load<u32>(T_STAGED);
  const shardBits = <u64>load<u32>(T_SHARD_BITS);
  for (let index: u32 = 0; index < count; index++) {
    const path = <usize>STAGE + <usize>index * ENTRY_BYTES;
    const item = <usize>ITEMS + (<usize>index << 3);
    store<u32>(item, index);
    store<u32>(item, prefixOf(path, shardBits), 4);
  }
  if (count > INSERTION_MAX) sortByPrefix(count);
  sortByPath(count);
}

/** Four stable passes over the bytes of the prefix, lowest first. */
function sortByPrefix(count: u32): void {
  countBytes(count);
  let from: usize = ITEMS;
  let to: usize = ITEMS_SPARE;
  for (let byte: usize = 0; byte < 4; byte++) {
    const histogram = <usize>HISTOGRAMS + (byte << 10);
    const end = from + (<usize>count << 3);
    for (let item = from; item < end; item += 8) {
      const place = histogram + (<usize>load<u8>(item + 4 + byte) << 2);
      const at = load<u32>(place);
      store<u32>(place, at + 1);
      store<u64>(to + (<usize>at << 3), load<u64>(item));
    }
    const spare = from;
    from = to;
    to = spare;
  }
}

/** For each byte value the place of its first item. */
function countBytes(count: u32): void {
  memory.fill(HISTOGRAMS, 0, 4096);
  const end = <usize>ITEMS + (<usize>count << 3);
  for (let item: usize = ITEMS; item < end; item += 8) {
    for (let byte: usize = 0; byte < 4; byte++) {
      const place = <usize>HISTOGRAMS + (byte << 10) + (<usize>load<u8>(item + 4 + byte) << 2);
      store<u32>(place, load<u32>(place) + 1);
    }
  }
  for (let byte: usize = 0; byte < 4; byte++) {
    let sum: u32 = 0;
    for (let value: usize = 0; value < 256; value++) {
      const place = <usize>HISTOGRAMS + (byte << 10) + (value << 2);
      const here = load<u32>(place);
      store<u32>(place, sum);
      sum += here;
    }
  }
}

/**
 * By insertion over whole paths. After the passes only items with equal prefixes can be out of
 * place: a few pairs by chance, and 2^32 hashes of work for each that someone adds on purpose.
 */
function sortByPath(count: u32): void {
  const end = <usize>ITEMS + (<usize>count << 3);
  for (let item: usize = ITEMS + 8; item < end; item += 8) {
    const moved = load<u64>(item);
    let hole = item;
    while (hole > <usize>ITEMS && isAfter(load<u64>(hole - 8), moved)) {
      store<u64>(hole, load<u64>(hole - 8));
      hole -= 8;
    }
    if (hole != item) store<u64>(hole, moved);
  }
}

@inline
function isAfter(a: u64, b: u64): bool {
  const x = <u32>(a >> 32);
  const y = <u32>(b >> 32);
  if (x != y) return x > y;
  const pathA = <usize>STAGE + <usize><u32>a * ENTRY_BYTES;
  const pathB = <usize>STAGE + <usize><u32>b * ENTRY_BYTES;
  return comparePaths(pathA, pathB) > 0;
}

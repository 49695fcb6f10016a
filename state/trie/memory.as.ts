/**
 * Where things are in the trie's memory. Nodes and buckets have heap numbers: the root is 1, the
 * children of n are 2n and 2n + 1, so a number's top bit tells its level. Each level has an array
 * of hashes and a directory of buckets, cut from the end of the memory when the level begins and
 * never moved. Blocks hold a bucket's entries and nothing else; a freed one waits in the list of
 * its class. Buckets split one by one in the order of their paths, so that small blocks freed in
 * one place are soon taken in another.
 */
import {
  DEPTH_MAX, DIRECTORY_BYTES, ENTRY_BYTES, EXACT_MAX, TASKS, TRIE_HEADER, T_DIRECTORIES, T_END,
  T_FREE, T_LEVELS, TRIE_HEAP,
} from "./map";

/** The memory grows by this part of itself, at least by a MiB: few calls, little unused. */
const GROWTH_DIVISOR: u32 = 32;
const GROWTH_PAGES_MIN: u32 = 16;
/** One page less than 4 GiB, so that ends fit u32. */
const PAGES_MAX: u32 = 65535;

/** Begins anew: what was given out before is zeroed, as fresh memory is. */
export function setupMemory(): void {
  assert(__heap_base <= <usize>TRIE_HEADER);
  const end = <usize>load<u32>(T_END);
  if (end > <usize>TRIE_HEAP) memory.fill(TRIE_HEAP, 0, end - TRIE_HEAP);
  memory.fill(TRIE_HEADER, 0, TASKS - TRIE_HEADER);
  store<u32>(T_END, TRIE_HEAP);
}

/** @returns a pointer to fresh zero bytes, 64-aligned, or 0 when the memory cannot grow */
export function cut(bytes: u64): usize {
  const start = load<u32>(T_END);
  const end = <u64>start + ((bytes + 63) & ~63);
  const pages = <u32>((end + 65535) >> 16);
  const pagesBefore = <u32>memory.size();
  if (pages > PAGES_MAX) return 0;
  if (pages > pagesBefore) {
    const wished = pagesBefore + max(pagesBefore / GROWTH_DIVISOR, GROWTH_PAGES_MIN);
    const target = max(pages, min(wished, PAGES_MAX));
    if (memory.grow(target - pagesBefore) < 0 && memory.grow(pages - pagesBefore) < 0) return 0;
  }
  store<u32>(T_END, <u32>end);
  return start;
}

/** Gives a level its arrays unless it has them. @returns false when the memory cannot grow */
export function openLevel(level: u32): bool {
  assert(level <= <u32>DEPTH_MAX);
  if (load<u32>(T_LEVELS + (level << 2)) != 0) return true;
  const hashes = cut(<u64>32 << level);
  const directory = cut(<u64>DIRECTORY_BYTES << level);
  if (hashes == 0 || directory == 0) return false;
  store<u32>(T_LEVELS + (level << 2), <u32>hashes);
  store<u32>(T_DIRECTORIES + (level << 2), <u32>directory);
  return true;
}

@inline
export function levelOf(number: u32): u32 {
  return 31 - clz(number);
}

/** The 32 bytes of a node's hash. The hashes of two siblings are one message of 64 bytes. */
@inline
export function hashPointer(number: u32): usize {
  const level = levelOf(number);
  return <usize>load<u32>(T_LEVELS + (level << 2)) + <usize>(number - (1 << level)) * 32;
}

/** The directory entry of a bucket: {block u32, count u32}. */
@inline
export function directoryPointer(number: u32): usize {
  const level = levelOf(number);
  const index = <usize>(number - (1 << level));
  return <usize>load<u32>(T_DIRECTORIES + (level << 2)) + index * DIRECTORY_BYTES;
}

/** @returns a block for so many entries, content undefined, or 0 when the memory cannot grow */
export function takeBlock(count: u32): usize {
  const list = freeList(count);
  const block = load<u32>(list);
  if (block == 0) return cut(<u64>capacityOf(count) * ENTRY_BYTES);
  store<u32>(list, load<u32>(block));
  return block;
}

export function giveBlock(block: usize, count: u32): void {
  if (count == 0) return;
  const list = freeList(count);
  store<u32>(block, load<u32>(list));
  store<u32>(list, <u32>block);
}

@inline
function freeList(count: u32): usize {
  assert(count > 0);
  const exact = <u32>EXACT_MAX;
  const list = count <= exact ? count : exact + levelOf(capacityOf(count));
  return <usize>T_FREE + (<usize>list << 2);
}

@inline
function capacityOf(count: u32): u32 {
  return count <= <u32>EXACT_MAX ? count : <u32>1 << (32 - clz(count - 1));
}

/**
 * Messages to hash, collected until 64 are there and then hashed four at a time. Whoever adds one
 * has just looked at it: so the cache misses of 64 messages overlap, which at a million keys is
 * worth more than the hashing itself. Domain: the top bit of the first byte tells a leaf (1) from
 * a node (0); a path is left as it is.
 */
import { hashBlock, hashFour } from "../kernel/blake3.as";
import { TASKS, TASKS_MAX, TASK_BYTES, T_TASKS } from "./map";

/** Bit 7 of byte 0, in a little-endian word. */
export const LEAF_BIT: u32 = 0x80;
export const KEEP_ALL: u32 = 0xffffffff;
export const KEEP_NODE: u32 = ~LEAF_BIT;

/** Adds a message of 64 bytes; all since the last `flushTasks` have the same `keep` and `set`. */
@inline
export function addTask(message: usize, out: usize, keep: u32, set: u32): void {
  const count = load<u32>(T_TASKS);
  const task = <usize>TASKS + <usize>count * TASK_BYTES;
  store<u32>(task, <u32>message);
  store<u32>(task, <u32>out, 4);
  store<u32>(T_TASKS, count + 1);
  if (count + 1 == TASKS_MAX) flushTasks(keep, set);
}

/** Hashes what waits. One message alone goes by words; two or three take a repeated one along. */
export function flushTasks(keep: u32, set: u32): void {
  const count = load<u32>(T_TASKS);
  const tasksEnd = <usize>TASKS + <usize>count * TASK_BYTES;
  store<u32>(T_TASKS, 0);
  if (count == 1) return hashTagged(load<u32>(TASKS), load<u32>(TASKS + 4), keep, set);
  const last = load<u64>(tasksEnd - TASK_BYTES);
  for (let more = count; (more & 3) != 0; more++) {
    store<u64>(<usize>TASKS + <usize>more * TASK_BYTES, last);
  }
  for (let task: usize = TASKS; task < tasksEnd; task += 4 * TASK_BYTES) hashFour(task, keep, set);
}

/** One message at once. */
export function hashTagged(message: usize, out: usize, keep: u32, set: u32): void {
  hashBlock(message, 64, out);
  store<u32>(out, (load<u32>(out) & keep) | set);
}

/** An empty subtree: no hash of ours is zero but by a chance of 2^-255. */
@inline
export function isEmpty(hash: usize): bool {
  return !v128.any_true(v128.or(v128.load(hash), v128.load(hash, 16)));
}

@inline
export function isLeaf(hash: usize): bool {
  return (load<u32>(hash) & LEAF_BIT) != 0;
}

@inline
export function copyHash(from: usize, to: usize): void {
  const high = v128.load(from, 16);
  v128.store(to, v128.load(from));
  v128.store(to, high, 16);
}

@inline
export function clearHash(hash: usize): void {
  v128.store(hash, i64x2.splat(0));
  v128.store(hash, i64x2.splat(0), 16);
}

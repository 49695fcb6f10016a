/**
 * Messages to hash, collected until 64 are there and then hashed four at a time. The caller keeps
 * the place of the next one in a local. Domain: the top bit of the first byte tells a leaf (1) from
 * a node (0); a path is left as it is.
 */
import { hashFour } from "../kernel/blake3.as";
import { TASKS, TASKS_MAX, TASK_BYTES } from "./map";

/** Bit 7 of byte 0, in a little-endian word. */
export const LEAF_BIT: u32 = 0x80;
export const KEEP_ALL: u32 = 0xffffffff;
export const KEEP_NODE: u32 = ~LEAF_BIT;

const TASKS_END: usize = TASKS + TASKS_MAX * TASK_BYTES;

/**
 * Adds a message of 64 bytes; all since the last `hashTasks` have the same `keep` and `set`.
 * @param task  where it goes; TASKS at first  @returns where the next one goes
 */
@inline
export function addTask(task: usize, message: usize, out: usize, keep: u32, set: u32): usize {
  store<u64>(task, <u64>message | (<u64>out << 32));
  task += TASK_BYTES;
  if (task != TASKS_END) return task;
  hashTasks(task, keep, set);
  return TASKS;
}

/** Hashes what waits; fewer than four take a repeated one along, faster than one by words. */
export function hashTasks(tasksEnd: usize, keep: u32, set: u32): void {
  if (tasksEnd == <usize>TASKS) return;
  const last = load<u64>(tasksEnd - TASK_BYTES);
  store<u64>(tasksEnd, last);
  store<u64>(tasksEnd, last, TASK_BYTES);
  store<u64>(tasksEnd, last, 2 * TASK_BYTES);
  for (let task: usize = TASKS; task < tasksEnd; task += 4 * TASK_BYTES) hashFour(task, keep, set);
}

/** One message at once. */
export function hashTagged(message: usize, out: usize, keep: u32, set: u32): void {
  hashTasks(addTask(TASKS, message, out, keep, set), keep, set);
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

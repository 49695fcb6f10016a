/**
 * From records to entries, sorted by shard: a thread does this in a memory of its own, so that
 * several can at the same time, and hands each shard its entries.
 */
import {
  ENTRY_BYTES, ENTRY_LEAF, RECORDS, RECORDS_MAX, RECORD_BYTES, RECORD_KEY_BYTES, ROUTE_ENDS,
  ROUTE_IN, ROUTE_OUT, SHARD_BITS_MAX, TASKS,
} from "./map";
import { appendEntry } from "./entries.as";
import { addTask, copyHash, hashTasks, KEEP_ALL } from "./tasks.as";

/**
 * Makes an entry {path = hash of key, value} of each record, at ROUTE_OUT, lowest shard first, and
 * leaves at ROUTE_ENDS where those of each shard end.
 */
export function route(count: u32, shardBits: u32): void {
  assert(count <= <u32>RECORDS_MAX && shardBits <= <u32>SHARD_BITS_MAX);
  hashKeys(count);
  const end = <usize>ROUTE_IN + <usize>count * ENTRY_BYTES;
  memory.fill(ROUTE_ENDS, 0, 4 << SHARD_BITS_MAX);
  for (let entry: usize = ROUTE_IN; entry < end; entry += ENTRY_BYTES) {
    const place = endOf(entry, shardBits);
    store<u32>(place, load<u32>(place) + 1);
  }
  // From how many to where the next one goes, which at last is where they end.
  let target: usize = ROUTE_OUT;
  const counts = <usize>ROUTE_ENDS;
  for (let shard: usize = 0; shard < <usize>1 << shardBits; shard++) {
    const taken = load<u32>(counts + (shard << 2));
    store<u32>(counts + (shard << 2), <u32>target);
    target += <usize>taken * ENTRY_BYTES;
  }
  for (let entry: usize = ROUTE_IN; entry < end; entry += ENTRY_BYTES) {
    const place = endOf(entry, shardBits);
    store<u32>(place, <u32>appendEntry(load<u32>(place), entry));
  }
}

/** Where it is kept for the shard of an entry. */
@inline
function endOf(entry: usize, shardBits: u32): usize {
  const first = <u32>load<u8>(entry);
  return <usize>ROUTE_ENDS + (<usize>(first >> (8 - shardBits)) << 2);
}

function hashKeys(count: u32): void {
  let task: usize = TASKS;
  for (let index: usize = 0; index < <usize>count; index++) {
    const record = <usize>RECORDS + index * RECORD_BYTES;
    const entry = <usize>ROUTE_IN + index * ENTRY_BYTES;
    copyHash(record + RECORD_KEY_BYTES, entry + ENTRY_LEAF);
    task = addTask(task, record, entry, KEEP_ALL, 0);
  }
  hashTasks(task, KEEP_ALL, 0);
}

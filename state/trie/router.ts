/**
 * What a thread needs of the trie beside its shards, in a small memory of its own: it hashes the
 * keys of records to paths and sorts them by shard, and joins the roots of shards to the root.
 */
import { assert } from '../base/assert.js';
import { instantiateKernel } from '../base/wasm.js';
import * as map from './map.js';
import type { TrieShard } from './shard.js';

interface RouterKernel {
  route(count: number, shardBits: number): void;
  joinShards(shardBits: number): void;
}

const PAGES = Math.ceil(map.STAGE / 65_536);

export class TrieRouter {
  readonly #kernel: RouterKernel;
  readonly #shards: readonly TrieShard[];
  /** Bits of a path that tell its shard. */
  readonly shardBits: number;
  readonly #records: Uint8Array;
  readonly #entries: Uint8Array;
  readonly #ends: Uint32Array;
  readonly #top: Uint8Array;

  /** @param shards  in the order of their paths; a power of two of them */
  constructor(shards: readonly TrieShard[]) {
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
    this.#kernel = instantiateKernel<RouterKernel>('trie', memory);
    this.#shards = shards;
    this.shardBits = shardBitsOf(shards.length);
    const { buffer } = memory;
    this.#records = new Uint8Array(buffer, map.RECORDS, map.RECORDS_MAX * map.RECORD_BYTES);
    this.#entries = new Uint8Array(buffer, map.ROUTE_OUT, map.RECORDS_MAX * map.ENTRY_BYTES);
    this.#ends = new Uint32Array(buffer, map.ROUTE_ENDS, shards.length);
    this.#top = new Uint8Array(buffer, map.TOP, 64 * shards.length);
  }

  /** Stages whole records {key 64, value 32}, at most RECORDS_MAX of them. */
  stage(records: Uint8Array): void {
    assert(records.length % map.RECORD_BYTES === 0, 'whole records');
    this.#records.set(records);
    this.#kernel.route(records.length / map.RECORD_BYTES, this.shardBits);
    let from = 0;
    for (let index = 0; index < this.#shards.length; index++) {
      const end = (this.#ends[index] ?? 0) - map.ROUTE_OUT;
      if (end > from) this.#shards[index]?.stage(this.#entries.subarray(from, end));
      from = end;
    }
  }

  /** A node of the top as of the last `join`: 1 is the root, 2n and 2n + 1 are below n. A copy. */
  topHash(number: number): Uint8Array {
    return this.#top.slice(32 * number, 32 * number + 32);
  }

  /** The root of all shards. A copy. */
  join(): Uint8Array {
    this.#shards.forEach(({ root }, index) => {
      this.#top.set(root, (this.#shards.length + index) * 32);
    });
    this.#kernel.joinShards(this.shardBits);
    return this.topHash(1);
  }
}

/** How many bits of a path tell so many shards apart. */
export function shardBitsOf(count: number): number {
  const bits = Math.log2(count);
  assert(Number.isInteger(bits) && bits <= map.SHARD_BITS_MAX, 'shards are a power of two, few');
  return bits;
}

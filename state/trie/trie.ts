/**
 * The state trie in one thread: its shards and what joins them. Records are staged, then applied as
 * one batch. Beside records of keys it takes paths as they are, so that tests can craft them.
 * Several threads do the same through root-work.ts.
 */
import { assert } from '../base/assert.js';
import * as map from './map.js';
import { TrieReader } from './reader.js';
import { shardBitsOf, TrieRouter } from './router.js';
import { createShardMemory, TrieShard } from './shard.js';

export interface TrieOptions {
  /** Keys to expect: saves splitting buckets while they come. The default is none. */
  readonly keys?: number;
  /** A power of two up to 64; the default is 1. The root does not depend on it. */
  readonly shards?: number;
  /** Wasm pages of 64 KiB that a shard may have; the default is 65,536 (4 GiB). */
  readonly pagesMax?: number;
}

export class Trie {
  readonly #shards: readonly TrieShard[];
  readonly #shardBits: number;
  readonly #router: TrieRouter;

  /** @throws DeltacastError ARENA_FULL, region 'trie', when there is no memory for so many keys */
  constructor({ keys = 0, shards = 1, pagesMax }: TrieOptions = {}) {
    this.#shardBits = shardBitsOf(shards);
    this.#shards = Array.from({ length: shards }, () => new TrieShard(createShardMemory(pagesMax)));
    for (const shard of this.#shards) shard.setup(Math.ceil(keys / shards), this.#shardBits);
    this.#router = new TrieRouter(this.#shards);
  }

  /** Adds records {key 64, value 32} to the batch, at most RECORDS_MAX; a value of 0 deletes. */
  stage(records: Uint8Array): void {
    this.#router.stage(records);
  }

  /** The same with {path 32, value 32}: no key is hashed. */
  stagePaths(entries: Uint8Array): void {
    assert(entries.length % map.ENTRY_BYTES === 0, 'whole entries');
    for (let at = 0; at < entries.length; at += map.ENTRY_BYTES) {
      const shard = (entries[at] ?? 0) >> (8 - this.#shardBits);
      this.#shards[shard]?.stage(entries.subarray(at, at + map.ENTRY_BYTES));
    }
  }

  /** Whether the batch must be applied before another `stage`. */
  get isStageFull(): boolean {
    return this.#shards.some(({ stagedCount }) => stagedCount + map.RECORDS_MAX > map.STAGE_MAX);
  }

  /**
   * Takes in the batch; of several records of one key the last counts. The root is then out of
   * date unless `isHashed`. @throws DeltacastError ARENA_FULL, region 'trie': the trie is torn
   */
  apply(options: { readonly isHashed: boolean }): void {
    for (const shard of this.#shards) shard.apply(options);
  }

  /** Hashes everything: after applications without hashing. */
  rehashAll(): void {
    for (const shard of this.#shards) shard.rehashAll();
  }

  /** A copy. */
  get root(): Uint8Array {
    return this.#router.join();
  }

  /** As of the last look at `root`. */
  get reader(): TrieReader {
    return new TrieReader(this.#shards, this.#router);
  }

  get keyCount(): number {
    return this.#shards.reduce((sum, { keyCount }) => sum + keyCount, 0);
  }

  get bucketCount(): number {
    return this.#shards.reduce((sum, { bucketCount }) => sum + bucketCount, 0);
  }

  get bytes(): number {
    return this.#shards.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

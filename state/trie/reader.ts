/**
 * Reading a trie of any number of shards, for proofs: nodes by path and depth. By the thread that
 * owns the trie, between two changes.
 */
import type { TrieRouter } from './router.js';
import type { TrieShard } from './shard.js';

/** A subtree: nothing, one key, or the hash of more. */
export type TrieNode =
  | { readonly kind: 'empty' }
  | { readonly kind: 'leaf'; readonly path: Uint8Array; readonly hash: Uint8Array }
  | { readonly kind: 'inner'; readonly hash: Uint8Array };

/** Bit 7 of a hash's first byte tells a leaf. */
const LEAF_BIT = 0x80;

export class TrieReader {
  readonly #shards: readonly TrieShard[];
  readonly #router: TrieRouter;

  /** @param router  of these shards */
  constructor(shards: readonly TrieShard[], router: TrieRouter) {
    this.#shards = shards;
    this.#router = router;
  }

  /**
   * The subtree of all paths that have the first `depth` bits of `path`, as of the last hashing.
   * @param path   32 bytes
   * @param depth  0 to 256
   * @returns copies
   */
  nodeAt(path: Uint8Array, depth: number): TrieNode {
    const { shardBits } = this.#router;
    if (depth >= shardBits)
      return this.#shardAt(this.#numberAt(path, shardBits)).nodeAt(path, depth);
    const number = this.#numberAt(path, depth);
    const hash = this.#router.topHash(2 ** depth + number);
    if (hash.every((byte) => byte === 0)) return { kind: 'empty' };
    if (((hash[0] ?? 0) & LEAF_BIT) === 0) return { kind: 'inner', hash };
    return this.#loneKey(number << (shardBits - depth));
  }

  /** The first bits of a path. */
  #numberAt(path: Uint8Array, bits: number): number {
    return (path[0] ?? 0) >> (8 - bits);
  }

  /** Of the only key in some shards, from this one on. */
  #loneKey(first: number): TrieNode {
    let number = first;
    while (this.#shardAt(number).keyCount === 0) number++;
    const { shardBits } = this.#router;
    const path = new Uint8Array(32).fill(number << (8 - shardBits), 0, 1);
    return this.#shardAt(number).nodeAt(path, shardBits);
  }

  #shardAt(number: number): TrieShard {
    const shard = this.#shards[number];
    if (shard === undefined) throw new RangeError('no such shard');
    return shard;
  }
}

/**
 * One shard of the state trie: all keys whose paths begin with the same bits, in a Wasm memory of
 * its own (the work is done in trie/*.as.ts; the rules of its hashes are in ARCHITECTURE.md, "The
 * state root"). Any thread may stage entries at any time; the rest is for one thread at a time.
 */
import { assert } from '../base/assert.js';
import { DeltacastError } from '../base/errors.js';
import { instantiateKernel } from '../base/wasm.js';
import * as map from './map.js';
import type { TrieNode } from './reader.js';

interface ShardKernel {
  /** 0 or FULL_TRIE, as `growFor` and `apply`. */
  setup(keys: number, shardBits: number): number;
  growFor(keys: number): number;
  apply(isHashed: boolean): number;
  rehashAll(): void;
  /** NODE_*; reads WALK_PATH, writes WALK_NODE. */
  nodeAt(depth: number): number;
  rootAt(): number;
  keyCount(): number;
  depth(): number;
  splitCount(): number;
}

const PAGE_BYTES = 65_536;
/** 4 GiB, the most that a Wasm memory can have. */
const PAGES_MAX = 65_536;
/** The fixed parts and a first piece of what grows. */
const PAGES_MIN = Math.ceil(map.TRIE_HEAP / PAGE_BYTES) + 1;
/** From WALK_PATH on: the node's path, its hash, the end. */
const WALK_LEAF = map.WALK_NODE - map.WALK_PATH;
const WALK_HASH = WALK_LEAF + map.ENTRY_LEAF;
const WALK_BYTES = WALK_LEAF + map.ENTRY_BYTES;
const STAGED_WORD = map.T_STAGED >> 2;

/** Fresh memory for a shard; it may be posted to other threads. @param pagesMax  of 64 KiB */
export function createShardMemory(pagesMax = PAGES_MAX): WebAssembly.Memory {
  assert(pagesMax >= PAGES_MIN, 'a shard has some pages');
  return new WebAssembly.Memory({ initial: PAGES_MIN, maximum: pagesMax, shared: true });
}

export class TrieShard {
  readonly #memory: WebAssembly.Memory;
  readonly #kernel: ShardKernel;
  /** Fixed parts only: a view does not follow a memory that grows. */
  readonly #stage: Uint8Array;
  readonly #words: Int32Array;
  /** WALK_PATH, then WALK_NODE 64 bytes on. */
  readonly #walk: Uint8Array;

  /** Attaches; `setup` comes first, once, in any thread. */
  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#kernel = instantiateKernel<ShardKernel>('trie', memory);
    this.#stage = new Uint8Array(memory.buffer, map.STAGE, map.STAGE_MAX * map.ENTRY_BYTES);
    this.#words = new Int32Array(memory.buffer, 0, map.TRIE_HEAP >> 2);
    this.#walk = new Uint8Array(memory.buffer, map.WALK_PATH, WALK_BYTES);
  }

  /**
   * Makes it empty, whatever it held. @param keys  to expect: saves splitting buckets later
   * @throws DeltacastError ARENA_FULL, region 'trie', when there is no memory for so many keys
   */
  setup(keys: number, shardBits: number): void {
    check(this.#kernel.setup(keys, shardBits));
  }

  /**
   * Adds whole entries {path 32, value 32} of this shard to the batch, for any thread; a value of 0
   * deletes its key. Of several entries of one path in a batch the last counts.
   */
  stage(entries: Uint8Array): void {
    assert(entries.length % map.ENTRY_BYTES === 0, 'whole entries');
    const count = entries.length / map.ENTRY_BYTES;
    const first = Atomics.add(this.#words, STAGED_WORD, count);
    assert(first + count <= map.STAGE_MAX, 'a batch fits the stage');
    this.#stage.set(entries, first * map.ENTRY_BYTES);
  }

  /** Entries in the batch. */
  get stagedCount(): number {
    return Atomics.load(this.#words, STAGED_WORD);
  }

  /**
   * Takes in the batch. The root is then out of date unless `isHashed`.
   * @throws DeltacastError ARENA_FULL, region 'trie': the shard is torn
   */
  apply({ isHashed }: { readonly isHashed: boolean }): void {
    if (this.stagedCount === 0) return;
    check(this.#kernel.growFor(this.keyCount + this.stagedCount));
    check(this.#kernel.apply(isHashed));
  }

  /** Hashes everything: after applications without hashing. */
  rehashAll(): void {
    this.#kernel.rehashAll();
  }

  /** As TrieReader.nodeAt, for paths of this shard and no depth above it. */
  nodeAt(path: Uint8Array, depth: number): TrieNode {
    this.#walk.set(path);
    const kind = this.#kernel.nodeAt(depth);
    if (kind === map.NODE_EMPTY) return { kind: 'empty' };
    // Copies, no view into a larger one: with views a proof took 60 us, so it takes 36 (1M keys).
    const hash = this.#walk.slice(WALK_HASH);
    if (kind === map.NODE_INNER) return { kind: 'inner', hash };
    return { kind: 'leaf', path: this.#walk.slice(WALK_LEAF, WALK_HASH), hash };
  }

  /** The hash of all that is in this shard: a node of the whole trie. A copy. */
  get root(): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.#kernel.rootAt(), 32).slice();
  }

  get keyCount(): number {
    return this.#kernel.keyCount();
  }

  /** Buckets at the bottom; they double one by one as keys come. */
  get bucketCount(): number {
    return 2 ** this.#kernel.depth() + this.#kernel.splitCount();
  }

  /** Memory taken from the system or reserved to be. */
  get bytes(): number {
    return this.#memory.buffer.byteLength;
  }
}

function check(status: number): void {
  if (status === map.FULL_TRIE) {
    throw new DeltacastError('ARENA_FULL', 'no memory for the state trie', { region: 'trie' });
  }
}

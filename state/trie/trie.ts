/**
 * The state trie: a canonical Merkle tree over 256-bit paths in a Wasm memory of its own (the work
 * is done in trie/*.as.ts; the rules of its hashes are in ARCHITECTURE.md, "The state root"). This
 * class only moves records in and the root out. Records are staged, then applied as one sorted
 * batch. Beside records of keys it takes paths as they are, so that tests can craft them.
 */
import { assert } from '../base/assert.js';
import { DeltacastError } from '../base/errors.js';
import { instantiateKernel } from '../base/wasm.js';
import * as map from './map.js';

interface TrieKernel {
  /** 0 or FULL_TRIE, as `growFor` and `apply`. */
  setup(keys: number): number;
  growFor(keys: number): number;
  stage(count: number): void;
  stagePaths(count: number): void;
  apply(isHashed: boolean): number;
  rehashAll(): void;
  rootAt(): number;
  keyCount(): number;
  stagedCount(): number;
  depth(): number;
  splitCount(): number;
}

export interface TrieOptions {
  /** Keys to expect: saves splitting buckets while they come. The default is none. */
  readonly keys?: number;
  /** Wasm pages of 64 KiB that the memory may have; the default is 65,536 (4 GiB). */
  readonly pagesMax?: number;
}

const PAGE_BYTES = 65_536;
/** The fixed parts and a first piece of what grows. */
const PAGES_MIN = Math.ceil(map.TRIE_HEAP / PAGE_BYTES) + 1;

export class Trie {
  readonly #memory: WebAssembly.Memory;
  readonly #kernel: TrieKernel;
  /** Fixed parts only: a view does not follow a memory that grows. */
  readonly #records: Uint8Array;
  readonly #root: Uint8Array;

  /** @throws DeltacastError ARENA_FULL, region 'trie', when there is no memory for so many keys */
  constructor({ keys = 0, pagesMax = 65_536 }: TrieOptions = {}) {
    assert(pagesMax >= PAGES_MIN, 'a trie has some pages');
    this.#memory = new WebAssembly.Memory({ initial: PAGES_MIN, maximum: pagesMax, shared: true });
    this.#kernel = instantiateKernel<TrieKernel>('trie', this.#memory);
    check(this.#kernel.setup(keys));
    const { buffer } = this.#memory;
    this.#records = new Uint8Array(buffer, map.RECORDS, map.RECORDS_MAX * map.RECORD_BYTES);
    this.#root = new Uint8Array(buffer, this.#kernel.rootAt(), 32);
  }

  /**
   * Adds whole records {key 64, value 32} to the batch; a value of 0 deletes its key.
   * @param records  at most RECORDS_MAX of them, and the batch at most STAGE_MAX
   */
  stage(records: Uint8Array): void {
    assert(records.length % map.RECORD_BYTES === 0, 'whole records');
    this.#records.set(records);
    this.#kernel.stage(records.length / map.RECORD_BYTES);
  }

  /** The same with {path 32, value 32}: no key is hashed. */
  stagePaths(records: Uint8Array): void {
    assert(records.length % map.ENTRY_BYTES === 0, 'whole records');
    this.#records.set(records);
    this.#kernel.stagePaths(records.length / map.ENTRY_BYTES);
  }

  /** Whether the batch must be applied before another `stage`. */
  get isStageFull(): boolean {
    return this.#kernel.stagedCount() + map.RECORDS_MAX > map.STAGE_MAX;
  }

  /**
   * Takes in the batch; of several records of one key the last counts. The root is then out of
   * date unless `isHashed`. @throws DeltacastError ARENA_FULL, region 'trie': the trie is torn
   */
  apply({ isHashed }: { readonly isHashed: boolean }): void {
    check(this.#kernel.growFor(this.#kernel.keyCount() + this.#kernel.stagedCount()));
    check(this.#kernel.apply(isHashed));
  }

  /** Hashes everything: after applications without hashing. */
  rehashAll(): void {
    this.#kernel.rehashAll();
  }

  /** A copy. */
  get root(): Uint8Array {
    return this.#root.slice();
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

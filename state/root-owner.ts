/**
 * The one thread that owns a state trie: it opens the phases of every change and takes part in
 * them. What the records mean is the source's affair.
 */
import { refusal } from './arena-kernel.js';
import { DeltacastError } from './base/errors.js';
import { PRUNED } from './kernel/map.js';
import {
  CONTROL_BYTES,
  PHASE_APPLY,
  PHASE_REHASH,
  type PhaseInput,
  STATUS_FULL,
  STATUS_PRUNED,
} from './root-control.js';
import { PIECE, type RecordSource, type RootShared, RootWork } from './root-work.js';
import { TrieReader } from './trie/reader.js';
import { shardBitsOf } from './trie/router.js';
import { createShardMemory } from './trie/shard.js';

/** Each holds about 35 million keys; a batch costs some 3 us more for each. */
const SHARDS = 4;

export interface RootOptions {
  /** A power of two up to 64; the default is 4. The root does not depend on it. */
  readonly shards?: number;
}

/** A phase without what it does not need. */
const NOTHING = { start: 0, from: 0, to: 0, sequence: 0, isHashed: false };

/** Memory for a root and its helpers. It may be posted to their threads before the root is made. */
export function createRootShared({ shards = SHARDS }: RootOptions = {}): RootShared {
  shardBitsOf(shards);
  return {
    control: new SharedArrayBuffer(CONTROL_BYTES),
    shards: Array.from({ length: shards }, () => createShardMemory()),
  };
}

export class RootOwner {
  readonly #work: RootWork;

  /** Begins empty. @param shared  fresh, or what an owner that is gone left */
  constructor(source: RecordSource, shared: RootShared) {
    this.#work = new RootWork(source, shared);
    this.#work.control.restore();
    this.clear(0);
  }

  /** Makes it empty. @param keys  to expect */
  clear(keys: number): void {
    const { shards } = this.#work;
    const shardBits = shardBitsOf(shards.length);
    for (const shard of shards) shard.setup(Math.ceil(keys / shards.length), shardBits);
  }

  /**
   * Takes in all items of a stretch, in parts where the stages fill.
   * @throws DeltacastError STATE_PRUNED, ARENA_FULL, WORKER_FAILED: the trie is torn
   */
  takeIn(input: PhaseInput): void {
    for (let { from } = input; from < input.to; ) {
      const part = { ...input, from };
      // One piece is done before a helper is awake: with it 100 updates took twice the CPU time.
      const isShared = part.to - from > PIECE;
      this.#run(part, isShared);
      from = this.#work.reached(part);
      this.#run({ ...NOTHING, kind: PHASE_APPLY, isHashed: input.isHashed }, isShared);
    }
  }

  /** Hashes everything: after stretches without hashing. @throws DeltacastError WORKER_FAILED */
  rehash(): void {
    this.#run({ ...NOTHING, kind: PHASE_REHASH }, true);
  }

  /** A copy. */
  get root(): Uint8Array {
    return this.#work.router.join();
  }

  /** For proofs: as of the last look at `root`. */
  get reader(): TrieReader {
    const { shards, router } = this.#work;
    return new TrieReader(shards, router);
  }

  get keyCount(): number {
    return this.#work.shards.reduce((sum, { keyCount }) => sum + keyCount, 0);
  }

  /** Memory taken from the system or reserved to be. */
  get bytes(): number {
    return this.#work.shards.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** One phase from its opening until it is done everywhere. */
  #run(input: PhaseInput, isShared: boolean): void {
    const { control } = this.#work;
    control.open(input);
    if (isShared) control.wake();
    try {
      this.#work.take();
    } finally {
      control.close();
    }
    if (control.status === STATUS_PRUNED) throw refusal(PRUNED);
    if (control.status === STATUS_FULL) {
      throw new DeltacastError('ARENA_FULL', 'no memory for the state trie', { region: 'trie' });
    }
  }
}

/**
 * The state root: a hash of every cell that is not 0, the same for the same contents whatever the
 * history (ARCHITECTURE.md, "The state root"). It reads the arena as of closing sequences, so it
 * may run in any thread while later mini-blocks execute, and it keeps nothing by cell id, so ids
 * may be given anew. The caller sees to it that the undo ring keeps the stretch (`retainFrom`).
 * After any error, and when the arena was rolled back before the last sequence taken in, only
 * `rebuild` leads back. Threads that run `helpRoot` on `shared` share its work.
 */
import type { Arena } from './arena.js';
import type { UndoRange } from './arena-changes.js';
import { refusal } from './arena-kernel.js';
import { assert } from './base/assert.js';
import { DeltacastError } from './base/errors.js';
import { PRUNED } from './kernel/map.js';
import {
  CONTROL_BYTES,
  PHASE_APPLY,
  PHASE_CELLS,
  PHASE_CHANGES,
  PHASE_REHASH,
  type PhaseInput,
  STATUS_FULL,
  STATUS_PRUNED,
} from './root-control.js';
import { type RootShared, RootWork } from './root-work.js';
import { shardBitsOf } from './trie/router.js';
import { createShardMemory } from './trie/shard.js';

/** 32 zero bytes: the root of nothing. */
export const EMPTY_ROOT: Uint8Array = new Uint8Array(32);

/** Each holds about 35 million keys; a batch costs some 2 us more for each. */
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

export class StateRoot {
  /** What a helper's thread attaches to. */
  readonly shared: RootShared;
  readonly #arena: Arena;
  readonly #work: RootWork;
  #sequence = 0;
  /** False from the start of a change until it is all in. */
  #isWhole = true;

  /**
   * @param arena   as attached by the calling thread, whose scratch is used during calls
   * @param shared  fresh, or what a root that is gone left
   */
  constructor(arena: Arena, shared: RootShared = createRootShared()) {
    this.shared = shared;
    this.#arena = arena;
    this.#work = new RootWork(arena, shared);
    this.#work.control.restore();
    this.#setup(0);
  }

  /**
   * From nothing: every cell as of this closing sequence. Returns the root.
   * @throws DeltacastError STATE_PRUNED when a cell's history no longer reaches there; ARENA_FULL;
   *         WORKER_FAILED when a helper failed
   */
  rebuild(sequence: number): Uint8Array {
    this.#isWhole = false;
    const { cellCount } = this.#arena;
    this.#setup(cellCount);
    const input = { ...NOTHING, kind: PHASE_CELLS, to: cellCount, sequence } as const;
    this.#takeIn(input, false);
    this.#run({ ...NOTHING, kind: PHASE_REHASH });
    return this.#finish(sequence);
  }

  /**
   * Takes in the cells changed in a stretch of the undo ring, with their values as of `sequence`.
   * Returns the root. Stretches follow one another without gaps.
   * @param sequence  closing; not below the one before
   * @throws DeltacastError STATE_PRUNED, ARENA_FULL, WORKER_FAILED
   */
  update({ from, to }: UndoRange, sequence: number): Uint8Array {
    assert(this.#isWhole, 'a torn state root needs a rebuild');
    assert(sequence >= this.#sequence && from <= to, 'updates go forward');
    this.#isWhole = false;
    this.#takeIn({ ...NOTHING, kind: PHASE_CHANGES, start: from, from, to, sequence }, true);
    return this.#finish(sequence);
  }

  /** As of the last sequence taken in; EMPTY_ROOT at the start. A copy. */
  get root(): Uint8Array {
    assert(this.#isWhole, 'a torn state root needs a rebuild');
    return this.#work.router.join();
  }

  /** Cells that are not 0. */
  get keyCount(): number {
    return this.#work.shards.reduce((sum, { keyCount }) => sum + keyCount, 0);
  }

  /** Memory of the trie, for metrics. */
  get bytes(): number {
    return this.#work.shards.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #setup(keys: number): void {
    const { shards } = this.#work;
    const shardBits = shardBitsOf(shards.length);
    for (const shard of shards) shard.setup(Math.ceil(keys / shards.length), shardBits);
  }

  /** As often as the stages fill: cells or changes to the shards, then these applied. */
  #takeIn(input: PhaseInput, isHashed: boolean): void {
    for (let { from } = input; from < input.to; ) {
      const part = { ...input, from };
      this.#run(part);
      from = this.#work.reached(part);
      this.#run({ ...NOTHING, kind: PHASE_APPLY, isHashed });
    }
  }

  /** One phase from its opening until it is done everywhere. */
  #run(input: PhaseInput): void {
    const { control } = this.#work;
    control.open(input);
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

  #finish(sequence: number): Uint8Array {
    this.#sequence = sequence;
    this.#isWhole = true;
    return this.#work.router.join();
  }
}

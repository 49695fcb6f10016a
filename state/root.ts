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
import { assert } from './base/assert.js';
import { PHASE_CELLS, PHASE_CHANGES } from './root-control.js';
import { createRootShared, RootOwner } from './root-owner.js';
import { ArenaRecords } from './root-records.js';
import type { RootShared } from './root-work.js';

/** 32 zero bytes: the root of nothing. */
export const EMPTY_ROOT: Uint8Array = new Uint8Array(32);

export class StateRoot {
  readonly #arena: Arena;
  readonly #owner: RootOwner;
  #sequence = 0;
  /** False from the start of a change until it is all in. */
  #isWhole = true;

  /**
   * @param arena   as attached by the calling thread, whose scratch is used during calls
   * @param shared  what helpers attach to; fresh, or what a root that is gone left
   */
  constructor(arena: Arena, shared: RootShared = createRootShared()) {
    this.#arena = arena;
    this.#owner = new RootOwner(new ArenaRecords(arena), shared);
  }

  /**
   * From nothing: every cell as of this closing sequence. Returns the root.
   * @throws DeltacastError STATE_PRUNED when a cell's history no longer reaches there; ARENA_FULL;
   *         WORKER_FAILED when a helper failed
   */
  rebuild(sequence: number): Uint8Array {
    this.#isWhole = false;
    const { cellCount } = this.#arena;
    const cells = { start: 0, from: 0, to: cellCount, sequence };
    this.#owner.clear(cellCount);
    this.#owner.takeIn({ kind: PHASE_CELLS, ...cells, isHashed: false });
    this.#owner.rehash();
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
    this.#owner.takeIn({ kind: PHASE_CHANGES, start: from, from, to, sequence, isHashed: true });
    return this.#finish(sequence);
  }

  /** As of the last sequence taken in; EMPTY_ROOT at the start. A copy. */
  get root(): Uint8Array {
    assert(this.#isWhole, 'a torn state root needs a rebuild');
    return this.#owner.root;
  }

  /** Cells that are not 0. */
  get keyCount(): number {
    return this.#owner.keyCount;
  }

  /** Memory of the trie, for metrics. */
  get bytes(): number {
    return this.#owner.bytes;
  }

  #finish(sequence: number): Uint8Array {
    this.#sequence = sequence;
    this.#isWhole = true;
    return this.#owner.root;
  }
}

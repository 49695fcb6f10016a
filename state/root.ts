/**
 * The state root: a hash of every cell that is not 0, the same for the same contents whatever the
 * history (ARCHITECTURE.md, "The state root"). It reads the arena as of closing sequences, so it
 * may run in any thread while later mini-blocks execute, and it keeps nothing by cell id, so ids
 * may be given anew. The caller sees to it that the undo ring keeps the stretch (`retainFrom`).
 * After any error, and when the arena was rolled back before the last sequence taken in, only
 * `rebuild` leads back. Threads that run `helpRoot` on `shared` share its work.
 */
import { type Arena, NO_CELL } from './arena.js';
import type { UndoRange } from './arena-changes.js';
import { assert } from './base/assert.js';
import type { ProofForm, StateKey } from './proof.js';
import { Prover } from './prover.js';
import { PHASE_CELLS, PHASE_CHANGES } from './root-control.js';
import { createRootShared, RootOwner } from './root-owner.js';
import { ArenaRecords } from './root-records.js';
import type { RootShared } from './root-work.js';

/** 32 zero bytes: the root of nothing. */
export const EMPTY_ROOT: Uint8Array = new Uint8Array(32);

export class StateRoot {
  readonly #arena: Arena;
  readonly #owner: RootOwner;
  readonly #prover: Prover;
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
    this.#prover = new Prover(arena);
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

  /**
   * Goes back to how it was at an earlier closing sequence, for proofs; `update` with the same
   * stretch leads forward again. Returns the root.
   * @param range  what was changed since
   * @throws DeltacastError STATE_PRUNED, ARENA_FULL, WORKER_FAILED
   */
  rewind(range: UndoRange, sequence: number): Uint8Array {
    assert(sequence <= this.#sequence, 'a rewind goes back');
    this.#sequence = sequence;
    return this.update(range, sequence);
  }

  /**
   * Proves what values some keys have, or that they have none, under the root as it stands
   * (proof.ts checks it; multiproof.ts where the form is wide). @param keys  1 to the form's most
   * @throws DeltacastError PROOF_INVALID for keys that are none; STATE_PRUNED
   */
  prove(keys: readonly StateKey[], form?: ProofForm): Uint8Array {
    assert(this.#isWhole, 'a torn state root needs a rebuild');
    return this.#prover.prove(this.#owner.reader, keys, this.#sequence, form);
  }

  /** The 32-byte value of a key as the root stands; zeros where there is none. */
  valueOf(key: StateKey): Uint8Array {
    const value = new Uint8Array(32);
    const id = this.#arena.find(key.kind, key.address, key.slot);
    if (id !== NO_CELL) this.#arena.readAt(id, this.#sequence, value);
    return value;
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

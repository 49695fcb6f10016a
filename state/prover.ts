/**
 * Proofs over the tree of a state root: a reader tells its nodes, the arena the values.
 */
import { type Arena, NO_CELL } from './arena.js';
import { assert } from './base/assert.js';
import { equalBytes, toHex } from './base/bytes.js';
import { PathIndex } from './path-index.js';
import { leafOf, PROOF_FORM, pathOf, type StateKey, sortPaths } from './proof.js';
import { type ProofSource, writeProof } from './proof-writer.js';

export class Prover {
  readonly #arena: Arena;
  readonly #index: PathIndex;

  /** @param arena  as attached by the calling thread, whose scratch is used during calls */
  constructor(arena: Arena) {
    this.#arena = arena;
    this.#index = new PathIndex(arena);
  }

  /**
   * @param reader    of the tree as it stands
   * @param keys      1 to the form's most
   * @param sequence  closing, at which the tree stands
   * @throws DeltacastError PROOF_INVALID for keys that are none; STATE_PRUNED, PROOF_UNAVAILABLE
   */
  prove(
    reader: Pick<ProofSource, 'nodeAt'>,
    keys: readonly StateKey[],
    sequence: number,
    form = PROOF_FORM,
  ): Uint8Array {
    const own = new Map<string, StateKey>();
    const paths = keys.map((key) => {
      const path = pathOf(key);
      own.set(toHex(path), key);
      return path;
    });
    const source: ProofSource = {
      nodeAt: (path, depth) => reader.nodeAt(path, depth),
      valueOf: (path, leaf) => {
        const value = this.#read(path, own.get(toHex(path)), sequence);
        assert(equalBytes(leafOf(path, value), leaf), 'the tree has another value');
        return value;
      },
    };
    return writeProof(sortPaths(paths), source, form);
  }

  #read(path: Uint8Array, key: StateKey | undefined, sequence: number): Uint8Array {
    const id =
      key === undefined
        ? this.#index.find(path)
        : this.#arena.find(key.kind, key.address, key.slot);
    assert(id !== NO_CELL, 'a leaf has a cell');
    const value = new Uint8Array(32);
    this.#arena.readAt(id, sequence, value);
    return value;
  }
}

/**
 * Cells as they were at a closing sequence, with values put over them: what eth_call runs on.
 * Nothing is ever written to the arena. Keys that only the overlay knows have ids above those of
 * the arena.
 */
import { type Arena, type CellId, type CellKey, type CellKind, NO_CELL } from '../state/arena.js';
import { AssertionError, assert } from '../state/base/assert.js';
import { toHex } from '../state/base/bytes.js';
import { isDeltacastError } from '../state/base/errors.js';
import type { CellStore } from './cell-store.js';

/** Far above any cell of a 4 GiB arena. */
const OVERLAY_BASE = 2 ** 30;

interface Override {
  readonly key: CellKey;
  value: Uint8Array;
}

export class SnapshotStore implements CellStore {
  /** True where a read failed because the history no longer reaches the snapshot. */
  isPruned = false;
  private readonly arena: Arena;
  private sequence = 0;
  private readonly ids = new Map<string, number>();
  private readonly overrides: Override[] = [];
  private readonly codes = new Map<string, Uint8Array>();

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** Goes to a snapshot and forgets all overrides. */
  begin(sequence: number): void {
    this.sequence = sequence;
    this.isPruned = false;
    this.ids.clear();
    this.overrides.length = 0;
    this.codes.clear();
  }

  /** Puts a value over a cell for this snapshot. @param slot  for kind 3 only */
  override(kind: CellKind, address: Uint8Array, value: Uint8Array, slot?: Uint8Array): void {
    const name = nameOf(kind, address, slot);
    const known = this.ids.get(name);
    if (known !== undefined) {
      this.overrideAt(known).value = value;
      return;
    }
    const key = { kind, address, slot: slot ?? new Uint8Array(32) };
    this.ids.set(name, OVERLAY_BASE + this.overrides.push({ key, value }) - 1);
  }

  overrideCode(hash: Uint8Array, bytes: Uint8Array): void {
    this.codes.set(toHex(hash), bytes);
  }

  find(kind: CellKind, address: Uint8Array, slot?: Uint8Array): CellId {
    if (this.ids.size > 0) {
      const id = this.ids.get(nameOf(kind, address, slot));
      if (id !== undefined) return id;
    }
    return this.arena.find(kind, address, slot);
  }

  readLatest(id: CellId, out: Uint8Array): number {
    if (id >= OVERLAY_BASE) {
      out.set(this.overrideAt(id).value);
      return this.sequence;
    }
    try {
      return this.arena.readAt(id, this.sequence, out);
    } catch (error) {
      if (isDeltacastError(error, 'STATE_PRUNED')) this.isPruned = true;
      throw error;
    }
  }

  versionOf(id: CellId): number {
    return this.readLatest(id, new Uint8Array(32));
  }

  keyOf(id: CellId): CellKey {
    return id >= OVERLAY_BASE ? this.overrideAt(id).key : this.arena.keyOf(id);
  }

  *slotsOf(address: Uint8Array): IterableIterator<CellId> {
    const owner = toHex(address);
    for (const id of this.arena.slotsOf(address)) {
      const { slot } = this.arena.keyOf(id);
      if (!this.ids.has(nameOf(3, address, slot))) yield id;
    }
    for (const [index, { key }] of this.overrides.entries()) {
      if (key.kind === 3 && toHex(key.address) === owner) yield OVERLAY_BASE + index;
    }
  }

  getCode(hash: Uint8Array): Uint8Array | undefined {
    return this.codes.get(toHex(hash)) ?? this.arena.getCode(hash);
  }

  /** The value of a key; zeros where there is none. */
  value(kind: CellKind, address: Uint8Array): Uint8Array {
    const out = new Uint8Array(32);
    const id = this.find(kind, address);
    if (id !== NO_CELL) this.readLatest(id, out);
    return out;
  }

  intern(): CellId {
    throw new AssertionError('a snapshot is never written');
  }

  write(): void {
    throw new AssertionError('a snapshot is never written');
  }

  putCode(): void {
    throw new AssertionError('a snapshot is never written');
  }

  private overrideAt(id: CellId): Override {
    const override = this.overrides[id - OVERLAY_BASE];
    assert(override !== undefined, 'an override of this snapshot');
    return override;
  }
}

function nameOf(kind: CellKind, address: Uint8Array, slot: Uint8Array | undefined): string {
  return kind === 3 && slot !== undefined
    ? `3${toHex(address)}${toHex(slot)}`
    : `${kind}${toHex(address)}`;
}

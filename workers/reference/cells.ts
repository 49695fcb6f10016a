/**
 * What the reference engine sees of the arena during one transaction: committed cells, each read
 * once and remembered with its version, so that the transaction sees one value of a cell even while
 * others commit, and so that the commit can tell whether that value still stands.
 */
import { type CellKind, NO_CELL } from '../../state/arena.js';
import { toHex } from '../../state/base/bytes.js';
import type { CellStore } from '../cell-store.js';
import type { ExecutionMode } from '../engine.js';
import type { CellRead } from '../outcome.js';

/** Thrown where only the commit head can answer; the engine turns it into a needs-head outcome. */
export class NeedsHead extends Error {
  constructor() {
    super('storage can be enumerated only at the commit head');
    this.name = 'NeedsHead';
  }
}

interface Seen {
  readonly read: CellRead;
  readonly value: Uint8Array;
}

export class CellReader {
  private readonly arena: CellStore;
  private readonly mode: ExecutionMode;
  private readonly seen = new Map<string, Seen>();

  constructor(arena: CellStore, mode: ExecutionMode) {
    this.arena = arena;
    this.mode = mode;
  }

  /** The committed value, 32 bytes big-endian; zeros where the key is absent. */
  read(kind: CellKind, address: Uint8Array, slot: Uint8Array | null): Uint8Array {
    const key = cellKey(kind, address, slot);
    const before = this.seen.get(key);
    if (before !== undefined) return before.value;
    const value = new Uint8Array(32);
    const id = this.arena.find(kind, address, slot ?? undefined);
    const version = id === NO_CELL ? 0 : this.arena.readLatest(id, value);
    const read = { kind, address: address.slice(), slot: slot?.slice() ?? null, version };
    this.seen.set(key, { read, value });
    return value;
  }

  code(hash: Uint8Array): Uint8Array | undefined {
    return this.arena.getCode(hash);
  }

  /**
   * The slots of an account that hold a value.
   * @throws NeedsHead in speculative mode, unless the account never had code nor storage
   */
  occupiedSlots(address: Uint8Array): Uint8Array[] {
    this.read(2, address, null);
    if (this.arena.find(2, address) === NO_CELL) return [];
    if (this.mode === 'speculative') throw new NeedsHead();
    const value = new Uint8Array(32);
    const slots: Uint8Array[] = [];
    for (const id of this.arena.slotsOf(address)) {
      this.arena.readLatest(id, value);
      if (value.some((byte) => byte !== 0)) slots.push(this.arena.keyOf(id).slot);
    }
    return slots;
  }

  /** True where this transaction has read the cell. */
  hasRead(kind: CellKind, address: Uint8Array): boolean {
    return this.seen.has(cellKey(kind, address, null));
  }

  reads(): CellRead[] {
    return [...this.seen.values()].map((seen) => seen.read);
  }
}

export function cellKey(kind: CellKind, address: Uint8Array, slot: Uint8Array | null): string {
  return slot === null ? `${kind}${toHex(address)}` : `${kind}${toHex(address)}${toHex(slot)}`;
}

/**
 * The plain reference of the arena: maps and arrays, copied whole at every mark. It also knows how
 * to take the arena's bytes, so that a rollback can be held against what was there.
 */
import { createHash } from 'node:crypto';
import { type Arena, type CellKind, KIND_CODE, KIND_SLOT } from '../../../state/arena.js';
import { toHex } from '../../../state/base/bytes.js';
import * as map from '../../../state/kernel/map.js';
import type { Region } from '../../../state/layout.js';

export interface ModelCell {
  readonly kind: CellKind;
  readonly address: string;
  readonly slot: string;
  value: string;
  version: number;
}

/** What the arena should hold; values and keys in hex. */
export class ArenaModel {
  readonly cells: ModelCell[] = [];
  readonly codes: { hash: string; bytes: string }[] = [];
  #ids = new Map<string, number>();

  copy(): ArenaModel {
    const other = new ArenaModel();
    for (const cell of this.cells) other.cells.push({ ...cell });
    for (const code of this.codes) other.codes.push(code);
    other.#ids = new Map(this.#ids);
    return other;
  }

  find(kind: CellKind, address: string, slot: string): number {
    return this.#ids.get(keyText(kind, address, slot)) ?? map.NO_CELL;
  }

  intern(kind: CellKind, address: string, slot: string): number {
    const known = this.find(kind, address, slot);
    if (known !== map.NO_CELL) return known;
    if (kind === KIND_SLOT) this.intern(KIND_CODE, address, '');
    const id = this.cells.length;
    this.#ids.set(keyText(kind, address, slot), id);
    const ownSlot = kind === KIND_SLOT ? slot : toHex(new Uint8Array(32));
    this.cells.push({ kind, address, slot: ownSlot, value: ZERO, version: 0 });
    return id;
  }

  slotsOf(address: string): number[] {
    const ids: number[] = [];
    this.cells.forEach((cell, id) => {
      if (cell.kind === KIND_SLOT && cell.address === address) ids.unshift(id);
    });
    return ids;
  }
}

const ZERO = toHex(new Uint8Array(32));

function keyText(kind: CellKind, address: string, slot: string): string {
  return kind === KIND_SLOT ? `${kind}/${address}/${slot}` : `${kind}/${address}`;
}

/** More than the histories of the tests reach: digests stop here to be quick. */
const CELLS_SEEN = 4096;
const INDEX_BYTES_SEEN = 2 ** 13 * map.INDEX_SLOT_BYTES;

/** A digest of all that a rollback must put back: seqlocks and free undo nodes are left out. */
export function digestOf(arena: Arena): string {
  const { layout, bytes } = arena;
  const hash = createHash('sha1');
  const add = ({ base, bytes: length }: Region): void => {
    hash.update(bytes.slice(base, base + length));
  };
  const cells = bytes.slice(layout.cells.base, layout.cells.base + CELLS_SEEN * map.CELL_BYTES);
  for (let lock = map.CELL_LOCK; lock < cells.length; lock += map.CELL_BYTES) {
    cells.fill(0, lock, lock + 8);
  }
  hash.update(cells);
  add({ base: layout.keys.base, bytes: CELLS_SEEN * map.KEY_BYTES });
  add({ base: layout.index.base, bytes: INDEX_BYTES_SEEN });
  add(layout.code);
  const undo = arena.undoPosition;
  const { cells: count, codes, regions } = arena.statistics();
  hash.update(JSON.stringify({ undo, count, codes, index: regions.index, code: regions.code }));
  const nodes = Math.min(undo, arena.statistics().undoCapacity);
  for (let position = undo - nodes; position < undo; position++) {
    const base = layout.undo.base + (position % layout.undoCapacity) * map.UNDO_BYTES;
    add({ base, bytes: map.UNDO_BYTES });
  }
  return hash.digest('hex');
}

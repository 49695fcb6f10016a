import { type CellId, type CellKey, type CellKind, NO_CELL } from '../../state/arena.js';
import { toHex } from '../../state/base/bytes.js';
import type { CellStore } from '../../workers/cell-store.js';

interface Cell {
  readonly key: CellKey;
  value: Uint8Array;
  version: number;
}

/** The arena's contract on a plain Map and array: what the kernel is compared with. */
export class MapCells implements CellStore {
  private readonly ids = new Map<string, CellId>();
  private readonly cells: Cell[] = [];
  private readonly codes = new Map<string, Uint8Array>();

  find(kind: CellKind, address: Uint8Array, slot?: Uint8Array): CellId {
    return this.ids.get(name(kind, address, slot)) ?? NO_CELL;
  }

  intern(kind: CellKind, address: Uint8Array, slot?: Uint8Array): CellId {
    const found = this.find(kind, address, slot);
    if (found !== NO_CELL) return found;
    if (kind === 3) this.intern(2, address);
    const key = { kind, address: address.slice(), slot: slot?.slice() ?? new Uint8Array(32) };
    this.ids.set(name(kind, address, slot), this.cells.length);
    return this.cells.push({ key, value: new Uint8Array(32), version: 0 }) - 1;
  }

  readLatest(id: CellId, out: Uint8Array): number {
    out.set(this.cell(id).value);
    return this.cell(id).version;
  }

  versionOf(id: CellId): number {
    return this.cell(id).version;
  }

  write(id: CellId, value: Uint8Array, sequence: number): void {
    const cell = this.cell(id);
    cell.value = value.slice();
    cell.version = sequence;
  }

  keyOf(id: CellId): CellKey {
    return this.cell(id).key;
  }

  *slotsOf(address: Uint8Array): IterableIterator<CellId> {
    const wanted = toHex(address);
    for (const [id, { key }] of this.cells.entries()) {
      if (key.kind === 3 && toHex(key.address) === wanted) yield id;
    }
  }

  putCode(hash: Uint8Array, bytes: Uint8Array): void {
    this.codes.set(toHex(hash), bytes.slice());
  }

  getCode(hash: Uint8Array): Uint8Array | undefined {
    return this.codes.get(toHex(hash));
  }

  private cell(id: CellId): Cell {
    const cell = this.cells[id];
    if (cell === undefined) throw new Error(`no cell ${id}`);
    return cell;
  }
}

function name(kind: CellKind, address: Uint8Array, slot?: Uint8Array): string {
  return `${kind}${toHex(address)}${kind === 3 && slot !== undefined ? toHex(slot) : ''}`;
}

/**
 * From a path back to the cell whose key it is the hash of: a proof that a key is absent may have
 * to show another key's leaf, and the trie knows paths only. Built at the first such proof and then
 * kept up with new cells; a node that is never asked pays nothing. Ids above the last sealed block
 * may be taken back and given anew, so what is found is checked, and a miss builds all of it again.
 */
import { type Arena, type CellId, NO_CELL } from './arena.js';
import { equalBytes } from './base/bytes.js';
import { instantiateOver } from './cold/kernels.js';
import { scratchOf } from './layout.js';
import { pathOf } from './proof.js';

/** Exports of kernel/records.as.ts. */
interface PathKernel {
  /** Paths of cells to `target` + PATHS_AT. */
  recordPaths(first: number, end: number, target: number): void;
}

const PATHS_AT = 512;
/** In one call: half of the scratch. */
const CELLS_MAX = 1_024;

/** {first 32 bits of the path, id + 1}; 0 where there is none. */
const SLOT_WORDS = 2;
const LOG2_MIN = 10;

export class PathIndex {
  readonly #arena: Arena;
  readonly #kernel: PathKernel;
  #slots = new Uint32Array(0);
  /** Cells [0, #end) are in it. */
  #end = 0;

  /** @param arena  as attached by the calling thread, whose scratch is used during calls */
  constructor(arena: Arena) {
    this.#arena = arena;
    this.#kernel = instantiateOver<PathKernel>(arena, 'state');
  }

  /** @returns NO_CELL where no cell has this path */
  find(path: Uint8Array): CellId {
    if (this.#end > this.#arena.cellCount) this.#end = 0;
    const isFresh = this.#end === 0;
    this.#extend();
    const id = this.#lookUp(path);
    if (id !== NO_CELL || isFresh) return id;
    this.#end = 0;
    this.#extend();
    return this.#lookUp(path);
  }

  /** Memory, for measurements. */
  get bytes(): number {
    return this.#slots.byteLength;
  }

  #lookUp(path: Uint8Array): CellId {
    const tag = tagOf(path);
    const mask = this.#slots.length / SLOT_WORDS - 1;
    for (let slot = tag & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot * SLOT_WORDS + 1]! - 1;
      if (id < 0) return NO_CELL;
      if (this.#slots[slot * SLOT_WORDS] === tag && equalBytes(this.#pathOf(id), path)) return id;
    }
  }

  #extend(): void {
    const { cellCount } = this.#arena;
    const log2 = Math.max(LOG2_MIN, Math.ceil(Math.log2((cellCount + 1) / 0.75)));
    const isLarger = this.#slots.length < SLOT_WORDS * 2 ** log2;
    if (this.#end === 0 || isLarger) this.#resize(log2);
    for (let id = this.#end; id < cellCount; id += CELLS_MAX) {
      this.#take(id, Math.min(id + CELLS_MAX, cellCount));
    }
    this.#end = cellCount;
  }

  /** Cells [first, end), few enough for one call. */
  #take(first: CellId, end: CellId): void {
    const { layout, thread, memory } = this.#arena;
    const { base } = scratchOf(layout, thread);
    const { faults } = this.#arena;
    const record = (): void => this.#kernel.recordPaths(first, end, base);
    if (faults === null) record();
    else faults.steadily(record);
    const paths = new DataView(memory.buffer, base + PATHS_AT, (end - first) * 32);
    for (let id = first; id < end; id++) this.#put(paths.getUint32((id - first) * 32), id + 1);
  }

  /** Empty where it begins anew, else with what it held. */
  #resize(log2: number): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(SLOT_WORDS * 2 ** log2);
    if (this.#end === 0) return;
    for (let at = 0; at < before.length; at += SLOT_WORDS) {
      const entry = before[at + 1]!;
      if (entry !== 0) this.#put(before[at]!, entry);
    }
  }

  #put(tag: number, entry: number): void {
    const mask = this.#slots.length / SLOT_WORDS - 1;
    let slot = tag & mask;
    while (this.#slots[slot * SLOT_WORDS + 1] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot * SLOT_WORDS] = tag;
    this.#slots[slot * SLOT_WORDS + 1] = entry;
  }

  #pathOf(id: CellId): Uint8Array {
    const { kind, address, slot } = this.#arena.keyOf(id);
    return pathOf(kind === 3 ? { kind, address, slot } : { kind, address });
  }
}

function tagOf(path: Uint8Array): number {
  return ((path[0]! << 24) | (path[1]! << 16) | (path[2]! << 8) | path[3]!) >>> 0;
}

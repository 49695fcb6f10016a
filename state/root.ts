/**
 * The state root: a hash of every cell that is not 0, the same for the same contents whatever the
 * history (ARCHITECTURE.md, "The state root"). It reads the arena as of closing sequences, so it
 * may run in any thread while later mini-blocks execute, and it keeps nothing by cell id, so ids
 * may be given anew. The caller sees to it that the undo ring keeps the stretch (`retainFrom`).
 * After any error, and when the arena was rolled back before the last sequence taken in, only
 * `rebuild` leads back.
 */
import type { Arena } from './arena.js';
import type { UndoRange } from './arena-changes.js';
import { refusal } from './arena-kernel.js';
import { assert } from './base/assert.js';
import { instantiateKernel } from './base/wasm.js';
import { PRUNED } from './kernel/map.js';
import { type Region, scratchOf } from './layout.js';
import { RECORD_BYTES, RECORDS_MAX } from './trie/map.js';
import { Trie } from './trie/trie.js';

/** 32 zero bytes: the root of nothing. */
export const EMPTY_ROOT: Uint8Array = new Uint8Array(32);

/** Exports of kernel/records.as.ts: how many records were written after the header, or PRUNED. */
interface RecordKernel {
  recordChanges(
    start: number,
    from: number,
    to: number,
    sequence: number,
    target: number,
    countMax: number,
  ): number;
  recordCells(
    first: number,
    end: number,
    sequence: number,
    target: number,
    countMax: number,
  ): number;
}

/** Where to go on, as f64, then nothing. */
const HEADER_BYTES = 16;

export class StateRoot {
  readonly #arena: Arena;
  readonly #kernel: RecordKernel;
  readonly #scratch: Region;
  readonly #view: DataView;
  readonly #countMax: number;
  #trie = new Trie();
  #sequence = 0;
  /** False from the start of a change until it is all in. */
  #isWhole = true;

  /** @param arena  as attached by the calling thread, whose scratch is used during calls */
  constructor(arena: Arena) {
    this.#arena = arena;
    this.#kernel = instantiateKernel<RecordKernel>('state', arena.memory);
    this.#scratch = scratchOf(arena.layout, arena.thread);
    const { base, bytes } = this.#scratch;
    this.#view = new DataView(arena.memory.buffer, base, bytes);
    this.#countMax = Math.min(RECORDS_MAX, Math.floor((bytes - HEADER_BYTES) / RECORD_BYTES));
  }

  /**
   * From nothing: every cell as of this closing sequence. Returns the root.
   * @throws DeltacastError STATE_PRUNED when a cell's history no longer reaches there; ARENA_FULL
   */
  rebuild(sequence: number): Uint8Array {
    this.#isWhole = false;
    const { cellCount } = this.#arena;
    this.#trie = new Trie({ keys: cellCount });
    for (let next = 0; next < cellCount; next = this.#next) {
      this.#stage(this.#recordCells(next, cellCount, sequence));
      if (this.#trie.isStageFull) this.#trie.apply({ isHashed: false });
    }
    this.#trie.apply({ isHashed: false });
    this.#trie.rehashAll();
    return this.#finish(sequence);
  }

  /**
   * Takes in the cells changed in a stretch of the undo ring, with their values as of `sequence`.
   * Returns the root. Stretches follow one another without gaps.
   * @param sequence  closing; not below the one before
   * @throws DeltacastError STATE_PRUNED, ARENA_FULL
   */
  update(range: UndoRange, sequence: number): Uint8Array {
    assert(this.#isWhole, 'a torn state root needs a rebuild');
    assert(sequence >= this.#sequence && range.from <= range.to, 'updates go forward');
    this.#isWhole = false;
    for (let next = range.from; next < range.to; next = this.#next) {
      this.#stage(this.#recordChanges(range, next, sequence));
      if (this.#trie.isStageFull) this.#trie.apply({ isHashed: true });
    }
    this.#trie.apply({ isHashed: true });
    return this.#finish(sequence);
  }

  /** As of the last sequence taken in; EMPTY_ROOT at the start. A copy. */
  get root(): Uint8Array {
    assert(this.#isWhole, 'a torn state root needs a rebuild');
    return this.#trie.root;
  }

  /** Cells that are not 0. */
  get keyCount(): number {
    return this.#trie.keyCount;
  }

  /** Memory of the trie, for metrics. */
  get bytes(): number {
    return this.#trie.bytes;
  }

  #finish(sequence: number): Uint8Array {
    this.#sequence = sequence;
    this.#isWhole = true;
    return this.#trie.root;
  }

  /** Where the last call of the record kernel stopped. */
  get #next(): number {
    return this.#view.getFloat64(0, true);
  }

  #recordCells(first: number, end: number, sequence: number): number {
    const { base } = this.#scratch;
    return this.#kernel.recordCells(first, end, sequence, base, this.#countMax);
  }

  #recordChanges({ from, to }: UndoRange, next: number, sequence: number): number {
    const { base } = this.#scratch;
    return this.#kernel.recordChanges(from, next, to, sequence, base, this.#countMax);
  }

  #stage(count: number): void {
    if (count < 0) throw refusal(PRUNED);
    const start = this.#scratch.base + HEADER_BYTES;
    this.#trie.stage(this.#arena.bytes.subarray(start, start + count * RECORD_BYTES));
  }
}

/**
 * The keys and updates of a diff as they stream through a thread's scratch: {working state, window}
 * (kernel/diff-map.ts). The kernel does as much as fits the window and is called again for the
 * rest; what it answers below 0 becomes an error here.
 */
import type { Arena } from './arena.js';
import type { UndoRange } from './arena-changes.js';
import { type DiffKernel, refusal } from './arena-kernel.js';
import { assert } from './base/assert.js';
import type { DeltacastError } from './base/errors.js';
import { invalid } from './diff-format.js';
import * as map from './kernel/diff-map.js';
import { scratchOf } from './layout.js';

const REASONS: Readonly<Record<number, string>> = {
  [map.DIFF_TRUNCATED]: 'cut off',
  [map.DIFF_NO_CELL]: 'an update of a cell that is not there',
  [map.DIFF_FORM]: 'an update not in its one form',
  [map.DIFF_KEY]: 'a key not in its one form',
  [map.DIFF_KEY_KNOWN]: 'a key that is known or comes before its account',
};

export class DiffSection {
  /** Updates that encodeUpdates wrote: cells with their old value are none. */
  updatesWritten = 0;
  readonly #arena: Arena;
  readonly #kernel: DiffKernel;
  /** Byte offset of the working state. */
  readonly #state: number;
  readonly #words: Uint32Array;
  readonly #window: Uint8Array;
  /** What may be filled: behind it the kernel reads and writes up to DIFF_SPILL_BYTES. */
  readonly #windowBytes: number;

  constructor(arena: Arena) {
    const { base, bytes } = scratchOf(arena.layout, arena.thread);
    const windowAt = base + map.DIFF_STATE_BYTES;
    this.#arena = arena;
    this.#kernel = arena.diffKernel;
    this.#state = base;
    this.#words = new Uint32Array(arena.memory.buffer, base, map.DIFF_STATE_BYTES / 4);
    this.#windowBytes = bytes - map.DIFF_STATE_BYTES - map.DIFF_SPILL_BYTES;
    this.#window = new Uint8Array(arena.memory.buffer, windowAt, this.#windowBytes);
  }

  /** Copies of the portions. */
  encodeKeys(first: number, count: number): Uint8Array[] {
    this.#begin(first, count);
    return this.#drain(() => this.#kernel.encodeKeys(this.#state, this.#windowBytes));
  }

  /** Copies of the portions. @throws DeltacastError STATE_PRUNED when the ring is too short */
  encodeUpdates({ from, to }: UndoRange): Uint8Array[] {
    const { base, bytes } = this.#arena.layout.batchIn;
    // Holds by the shares of layout.ts for every size of arena: the ring is at most 1/16 of it.
    assert((to - from) * map.CHANGE_SORT_BYTES <= bytes, 'BATCH_IN holds the changes twice');
    assert(this.#windowBytes >= map.SORT_COUNTERS_BYTES, 'the window holds the counters');
    const counters = this.#window.byteOffset;
    const sorted = this.#kernel.sortChanges(this.#state, from, to, base, counters);
    if (sorted < 0) throw refusal(sorted);
    const portions = this.#drain(() => this.#kernel.encodeUpdates(this.#state, this.#windowBytes));
    this.updatesWritten = this.#words[map.D_WRITTEN / 4]!;
    return portions;
  }

  /** @throws DeltacastError DIFF_INVALID, ARENA_FULL */
  applyKeys(section: Uint8Array, count: number): void {
    this.#begin(this.#arena.cellCount, count);
    this.#feed(section, (bytes, isLast) => this.#kernel.applyKeys(this.#state, bytes, isLast));
  }

  /** @throws DeltacastError DIFF_INVALID, ARENA_FULL */
  applyUpdates(section: Uint8Array, count: number, sequence: number): void {
    this.#begin(0, count);
    this.#feed(section, (bytes, isLast) =>
      this.#kernel.applyUpdates(this.#state, sequence, bytes, isLast),
    );
  }

  #begin(next: number, count: number): void {
    this.#words[map.D_NEXT / 4] = next;
    this.#words[map.D_LEFT / 4] = count;
  }

  #drain(encode: () => number): Uint8Array[] {
    const portions: Uint8Array[] = [];
    while (this.#left > 0) portions.push(this.#window.slice(0, encode()));
    return portions;
  }

  /** Ends: each portion but the last is longer than any item, so that it brings us on. */
  #feed(section: Uint8Array, apply: (bytes: number, isLast: number) => number): void {
    let at = 0;
    while (this.#left > 0) {
      const portion = section.subarray(at, at + this.#windowBytes);
      this.#window.set(portion);
      const consumed = apply(portion.length, at + portion.length === section.length ? 1 : 0);
      if (consumed < 0) throw this.#errorOf(consumed);
      at += consumed;
    }
    if (at !== section.length) throw invalid('bytes left over');
  }

  get #left(): number {
    return this.#words[map.D_LEFT / 4]!;
  }

  #errorOf(status: number): DeltacastError {
    const why = REASONS[status];
    return why === undefined ? refusal(status) : invalid(why);
  }
}

/**
 * Keeps the file of cold cells small: the coordinator's work, between mini-blocks. A cell that is
 * changed and retired again leaves its old record behind. While the segments in use take more than
 * twice what a record of every cell would, the one with the fewest named records is read page by
 * page: what is named is written behind the last page, as a retirement writes, and the segment is
 * free to be written again. By then it is at most half full, so each page that is read gains half a
 * page, and two for each page that retirement writes are enough. Nothing is kept open for readers
 * in other threads: a page stays as it is until its segment is written again, and that they notice
 * (faults.ts).
 */
import { assert } from '../base/assert.js';
import { isDeltacastError } from '../base/errors.js';
import * as cold from '../kernel/cold-map.js';
import * as map from '../kernel/map.js';
import type { ArenaLayout } from '../layout.js';
import type { ColdCounters } from './cold-counters.js';
import type { PageFile } from './page-file.js';

/** Pages read at one time: what is kept of them is one write. */
const PORTION = 64;
/** Segments in use that are nothing to do about, beside twice what all cells need. */
const SLACK_SEGMENTS = 2;
const COLD_MASK = 0x7fff_ffff;

/** A record that is to be moved: its cell, and where it is in the pages that are packed. */
interface Moved {
  readonly ids: number[];
  readonly pages: Uint8Array;
}

export class Compaction {
  readonly #file: PageFile;
  readonly #counters: ColdCounters;
  readonly #words: Uint32Array;
  readonly #wordsAt: number;
  readonly #homesAt: number;
  readonly #pages = new Uint8Array(PORTION * cold.COLD_PAGE_BYTES);
  /** Segments with a damaged page: they stay as they are, and whoever reads that page is told. */
  readonly #damaged = new Set<number>();
  /** The segment that is being emptied, -1 = none, and how many of its pages are done. */
  #victim = -1;
  #done = 0;

  constructor(
    memory: WebAssembly.Memory,
    layout: ArenaLayout,
    file: PageFile,
    counters: ColdCounters,
  ) {
    this.#file = file;
    this.#counters = counters;
    this.#words = new Uint32Array(memory.buffer);
    this.#wordsAt = layout.cold.base / 4;
    this.#homesAt = this.#word(map.H_HOMES) / 4;
  }

  /**
   * Reads up to `pages` pages, if there is need. No mini-block may be open and no batch may run.
   * When the disk takes no more all stays as it is: that is for a retirement to say, which needs
   * the room.
   */
  step(pages: number): void {
    assert(this.#word(map.H_OPEN_SEQUENCE) === 0, 'compaction is between mini-blocks');
    try {
      for (let left = pages; left > 0 && this.#hasVictim(); ) left -= this.#move(left);
    } catch (error) {
      if (isDeltacastError(error, 'COLD_CORRUPT')) {
        this.#damaged.add(this.#victim);
        this.#victim = -1;
      } else if (!isDeltacastError(error, 'ARENA_FULL')) throw error;
    }
  }

  /** A segment is about to be written again. */
  leave(segment: number): void {
    if (segment === this.#victim) this.#victim = -1;
  }

  #hasVictim(): boolean {
    const { pages, named } = this.#file.segments;
    if (this.#victim >= 0 && named[this.#victim] !== 0) return true;
    const needed = Math.ceil(this.#word(map.H_CELL_COUNT) / cold.COLD_PAGE_RECORDS);
    if (this.#file.usedPages <= 2 * needed + SLACK_SEGMENTS * pages) return false;
    this.#victim = this.#file.fewestNamed((segment) => !this.#damaged.has(segment));
    this.#done = 0;
    return this.#victim >= 0;
  }

  /** @returns pages read */
  #move(pagesMax: number): number {
    const { segments } = this.#file;
    const { first, room } = this.#file.place();
    const count = Math.min(pagesMax, PORTION, room, segments.pages - this.#done);
    assert(count > 0, 'a segment without pages left names no records');
    const from = this.#victim * segments.pages + this.#done;
    const moved: Moved = { ids: [], pages: this.#pages };
    for (let page = from; page < from + count; page++) this.#gather(page, moved);
    const records = moved.ids.length;
    const pages = Math.ceil(records / cold.COLD_PAGE_RECORDS);
    if (pages > 0) this.#file.append(moved.pages.subarray(0, pages * cold.COLD_PAGE_BYTES));
    for (const [index, id] of moved.ids.entries()) {
      const page = first + Math.floor(index / cold.COLD_PAGE_RECORDS);
      Atomics.store(this.#words, this.#wordsAt + id, (page | map.COLD_BIT) >>> 0);
    }
    this.#count(first, records);
    this.#count(from, -records);
    this.#done += count;
    if (segments.named[this.#victim] === 0) this.#counters.add('compactions', 1);
    this.#counters.add('recordsMoved', records);
    this.#counters.add('pagesMoved', pages);
    this.#counters.add('pagesCompacted', count);
    return count;
  }

  /**
   * Packs the records of a page that words name. Those that homes name are given up: their cells
   * are in memory, and get a record when they go.
   */
  #gather(page: number, moved: Moved): void {
    const bytes = this.#file.read(page);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const count = view.getUint32(cold.P_COUNT, true);
    for (let index = 0; index < count; index++) {
      const at = cold.P_RECORDS + index * cold.COLD_RECORD_BYTES;
      const id = view.getUint32(at + cold.COLD_ID, true);
      const word = Atomics.load(this.#words, this.#wordsAt + id);
      if (word === (page | map.COLD_BIT) >>> 0) {
        putRecord(moved, id, bytes.subarray(at, at + cold.COLD_RECORD_BYTES));
      } else if (word <= COLD_MASK) this.#forgetHome(word, id, page);
    }
  }

  #forgetHome(line: number, id: number, page: number): void {
    const home = this.#homesAt + (line * map.HOME_BYTES) / 4;
    // The word of a cell that is gone is 0, as if it had the first line.
    if (this.#words[home] !== id + 1) return;
    if (this.#words[home + map.HOME_PAGE / 4] !== page + 1) return;
    this.#words[home + map.HOME_PAGE / 4] = 0;
    this.#count(page, -1);
  }

  #count(page: number, change: number): void {
    const { pages, named } = this.#file.segments;
    const segment = Math.floor(page / pages);
    const count = (named[segment] ?? 0) + change;
    assert(count >= 0, 'no more records are given up than are named');
    named[segment] = count;
  }

  #word(offset: number): number {
    return this.#words[offset / 4] ?? 0;
  }
}

function putRecord({ ids, pages }: Moved, id: number, record: Uint8Array): void {
  const page = Math.floor(ids.length / cold.COLD_PAGE_RECORDS) * cold.COLD_PAGE_BYTES;
  const place = ids.length % cold.COLD_PAGE_RECORDS;
  if (place === 0) pages.fill(0, page, page + cold.COLD_PAGE_BYTES);
  pages.set(record, page + cold.P_RECORDS + place * cold.COLD_RECORD_BYTES);
  new DataView(pages.buffer).setUint32(page + cold.P_COUNT, place + 1, true);
  ids.push(id);
}

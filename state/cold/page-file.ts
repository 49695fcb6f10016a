/**
 * The file of cold cells (ARCHITECTURE.md, "Beyond memory"): pages of 4 KiB, each with its number
 * and a CRC, found by number with one read. It is cut into segments, and one segment at a time is
 * written from its first page to its last; then another one of which no record is named any more,
 * or, if there is none, a new one at the end. So all writing is sequential, and no page changes
 * that somebody needs. The file holds nothing that the log does not: it begins empty with every
 * process. A failed write is as if it had not been.
 */
import { crc32 } from 'node:zlib';
import { assert } from '../base/assert.js';
import type { DiskFile } from '../base/disk.js';
import { DeltacastError } from '../base/errors.js';
import {
  COLD_MAGIC,
  COLD_PAGE_BYTES,
  COLD_PAGE_RECORDS,
  P_COUNT,
  P_CRC,
  P_MAGIC,
  P_NUMBER,
  P_RECORDS,
} from '../kernel/cold-map.js';

/** A cell's word has 31 bits for its page: 8 TiB. */
export const COLD_PAGES_MAX = 2 ** 31;

export interface Segments {
  /** Pages in each. */
  readonly pages: number;
  /** For each that there may be, how many of its records are named; kept by whoever names them. */
  readonly named: Uint32Array;
  /** Called before a segment is written again: who read a word before has to look again. */
  readonly onReuse: (segment: number) => void;
}

export class PageFile {
  readonly segments: Segments;
  readonly #file: DiskFile;
  /** Segments that were ever written. */
  #opened = 1;
  #current = 0;
  /** Pages of it that are written. */
  #filled = 0;
  #count = 0;

  /** @param file  empty */
  constructor(file: DiskFile, segments: Segments) {
    assert(segments.pages * segments.named.length <= COLD_PAGES_MAX, 'a page number fits a word');
    this.#file = file;
    this.segments = segments;
  }

  /** The file's length in pages. */
  get count(): number {
    return this.#count;
  }

  /** Pages of all segments that hold something, or are being filled. */
  get usedPages(): number {
    const { pages, named } = this.segments;
    let used = 0;
    for (let segment = 0; segment < this.#opened; segment++) {
      if (named[segment] !== 0 || segment === this.#current) used += pages;
    }
    return used;
  }

  /** Of the segments that are full, the one with the fewest named records, but some; -1 = none. */
  fewestNamed(isCandidate: (segment: number) => boolean): number {
    const { named } = this.segments;
    let best = -1;
    for (let segment = 0; segment < this.#opened; segment++) {
      const count = named[segment] ?? 0;
      if (count === 0 || segment === this.#current || !isCandidate(segment)) continue;
      if (best < 0 || count < (named[best] ?? 0)) best = segment;
    }
    return best;
  }

  /**
   * Where the next pages go, and how many.
   * @throws DeltacastError ARENA_FULL, region 'cold', when there are no more segments
   */
  place(): { readonly first: number; readonly room: number } {
    const { pages } = this.segments;
    if (this.#filled === pages) this.#openSegment();
    return { first: this.#current * pages + this.#filled, room: pages - this.#filled };
  }

  /**
   * Writes pages to their place, in one write. Their headers are completed here.
   * @param pages  as many as have room there, with their records and, in P_COUNT, how many
   * @throws DeltacastError ARENA_FULL, region 'cold', when the disk takes no more; nothing is
   *         appended then
   */
  append(pages: Uint8Array): void {
    const { first, room } = this.place();
    const added = pages.length / COLD_PAGE_BYTES;
    assert(Number.isInteger(added) && added <= room, 'whole pages that have room');
    for (let index = 0; index < added; index++) finishPage(pageAt(pages, index), first + index);
    try {
      this.#file.write(first * COLD_PAGE_BYTES, pages);
    } catch (error) {
      if (first + added > this.#count) this.#file.truncate(this.#count * COLD_PAGE_BYTES);
      throw full(error instanceof Error ? error.message : String(error));
    }
    this.#filled += added;
    this.#count = Math.max(this.#count, first + added);
  }

  /** One read. @throws DeltacastError COLD_CORRUPT {offset, why}: it is not what was appended */
  read(number: number): Uint8Array {
    return readPage(this.#file, number);
  }

  close(): void {
    this.#file.close();
  }

  #openSegment(): void {
    const { named, onReuse } = this.segments;
    const free = named.subarray(0, this.#opened).indexOf(0);
    if (free >= 0) {
      onReuse(free);
      this.#current = free;
    } else {
      if (this.#opened === named.length) throw full('no more segments');
      this.#current = this.#opened;
      this.#opened += 1;
    }
    this.#filled = 0;
  }
}

/** What any thread may do. @throws DeltacastError COLD_CORRUPT {offset, why} */
export function readPage(file: DiskFile, number: number): Uint8Array {
  const offset = number * COLD_PAGE_BYTES;
  const page = file.read(offset, COLD_PAGE_BYTES);
  const why = faultOf(page, number);
  if (why === null) return page;
  throw new DeltacastError('COLD_CORRUPT', `a page of cold cells is corrupt: ${why}`, {
    offset,
    why,
  });
}

function full(cause: string): DeltacastError {
  const message = 'the file of cold cells takes no more';
  return new DeltacastError('ARENA_FULL', message, { region: 'cold', cause });
}

function pageAt(pages: Uint8Array, index: number): Uint8Array {
  return pages.subarray(index * COLD_PAGE_BYTES, (index + 1) * COLD_PAGE_BYTES);
}

function finishPage(page: Uint8Array, number: number): void {
  const view = viewOf(page);
  const count = view.getUint32(P_COUNT, true);
  assert(count > 0 && count <= COLD_PAGE_RECORDS, 'a page has records');
  view.setUint32(P_MAGIC, COLD_MAGIC, true);
  view.setUint32(P_NUMBER, number, true);
  view.setUint32(P_CRC, checksum(page), true);
}

/** What is wrong with the bytes of a page, or null. */
function faultOf(page: Uint8Array, number: number): string | null {
  if (page.length !== COLD_PAGE_BYTES) return 'cut off';
  const view = viewOf(page);
  if (view.getUint32(P_MAGIC, true) !== COLD_MAGIC) return 'no magic';
  if (view.getUint32(P_CRC, true) !== checksum(page)) return 'another checksum';
  return view.getUint32(P_NUMBER, true) === number ? null : 'another page';
}

function checksum(page: Uint8Array): number {
  return crc32(page.subarray(P_RECORDS), crc32(page.subarray(0, P_CRC)));
}

function viewOf(page: Uint8Array): DataView {
  return new DataView(page.buffer, page.byteOffset, page.length);
}

/**
 * The file of cold cells (ARCHITECTURE.md, "Beyond memory"): pages of 4 KiB, only ever appended,
 * each with its number and a CRC, found by number with one read. The file holds nothing that the
 * log does not: it begins empty with every process. What a failed write left behind is cut off
 * before anything else is written.
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

export class PageFile {
  readonly #file: DiskFile;
  #count: number;

  /** @param file  of whole pages; what is behind the last of them is cut off */
  constructor(file: DiskFile) {
    this.#file = file;
    const bytes = file.size();
    this.#count = Math.floor(bytes / COLD_PAGE_BYTES);
    if (bytes % COLD_PAGE_BYTES !== 0) this.#cut();
  }

  /** Pages are [0, count). */
  get count(): number {
    return this.#count;
  }

  /**
   * Writes pages behind the last, in one write. Their headers are completed here.
   * @param pages  whole pages with their records and, in P_COUNT, how many these are
   * @throws DeltacastError ARENA_FULL, region 'cold', when the disk takes no more; nothing is
   *         appended then
   */
  append(pages: Uint8Array): void {
    assert(pages.length % COLD_PAGE_BYTES === 0, 'whole pages');
    const added = pages.length / COLD_PAGE_BYTES;
    assert(this.#count + added <= COLD_PAGES_MAX, 'a page number fits a word');
    for (let index = 0; index < added; index++) {
      finishPage(pageAt(pages, index), this.#count + index);
    }
    try {
      this.#file.write(this.#count * COLD_PAGE_BYTES, pages);
    } catch (error) {
      this.#cut();
      const cause = error instanceof Error ? error.message : String(error);
      throw new DeltacastError('ARENA_FULL', 'the file of cold cells takes no more', {
        region: 'cold',
        cause,
      });
    }
    this.#count += added;
  }

  /** One read. @throws DeltacastError COLD_CORRUPT {offset, why}: it is not what was appended */
  read(number: number): Uint8Array {
    const offset = number * COLD_PAGE_BYTES;
    const page = this.#file.read(offset, COLD_PAGE_BYTES);
    const why = faultOf(page, number);
    if (why === null) return page;
    throw new DeltacastError('COLD_CORRUPT', `a page of cold cells is corrupt: ${why}`, {
      offset,
      why,
    });
  }

  close(): void {
    this.#file.close();
  }

  #cut(): void {
    this.#file.truncate(this.#count * COLD_PAGE_BYTES);
  }
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

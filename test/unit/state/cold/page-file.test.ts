import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DiskFile, fileOf, openScratch } from '../../../../state/base/disk.js';
import { DeltacastError } from '../../../../state/base/errors.js';
import { PageFile, readPage, type Segments } from '../../../../state/cold/page-file.js';
import { COLD_PAGE_BYTES, P_COUNT, P_RECORDS } from '../../../../state/kernel/cold-map.js';
import { FaultyDisk } from '../../../helpers/faulty-disk.js';

const NAME = 'cold';
const SEGMENT_PAGES = 3;

/** Pages of one record each, filled with a byte. */
function pagesOf(...fillings: number[]): Uint8Array {
  const pages = new Uint8Array(fillings.length * COLD_PAGE_BYTES);
  for (const [index, filling] of fillings.entries()) {
    const page = pages.subarray(index * COLD_PAGE_BYTES, (index + 1) * COLD_PAGE_BYTES);
    page.fill(filling, P_RECORDS);
    new DataView(page.buffer, page.byteOffset).setUint32(P_COUNT, 1, true);
  }
  return pages;
}

function errorOf(run: () => unknown): DeltacastError {
  try {
    run();
  } catch (error) {
    if (error instanceof DeltacastError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Segments of three pages; `named` says how many records of each are in use. */
function segmentsOf(named = new Uint32Array(8), onReuse = (): void => undefined): Segments {
  return { pages: SEGMENT_PAGES, named, onReuse };
}

/** One by one, so that a segment's end is nothing to think of. @returns their numbers */
function appendAll(pages: PageFile, fillings: readonly number[]): number[] {
  return fillings.map((filling) => {
    const { first } = pages.place();
    pages.append(pagesOf(filling));
    pages.segments.named[Math.floor(first / SEGMENT_PAGES)]! += 1;
    return first;
  });
}

describe('a file of pages', () => {
  it('gives back each page by its number with one read', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(255), { maxLength: 8 * SEGMENT_PAGES }), (fillings) => {
        const pages = new PageFile(new FaultyDisk().open('', NAME), segmentsOf());
        expect(appendAll(pages, fillings)).toEqual(fillings.map((_, index) => index));
        expect(pages.count).toBe(fillings.length);
        for (const [number, filling] of fillings.entries()) {
          expect(pages.read(number)[P_RECORDS]).toBe(filling);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('writes one segment at a time from its start, and none again that is in use', () => {
    const disk = new FaultyDisk();
    const named = new Uint32Array(8);
    const events: (number | 'reuse')[] = [];
    const { write, ...file } = disk.open('', NAME);
    const recorded: DiskFile = {
      ...file,
      write(offset, bytes) {
        events.push(offset / COLD_PAGE_BYTES);
        write(offset, bytes);
      },
    };
    const pages = new PageFile(
      recorded,
      segmentsOf(named, () => events.push('reuse')),
    );
    appendAll(pages, [1, 2, 3, 4, 5, 6, 7]);
    named[0] = 0;
    appendAll(pages, [8, 9]);
    expect([pages.count, pages.usedPages]).toEqual([9, 2 * SEGMENT_PAGES]);
    named[1] = 1;
    expect(pages.fewestNamed(() => true)).toBe(1);
    expect(pages.fewestNamed((segment) => segment !== 1)).toBe(-1);
    // The only free segment first, then the one that became free meanwhile, then a new one.
    appendAll(pages, [10, 11]);
    named[1] = 0;
    appendAll(pages, [12, 13, 14, 15, 16]);
    const reused = ['reuse', 0, 1, 2, 'reuse', 3, 4, 5, 9];
    expect(events).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, ...reused]);
    expect([0, 2, 5, 8, 9].map((number) => pages.read(number)[P_RECORDS])).toEqual([
      10, 12, 15, 9, 16,
    ]);
    expect(disk.bytesOf(NAME)).toHaveLength(10 * COLD_PAGE_BYTES);
  });

  it('is full when every segment that there may be is in use', () => {
    const pages = new PageFile(new FaultyDisk().open('', NAME), segmentsOf(new Uint32Array(2)));
    appendAll(pages, [1, 2, 3, 4, 5, 6]);
    const { code, details } = errorOf(() => pages.append(pagesOf(7)));
    expect([code, details['region'], pages.count]).toEqual(['ARENA_FULL', 'cold', 6]);
  });

  it('refuses a page with any bit changed, and says where it is', () => {
    fc.assert(
      fc.property(fc.nat(COLD_PAGE_BYTES - 1), fc.nat(7), (at, bit) => {
        const disk = new FaultyDisk();
        const pages = new PageFile(disk.open('', NAME), segmentsOf());
        pages.append(pagesOf(1, 2, 3));
        const bytes = disk.bytesOf(NAME);
        bytes[COLD_PAGE_BYTES + at]! ^= 1 << bit;
        const error = errorOf(() => pages.read(1));
        expect([error.code, error.details['offset']]).toEqual(['COLD_CORRUPT', COLD_PAGE_BYTES]);
        expect(pages.read(2)[P_RECORDS]).toBe(3);
      }),
    );
  });

  it('refuses a whole page that lies where another was, and one that is cut off', () => {
    const disk = new FaultyDisk();
    const pages = new PageFile(disk.open('', NAME), segmentsOf());
    pages.append(pagesOf(1, 2));
    disk.bytesOf(NAME).copyWithin(0, COLD_PAGE_BYTES);
    expect(errorOf(() => pages.read(0)).details['why']).toBe('another page');
    disk.cut(NAME, COLD_PAGE_BYTES + 5);
    expect(errorOf(() => pages.read(1)).details['why']).toBe('cut off');
  });

  it('cuts off what a failed write left, and goes on behind the last whole page', () => {
    const disk = new FaultyDisk();
    const pages = new PageFile(disk.open('', NAME), segmentsOf());
    pages.append(pagesOf(1));
    disk.failAt = disk.calls + 1;
    const { code, details } = errorOf(() => pages.append(pagesOf(2, 3)));
    expect([code, details['region'], pages.count]).toEqual(['ARENA_FULL', 'cold', 1]);
    expect(disk.bytesOf(NAME)).toHaveLength(COLD_PAGE_BYTES);
    disk.failAt = Number.POSITIVE_INFINITY;
    pages.append(pagesOf(5));
    expect([pages.read(0)[P_RECORDS], pages.read(1)[P_RECORDS]]).toEqual([1, 5]);
  });

  it('goes on at the same place after a write into an old segment failed', () => {
    const disk = new FaultyDisk();
    const pages = new PageFile(disk.open('', NAME), segmentsOf());
    appendAll(pages, [1, 2, 3, 4, 5, 6]);
    pages.segments.named[0] = 0;
    appendAll(pages, [7]);
    disk.failAt = disk.calls + 1;
    expect(errorOf(() => pages.append(pagesOf(8, 9))).code).toBe('ARENA_FULL');
    expect(disk.bytesOf(NAME)).toHaveLength(6 * COLD_PAGE_BYTES);
    disk.failAt = Number.POSITIVE_INFINITY;
    expect(appendAll(pages, [8, 9])).toEqual([1, 2]);
    const all = [0, 1, 2, 3, 4, 5].map((number) => pages.read(number)[P_RECORDS]);
    expect(all).toEqual([7, 8, 9, 4, 5, 6]);
  });
});

describe('a scratch file', () => {
  it('has no name, and is reached through its descriptor', () => {
    const directory = mkdtempSync(join(tmpdir(), 'deltacast-scratch-'));
    try {
      const descriptor = openScratch(join(directory, 'inside'));
      expect(readdirSync(join(directory, 'inside'))).toEqual([]);
      const pages = new PageFile(fileOf(descriptor), segmentsOf());
      pages.append(pagesOf(7));
      expect(readPage(fileOf(descriptor), 0)[P_RECORDS]).toBe(7);
      pages.close();
    } finally {
      rmSync(directory, { recursive: true });
    }
    expect(existsSync(directory)).toBe(false);
  });
});

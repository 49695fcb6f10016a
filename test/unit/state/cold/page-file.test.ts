import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileOf, openScratch } from '../../../../state/base/disk.js';
import { DeltacastError } from '../../../../state/base/errors.js';
import { PageFile } from '../../../../state/cold/page-file.js';
import { COLD_PAGE_BYTES, P_COUNT, P_RECORDS } from '../../../../state/kernel/cold-map.js';
import { FaultyDisk } from '../../../helpers/faulty-disk.js';

const NAME = 'cold';

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

describe('a file of pages', () => {
  it('gives back each page by its number with one read', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(255), { minLength: 1, maxLength: 4 })), (writes) => {
        const pages = new PageFile(new FaultyDisk().open('', NAME));
        for (const fillings of writes) pages.append(pagesOf(...fillings));
        const all = writes.flat();
        expect(pages.count).toBe(all.length);
        for (const [number, filling] of all.entries()) {
          expect(pages.read(number)[P_RECORDS]).toBe(filling);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('refuses a page with any bit changed, and says where it is', () => {
    fc.assert(
      fc.property(fc.nat(COLD_PAGE_BYTES - 1), fc.nat(7), (at, bit) => {
        const disk = new FaultyDisk();
        const pages = new PageFile(disk.open('', NAME));
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
    const pages = new PageFile(disk.open('', NAME));
    pages.append(pagesOf(1, 2));
    disk.bytesOf(NAME).copyWithin(0, COLD_PAGE_BYTES);
    expect(errorOf(() => pages.read(0)).details['why']).toBe('another page');
    disk.cut(NAME, COLD_PAGE_BYTES + 5);
    expect(errorOf(() => pages.read(1)).details['why']).toBe('cut off');
  });

  it('cuts off what a failed write left, and goes on behind the last whole page', () => {
    const disk = new FaultyDisk();
    const pages = new PageFile(disk.open('', NAME));
    pages.append(pagesOf(1));
    disk.failAt = disk.calls + 1;
    const { code, details } = errorOf(() => pages.append(pagesOf(2, 3, 4)));
    expect([code, details['region'], pages.count]).toEqual(['ARENA_FULL', 'cold', 1]);
    expect(disk.bytesOf(NAME)).toHaveLength(COLD_PAGE_BYTES);
    disk.failAt = Number.POSITIVE_INFINITY;
    pages.append(pagesOf(5));
    expect([pages.read(0)[P_RECORDS], pages.read(1)[P_RECORDS]]).toEqual([1, 5]);
  });

  it('cuts off a torn tail when it is opened', () => {
    const disk = new FaultyDisk();
    const file = disk.open('', NAME);
    new PageFile(file).append(pagesOf(1, 2));
    file.write(2 * COLD_PAGE_BYTES, new Uint8Array(100));
    expect(new PageFile(file).count).toBe(2);
    expect(file.size()).toBe(2 * COLD_PAGE_BYTES);
  });
});

describe('a scratch file', () => {
  it('has no name, and is reached through its descriptor', () => {
    const directory = mkdtempSync(join(tmpdir(), 'deltacast-scratch-'));
    try {
      const descriptor = openScratch(join(directory, 'inside'));
      expect(readdirSync(join(directory, 'inside'))).toEqual([]);
      const pages = new PageFile(fileOf(descriptor));
      pages.append(pagesOf(7));
      expect(new PageFile(fileOf(descriptor)).read(0)[P_RECORDS]).toBe(7);
      pages.close();
    } finally {
      rmSync(directory, { recursive: true });
    }
    expect(existsSync(directory)).toBe(false);
  });
});

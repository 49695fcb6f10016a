import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, toHex } from '../../../../state/base/bytes.js';
import { isDeltacastError } from '../../../../state/base/errors.js';
import { LOAD, RECORDS_MAX } from '../../../../state/trie/map.js';
import { Trie } from '../../../../state/trie/trie.js';
import { naiveRoot } from '../../../helpers/naive-root.js';

/** The trie on crafted paths, against the naive root: shapes that hashing would never make. */

const RUNS = Number(process.env['RUNS'] ?? 150);
const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };

type Update = readonly [path: string, value: string];

const ZERO = toHex(new Uint8Array(32));

/** All bits as in `base` up to `bit`, that one turned, noise after. */
function pathOf(base: number, bit: number, noise: number): string {
  const path = new Uint8Array(32).fill(base === 0 ? 0 : base === 1 ? 0xff : 0x5a);
  path[bit >> 3]! ^= 0x80 >> (bit & 7);
  if (bit < 248) path[31]! ^= noise;
  return toHex(path);
}

function wordOf(number: number): string {
  const value = new Uint8Array(32);
  value[number % 32] = number;
  return toHex(value);
}

/** Few different paths, so that updates and deletes meet keys; all lengths of common prefixes. */
const crafted = fc
  .tuple(fc.nat(2), fc.nat(255), fc.nat(3))
  .map(([base, bit, noise]) => pathOf(base, bit, noise));
const spread = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => toHex(bytes));
/** A value of 0, a deletion, is about a third. */
const value = fc.nat(8).map((number) => wordOf(number < 3 ? 0 : number));
const shards = fc.constantFrom(1, 4, 16);
const batches = fc.array(
  fc.array(fc.tuple(fc.oneof(crafted, crafted, spread), value), { maxLength: 60 }),
  { maxLength: 12 },
);

/** Stages in portions and applies as one batch. */
function applyAll(trie: Trie, updates: readonly Update[], isHashed = true): void {
  for (let from = 0; from < updates.length; from += RECORDS_MAX) {
    const part = updates.slice(from, from + RECORDS_MAX);
    trie.stagePaths(concatBytes(...part.map(([path, to]) => fromHex(path + to.slice(2)))));
    if (trie.isStageFull) trie.apply({ isHashed });
  }
  trie.apply({ isHashed });
}

function take(contents: Map<string, string>, updates: readonly Update[]): void {
  for (const [path, to] of updates) {
    if (to === ZERO) contents.delete(path);
    else contents.set(path, to);
  }
}

function randomUpdates(count: number, start: number): Update[] {
  let state = start;
  const word = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
  return Array.from({ length: count }, () => {
    const path = new Uint8Array(32);
    const view = new DataView(path.buffer);
    for (let at = 0; at < 32; at += 4) view.setUint32(at, word());
    return [toHex(path), wordOf((word() >>> 8) % 250 || 1)] as const;
  });
}

describe('the trie and the naive root agree', () => {
  test('after every batch of random histories with crafted paths', () => {
    fc.assert(
      fc.property(batches, shards, (list, count) => {
        const trie = new Trie({ shards: count });
        const contents = new Map<string, string>();
        for (const updates of list) {
          applyAll(trie, updates);
          take(contents, updates);
          expect(toHex(trie.root)).toBe(naiveRoot(contents));
          expect(trie.keyCount).toBe(contents.size);
        }
      }),
      { numRuns: RUNS, ...seed },
    );
  });

  test('whatever the batches, their order, the shards, the buckets and when it is hashed', () => {
    fc.assert(
      fc.property(batches, fc.nat(100), fc.nat(4000), shards, (list, cut, keys, count) => {
        const updates = list.flat();
        const contents = new Map<string, string>();
        take(contents, updates);
        const whole = new Trie({ keys, shards: count });
        applyAll(whole, updates, false);
        whole.rehashAll();
        const split = new Trie();
        applyAll(split, updates.slice(0, cut));
        applyAll(split, updates.slice(cut));
        const sorted = new Trie({ keys: keys >> 4 });
        applyAll(sorted, [...contents].sort());
        for (const trie of [whole, split, sorted]) {
          expect(toHex(trie.root)).toBe(naiveRoot(contents));
        }
      }),
      { numRuns: RUNS, ...seed },
    );
  });

  test.each([1, 4, 16])('in %i shards that grow, and when all keys go again', (count) => {
    const updates = randomUpdates(3000, 7);
    const trie = new Trie({ shards: count });
    const contents = new Map<string, string>();
    let buckets = 0;
    for (let from = 0; from < updates.length; from += 375) {
      const part = updates.slice(from, from + 375);
      applyAll(trie, part);
      take(contents, part);
      expect(toHex(trie.root)).toBe(naiveRoot(contents));
      expect(trie.bucketCount).toBeGreaterThan(buckets);
      buckets = trie.bucketCount;
    }
    for (let from = 0; from < updates.length; from += 500) {
      const part = updates.slice(from, from + 500).map(([path]) => [path, ZERO] as const);
      applyAll(trie, part);
      take(contents, part);
      expect(toHex(trie.root)).toBe(naiveRoot(contents));
    }
    expect([trie.keyCount, toHex(trie.root)]).toEqual([0, ZERO]);
  });

  test('with paths equal up to each of the 256 bits, in one bucket and above', () => {
    for (const bits of [[255], [254, 255], [0, 255], Array.from({ length: 256 }, (_, i) => i)]) {
      const base = [toHex(new Uint8Array(32)), wordOf(1)] as const;
      const updates = [base, ...bits.map((bit) => [pathOf(0, bit, 0), wordOf(bit || 1)] as const)];
      for (const keys of [0, 64, 4096]) {
        const trie = new Trie({ keys });
        applyAll(trie, updates);
        expect(toHex(trie.root)).toBe(naiveRoot(new Map(updates)));
      }
    }
  });

  test('with more nodes in deep subtrees than the queues take', () => {
    const pairs = randomUpdates(40, 3).flatMap(([path, to]) => {
      const twin = fromHex(path);
      twin[31]! ^= 1;
      return [[path, to] as const, [toHex(twin), to] as const];
    });
    const trie = new Trie();
    applyAll(trie, pairs);
    expect(toHex(trie.root)).toBe(naiveRoot(new Map(pairs)));
    // One bucket of 80 keys below 200 common bits.
    const near = pairs.map(([path, to]) => [`0x${'00'.repeat(25)}${path.slice(52)}`, to] as const);
    const deep = new Trie();
    applyAll(deep, near);
    expect(toHex(deep.root)).toBe(naiveRoot(new Map(near)));
  });
});

describe('a batch', () => {
  test('takes the last of several values of one key', () => {
    const path = pathOf(2, 40, 0);
    const trie = new Trie();
    applyAll(trie, [
      [path, wordOf(3)],
      [path, ZERO],
      [path, wordOf(5)],
    ]);
    expect(toHex(trie.root)).toBe(naiveRoot(new Map([[path, wordOf(5)]])));
    applyAll(trie, [
      [path, wordOf(9)],
      [path, ZERO],
    ]);
    expect([trie.keyCount, toHex(trie.root)]).toEqual([0, ZERO]);
  });

  test('larger than the stage is taken in parts', () => {
    const updates = randomUpdates(140_000, 11);
    const parts = new Trie();
    applyAll(parts, updates);
    const whole = new Trie({ keys: updates.length });
    applyAll(whole, [...updates].reverse(), false);
    whole.rehashAll();
    expect(parts.keyCount).toBe(140_000);
    expect(toHex(parts.root)).toBe(toHex(whole.root));
  });

  test('splits no more buckets than its keys need, however many keys there are', () => {
    const [count, shards] = [2_000, 4];
    const trie = new Trie({ shards });
    for (let round = 0; round < 60; round++) {
      const before = trie.bucketCount;
      applyAll(trie, randomUpdates(count, round));
      expect(trie.bucketCount - before).toBeLessThanOrEqual(count / LOAD + 2 * shards);
    }
    expect(trie.bucketCount).toBeGreaterThanOrEqual(trie.keyCount / LOAD);
    expect(trie.keyCount).toBeGreaterThan(100_000);
  });

  test('that the memory has no room for is refused with ARENA_FULL', () => {
    const refusals: unknown[] = [];
    for (const pagesMax of [175, 180, 190]) {
      try {
        const trie = new Trie({ pagesMax });
        for (let round = 0; round < 100; round++) applyAll(trie, randomUpdates(2000, round));
      } catch (error) {
        refusals.push(isDeltacastError(error, 'ARENA_FULL') && error.details['region']);
      }
    }
    expect(refusals).toEqual(['trie', 'trie', 'trie']);
  });
});

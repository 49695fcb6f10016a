import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, toHex } from '../../../state/base/bytes.js';
import { isDeltacastError } from '../../../state/base/errors.js';
import { Multiproof, WIDE_FORM } from '../../../state/multiproof.js';
import { sortPaths } from '../../../state/proof.js';
import { writeProof } from '../../../state/proof-writer.js';
import { Trie } from '../../../state/trie/trie.js';
import { naiveRoot } from '../../helpers/naive-root.js';

/** The root after a change, from the proof alone, against the naive root of the whole contents. */

const RUNS = Number(process.env['RUNS'] ?? 40);
const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };
const ZERO = toHex(new Uint8Array(32));

/** Few paths that share most of their bits: what splits and collapses is deep and often. */
const crafted = fc.tuple(fc.nat(2), fc.nat(255), fc.nat(3)).map(([base, bit, noise]) => {
  const path = new Uint8Array(32).fill(base === 0 ? 1 : base === 1 ? 0xff : 0x5a);
  path[bit >> 3]! ^= 0x80 >> (bit & 7);
  if (bit < 248) path[31]! ^= noise;
  return toHex(path);
});
const near = fc.nat(15).map((last) => toHex(new Uint8Array(32).fill(7).fill(last, 31)));
const somePath = fc.oneof(
  crafted,
  near,
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex),
);
const someValue = fc.nat(3).map((byte) => toHex(new Uint8Array(32).fill(byte)));
const contents = fc
  .array(fc.tuple(somePath, someValue), { maxLength: 30 })
  .map((pairs) => new Map(pairs.filter(([, value]) => value !== ZERO)));
/** Changes of some keys that are there, by their place, and of some that may not be. */
const changes = fc.tuple(
  fc.array(fc.tuple(fc.nat(29), someValue), { maxLength: 20 }),
  fc.array(fc.tuple(somePath, someValue), { minLength: 1, maxLength: 8 }),
);

function proofOf(before: ReadonlyMap<string, string>, paths: readonly Uint8Array[]): Uint8Array {
  const trie = new Trie();
  trie.stagePaths(concatBytes(...[...before].map(([path, to]) => fromHex(path + to.slice(2)))));
  trie.apply({ isHashed: true });
  const { reader } = trie;
  expect(toHex(trie.root)).toBe(naiveRoot(before));
  const read = (path: Uint8Array) => fromHex(before.get(toHex(path))!);
  return writeProof(
    paths,
    { nodeAt: (path, depth) => reader.nodeAt(path, depth), valueOf: read },
    WIDE_FORM,
  );
}

function changed(
  before: ReadonlyMap<string, string>,
  [known, others]: readonly [readonly [number, string][], readonly [string, string][]],
): Map<string, string> {
  const names = [...before.keys()];
  const updates = new Map(others);
  for (const [place, value] of known) {
    const name = names[place % Math.max(1, names.length)];
    if (name !== undefined) updates.set(name, value);
  }
  return updates;
}

describe('a multiproof', () => {
  test('gives the root before, every value, and the root after any change', () => {
    fc.assert(
      fc.property(contents, changes, (before, drawn) => {
        const updates = changed(before, drawn);
        const paths = sortPaths([...updates.keys()].map(fromHex));
        const proof = Multiproof.read(paths, proofOf(before, paths));
        expect(toHex(proof.root)).toBe(naiveRoot(before));
        const values = paths.map((path) => before.get(toHex(path)) ?? ZERO);
        expect(proof.values.map(toHex)).toEqual(values);
        expect(paths.map((path) => toHex(proof.valueOf(path)))).toEqual(values);
        expect(toHex(proof.rootWith(proof.values))).toBe(naiveRoot(before));
        const after = new Map([...before, ...updates]);
        const next = paths.map((path) => fromHex(updates.get(toHex(path))!));
        expect(toHex(proof.rootWith(next))).toBe(naiveRoot(after));
      }),
      { numRuns: RUNS, ...seed },
    );
  });

  test('takes all keys away, and puts them into nothing', () => {
    fc.assert(
      fc.property(contents, (before) => {
        if (before.size === 0) return;
        const paths = sortPaths([...before.keys()].map(fromHex));
        const gone = Multiproof.read(paths, proofOf(before, paths));
        expect(toHex(gone.rootWith(paths.map(() => fromHex(ZERO))))).toBe(ZERO);
        const nothing = Multiproof.read(paths, proofOf(new Map(), paths));
        expect(toHex(nothing.root)).toBe(ZERO);
        const values = paths.map((path) => fromHex(before.get(toHex(path))!));
        expect(toHex(nothing.rootWith(values))).toBe(naiveRoot(before));
      }),
      { numRuns: RUNS, ...seed },
    );
  });

  test('changed anywhere gives another root or none', () => {
    fc.assert(
      fc.property(contents, changes, fc.nat(), fc.nat(7), (before, drawn, place, bit) => {
        const paths = sortPaths([...changed(before, drawn).keys()].map(fromHex));
        const good = proofOf(before, paths);
        const bad = good.slice();
        bad[place % bad.length]! ^= 1 << bit;
        expect(rootOf(paths, bad)).not.toBe(naiveRoot(before));
        expect(rootOf(paths, good.subarray(0, place % good.length))).toBe('refused');
        expect(rootOf(paths, concatBytes(good, new Uint8Array(1 + (place % 40))))).toBe('refused');
      }),
      { numRuns: RUNS, ...seed },
    );
  });
});

function rootOf(paths: readonly Uint8Array[], proof: Uint8Array): string {
  try {
    return toHex(Multiproof.read(paths, proof).root);
  } catch (error) {
    if (isDeltacastError(error, 'PROOF_INVALID')) return 'refused';
    throw error;
  }
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, toHex } from '../../../state/base/bytes.js';
import { isDeltacastError } from '../../../state/base/errors.js';
import { PROOF_BYTES_MAX, sortPaths, verifyPaths } from '../../../state/proof.js';
import { writeProof } from '../../../state/proof-writer.js';
import { Trie, type TrieOptions } from '../../../state/trie/trie.js';
import { naiveCheck, naiveProof } from '../../helpers/naive-proof.js';

/** Proofs over crafted paths, against the naive writer and the naive checker. */

const RUNS = Number(process.env['RUNS'] ?? 40);
const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };
const ZERO = toHex(new Uint8Array(32));

function pathOf(base: number, bit: number, noise: number): string {
  const path = new Uint8Array(32).fill(base === 0 ? 1 : base === 1 ? 0xff : 0x5a);
  path[bit >> 3]! ^= 0x80 >> (bit & 7);
  if (bit < 248) path[31]! ^= noise;
  return toHex(path);
}

const crafted = fc
  .tuple(fc.nat(2), fc.nat(255), fc.nat(3))
  .map(([base, bit, noise]) => pathOf(base, bit, noise));
const spread = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => toHex(bytes));
const somePath = fc.oneof(crafted, spread);
const someValue = fc
  .integer({ min: 1, max: 255 })
  .map((byte) => toHex(new Uint8Array(32).fill(byte)));
const someContents = fc
  .array(fc.tuple(somePath, someValue), { maxLength: 60 })
  .map((pairs) => new Map(pairs));

/** A state, and keys of which about half are in it. */
const questions = fc
  .tuple(someContents, fc.array(somePath, { minLength: 1, maxLength: 6 }), fc.array(fc.nat(59)))
  .map(([contents, strangers, picks]) => {
    const known = [...contents.keys()];
    const picked = picks.slice(0, 6).flatMap((pick) => known[pick % known.length] ?? []);
    return { contents, paths: [...strangers, ...picked] };
  });

function trieOf(contents: ReadonlyMap<string, string>, options: TrieOptions = {}): Trie {
  const trie = new Trie(options);
  trie.stagePaths(concatBytes(...[...contents].map(([path, to]) => fromHex(path + to.slice(2)))));
  trie.apply({ isHashed: true });
  return trie;
}

function prove(trie: Trie, contents: ReadonlyMap<string, string>, paths: readonly string[]) {
  const { reader, root } = trie;
  expect(root).toHaveLength(32);
  return writeProof(sortPaths(paths.map(fromHex)), {
    nodeAt: (path, depth) => reader.nodeAt(path, depth),
    valueOf: (path) => fromHex(contents.get(toHex(path))!),
  });
}

/** null where it is refused; any other failure is a fault of ours. */
function check(root: Uint8Array, paths: readonly string[], proof: Uint8Array): string[] | null {
  try {
    return verifyPaths(root, paths.map(fromHex), proof).map(toHex);
  } catch (error) {
    if (isDeltacastError(error, 'PROOF_INVALID')) return null;
    throw error;
  }
}

describe('a proof', () => {
  test('is the one that the specification gives, and both checkers read the truth in it', () => {
    fc.assert(
      fc.property(questions, ({ contents, paths }) => {
        const trie = trieOf(contents);
        const proof = prove(trie, contents, paths);
        expect(toHex(proof)).toBe(toHex(naiveProof(contents, paths)));
        const truth = paths.map((path) => contents.get(path) ?? ZERO);
        expect(check(trie.root, paths, proof)).toEqual(truth);
        const naive = naiveCheck(toHex(trie.root), paths, proof);
        expect(paths.map((path) => naive?.get(path))).toEqual(truth);
      }),
      { numRuns: RUNS, ...seed },
    );
  });

  test('does not depend on how many buckets and shards the trie keeps', () => {
    const options = fc.record({ keys: fc.nat(4000), shards: fc.constantFrom(1, 4, 16, 64) });
    fc.assert(
      fc.property(questions, options, ({ contents, paths }, wide) => {
        const proof = prove(trieOf(contents, wide), contents, paths);
        expect(toHex(proof)).toBe(toHex(naiveProof(contents, paths)));
      }),
      { numRuns: RUNS, ...seed },
    );
  });
});

type Mutation = (proof: Uint8Array, place: number, byte: number, other: Uint8Array) => Uint8Array;

const cut = (proof: Uint8Array, place: number): number => place % (proof.length + 1);

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'a bit is turned': (proof, place, byte) => {
    const changed = proof.slice();
    changed[place % proof.length]! ^= 1 << (byte & 7);
    return changed;
  },
  'a byte is another': (proof, place, byte) => {
    const changed = proof.slice();
    changed[place % proof.length]! = byte;
    return changed;
  },
  'it is cut off': (proof, place) => proof.slice(0, place % proof.length),
  'bytes follow': (proof, place, byte) =>
    concatBytes(proof, new Uint8Array((place % 64) + 1).fill(byte)),
  'a piece is missing': (proof, place, byte) =>
    concatBytes(proof.subarray(0, cut(proof, place)), proof.subarray(cut(proof, place) + 1 + byte)),
  'a piece is twice there': (proof, place, byte) =>
    concatBytes(proof.subarray(0, cut(proof, place) + byte), proof.subarray(cut(proof, place))),
  'words are exchanged': (proof, place, byte) => {
    const words = Math.floor((proof.length - 4) / 32);
    if (words < 2) return proof;
    const at = (word: number): number => proof.length - 32 * ((word % words) + 1);
    const [a, b] = [at(place), at(byte)];
    const changed = proof.slice();
    changed.set(proof.subarray(a, a + 32), b);
    changed.set(proof.subarray(b, b + 32), a);
    return changed;
  },
  'it is another one': (_proof, _place, _byte, other) => other,
  'its end is of another one': (proof, place, _byte, other) =>
    concatBytes(proof.subarray(0, cut(proof, place)), other.subarray(cut(proof, place))),
  'it is noise': (_proof, place, byte) =>
    Uint8Array.from({ length: place % 300 }, (_, index) => (index === 0 ? 1 : index * byte)),
};

describe('no proof is accepted', () => {
  test.each(Object.keys(MUTATIONS))('when %s', (name) => {
    const mutate = MUTATIONS[name]!;
    fc.assert(
      fc.property(questions, fc.nat(), fc.nat(255), questions, (asked, place, byte, swap) => {
        const trie = trieOf(asked.contents);
        const proof = prove(trie, asked.contents, asked.paths);
        const other = prove(trie, asked.contents, swap.paths);
        const changed = mutate(proof, place, byte, other);
        if (toHex(changed) === toHex(proof)) return;
        // For one state and one set of keys there is exactly one proof.
        expect(check(trie.root, asked.paths, changed)).toBeNull();
        expect(naiveCheck(toHex(trie.root), asked.paths, changed)).toBeNull();
      }),
      { numRuns: RUNS, ...seed },
    );
  });

  test('under another root, or for other keys', () => {
    fc.assert(
      fc.property(questions, fc.nat(255), somePath, ({ contents, paths }, bit, stranger) => {
        const trie = trieOf(contents);
        const proof = prove(trie, contents, paths);
        const root = trie.root;
        root[bit >> 3]! ^= 1 << (bit & 7);
        expect(check(root, paths, proof)).toBeNull();
        // Another key is not proven, or the same bytes happen to be its proof, and then truly.
        const told = check(trie.root, [stranger], proof);
        if (told !== null) expect(told).toEqual([contents.get(stranger) ?? ZERO]);
      }),
      { numRuns: RUNS, ...seed },
    );
  });

  test('that is larger than any may be, or of none or too many keys', () => {
    const contents = new Map([[pathOf(0, 9, 1), ZERO.replace(/0$/, '1')]]);
    const trie = trieOf(contents);
    const [path] = [...contents.keys()] as [string];
    const proof = prove(trie, contents, [path]);
    const large = new Uint8Array(PROOF_BYTES_MAX + 1);
    large.set(proof);
    expect(check(trie.root, [path], large)).toBeNull();
    expect(check(trie.root, [], proof)).toBeNull();
    expect(check(trie.root, new Array(1_025).fill(path), proof)).toBeNull();
    expect(check(trie.root, [path, path], proof)).toEqual([contents.get(path), contents.get(path)]);
  });

  test('that claims all depths there are, or more steps than there can be', () => {
    const path = pathOf(0, 9, 1);
    for (const stepBytes of [1, 64, 96, 97, 8_000, 0xffff]) {
      for (const fill of [0x00, 0x55, 0x49, 0xff]) {
        const steps = new Uint8Array(stepBytes).fill(fill);
        const words = new Uint8Array(32 * 600).fill(7);
        const header = Uint8Array.of(1, stepBytes & 255, stepBytes >> 8);
        expect(
          check(new Uint8Array(32).fill(9), [path], concatBytes(header, steps, words)),
        ).toBeNull();
      }
    }
  });
});

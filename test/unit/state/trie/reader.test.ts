import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes, fromHex, toHex } from '../../../../state/base/bytes.js';
import type { TrieNode } from '../../../../state/trie/reader.js';
import { Trie } from '../../../../state/trie/trie.js';
import { naiveSubtree } from '../../../helpers/naive-root.js';

/** Any node of a trie, for any number of shards and buckets, against the specification. */

const RUNS = Number(process.env['RUNS'] ?? 100);
const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };

const ZERO = '00'.repeat(32);

/** All zeros but one bit and the last byte, so that paths part at every depth. */
const near = fc.tuple(fc.nat(255), fc.nat(3)).map(([bit, last]) => {
  const path = new Uint8Array(32);
  path[bit >> 3]! |= 0x80 >> (bit & 7);
  path[31]! ^= last;
  return toHex(path);
});
const spread = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => toHex(bytes));
const paths = fc.uniqueArray(fc.oneof(near, spread), { maxLength: 60 });
const depths = fc.oneof(fc.nat(8), fc.nat(256));

function naiveNode(leaves: readonly [string, string][], path: string, depth: number): TrieNode {
  const bits = (hex: string): string => BigInt(hex).toString(2).padStart(256, '0');
  const first = bits(path).slice(0, depth);
  const below = leaves.filter(([at]) => bits(at).startsWith(first));
  if (below.length === 0) return { kind: 'empty' };
  const hash = naiveSubtree(below, depth);
  if (below.length > 1) return { kind: 'inner', hash };
  return { kind: 'leaf', path: fromHex(below[0]![0]), hash };
}

function plain(node: TrieNode): string {
  if (node.kind === 'empty') return 'empty';
  const path = node.kind === 'leaf' ? toHex(node.path) : '';
  return `${node.kind} ${path} ${toHex(node.hash)}`;
}

test('every node on the way of any path is the naive one', () => {
  fc.assert(
    fc.property(
      paths,
      fc.array(fc.tuple(fc.nat(59), spread, depths), { minLength: 1, maxLength: 20 }),
      fc.constantFrom(1, 4, 16, 64),
      fc.nat(200),
      (list, questions, shards, keys) => {
        const trie = new Trie({ shards, keys });
        const leaves = list.map((path, index): [string, string] => [
          path,
          `0x${ZERO.slice(2)}${(index + 1).toString(16).padStart(2, '0')}`,
        ]);
        for (const [path, value] of leaves) {
          trie.stagePaths(concatBytes(fromHex(path), fromHex(value)));
        }
        trie.apply({ isHashed: true });
        const { reader, root } = trie;
        expect(toHex(root)).toBe(toHex(naiveSubtree(leaves, 0)));
        for (const [index, other, depth] of questions) {
          const path = list[index] ?? other;
          const node = reader.nodeAt(fromHex(path), depth);
          expect(plain(node)).toBe(plain(naiveNode(leaves, path, depth)));
        }
      },
    ),
    { numRuns: RUNS, ...seed },
  );
});

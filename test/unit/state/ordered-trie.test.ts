import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toHex } from '../../../state/base/bytes.js';
import { orderedTrieRoot } from '../../../state/ordered-trie.js';

async function generalRoot(items: readonly Uint8Array[]): Promise<string> {
  const trie = new MerklePatriciaTrie();
  for (const [index, item] of items.entries()) await trie.put(RLP.encode(index), item);
  return toHex(trie.root());
}

it('is the root of nothing for no items', () => {
  expect(toHex(orderedTrieRoot([]))).toBe(
    '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421',
  );
});

it.each([1, 2, 15, 16, 17, 127, 128, 129, 130, 255, 256, 257, 300, 1_000])(
  'is that of a general trie for %i items',
  async (count) => {
    const items = Array.from({ length: count }, (_, index) => RLP.encode([index, 'x'.repeat(80)]));
    expect(toHex(orderedTrieRoot(items))).toBe(await generalRoot(items));
  },
);

it('is that of a general trie for items of any size, nodes below 32 bytes included', async () => {
  const item = fc.uint8Array({ minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 200 }), async (items) => {
      expect(toHex(orderedTrieRoot(items))).toBe(await generalRoot(items));
    }),
    { numRuns: 60 },
  );
});

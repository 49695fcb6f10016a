/**
 * Ethereum's Merkle Patricia tries, by @ethereumjs/mpt (this file is its owner): the roots of a
 * block's transactions and receipts. Not on the path of a transaction.
 */
import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';

/**
 * The root of a list under keys RLP(0), RLP(1), ... (Yellow Paper, 4.3.2: transactions and
 * receipts).
 * @param items  encoded transactions, receipts or withdrawals, in block order
 */
export async function orderedTrieRoot(items: readonly Uint8Array[]): Promise<Uint8Array> {
  const trie = new MerklePatriciaTrie();
  for (const [index, item] of items.entries()) await trie.put(RLP.encode(index), item);
  return trie.root();
}

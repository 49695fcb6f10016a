/**
 * The root of a list in Ethereum's Merkle Patricia trie under keys RLP(0), RLP(1), ... (Yellow
 * Paper, 4.3.2 and appendix D: transactions, receipts, withdrawals), built from the bottom in one
 * pass over the sorted keys. Nothing is kept: a general trie that puts one item after the other
 * took 175 us an item, this takes one node hash an item and a few for the branches. Nodes are
 * encoded as they are made: a general RLP encoder took more than the hashes.
 */
import { RLP } from '@ethereumjs/rlp';
import { concatBytes } from './base/bytes.js';
import { keccak256 } from './base/keccak.js';

/** A node of 32 bytes or more stands in its parent as its hash, a smaller one as itself. */
const HASHED_BYTES_MIN = 32;
const NIBBLES = 16;
/** RLP of no bytes. */
const NOTHING = Uint8Array.of(0x80);
/** RLP: bytes and lists up to this length have it in their first byte. */
const SHORT_MAX = 55;
const BYTES_TAG = 0x80;
const LIST_TAG = 0xc0;

interface Item {
  /** Key as half-bytes. */
  readonly nibbles: Uint8Array;
  readonly value: Uint8Array;
}

/**
 * @param items  encoded transactions, receipts or withdrawals, in block order
 * @returns      32 bytes
 */
export function orderedTrieRoot(items: readonly Uint8Array[]): Uint8Array {
  const sorted = items.map((value, index) => ({ nibbles: nibblesOf(RLP.encode(index)), value }));
  sorted.sort((a, b) => Buffer.compare(a.nibbles, b.nibbles));
  return keccak256(sorted.length === 0 ? NOTHING : nodeOf(sorted, 0, sorted.length, 0));
}

/** RLP of the node over items [start, end), whose keys agree in their first `depth` nibbles. */
function nodeOf(items: readonly Item[], start: number, end: number, depth: number): Uint8Array {
  const first = items[start] as Item;
  if (end - start === 1) {
    return rlpList([rlpBytes(compact(first.nibbles.subarray(depth), true)), rlpBytes(first.value)]);
  }
  // Sorted: what the first and the last share, all share.
  const last = items[end - 1] as Item;
  let shared = depth;
  while (first.nibbles[shared] === last.nibbles[shared]) shared += 1;
  if (shared === depth) return branchOf(items, start, end, depth);
  const prefix = compact(first.nibbles.subarray(depth, shared), false);
  return rlpList([rlpBytes(prefix), referenceTo(branchOf(items, start, end, shared))]);
}

/** No key is the beginning of another, so a branch never has a value of its own. */
function branchOf(items: readonly Item[], start: number, end: number, depth: number): Uint8Array {
  const children: Uint8Array[] = new Array<Uint8Array>(NIBBLES + 1).fill(NOTHING);
  for (let from = start; from < end; ) {
    const nibble = items[from]?.nibbles[depth] ?? 0;
    let to = from + 1;
    while (to < end && items[to]?.nibbles[depth] === nibble) to += 1;
    children[nibble] = referenceTo(nodeOf(items, from, to, depth + 1));
    from = to;
  }
  return rlpList(children);
}

/** How a node, given as RLP, stands in its parent. */
function referenceTo(node: Uint8Array): Uint8Array {
  return node.length < HASHED_BYTES_MIN ? node : rlpBytes(keccak256(node));
}

function rlpBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 1 && (bytes[0] ?? 0) < BYTES_TAG) return bytes;
  return concatBytes(rlpHead(BYTES_TAG, bytes.length), bytes);
}

/** @param parts  encoded each */
function rlpList(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  return concatBytes(rlpHead(LIST_TAG, length), ...parts);
}

function rlpHead(tag: number, length: number): Uint8Array {
  if (length <= SHORT_MAX) return Uint8Array.of(tag + length);
  const bytes: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256);
  return Uint8Array.of(tag + SHORT_MAX + bytes.length, ...bytes);
}

/** Hex-prefix encoding (Yellow Paper, appendix C). */
function compact(nibbles: Uint8Array, isLeaf: boolean): Uint8Array {
  const isOdd = nibbles.length % 2 === 1;
  const out = new Uint8Array((nibbles.length >> 1) + 1);
  out[0] = (isLeaf ? 0x20 : 0) | (isOdd ? 0x10 | (nibbles[0] ?? 0) : 0);
  for (let at = isOdd ? 1 : 0, to = 1; at < nibbles.length; at += 2, to += 1) {
    out[to] = ((nibbles[at] ?? 0) << 4) | (nibbles[at + 1] ?? 0);
  }
  return out;
}

function nibblesOf(bytes: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(bytes.length * 2);
  for (const [index, byte] of bytes.entries()) {
    nibbles[index * 2] = byte >> 4;
    nibbles[index * 2 + 1] = byte & 15;
  }
  return nibbles;
}

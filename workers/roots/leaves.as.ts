/**
 * Keys and leaves of a list's Merkle Patricia trie (Yellow Paper, 4.3.2 and appendix D). The key of
 * an item is the RLP of its index, so that its leaf nearly always stands under a branch with
 * nothing of the key left, wherever the list ends: its reference is made when the item comes. Only
 * the first item and the last may be alone further up; both forms of the first are kept, and the
 * last value until the next one comes.
 */
import { toBytes } from "../kernel/convert.as";
import { keccak256 } from "../kernel/keccak.as";
import {
  HASH, SLOT_BYTES, SLOTS, TREE_BYTES, TREE_FIRST_ALONE, TREE_LAST, TREE_LAST_LENGTH, TREES,
} from "./map";
import { BYTES_TAG, headSize, isOwnHead, LIST_TAG, putHead } from "./rlp.as";

/** A node of 32 bytes or more stands in its parent as its hash, a smaller one as itself. */
const HASHED_BYTES_MIN: u32 = 32;
/** Hex-prefix encoding (Yellow Paper, appendix C): a leaf, the number of nibbles even or odd. */
const LEAF_EVEN: u32 = 0x20;
const LEAF_ODD: u32 = 0x30;

@inline
export function treeAt(tree: u32): usize {
  return TREES + tree * TREE_BYTES;
}

@inline
export function slotAt(tree: u32, index: u32): usize {
  return SLOTS + (index * 2 + tree) * SLOT_BYTES;
}

@inline
export function firstAloneAt(tree: u32): usize {
  return TREE_FIRST_ALONE + tree * SLOT_BYTES;
}

/** The key of an item: RLP of its index, from the highest byte down. */
@inline
export function keyOf(index: u32): u64 {
  if (index == 0) return <u64>0x80 << 56;
  if (index < 0x80) return <u64>index << 56;
  const size = 4 - (<u64>clz(index) >> 3);
  return ((<u64>0x80 + size) << 56) | (<u64>index << (56 - 8 * size));
}

@inline
export function keyNibbles(index: u32): u32 {
  return index < 0x80 ? 2 : 2 + 2 * (4 - (<u32>clz(index) >> 3));
}

@inline
export function nibbleOf(key: u64, depth: u32): u32 {
  return <u32>(key >> (60 - 4 * depth)) & 15;
}

/** Takes in the next value of a list. The bytes before it (LEAF_HEAD_BYTES) are overwritten. */
export function addItem(tree: u32, value: usize, length: u32): void {
  const at = treeAt(tree);
  const index = load<u32>(at);
  if (index == 0) putLeaf(firstAloneAt(tree), value, length, index, 1);
  putLeaf(slotAt(tree, index), value, length, index, keyNibbles(index));
  store<u32>(at, index + 1);
  store<u32>(at, <u32>value, TREE_LAST);
  store<u32>(at, length, TREE_LAST_LENGTH);
}

/** Writes the reference to a leaf that stands at `depth`. */
export function putLeaf(
  slot: usize, value: usize, length: u32, index: u32, depth: u32,
): void {
  const from = leafStart(value, length, index, depth);
  putReference(slot, from, <u32>(value + length - from));
}

/** Writes the head of a leaf before its value. @returns where it begins */
export function leafStart(value: usize, length: u32, index: u32, depth: u32): usize {
  let at = value;
  if (!isOwnHead(value, length)) at = headBefore(at, BYTES_TAG, length);
  const key = keyOf(index);
  const nibbles = keyNibbles(index);
  const pairs = (nibbles - depth) >> 1;
  for (let left = pairs; left > 0; left--) {
    store<u8>(--at, <u8>(key >> (56 - 8 * ((nibbles >> 1) - pairs + left - 1))));
  }
  const isOdd = (nibbles - depth) & 1;
  store<u8>(--at, isOdd ? LEAF_ODD | nibbleOf(key, depth) : LEAF_EVEN);
  if (pairs > 0) store<u8>(--at, BYTES_TAG + pairs + 1);
  return headBefore(at, LIST_TAG, <u32>(value + length - at));
}

@inline
export function headBefore(end: usize, tag: u32, length: u32): usize {
  const at = end - headSize(length);
  putHead(at, tag, length);
  return at;
}

/** Writes how a node stands in its parent: the number of bytes, then these. */
export function putReference(slot: usize, node: usize, length: u32): void {
  if (length < HASHED_BYTES_MIN) {
    store<u8>(slot, length);
    memory.copy(slot + 1, node, length);
    return;
  }
  store<u8>(slot, 33);
  store<u8>(slot, 0xa0, 1);
  keccak256(node, length, HASH);
  toBytes(HASH, slot + 2);
}

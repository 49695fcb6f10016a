/** The inner nodes over a list's leaves, from the bottom in one pass over the sorted keys. */
import { toBytes } from "../kernel/convert.as";
import { keccak256 } from "../kernel/keccak.as";
import {
  firstAloneAt, headBefore, keyNibbles, keyOf, leafStart, nibbleOf, putLeaf, putReference, slotAt,
  treeAt,
} from "./leaves.as";
import { NODE_BYTES, NODES, ROOT, SLOT_BYTES, TREE_LAST, TREE_LAST_LENGTH } from "./map";
import { BYTES_TAG, LIST_TAG } from "./rlp.as";

const NIBBLES: u32 = 16;
/** Before a node there is room for its head. */
const HEAD_BYTES: u32 = 16;
/** Behind a node: the reference that is to go into its parent. */
const REFERENCE: u32 = NODE_BYTES - SLOT_BYTES;

/** Where the node that was written last begins; it ends where the function says that it does. */
let nodeFrom: usize = 0;

/** Writes the root of a tree's items to ROOT; the tree may grow on. */
export function putRoot(tree: u32): void {
  const count = load<u32>(treeAt(tree));
  let end: usize = NODES + 1;
  if (count == 0) {
    nodeFrom = NODES;
    store<u8>(NODES, BYTES_TAG);
  } else {
    end = putNode(tree, 0, count, 0);
  }
  keccak256(nodeFrom, <u32>(end - nodeFrom), ROOT);
  toBytes(ROOT, ROOT);
}

/** The item that comes so many-th in the order of keys: 1 to 127, then 0, then the others. */
@inline
function indexAt(tree: u32, place: u32): u32 {
  if (place > 127) return place;
  const count = load<u32>(treeAt(tree));
  return place == min(count, 128) - 1 ? 0 : place + 1;
}

/** Writes the node over places [start, end), whose keys agree up to `depth`. @returns its end */
function putNode(tree: u32, start: u32, end: u32, depth: u32): usize {
  const first = indexAt(tree, start);
  if (end - start == 1) return putLast(tree, first, depth);
  const key = keyOf(first);
  const shared = <u32>clz(key ^ keyOf(indexAt(tree, end - 1))) >> 2;
  if (shared == depth) return putBranch(tree, start, end, depth);
  const branchEnd = putBranch(tree, start, end, shared);
  const reference = nodeAt(shared) + REFERENCE;
  putReference(reference, nodeFrom, <u32>(branchEnd - nodeFrom));
  return putExtension(key, depth, shared, reference);
}

/** A leaf that is the whole tree. */
function putLast(tree: u32, index: u32, depth: u32): usize {
  const value = load<u32>(treeAt(tree), TREE_LAST);
  const length = load<u32>(treeAt(tree), TREE_LAST_LENGTH);
  nodeFrom = leafStart(value, length, index, depth);
  return value + length;
}

function putExtension(key: u64, depth: u32, shared: u32, reference: usize): usize {
  const start = nodeAt(depth);
  let at = start;
  const isOdd = (shared - depth) & 1;
  const size = ((shared - depth) >> 1) + 1;
  if (size > 1) store<u8>(at++, BYTES_TAG + size);
  store<u8>(at++, isOdd ? 0x10 | nibbleOf(key, depth) : 0);
  for (let next = depth + isOdd; next < shared; next += 2) {
    store<u8>(at++, (nibbleOf(key, next) << 4) | nibbleOf(key, next + 1));
  }
  at = copyReference(at, reference);
  nodeFrom = headBefore(start, LIST_TAG, <u32>(at - start));
  return at;
}

/** No key is the beginning of another, so a branch never has a value of its own. */
function putBranch(tree: u32, start: u32, end: u32, depth: u32): usize {
  const from = nodeAt(depth);
  let at = from;
  let place = start;
  for (let nibble: u32 = 0; nibble < NIBBLES; nibble++) {
    const first = place;
    while (place < end && nibbleOf(keyOf(indexAt(tree, place)), depth) == nibble) place++;
    if (place == first) store<u8>(at++, BYTES_TAG);
    else at = putChild(tree, first, place, depth + 1, at);
  }
  store<u8>(at++, BYTES_TAG);
  nodeFrom = headBefore(from, LIST_TAG, <u32>(at - from));
  return at;
}

/** @returns the end of the reference in its parent */
function putChild(tree: u32, start: u32, end: u32, depth: u32, at: usize): usize {
  const reference = nodeAt(depth) + REFERENCE;
  if (end - start > 1) {
    const nodeEnd = putNode(tree, start, end, depth);
    putReference(reference, nodeFrom, <u32>(nodeEnd - nodeFrom));
    return copyReference(at, reference);
  }
  const index = indexAt(tree, start);
  if (keyNibbles(index) == depth) return copyReference(at, slotAt(tree, index));
  const tail = treeAt(tree);
  if (index + 1 < load<u32>(tail)) {
    assert(index == 0 && depth == 1);
    return copyReference(at, firstAloneAt(tree));
  }
  putLeaf(reference, load<u32>(tail, TREE_LAST), load<u32>(tail, TREE_LAST_LENGTH), index, depth);
  return copyReference(at, reference);
}

@inline
function copyReference(at: usize, slot: usize): usize {
  v128.store(at, v128.load(slot + 1));
  v128.store(at, v128.load(slot + 1, 16), 16);
  store<u8>(at, load<u8>(slot, 33), 32);
  return at + load<u8>(slot);
}

@inline
function nodeAt(depth: u32): usize {
  return NODES + depth * NODE_BYTES + HEAD_BYTES;
}

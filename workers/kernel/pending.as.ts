/**
 * What transactions of the open batch wrote that are not committed yet (multi-version cells, as in
 * Block-STM): each cell has a list of immutable nodes, newest published first, whose head lies in
 * the cell's own cache line. A reader takes the first node of a step before its own. That is a
 * good guess and no more: what it read is judged by its value when the step's turn comes, so the
 * order of publishing, and nodes whose step was executed again, need no care. Cells that do not
 * exist yet, nonces and additions have no nodes; they are judged like everything else.
 */
import { cellPointer } from "../../state/kernel/arena.as";
import { CELL_PENDING, CONTROL_BASE } from "../../state/kernel/map";
import { NODE_BYTES, NODE_CELL, NODE_NEXT, NODE_STEP } from "./effects-map";
import { HEAD, HEAD_SHIFT } from "../protocol-map";

/** A reader looks at so many nodes: more are only there when the head is far behind. */
const LOOKS_MAX: u32 = 32;

/**
 * Makes a node the newest of its cell. Stored plainly: a locked operation waits for all stores
 * before it, and where two workers do this at once, or a reader sees the head before the node, all
 * that is lost is a good guess. @param epoch  of the open batch
 */
export function publishNode(id: u32, node: usize, epoch: u32): void {
  const at = cellPointer(id) + <usize>CELL_PENDING;
  const before = load<u64>(at);
  store<u32>(node, <u32>(before >> 32) == epoch ? <u32>before : 0, NODE_NEXT);
  store<u64>(at, (<u64>epoch << 32) | <u64>node);
}

/** Nodes of committed steps are written over: what one points to then may be anything. */
@inline
function isThere(node: usize): bool {
  return node != 0 && <i32>((node + NODE_BYTES - 1) >> 16) < memory.size();
}

/** The node that step `step` should read, or 0: what is committed. */
export function pendingNode(id: u32, epoch: u32, step: u32): usize {
  const word = atomic.load<u64>(cellPointer(id) + <usize>CELL_PENDING);
  if (<u32>(word >> 32) != epoch) return 0;
  const head = <u32>(atomic.load<i32>(<usize>CONTROL_BASE + (HEAD << 2)) >> HEAD_SHIFT);
  let node = <usize><u32>word;
  for (let looks: u32 = 0; isThere(node) && looks < LOOKS_MAX; looks++) {
    // Written over by a node of another cell: what was here is committed.
    if (load<u32>(node, NODE_CELL) != id) return 0;
    const writer = load<u32>(node, NODE_STEP);
    // Committed already: the cell itself is as new, or newer.
    if (writer < head) return 0;
    if (writer < step) return node;
    node = <usize>load<u32>(node, NODE_NEXT);
  }
  return 0;
}

/**
 * Entry of roots.wasm: transactions root, receipts root and bloom of a block, over a memory of its
 * own. Items may come in any number of portions; roots may be asked for at any time.
 */
import { addItem } from "./leaves.as";
import { BLOOM, TREE_BYTES, TREES } from "./map";
import { addTransactions } from "./receipts.as";
import { putRoot } from "./tree.as";

export { addItem, addTransactions, putRoot };

/** Two empty lists, no gas, an empty bloom. */
export function begin(): void {
  memory.fill(TREES, 0, 2 * TREE_BYTES);
  // The gas lies behind the bloom.
  memory.fill(BLOOM, 0, 256 + 8);
}

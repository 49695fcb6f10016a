/** A block from its opening until it is sealed: what mini-blocks add up to. */
import type { UndoRange } from '../state/arena-changes.js';
import type { BlockContext } from '../workers/engine.js';
import { type ExecutedColumns, logCountOf } from '../workers/executed.js';
import { requestsHashOf } from '../workers/seal.js';
import type { MiniBlock } from './wire.js';

/** A block whose roots are not computed yet. */
export interface UnsealedBlock {
  readonly context: BlockContext;
  readonly miniBlocks: readonly ExecutedColumns[];
  readonly range: UndoRange;
  readonly sequence: number;
  readonly requestsHash: Uint8Array;
}

export interface GrowingBlock {
  readonly context: BlockContext;
  readonly miniBlocks: ExecutedColumns[];
  readonly from: number;
  to: number;
  sequence: number;
  transactionCount: number;
  logCount: number;
  gasUsed: number;
  requestsHash: Uint8Array;
  /** Some frame has named it. */
  isTold: boolean;
}

/** @param from,sequence  undo position and closing sequence that the block begins with */
export function openedBlock(context: BlockContext, from: number, sequence: number): GrowingBlock {
  return {
    context,
    miniBlocks: [],
    from,
    to: from,
    sequence,
    transactionCount: 0,
    logCount: 0,
    gasUsed: 0,
    requestsHash: requestsHashOf([]),
    isTold: false,
  };
}

/** Adds a mini-block whose frame is logged. */
export function grow(block: GrowingBlock, miniBlock: MiniBlock, range: UndoRange): void {
  const { transactions, requestsHash } = miniBlock;
  block.miniBlocks.push(transactions);
  block.to = range.to;
  block.sequence = miniBlock.sequence;
  block.transactionCount += transactions.count;
  block.logCount += logCountOf(transactions);
  for (const gas of transactions.gasUsed) block.gasUsed += gas;
  if (requestsHash.length > 0) block.requestsHash = requestsHash;
  block.isTold = true;
}

export function unsealedOf(block: GrowingBlock): UnsealedBlock {
  const { context, miniBlocks, from, to, sequence, requestsHash } = block;
  return { context, miniBlocks, range: { from, to }, sequence, requestsHash };
}

/**
 * Blocks as clients name them, on this chain. `latest` and `pending` are the state after the last
 * mini-block; the newest block is the open one as soon as it has a transaction, else the last one
 * closed; `safe` and `finalized` are the newest sealed block.
 */
import type { BlockSelector } from '../../net/rpc/values.js';
import { assert } from '../../state/base/assert.js';
import { DeltacastError } from '../../state/base/errors.js';
import type { Clock } from '../../state/base/ports.js';
import type { BlockContext } from '../../workers/engine.js';
import { nextContext } from '../block-time.js';
import type { Chain } from '../chain.js';
import type { BlockEntry } from '../history.js';

export class ChainView {
  private readonly chain: Chain;
  private readonly clock: Clock;

  constructor(chain: Chain, clock: Clock) {
    this.chain = chain;
    this.clock = clock;
  }

  /** Number of the newest block: never below that of a receipt that was given out. */
  newest(): number {
    const { openBlock, history } = this.chain;
    if (openBlock === null) return Math.max(0, history.blockCount - 1);
    const { number } = openBlock.context;
    return openBlock.transactionCount > 0 ? number : Math.max(0, number - 1);
  }

  /** null where there is no such block. */
  numberOf(selector: BlockSelector): number | null {
    if (selector.kind === 'hash') return this.chain.history.numberOf(selector.hash) ?? null;
    if (selector.kind === 'number') {
      return selector.number <= this.newest() ? selector.number : null;
    }
    switch (selector.tag) {
      case 'earliest':
        return 0;
      case 'safe':
      case 'finalized':
        return this.chain.sealedTip?.number ?? 0;
      default:
        return this.newest();
    }
  }

  /** @throws DeltacastError STATE_PRUNED where its frames are no longer kept */
  block(selector: BlockSelector): BlockEntry | null {
    const number = this.numberOf(selector);
    return number === null ? null : (this.chain.history.block(number) ?? null);
  }

  /** Closing sequence of the state that a read sees. @throws DeltacastError RPC_NOT_FOUND */
  sequenceOf(selector: BlockSelector): number {
    if (isHead(selector)) return this.chain.sequence;
    const number = this.numberOf(selector);
    if (number === null) throw notFound();
    return this.chain.history.sequenceOf(number);
  }

  /** The block that a call seems to be in. @throws DeltacastError RPC_NOT_FOUND, STATE_PRUNED */
  contextOf(selector: BlockSelector): BlockContext {
    if (isHead(selector)) return this.pendingContext();
    const block = this.block(selector);
    if (block === null) throw notFound();
    return block.context;
  }

  /** The block that would take a transaction now: the open one, or the one after the last. */
  pendingContext(): BlockContext {
    const { openBlock, history } = this.chain;
    if (openBlock !== null) return openBlock.context;
    const parent = history.block(history.blockCount - 1);
    assert(parent !== undefined, 'a chain has a genesis');
    const nowSeconds = Math.floor(this.clock.nowMs() / 1_000);
    return nextContext(parent.context, parent.gasUsed, nowSeconds, parent.context.prevRandao);
  }
}

/** True for the state after the last mini-block. */
export function isHead(selector: BlockSelector): boolean {
  return selector.kind === 'tag' && (selector.tag === 'latest' || selector.tag === 'pending');
}

/** geth's words. */
function notFound(): DeltacastError {
  return new DeltacastError('RPC_NOT_FOUND', 'header not found');
}

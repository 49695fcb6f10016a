/**
 * Fees: what to offer now, and what was paid. Nobody needs to outbid anybody here, so the tip that
 * is suggested is a constant, as anvil's is on an idle chain.
 */
import type { BlockSelector, FeeHistory } from '../../net/rpc/values.js';
import { DeltacastError, isDeltacastError } from '../../state/base/errors.js';
import { rawAt } from '../../workers/executed.js';
import { isFrom } from '../../workers/fork.js';
import { nextBaseFee } from '../block-time.js';
import type { Chain } from '../chain.js';
import type { BlockEntry } from '../history.js';
import { placesOf } from './blocks.js';
import type { ChainView } from './chain-view.js';
import { Envelope } from './envelope.js';
import { BLOB_BASE_FEE } from './transactions.js';

/** Wei per gas: anvil's least suggestion, 1 gwei. */
const TIP = 1_000_000_000n;
/**
 * Transactions looked at for the rewards of one answer: 1.1 us each, so about 20 ms of the
 * coordinator. An answer may hold fewer blocks than asked for; it says which is the oldest.
 */
const REWARD_TRANSACTIONS_MAX = 20_000;

export class Fees {
  private readonly chain: Chain;
  private readonly view: ChainView;

  constructor(chain: Chain, view: ChainView) {
    this.chain = chain;
    this.view = view;
  }

  /** Wei per gas of the block that would take a transaction now; null before London. */
  baseFee(): bigint | null {
    const context = this.view.pendingContext();
    return isFrom(context.fork, 'london') ? context.baseFee : null;
  }

  tip(): bigint {
    return TIP;
  }

  /** One price that is enough in the open block and in the one after it. */
  gasPrice(): bigint {
    const { openBlock } = this.chain;
    const now = this.baseFee() ?? 0n;
    if (openBlock === null || !isFrom(openBlock.context.fork, 'london')) return now + TIP;
    const next = nextBaseFee(openBlock.context, openBlock.gasUsed);
    return (next > now ? next : now) + TIP;
  }

  blobBaseFee(): bigint {
    return blobBaseFeeOf(this.view.pendingContext().fork);
  }

  /**
   * Source: eth_feeHistory in the execution API's specification; geth eth/gasprice/feehistory.go.
   * @param percentiles  rising, each in [0, 100]
   * @throws DeltacastError RPC_NOT_FOUND, STATE_PRUNED where the newest block is no longer kept
   */
  history(blockCount: number, newest: BlockSelector, percentiles: readonly number[]): FeeHistory {
    const last = this.view.numberOf(newest);
    if (last === null) throw new DeltacastError('RPC_NOT_FOUND', 'request beyond head block');
    const blocks = this.blocksUpTo(last, blockCount, percentiles.length > 0);
    const newestBlock = blocks.at(-1);
    if (newestBlock === undefined) return NO_HISTORY;
    const fees = blocks.map(({ context }) => context.baseFee);
    const blobFees = blocks.map(({ context }) => blobBaseFeeOf(context.fork));
    return {
      oldestBlock: last - blocks.length + 1,
      baseFeePerGas: [...fees, feeAfter(newestBlock)],
      gasUsedRatio: blocks.map(({ context, gasUsed }) => gasUsed / context.gasLimit),
      baseFeePerBlobGas: [...blobFees, blobBaseFeeOf(newestBlock.context.fork)],
      blobGasUsedRatio: blocks.map(() => 0),
      reward: percentiles.length === 0 ? [] : blocks.map((block) => rewardsOf(block, percentiles)),
    };
  }

  /** Oldest first; fewer than asked for where older ones are gone, or hold too much to look at. */
  private blocksUpTo(last: number, blockCount: number, hasRewards: boolean): BlockEntry[] {
    const blocks: BlockEntry[] = [];
    let transactions = 0;
    for (let number = last; number >= 0 && number > last - blockCount; number -= 1) {
      const block = this.blockOrNull(number, blocks.length === 0);
      if (block === null) break;
      transactions += hasRewards ? block.transactionCount : 0;
      if (transactions > REWARD_TRANSACTIONS_MAX && blocks.length > 0) break;
      blocks.push(block);
    }
    return blocks.reverse();
  }

  private blockOrNull(number: number, isNeeded: boolean): BlockEntry | null {
    try {
      return this.chain.history.block(number) ?? null;
    } catch (error) {
      if (isNeeded || !isDeltacastError(error, 'STATE_PRUNED')) throw error;
      return null;
    }
  }
}

/** geth's answer where no blocks are asked for. */
const NO_HISTORY: FeeHistory = {
  oldestBlock: 0,
  baseFeePerGas: [],
  gasUsedRatio: [],
  baseFeePerBlobGas: [],
  blobGasUsedRatio: [],
  reward: [],
};

function blobBaseFeeOf(fork: BlockEntry['context']['fork']): bigint {
  return isFrom(fork, 'cancun') ? BLOB_BASE_FEE : 0n;
}

/** Wei per gas of the block after this one, as far as it is filled. */
function feeAfter({ context, gasUsed }: BlockEntry): bigint {
  return isFrom(context.fork, 'london') ? nextBaseFee(context, gasUsed) : 0n;
}

interface Reward {
  readonly tip: bigint;
  readonly gasUsed: number;
}

/** The tips at the percentiles of the block's gas, cheapest first. */
function rewardsOf(block: BlockEntry, percentiles: readonly number[]): bigint[] {
  const rewards = rewardsByTip(block);
  const cheapest = rewards[0];
  if (cheapest === undefined) return percentiles.map(() => 0n);
  let index = 0;
  let current = cheapest;
  let gasSum = cheapest.gasUsed;
  return percentiles.map((percentile) => {
    const threshold = (block.gasUsed * percentile) / 100;
    while (gasSum < threshold && index < rewards.length - 1) {
      index += 1;
      current = rewards[index] ?? current;
      gasSum += current.gasUsed;
    }
    return current.tip;
  });
}

function rewardsByTip(block: BlockEntry): Reward[] {
  const { baseFee } = block.context;
  const rewards = Array.from(placesOf(block), ({ entry, index }) => {
    const { transactions } = entry.miniBlock;
    const price = new Envelope(rawAt(transactions, index)).effectiveGasPrice(baseFee);
    return { tip: price - baseFee, gasUsed: transactions.gasUsed[index] ?? 0 };
  });
  return rewards.sort((a, b) => (a.tip < b.tip ? -1 : a.tip > b.tip ? 1 : 0));
}

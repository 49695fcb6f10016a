/**
 * One mini-block of the sequencer, all or nothing: open, run, close, diff, log, show. What throws
 * before it is logged leaves arena and sequence as they were.
 */
import type { Signer } from '../net/p2p/keys.js';
import type { ArenaMark } from '../state/arena.js';
import type { Clock } from '../state/base/ports.js';
import { encodeDiff } from '../state/diff.js';
import type { Executor } from '../workers/batch.js';
import { type ExecutedColumns, NO_TRANSACTIONS } from '../workers/executed.js';
import type { Chain } from './chain.js';
import type { PipelineCounters } from './counters.js';
import type { MiniBlockEntry } from './history.js';

/** What running a mini-block gave. */
export interface Made {
  readonly transactions: ExecutedColumns;
  /** See MiniBlock. */
  readonly requestsHash: Uint8Array;
}

/** For steps of the block itself, which are no transactions. */
export const NOTHING_MADE: Made = {
  transactions: NO_TRANSACTIONS,
  requestsHash: new Uint8Array(0),
};

export interface MakerParts {
  readonly chain: Chain;
  readonly executor: Executor;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly counters: PipelineCounters;
}

export class MiniBlockMaker {
  private readonly parts: MakerParts;

  constructor(parts: MakerParts) {
    this.parts = parts;
  }

  /**
   * @param run  executes steps and gives the transactions that are included
   * @returns null where nothing was included: there is no mini-block then
   * @throws DeltacastError ARENA_FULL, FRAME_OVERSIZED, WORKER_FAILED, all being as it was before;
   *         LOG_POISONED, with which the node has ended
   */
  async make(run: () => Promise<Made>): Promise<MiniBlockEntry | null> {
    const { chain, executor } = this.parts;
    const { arena } = chain;
    const { sequence } = executor;
    arena.cold?.makeRoom();
    const before = arena.mark();
    const goBack = (): void => {
      arena.rollback(before);
      executor.sequence = sequence;
    };
    try {
      const mark = arena.openMiniBlock(sequence + 1);
      const made = await run();
      if (executor.sequence > sequence) return await this.commit(made, mark);
    } catch (error) {
      goBack();
      throw error;
    }
    goBack();
    return null;
  }

  private async commit(made: Made, mark: ArenaMark): Promise<MiniBlockEntry> {
    const { chain, executor, clock, signer, counters } = this.parts;
    const { sequence } = executor;
    const range = chain.arena.closeMiniBlock(sequence);
    const startedMs = clock.monotonicMs();
    const diff = encodeDiff(chain.arena, range, mark);
    const diffedMs = clock.monotonicMs();
    const { transactions, requestsHash } = made;
    const miniBlock = { ...chain.nextMiniBlock(), sequence, transactions, requestsHash, diff };
    const entry = await chain.commitMiniBlock(miniBlock, range, signer);
    counters.diffMs += diffedMs - startedMs;
    counters.commitMs += clock.monotonicMs() - diffedMs;
    counters.miniBlocks += 1;
    counters.diffBytes += diff.length;
    counters.transactions += transactions.count;
    for (const gas of transactions.gasUsed) counters.gas += gas;
    return entry;
  }
}

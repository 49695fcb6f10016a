/**
 * The blocks around mini-blocks: each begins with its context and ends, `blockMs` later, by being
 * handed to the sealer; the next begins at once. Roots are computed while it executes.
 */
import type { Signer } from '../net/p2p/keys.js';
import { assert } from '../state/base/assert.js';
import { UNSEALED_BLOCKS_MAX } from '../state/base/limits.js';
import { type Clock, type Random, sleep } from '../state/base/ports.js';
import type { Executor } from '../workers/batch.js';
import { callsAfter, callsBefore } from '../workers/block-steps.js';
import type { BlockContext } from '../workers/engine.js';
import { requestsHashOf } from '../workers/seal.js';
import { hasCode } from '../workers/steps.js';
import { nextContext } from './block-time.js';
import type { Chain } from './chain.js';
import type { PipelineCounters } from './counters.js';
import type { UnsealedBlock } from './growing-block.js';
import { type MiniBlockMaker, NOTHING_MADE } from './mini-block.js';
import type { Sealer } from './sealer.js';

export interface BlockCycleParts {
  readonly chain: Chain;
  readonly executor: Executor;
  readonly maker: MiniBlockMaker;
  readonly sealer: Sealer;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: PipelineCounters;
  /** Of every new block. */
  readonly gasLimit: number;
  /** Sealing failed: nothing more can be sealed. */
  readonly onFailure: (error: unknown) => void;
}

const ZERO_WORD = new Uint8Array(32);
const NO_OUTPUT = new Uint8Array(0);
/** How often a block that must wait for the sealer looks again. */
const SEALER_WAIT_MS = 1;

export class BlockCycle {
  private readonly parts: BlockCycleParts;
  private sealing: Promise<void> = Promise.resolve();
  private hasFailed = false;

  constructor(parts: BlockCycleParts) {
    this.parts = parts;
  }

  /** Begins the block after the chain's last one. */
  async begin(): Promise<void> {
    const { history } = this.parts.chain;
    const parent = history.block(history.blockCount - 1);
    assert(parent !== undefined, 'a chain has a genesis');
    await this.open(parent.context, parent.gasUsed);
  }

  /** Ends the open block, has it sealed, and begins the next. */
  async turn(): Promise<void> {
    const { chain, counters, clock } = this.parts;
    const open = chain.openBlock;
    assert(open !== null, 'a block is open');
    await this.callAfter(open.context);
    const { context, gasUsed } = open;
    this.seal(chain.closeBlock());
    counters.blocks += 1;
    while (chain.unsealedCount >= UNSEALED_BLOCKS_MAX && !this.hasFailed) {
      await sleep(clock, SEALER_WAIT_MS);
    }
    await this.open(context, gasUsed);
  }

  /** Hands a closed block to the sealer; the frame of its seal is logged when it is done. */
  seal(block: UnsealedBlock): void {
    const { chain, sealer, signer, executor, counters, onFailure } = this.parts;
    const run = async (): Promise<void> => {
      const sealed = await sealer.seal(block);
      await chain.commitSeal(block, sealed, signer);
      counters.rootMs += sealed.rootMs;
      counters.sealMs += sealed.sealMs;
      executor.announceHash();
    };
    this.sealing = Promise.all([this.sealing, run()]).then(
      () => undefined,
      (error: unknown) => {
        this.hasFailed = true;
        onFailure(error);
      },
    );
  }

  /** Resolves when every closed block is sealed. */
  async settled(): Promise<void> {
    await this.sealing;
  }

  private async open(parent: BlockContext, parentGasUsed: number): Promise<void> {
    const { chain, clock, random, executor, gasLimit } = this.parts;
    const nowSeconds = Math.floor(clock.nowMs() / 1_000);
    const next = nextContext(parent, parentGasUsed, nowSeconds, random.bytes(32));
    const context = { ...next, gasLimit };
    chain.beginBlock(context);
    await executor.beginBlock(context);
    await this.callBefore(context);
  }

  /** System calls where the genesis has their contracts (EIP-4788, EIP-2935). */
  private async callBefore({ fork }: BlockContext): Promise<void> {
    const { chain, executor, maker } = this.parts;
    const calls = callsBefore(fork, ZERO_WORD, ZERO_WORD);
    if (!calls.some(({ to }) => hasCode(chain.arena, to))) return;
    // EIP-2935 stores the parent's hash: here a block begins when its parent is sealed.
    await this.sealing;
    const parentHash = chain.sealedTip?.hash ?? ZERO_WORD;
    await maker.make(async () => {
      for (const call of callsBefore(fork, ZERO_WORD, parentHash)) await executor.systemCall(call);
      return NOTHING_MADE;
    });
  }

  /** The block's requests (EIP-7685: types 1 and 2 by EIP-7002 and EIP-7251). */
  private async callAfter({ fork }: BlockContext): Promise<void> {
    const { chain, executor, maker } = this.parts;
    const calls = callsAfter(fork);
    if (!calls.some(({ to }) => hasCode(chain.arena, to))) return;
    await maker.make(async () => {
      const requests: Uint8Array[] = [];
      for (const [index, call] of calls.entries()) {
        const outcome = await executor.systemCall(call);
        requests.push(Uint8Array.of(index + 1, ...(outcome?.output ?? NO_OUTPUT)));
      }
      return { ...NOTHING_MADE, requestsHash: requestsHashOf(requests) };
    });
  }
}

/**
 * Execution in order on the calling thread, with nothing logged: what parallel execution is
 * compared with, `--workers 0`, and the way a validator or a test re-executes a block.
 */
import { MIB } from '../state/base/limits.js';
import type { BalanceCredit, SystemCall } from './block-steps.js';
import type { CellStore } from './cell-store.js';
import { applyCredits, Committer } from './commit.js';
import type { BlockContext, Engine } from './engine.js';
import { type Outcome, readOutcome, STATUS_FAILED, STATUS_OK } from './outcome.js';

/** An outcome larger than this cannot be: gas bounds reads, writes and logs of one transaction. */
const OUTCOME_BYTES_MAX = 64 * MIB;

export class SequentialExecutor {
  /** Sequence of the last committed step. */
  sequence: number;
  private readonly store: CellStore;
  private readonly engine: Engine;
  private coinbase: Uint8Array = new Uint8Array(20);
  private buffer = new Uint8Array(1 * MIB);

  constructor(store: CellStore, engine: Engine, sequence: number) {
    this.store = store;
    this.engine = engine;
    this.sequence = sequence;
  }

  async beginBlock(context: BlockContext): Promise<void> {
    this.coinbase = context.coinbase;
    await this.engine.beginBlock(context);
  }

  /** Executes and commits one transaction; one that is not includable changes nothing. */
  execute(transaction: Uint8Array): Promise<Outcome> {
    return this.step((out) => this.engine.execute(transaction, out, 'head'));
  }

  /** Runs a system call, or nothing where the contract is not there. */
  async systemCall(call: SystemCall): Promise<Outcome | null> {
    const code = new Uint8Array(32);
    const id = this.store.find(2, call.to);
    if (id < 0) return null;
    this.store.readLatest(id, code);
    if (code.every((byte) => byte === 0)) return null;
    return this.step((out) => this.engine.systemCall(call.to, call.data, out));
  }

  /** All credits are one step. */
  credit(credits: readonly BalanceCredit[]): void {
    if (credits.length === 0) return;
    this.sequence += 1;
    applyCredits(this.store, credits, this.sequence);
  }

  private async step(run: (out: Uint8Array) => number | Promise<number>): Promise<Outcome> {
    let length = await run(this.buffer);
    while (length < 0 && this.buffer.length < OUTCOME_BYTES_MAX) {
      this.buffer = new Uint8Array(this.buffer.length * 8);
      length = await run(this.buffer);
    }
    const outcome = readOutcome(this.buffer);
    if (outcome.status === STATUS_OK || outcome.status === STATUS_FAILED) {
      this.sequence += 1;
      new Committer(this.store, this.buffer).apply(0, this.coinbase, this.sequence);
    }
    return outcome;
  }
}

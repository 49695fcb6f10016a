/**
 * A worker's side of parallel execution: claim the next transaction, execute it against whatever is
 * committed now, publish the outcome, and commit in order if the token is free. An outcome whose
 * reads no longer stand is executed again at the head, where nothing else writes; so the result is
 * that of sequential execution in the given order, for any number of workers.
 */
import type { Arena } from '../state/arena.js';
import { isDeltacastError } from '../state/base/errors.js';
import { applyOutcome, readsStand } from './commit.js';
import { decodeContext } from './context.js';
import type { Engine, ExecutionMode } from './engine.js';
import { readOutcome, STATUS_FAILED, STATUS_NEEDS_HEAD, STATUS_OK } from './outcome.js';
import { EXECUTED, type Protocol } from './protocol.js';
import { RECORD_LENGTH } from './record.js';

/** How far execution runs ahead of the head, per worker: farther only reads staler cells. */
const WINDOW_PER_WORKER = 4;

export class WorkerExecutor {
  private readonly arena: Arena;
  private readonly protocol: Protocol;
  private readonly engine: Engine;
  private readonly sliceBase: number;
  private readonly sliceBytes: number;
  private sliceUsed = 0;
  private contextEpoch = 0;
  private coinbase: Uint8Array = new Uint8Array(20);

  constructor(arena: Arena, protocol: Protocol, engine: Engine) {
    this.arena = arena;
    this.protocol = protocol;
    this.engine = engine;
    const { base, bytes } = protocol.batchOut;
    this.sliceBytes = Math.floor(bytes / protocol.threads / 64) * 64;
    this.sliceBase = base + arena.thread * this.sliceBytes;
  }

  /** Serves batches until the pool is stopped. */
  async serve(): Promise<void> {
    const { protocol } = this;
    let seen = 1;
    for (;;) {
      protocol.waitForTurn(seen);
      seen = protocol.epoch();
      if (protocol.isStopped()) return;
      if (!protocol.isOpen(seen)) continue;
      protocol.enter();
      // Closed between the two loads: whoever closed it must not find us inside.
      if (protocol.epoch() === seen) await this.runBatch();
      protocol.leave();
    }
  }

  private async runBatch(): Promise<void> {
    try {
      await this.refreshContext();
      this.sliceUsed = 0;
      await this.work();
    } catch (error) {
      this.protocol.fail(isDeltacastError(error, 'ARENA_FULL') ? 'ARENA_FULL' : 'worker-failed');
    }
  }

  private async refreshContext(): Promise<void> {
    const epoch = this.protocol.contextEpoch();
    if (epoch === this.contextEpoch) return;
    const context = decodeContext(this.protocol.contextBytes());
    this.coinbase = context.coinbase;
    await this.engine.beginBlock(context);
    this.contextEpoch = epoch;
  }

  private async work(): Promise<void> {
    const { protocol } = this;
    const count = protocol.count();
    const window = WINDOW_PER_WORKER * (protocol.threads - 1);
    while (protocol.failure() === 'none') {
      const head = protocol.head();
      if (protocol.claimed() >= count) break;
      if (protocol.claimed() >= head + window) {
        protocol.waitForHead(head);
        continue;
      }
      const index = protocol.claim();
      if (index >= count) break;
      if (!(await this.run(index, 'speculative'))) return;
      await this.commitReady(count);
    }
  }

  /** Executes one transaction and publishes what came out. @returns false if the batch failed */
  private async run(index: number, mode: ExecutionMode): Promise<boolean> {
    const { arena, protocol } = this;
    const at = protocol.recordOffset(index);
    const length = new DataView(arena.memory.buffer, at + RECORD_LENGTH, 4).getUint32(0, true);
    const record = arena.bytes.slice(at, at + length);
    const offset = this.sliceBase + this.sliceUsed;
    const place = arena.bytes.subarray(offset, this.sliceBase + this.sliceBytes);
    protocol.countExecution();
    const written = await this.engine.execute(record, place, mode);
    if (written < 0) {
      protocol.fail('outcome-too-large');
      return false;
    }
    this.sliceUsed += Math.ceil(written / 64) * 64;
    protocol.publishOutcome(index, offset);
    return true;
  }

  /**
   * Commits everything at the head that is ready. Whoever releases the token looks again: an
   * outcome published while it held the token found it taken.
   */
  private async commitReady(count: number): Promise<void> {
    const { protocol } = this;
    const isReady = () => {
      const head = protocol.head();
      return head < count && protocol.status(head) === EXECUTED;
    };
    while (protocol.failure() === 'none' && isReady() && protocol.tryToken()) {
      try {
        while (isReady()) {
          if (!(await this.commit(protocol.head()))) return;
          if (protocol.advanceHead() === count) protocol.finish();
        }
      } finally {
        protocol.releaseToken();
      }
    }
  }

  private async commit(index: number): Promise<boolean> {
    const { arena, protocol } = this;
    let outcome = this.outcomeOf(index);
    if (outcome.status === STATUS_NEEDS_HEAD || !readsStand(arena, outcome.reads)) {
      protocol.countAbort();
      if (!(await this.run(index, 'head'))) return false;
      outcome = this.outcomeOf(index);
    }
    if (outcome.status === STATUS_OK || outcome.status === STATUS_FAILED) {
      applyOutcome(arena, outcome, this.coinbase, protocol.takeSequence());
    }
    return true;
  }

  private outcomeOf(index: number) {
    return readOutcome(this.arena.bytes.subarray(this.protocol.outcomeOffset(index)));
  }
}

/**
 * THE MAIN PATH of a sequencer: order -> execute -> commit -> log -> publish. One mini-block is
 * under way at a time: at low load it holds the one transaction that came and leaves at once; while
 * it is under way others gather, so that under load each holds what the workers execute in about
 * `miniBlockMs`.
 */
import { assert } from '../state/base/assert.js';
import { DeltacastError, isDeltacastError } from '../state/base/errors.js';
import { MINI_BLOCK_RAW_BYTES_MAX, MINI_BLOCK_TRANSACTIONS_MAX } from '../state/base/limits.js';
import { type Clock, sleep } from '../state/base/ports.js';
import { addCounts, type BatchResult, type Executor } from '../workers/batch.js';
import { ExecutedBuilder, type ExecutedColumns } from '../workers/executed.js';
import { reasonOf, STATUS_OK, statusOf } from '../workers/outcome.js';
import type { BlockCycle } from './block-cycle.js';
import type { Chain } from './chain.js';
import type { PipelineCounters } from './counters.js';
import type { MiniBlockEntry } from './history.js';
import type { Intake, Pooled } from './intake.js';
import { type MiniBlockMaker, NOTHING_MADE } from './mini-block.js';

export interface PipelineParts {
  readonly chain: Chain;
  readonly executor: Executor;
  readonly maker: MiniBlockMaker;
  readonly blocks: BlockCycle;
  readonly intake: Intake;
  readonly clock: Clock;
  readonly counters: PipelineCounters;
  readonly blockMs: number;
  readonly miniBlockMs: number;
  /** Called once, when nothing can be committed any more. */
  readonly onFatal: (error: DeltacastError) => void;
}

/** Before anything was measured. */
const BATCH_FIRST = 64;
/** The undo ring is full until the sealer is done with a block. */
const RING_WAIT_MS = 1;
/** Of its nodes, what the end of a block may need: calls of the two contracts of EIP-7685. */
const RING_RESERVE = 64;
/** Below this a measurement is noise. */
const BATCH_MS_MIN = 0.01;

export class Pipeline {
  private readonly parts: PipelineParts;
  private running: Promise<void> | null = null;
  private cancelTimer: () => void = () => undefined;
  private isBlockDue = false;
  private isStopped = false;
  /** Transactions of one mini-block: what executes in `miniBlockMs`, as measured. */
  private batchMax = BATCH_FIRST;
  /** Taken, and too large together with those before them. */
  private carried: readonly Pooled[] = [];

  constructor(parts: PipelineParts) {
    this.parts = parts;
  }

  /** Begins the block after the chain's last, and the blocks' timer. */
  async start(): Promise<void> {
    await this.parts.blocks.begin();
    this.scheduleBlock();
    this.kick();
  }

  /** Something may be ready. */
  kick(): void {
    if (this.running !== null || !this.hasWork()) return;
    this.running = this.run()
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.running = null;
        this.kick();
      });
  }

  /** Ends the open block now. Resolves when it is sealed, or when nothing is sealed any more. */
  async endBlock(): Promise<void> {
    const { chain, blocks } = this.parts;
    const { blockCount } = chain.history;
    this.isBlockDue = true;
    this.kick();
    while (!this.isStopped && chain.history.blockCount === blockCount) await this.running;
    await blocks.settled();
  }

  /** Finishes what is under way, seals the blocks that are closed, and takes nothing more. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.cancelTimer();
    await this.running;
    await this.parts.blocks.settled();
  }

  /** Ends the node's writing for good: also called where sealing fails. */
  fail(error: unknown): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.cancelTimer();
    const message = error instanceof Error ? error.message : String(error);
    const typed =
      error instanceof DeltacastError ? error : new DeltacastError('EXECUTION_FAULT', message);
    this.parts.intake.close(typed);
    this.parts.onFatal(typed);
  }

  private hasWork(): boolean {
    if (this.isStopped) return false;
    const isReady = this.carried.length > 0 || this.parts.intake.pool.readyCount > 0;
    return this.isBlockDue || (isReady && !this.isFull());
  }

  /** True where the next transaction in line waits for the next block's gas. */
  private isFull(): boolean {
    return this.carried.length === 0 && this.parts.intake.pool.headGas() > this.gasLeft();
  }

  private async run(): Promise<void> {
    while (this.hasWork()) {
      if (this.isBlockDue) {
        this.isBlockDue = false;
        await this.parts.blocks.turn();
        continue;
      }
      await this.runMiniBlock(this.take());
    }
  }

  private gasLeft(): number {
    const { openBlock } = this.parts.chain;
    return openBlock === null ? 0 : openBlock.context.gasLimit - openBlock.gasUsed;
  }

  private take(): readonly Pooled[] {
    const { carried } = this;
    const taken =
      carried.length > 0 ? carried : this.parts.intake.pool.take(this.batchMax, this.gasLeft());
    let bytes = 0;
    let end = 0;
    while (end < taken.length && bytes <= MINI_BLOCK_RAW_BYTES_MAX) {
      bytes += taken[end]?.payload.raw.length ?? 0;
      end += 1;
    }
    this.carried = taken.slice(end);
    return taken.slice(0, end);
  }

  /** What is too large together is tried again in halves; what is too large alone is refused. */
  private async runMiniBlock(entries: readonly Pooled[]): Promise<void> {
    let refusals: Refusals | undefined;
    // Asked before: what is sealed in the meantime leaves room that was not there.
    const isRingHeld = this.isRingHeld();
    try {
      const entry = await this.parts.maker.make(async () => {
        const result = await this.execute(entries);
        this.checkReserve();
        const { transactions, refused } = includedOf(entries, result);
        result.release();
        refusals = refused;
        return { ...NOTHING_MADE, transactions };
      });
      assert(refusals !== undefined, 'a mini-block has been executed');
      this.settle(entries, refusals, entry);
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      await this.shrink(entries, error, isRingHeld);
    }
  }

  private async shrink(
    entries: readonly Pooled[],
    error: DeltacastError,
    isRingHeld: boolean,
  ): Promise<void> {
    if (error.details['region'] === 'undo' && isRingHeld) {
      // Not for ever: have sealed what holds it, then try again.
      this.carried = [...entries, ...this.carried];
      const { chain, clock, blocks } = this.parts;
      if (this.isRingHeld() && chain.unsealedCount === 0) await blocks.turn();
      await sleep(clock, RING_WAIT_MS);
      return;
    }
    if (entries.length === 1) {
      for (const entry of entries) this.drop(entry, error);
      return;
    }
    const half = entries.length >> 1;
    this.carried = [...entries.slice(half), ...this.carried];
    await this.runMiniBlock(entries.slice(0, half));
  }

  /** Does the undo ring keep what is not sealed yet? */
  private isRingHeld(): boolean {
    const { openBlock, unsealedCount } = this.parts.chain;
    return unsealedCount > 0 || (openBlock !== null && openBlock.to > openBlock.from);
  }

  /** @throws DeltacastError ARENA_FULL where the block could not be ended any more */
  private checkReserve(): void {
    const { arena, sealedUndoEnd } = this.parts.chain;
    const room = arena.layout.undoCapacity - (arena.undoPosition - sealedUndoEnd);
    if (room >= RING_RESERVE) return;
    throw new DeltacastError('ARENA_FULL', 'no room for the end of the block', { region: 'undo' });
  }

  private async execute(entries: readonly Pooled[]): Promise<BatchResult> {
    const result = await this.parts.executor.runBatch(entries.map(({ payload }) => payload.bytes));
    const { counters } = this.parts;
    counters.executeMs += result.counters.milliseconds;
    addCounts(counters, result.counters);
    counters.aborts += result.aborts;
    counters.restarts += result.counters.restarts;
    this.adapt(entries.length, result.counters.milliseconds);
    return result;
  }

  /** Goes half-way to what takes `miniBlockMs` at the last speed; a small batch says little. */
  private adapt(count: number, milliseconds: number): void {
    const wanted = (count * this.parts.miniBlockMs) / Math.max(milliseconds, BATCH_MS_MIN);
    if (count < this.batchMax && wanted < this.batchMax && milliseconds < this.parts.miniBlockMs) {
      return;
    }
    const moved = Math.round((this.batchMax + wanted) / 2);
    this.batchMax = Math.min(MINI_BLOCK_TRANSACTIONS_MAX, Math.max(1, moved));
  }

  /** Tells pool and waiters what became of each transaction. */
  private settle(
    entries: readonly Pooled[],
    refusals: Refusals,
    entry: MiniBlockEntry | null,
  ): void {
    const { intake } = this.parts;
    let index = 0;
    for (const pooled of entries) {
      const refusal = refusals.get(pooled);
      if (refusal !== undefined) {
        this.drop(pooled, refusal);
        continue;
      }
      assert(entry !== null, 'what is included is in a mini-block');
      intake.pool.settle(pooled, false);
      intake.answer(pooled.hash, { entry, index });
      index += 1;
    }
  }

  private drop(pooled: Pooled, error: DeltacastError): void {
    const { intake, counters } = this.parts;
    counters.dropped += 1;
    intake.pool.settle(pooled, true);
    intake.answer(pooled.hash, error);
  }

  private scheduleBlock(): void {
    const { clock, blockMs } = this.parts;
    this.cancelTimer = clock.after(blockMs, () => {
      this.isBlockDue = true;
      this.scheduleBlock();
      this.kick();
    });
  }
}

/** Why transactions of a mini-block are not in it. */
type Refusals = ReadonlyMap<Pooled, DeltacastError>;

function includedOf(
  entries: readonly Pooled[],
  result: BatchResult,
): { readonly transactions: ExecutedColumns; readonly refused: Refusals } {
  const builder = new ExecutedBuilder();
  const refused = new Map<Pooled, DeltacastError>();
  let index = 0;
  for (const pooled of entries) {
    const outcome = result.record(index);
    index += 1;
    if (statusOf(outcome) <= STATUS_OK) builder.add(pooled.payload.bytes, outcome);
    else refused.set(pooled, new DeltacastError(reasonOf(outcome), 'refused when it was executed'));
  }
  return { transactions: builder.build(), refused };
}

function isTooLarge(error: unknown): error is DeltacastError {
  return isDeltacastError(error, 'ARENA_FULL', 'FRAME_OVERSIZED', 'LOG_TOO_LARGE');
}

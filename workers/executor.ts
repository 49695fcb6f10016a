/**
 * One thread's side of batch execution: drives the scheduler through a batch, and runs the engine
 * where the kernel cannot. What an engine throws becomes a failure of the batch with a cause; it
 * never leaves this file as an exception.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Arena } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { isDeltacastError } from '../state/base/errors.js';
import type { Clock } from '../state/base/ports.js';
import type { Region } from '../state/layout.js';
import { decodeContext } from './context.js';
import type { Engine } from './engine.js';
import { BEGIN, LEFT } from './kernel/scheduler-map.js';
import { EMPTY_OUTCOME, STATUS_NEEDS_HEAD, statusOf, writeOutcome } from './outcome.js';
import { isWholeOutcome } from './outcome-check.js';
import { outcomeShare } from './outcomes.js';
import type { Protocol } from './protocol.js';
import { KIND_TRANSACTION } from './protocol-map.js';
import { Scheduler } from './scheduler.js';
import { hasCode, recordView, systemCallOf } from './steps.js';
import { receiveChange, type SentChange } from './tiering/parcels.js';

/** What an engine answers where its outcome does not fit. */
const NO_ROOM = -1;

export interface ExecutorParts {
  readonly arena: Arena;
  readonly protocol: Protocol;
  readonly engine: Engine;
  readonly clock: Clock;
  /** In [0, workers): which slice of the outcomes is ours. */
  readonly worker: number;
  /** Where modules of codes arrive (tiering/tiering.ts); null: from nowhere. */
  readonly changes: MessagePort | null;
}

export class WorkerExecutor {
  private readonly arena: Arena;
  private readonly protocol: Protocol;
  private readonly engine: Engine;
  private readonly scheduler: Scheduler;
  private readonly worker: number;
  private readonly changes: MessagePort | null;
  private coinbase: Uint8Array = new Uint8Array(20);
  private contextEpoch = 0;

  constructor({ arena, protocol, engine, clock, worker, changes }: ExecutorParts) {
    assert(worker >= 0 && worker < protocol.workers(), 'a worker is one of so many');
    this.arena = arena;
    this.protocol = protocol;
    this.engine = engine;
    this.worker = worker;
    this.changes = changes;
    this.scheduler = new Scheduler(arena, engine, clock);
  }

  /** Serves batches until the pool is stopped. */
  async serve(): Promise<void> {
    const { protocol } = this;
    let seen = protocol.epoch() | 1;
    // In the middle of a block: who comes for one that was lost is ready when it can go on at once.
    if (protocol.contextEpoch() !== 0) await this.refreshContext();
    protocol.ready(this.worker, seen);
    for (;;) {
      protocol.waitForTurn(seen);
      seen = protocol.epoch();
      if (protocol.isStopped()) return;
      if (protocol.isOpen(seen)) await this.runBatch(seen);
      else this.answer(seen);
    }
  }

  /** Between batches: what was posted is taken over now, not when a batch waits for it. */
  private answer(epoch: number): void {
    if (this.contextEpoch !== 0) this.takeChanges();
    this.protocol.ready(this.worker, epoch);
  }

  /** Takes part in the batch that this epoch opened, until there is nothing left to do. */
  async runBatch(epoch: number): Promise<void> {
    const { scheduler } = this;
    try {
      scheduler.enter(epoch);
      for (let state = scheduler.work(); state !== LEFT; state = scheduler.work()) {
        const pending = state === BEGIN ? this.begin() : this.execute();
        if (pending !== undefined) await pending;
      }
    } catch (error) {
      const { protocol, arena } = this;
      const text = error instanceof Error ? error.message : String(error);
      protocol.say(arena.thread, text === '' ? 'it failed' : text);
      const isFull = isDeltacastError(error, 'ARENA_FULL');
      protocol.fail(isFull ? 'ARENA_FULL' : 'worker-failed');
      if (isFull) scheduler.abandonFull();
      else scheduler.abandon();
    }
  }

  private async begin(): Promise<void> {
    await this.refreshContext();
    this.takeChanges();
    const { coinbase } = this;
    this.scheduler.begin({ coinbase, outcomes: this.slice() });
  }

  /** Takes over the block that the coordinator has set, if it is another. */
  async refreshContext(): Promise<void> {
    const epoch = this.protocol.contextEpoch();
    if (epoch === this.contextEpoch) return;
    const context = decodeContext(this.protocol.contextBytes());
    this.coinbase = context.coinbase;
    await this.engine.beginBlock(context);
    this.contextEpoch = epoch;
  }

  /** Before it executes anything: so never in the midst of a transaction. */
  private takeChanges(): void {
    const { changes, engine } = this;
    if (changes === null) return;
    for (;;) {
      const message = receiveMessageOnPort(changes);
      if (message === undefined) return;
      engine.changeCode?.(receiveChange(message.message as SentChange));
    }
  }

  /** A step that is alone has all the room there is. */
  private slice(): Region {
    const { batchOut } = this.protocol;
    if (this.protocol.count() === 1) return batchOut;
    const { base, bytes } = outcomeShare(batchOut, this.protocol.workers());
    return { base: base + this.worker * bytes, bytes };
  }

  private execute(): Promise<void> | undefined {
    const { protocol, scheduler } = this;
    const { index, place } = scheduler;
    const record = recordView(this.arena.bytes, protocol.recordOffset(index));
    if (protocol.kind(index) !== KIND_TRANSACTION) return this.callSystem(record, place);
    const written = this.engine.execute(record, place, scheduler.mode);
    if (typeof written === 'number') this.settle(place, written);
    else return written.then((bytes) => this.settle(place, bytes));
  }

  /** Nothing happens where the contract is not there: an outcome that is not included. */
  private async callSystem(record: Uint8Array, place: Uint8Array): Promise<void> {
    const { to, data } = systemCallOf(record);
    const isThere = hasCode(this.arena, to);
    const written = isThere
      ? await this.engine.systemCall(to, data, place)
      : writeOutcome(EMPTY_OUTCOME, place);
    this.settle(place, written);
  }

  private settle(place: Uint8Array, written: number): void {
    const { arena, scheduler } = this;
    if (written === NO_ROOM) {
      scheduler.unexecuted();
      return;
    }
    assert(written <= place.length, 'an outcome stays in its place');
    assert(isWholeOutcome(arena.bytes, place.byteOffset, written), 'an outcome is a whole record');
    const isAnswer = statusOf(place) !== STATUS_NEEDS_HEAD || scheduler.mode !== 'head';
    assert(isAnswer, 'this is the head');
    scheduler.executed(place, written);
  }
}

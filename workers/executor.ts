/**
 * A worker thread's side of parallel execution: waits for batches, drives the machine through each,
 * and runs the engine where the machine asks for it. What an engine throws, a full arena and a full
 * slice become failures of the batch with a cause; they never leave this file as exceptions.
 */
import type { Arena } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { isDeltacastError } from '../state/base/errors.js';
import { Committer } from './commit.js';
import { decodeContext } from './context.js';
import type { Engine } from './engine.js';
import { BatchMachine, BEGIN, EXECUTE, LEFT } from './machine.js';
import { EMPTY_OUTCOME, STATUS_NEEDS_HEAD, writeOutcome } from './outcome.js';
import { isWholeOutcome } from './outcome-check.js';
import { OUTCOME_ALIGNMENT, outcomeShare } from './outcomes.js';
import { KIND_TRANSACTION, type Protocol } from './protocol.js';
import { hasCode, recordView, systemCallOf } from './steps.js';

/** What an engine answers where its outcome does not fit. */
const NO_ROOM = -1;

export interface ExecutorParts {
  readonly arena: Arena;
  readonly protocol: Protocol;
  readonly engine: Engine;
  /** In [0, workers): which slice of the outcomes is ours. */
  readonly worker: number;
}

export class WorkerExecutor {
  private readonly arena: Arena;
  private readonly protocol: Protocol;
  private readonly engine: Engine;
  private readonly committer: Committer;
  private readonly machine: BatchMachine;
  private readonly worker: number;
  private isAlone = false;
  private sliceNext = 0;
  private sliceEnd = 0;
  private contextEpoch = 0;

  constructor({ arena, protocol, engine, worker }: ExecutorParts) {
    assert(worker >= 0 && worker < protocol.workers(), 'a worker is one of so many');
    this.arena = arena;
    this.protocol = protocol;
    this.engine = engine;
    this.worker = worker;
    this.committer = new Committer(arena);
    this.machine = new BatchMachine({
      protocol,
      committer: this.committer,
      thread: arena.thread,
    });
  }

  /** Serves batches until the pool is stopped. */
  async serve(): Promise<void> {
    const { protocol } = this;
    let seen = protocol.epoch() | 1;
    protocol.ready();
    for (;;) {
      protocol.waitForTurn(seen);
      seen = protocol.epoch();
      if (protocol.isStopped()) return;
      if (protocol.isOpen(seen)) await this.runBatch(seen);
    }
  }

  private async runBatch(epoch: number): Promise<void> {
    const { machine } = this;
    machine.enter(epoch);
    try {
      while (machine.state !== LEFT) {
        if (machine.state === BEGIN) await this.begin();
        else if (machine.state !== EXECUTE) machine.step();
        else {
          const pending = this.execute();
          if (pending !== undefined) await pending;
        }
      }
    } catch (error) {
      this.giveUp(error);
    }
    while (machine.state !== LEFT) machine.step();
  }

  /** The coordinator learns the cause; a full arena is whole, anything else may have torn it. */
  private giveUp(error: unknown): void {
    const { protocol, machine } = this;
    const isFull = machine.isApplying && isDeltacastError(error, 'ARENA_FULL');
    if (isFull) protocol.endApplying();
    protocol.say(this.arena.thread, error instanceof Error ? error.message : String(error));
    const isRing = isDeltacastError(error) && error.details['region'] === 'undo';
    protocol.fail(isFull ? (isRing ? 'UNDO_FULL' : 'ARENA_FULL') : 'worker-failed');
    machine.abandon();
  }

  private async begin(): Promise<void> {
    await this.refreshContext();
    this.takeSlice();
    this.machine.begun();
  }

  private async refreshContext(): Promise<void> {
    const epoch = this.protocol.contextEpoch();
    if (epoch === this.contextEpoch) return;
    const context = decodeContext(this.protocol.contextBytes());
    this.machine.coinbase = context.coinbase;
    await this.engine.beginBlock(context);
    this.contextEpoch = epoch;
  }

  /** A step that is alone has all the room there is. */
  private takeSlice(): void {
    const { base, bytes } = this.protocol.batchOut;
    const size = outcomeShare(this.protocol.batchOut, this.protocol.workers()).bytes;
    this.isAlone = this.protocol.count() === 1;
    this.sliceNext = this.isAlone ? base : base + this.worker * size;
    this.sliceEnd = this.isAlone ? base + bytes : this.sliceNext + size;
  }

  private execute(): Promise<void> | undefined {
    const { protocol, machine } = this;
    // Executed a second time, it may lie over its first outcome.
    if (this.isAlone) this.sliceNext = protocol.batchOut.base;
    const place = this.arena.bytes.subarray(this.sliceNext, this.sliceEnd);
    const record = recordView(this.arena.bytes, protocol.recordOffset(machine.index));
    if (protocol.kind(machine.index) !== KIND_TRANSACTION) return this.callSystem(record, place);
    protocol.countExecution(this.arena.thread);
    const written = this.engine.execute(record, place, machine.mode);
    if (typeof written === 'number') this.settle(written);
    else return written.then((bytes) => this.settle(bytes));
  }

  /** Nothing happens where the contract is not there: an outcome that is not included. */
  private async callSystem(record: Uint8Array, place: Uint8Array): Promise<void> {
    const { to, data } = systemCallOf(record);
    if (!hasCode(this.arena, to)) {
      this.settle(writeOutcome(EMPTY_OUTCOME, place));
      return;
    }
    this.settle(await this.engine.systemCall(to, data, place));
  }

  private settle(written: number): void {
    const { machine } = this;
    const outcome = this.sliceNext;
    if (written !== NO_ROOM) {
      assert(outcome + written <= this.sliceEnd, 'an outcome stays in its place');
      assert(isWholeOutcome(this.arena.bytes, outcome, written), 'an outcome is a whole record');
      this.checkStatus(outcome);
      this.sliceNext = Math.ceil((outcome + written) / OUTCOME_ALIGNMENT) * OUTCOME_ALIGNMENT;
      machine.executed(outcome);
    } else if (machine.mode === 'speculative') {
      machine.deferred();
    } else {
      this.protocol.fail('outcome-full');
      machine.abandon();
    }
  }

  private checkStatus(outcome: number): void {
    const needsHead = this.committer.status(outcome) === STATUS_NEEDS_HEAD;
    assert(this.machine.mode !== 'head' || !needsHead, 'this is the head');
  }
}

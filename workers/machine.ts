/**
 * A worker's part in one batch as a machine whose every step is at most one atomic operation of the
 * protocol or of the commit: claim the next transaction, have it executed against whatever
 * is committed now, publish the outcome, and commit in order if the token is free. An outcome whose
 * reads no longer stand is executed again at the head, where nothing else writes; so the result is
 * that of sequential execution in the given order, for any number of workers. Executing is left to
 * the driver (executor.ts, or a test that puts the steps of several machines into any order).
 */

import type { OutcomeCommitter } from './commit.js';
import type { ExecutionMode } from './engine.js';
import { STATUS_NEEDS_HEAD } from './outcome.js';
import {
  COUNTERS,
  DEFERRED,
  EXECUTED,
  KIND_CREDITS,
  KIND_TRANSACTION,
  type Protocol,
} from './protocol.js';

/** What the driver must know. */
export const LEFT = 0;
/** The driver executes `index` in `mode` and says `executed` or `deferred`. */
export const EXECUTE = 1;
/** A step blocks until the head moves, for a while; a test says `waited` instead. */
export const WAIT = 2;

/** The batch is open: the driver takes over what it says of its block, and says `begun`. */
export const BEGIN = 3;

/** The rest is the machine's own business, and of the test that tries all orders. */
export const CHECK_EPOCH = 4;
export const CHECK_FAILURE = 5;
export const READ_CLAIMED = 6;
export const READ_WINDOW = 7;
export const CLAIM = 8;
export const PUBLISH = 9;
export const PEEK_HEAD = 10;
export const PEEK_STATUS = 11;
export const TAKE_TOKEN = 12;
export const HOLD_HEAD = 13;
export const HOLD_STATUS = 14;
export const JUDGE = 15;
export const PUBLISH_AGAIN = 16;
export const BEGIN_APPLYING = 17;
export const APPLY = 18;
export const ADVANCE = 19;
export const FINISH = 20;
export const RELEASE = 21;
export const LEAVE = 22;

const NEEDS_HEAD_COUNTER = COUNTERS.indexOf('needsHead');
const DEFERRED_COUNTER = COUNTERS.indexOf('deferred');

/** How far execution runs ahead of the head: farther only reads staler cells. */
export function windowOfWorkers(workers: number): number {
  return 4 * workers + 4;
}

export interface MachineParts {
  readonly protocol: Protocol;
  readonly committer: OutcomeCommitter;
  /** This thread's number in the arena. */
  readonly thread: number;
}

export class BatchMachine {
  state = LEFT;
  /** What is to be executed, and how. */
  index = 0;
  mode: ExecutionMode = 'speculative';
  coinbase: Uint8Array = new Uint8Array(20);
  protected readonly parts: MachineParts;
  private readonly protocol: Protocol;
  private readonly committer: OutcomeCommitter;
  private epoch = 0;
  private count = 0;
  private window = 0;
  private claimed = 0;
  private head = 0;
  private headStatus = 0;
  private outcome = 0;
  private outcomeStatus = EXECUTED;

  constructor(parts: MachineParts) {
    this.parts = parts;
    this.protocol = parts.protocol;
    this.committer = parts.committer;
  }

  /** Enters the batch that this epoch opened. */
  enter(epoch: number): void {
    this.protocol.enter();
    this.epoch = epoch;
    this.state = CHECK_EPOCH;
  }

  /** Only from here on may the driver look at the batch: before, it may have closed long ago. */
  begun(): void {
    this.count = this.protocol.count();
    this.window = windowOfWorkers(this.protocol.workers());
    this.state = CHECK_FAILURE;
  }

  /** True until the head says that the step is committed: a failure now leaves it half done. */
  get isApplying(): boolean {
    return this.state === APPLY || this.state === ADVANCE;
  }

  /** The outcome lies there. */
  executed(outcome: number): void {
    this.outcome = outcome;
    this.outcomeStatus = EXECUTED;
    this.state = this.mode === 'head' ? PUBLISH_AGAIN : PUBLISH;
  }

  /** It must wait for its turn. */
  deferred(): void {
    this.outcome = 0;
    this.outcomeStatus = DEFERRED;
    this.state = PUBLISH;
  }

  waited(): void {
    this.state = CHECK_FAILURE;
  }

  /** After a failure of the driver. Where it holds the token it keeps it: nobody is to commit. */
  abandon(): void {
    this.state = LEAVE;
  }

  /** One step; the state must be none of BEGIN, EXECUTE and LEFT. */
  step(): void {
    if (this.state < PEEK_HEAD) this.stepClaiming();
    else if (this.state < BEGIN_APPLYING) this.stepCommitting();
    else this.stepApplying();
  }

  private stepClaiming(): void {
    const { protocol } = this;
    switch (this.state) {
      case CHECK_EPOCH:
        // Closed between the load and the entering: whoever closed it must not find us at work.
        this.state = protocol.epoch() === this.epoch ? BEGIN : LEAVE;
        return;
      case WAIT:
        protocol.waitForHead(this.head);
        this.waited();
        return;
      case CHECK_FAILURE:
        this.state = protocol.failure() === 'none' ? READ_CLAIMED : LEAVE;
        return;
      case READ_CLAIMED:
        this.claimed = protocol.claimed();
        this.state = this.claimed < this.count ? READ_WINDOW : LEAVE;
        return;
      case READ_WINDOW:
        this.head = protocol.head();
        this.state = this.claimed < this.head + this.window ? CLAIM : WAIT;
        return;
      case CLAIM:
        this.startClaimed(protocol.claim());
        return;
      case PUBLISH:
        protocol.publish(this.index, this.epoch, this.outcomeStatus, this.outcome);
        this.state = PEEK_HEAD;
        return;
    }
  }

  private startClaimed(index: number): void {
    this.index = index;
    this.mode = 'speculative';
    this.state = index < this.count ? EXECUTE : LEAVE;
    if (this.state === EXECUTE && this.protocol.kind(index) !== KIND_TRANSACTION) this.deferred();
  }

  private stepCommitting(): void {
    const { protocol } = this;
    switch (this.state) {
      case PEEK_HEAD:
        this.head = protocol.head();
        this.state = this.head < this.count ? PEEK_STATUS : LEAVE;
        return;
      case PEEK_STATUS:
        this.state = this.isReady() ? TAKE_TOKEN : CHECK_FAILURE;
        return;
      case TAKE_TOKEN:
        // Taken: its holder looks again after releasing it, and sees what we have published.
        this.state = protocol.tryToken() ? HOLD_HEAD : CHECK_FAILURE;
        return;
      case HOLD_HEAD:
        this.head = protocol.head();
        this.state = this.head < this.count ? HOLD_STATUS : RELEASE;
        return;
      case HOLD_STATUS:
        this.state = this.isReady() ? JUDGE : RELEASE;
        return;
      case JUDGE:
        this.judge();
        return;
      case PUBLISH_AGAIN:
        protocol.publish(this.index, this.epoch, EXECUTED, this.outcome);
        this.state = BEGIN_APPLYING;
        return;
    }
  }

  private isReady(): boolean {
    this.headStatus = this.protocol.status(this.head, this.epoch);
    return this.headStatus === EXECUTED || this.headStatus === DEFERRED;
  }

  /** Does the outcome at the head stand? Only we write now, so all its reads are one step. */
  private judge(): void {
    this.index = this.head;
    this.outcome = this.protocol.outcomeOffset(this.head);
    this.state = BEGIN_APPLYING;
    if (this.protocol.kind(this.head) === KIND_CREDITS) return;
    const abort = this.abortCause();
    if (abort < 0) return;
    if (this.protocol.kind(this.head) === KIND_TRANSACTION) {
      this.protocol.countAbort(this.parts.thread, abort);
    }
    this.mode = 'head';
    this.state = EXECUTE;
  }

  /** Index into COUNTERS, or -1 where the outcome stands. */
  private abortCause(): number {
    if (this.headStatus === DEFERRED) return DEFERRED_COUNTER;
    if (this.committer.status(this.outcome) === STATUS_NEEDS_HEAD) return NEEDS_HEAD_COUNTER;
    return this.committer.staleRead(this.outcome);
  }

  private stepApplying(): void {
    const { protocol } = this;
    switch (this.state) {
      case BEGIN_APPLYING:
        // Refused: the threads are about to be ended. The token stays taken, nobody is to commit.
        if (protocol.tryApplying(this.head)) this.startApplying();
        else this.state = LEAVE;
        return;
      case APPLY:
        if (!this.committer.next()) this.state = ADVANCE;
        return;
      case ADVANCE:
        this.advance();
        return;
      case FINISH:
        protocol.finish();
        this.state = RELEASE;
        return;
      case RELEASE:
        protocol.releaseToken();
        this.state = PEEK_HEAD;
        return;
      case LEAVE:
        protocol.leave();
        this.state = LEFT;
        return;
    }
  }

  private startApplying(): void {
    const { protocol, committer } = this;
    this.state = APPLY;
    if (protocol.kind(this.head) === KIND_CREDITS) {
      committer.beginCredits(protocol.recordOffset(this.head), protocol.takeSequence());
    } else if (committer.isIncluded(this.outcome)) {
      committer.begin(this.outcome, this.coinbase, protocol.takeSequence());
    }
  }

  private advance(): void {
    const head = this.protocol.advanceHead();
    this.state = head === this.count ? FINISH : HOLD_HEAD;
  }
}

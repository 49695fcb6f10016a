/**
 * What the threads of a state root share: a phase is opened by the one thread that owns the root,
 * everybody who finds it open claims pieces of it by one atomic addition each, and when all are
 * claimed the owner closes it and waits until nobody is inside. A helper that comes late finds
 * nothing to do and delays nobody. Phases are odd when open (as batch epochs in workers/protocol):
 * a helper enters, then looks again whether that phase is still open.
 */
import { DeltacastError } from './base/errors.js';

export const PHASE_CELLS = 1;
export const PHASE_CHANGES = 2;
export const PHASE_APPLY = 3;
export const PHASE_REHASH = 4;
export type PhaseKind = 1 | 2 | 3 | 4;

/** What a phase works on; numbers below 2^53. */
export interface PhaseInput {
  readonly kind: PhaseKind;
  /** Start of the whole stretch: ring position, or 0. */
  readonly start: number;
  /** The part of it, or the cells, that is still to be read: [from, to). */
  readonly from: number;
  readonly to: number;
  /** Closing sequence as of which it is read. */
  readonly sequence: number;
  readonly isHashed: boolean;
}

/** Places of the control's words. */
const PHASE = 0;
const INSIDE = 1;
const CLAIMED = 2;
const STATUS = 3;
const STOPPED = 4;
const KIND = 5;
const IS_HASHED = 6;
/** f64: start, from, to, sequence. */
const NUMBERS_AT = 64;
export const CONTROL_BYTES = 128;

/** How a phase went, worst wins: nothing wrong, a refusal of a kernel, a thread that failed. */
export const STATUS_DONE = 0;
export const STATUS_FULL = 1;
export const STATUS_PRUNED = 2;
export const STATUS_FAILED = 3;

/** A waiting owner looks after so long whether the helpers were given up meanwhile. */
const WAIT_MS = 100;
/**
 * Looks, some 50 us, before a thread sleeps that waits for another one between the two phases of a
 * batch: as a rule it waits less, and being woken takes that long. Batches of 2,000 by two threads
 * (`bench root`, 1M keys): 0.367 us an update, 0.395 without.
 */
const LOOKS = 10_000;

export class RootControl {
  private readonly words: Int32Array;
  private readonly numbers: Float64Array;

  constructor(shared: SharedArrayBuffer) {
    this.words = new Int32Array(shared, 0, NUMBERS_AT / 4);
    this.numbers = new Float64Array(shared, NUMBERS_AT, (CONTROL_BYTES - NUMBERS_AT) / 8);
  }

  /** Owner: everybody who is awake may claim from now on. */
  open({ kind, start, from, to, sequence, isHashed }: PhaseInput): void {
    this.numbers.set([start, from, to, sequence]);
    this.words[KIND] = kind;
    this.words[IS_HASHED] = isHashed ? 1 : 0;
    this.words[STATUS] = STATUS_DONE;
    this.words[CLAIMED] = 0;
    Atomics.add(this.words, PHASE, 1);
  }

  /** Owner: helpers that wait look at the open phase. */
  wake(): void {
    Atomics.notify(this.words, PHASE);
  }

  /**
   * Owner: nobody enters from now on; returns when nobody is inside.
   * @throws DeltacastError WORKER_FAILED when a helper failed or was given up
   */
  close(): void {
    Atomics.add(this.words, PHASE, 1);
    for (;;) {
      const inside = Atomics.load(this.words, INSIDE);
      if (inside === 0) break;
      if (this.isStopped) throw new DeltacastError('WORKER_FAILED', 'a root thread ended');
      if (this.changesSoon(INSIDE, inside)) continue;
      Atomics.wait(this.words, INSIDE, inside, WAIT_MS);
    }
    if (this.status !== STATUS_FAILED) return;
    throw new DeltacastError('WORKER_FAILED', 'a root thread failed');
  }

  /** A new owner: ends the phase that one before may have left open. */
  restore(): void {
    if (this.phase % 2 === 1) this.close();
  }

  /** Anyone: the number of the phase, odd while it is open; it may close at any time. */
  get phase(): number {
    return Atomics.load(this.words, PHASE);
  }

  /** Helper: waits for a phase other than this; awake where one follows at once. */
  waitAfter(phase: number): void {
    const kind = this.words[KIND];
    const isFirst = kind === PHASE_CELLS || kind === PHASE_CHANGES;
    if (isFirst && this.changesSoon(PHASE, phase)) return;
    Atomics.wait(this.words, PHASE, phase);
  }

  private changesSoon(word: number, known: number): boolean {
    for (let look = 0; look < LOOKS; look++) {
      if (Atomics.load(this.words, word) !== known) return true;
    }
    return false;
  }

  /** Helper. @returns whether that phase is still open, and so until `leave` */
  enter(phase: number): boolean {
    Atomics.add(this.words, INSIDE, 1);
    if (Atomics.load(this.words, PHASE) === phase) return true;
    this.leave();
    return false;
  }

  leave(): void {
    Atomics.sub(this.words, INSIDE, 1);
    Atomics.notify(this.words, INSIDE);
  }

  /** The number of a piece that is now the caller's. */
  claim(): number {
    return Atomics.add(this.words, CLAIMED, 1);
  }

  /** Pieces claimed so far; exact after `close`. */
  get claimed(): number {
    return Atomics.load(this.words, CLAIMED);
  }

  get input(): PhaseInput {
    const [start = 0, from = 0, to = 0, sequence = 0] = this.numbers;
    const kind = (this.words[KIND] ?? PHASE_APPLY) as PhaseKind;
    return { kind, start, from, to, sequence, isHashed: this.words[IS_HASHED] === 1 };
  }

  /** The worst so far. */
  get status(): number {
    return Atomics.load(this.words, STATUS);
  }

  report(status: number): void {
    let known = this.status;
    while (known < status) {
      known = Atomics.compareExchange(this.words, STATUS, known, status);
    }
  }

  /** Anyone, once: helpers return, and an owner that waits for one gives up. */
  stop(): void {
    Atomics.store(this.words, STOPPED, 1);
    Atomics.notify(this.words, PHASE);
    Atomics.notify(this.words, INSIDE);
  }

  get isStopped(): boolean {
    return Atomics.load(this.words, STOPPED) === 1;
  }
}

/**
 * Gathers raw transactions that arrive within one turn of the event loop - in a batch, in one read
 * of a socket, on many sockets - and hands them to the node in one call: what a submission costs
 * the node (a task for a recovery thread, a wake-up) is then shared by all of them.
 */
import { MINI_BLOCK_TRANSACTIONS_MAX } from '../../state/base/limits.js';
import type { Backend } from './backend.js';
import type { SubmitOutcome } from './values.js';

/** Called once: with an outcome, or with what went wrong for all of the call's transactions. */
export type OnOutcome = (outcome: SubmitOutcome | null, error: unknown) => void;

export class Submissions {
  readonly #backend: Backend;
  #raws: Uint8Array[] = [];
  #callbacks: OnOutcome[] = [];
  #isScheduled = false;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  get count(): number {
    return this.#raws.length;
  }

  push(raw: Uint8Array, onOutcome: OnOutcome): void {
    this.#raws.push(raw);
    this.#callbacks.push(onOutcome);
    if (this.#raws.length >= MINI_BLOCK_TRANSACTIONS_MAX) this.flush();
    if (this.#isScheduled || this.#raws.length === 0) return;
    this.#isScheduled = true;
    // After everything that this turn of the loop reads from sockets.
    setImmediate(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  /** Hands over at once what has gathered, as before a read that must see it. Never throws. */
  flush(): void {
    if (this.#raws.length === 0) return;
    const raws = this.#raws;
    const callbacks = this.#callbacks;
    this.#raws = [];
    this.#callbacks = [];
    const failAll = (error: unknown): void => settleAll(callbacks, () => null, error);
    try {
      const outcomes = this.#backend.submitMany(raws);
      if (outcomes instanceof Promise) {
        outcomes.then((list) => settleAll(callbacks, (index) => list[index]), failAll);
      } else {
        settleAll(callbacks, (index) => outcomes[index]);
      }
    } catch (error) {
      failAll(error);
    }
  }
}

/** A callback that throws fails its own request and no other. */
function settleAll(
  callbacks: readonly OnOutcome[],
  outcomeAt: (index: number) => SubmitOutcome | null | undefined,
  error: unknown = new Error('the node gave no outcome for a transaction'),
): void {
  for (let index = 0; index < callbacks.length; index += 1) {
    const callback = callbacks[index]!;
    try {
      callback(outcomeAt(index) ?? null, error);
    } catch (fault) {
      callback(null, fault);
    }
  }
}

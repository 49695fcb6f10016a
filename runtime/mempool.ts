/**
 * Transactions that are admitted and not yet executed: one nonce queue a sender, and one line of
 * the transactions that can run now, in order of arrival across senders. A transaction enters the
 * line when every lower nonce of its sender is executed or in the line before it; a nonce gap
 * waits outside. Bounded in count, in all and per sender; nothing here reads state or touches the
 * clock.
 */

import { assert } from '../state/base/assert.js';
import { DeltacastError } from '../state/base/errors.js';
import { POOL_PER_ACCOUNT_MAX, POOL_TRANSACTIONS_MAX } from '../state/base/limits.js';

/** geth's default price bump for a replacement, in percent (core/txpool PriceBump). */
const REPLACEMENT_BUMP_PERCENT = 10n;

/** What the pool must know of a transaction; `Payload` is carried along untouched. */
export interface PoolEntry<Payload> {
  /** Lower-case hex of the 20-byte sender: the key of its queue. */
  readonly sender: string;
  readonly nonce: number;
  /** Hex of the transaction hash. */
  readonly hash: string;
  /** Gas, integer. */
  readonly gasLimit: number;
  /** Wei per gas. */
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  readonly payload: Payload;
}

interface SenderQueue<Payload> {
  /** The nonce that the next transaction entering the line must have. */
  nextNonce: number;
  /** Transactions taken and not yet settled: their nonces are spent unless they are dropped. */
  inFlight: number;
  /** Every pooled transaction of the sender, in line or waiting for a lower nonce. */
  readonly byNonce: Map<number, Slot<Payload>>;
}

/** The place of one nonce of one sender. A replacement takes it over, with its place in line. */
interface Slot<Payload> {
  entry: PoolEntry<Payload>;
  readonly queue: SenderQueue<Payload>;
  isTaken: boolean;
}

export interface PoolLimits {
  readonly perAccount: number;
  readonly total: number;
}

const DEFAULT_LIMITS: PoolLimits = {
  perAccount: POOL_PER_ACCOUNT_MAX,
  total: POOL_TRANSACTIONS_MAX,
};

export class Mempool<Payload> {
  private readonly limits: PoolLimits;
  private readonly senders = new Map<string, SenderQueue<Payload>>();
  /** Every transaction that waits, or is taken and not yet settled. */
  private readonly byHash = new Map<string, Slot<Payload>>();
  private takenCount = 0;
  /** Insertion order. */
  private readonly line = new Set<Slot<Payload>>();

  constructor(limits: PoolLimits = DEFAULT_LIMITS) {
    this.limits = limits;
  }

  /** Transactions that could run now. */
  get readyCount(): number {
    return this.line.size;
  }

  /** Transactions that wait for a lower nonce. */
  get queuedCount(): number {
    return this.pooledCount - this.line.size;
  }

  /** One that waits, or is just executing. */
  get(hash: string): PoolEntry<Payload> | undefined {
    return this.byHash.get(hash)?.entry;
  }

  /** The nonce after the sender's last transaction in line, or `stateNonce` where it has none. */
  nextNonce(sender: string, stateNonce: number): number {
    const queue = this.senders.get(sender);
    return queue === undefined ? stateNonce : Math.max(queue.nextNonce, stateNonce);
  }

  /**
   * Admits a transaction.
   * @param stateNonce  the sender's nonce in the last executed state
   * @returns the entry that it replaced, if any
   * @throws DeltacastError TX_KNOWN, TX_NONCE_TOO_LOW, TX_UNDERPRICED or TX_POOL_FULL; the pool is
   *         unchanged then.
   */
  add(entry: PoolEntry<Payload>, stateNonce: number): PoolEntry<Payload> | undefined {
    if (this.byHash.has(entry.hash)) {
      throw new DeltacastError('TX_KNOWN', 'already known');
    }
    const queue = this.senders.get(entry.sender);
    const slot = queue?.byNonce.get(entry.nonce);
    const replaced = slot?.entry;
    // Below the next nonce and not in the pool: it is executing.
    const expected = replaced === undefined ? (queue?.nextNonce ?? stateNonce) : stateNonce;
    if (entry.nonce < Math.max(stateNonce, queue?.inFlight ? expected : 0)) {
      throw new DeltacastError('TX_NONCE_TOO_LOW', 'nonce too low', {
        expected,
        received: entry.nonce,
      });
    }
    if (replaced !== undefined) assertOutbids(entry, replaced);
    else this.assertRoom(entry, queue, stateNonce);
    if (slot === undefined) {
      this.insert(entry, queue ?? this.openQueue(entry.sender, stateNonce));
    } else {
      this.byHash.delete(slot.entry.hash);
      this.byHash.set(entry.hash, slot);
      slot.entry = entry;
    }
    return replaced;
  }

  /**
   * Takes transactions from the front of the line, in order, until `countMax` or until the next
   * one's gas limit does not fit `gasMax`; later transactions never overtake one that does not
   * fit.
   */
  take(countMax: number, gasMax: number): PoolEntry<Payload>[] {
    const taken: PoolEntry<Payload>[] = [];
    let gasLeft = gasMax;
    for (const slot of this.line) {
      const { entry, queue } = slot;
      if (taken.length === countMax || entry.gasLimit > gasLeft) break;
      gasLeft -= entry.gasLimit;
      taken.push(entry);
      this.line.delete(slot);
      queue.byNonce.delete(entry.nonce);
      queue.inFlight += 1;
      slot.isTaken = true;
      this.takenCount += 1;
    }
    return taken;
  }

  /** Gas limit of the first transaction in line; 0 where the line is empty. */
  headGas(): number {
    for (const { entry } of this.line) return entry.gasLimit;
    return 0;
  }

  /**
   * Tells the pool what became of a taken transaction. Until then its sender's queue remembers that
   * its nonce is spent, so that the next nonce can enter the line while this one executes.
   * @param dropped true where it was refused at execution: the sender's later transactions leave
   *   the
   *                 line and wait for `entry.nonce` again
   */
  settle(entry: PoolEntry<Payload>, dropped: boolean): void {
    const slot = this.byHash.get(entry.hash);
    assert(slot?.isTaken === true, 'a settled transaction was taken before');
    const { queue } = slot;
    queue.inFlight -= 1;
    this.takenCount -= 1;
    this.byHash.delete(entry.hash);
    if (dropped) this.retreat(queue, entry.nonce);
    this.closeIfIdle(entry.sender, queue);
  }

  /** Removes and returns the entry with this hash; its sender's later transactions wait for it. */
  remove(hash: string): PoolEntry<Payload> | undefined {
    const slot = this.byHash.get(hash);
    if (slot === undefined || slot.isTaken) return undefined;
    const { entry, queue } = slot;
    const wasInLine = this.line.delete(slot);
    this.byHash.delete(hash);
    queue.byNonce.delete(entry.nonce);
    if (wasInLine) this.retreat(queue, entry.nonce);
    this.closeIfIdle(entry.sender, queue);
    return entry;
  }

  /** Every pooled entry, those in line first. */
  *entries(): IterableIterator<{ entry: PoolEntry<Payload>; ready: boolean }> {
    for (const { entry } of this.line) yield { entry, ready: true };
    for (const slot of this.byHash.values()) {
      if (!slot.isTaken && !this.line.has(slot)) yield { entry: slot.entry, ready: false };
    }
  }

  private get pooledCount(): number {
    return this.byHash.size - this.takenCount;
  }

  private assertRoom(
    entry: PoolEntry<Payload>,
    queue: SenderQueue<Payload> | undefined,
    stateNonce: number,
  ): void {
    // The next nonce of a sender is always admissible up to the total, as on geth and MegaETH: a
    // sender whose queue is full of gaps can still repair it.
    const isNext = entry.nonce === Math.max(queue?.nextNonce ?? stateNonce, stateNonce);
    const own = queue?.byNonce.size ?? 0;
    if (own >= this.limits.perAccount && !isNext) {
      throw new DeltacastError(
        'TX_POOL_FULL',
        'txpool is full: too many transactions of one sender',
        {
          perAccount: this.limits.perAccount,
        },
      );
    }
    if (this.pooledCount >= this.limits.total) {
      throw new DeltacastError('TX_POOL_FULL', 'txpool is full', { total: this.limits.total });
    }
  }

  private openQueue(sender: string, stateNonce: number): SenderQueue<Payload> {
    const queue: SenderQueue<Payload> = { nextNonce: stateNonce, inFlight: 0, byNonce: new Map() };
    this.senders.set(sender, queue);
    return queue;
  }

  private insert(entry: PoolEntry<Payload>, queue: SenderQueue<Payload>): void {
    const slot = { entry, queue, isTaken: false };
    this.byHash.set(entry.hash, slot);
    queue.byNonce.set(entry.nonce, slot);
    this.advance(queue);
  }

  /** Moves transactions into the line as long as the sender's next nonce is there. */
  private advance(queue: SenderQueue<Payload>): void {
    for (;;) {
      const slot = queue.byNonce.get(queue.nextNonce);
      if (slot === undefined) return;
      this.line.add(slot);
      queue.nextNonce += 1;
    }
  }

  /** Takes everything from `nonce` on out of the line again; it waits for that nonce. */
  private retreat(queue: SenderQueue<Payload>, nonce: number): void {
    queue.nextNonce = Math.min(queue.nextNonce, nonce);
    for (const slot of queue.byNonce.values()) {
      if (slot.entry.nonce >= nonce) this.line.delete(slot);
    }
    this.advance(queue);
  }

  private closeIfIdle(sender: string, queue: SenderQueue<Payload>): void {
    if (queue.byNonce.size === 0 && queue.inFlight === 0) this.senders.delete(sender);
  }
}

function assertOutbids<P>(entry: PoolEntry<P>, replaced: PoolEntry<P>): void {
  const bumped = (value: bigint) => (value * (100n + REPLACEMENT_BUMP_PERCENT) + 99n) / 100n;
  const outbids =
    entry.maxFeePerGas >= bumped(replaced.maxFeePerGas) &&
    entry.maxPriorityFeePerGas >= bumped(replaced.maxPriorityFeePerGas);
  if (!outbids) {
    throw new DeltacastError('TX_UNDERPRICED', 'replacement transaction underpriced', {
      bumpPercent: Number(REPLACEMENT_BUMP_PERCENT),
    });
  }
}

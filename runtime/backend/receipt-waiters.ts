/**
 * Those who wait for receipts on a follower: it has no intake, so what it applies is looked through
 * for the hashes that somebody waits for. Costs nothing while nobody does.
 */
import { toHex } from '../../state/base/bytes.js';
import { WAITERS_MAX } from '../../state/base/limits.js';
import { hashAt } from '../../workers/executed.js';
import type { MiniBlockEntry, TransactionPlace } from '../history.js';

type Waiter = (place: TransactionPlace) => void;

export class ReceiptWaiters {
  private readonly waiters = new Map<string, Set<Waiter>>();
  private count = 0;

  /** @returns the cancellation; above the bound nobody is called, and the caller's deadline ends */
  add(hash: Uint8Array, waiter: Waiter): () => void {
    if (this.count >= WAITERS_MAX) return () => undefined;
    const key = toHex(hash);
    const waiting = this.waiters.get(key) ?? new Set();
    this.waiters.set(key, waiting.add(waiter));
    this.count += 1;
    return () => {
      if (!waiting.delete(waiter)) return;
      this.count -= 1;
      if (waiting.size === 0) this.waiters.delete(key);
    };
  }

  /** To be called at each mini-block, as a listener of the chain. */
  answer(entry: MiniBlockEntry): void {
    if (this.count === 0) return;
    const { transactions } = entry.miniBlock;
    for (let index = 0; index < transactions.count; index += 1) {
      const key = toHex(hashAt(transactions, index));
      const waiting = this.waiters.get(key);
      if (waiting === undefined) continue;
      this.waiters.delete(key);
      this.count -= waiting.size;
      for (const waiter of waiting) waiter({ entry, index });
      waiting.clear();
    }
  }
}

/** Keeps what we send to a peer within what it said that it takes: more would get us banned. */
import { PEER_INBOUND_BURST_BYTES } from '../../state/base/limits.js';

/** Of the peer's budget; the rest, and half its burst, are for heartbeats and delays on the way. */
const BUDGET_SHARE = 0.9;
const BURST_BYTES = PEER_INBOUND_BURST_BYTES / 2;

export class PeerBudget {
  /** Monotonic time at which all that was reserved of the budget is used up. */
  private reservedUntilMs = Number.NEGATIVE_INFINITY;

  /**
   * Reserves room for a message.
   * @param nowMs    monotonic
   * @param waitMax  milliseconds
   * @returns milliseconds until it may be sent, or null where that is more than `waitMax`; also
   *          where the peer says that it takes nothing
   */
  reserve(bytes: number, bytesPerSecond: number, nowMs: number, waitMax: number): number | null {
    const msPerByte = 1_000 / (bytesPerSecond * BUDGET_SHARE);
    const fromMs = Math.max(this.reservedUntilMs, nowMs - BURST_BYTES * msPerByte);
    const untilMs = fromMs + bytes * msPerByte;
    if (!(untilMs - nowMs <= waitMax)) return null;
    this.reservedUntilMs = untilMs;
    return Math.max(0, untilMs - nowMs);
  }
}

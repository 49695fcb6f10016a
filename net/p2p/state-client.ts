/**
 * The asking side: numbers questions, matches answers, keeps to each peer's bounds, and gives every
 * caller an answer or a typed error in bounded time. It believes nothing: the caller checks.
 */
import { DeltacastError } from '../../state/base/errors.js';
import { STATE_QUESTIONS_WAITING_MAX, STATE_REQUESTS_OPEN_MAX } from '../../state/base/limits.js';
import type { Clock } from '../../state/base/ports.js';
import { PeerBudget } from './budget.js';
import type { Link } from './channel.js';
import {
  type StateAnswer,
  type StateQuestion,
  type StateReply,
  stateAnswerBytes,
  writeStateRequest,
} from './state-messages.js';

/** From asking to the answer, waiting for a turn included: then the next peer is asked. */
export const STATE_DEADLINE_MS = 3_000;
/** Answers that came too late are still ours, for a while: they cost the peer nothing. */
const LATE_MAX = 256;

interface Pending {
  readonly link: Link;
  readonly question: StateQuestion;
  readonly resolve: (reply: StateReply) => void;
  readonly reject: (error: DeltacastError) => void;
  cancelTimer: () => void;
}

interface Peer {
  readonly budget: PeerBudget;
  openCount: number;
  readonly waiting: number[];
}

export class StateClient {
  private readonly clock: Clock;
  private readonly peers = new Map<Link, Peer>();
  private readonly pending = new Map<number, Pending>();
  private readonly late = new Map<number, Link>();
  private nextId = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /**
   * @returns what the peer says: of the kind that was asked for, and not yet believed
   * @throws  DeltacastError PEER_UNAVAILABLE: refused, no answer in time, or too many questions;
   *          PEER_MISBEHAVED: an answer to another question; the caller bans
   */
  async ask(link: Link, question: StateQuestion): Promise<StateReply> {
    const peer = this.peers.get(link);
    if (peer === undefined) throw unavailable('the connection was lost');
    if (this.pending.size >= STATE_QUESTIONS_WAITING_MAX) throw unavailable('too many questions');
    const id = this.nextId;
    this.nextId = (id + 1) % 0x1_0000_0000;
    const reply = await new Promise<StateReply>((resolve, reject) => {
      const cancelTimer = this.clock.after(STATE_DEADLINE_MS, () => this.expire(id));
      this.pending.set(id, { link, question, resolve, reject, cancelTimer });
      peer.waiting.push(id);
      this.pump(link, peer);
    });
    if (reply.what === 'refused') throw unavailable(`refused: ${reply.reason}`);
    if (reply.what === question.what) return reply;
    throw new DeltacastError('PEER_MISBEHAVED', 'an answer to another question');
  }

  opened(link: Link): void {
    this.peers.set(link, { budget: new PeerBudget(), openCount: 0, waiting: [] });
  }

  closed(link: Link): void {
    this.peers.delete(link);
    for (const [id, pending] of this.pending) {
      if (pending.link === link) this.settle(id)?.reject(unavailable('the connection was lost'));
    }
  }

  answer(link: Link, { id, reply }: StateAnswer): void {
    const isPending = this.pending.get(id)?.link === link;
    // An answer that nobody asked for costs the peer its budget, and then the connection.
    if (!isPending && this.late.get(id) !== link) return;
    this.late.delete(id);
    link.credit(stateAnswerBytes({ id, reply }));
    if (isPending) this.settle(id)?.resolve(reply);
  }

  stop(): void {
    for (const id of [...this.pending.keys()]) {
      this.settle(id)?.reject(unavailable('the node is stopping'));
    }
  }

  /** Sends what the peer's bounds let through. */
  private pump(link: Link, peer: Peer): void {
    while (peer.openCount < STATE_REQUESTS_OPEN_MAX) {
      const id = peer.waiting.shift();
      if (id === undefined) return;
      const pending = this.pending.get(id);
      if (pending === undefined) continue;
      const message = writeStateRequest({ id, question: pending.question });
      const { inboundBytesPerSecond } = link.hello;
      const nowMs = this.clock.monotonicMs();
      const { budget } = peer;
      const waitMs = budget.reserve(
        message.length,
        inboundBytesPerSecond,
        nowMs,
        STATE_DEADLINE_MS,
      );
      if (waitMs === null) {
        this.pending.delete(id);
        pending.cancelTimer();
        pending.reject(unavailable('more than the peer takes'));
        continue;
      }
      peer.openCount += 1;
      this.sendAt(waitMs, pending, message);
    }
  }

  private sendAt(waitMs: number, pending: Pending, message: Uint8Array): void {
    if (waitMs === 0) {
      pending.link.sendStateRequest(message);
      return;
    }
    const { cancelTimer } = pending;
    const cancelSend = this.clock.after(waitMs, () => pending.link.sendStateRequest(message));
    pending.cancelTimer = (): void => {
      cancelTimer();
      cancelSend();
    };
  }

  private expire(id: number): void {
    const pending = this.settle(id);
    if (pending === undefined) return;
    this.late.set(id, pending.link);
    const [oldest] = this.late.keys();
    if (this.late.size > LATE_MAX && oldest !== undefined) this.late.delete(oldest);
    pending.reject(unavailable('no answer in time'));
  }

  private settle(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    if (pending === undefined) return undefined;
    this.pending.delete(id);
    pending.cancelTimer();
    const peer = this.peers.get(pending.link);
    if (peer === undefined) return pending;
    const at = peer.waiting.indexOf(id);
    if (at >= 0) peer.waiting.splice(at, 1);
    else peer.openCount -= 1;
    this.pump(pending.link, peer);
    return pending;
  }
}

function unavailable(why: string): DeltacastError {
  return new DeltacastError('PEER_UNAVAILABLE', why);
}

/**
 * The sending side of submissions: numbers them, matches the answers, keeps to what the peer said
 * that it takes in a second, and gives every caller an answer or a typed error in bounded time.
 */
import { DeltacastError } from '../../state/base/errors.js';
import { SUBMITS_OPEN_MAX } from '../../state/base/limits.js';
import type { Clock } from '../../state/base/ports.js';
import { PeerBudget } from './budget.js';
import type { Link } from './channel.js';
import {
  answersBytesMax,
  type SubmitAnswer,
  type SubmitAnswers,
  writeSubmission,
} from './messages.js';

const ANSWER_DEADLINE_MS = 10_000;
/** A submission waits no longer for its turn within the peer's budget. */
const TURN_WAIT_MS_MAX = 5_000;
interface Pending {
  readonly link: Link;
  readonly count: number;
  readonly resolve: (answers: readonly SubmitAnswer[]) => void;
  readonly reject: (error: DeltacastError) => void;
  readonly cancelTimers: () => void;
}

interface Peer {
  openCount: number;
  readonly budget: PeerBudget;
}

export class Submitter {
  private readonly clock: Clock;
  private readonly peers = new Map<Link, Peer>();
  private readonly pending = new Map<number, Pending>();
  private nextId = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /**
   * @returns one answer for each transaction
   * @throws  DeltacastError PEER_UNAVAILABLE: too many are open, or no answer, in which case the
   *          transactions may have been accepted; PEER_MISBEHAVED: too many for one message
   */
  async submit(
    link: Link,
    raws: readonly Uint8Array[],
    hops: number,
  ): Promise<readonly SubmitAnswer[]> {
    const peer = this.peers.get(link) ?? { openCount: 0, budget: new PeerBudget() };
    if (peer.openCount >= SUBMITS_OPEN_MAX) throw unavailable('too many wait for an answer');
    const id = this.nextId;
    const message = writeSubmission({ id, hops, raws });
    const waitMs = this.reserve(peer, message.length, link.hello.inboundBytesPerSecond);
    this.nextId = (id + 1) % 0x1_0000_0000;
    this.peers.set(link, peer);
    peer.openCount += 1;
    return new Promise((resolve, reject) => {
      const cancelTimers = this.sendAt(waitMs, id, () => link.sendSubmission(message));
      this.pending.set(id, { link, count: raws.length, resolve, reject, cancelTimers });
    });
  }

  answers(link: Link, { id, answers }: SubmitAnswers): void {
    const pending = this.pending.get(id);
    // One that came too late is no misbehaviour.
    if (pending === undefined || pending.link !== link) return;
    if (answers.length !== pending.count) {
      throw new DeltacastError('PEER_MISBEHAVED', 'another number of answers than transactions');
    }
    link.credit(answersBytesMax(answers.length));
    this.settle(id)?.resolve(answers);
  }

  closed(link: Link): void {
    for (const [id, pending] of this.pending) {
      if (pending.link === link) this.settle(id)?.reject(unavailable('the connection was lost'));
    }
    this.peers.delete(link);
  }

  stop(): void {
    for (const id of [...this.pending.keys()]) {
      this.settle(id)?.reject(unavailable('the node is stopping'));
    }
  }

  /** @returns milliseconds until `bytes` may be sent */
  private reserve({ budget }: Peer, bytes: number, bytesPerSecond: number): number {
    const nowMs = this.clock.monotonicMs();
    const waitMs = budget.reserve(bytes, bytesPerSecond, nowMs, TURN_WAIT_MS_MAX);
    if (waitMs === null) throw unavailable('more than the peer takes');
    return waitMs;
  }

  private sendAt(waitMs: number, id: number, send: () => void): () => void {
    let cancelSend = (): void => undefined;
    if (waitMs === 0) send();
    else cancelSend = this.clock.after(waitMs, send);
    const cancelDeadline = this.clock.after(waitMs + ANSWER_DEADLINE_MS, () => {
      this.settle(id)?.reject(unavailable('no answer in time'));
    });
    return () => {
      cancelSend();
      cancelDeadline();
    };
  }

  private settle(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    if (pending === undefined) return undefined;
    this.pending.delete(id);
    pending.cancelTimers();
    const peer = this.peers.get(pending.link);
    if (peer !== undefined) peer.openCount -= 1;
    return pending;
  }
}

function unavailable(why: string): DeltacastError {
  return new DeltacastError('PEER_UNAVAILABLE', why);
}

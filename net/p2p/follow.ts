/**
 * Follows the chain of one pinned sequencer over whatever peers have it. One peer at a time is the
 * source: it is asked for ranges until it says that we are live with it. A source that does not
 * deliver in time is left for another; one that sends a bad frame is banned; two signed histories,
 * or a frame that the sink refuses, end the following for good.
 */
import { DeltacastError } from '../../state/base/errors.js';
import { RANGE_FRAMES_MAX, SUBMITS_OPEN_MAX } from '../../state/base/limits.js';
import type { Clock } from '../../state/base/ports.js';
import type { Link } from './channel.js';
import type { TrustAnchor } from './frame.js';
import { type Evidence, FrameIntake, type FrameSink } from './intake.js';
import {
  type Held,
  type RangeEnd,
  type Status,
  SUBMIT_HOPS_MAX,
  type SubmitAnswer,
  type SubmitAnswers,
} from './messages.js';

/** A source that brings nothing for so long although it has more is left for another. */
const DELIVERY_DEADLINE_MS = 2_000;
/** For so long a source that failed is asked only when there is no other; doubled each time. */
const AVOID_MS = 10_000;
const AVOID_DOUBLINGS_MAX = 6;
const SUBMIT_DEADLINE_MS = 10_000;

export interface FollowerOptions {
  readonly anchor: TrustAnchor;
  /** Hash of the last frame applied, and the height after it; or the identity and 0. */
  readonly parentHash: Uint8Array;
  readonly nextHeight: number;
  readonly sink: FrameSink;
  /** A frame applied earlier, for the evidence of an equivocation. */
  readonly recall?: (height: number) => Uint8Array | null;
  readonly clock: Clock;
  /** Called once, when the follower has stopped for good. */
  readonly onHalt: (error: unknown, evidence: Evidence | null) => void;
}

interface Peer {
  readonly link: Link;
  held: Held;
  /** Monotonic time before which it is asked only when there is no other. */
  avoidedUntilMs: number;
  /** Failures since its last frame. */
  failures: number;
  submitsOpen: number;
}

interface Pending {
  readonly peer: Peer;
  readonly count: number;
  readonly resolve: (answers: readonly SubmitAnswer[]) => void;
  readonly reject: (error: DeltacastError) => void;
  readonly cancelDeadline: () => void;
}

type Phase = 'idle' | 'asking' | 'live';

export class Follower {
  private readonly options: FollowerOptions;
  private readonly intake: FrameIntake;
  private readonly peers = new Map<Link, Peer>();
  private source: Peer | null = null;
  private phase: Phase = 'idle';
  /** Monotonic time of the last frame taken, or of the request. */
  private progressMs = 0;
  /** What the open request began with. */
  private askedHeight = 0;
  private isPaused = false;
  private readonly pending = new Map<number, Pending>();
  private nextSubmitId = 0;

  constructor(options: FollowerOptions) {
    this.options = options;
    this.intake = new FrameIntake({
      ...options,
      onRoom: () => this.resumeSource(),
      onHalt: (error, evidence) => this.halted(error, evidence),
    });
  }

  /** Height of the frame that is wanted next; all below are verified, not yet all applied. */
  get nextHeight(): number {
    return this.intake.nextHeight;
  }

  get appliedHeight(): number {
    return this.intake.appliedHeight;
  }

  /** New frames come as they are made. */
  get isLive(): boolean {
    return this.phase === 'live';
  }

  get hasSource(): boolean {
    return this.source !== null;
  }

  get isHalted(): boolean {
    return this.intake.isHalted;
  }

  /**
   * Forwards raw transactions to the sequencer, or to the source that passes them on.
   * @param hops  nodes that they have come through
   * @returns     one answer each
   * @throws      DeltacastError PEER_UNAVAILABLE: nobody to send to, or no answer in time, in which
   *              case they may have been accepted; PEER_MISBEHAVED: too many for one message
   */
  submit(raws: readonly Uint8Array[], hops = 0): Promise<readonly SubmitAnswer[]> {
    const peer = this.submitPeer();
    if (peer === null || hops > SUBMIT_HOPS_MAX) {
      return Promise.reject(unavailable('not connected to the sequencer'));
    }
    if (peer.submitsOpen >= SUBMITS_OPEN_MAX) {
      return Promise.reject(unavailable('too many submissions wait for an answer'));
    }
    const id = this.nextSubmitId;
    this.nextSubmitId = (id + 1) % 0x1_0000_0000;
    return new Promise((resolve, reject) => {
      peer.link.sendSubmission({ id, hops, raws });
      peer.submitsOpen += 1;
      const cancelDeadline = this.options.clock.after(SUBMIT_DEADLINE_MS, () => {
        this.settle(id)?.reject(unavailable('no answer in time'));
      });
      this.pending.set(id, { peer, count: raws.length, resolve, reject, cancelDeadline });
    });
  }

  opened(link: Link): void {
    const { firstHeight, nextHeight } = link.hello;
    const held = { firstHeight, nextHeight };
    this.peers.set(link, { link, held, ...FRESH });
    this.advance();
  }

  closed(link: Link): void {
    const peer = this.peers.get(link);
    this.peers.delete(link);
    for (const [id, pending] of this.pending) {
      if (pending.peer === peer) this.settle(id)?.reject(unavailable('the connection was lost'));
    }
    if (peer !== undefined && this.source === peer) this.dropSource();
    this.advance();
  }

  frame(link: Link, bytes: Uint8Array): void {
    const verdict = this.intake.offer(bytes);
    if (verdict.kind === 'refused') link.misbehaved(verdict.error);
    if (verdict.kind === 'refused' || verdict.kind === 'halted') return;
    const isSource = this.source?.link === link;
    if (verdict.kind === 'next') {
      link.refund(bytes.length);
      if (isSource) this.progressed(this.source);
      if (this.intake.isFull) this.pauseSource();
    } else if (verdict.kind === 'gap' && isSource && this.phase === 'live') {
      this.ask();
    }
  }

  rangeEnd(link: Link, end: RangeEnd): void {
    const peer = this.peers.get(link);
    if (peer === undefined) return;
    peer.held = { ...peer.held, nextHeight: end.nextHeight };
    if (peer !== this.source || this.phase !== 'asking') return;
    // One that has more than we and still sends nothing would be asked for ever.
    if (!end.isLive && this.nextHeight === this.askedHeight) this.failed(peer);
    else this.phase = end.isLive ? 'live' : 'idle';
    this.advance();
  }

  status(link: Link, status: Status): void {
    const peer = this.peers.get(link);
    if (peer === undefined) return;
    peer.held = { firstHeight: status.firstHeight, nextHeight: status.nextHeight };
    // Frames and status come in one order: a live source that holds more has left some out.
    const isMissing = status.nextHeight > this.nextHeight;
    if (peer === this.source && this.phase === 'live' && (!status.isLive || isMissing)) {
      this.phase = 'idle';
    }
    this.advance();
  }

  answers(link: Link, { id, answers }: SubmitAnswers): void {
    const pending = this.pending.get(id);
    // One that came too late is no misbehaviour.
    if (pending === undefined || pending.peer.link !== link) return;
    if (answers.length !== pending.count) {
      throw new DeltacastError('PEER_MISBEHAVED', 'another number of answers than transactions');
    }
    this.settle(id)?.resolve(answers);
  }

  /** Called once a second. */
  tick(): void {
    const source = this.source;
    if (source !== null && !this.isPaused && this.isStalled(source)) this.failed(source);
    this.advance();
  }

  /** Takes no frame any more and gives up open submissions. */
  stop(): void {
    this.intake.stop();
    this.leaveSource();
    for (const id of [...this.pending.keys()]) {
      this.settle(id)?.reject(unavailable('the node is stopping'));
    }
  }

  private progressed(source: Peer | null): void {
    this.progressMs = this.options.clock.monotonicMs();
    if (source !== null) source.failures = 0;
  }

  private failed(source: Peer): void {
    const doublings = Math.min(source.failures, AVOID_DOUBLINGS_MAX);
    source.avoidedUntilMs = this.options.clock.monotonicMs() + AVOID_MS * 2 ** doublings;
    source.failures += 1;
    this.leaveSource();
  }

  /** An unanswered request, or somebody else is ahead of a live replica and stays it. */
  private isStalled(source: Peer): boolean {
    const now = this.options.clock.monotonicMs();
    if (now - this.progressMs < DELIVERY_DEADLINE_MS) return false;
    if (this.phase === 'asking') return true;
    // Nobody is truly ahead of the sequencer.
    if (source.link.isSequencer) return false;
    const best = this.bestPeer(source);
    return best !== null && best.held.nextHeight > this.nextHeight;
  }

  /** Does what can be done next: choose a source, ask it for more. Idempotent. */
  private advance(): void {
    if (this.intake.isHalted) return;
    if (this.source === null) {
      this.source = this.bestPeer(null);
      this.phase = 'idle';
    }
    if (this.source !== null && this.phase === 'idle') this.ask();
  }

  private ask(): void {
    const { source } = this;
    if (source === null) return;
    this.phase = 'asking';
    this.askedHeight = this.nextHeight;
    this.progressMs = this.options.clock.monotonicMs();
    source.link.sendRangeRequest(STOP);
    source.link.sendRangeRequest({
      fromHeight: this.nextHeight,
      count: RANGE_FRAMES_MAX,
      wantsLive: true,
    });
  }

  /**
   * The peer to follow: one that holds what we want next, or will make it; rather one that has not
   * failed lately, rather the sequencer itself, rather the one that has most.
   */
  private bestPeer(other: Peer | null): Peer | null {
    const now = this.options.clock.monotonicMs();
    const rank = (peer: Peer): number[] => [
      peer.avoidedUntilMs <= now ? 1 : 0,
      peer.link.isSequencer ? 1 : 0,
      peer.held.nextHeight,
    ];
    let best: Peer | null = null;
    for (const peer of this.peers.values()) {
      if (peer === other || !this.isUseful(peer)) continue;
      if (best === null || isAbove(rank(peer), rank(best))) best = peer;
    }
    return best;
  }

  private isUseful({ held, link }: Peer): boolean {
    if (held.firstHeight > this.nextHeight) return false;
    return link.isSequencer
      ? held.nextHeight >= this.nextHeight
      : held.nextHeight > this.nextHeight;
  }

  private submitPeer(): Peer | null {
    if (this.intake.isHalted) return null;
    let best: Peer | null = null;
    for (const peer of this.peers.values()) {
      if (!peer.link.hello.acceptsSubmits) continue;
      if (peer.link.isSequencer) return peer;
      if (best === null || peer === this.source) best = peer;
    }
    return best;
  }

  private settle(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    if (pending === undefined) return undefined;
    this.pending.delete(id);
    pending.cancelDeadline();
    pending.peer.submitsOpen -= 1;
    return pending;
  }

  private leaveSource(): void {
    this.source?.link.sendRangeRequest(STOP);
    this.dropSource();
  }

  private dropSource(): void {
    this.resumeSource();
    this.source = null;
    this.phase = 'idle';
  }

  private pauseSource(): void {
    if (this.isPaused || this.source === null) return;
    this.isPaused = true;
    this.source.link.pause();
  }

  private resumeSource(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.progressMs = this.options.clock.monotonicMs();
    this.source?.link.resume();
  }

  private halted(error: unknown, evidence: Evidence | null): void {
    this.leaveSource();
    this.options.onHalt(error, evidence);
  }
}

const FRESH = { avoidedUntilMs: 0, failures: 0, submitsOpen: 0 };
const STOP = { fromHeight: 0, count: 0, wantsLive: false };

function isAbove(a: readonly number[], b: readonly number[]): boolean {
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? 0;
    if (value !== other) return value > other;
  }
  return false;
}

function unavailable(why: string): DeltacastError {
  return new DeltacastError('PEER_UNAVAILABLE', why);
}

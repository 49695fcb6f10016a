/**
 * Follows the chain of one pinned sequencer over whatever peers have it. One peer at a time is the
 * source: it is asked for ranges until it says that we are live with it. A source that does not
 * deliver in time is left for another; one that sends a bad frame is banned; two signed histories,
 * or a frame that the sink refuses, end the following for good.
 */
import { DeltacastError } from '../../state/base/errors.js';
import { PEER_QUEUE_BYTES_MAX, RANGE_FRAMES_MAX } from '../../state/base/limits.js';
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
import { Submitter } from './submit.js';

/** A source that brings nothing for so long although it has more is left for another. */
const DELIVERY_DEADLINE_MS = 2_000;
/** A large frame may take longer, if it comes at least so fast (64 KiB a second). */
const DELIVERY_BYTES_PER_MS_MIN = 64;
/** For so long a source that failed is not asked; doubled each time until it brings a frame. */
const AVOID_MS = 1_000;
const AVOID_DOUBLINGS_MAX = 6;
/** A peer's window for ranges and its queue for live frames, rounded up. */
const UNDER_WAY_BYTES_MAX = 2 * PEER_QUEUE_BYTES_MAX;

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
  /** Monotonic time before which it is not asked. */
  avoidedUntilMs: number;
  /** Failures since its last frame. */
  failures: number;
}

/** `full`: the source was told to stop until the sink has caught up. */
type Phase = 'idle' | 'asking' | 'live' | 'full';

export class Follower {
  private readonly options: FollowerOptions;
  private readonly intake: FrameIntake;
  private readonly peers = new Map<Link, Peer>();
  private source: Peer | null = null;
  private phase: Phase = 'idle';
  /** Monotonic time of the last frame taken, or of the request. */
  private progressMs = 0;
  /** What the source had sent by then. */
  private progressBytes = 0;
  /** What the open request began with. */
  private askedHeight = 0;
  private readonly submitter: Submitter;

  constructor(options: FollowerOptions) {
    this.options = options;
    this.submitter = new Submitter(options.clock);
    this.intake = new FrameIntake({
      ...options,
      onRoom: () => this.goOn(),
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
    const link = this.submitLink();
    if (link === null || hops > SUBMIT_HOPS_MAX) {
      const error = new DeltacastError('PEER_UNAVAILABLE', 'not connected to the sequencer');
      return Promise.reject(error);
    }
    return this.submitter.submit(link, raws, hops);
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
    this.submitter.closed(link);
    if (peer !== undefined && this.source === peer) this.dropSource();
    this.advance();
  }

  frame(link: Link, bytes: Uint8Array): void {
    const isSource = this.source?.link === link;
    if (isSource) link.credit(bytes.length);
    // What was on its way when we said stop, or what nobody asked for: it is asked for again.
    if (this.intake.roomBytes <= 0 || (isSource && this.phase === 'full')) return;
    const verdict = this.intake.offer(bytes);
    if (verdict.kind === 'refused') link.misbehaved(verdict.error);
    if (verdict.kind === 'refused' || verdict.kind === 'halted') return;
    if (verdict.kind === 'next') {
      if (isSource) this.delivered();
      if (this.intake.roomBytes <= 0 && this.phase === 'live') this.holdUp();
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

  answers(link: Link, answers: SubmitAnswers): void {
    this.submitter.answers(link, answers);
  }

  /** Called once a second. */
  tick(): void {
    const source = this.source;
    if (source !== null && this.isStalled(source)) this.failed(source);
    this.advance();
  }

  /** Takes no frame any more and gives up open submissions. */
  stop(): void {
    this.intake.stop();
    this.leaveSource();
    this.submitter.stop();
  }

  private delivered(): void {
    this.progressed();
    if (this.source !== null) this.source.failures = 0;
  }

  private progressed(): void {
    this.progressMs = this.options.clock.monotonicMs();
    this.progressBytes = this.source?.link.receivedBytes ?? 0;
  }

  private failed(source: Peer): void {
    const doublings = Math.min(source.failures, AVOID_DOUBLINGS_MAX);
    source.avoidedUntilMs = this.options.clock.monotonicMs() + AVOID_MS * 2 ** doublings;
    source.failures += 1;
    this.leaveSource();
  }

  /** There is a frame that we do not have, and the source has had the time to bring it. */
  private isStalled(source: Peer): boolean {
    if (this.phase === 'full' || !this.isBehind(source)) {
      this.progressed();
      return false;
    }
    const waitedMs = this.options.clock.monotonicMs() - this.progressMs;
    const bytes = source.link.receivedBytes - this.progressBytes;
    return waitedMs >= DELIVERY_DEADLINE_MS + bytes / DELIVERY_BYTES_PER_MS_MIN;
  }

  private isBehind(source: Peer): boolean {
    if (source.held.nextHeight > this.nextHeight) return true;
    // Nobody is truly ahead of the sequencer.
    if (source.link.isSequencer) return false;
    const other = this.bestPeer(source);
    return other !== null && other.held.nextHeight > this.nextHeight;
  }

  /** Does what can be done next: choose a source, ask it for more. Idempotent. */
  private advance(): void {
    if (this.intake.isHalted) return;
    if (this.source === null) {
      this.source = this.bestPeer(null);
      this.phase = 'idle';
      this.progressed();
    }
    if (this.source !== null && this.phase === 'idle') this.ask();
  }

  private ask(): void {
    const { source } = this;
    if (source === null) return;
    if (!this.intake.hasRoom) {
      this.holdUp();
      return;
    }
    this.phase = 'asking';
    this.askedHeight = this.nextHeight;
    source.link.sendRangeRequest(STOP);
    source.link.sendRangeRequest({
      fromHeight: this.nextHeight,
      count: RANGE_FRAMES_MAX,
      bytesMax: this.intake.roomBytes,
      wantsLive: true,
    });
  }

  /**
   * The peer to follow: one that holds what we want next, or will make it, and has not failed
   * lately; rather the sequencer itself, else the one that has most.
   */
  private bestPeer(other: Peer | null): Peer | null {
    let best: Peer | null = null;
    for (const peer of this.peers.values()) {
      if (peer === other || !this.isUseful(peer)) continue;
      if (peer.link.isSequencer) return peer;
      if (best === null || peer.held.nextHeight > best.held.nextHeight) best = peer;
    }
    return best;
  }

  private isUseful({ held, link, avoidedUntilMs }: Peer): boolean {
    if (avoidedUntilMs > this.options.clock.monotonicMs()) return false;
    if (held.firstHeight > this.nextHeight) return false;
    // The sequencer will make what we want, even if it holds no more than we do.
    return held.nextHeight > this.nextHeight - (link.isSequencer ? 1 : 0);
  }

  private submitLink(): Link | null {
    if (this.intake.isHalted) return null;
    let best: Link | null = null;
    for (const { link } of this.peers.values()) {
      if (!link.hello.acceptsSubmits) continue;
      if (link.isSequencer) return link;
      if (best === null || link === this.source?.link) best = link;
    }
    return best;
  }

  private leaveSource(): void {
    this.source?.link.sendRangeRequest(STOP);
    // Its window and its queue may be on their way.
    this.source?.link.credit(UNDER_WAY_BYTES_MAX);
    this.dropSource();
  }

  private dropSource(): void {
    this.source = null;
    this.phase = 'idle';
  }

  private holdUp(): void {
    this.phase = 'full';
    this.source?.link.sendRangeRequest(STOP);
  }

  private goOn(): void {
    if (this.phase !== 'full') return;
    this.phase = 'idle';
    this.advance();
  }

  private halted(error: unknown, evidence: Evidence | null): void {
    this.leaveSource();
    this.options.onHalt(error, evidence);
  }
}

const FRESH = { avoidedUntilMs: 0, failures: 0 };
const STOP = { fromHeight: 0, count: 0, bytesMax: 0, wantsLive: false };

/**
 * Serves frames to followers. A follower asks for ranges; the range that reaches the end makes it
 * live, and from then on each new frame is pushed as it comes. Nothing is buffered for a peer
 * beyond a bound: one that is too slow stops being live and asks for ranges again when it can.
 */
import { assert } from '../../state/base/assert.js';
import { DeltacastError, isDeltacastError } from '../../state/base/errors.js';
import {
  MIB,
  PEER_QUEUE_BYTES_MAX,
  PEERS_INBOUND_MAX,
  PEERS_QUEUE_BYTES_MAX,
  SUBMITS_OPEN_ALL_MAX,
  SUBMITS_OPEN_MAX,
} from '../../state/base/limits.js';
import type { Clock } from '../../state/base/ports.js';
import type { Link } from './channel.js';
import type { Held, RangeRequest, Submission, SubmitAnswer } from './messages.js';

/** Bytes of a range on their way to one peer; 1 MiB keeps 80-120 MB/s busy on loopback. */
const RANGE_WINDOW_BYTES = MIB;
/** A peer that takes nothing for so long is let go; its buffers are worth more than it is. */
const STALL_MS = 30_000;

/** Where the frames are: the log of a sequencer or replica. */
export interface FrameSource {
  /** Heights in [firstHeight, nextHeight) can be read. */
  readonly firstHeight: number;
  readonly nextHeight: number;
  /** @throws DeltacastError when the frame cannot be read */
  read(height: number): Uint8Array;
}

/** Takes transactions in, or passes them on; resolves to one answer each, in order. */
export type SubmitHandler = (
  raws: readonly Uint8Array[],
  hops: number,
) => Promise<readonly SubmitAnswer[]>;

export interface PublisherOptions {
  readonly source: FrameSource;
  readonly clock: Clock;
  /** Left out: this node takes no transactions. */
  readonly onSubmit?: SubmitHandler;
  /** Told of errors of ours in `onSubmit`. */
  readonly onFault: (error: unknown) => void;
}

interface Peer {
  readonly link: Link;
  isLive: boolean;
  /** Height that it gets next, from the range or live. */
  nextHeight: number;
  range: { endHeight: number; bytesLeft: number; wantsLive: boolean } | null;
  submitsOpen: number;
  /** Since when bytes wait without a drain; -1 when none do. */
  waitingSinceMs: number;
}

export class Publisher {
  private readonly options: PublisherOptions;
  private readonly peers = new Map<Link, Peer>();
  private submitsOpen = 0;

  constructor(options: PublisherOptions) {
    this.options = options;
  }

  get acceptsSubmits(): boolean {
    return this.options.onSubmit !== undefined;
  }

  get held(): Held {
    const { firstHeight, nextHeight } = this.options.source;
    return { firstHeight, nextHeight };
  }

  /** Peers that get each frame as it comes. */
  get liveCount(): number {
    let count = 0;
    for (const peer of this.peers.values()) if (peer.isLive) count += 1;
    return count;
  }

  /** Bytes that wait in memory for all peers. */
  get queuedBytes(): number {
    let bytes = 0;
    for (const { link } of this.peers.values()) bytes += link.queuedBytes;
    return bytes;
  }

  isLive(link: Link): boolean {
    return this.peers.get(link)?.isLive ?? false;
  }

  /** Sends a new frame to all live peers; the source holds it already, or will before long. */
  publish(height: number, frame: Uint8Array): void {
    const queuedMax =
      this.queuedBytes > PEERS_QUEUE_BYTES_MAX
        ? PEERS_QUEUE_BYTES_MAX / PEERS_INBOUND_MAX
        : PEER_QUEUE_BYTES_MAX;
    for (const peer of this.peers.values()) {
      if (!peer.isLive || height < peer.nextHeight) continue;
      // A frame larger than the bound still goes to a peer that has nothing queued.
      const isBehind = peer.link.queuedBytes > 0;
      if (isBehind && peer.link.queuedBytes + frame.length > queuedMax) {
        peer.isLive = false;
        peer.link.sendStatus({ ...this.held, isLive: false });
        continue;
      }
      this.sendFrame(peer, height, frame);
    }
  }

  opened(link: Link): void {
    const peer = { link, isLive: false, nextHeight: 0, range: null, submitsOpen: 0 };
    this.peers.set(link, { ...peer, waitingSinceMs: -1 });
  }

  closed(link: Link): void {
    this.peers.delete(link);
  }

  rangeRequest(link: Link, request: RangeRequest): void {
    const peer = this.peerOf(link);
    peer.isLive = false;
    if (request.count === 0) {
      peer.range = null;
      return;
    }
    if (peer.range !== null) throw misbehaved('a second range at the same time');
    peer.nextHeight = request.fromHeight;
    peer.range = {
      endHeight: request.fromHeight + request.count,
      bytesLeft: request.bytesMax,
      wantsLive: request.wantsLive,
    };
    this.pump(peer);
  }

  drained(link: Link): void {
    const peer = this.peerOf(link);
    peer.waitingSinceMs = -1;
    this.pump(peer);
  }

  submission(link: Link, submission: Submission): void {
    const peer = this.peerOf(link);
    const { onSubmit } = this.options;
    if (peer.submitsOpen >= SUBMITS_OPEN_MAX) throw misbehaved('too many open submissions');
    if (onSubmit === undefined) {
      this.refuse(link, submission, 'this node takes no transactions');
      return;
    }
    if (this.submitsOpen >= SUBMITS_OPEN_ALL_MAX) {
      this.refuse(link, submission, 'busy');
      return;
    }
    peer.submitsOpen += 1;
    this.submitsOpen += 1;
    this.answer(link, submission, onSubmit).finally(() => {
      peer.submitsOpen -= 1;
      this.submitsOpen -= 1;
    });
  }

  /** Once a second: lets go of peers that are stuck. */
  tick(): void {
    const now = this.options.clock.monotonicMs();
    for (const peer of this.peers.values()) {
      if (peer.link.queuedBytes === 0) peer.waitingSinceMs = -1;
      else if (peer.waitingSinceMs < 0) peer.waitingSinceMs = now;
      else if (now - peer.waitingSinceMs > STALL_MS) peer.link.close();
    }
  }

  private peerOf(link: Link): Peer {
    const peer = this.peers.get(link);
    assert(peer !== undefined, 'a message comes from an attached peer');
    return peer;
  }

  /** Sends of a peer's range what its window holds; goes on when it has drained. */
  private pump(peer: Peer): void {
    const { source } = this.options;
    while (peer.range !== null) {
      const { endHeight, bytesLeft, wantsLive } = peer.range;
      const height = peer.nextHeight;
      const frame = height < endHeight && bytesLeft > 0 ? this.readFrame(height) : null;
      if (frame === null) {
        peer.range = null;
        // In this very tick, so that no frame comes between the range and what follows live.
        peer.isLive = wantsLive && height === source.nextHeight;
        peer.link.sendRangeEnd({ nextHeight: source.nextHeight, isLive: peer.isLive });
        return;
      }
      if (peer.link.queuedBytes > 0 && peer.link.queuedBytes + frame.length > RANGE_WINDOW_BYTES) {
        return;
      }
      peer.range.bytesLeft -= frame.length;
      this.sendFrame(peer, height, frame);
    }
  }

  private sendFrame(peer: Peer, height: number, frame: Uint8Array): void {
    peer.nextHeight = height + 1;
    peer.link.sendFrame(frame);
  }

  /** @returns null for a frame that is not held (any more) */
  private readFrame(height: number): Uint8Array | null {
    const { source, onFault } = this.options;
    if (height < source.firstHeight || height >= source.nextHeight) return null;
    try {
      return source.read(height);
    } catch (error) {
      onFault(error);
      return null;
    }
  }

  private async answer(link: Link, submission: Submission, onSubmit: SubmitHandler): Promise<void> {
    const { id, raws, hops } = submission;
    try {
      link.sendAnswers({ id, answers: await onSubmit(raws, hops) });
    } catch (error) {
      const isOurs = !isDeltacastError(error);
      if (isOurs) this.options.onFault(error);
      this.refuse(link, submission, isOurs ? 'internal error' : error.message);
    }
  }

  private refuse(link: Link, { id, raws }: Submission, message: string): void {
    const answers = raws.map(() => ({ code: 'PEER_UNAVAILABLE', message }));
    link.sendAnswers({ id, answers });
  }
}

function misbehaved(why: string): DeltacastError {
  return new DeltacastError('PEER_MISBEHAVED', why);
}

/**
 * One node of the peer network: a swarm, a channel to each peer, and behind them a publisher, a
 * follower or both on the same connections. A sequencer publishes; a replica follows and may serve
 * what it holds to others.
 */
import { assert } from '../../state/base/assert.js';
import type { DeltacastError } from '../../state/base/errors.js';
import { PEER_INBOUND_BYTES_PER_SECOND } from '../../state/base/limits.js';
import type { Clock } from '../../state/base/ports.js';
import { type Link, type LinkEvents, PeerChannel } from './channel.js';
import type { Follower } from './follow.js';
import type { TrustAnchor } from './frame.js';
import { chainIdentity, type Signer } from './keys.js';
import type { Publisher } from './publish.js';
import type { StateServer } from './state-server.js';
import { type NoiseStream, Swarm, topicOf } from './swarm.js';

/** Every peer hears from us so often, and is let go after so long a silence. */
const HEARTBEAT_MS = 1_000;
const SILENCE_MS = 4_000;
/** How often a node without a source looks for peers, in heartbeats: at first, and later. */
const SEARCH_BEATS_MIN = 1;
const SEARCH_BEATS_MAX = 8;

/** The events of a node that follows no frames but asks for headers and proofs. */
export interface LightPeers
  extends Pick<LinkEvents, 'opened' | 'closed' | 'status' | 'stateAnswer'> {
  readonly hasPeer: boolean;
  stop(): void;
}

export interface PeerNodeOptions {
  readonly anchor: TrustAnchor;
  /** Part of the topic: nodes of one chain meet only under one name. */
  readonly name: string;
  /** `host:port` of DHT nodes; null: the public ones. */
  readonly bootstrap: readonly string[] | null;
  /** IPv4 address to bind. */
  readonly host?: string;
  /** 32 bytes of a stable transport key. */
  readonly seed?: Uint8Array;
  /** Transport keys that may connect; left out: all. */
  readonly allow?: readonly Uint8Array[];
  readonly inboundMax?: number;
  /** What each peer may send us besides frames, on average. */
  readonly inboundBytesPerSecond?: number;
  /** The sequencer's; followers prefer who can prove to have it. */
  readonly signer?: Signer;
  readonly publisher?: Publisher;
  readonly follower?: Follower;
  /** Answers light nodes. */
  readonly stateServer?: StateServer;
  /** What a light node does with its peers. */
  readonly light?: LightPeers;
  readonly clock: Clock;
  /** Told of each ban, with the transport key in hex. */
  readonly onBan?: (key: string, error: DeltacastError) => void;
  /** Told of errors that are ours. */
  readonly onFault: (error: unknown) => void;
}

const NO_STATE = { what: 'refused', reason: 'this node proves nothing' } as const;

export class PeerNode {
  private readonly options: PeerNodeOptions;
  private readonly identity: Uint8Array;
  private readonly channels = new Set<PeerChannel>();
  private readonly swarm: Swarm;
  private cancelBeat = (): void => undefined;
  private searchBeats = SEARCH_BEATS_MIN;
  private beatsUntilSearch = SEARCH_BEATS_MIN;
  private isStopped = false;

  /** Joins the topic; needs at least one of `publisher`, `follower` and `light`. */
  constructor(options: PeerNodeOptions) {
    const { publisher, follower, light, anchor } = options;
    assert(
      [publisher, follower, light].some((part) => part !== undefined),
      'a peer has a duty',
    );
    this.options = options;
    this.identity = chainIdentity(anchor.chainId, anchor.publicKey);
    this.swarm = new Swarm({
      ...options,
      topic: topicOf(this.identity, options.name),
      server: publisher !== undefined,
      client: follower !== undefined || light !== undefined,
      onConnection: (stream) => this.connected(stream),
    });
    this.beatLater();
  }

  /** This node's transport key. */
  get publicKey(): Uint8Array {
    return this.swarm.publicKey;
  }

  /** Peers that have said hello. */
  get peerCount(): number {
    let count = 0;
    for (const channel of this.channels) if (channel.isOpen) count += 1;
    return count;
  }

  /** Resolves when others can find this node. */
  announced(): Promise<void> {
    return this.swarm.announced();
  }

  isBanned(publicKey: Uint8Array): boolean {
    return this.swarm.isBanned(publicKey);
  }

  /** Leaves nothing open. */
  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    this.cancelBeat();
    this.options.follower?.stop();
    this.options.light?.stop();
    await this.swarm.stop();
  }

  private connected(stream: NoiseStream): void {
    const { anchor, signer, clock, onBan, onFault, follower, publisher } = this.options;
    const channel = new PeerChannel(stream, {
      identity: this.identity,
      chainId: anchor.chainId,
      sequencerKey: anchor.publicKey,
      takesFrames: follower !== undefined,
      hello: {
        ...this.held(),
        wantedHeight: follower?.nextHeight ?? 0,
        acceptsSubmits: publisher?.acceptsSubmits ?? false,
        inboundBytesPerSecond: this.options.inboundBytesPerSecond ?? PEER_INBOUND_BYTES_PER_SECOND,
      },
      signer: signer ?? null,
      clock,
      events: this.events(),
      ban: (publicKey, error) => {
        this.swarm.ban(publicKey);
        onBan?.(Buffer.from(publicKey).toString('hex'), error);
      },
      onFault,
    });
    this.channels.add(channel);
    stream.on('close', () => this.channels.delete(channel));
  }

  /** Hands each message to whom it is for; what nobody here is for is misbehaviour or ignored. */
  private events(): LinkEvents {
    const { publisher, follower, stateServer, light } = this.options;
    return {
      opened: (link) => {
        publisher?.opened(link);
        follower?.opened(link);
        light?.opened(link);
      },
      closed: (link) => {
        publisher?.closed(link);
        follower?.closed(link);
        stateServer?.closed(link);
        light?.closed(link);
      },
      frame: (link, bytes) => follower?.frame(link, bytes),
      rangeRequest: (link, request) => publisher?.rangeRequest(link, request),
      rangeEnd: (link, end) => follower?.rangeEnd(link, end),
      submission: (link, submission) => publisher?.submission(link, submission),
      answers: (link, answers) => follower?.answers(link, answers),
      status: (link, status) => {
        follower?.status(link, status);
        light?.status(link, status);
      },
      stateRequest: (link, request) => {
        if (stateServer !== undefined) stateServer.request(link, request);
        else link.sendStateAnswer({ id: request.id, reply: NO_STATE });
      },
      stateAnswer: (link, answer) => light?.stateAnswer(link, answer),
      drained: (link) => publisher?.drained(link),
    };
  }

  private held(): { firstHeight: number; nextHeight: number } {
    return this.options.publisher?.held ?? { firstHeight: 0, nextHeight: 0 };
  }

  private beatLater(): void {
    this.cancelBeat = this.options.clock.after(HEARTBEAT_MS, () => {
      if (this.isStopped) return;
      this.beat();
      this.beatLater();
    });
  }

  private beat(): void {
    const { publisher, follower, clock } = this.options;
    const now = clock.monotonicMs();
    for (const channel of this.channels) {
      if (!channel.isOpen) continue;
      if (now - channel.heardMs > SILENCE_MS) channel.close();
      else channel.sendStatus({ ...this.held(), isLive: this.isLive(channel) });
    }
    publisher?.tick();
    follower?.tick();
    this.search();
  }

  private isLive(link: Link): boolean {
    return this.options.publisher?.isLive(link) ?? false;
  }

  private search(): void {
    const { follower, light } = this.options;
    if (follower === undefined && light === undefined) return;
    if (follower?.isHalted === true) return;
    if (follower?.hasSource === true || light?.hasPeer === true) {
      this.searchBeats = SEARCH_BEATS_MIN;
      this.beatsUntilSearch = SEARCH_BEATS_MIN;
      return;
    }
    this.beatsUntilSearch -= 1;
    if (this.beatsUntilSearch > 0) return;
    this.swarm.refresh();
    this.searchBeats = Math.min(this.searchBeats * 2, SEARCH_BEATS_MAX);
    this.beatsUntilSearch = this.searchBeats;
  }
}

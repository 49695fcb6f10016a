/**
 * A light node without its sockets: holds headers, asks peers for values with proof, and gives out
 * nothing that does not check out against a header that the pinned sequencer signed. Peers may lie
 * as they like: one whose lie shows is banned, one that is silent or behind is passed over.
 */
import type { Link } from '../../net/p2p/channel.js';
import type { TrustAnchor } from '../../net/p2p/frame.js';
import type { LightPeers } from '../../net/p2p/peer-node.js';
import { STATE_DEADLINE_MS, StateClient } from '../../net/p2p/state-client.js';
import type { StateAnswer, StateQuestion, StateReply } from '../../net/p2p/state-messages.js';
import { equalBytes } from '../../state/base/bytes.js';
import { DeltacastError, isDeltacastError } from '../../state/base/errors.js';
import { keccak256 } from '../../state/base/keccak.js';
import { LIGHT_HEADERS_MAX, STATE_HEADERS_MAX, STATE_KEYS_MAX } from '../../state/base/limits.js';
import type { Clock } from '../../state/base/ports.js';
import { type StateKey, verifyProof } from '../../state/proof.js';
import { Equivocation, HeaderChain, type LightHeader } from './header-chain.js';

export interface LightOptions {
  readonly anchor: TrustAnchor;
  readonly clock: Clock;
  /** A newest header that is older is not believed to be the newest. */
  readonly maxAgeMs: number;
  /** Called once, when the sequencer signed two histories: nothing is answered any more. */
  readonly onHalt: (error: Equivocation) => void;
}

/** Values with the header that they are proven under. */
export interface LightProof {
  readonly header: LightHeader;
  /** For each set of keys its proof, and a 32-byte value for each key. */
  readonly proofs: readonly Uint8Array[];
  readonly values: readonly (readonly Uint8Array[])[];
}

/** Peers that one question goes to, one after the other. */
const ATTEMPTS_MAX = 8;

interface Peer {
  readonly link: Link;
  /** Of late: the one with fewest is asked first. */
  failures: number;
  isSyncing: boolean;
}

export class LightCore implements LightPeers {
  private readonly options: LightOptions;
  private readonly chain: HeaderChain;
  private readonly client: StateClient;
  private readonly peers = new Map<Link, Peer>();
  private halt: Equivocation | null = null;
  private turn = 0;

  constructor(options: LightOptions) {
    this.options = options;
    this.chain = new HeaderChain(options.anchor);
    this.client = new StateClient(options.clock);
  }

  /** The newest header held; null before the first. */
  get tip(): LightHeader | null {
    return this.chain.tip;
  }

  /**
   * The same, where it may pass for the newest of the chain.
   * @throws DeltacastError PROOF_UNAVAILABLE before the first, and where it is too old;
   *         Equivocation
   */
  get newest(): LightHeader {
    if (this.halt !== null) throw this.halt;
    const { tip } = this;
    if (tip === null) {
      throw new DeltacastError('PROOF_UNAVAILABLE', 'no peer has shown a header yet');
    }
    if (!this.isBehind()) return tip;
    throw new DeltacastError('PROOF_UNAVAILABLE', this.tooOld(tip), { number: tip.number });
  }

  get headerCount(): number {
    return this.chain.count;
  }

  get hasPeer(): boolean {
    return this.peers.size > 0;
  }

  opened(link: Link): void {
    const peer = { link, failures: 0, isSyncing: false };
    this.peers.set(link, peer);
    this.client.opened(link);
    void this.sync(peer);
  }

  closed(link: Link): void {
    this.peers.delete(link);
    this.client.closed(link);
  }

  /** Each peer says once a second what it holds: it is asked for what we do not. */
  status(link: Link): void {
    const peer = this.peers.get(link);
    if (peer !== undefined) void this.sync(peer);
  }

  stateAnswer(link: Link, answer: StateAnswer): void {
    this.client.answer(link, answer);
  }

  stop(): void {
    this.client.stop();
  }

  /**
   * Values of some keys, proven.
   * @param keySets  one proof for each; STATE_KEYS_MAX keys in all
   * @param number   null: the newest block
   * @throws DeltacastError PROOF_UNAVAILABLE where no peer proves it; RPC_LIMIT; Equivocation
   */
  prove(keySets: readonly (readonly StateKey[])[], number: number | null): Promise<LightProof> {
    const count = keySets.reduce((sum, keys) => sum + keys.length, 0);
    if (count > STATE_KEYS_MAX) {
      const error = new DeltacastError('RPC_LIMIT', `at most ${STATE_KEYS_MAX - 3} slots at once`);
      return Promise.reject(error);
    }
    // What was shown once is not taken back: later answers are of this block or a later one.
    const atLeast = this.chain.tip?.number ?? 0;
    const question = { what: 'proof', number, keySets } as const;
    return this.askAll(question, async (link, reply) => {
      if (reply.what !== 'proof') throw misbehaved('no proof');
      const header = await this.accept(link, reply.frame);
      if (number !== null && header.number !== number) throw misbehaved('a proof of another block');
      if (number === null) this.checkNew(header, atLeast);
      if (reply.proofs.length !== keySets.length) throw misbehaved('another number of proofs');
      const values = keySets.map((keys, index) =>
        verifyProof(header.stateRoot, keys, reply.proofs[index] ?? NOTHING),
      );
      return { header, proofs: reply.proofs, values };
    });
  }

  /** The code with this keccak256. @throws DeltacastError PROOF_UNAVAILABLE; Equivocation */
  code(hash: Uint8Array): Promise<Uint8Array> {
    return this.askAll({ what: 'code', hash }, async (_link, reply) => {
      if (reply.what !== 'code' || !equalBytes(keccak256(reply.code), hash)) {
        throw misbehaved('other code');
      }
      return reply.code;
    });
  }

  /** A signed header. @throws DeltacastError PROOF_UNAVAILABLE; Equivocation */
  async header(number: number): Promise<LightHeader> {
    if (this.halt !== null) throw this.halt;
    const held = this.chain.at(number);
    if (held !== null) return held;
    return this.askAll({ what: 'headers', number, count: 1 }, async (link, reply) => {
      const [frame] = reply.what === 'headers' ? reply.frames : [];
      if (frame === undefined) throw unavailable('no such header');
      const header = await this.accept(link, frame);
      if (header.number !== number) throw misbehaved('another header');
      return header;
    });
  }

  headerByHash(hash: Uint8Array): LightHeader | null {
    return this.chain.byHash(hash);
  }

  /**
   * Asks one peer after the other until `check` takes an answer. A peer whose answer it refuses for
   * what only a liar sends is banned.
   */
  private async askAll<T>(
    question: StateQuestion,
    check: (link: Link, reply: StateReply) => Promise<T>,
  ): Promise<T> {
    const reasons: string[] = [];
    for (const peer of this.inTurn()) {
      if (this.halt !== null) throw this.halt;
      try {
        const result = await check(peer.link, await this.client.ask(peer.link, question));
        peer.failures = 0;
        return result;
      } catch (error) {
        reasons.push(this.failed(peer, error).message);
      }
    }
    if (this.halt !== null) throw this.halt;
    const why = reasons.at(-1) ?? 'there is no peer';
    throw new DeltacastError('PROOF_UNAVAILABLE', `no peer proves it (${why})`, {
      peers: reasons.length,
    });
  }

  /** Those that failed least first, and each of these once first. */
  private inTurn(): Peer[] {
    const peers = [...this.peers.values()];
    const first = this.turn % Math.max(1, peers.length);
    this.turn += 1;
    return [...peers.slice(first), ...peers.slice(0, first)]
      .sort((a, b) => a.failures - b.failures)
      .slice(0, ATTEMPTS_MAX);
  }

  /** @throws what is no peer's fault */
  private failed(peer: Peer, error: unknown): DeltacastError {
    if (!isDeltacastError(error)) throw error;
    if (error instanceof Equivocation) {
      this.halted(error);
      throw error;
    }
    peer.failures += 1;
    // The peer is only slow, behind, or without it; anything else is a lie.
    if (error.code !== 'PEER_UNAVAILABLE') peer.link.misbehaved(asMisbehaviour(error));
    return error;
  }

  private halted(error: Equivocation): void {
    if (this.halt !== null) return;
    this.halt = error;
    this.options.onHalt(error);
  }

  private checkNew(header: LightHeader, atLeast: number): void {
    const { number } = header;
    if (number < atLeast) throw unavailable(`the peer is at block ${number}, behind ${atLeast}`);
    if (this.ageMs(header) > this.options.maxAgeMs) throw unavailable(this.tooOld(header));
  }

  /** A header that came along: checked, and joined to those held. */
  private async accept(link: Link, frame: Uint8Array): Promise<LightHeader> {
    const first = this.chain.offer(frame);
    if (first.kind !== 'gap') return first.header;
    const { number } = first.header;
    const { tip } = this.chain;
    if (tip === null || number - tip.number > LIGHT_HEADERS_MAX) {
      this.chain.startAt(first.header);
      return first.header;
    }
    // One that brings a header at a time would keep whoever asked waiting for hours.
    const untilMs = this.options.clock.monotonicMs() + STATE_DEADLINE_MS;
    while ((this.chain.tip?.number ?? number) < number - 1) {
      if (this.options.clock.monotonicMs() > untilMs) break;
      if ((await this.takeNext(link)) === 0) break;
    }
    const again = this.chain.offer(frame);
    if (again.kind === 'gap') throw unavailable('it does not show the headers in between');
    return again.header;
  }

  /** Brings what a peer has and we do not; every failure is dealt with here. */
  private async sync(peer: Peer): Promise<void> {
    if (peer.isSyncing || this.halt !== null) return;
    peer.isSyncing = true;
    try {
      // Whoever was first may have shown an old one: nobody walks up from there.
      if (this.isBehind()) await this.takeNewest(peer.link);
      else while ((await this.takeNext(peer.link)) === STATE_HEADERS_MAX);
    } catch (error) {
      this.failedSync(peer, error);
    } finally {
      peer.isSyncing = false;
    }
  }

  private failedSync(peer: Peer, error: unknown): void {
    try {
      this.failed(peer, error);
    } catch (fault) {
      // An equivocation was told to onHalt; what is left is a programmer's error.
      if (!(fault instanceof Equivocation)) throw fault;
    }
  }

  private isBehind(): boolean {
    const { tip } = this.chain;
    return tip === null || this.ageMs(tip) > this.options.maxAgeMs;
  }

  private ageMs({ timestamp }: LightHeader): number {
    return this.options.clock.nowMs() - timestamp * 1_000;
  }

  private tooOld(header: LightHeader): string {
    const seconds = Math.round(this.ageMs(header) / 1_000);
    return `the newest block shown is ${seconds} s old (--max-age)`;
  }

  private async takeNewest(link: Link): Promise<void> {
    const reply = await this.client.ask(link, { what: 'headers', number: null, count: 1 });
    const [frame] = reply.what === 'headers' ? reply.frames : [];
    if (frame !== undefined) await this.accept(link, frame);
  }

  /** The headers after the tip. @returns how many the peer gave */
  private async takeNext(link: Link): Promise<number> {
    const from = (this.chain.tip?.number ?? -1) + 1;
    const question = { what: 'headers', number: from, count: STATE_HEADERS_MAX } as const;
    const reply = await this.client.ask(link, question);
    const frames = reply.what === 'headers' ? reply.frames : [];
    for (const [index, frame] of frames.entries()) {
      const { kind, header } = this.chain.offer(frame);
      if (kind === 'gap' || header.number !== from + index) throw misbehaved('other headers');
    }
    return frames.length;
  }
}

const NOTHING = new Uint8Array(0);

function misbehaved(why: string): DeltacastError {
  return new DeltacastError('PEER_MISBEHAVED', why);
}

function unavailable(why: string): DeltacastError {
  return new DeltacastError('PEER_UNAVAILABLE', why);
}

function asMisbehaviour({ code, message }: DeltacastError): DeltacastError {
  return new DeltacastError('PEER_MISBEHAVED', `${code}: ${message}`);
}

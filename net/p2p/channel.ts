/**
 * The wire between two peers (owner of protomux): one channel over one connection, with a message
 * type for everything that peers say. Both sides begin with a hello; a peer that says anything that
 * a reader refuses, or says it out of turn, is banned. No exception leaves a message handler.
 */
import Protomux from 'protomux';
import { DeltacastError, isDeltacastError } from '../../state/base/errors.js';
import { FRAME_BYTES_MAX } from '../../state/base/limits.js';
import type { Clock } from '../../state/base/ports.js';
import { FRAME_BODY_AT, PROTOCOL_VERSION } from './frame.js';
import { GuardedStream } from './guard.js';
import { hashOf, isSignedBy, type Signer } from './keys.js';
import * as wire from './messages.js';
import * as state from './state-messages.js';
import type { NoiseStream } from './swarm.js';

const PROTOCOL = 'deltacast/1';
/** A peer of another chain or program never says hello. */
const HELLO_DEADLINE_MS = 5_000;
/** Length and authentication of secret-stream, channel and type of protomux. */
const MESSAGE_OVERHEAD_BYTES = 24;

/** One peer, as publisher and follower see it. */
export interface Link {
  /** The peer's transport key in hex. */
  readonly key: string;
  readonly hello: wire.Hello;
  /** The peer proved that it holds the sequencer's key. */
  readonly isSequencer: boolean;
  /** Upper bound of the bytes sent that have not left our memory. */
  readonly queuedBytes: number;
  /** All that ever came, also of a message not yet complete. */
  readonly receivedBytes: number;
  sendFrame(frame: Uint8Array): void;
  sendStatus(status: wire.Status): void;
  sendRangeRequest(request: wire.RangeRequest): void;
  sendRangeEnd(end: wire.RangeEnd): void;
  /** @param submission  as `writeSubmission` wrote it */
  sendSubmission(submission: Uint8Array): void;
  sendAnswers(answers: wire.SubmitAnswers): void;
  /** @param request  as `writeStateRequest` wrote it */
  sendStateRequest(request: Uint8Array): void;
  sendStateAnswer(answer: state.StateAnswer): void;
  /** Takes bytes that we asked for off the inbound budget. */
  credit(bytes: number): void;
  /** Bans the peer and ends the connection. */
  misbehaved(error: DeltacastError): void;
  close(): void;
}

/** What a peer says, after its hello. A handler may throw PEER_MISBEHAVED and nothing else. */
export interface LinkEvents {
  opened(link: Link): void;
  frame(link: Link, bytes: Uint8Array): void;
  rangeRequest(link: Link, request: wire.RangeRequest): void;
  rangeEnd(link: Link, end: wire.RangeEnd): void;
  submission(link: Link, submission: wire.Submission): void;
  answers(link: Link, answers: wire.SubmitAnswers): void;
  status(link: Link, status: wire.Status): void;
  stateRequest(link: Link, request: state.StateRequest): void;
  stateAnswer(link: Link, answer: state.StateAnswer): void;
  /** Everything sent has left our memory. */
  drained(link: Link): void;
  /** After `opened` only, and once. */
  closed(link: Link): void;
}

export interface ChannelOptions {
  /** The chain's identity: peers of another one share no channel with us. */
  readonly identity: Uint8Array;
  readonly chainId: number;
  readonly sequencerKey: Uint8Array;
  /** Whether this peer may send us frames. */
  readonly takesFrames: boolean;
  /** Our hello but for the proof. */
  readonly hello: Omit<wire.Hello, 'version' | 'chainId' | 'proof'>;
  /** Only the sequencer has it. */
  readonly signer: Signer | null;
  readonly clock: Clock;
  readonly events: LinkEvents;
  readonly ban: (publicKey: Uint8Array, error: DeltacastError) => void;
  /** Told of errors that are ours; the connection is ended. */
  readonly onFault: (error: unknown) => void;
}

export class PeerChannel implements Link {
  readonly key: string;
  isSequencer = false;
  queuedBytes = 0;
  receivedBytes = 0;
  /** Monotonic time at which anything came. */
  heardMs: number;
  private readonly stream: NoiseStream;
  private readonly guard: GuardedStream;
  private readonly options: ChannelOptions;
  private readonly messages: readonly { send(bytes: Uint8Array): boolean }[];
  private remoteHello: wire.Hello | null = null;
  private isClosed = false;
  private readonly cancelHelloDeadline: () => void;

  constructor(stream: NoiseStream, options: ChannelOptions) {
    this.stream = stream;
    this.options = options;
    this.key = Buffer.from(stream.remotePublicKey).toString('hex');
    this.heardMs = options.clock.monotonicMs();
    this.guard = this.guardStream(stream);
    // Not protomux's own `from`: the guard stands between it and the connection.
    const mux = new Protomux(this.guard);
    const channel = mux.createChannel({
      protocol: PROTOCOL,
      id: options.identity,
      messages: this.handlers(),
      onopen: () => undefined,
      onclose: () => this.close(),
      ondrain: () => this.drained(),
    });
    this.messages = channel?.messages ?? [];
    stream.on('close', () => this.closed());
    this.cancelHelloDeadline = options.clock.after(HELLO_DEADLINE_MS, () => {
      if (this.remoteHello === null) this.close();
    });
    channel?.open();
    this.send(HELLO, wire.writeHello(this.ownHello()));
  }

  get hello(): wire.Hello {
    if (this.remoteHello === null) throw outOfTurn('a message before the hello');
    return this.remoteHello;
  }

  get isOpen(): boolean {
    return this.remoteHello !== null && !this.isClosed;
  }

  sendFrame(frame: Uint8Array): void {
    this.send(FRAME, frame);
  }

  sendStatus(status: wire.Status): void {
    this.send(STATUS, wire.writeStatus(status));
  }

  sendRangeRequest(request: wire.RangeRequest): void {
    this.send(RANGE_REQUEST, wire.writeRangeRequest(request));
  }

  sendRangeEnd(end: wire.RangeEnd): void {
    this.send(RANGE_END, wire.writeRangeEnd(end));
  }

  sendSubmission(submission: Uint8Array): void {
    this.send(SUBMISSION, submission);
  }

  sendAnswers(answers: wire.SubmitAnswers): void {
    this.send(ANSWERS, wire.writeAnswers(answers));
  }

  sendStateRequest(request: Uint8Array): void {
    this.send(STATE_REQUEST, request);
  }

  sendStateAnswer(answer: state.StateAnswer): void {
    this.send(STATE_ANSWER, state.writeStateAnswer(answer));
  }

  credit(bytes: number): void {
    this.guard.credit(bytes);
  }

  misbehaved(error: DeltacastError): void {
    this.options.ban(this.stream.remotePublicKey, error);
    this.close();
  }

  close(): void {
    this.stream.destroy();
  }

  private guardStream(stream: NoiseStream): GuardedStream {
    const { clock, takesFrames } = this.options;
    return new GuardedStream(stream, {
      clock,
      bytesPerSecond: this.options.hello.inboundBytesPerSecond,
      messageBytesMax: takesFrames ? FRAME_BODY_AT + FRAME_BYTES_MAX : wire.SMALL_MESSAGE_BYTES_MAX,
      onMisbehaviour: (error) => this.misbehaved(error),
      onReceived: (bytes) => {
        this.heardMs = clock.monotonicMs();
        this.receivedBytes += bytes;
      },
    });
  }

  private send(type: number, bytes: Uint8Array): void {
    const message = this.messages[type];
    if (message === undefined || this.isClosed || this.stream.destroyed) return;
    const fits = message.send(bytes);
    // True: less than the stream's high-water mark (16 KiB) is waiting.
    this.queuedBytes = fits ? 0 : this.queuedBytes + bytes.length + MESSAGE_OVERHEAD_BYTES;
  }

  private ownHello(): wire.Hello {
    const { hello, chainId, signer, identity } = this.options;
    const { handshakeHash, publicKey } = this.stream;
    const proof = signer?.sign(proofOf(identity, handshakeHash, publicKey)) ?? null;
    return { ...hello, version: PROTOCOL_VERSION, chainId, proof };
  }

  private handlers(): { onmessage(bytes: Uint8Array): void }[] {
    const { events } = this.options;
    const after =
      <T>(read: (bytes: Uint8Array) => T, handle: (value: T) => void) =>
      (bytes: Uint8Array): void => {
        if (this.remoteHello === null) throw outOfTurn('a message before the hello');
        handle(read(bytes));
      };
    const handlers: ((bytes: Uint8Array) => void)[] = [];
    handlers[HELLO] = (bytes) => this.takeHello(wire.readHello(bytes));
    handlers[FRAME] = after(
      (bytes) => this.readFrame(bytes),
      (value) => events.frame(this, value),
    );
    handlers[RANGE_REQUEST] = after(wire.readRangeRequest, (value) =>
      events.rangeRequest(this, value),
    );
    handlers[RANGE_END] = after(wire.readRangeEnd, (value) => events.rangeEnd(this, value));
    handlers[SUBMISSION] = after(wire.readSubmission, (value) => events.submission(this, value));
    handlers[ANSWERS] = after(wire.readAnswers, (value) => events.answers(this, value));
    handlers[STATUS] = after(wire.readStatus, (value) => events.status(this, value));
    handlers[STATE_REQUEST] = after(state.readStateRequest, (value) =>
      events.stateRequest(this, value),
    );
    handlers[STATE_ANSWER] = after(state.readStateAnswer, (value) =>
      events.stateAnswer(this, value),
    );
    return handlers.map((handle) => ({ onmessage: (bytes) => this.contain(() => handle(bytes)) }));
  }

  /** Protomux passes some errors on to the process: none may reach it. */
  private contain(run: () => void): void {
    if (this.isClosed) return;
    try {
      run();
    } catch (error) {
      if (isDeltacastError(error, 'PEER_MISBEHAVED')) {
        this.misbehaved(error);
        return;
      }
      this.options.onFault(error);
      this.close();
    }
  }

  /** A copy: the bytes are a view into the stream's buffer and outlive it. */
  private readFrame(bytes: Uint8Array): Uint8Array {
    if (!this.options.takesFrames) throw outOfTurn('a frame that nobody asked for');
    return new Uint8Array(bytes);
  }

  private takeHello(hello: wire.Hello): void {
    if (this.remoteHello !== null) throw outOfTurn('a second hello');
    const { chainId, identity, sequencerKey, events } = this.options;
    if (hello.version !== PROTOCOL_VERSION || hello.chainId !== chainId) {
      this.close();
      return;
    }
    const { handshakeHash, remotePublicKey } = this.stream;
    const statement = proofOf(identity, handshakeHash, remotePublicKey);
    this.isSequencer = hello.proof !== null && isSignedBy(statement, hello.proof, sequencerKey);
    if (hello.proof !== null && !this.isSequencer) throw outOfTurn('a proof that proves nothing');
    this.cancelHelloDeadline();
    this.remoteHello = hello;
    events.opened(this);
  }

  private drained(): void {
    this.queuedBytes = 0;
    if (this.isOpen) this.contain(() => this.options.events.drained(this));
  }

  private closed(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.cancelHelloDeadline();
    this.queuedBytes = 0;
    if (this.remoteHello !== null) this.options.events.closed(this);
  }
}

const HELLO = 0;
const FRAME = 1;
const RANGE_REQUEST = 2;
const RANGE_END = 3;
const SUBMISSION = 4;
const ANSWERS = 5;
const STATUS = 6;
const STATE_REQUEST = 7;
const STATE_ANSWER = 8;

/**
 * What the sequencer signs to show a peer that it is at the other end of this very connection. The
 * signer's transport key keeps the peer from sending the proof back as its own.
 */
function proofOf(
  identity: Uint8Array,
  handshakeHash: Uint8Array,
  publicKey: Uint8Array,
): Uint8Array {
  return hashOf(new TextEncoder().encode('deltacast hello'), identity, handshakeHash, publicKey);
}

function outOfTurn(why: string): DeltacastError {
  return new DeltacastError('PEER_MISBEHAVED', why);
}

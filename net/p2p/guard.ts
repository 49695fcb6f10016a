/**
 * What stands between a connection and protomux. Protomux trusts its peer: one message of nested
 * batches overflows the stack and, since it rethrows a RangeError outside of any handler, ends the
 * process. So only the forms that our own channel writes get through. It also holds the peer to an
 * inbound budget. A peer beyond it is cut off and not read more slowly: UDX has no flow control of
 * its receiver, so what is sent to a paused connection piles up in our memory (measured: 20 MB).
 */
import { EventEmitter } from 'node:events';
import { DeltacastError } from '../../state/base/errors.js';
import { PEER_INBOUND_BURST_BYTES } from '../../state/base/limits.js';
import type { Clock } from '../../state/base/ports.js';
import type { NoiseStream } from './swarm.js';

/** Ours is one channel; ids are given out from 1. */
const CHANNEL_IDS_MAX = 8;
const CONTROL_OPEN = 1;
const CONTROL_REJECT = 2;
const CONTROL_CLOSE = 3;
/** Name, identity and their lengths. */
const CONTROL_BYTES_MAX = 128;
/** Several messages may arrive between two that we are told of. */
const PARTIAL_SLACK_BYTES = 128 * 1024;

export interface GuardOptions {
  readonly clock: Clock;
  /** Largest message that this peer may send, in bytes. */
  readonly messageBytesMax: number;
  readonly bytesPerSecond: number;
  /** Called once, with the reason; nothing is passed on afterwards. */
  readonly onMisbehaviour: (error: DeltacastError) => void;
  /** Called with the size of everything that arrives, also of a message not yet complete. */
  readonly onReceived: (bytes: number) => void;
}

/** Looks like the connection to protomux; passes on what is well formed. */
export class GuardedStream extends EventEmitter {
  userData: unknown = null;
  private readonly stream: NoiseStream;
  private readonly options: GuardOptions;
  private bytesLeft = PEER_INBOUND_BURST_BYTES;
  private refilledMs: number;
  private partialBytes = 0;
  private isRefused = false;

  constructor(stream: NoiseStream, options: GuardOptions) {
    super();
    this.stream = stream;
    this.options = options;
    this.refilledMs = options.clock.monotonicMs();
    stream.rawStream.on('data', (bytes: Uint8Array) => this.countPartial(bytes.length));
    stream.on('data', (bytes: Uint8Array) => this.take(bytes));
    stream.on('drain', () => this.emit('drain'));
    stream.on('end', () => this.emit('end'));
    stream.on('error', () => undefined);
    stream.on('close', () => this.emit('close'));
  }

  get destroyed(): boolean {
    return this.stream.destroyed;
  }

  alloc(bytes: number): Uint8Array {
    return this.stream.alloc(bytes);
  }

  write(bytes: Uint8Array): boolean {
    return this.stream.write(bytes);
  }

  end(): void {
    this.stream.end();
  }

  destroy(error?: Error): void {
    this.stream.destroy(error);
  }

  /** Protomux would pause for a channel that is not open; nothing of ours waits for one. */
  readonly pause = (): void => undefined;
  readonly resume = (): void => undefined;

  /** Gives back what a message cost, because it is one that we asked for; may exceed the burst. */
  credit(bytes: number): void {
    this.bytesLeft += bytes;
  }

  private take(bytes: Uint8Array): void {
    this.partialBytes = 0;
    if (this.isRefused) return;
    const why = faultOf(bytes);
    if (why !== null) {
      this.refuse(why);
      return;
    }
    this.refill();
    this.bytesLeft -= bytes.length;
    this.emit('data', bytes);
    if (this.bytesLeft < 0) this.refuse('more bytes than its inbound budget');
  }

  private countPartial(bytes: number): void {
    this.options.onReceived(bytes);
    this.partialBytes += bytes;
    const limit = this.options.messageBytesMax + PARTIAL_SLACK_BYTES;
    if (this.partialBytes > limit) this.refuse('a message is too large');
  }

  private refuse(why: string): void {
    if (this.isRefused) return;
    this.isRefused = true;
    this.options.onMisbehaviour(new DeltacastError('PEER_MISBEHAVED', why));
  }

  private refill(): void {
    const now = this.options.clock.monotonicMs();
    const earned = ((now - this.refilledMs) / 1_000) * this.options.bytesPerSecond;
    this.refilledMs = now;
    // What was credited beyond the burst stays, and is not added to.
    const most = Math.max(this.bytesLeft, PEER_INBOUND_BURST_BYTES);
    this.bytesLeft = Math.min(this.bytesLeft + earned, most);
  }
}

/** @returns why protomux must not see a message, or null */
function faultOf(bytes: Uint8Array): string | null {
  if (bytes.length === 0) return null;
  const channel = bytes[0] ?? 0;
  if (channel > CHANNEL_IDS_MAX) return 'a message to a channel that nobody opened';
  if (channel > 0) return bytes.length > 1 ? null : 'a message without a type';
  const id = bytes[2] ?? 0;
  if (bytes.length > CONTROL_BYTES_MAX || id < 1 || id > CHANNEL_IDS_MAX) {
    return 'a malformed control message';
  }
  const kind = bytes[1];
  if (kind === CONTROL_OPEN) return null;
  if (kind === CONTROL_REJECT || kind === CONTROL_CLOSE) return null;
  return 'a control message that we never send';
}

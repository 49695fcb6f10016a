/**
 * What stands between a connection and protomux. Protomux trusts its peer: one message of nested
 * batches overflows the stack and, since it rethrows a RangeError outside of any handler, ends the
 * process. So only the forms that our own channel writes get through. It also holds the peer to an
 * inbound budget, by reading it more slowly, and counts the bytes of a message not yet complete.
 */
import { EventEmitter } from 'node:events';
import { DeltacastError } from '../../state/base/errors.js';
import {
  PEER_INBOUND_BURST_BYTES,
  PEER_INBOUND_BYTES_PER_SECOND,
} from '../../state/base/limits.js';
import type { Clock } from '../../state/base/ports.js';
import type { NoiseStream } from './swarm.js';

/** Ours is one channel; ids are given out from 1. */
const CHANNEL_IDS_MAX = 8;
const CONTROL_OPEN = 1;
const CONTROL_REJECT = 2;
const CONTROL_CLOSE = 3;
/** Name, identity and their lengths. */
const CONTROL_BYTES_MAX = 128;
/** Buffers below ours may hold so much more than one message when reading was paused. */
const PARTIAL_SLACK_BYTES = 128 * 1024;

export interface GuardOptions {
  readonly clock: Clock;
  /** Largest message that this peer may send, in bytes. */
  readonly messageBytesMax: number;
  /** Called once, with the reason; nothing is passed on afterwards. */
  readonly onMisbehaviour: (error: DeltacastError) => void;
  /** Called for every message; for the liveness of the peer. */
  readonly onHeard: () => void;
}

/** Looks like the connection to protomux; passes on what is well formed. */
export class GuardedStream extends EventEmitter {
  userData: unknown = null;
  private readonly stream: NoiseStream;
  private readonly options: GuardOptions;
  private readonly pausedBy = new Set<string>();
  private bytesLeft = PEER_INBOUND_BURST_BYTES;
  private refilledMs: number;
  private partialBytes = 0;
  private isRefused = false;
  private cancelRefill = (): void => undefined;

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
    stream.on('close', () => {
      this.cancelRefill();
      this.emit('close');
    });
  }

  get destroyed(): boolean {
    return this.stream.destroyed;
  }

  get isPaused(): boolean {
    return this.pausedBy.size > 0;
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

  /** Reads nothing more until each reason is lifted. */
  pause(reason = 'mux'): void {
    this.pausedBy.add(reason);
    this.stream.pause();
  }

  resume(reason = 'mux'): void {
    this.pausedBy.delete(reason);
    if (this.pausedBy.size === 0) this.stream.resume();
  }

  /** Gives back what a message cost, because it was one that we want. */
  refund(bytes: number): void {
    this.bytesLeft = Math.min(this.bytesLeft + bytes, PEER_INBOUND_BURST_BYTES);
  }

  private take(bytes: Uint8Array): void {
    this.partialBytes = 0;
    if (this.isRefused) return;
    const why = faultOf(bytes);
    if (why !== null) {
      this.refuse(why);
      return;
    }
    this.options.onHeard();
    this.refill();
    this.bytesLeft -= bytes.length;
    this.emit('data', bytes);
    if (this.bytesLeft < 0) this.waitForRefill();
  }

  private countPartial(bytes: number): void {
    this.partialBytes += bytes;
    const limit = this.options.messageBytesMax + PARTIAL_SLACK_BYTES;
    if (this.partialBytes > limit && this.pausedBy.size === 0)
      this.refuse('a message is too large');
  }

  private refuse(why: string): void {
    if (this.isRefused) return;
    this.isRefused = true;
    this.options.onMisbehaviour(new DeltacastError('PEER_MISBEHAVED', why));
  }

  private refill(): void {
    const now = this.options.clock.monotonicMs();
    const earned = ((now - this.refilledMs) / 1_000) * PEER_INBOUND_BYTES_PER_SECOND;
    this.refilledMs = now;
    this.refund(earned);
  }

  private waitForRefill(): void {
    const waitMs = (-this.bytesLeft / PEER_INBOUND_BYTES_PER_SECOND) * 1_000;
    this.pause('budget');
    this.cancelRefill();
    this.cancelRefill = this.options.clock.after(Math.ceil(waitMs), () => this.resume('budget'));
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

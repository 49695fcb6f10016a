/**
 * What a follower does with the bytes of a frame, whoever sent them: verify the signature on the
 * raw bytes, find its place in the chain, hand it to the sink in order. Knows no connections. Once
 * halted (two histories, or a frame that the sink refuses) it takes nothing any more.
 */
import { type DeltacastError, isDeltacastError } from '../../state/base/errors.js';
import { FOLLOW_QUEUE_BYTES_MAX, MIB } from '../../state/base/limits.js';
import { type Frame, FrameChain, type TrustAnchor, verifyFrame } from './frame.js';

/** Frames kept to show both sides of an equivocation; older ones are asked of `recall`. */
const RECENT_BYTES_MAX = 4 * MIB;
/** Hash, signature and objects of a frame that waits or is kept: many small ones count too. */
const FRAME_OVERHEAD_BYTES = 512;

export interface FrameSink {
  /** Applies one verified frame; called in order, one at a time. A rejection halts the follower. */
  apply(frame: Frame): Promise<void>;
}

/** Two signed frames that cannot both be of one history; `held` is null when it is kept no more. */
export interface Evidence {
  readonly height: number;
  readonly held: Uint8Array | null;
  readonly received: Uint8Array;
}

export interface IntakeOptions {
  readonly anchor: TrustAnchor;
  /** Hash of the last frame applied, and the height after it; or the identity and 0. */
  readonly parentHash: Uint8Array;
  readonly nextHeight: number;
  readonly sink: FrameSink;
  /** A frame that was applied earlier, if it is kept. */
  readonly recall?: (height: number) => Uint8Array | null;
  /** Called once. `evidence` is null when the sink refused. */
  readonly onHalt: (error: unknown, evidence: Evidence | null) => void;
  /** The queue has become half empty. */
  readonly onRoom: () => void;
}

/**
 * `next`: taken. `duplicate`, `gap`: verified, dropped. `refused`: the sender misbehaved, `error`
 * says how. `halted`: dropped, for this frame or an earlier event ended the intake.
 */
export type Verdict =
  | { readonly kind: 'next' | 'duplicate' | 'gap' | 'halted' }
  | { readonly kind: 'refused'; readonly error: DeltacastError };

export class FrameIntake {
  private readonly options: IntakeOptions;
  private readonly chain: FrameChain;
  private readonly queue: Frame[] = [];
  private queuedBytes = 0;
  private readonly recent = new Map<number, Uint8Array>();
  private recentBytes = 0;
  private isApplying = false;
  private isStopped = false;
  private appliedEnd: number;

  constructor(options: IntakeOptions) {
    this.options = options;
    this.chain = new FrameChain(options.parentHash, options.nextHeight);
    this.appliedEnd = options.nextHeight;
  }

  /** Height of the frame that would be taken next. */
  get nextHeight(): number {
    return this.chain.height;
  }

  /** Frames below this height are applied. */
  get appliedHeight(): number {
    return this.appliedEnd;
  }

  get isHalted(): boolean {
    return this.isStopped;
  }

  /** Bytes of frames that may still be offered; at 0 or below, none should. */
  get roomBytes(): number {
    return FOLLOW_QUEUE_BYTES_MAX - this.queuedBytes;
  }

  /** At most half full: worth asking for more. */
  get hasRoom(): boolean {
    return this.roomBytes >= FOLLOW_QUEUE_BYTES_MAX / 2;
  }

  /** Never throws for any bytes. @param bytes  kept; the caller does not change them */
  offer(bytes: Uint8Array): Verdict {
    if (this.isStopped) return { kind: 'halted' };
    let frame: Frame;
    try {
      frame = verifyFrame(bytes, this.options.anchor);
    } catch (error) {
      if (isDeltacastError(error)) return { kind: 'refused', error };
      throw error;
    }
    return this.place(frame);
  }

  /** Takes nothing any more; a frame that is being applied is still finished. */
  stop(): void {
    this.isStopped = true;
    this.queue.length = 0;
    this.queuedBytes = 0;
  }

  private place(frame: Frame): Verdict {
    try {
      const placement = this.chain.place(frame);
      if (placement === 'next') this.take(frame);
      return { kind: placement };
    } catch (error) {
      if (!isDeltacastError(error, 'FRAME_EQUIVOCATION')) throw error;
      const evidence = this.evidenceAgainst(frame);
      this.halt(error, evidence);
      return { kind: 'halted' };
    }
  }

  private take(frame: Frame): void {
    this.remember(frame);
    this.queue.push(frame);
    this.queuedBytes += costOf(frame.bytes);
    if (!this.isApplying) void this.applyAll();
  }

  /** One frame at a time; every way out leaves `isApplying` false. */
  private async applyAll(): Promise<void> {
    this.isApplying = true;
    let frame = this.queue.shift();
    while (frame !== undefined) {
      try {
        await this.options.sink.apply(frame);
      } catch (error) {
        this.halt(error, null);
        break;
      }
      this.appliedEnd = frame.height + 1;
      if (this.isStopped) break;
      const hadRoom = this.hasRoom;
      this.queuedBytes -= costOf(frame.bytes);
      if (!hadRoom && this.hasRoom) this.options.onRoom();
      frame = this.queue.shift();
    }
    this.isApplying = false;
  }

  private halt(error: unknown, evidence: Evidence | null): void {
    if (this.isStopped) return;
    this.stop();
    this.options.onHalt(error, evidence);
  }

  /** The other frame: the one held at its height, or its parent's place when that is the newest. */
  private evidenceAgainst(frame: Frame): Evidence {
    const height = frame.height < this.chain.height ? frame.height : frame.height - 1;
    const held = this.recent.get(height) ?? this.recall(height);
    return { height: frame.height, held, received: frame.bytes };
  }

  private recall(height: number): Uint8Array | null {
    if (height < 0) return null;
    try {
      return this.options.recall?.(height) ?? null;
    } catch {
      // Evidence that cannot be read must not keep the follower from halting.
      return null;
    }
  }

  private remember(frame: Frame): void {
    this.recent.set(frame.height, frame.bytes);
    this.recentBytes += costOf(frame.bytes);
    for (const [height, bytes] of this.recent) {
      if (this.recentBytes <= RECENT_BYTES_MAX) break;
      this.recent.delete(height);
      this.recentBytes -= costOf(bytes);
    }
  }
}

function costOf(bytes: Uint8Array): number {
  return bytes.length + FRAME_OVERHEAD_BYTES;
}

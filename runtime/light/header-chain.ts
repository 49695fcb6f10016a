/**
 * The headers that a light node holds: the newest ones, without a gap, each signed by the pinned
 * sequencer and the child of the one before. It begins wherever it is first told to: what it trusts
 * is the signature, and two signed histories end it.
 */
import { KIND_SEAL, type TrustAnchor, verifyFrame } from '../../net/p2p/frame.js';
import { equalBytes } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import { LIGHT_HEADERS_MAX } from '../../state/base/limits.js';
import { readHeader, type SignedHeader } from '../../state/signed-header.js';
import { decodeSeal } from '../wire.js';

export interface LightHeader extends Omit<SignedHeader, 'chainId'> {
  /** Of the frame: dense over all frames of the chain. */
  readonly height: number;
  readonly frame: Uint8Array;
}

/**
 * `next`: taken. `known`: held already. `older`: before all that are held. `gap`: not taken, some
 * in between are missing.
 */
export interface Offered {
  readonly kind: 'next' | 'known' | 'older' | 'gap';
  readonly header: LightHeader;
}

/** Thrown with both frames that cannot be of one history. */
export class Equivocation extends DeltacastError {
  readonly held: Uint8Array;
  readonly received: Uint8Array;

  constructor(held: LightHeader, received: LightHeader) {
    const { number } = received;
    super('FRAME_EQUIVOCATION', 'the sequencer signed two histories', { number });
    this.held = held.frame;
    this.received = received.frame;
  }
}

export class HeaderChain {
  private readonly anchor: TrustAnchor;
  private readonly headers = new Map<number, LightHeader>();
  private last: LightHeader | null = null;

  constructor(anchor: TrustAnchor) {
    this.anchor = anchor;
  }

  /** null before the first. */
  get tip(): LightHeader | null {
    return this.last;
  }

  get count(): number {
    return this.headers.size;
  }

  at(number: number): LightHeader | null {
    return this.headers.get(number) ?? null;
  }

  byHash(hash: Uint8Array): LightHeader | null {
    for (const header of this.headers.values()) if (equalBytes(header.hash, hash)) return header;
    return null;
  }

  /**
   * @param frame  bytes from anyone
   * @throws DeltacastError FRAME_MALFORMED, FRAME_OVERSIZED, FRAME_WRONG_CHAIN,
   *         FRAME_BAD_SIGNATURE: whoever sent it misbehaves
   * @throws Equivocation: the sequencer does
   */
  offer(frame: Uint8Array): Offered {
    const header = this.read(frame);
    const { last } = this;
    if (last === null || header.number > last.number + 1) return { kind: 'gap', header };
    if (header.number === last.number + 1) {
      if (!equalBytes(header.parentHash, last.hash)) throw new Equivocation(last, header);
      if (header.height <= last.height) throw new Equivocation(last, header);
      this.hold(header);
      return { kind: 'next', header };
    }
    const held = this.headers.get(header.number);
    if (held === undefined) return { kind: 'older', header };
    if (!equalBytes(held.hash, header.hash)) throw new Equivocation(held, header);
    return { kind: 'known', header: held };
  }

  /** Begins at a header that `offer` gave back, without those in between. */
  startAt(header: LightHeader): void {
    this.headers.clear();
    this.hold(header);
  }

  private hold(header: LightHeader): void {
    this.headers.set(header.number, header);
    this.headers.delete(header.number - LIGHT_HEADERS_MAX);
    this.last = header;
  }

  private read(bytes: Uint8Array): LightHeader {
    const { kind, body, chainId, height } = verifyFrame(bytes, this.anchor);
    if (kind !== KIND_SEAL) throw malformed('not the seal of a block');
    const { context, headerRlp } = decodeSeal(body, chainId);
    const header = readHeader(headerRlp);
    if (header.number !== context.number) throw malformed('another block than its header says');
    return { ...header, height, frame: bytes };
  }
}

function malformed(why: string): DeltacastError {
  return new DeltacastError('FRAME_MALFORMED', `malformed seal: ${why}`, { why });
}

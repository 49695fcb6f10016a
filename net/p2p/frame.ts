/**
 * The frame: what the sequencer signs, logs and publishes, one for each mini-block and each sealed
 * block. A fixed header, its signature, then the body; everything is checked on the raw bytes,
 * before anything of the body is decoded. Little-endian: magic u32, version u16, kind u16, chain
 * id u64, height u64, timestamp (ms) u64, body length u32, 4 spare, parent hash (32), body hash
 * (32).
 */
import { concatBytes, equalBytes } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import { FRAME_BYTES_MAX } from '../../state/base/limits.js';
import { hashOf, isSignedBy, SIGNATURE_BYTES, type Signer } from './keys.js';

export const FRAME_HEADER_BYTES = 104;
export const FRAME_BODY_AT = FRAME_HEADER_BYTES + SIGNATURE_BYTES;
export const PROTOCOL_VERSION = 1;
const MAGIC = 0x5246_4344;

export const KIND_MINI_BLOCK = 1;
export const KIND_SEAL = 2;
/** A block without transactions, told where a later one has some before it is sealed. */
export const KIND_BLOCK = 3;
export type FrameKind = typeof KIND_MINI_BLOCK | typeof KIND_SEAL | typeof KIND_BLOCK;

export interface FrameFields {
  readonly kind: FrameKind;
  readonly chainId: number;
  /** Dense over all kinds, from 0. */
  readonly height: number;
  readonly timestampMs: number;
  /** Hash of the frame before; of frame 0, the chain's identity. */
  readonly parentHash: Uint8Array;
  readonly body: Uint8Array;
}

export interface Frame extends FrameFields {
  /** Of the header; the header holds the body's hash, so it is the whole frame's. */
  readonly hash: Uint8Array;
  readonly signature: Uint8Array;
  readonly bytes: Uint8Array;
}

/**
 * The frame that its signer need not take apart again: to hash the body is most of either.
 * @throws DeltacastError FRAME_OVERSIZED
 */
export function signFrame(fields: FrameFields, signer: Signer): Frame {
  const { body } = fields;
  if (body.length > FRAME_BYTES_MAX) {
    throw new DeltacastError('FRAME_OVERSIZED', 'a frame is too large', { bytes: body.length });
  }
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, PROTOCOL_VERSION, true);
  view.setUint16(6, fields.kind, true);
  view.setBigUint64(8, BigInt(fields.chainId), true);
  view.setBigUint64(16, BigInt(fields.height), true);
  view.setBigUint64(24, BigInt(fields.timestampMs), true);
  view.setUint32(32, body.length, true);
  header.set(fields.parentHash, 40);
  header.set(hashOf(body), 72);
  const signature = signer.sign(header);
  const bytes = concatBytes(header, signature, body);
  return { ...fields, body: bytes.subarray(FRAME_BODY_AT), hash: hashOf(header), signature, bytes };
}

/**
 * Takes a frame apart and checks all that can be checked without knowing the sender.
 * @throws DeltacastError FRAME_MALFORMED, FRAME_OVERSIZED
 */
export function parseFrame(bytes: Uint8Array): Frame {
  if (bytes.length < FRAME_BODY_AT) throw malformed('shorter than a header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw malformed('no frame magic');
  if (view.getUint16(4, true) !== PROTOCOL_VERSION) throw malformed('another protocol version');
  const kind = view.getUint16(6, true);
  if (kind !== KIND_MINI_BLOCK && kind !== KIND_SEAL && kind !== KIND_BLOCK) {
    throw malformed('unknown kind');
  }
  const length = view.getUint32(32, true);
  if (length > FRAME_BYTES_MAX) {
    throw new DeltacastError('FRAME_OVERSIZED', 'a frame claims too many bytes', { bytes: length });
  }
  if (FRAME_BODY_AT + length !== bytes.length) throw malformed('length differs from its claim');
  if (view.getUint32(36, true) !== 0) throw malformed('spare bytes are not zero');
  const body = bytes.subarray(FRAME_BODY_AT);
  if (!equalBytes(hashOf(body), bytes.subarray(72, 104))) throw malformed('body hash differs');
  return {
    kind,
    chainId: u53(view, 8),
    height: u53(view, 16),
    timestampMs: u53(view, 24),
    parentHash: bytes.slice(40, 72),
    body,
    hash: hashOf(bytes.subarray(0, FRAME_HEADER_BYTES)),
    signature: bytes.slice(FRAME_HEADER_BYTES, FRAME_BODY_AT),
    bytes,
  };
}

/** Whom a follower trusts; both values come from its own configuration. */
export interface TrustAnchor {
  readonly chainId: number;
  readonly publicKey: Uint8Array;
}

/**
 * Parses a frame and checks that the pinned sequencer signed it for this chain.
 * @throws DeltacastError FRAME_MALFORMED, FRAME_OVERSIZED, FRAME_WRONG_CHAIN, FRAME_BAD_SIGNATURE
 */
export function verifyFrame(bytes: Uint8Array, anchor: TrustAnchor): Frame {
  const frame = parseFrame(bytes);
  if (frame.chainId !== anchor.chainId) {
    throw new DeltacastError('FRAME_WRONG_CHAIN', 'a frame of another chain', {
      expected: anchor.chainId,
      received: frame.chainId,
    });
  }
  const header = bytes.subarray(0, FRAME_HEADER_BYTES);
  if (!isSignedBy(header, frame.signature, anchor.publicKey)) {
    throw new DeltacastError('FRAME_BAD_SIGNATURE', 'a frame is not signed by the sequencer');
  }
  return frame;
}

/** What to do with a verified frame. */
export type Placement = 'next' | 'duplicate' | 'gap';

/** The order of frames: height by height, each naming the one before by its hash. */
export class FrameChain {
  private nextHeight: number;
  private parentHash: Uint8Array;
  /** Hashes of the last frames, to tell a duplicate from an equivocation. */
  private readonly recent = new Map<number, Uint8Array>();

  /**
   * @param parentHash  of the next frame: the hash of the last one held, or the chain's identity
   * @param nextHeight  where to go on; 0 for a new chain
   */
  constructor(parentHash: Uint8Array, nextHeight = 0) {
    this.parentHash = parentHash;
    this.nextHeight = nextHeight;
  }

  /** Height that the next frame must have. */
  get height(): number {
    return this.nextHeight;
  }

  /**
   * Says where a verified frame belongs; `next` moves the chain on.
   * @throws DeltacastError FRAME_EQUIVOCATION: two different signed frames at one height, or one
   *   that
   *         names another parent. The caller stops and keeps both.
   */
  place(frame: Frame): Placement {
    if (frame.height > this.nextHeight) return 'gap';
    if (frame.height < this.nextHeight) {
      const known = this.recent.get(frame.height);
      if (known !== undefined && !equalBytes(known, frame.hash)) throw equivocation(frame.height);
      return 'duplicate';
    }
    if (!equalBytes(frame.parentHash, this.parentHash)) throw equivocation(frame.height);
    this.recent.set(frame.height, frame.hash);
    this.recent.delete(frame.height - RECENT_FRAMES_MAX);
    this.parentHash = frame.hash;
    this.nextHeight += 1;
    return 'next';
  }
}

/** Ten seconds of mini-blocks under load; an older duplicate is ignored without a comparison. */
const RECENT_FRAMES_MAX = 1_024;

function equivocation(height: number): DeltacastError {
  return new DeltacastError('FRAME_EQUIVOCATION', 'the sequencer signed two histories', { height });
}

function malformed(why: string): DeltacastError {
  return new DeltacastError('FRAME_MALFORMED', `malformed frame: ${why}`, { why });
}

function u53(view: DataView, offset: number): number {
  const value = view.getBigUint64(offset, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed('a number above 2^53');
  return Number(value);
}

/**
 * A sealed block's header as the sequencer signed it: the frame of its seal (ARCHITECTURE.md, "The
 * signed header"). Checked and read here without anything of Node's, for verifiers in a browser; a
 * node itself uses net/p2p/frame.ts, and a test holds the two together.
 */
import { blake2b } from '@noble/hashes/blake2.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { DeltacastError } from './base/errors.js';

/** Signed part, signature, body. */
const HEADER_BYTES = 104;
const BODY_AT = 168;
const MAGIC = 0x5246_4344;
const FRAME_VERSION = 1;
const KIND_SEAL = 2;
/** Header and context of a block have less than 1 KiB. */
const BODY_BYTES_MAX = 64 * 1024;
/** Columns of a seal's body; the header's RLP is the last one. */
const SEAL_COLUMNS = 12;
/** Places in the list that a header's RLP is. */
const PARENT_HASH = 0;
const STATE_ROOT = 3;
const NUMBER = 8;
const TIMESTAMP = 11;

export interface SignedHeader {
  readonly chainId: number;
  readonly number: number;
  /** Seconds since the Unix epoch. */
  readonly timestamp: number;
  /** keccak256 of the RLP: the block's hash; 32 bytes, as the next two. */
  readonly hash: Uint8Array;
  readonly parentHash: Uint8Array;
  readonly stateRoot: Uint8Array;
  /** Ethereum's encoding. */
  readonly rlp: Uint8Array;
}

/** Whose headers are believed. */
export interface HeaderAuthority {
  readonly chainId: number;
  /** The sequencer's Ed25519 key, 32 bytes. */
  readonly sequencerKey: Uint8Array;
}

/**
 * Checks that the sequencer signed this header for this chain, and reads it.
 * @param frame  bytes from anyone: as deltacast_getSignedHeader gives them
 * @throws DeltacastError FRAME_MALFORMED, FRAME_WRONG_CHAIN, FRAME_BAD_SIGNATURE
 */
export async function verifySignedHeader(
  frame: Uint8Array,
  { chainId, sequencerKey }: HeaderAuthority,
): Promise<SignedHeader> {
  const body = checkFrame(frame, chainId);
  const signed = Uint8Array.from(frame.subarray(0, HEADER_BYTES));
  const signature = Uint8Array.from(frame.subarray(HEADER_BYTES, BODY_AT));
  if (!(await isSigned(signed, signature, Uint8Array.from(sequencerKey)))) {
    throw new DeltacastError('FRAME_BAD_SIGNATURE', 'the header is not signed by the sequencer');
  }
  return { chainId, ...readHeader(lastColumn(body)) };
}

/** What a header's RLP says. @throws DeltacastError FRAME_MALFORMED */
export function readHeader(rlp: Uint8Array): Omit<SignedHeader, 'chainId'> {
  const items = rlpItems(rlp);
  const hash = (index: number): Uint8Array => {
    const item = items[index];
    if (item?.length !== 32) throw malformed('a hash in a header has 32 bytes');
    return item;
  };
  return {
    number: uint(items[NUMBER]),
    timestamp: uint(items[TIMESTAMP]),
    hash: keccak_256(rlp),
    parentHash: hash(PARENT_HASH),
    stateRoot: hash(STATE_ROOT),
    rlp,
  };
}

/** All that the signature rests on. @returns the body */
function checkFrame(frame: Uint8Array, chainId: number): Uint8Array {
  if (frame.length <= BODY_AT || frame.length > BODY_AT + BODY_BYTES_MAX) {
    throw malformed('no header has that length');
  }
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const isSeal =
    view.getUint32(0, true) === MAGIC &&
    view.getUint16(4, true) === FRAME_VERSION &&
    view.getUint16(6, true) === KIND_SEAL;
  if (!isSeal) throw malformed('not the seal of a block');
  if (view.getBigUint64(8, true) !== BigInt(chainId)) {
    throw new DeltacastError('FRAME_WRONG_CHAIN', 'a header of another chain', { chainId });
  }
  const body = frame.subarray(BODY_AT);
  if (view.getUint32(32, true) !== body.length) throw malformed('length differs from its claim');
  const bodyHash = blake2b(body, { dkLen: 32 });
  if (!bodyHash.every((byte, index) => byte === frame[72 + index])) {
    throw malformed('body hash differs');
  }
  return body;
}

/** WebCrypto has Ed25519 in Node 20 and in browsers since 2025. */
async function isSigned(
  message: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  publicKey: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  if (publicKey.length !== 32) throw malformed('a key has 32 bytes');
  const { subtle } = globalThis.crypto;
  const key = await subtle.importKey('raw', publicKey, { name: 'Ed25519' }, false, ['verify']);
  return subtle.verify({ name: 'Ed25519' }, key, signature, message);
}

/** The last of the msgpack columns of a seal. */
function lastColumn(body: Uint8Array): Uint8Array {
  if (body[0] !== 0x90 + SEAL_COLUMNS) throw malformed('not the columns of a seal');
  let at = 1;
  let column = body.subarray(0, 0);
  for (let index = 0; index < SEAL_COLUMNS; index += 1) {
    const { start, end } = columnAt(body, at);
    if (end > body.length) throw malformed('a column is cut off');
    column = body.subarray(start, end);
    at = end;
  }
  if (at !== body.length) throw malformed('bytes after the last column');
  return column;
}

/** msgpack: small and sized unsigned integers, and byte strings. */
function columnAt(body: Uint8Array, at: number): { start: number; end: number } {
  const tag = body[at] ?? 0xff;
  if (tag < 0x80) return { start: at, end: at + 1 };
  const sizes: Readonly<Record<number, number>> = { 204: 1, 205: 2, 206: 4, 207: 8, 211: 8 };
  const size = sizes[tag];
  if (size !== undefined) return { start: at + 1, end: at + 1 + size };
  const lengths: Readonly<Record<number, number>> = { 196: 1, 197: 2, 198: 4 };
  const lengthBytes = lengths[tag];
  if (lengthBytes === undefined) throw malformed('a column of another type');
  const start = at + 1 + lengthBytes;
  return { start, end: start + bigEndian(body.subarray(at + 1, start)) };
}

/** The byte strings in an RLP list that holds nothing else. */
function rlpItems(rlp: Uint8Array): Uint8Array[] {
  const list = rlpAt(rlp, 0);
  if (!list.isList || list.end !== rlp.length) throw malformed('a header is one list');
  const items: Uint8Array[] = [];
  for (let at = list.start; at < list.end; ) {
    const { isList, start, end } = rlpAt(rlp, at);
    if (isList || end > list.end) throw malformed('a header holds byte strings');
    items.push(rlp.subarray(start, end));
    at = end;
  }
  return items;
}

function rlpAt(rlp: Uint8Array, at: number): { isList: boolean; start: number; end: number } {
  const tag = rlp[at];
  if (tag === undefined) throw malformed('a header is cut off');
  if (tag < 0x80) return { isList: false, start: at, end: at + 1 };
  const isList = tag >= 0xc0;
  const short = tag - (isList ? 0xc0 : 0x80);
  const lengthBytes = Math.max(0, short - 55);
  const start = at + 1 + lengthBytes;
  const length = lengthBytes === 0 ? short : bigEndian(rlp.subarray(at + 1, start));
  if (start + length > rlp.length) throw malformed('a header is cut off');
  return { isList, start, end: start + length };
}

function uint(item: Uint8Array | undefined): number {
  if (item === undefined || item.length > 6) throw malformed('a number is missing or too large');
  return bigEndian(item);
}

/** At most six bytes, or a length that is refused. */
function bigEndian(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return value;
}

function malformed(why: string): DeltacastError {
  return new DeltacastError('FRAME_MALFORMED', `malformed header: ${why}`, { why });
}

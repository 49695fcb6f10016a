/**
 * One record of the log: a 64-byte header, then the payload. Little-endian: magic u32, version
 * u16, kind u16, payload length u32, CRC-32 u32, record number u64, 8 spare bytes, chain hash
 * (32). The CRC covers header (without itself) and payload, so that a record can be judged alone:
 * it tells a torn tail from a corrupt middle. The chain hash is SHA-256 of the chain hash before,
 * the header's first 32 bytes (CRC as zero) and the payload: it ties the record to all before it.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { equalBytes } from './base/bytes.js';
import { FRAME_BYTES_MAX } from './base/limits.js';

export const RECORD_HEADER_BYTES = 64;
export const LOG_VERSION = 1;
const MAGIC = 0x474f_4c44;
/** A frame with its header and signature. */
export const PAYLOAD_BYTES_MAX = FRAME_BYTES_MAX + 4096;
export const GENESIS_CHAIN = new Uint8Array(32);

export interface LogRecord {
  readonly number: number;
  readonly kind: number;
  readonly payload: Uint8Array;
  readonly chain: Uint8Array;
}

export function encodeRecord(
  number: number,
  kind: number,
  payload: Uint8Array,
  previousChain: Uint8Array,
): { bytes: Uint8Array; chain: Uint8Array } {
  const bytes = new Uint8Array(RECORD_HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, LOG_VERSION, true);
  view.setUint16(6, kind, true);
  view.setUint32(8, payload.length, true);
  view.setBigUint64(16, BigInt(number), true);
  bytes.set(payload, RECORD_HEADER_BYTES);
  const chain = chainOf(bytes, previousChain);
  bytes.set(chain, 32);
  view.setUint32(12, crc32(bytes), true);
  return { bytes, chain };
}

export type Judgement =
  | { readonly is: 'good'; readonly record: LogRecord; readonly end: number }
  /** Not a whole record: what a crash leaves at the end. */
  | { readonly is: 'bad'; readonly why: string }
  | { readonly is: 'version'; readonly version: number };

/** Judges the bytes at `offset` as one record, by itself; its chain is for `continues` to check. */
export function judgeRecord(bytes: Uint8Array, offset: number): Judgement {
  if (offset + RECORD_HEADER_BYTES > bytes.length) return { is: 'bad', why: 'short header' };
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset);
  if (view.getUint32(0, true) !== MAGIC) return { is: 'bad', why: 'no record magic' };
  const version = view.getUint16(4, true);
  const length = view.getUint32(8, true);
  if (length > PAYLOAD_BYTES_MAX) return { is: 'bad', why: 'impossible length' };
  const end = offset + RECORD_HEADER_BYTES + length;
  if (end > bytes.length) return { is: 'bad', why: 'short payload' };
  const copy = bytes.slice(offset, end);
  copy.fill(0, 12, 16);
  if (crc32(copy) !== view.getUint32(12, true)) return { is: 'bad', why: 'CRC differs' };
  if (version !== LOG_VERSION) return { is: 'version', version };
  const record = {
    number: Number(view.getBigUint64(16, true)),
    kind: view.getUint16(6, true),
    payload: copy.subarray(RECORD_HEADER_BYTES),
    chain: copy.slice(32, 64),
  };
  return { is: 'good', record, end };
}

/** True where the record at `offset` follows a record with this chain hash. */
export function continues(
  bytes: Uint8Array,
  offset: number,
  end: number,
  previousChain: Uint8Array,
): boolean {
  const copy = bytes.slice(offset, end);
  const stored = copy.slice(32, 64);
  copy.fill(0, 12, 16);
  return equalBytes(chainOf(copy, previousChain), stored);
}

function chainOf(record: Uint8Array, previousChain: Uint8Array): Uint8Array {
  return new Uint8Array(
    createHash('sha256')
      .update(previousChain)
      .update(record.subarray(0, 32))
      .update(record.subarray(RECORD_HEADER_BYTES))
      .digest(),
  );
}

/** The head mark: what is known to be on the medium. Two copies, written in turn. */
export interface HeadMark {
  /** Number of the last synced record. */
  readonly number: number;
  readonly chain: Uint8Array;
}

export const MARK_BYTES = 64;

export function encodeMark(mark: HeadMark): Uint8Array {
  const bytes = new Uint8Array(MARK_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setBigUint64(8, BigInt(mark.number), true);
  bytes.set(mark.chain, 16);
  view.setUint32(4, crc32(bytes), true);
  return bytes;
}

/** The newer good copy, or null where there is none. */
export function readMarks(bytes: Uint8Array): HeadMark | null {
  let best: HeadMark | null = null;
  for (const at of [0, MARK_BYTES]) {
    if (bytes.length < at + MARK_BYTES) break;
    const copy = bytes.slice(at, at + MARK_BYTES);
    const view = new DataView(copy.buffer);
    const crc = view.getUint32(4, true);
    copy.fill(0, 4, 8);
    if (view.getUint32(0, true) !== MAGIC || crc32(copy) !== crc) continue;
    const mark = { number: Number(view.getBigUint64(8, true)), chain: copy.slice(16, 48) };
    if (best === null || mark.number > best.number) best = mark;
  }
  return best;
}

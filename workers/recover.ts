/**
 * Decoding and sender recovery of many transactions in one task of a thread, and the two buffers
 * that cross: in, each raw transaction with its length before it; out, for each a tag, a length and
 * either the transaction record or the error as JSON. Lengths are u32, little-endian.
 */
import { assert } from '../state/base/assert.js';
import { DeltacastError, type ErrorCode, type ErrorDetails } from '../state/base/errors.js';
import { type DecodeRules, decodeSigned } from './decode.js';
import { TransactionRecord } from './record.js';

const LENGTH_BYTES = 4;
const TAG_RECORD = 1;
const TAG_ERROR = 2;

export interface RecoverTask {
  readonly rules: DecodeRules;
  /** As `packRaws` makes it; transferred. */
  readonly raws: ArrayBuffer;
}

/** What became of one transaction. */
export type Recovered = TransactionRecord | DeltacastError;

export function packRaws(raws: readonly Uint8Array[]): ArrayBuffer {
  const length = raws.reduce((sum, raw) => sum + LENGTH_BYTES + raw.length, 0);
  const buffer = new ArrayBuffer(length);
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  let at = 0;
  for (const raw of raws) {
    view.setUint32(at, raw.length, true);
    bytes.set(raw, at + LENGTH_BYTES);
    at += LENGTH_BYTES + raw.length;
  }
  return buffer;
}

/** In the thread: decodes and recovers all. Never throws for what a transaction holds. */
export function recoverAll({ rules, raws }: RecoverTask): ArrayBuffer {
  const parts: { tag: number; bytes: Uint8Array }[] = [];
  for (const raw of unpackRaws(raws)) parts.push(recoverOne(raw, rules));
  const length = parts.reduce((sum, { bytes }) => sum + 1 + LENGTH_BYTES + bytes.length, 0);
  const buffer = new ArrayBuffer(length);
  const out = new Uint8Array(buffer);
  const view = new DataView(buffer);
  let at = 0;
  for (const { tag, bytes } of parts) {
    view.setUint8(at, tag);
    view.setUint32(at + 1, bytes.length, true);
    out.set(bytes, at + 1 + LENGTH_BYTES);
    at += 1 + LENGTH_BYTES + bytes.length;
  }
  return buffer;
}

/** On the calling thread: the same for one. */
export function recoverHere(raw: Uint8Array, rules: DecodeRules): Recovered {
  const { tag, bytes } = recoverOne(raw, rules);
  return tag === TAG_RECORD ? new TransactionRecord(bytes) : errorOf(bytes);
}

/** The answers of `recoverAll`; records are copies, so that one does not keep all of them alive. */
export function unpackRecovered(buffer: ArrayBuffer): Recovered[] {
  const recovered: Recovered[] = [];
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  for (let at = 0; at < bytes.length; ) {
    const tag = view.getUint8(at);
    const start = at + 1 + LENGTH_BYTES;
    at = start + view.getUint32(at + 1, true);
    assert(at <= bytes.length && (tag === TAG_RECORD || tag === TAG_ERROR), 'our own format');
    const part = bytes.slice(start, at);
    recovered.push(tag === TAG_RECORD ? new TransactionRecord(part) : errorOf(part));
  }
  return recovered;
}

function* unpackRaws(buffer: ArrayBuffer): IterableIterator<Uint8Array> {
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  for (let at = 0; at < bytes.length; ) {
    const start = at + LENGTH_BYTES;
    at = start + view.getUint32(at, true);
    yield bytes.subarray(start, at);
  }
}

function recoverOne(raw: Uint8Array, rules: DecodeRules): { tag: number; bytes: Uint8Array } {
  try {
    return { tag: TAG_RECORD, bytes: decodeSigned(raw, rules) };
  } catch (error) {
    const known = error instanceof DeltacastError ? error : undefined;
    const message = error instanceof Error ? error.message : String(error);
    // Anything but a typed error is a fault of ours that these bytes found: refuse them, go on.
    const plain = {
      code: known?.code ?? 'EXECUTION_FAULT',
      message,
      details: known?.details ?? {},
    };
    return { tag: TAG_ERROR, bytes: new Uint8Array(Buffer.from(JSON.stringify(plain))) };
  }
}

function errorOf(bytes: Uint8Array): DeltacastError {
  const plain = JSON.parse(Buffer.from(bytes).toString()) as {
    code: ErrorCode;
    message: string;
    details: ErrorDetails;
  };
  return new DeltacastError(plain.code, plain.message, plain.details);
}

/**
 * The outcome record: all that executing one transaction gave, as bytes that any thread can
 * validate and commit. Layout, little-endian: length u32, status u8, reason u8, 2 spare, gasUsed
 * u64, fee delta (32, big-endian word), created address flag u8 + 20 bytes, then five counted
 * lists: reads, writes, codes, logs, output. Words, addresses and slots are big-endian as in the
 * EVM.
 */

import type { CellKind } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { uint32At } from './record.js';

export const STATUS_FAILED = 0;
export const STATUS_OK = 1;
/** Not includable: nothing happened, no gas was paid. */
export const STATUS_INVALID = 2;
/** The engine can answer only at the commit head. */
export const STATUS_NEEDS_HEAD = 3;
/** The engine itself broke; the transaction is not includable. */
export const STATUS_FAULT = 4;
export type OutcomeStatus = 0 | 1 | 2 | 3 | 4;

/** Why a transaction is not includable; the index is the reason byte. */
export const INVALID_REASONS = [
  'TX_INVALID',
  'TX_NONCE_TOO_LOW',
  'TX_NONCE_TOO_HIGH',
  'TX_INSUFFICIENT_FUNDS',
  'TX_FEE_TOO_LOW',
  'TX_GAS_TOO_LOW',
  'TX_GAS_TOO_HIGH',
  'TX_SENDER_NOT_EOA',
  'TX_TYPE_UNSUPPORTED',
  'TX_INITCODE_TOO_LARGE',
  'EXECUTION_FAULT',
] as const;
export type InvalidReason = (typeof INVALID_REASONS)[number];

export interface CellRead {
  readonly kind: CellKind;
  readonly address: Uint8Array;
  readonly slot: Uint8Array | null;
  /** 0 where the key was absent. */
  readonly version: number;
}

export interface CellWrite {
  readonly kind: CellKind;
  readonly address: Uint8Array;
  readonly slot: Uint8Array | null;
  /** 32 bytes big-endian. */
  readonly value: Uint8Array;
}

export interface OutcomeLog {
  readonly address: Uint8Array;
  readonly topics: readonly Uint8Array[];
  readonly data: Uint8Array;
}

export interface Outcome {
  readonly status: OutcomeStatus;
  readonly reason: InvalidReason;
  readonly gasUsed: number;
  /** Wei for the coinbase, to be added blindly at commit. */
  readonly feeDelta: bigint;
  readonly created: Uint8Array | null;
  readonly reads: readonly CellRead[];
  /** Sorted by address, kind, slot: interning follows this order on every node. */
  readonly writes: readonly CellWrite[];
  readonly codes: readonly { readonly hash: Uint8Array; readonly bytes: Uint8Array }[];
  readonly logs: readonly OutcomeLog[];
  readonly output: Uint8Array;
}

export const EMPTY_OUTCOME: Outcome = {
  status: STATUS_INVALID,
  reason: 'TX_INVALID',
  gasUsed: 0,
  feeDelta: 0n,
  created: null,
  reads: [],
  writes: [],
  codes: [],
  logs: [],
  output: new Uint8Array(0),
};

/** Where a record has its status. */
export const STATUS_AT = 4;
const HEAD_BYTES = 16 + 32 + 21;
const EMPTY = new Uint8Array(0);

/** Appends to a fixed buffer; past its end it only counts, so that the caller learns the need. */
class Writer {
  length = 0;
  private readonly out: Uint8Array;
  private readonly view: DataView;

  constructor(out: Uint8Array) {
    this.out = out;
    this.view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  }

  get fits(): boolean {
    return this.length <= this.out.length;
  }

  u8(value: number): void {
    if (this.length + 1 <= this.out.length) this.out[this.length] = value;
    this.length += 1;
  }

  u32(value: number): void {
    if (this.length + 4 <= this.out.length) this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  u64(value: number): void {
    if (this.length + 8 <= this.out.length) {
      this.view.setBigUint64(this.length, BigInt(value), true);
    }
    this.length += 8;
  }

  bytes(value: Uint8Array): void {
    if (this.length + value.length <= this.out.length) this.out.set(value, this.length);
    this.length += value.length;
  }

  counted(value: Uint8Array): void {
    this.u32(value.length);
    this.bytes(value);
  }
}

/** @returns bytes written, or -1 where `out` is too small (its content is undefined then) */
export function writeOutcome(outcome: Outcome, out: Uint8Array): number {
  const writer = new Writer(out);
  writer.u32(0);
  writer.u8(outcome.status);
  writer.u8(INVALID_REASONS.indexOf(outcome.reason));
  writer.u8(0);
  writer.u8(0);
  writer.u64(outcome.gasUsed);
  writer.bytes(Buffer.from(outcome.feeDelta.toString(16).padStart(64, '0'), 'hex'));
  writer.u8(outcome.created === null ? 0 : 1);
  writer.bytes(outcome.created ?? new Uint8Array(20));
  writer.u32(outcome.reads.length);
  for (const read of outcome.reads) {
    writeKey(writer, read);
    writer.u64(read.version);
  }
  writer.u32(outcome.writes.length);
  for (const write of outcome.writes) {
    writeKey(writer, write);
    writer.bytes(write.value);
  }
  writer.u32(outcome.codes.length);
  for (const { hash, bytes } of outcome.codes) {
    writer.bytes(hash);
    writer.counted(bytes);
  }
  writer.u32(outcome.logs.length);
  for (const log of outcome.logs) {
    writer.bytes(log.address);
    writer.u8(log.topics.length);
    for (const topic of log.topics) writer.bytes(topic);
    writer.counted(log.data);
  }
  writer.counted(outcome.output);
  if (!writer.fits) return -1;
  new DataView(out.buffer, out.byteOffset).setUint32(0, writer.length, true);
  return writer.length;
}

/** The status of an outcome record, read where it lies. */
export function statusOf(record: Uint8Array): OutcomeStatus {
  return (record[STATUS_AT] ?? STATUS_FAULT) as OutcomeStatus;
}

/** Why an outcome record is not included. */
export function reasonOf(record: Uint8Array): InvalidReason {
  return INVALID_REASONS[record[STATUS_AT + 1] ?? 0] ?? 'TX_INVALID';
}

/**
 * What a receipt needs of an outcome record, read where it lies.
 * @returns logs  the log entries without their count; a view of the record
 */
export function receiptPartsOf(record: Uint8Array): {
  readonly status: number;
  readonly gasUsed: number;
  readonly logs: Uint8Array;
} {
  const end = record.length;
  let at = afterKeys(record, HEAD_BYTES, 8);
  at = afterKeys(record, at, 32);
  const codes = uint32At(record, at);
  at += 4;
  for (let left = codes; left > 0 && at < end; left -= 1) at += 36 + uint32At(record, at + 32);
  const logs = uint32At(record, at);
  const start = at + 4;
  at = start;
  for (let left = logs; left > 0 && at < end; left -= 1) {
    at += 21 + (record[at + 20] ?? 0) * 32;
    at += 4 + uint32At(record, at);
  }
  assert(at <= end, 'an outcome record is whole');
  return {
    status: statusOf(record),
    gasUsed: uint32At(record, 8) + uint32At(record, 12) * 2 ** 32,
    logs: record.subarray(start, at),
  };
}

/** @returns the offset after a counted list of keys, each followed by `valueBytes` */
function afterKeys(record: Uint8Array, list: number, valueBytes: number): number {
  let at = list + 4;
  for (let left = uint32At(record, list); left > 0 && at < record.length; left -= 1) {
    at += (record[at] === 3 ? 53 : 21) + valueBytes;
  }
  return at;
}

function writeKey(writer: Writer, key: Omit<CellRead, 'version'>): void {
  writer.u8(key.kind);
  writer.bytes(key.address);
  if (key.slot !== null) writer.bytes(key.slot);
}

/** Reads an outcome record; everything is copied out, so the record's place may be reused. */
export function readOutcome(record: Uint8Array): Outcome {
  const reader = new Reader(record);
  const length = reader.u32();
  assert(length >= HEAD_BYTES && length <= record.length, 'an outcome record knows its length');
  const status = reader.u8() as OutcomeStatus;
  const reason = INVALID_REASONS[reader.u8()];
  assert(reason !== undefined && status <= STATUS_FAULT, 'status and reason are known');
  reader.bytes(2);
  return {
    status,
    reason,
    gasUsed: reader.u64(),
    feeDelta: BigInt(`0x${Buffer.from(reader.bytes(32)).toString('hex')}`),
    created: reader.flagged(20),
    reads: reader.list(() => ({ ...reader.key(), version: reader.u64() })),
    writes: reader.list(() => ({ ...reader.key(), value: reader.bytes(32) })),
    codes: reader.list(() => ({ hash: reader.bytes(32), bytes: reader.counted() })),
    logs: reader.list(() => reader.log()),
    output: reader.counted(),
  };
}

class Reader {
  private offset = 0;
  private readonly record: Uint8Array;
  private readonly view: DataView;

  constructor(record: Uint8Array) {
    this.record = record;
    this.view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  }

  u8(): number {
    return this.view.getUint8(this.offset++);
  }

  u32(): number {
    this.offset += 4;
    return this.view.getUint32(this.offset - 4, true);
  }

  u64(): number {
    this.offset += 8;
    return Number(this.view.getBigUint64(this.offset - 8, true));
  }

  bytes(count: number): Uint8Array {
    this.offset += count;
    assert(this.offset <= this.record.length, 'an outcome record is whole');
    return count === 0 ? EMPTY : this.record.slice(this.offset - count, this.offset);
  }

  counted(): Uint8Array {
    return this.bytes(this.u32());
  }

  flagged(count: number): Uint8Array | null {
    const present = this.u8() === 1;
    const value = this.bytes(count);
    return present ? value : null;
  }

  key(): { kind: CellKind; address: Uint8Array; slot: Uint8Array | null } {
    const kind = this.u8() as CellKind;
    return { kind, address: this.bytes(20), slot: kind === 3 ? this.bytes(32) : null };
  }

  log(): OutcomeLog {
    const address = this.bytes(20);
    const topics = Array.from({ length: this.u8() }, () => this.bytes(32));
    return { address, topics, data: this.counted() };
  }

  list<Item>(read: () => Item): Item[] {
    return Array.from({ length: this.u32() }, read);
  }
}

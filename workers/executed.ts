/**
 * The transactions of a mini-block after execution, as columns: a few large buffers instead of
 * thousands of small objects. They are what a frame carries, what history keeps and what sealing
 * hashes; a receipt is made from them when somebody asks. Log entries are as in an outcome record:
 * address (20), topic count u8, topics (32 each), data length u32, data.
 */

import { assert } from '../state/base/assert.js';
import { concatBytes } from '../state/base/bytes.js';
import { keccak256 } from '../state/base/keccak.js';
import { type OutcomeLog, receiptPartsOf } from './outcome.js';
import { RECORD_HASH, RECORD_SENDER, rawOf } from './record.js';

export interface ExecutedColumns {
  readonly count: number;
  /** Signed EIP-2718 envelopes one after the other, and where each ends. */
  readonly raws: Uint8Array;
  readonly rawEnds: Uint32Array;
  /** keccak256 of each envelope, 32 bytes each. */
  readonly hashes: Uint8Array;
  /** 20 bytes each. */
  readonly senders: Uint8Array;
  /** 1 success, 0 failure (EIP-658). */
  readonly statuses: Uint8Array;
  /** Gas of each transaction alone, after refunds. */
  readonly gasUsed: Float64Array;
  readonly logs: Uint8Array;
  readonly logEnds: Uint32Array;
}

const TOPIC_BYTES = 32;
const ADDRESS_BYTES = 20;
export const HASH_BYTES = 32;

/** Collects included transactions in block order. */
export class ExecutedBuilder {
  private readonly records: Uint8Array[] = [];
  private readonly statuses: number[] = [];
  private readonly gasUsed: number[] = [];
  private readonly logs: Uint8Array[] = [];

  /** @param record,outcome  bytes of a transaction record and of its outcome record */
  add(record: Uint8Array, outcome: Uint8Array): void {
    const { status, gasUsed, logs } = receiptPartsOf(outcome);
    this.records.push(record);
    this.statuses.push(status);
    this.gasUsed.push(gasUsed);
    this.logs.push(logs);
  }

  build(): ExecutedColumns {
    const raws = this.records.map(rawOf);
    return {
      count: this.records.length,
      raws: concatBytes(...raws),
      rawEnds: endsOf(raws),
      hashes: fieldsOf(this.records, RECORD_HASH, HASH_BYTES),
      senders: fieldsOf(this.records, RECORD_SENDER, ADDRESS_BYTES),
      statuses: Uint8Array.from(this.statuses),
      gasUsed: Float64Array.from(this.gasUsed),
      logs: concatBytes(...this.logs),
      logEnds: endsOf(this.logs),
    };
  }
}

export const NO_TRANSACTIONS: ExecutedColumns = new ExecutedBuilder().build();

export function rawAt({ raws, rawEnds }: ExecutedColumns, index: number): Uint8Array {
  return part(raws, rawEnds, index);
}

/** 32 bytes. */
export function hashAt({ hashes }: ExecutedColumns, index: number): Uint8Array {
  return hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
}

/** 20 bytes. */
export function senderAt({ senders }: ExecutedColumns, index: number): Uint8Array {
  return senders.subarray(index * ADDRESS_BYTES, (index + 1) * ADDRESS_BYTES);
}

/** The logs of one transaction; views of the column. */
export function logsAt({ logs, logEnds }: ExecutedColumns, index: number): OutcomeLog[] {
  return parseLogs(part(logs, logEnds, index));
}

/** Logs of all transactions together. */
export function logCountOf(columns: ExecutedColumns): number {
  let count = 0;
  for (let at = 0; at < columns.logs.length; count += 1) at = logEnd(columns.logs, at);
  return count;
}

/** Where the first log of a transaction stands among those of the mini-block. */
export function logsBefore(columns: ExecutedColumns, index: number): number {
  const end = index === 0 ? 0 : (columns.logEnds[index - 1] ?? 0);
  let count = 0;
  for (let at = 0; at < end; count += 1) at = logEnd(columns.logs, at);
  return count;
}

/** Sum of the gas of transactions [0, end). */
export function gasUpTo({ gasUsed }: ExecutedColumns, end: number): number {
  let sum = 0;
  for (let index = 0; index < end; index += 1) sum += gasUsed[index] ?? 0;
  return sum;
}

/** Bytes that the columns keep in memory. */
export function bytesOf(columns: ExecutedColumns): number {
  const { raws, hashes, senders, logs, count } = columns;
  return raws.length + hashes.length + senders.length + logs.length + count * 17;
}

/** True where log entries fill the bytes exactly: columns of a frame are checked with it. */
export function areLogs(logs: Uint8Array): boolean {
  let at = 0;
  while (at < logs.length) {
    at = logEnd(logs, at);
    if (Number.isNaN(at) || at > logs.length) return false;
  }
  return true;
}

export function hashesOf(raws: Uint8Array, rawEnds: Uint32Array): Uint8Array {
  const hashes = new Uint8Array(rawEnds.length * 32);
  for (let index = 0; index < rawEnds.length; index += 1) {
    hashes.set(keccak256(part(raws, rawEnds, index)), index * 32);
  }
  return hashes;
}

function part(bytes: Uint8Array, ends: Uint32Array, index: number): Uint8Array {
  const end = ends[index];
  assert(end !== undefined && end <= bytes.length, 'a transaction of this mini-block');
  return bytes.subarray(index === 0 ? 0 : ends[index - 1], end);
}

/** A field of all records, byte by byte: a view of each would take longer than its copy. */
function fieldsOf(records: readonly Uint8Array[], at: number, length: number): Uint8Array {
  const fields = new Uint8Array(records.length * length);
  let to = 0;
  for (const record of records) {
    for (let from = at; from < at + length; from += 1, to += 1) fields[to] = record[from]!;
  }
  return fields;
}

function endsOf(parts: readonly Uint8Array[]): Uint32Array {
  const ends = new Uint32Array(parts.length);
  let end = 0;
  for (let index = 0; index < parts.length; index += 1) {
    end += parts[index]!.length;
    ends[index] = end;
  }
  return ends;
}

function parseLogs(bytes: Uint8Array): OutcomeLog[] {
  const logs: OutcomeLog[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = logEnd(bytes, at);
    const topicsAt = at + ADDRESS_BYTES + 1;
    const topicCount = bytes[topicsAt - 1] ?? 0;
    const topics: Uint8Array[] = [];
    for (let index = 0; index < topicCount; index += 1) {
      const topicAt = topicsAt + index * TOPIC_BYTES;
      topics.push(bytes.subarray(topicAt, topicAt + TOPIC_BYTES));
    }
    const dataAt = topicsAt + topicCount * TOPIC_BYTES + 4;
    const address = bytes.subarray(at, at + ADDRESS_BYTES);
    logs.push({ address, topics, data: bytes.subarray(dataAt, end) });
    at = end;
  }
  return logs;
}

/** Offset after the log entry at `at`; NaN where the bytes end within its head. */
function logEnd(bytes: Uint8Array, at: number): number {
  const lengthAt = at + ADDRESS_BYTES + 1 + (bytes[at + ADDRESS_BYTES] ?? Number.NaN) * TOPIC_BYTES;
  const [b0, b1, b2, b3] = bytes.subarray(lengthAt, lengthAt + 4);
  if (b0 === undefined || b1 === undefined || b2 === undefined || b3 === undefined) {
    return Number.NaN;
  }
  return lengthAt + 4 + b0 + b1 * 0x100 + b2 * 0x1_0000 + b3 * 0x100_0000;
}

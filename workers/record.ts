/**
 * The transaction record: one transaction as bytes, decoded and with its sender recovered, made
 * once at admission and then read by every engine where it lies. Little-endian; 256-bit numbers
 * are four u64 limbs, lowest first, as the kernels have them; offsets are from the start of the
 * record.
 */
import { assert } from '../state/base/assert.js';

export const RECORD_LENGTH = 0;
export const RECORD_TYPE = 4;
export const RECORD_FLAGS = 5;
export const RECORD_SENDER = 8;
export const RECORD_TO = 28;
export const RECORD_NONCE = 48;
export const RECORD_GAS_LIMIT = 56;
export const RECORD_VALUE = 64;
export const RECORD_MAX_FEE = 96;
export const RECORD_PRIORITY_FEE = 128;
export const RECORD_HASH = 160;
export const RECORD_BLOB_FEE = 192;
export const RECORD_DATA = 224;
export const RECORD_ACCESS_LIST = 232;
export const RECORD_BLOB_HASHES = 240;
export const RECORD_AUTHORIZATIONS = 248;
export const RECORD_RAW = 256;
export const RECORD_HEADER_BYTES = 264;

/** The transaction creates a contract: `to` is not there. */
export const FLAG_CREATE = 1;
/** A legacy transaction signed without a chain id (before EIP-155). */
export const FLAG_UNPROTECTED = 2;

export interface AccessEntry {
  readonly address: Uint8Array;
  readonly slots: readonly Uint8Array[];
}

/** Fields of a transaction as the decoder knows them; bytes are raw, numbers exact. */
export interface TransactionFields {
  readonly type: number;
  readonly unprotected: boolean;
  readonly sender: Uint8Array;
  readonly to: Uint8Array | null;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  readonly value: bigint;
  /** gasPrice for types 0 and 1. */
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  readonly maxFeePerBlobGas: bigint;
  readonly hash: Uint8Array;
  readonly data: Uint8Array;
  readonly accessList: readonly AccessEntry[];
  readonly blobHashes: readonly Uint8Array[];
  /** RLP of each authorization tuple (EIP-7702). */
  readonly authorizations: readonly Uint8Array[];
  /** The signed EIP-2718 envelope. */
  readonly raw: Uint8Array;
}

/** Lays out a record. @throws AssertionError where a field is wider than its place */
export function writeRecord(fields: TransactionFields): Uint8Array {
  const accessList = packAccessList(fields.accessList);
  const blobHashes = packLengthPrefixed(fields.blobHashes);
  const authorizations = packLengthPrefixed(fields.authorizations);
  const parts = [fields.data, accessList, blobHashes, authorizations, fields.raw];
  const length = parts.reduce((sum, part) => sum + part.length, RECORD_HEADER_BYTES);
  const record = new Uint8Array(length);
  const view = new DataView(record.buffer);
  view.setUint32(RECORD_LENGTH, length, true);
  record[RECORD_TYPE] = fields.type;
  record[RECORD_FLAGS] =
    (fields.to === null ? FLAG_CREATE : 0) | (fields.unprotected ? FLAG_UNPROTECTED : 0);
  record.set(fields.sender, RECORD_SENDER);
  if (fields.to !== null) record.set(fields.to, RECORD_TO);
  record.set(fields.hash, RECORD_HASH);
  writeNumbers(view, fields);
  const counts = [
    fields.data.length,
    fields.accessList.length,
    fields.blobHashes.length,
    fields.authorizations.length,
    fields.raw.length,
  ];
  let offset = RECORD_HEADER_BYTES;
  for (const [index, part] of parts.entries()) {
    view.setUint32(RECORD_DATA + index * 8, offset, true);
    view.setUint32(RECORD_DATA + index * 8 + 4, counts[index] ?? 0, true);
    record.set(part, offset);
    offset += part.length;
  }
  return record;
}

function writeNumbers(view: DataView, fields: TransactionFields): void {
  assert(fields.nonce < 1n << 64n && fields.gasLimit < 1n << 64n, 'nonce and gas fit u64');
  view.setBigUint64(RECORD_NONCE, fields.nonce, true);
  view.setBigUint64(RECORD_GAS_LIMIT, fields.gasLimit, true);
  setWord(view, RECORD_VALUE, fields.value);
  setWord(view, RECORD_MAX_FEE, fields.maxFeePerGas);
  setWord(view, RECORD_PRIORITY_FEE, fields.maxPriorityFeePerGas);
  setWord(view, RECORD_BLOB_FEE, fields.maxFeePerBlobGas);
}

/** Writes a 256-bit number as four u64 limbs, lowest first. */
export function setWord(view: DataView, offset: number, value: bigint): void {
  assert(value >= 0n && value < 1n << 256n, 'a word has 256 bits');
  for (let limb = 0; limb < 4; limb += 1) {
    view.setBigUint64(offset + limb * 8, BigInt.asUintN(64, value >> BigInt(limb * 64)), true);
  }
}

export function getWord(view: DataView, offset: number): bigint {
  let value = 0n;
  for (let at = offset + 24; at >= offset; at -= 8) {
    // Nearly all of them are: each limb that is read is an object.
    if (value === 0n && (view.getUint32(at, true) | view.getUint32(at + 4, true)) === 0) continue;
    value = (value << 64n) | view.getBigUint64(at, true);
  }
  return value;
}

function numberAt(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

/** Each entry: address (20), slot count u32, slots (32 each). */
function packAccessList(entries: readonly AccessEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { address, slots } of entries) {
    const head = new Uint8Array(24);
    head.set(address);
    new DataView(head.buffer).setUint32(20, slots.length, true);
    parts.push(head, ...slots);
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** Each item: length u32, bytes. */
function packLengthPrefixed(items: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const item of items) {
    const head = new Uint8Array(4);
    new DataView(head.buffer).setUint32(0, item.length, true);
    parts.push(head, item);
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** The signed EIP-2718 envelope in a record, which is whole. */
export function rawOf(record: Uint8Array): Uint8Array {
  const offset = uint32At(record, RECORD_RAW);
  return record.subarray(offset, offset + uint32At(record, RECORD_RAW + 4));
}

/** Little-endian; without a view, which takes longer to make than some numbers to read. */
export function uint32At(bytes: Uint8Array, at: number): number {
  const high = (bytes[at + 3]! << 24) | (bytes[at + 2]! << 16);
  return (high | (bytes[at + 1]! << 8) | bytes[at]!) >>> 0;
}

/** Typed reading of a record; getters decode on demand and copy nothing but numbers. */
export class TransactionRecord {
  readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    assert(bytes.length >= RECORD_HEADER_BYTES, 'a record holds its header');
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    assert(this.view.getUint32(RECORD_LENGTH, true) === bytes.length, 'a record knows its length');
  }

  get type(): number {
    return this.bytes[RECORD_TYPE] ?? 0;
  }

  get isUnprotected(): boolean {
    return ((this.bytes[RECORD_FLAGS] ?? 0) & FLAG_UNPROTECTED) !== 0;
  }

  /** 20 bytes. */
  get sender(): Uint8Array {
    return this.bytes.subarray(RECORD_SENDER, RECORD_SENDER + 20);
  }

  get isCreation(): boolean {
    return ((this.bytes[RECORD_FLAGS] ?? 0) & FLAG_CREATE) !== 0;
  }

  /** 20 bytes, or null for a creation. */
  get to(): Uint8Array | null {
    if (this.isCreation) return null;
    return this.bytes.subarray(RECORD_TO, RECORD_TO + 20);
  }

  /** 32 bytes. */
  get hash(): Uint8Array {
    return this.bytes.subarray(RECORD_HASH, RECORD_HASH + 32);
  }

  get nonce(): bigint {
    return this.view.getBigUint64(RECORD_NONCE, true);
  }

  /** As a number: exact below 2^53, and above as near as can be. */
  get nonceNumber(): number {
    return numberAt(this.view, RECORD_NONCE);
  }

  get gasLimitNumber(): number {
    return numberAt(this.view, RECORD_GAS_LIMIT);
  }

  get gasLimit(): bigint {
    return this.view.getBigUint64(RECORD_GAS_LIMIT, true);
  }

  get value(): bigint {
    return getWord(this.view, RECORD_VALUE);
  }

  get maxFeePerGas(): bigint {
    return getWord(this.view, RECORD_MAX_FEE);
  }

  get maxPriorityFeePerGas(): bigint {
    return getWord(this.view, RECORD_PRIORITY_FEE);
  }

  get maxFeePerBlobGas(): bigint {
    return getWord(this.view, RECORD_BLOB_FEE);
  }

  get data(): Uint8Array {
    return this.part(RECORD_DATA);
  }

  get dataLength(): number {
    return this.view.getUint32(RECORD_DATA + 4, true);
  }

  /** Bytes of the data that are zero. */
  get dataZeros(): number {
    const start = this.view.getUint32(RECORD_DATA, true);
    const end = start + this.dataLength;
    let zeros = 0;
    for (let at = start; at < end; at += 1) if (this.bytes[at] === 0) zeros += 1;
    return zeros;
  }

  /** The signed EIP-2718 envelope. */
  get raw(): Uint8Array {
    return this.part(RECORD_RAW);
  }

  get blobHashCount(): number {
    return this.view.getUint32(RECORD_BLOB_HASHES + 4, true);
  }

  get authorizationCount(): number {
    return this.view.getUint32(RECORD_AUTHORIZATIONS + 4, true);
  }

  /** Addresses and slots of the access list, repeated ones counted again (EIP-2930). */
  get accessCounts(): { readonly addresses: number; readonly slots: number } {
    const addresses = this.view.getUint32(RECORD_ACCESS_LIST + 4, true);
    let at = this.view.getUint32(RECORD_ACCESS_LIST, true);
    let slots = 0;
    for (let left = addresses; left > 0; left -= 1) {
      const count = this.view.getUint32(at + 20, true);
      slots += count;
      at += 24 + count * 32;
    }
    return { addresses, slots };
  }

  /** The most that the sender can be charged: value, gas at the maximum fee, blobs (EIP-4844). */
  get costMax(): bigint {
    const cost = this.value + this.gasLimit * this.maxFeePerGas;
    if (this.blobHashCount === 0) return cost;
    return cost + BigInt(this.blobHashCount) * 131_072n * this.maxFeePerBlobGas;
  }

  /** What the sender pays per gas in a block with this base fee (EIP-1559). */
  effectiveGasPrice(baseFee: bigint): bigint {
    if (this.type < 2) return this.maxFeePerGas;
    const wanted = baseFee + this.maxPriorityFeePerGas;
    return wanted > this.maxFeePerGas ? this.maxFeePerGas : wanted;
  }

  private part(field: number): Uint8Array {
    const offset = this.view.getUint32(field, true);
    return this.bytes.subarray(offset, offset + this.view.getUint32(field + 4, true));
  }
}

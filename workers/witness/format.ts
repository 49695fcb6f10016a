/**
 * A witness as bytes (ARCHITECTURE.md, "Witnesses"): a block, and all of the state and of the chain
 * before it that executing it needs. Whatever comes from elsewhere is bounded and checked when it
 * is decoded; one witness has one encoding.
 */
import { assert } from '../../state/base/assert.js';
import { compareBytes } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import {
  WITNESS_ANCESTORS_MAX,
  WITNESS_BYTES_MAX,
  WITNESS_CELLS_MAX,
} from '../../state/base/limits.js';
import { FORKS, type ForkName } from '../fork.js';

/** An account whose balance, nonce and code are proven, and which of its slots are. */
export interface WitnessAccount {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** 32 bytes each, ascending. */
  readonly slots: readonly Uint8Array[];
}

export interface Witness {
  readonly chainId: number;
  readonly fork: ForkName;
  /** RLP of the block's header, as it was sealed. */
  readonly header: Uint8Array;
  /** RLP of the headers before it, the parent first, as far back as BLOCKHASH asked for. */
  readonly ancestors: readonly Uint8Array[];
  /** Signed EIP-2718 envelopes, in order. */
  readonly transactions: readonly Uint8Array[];
  /** Ascending by address. */
  readonly accounts: readonly WitnessAccount[];
  /** Of all these accounts that have any, ascending as bytes. */
  readonly codes: readonly Uint8Array[];
  /** Of all these cells under the parent's state root (state/multiproof.ts, WIDE_FORM). */
  readonly proof: Uint8Array;
}

const MAGIC = 0x54574344;
const VERSION = 1;
/** Magic, version, fork, chain id. */
const HEAD_BYTES = 14;
/** Balance, nonce and code. */
const ACCOUNT_CELLS = 3;

/** Cells that are proven. */
export function cellCountOf({ accounts }: Pick<Witness, 'accounts'>): number {
  return accounts.reduce((sum, { slots }) => sum + ACCOUNT_CELLS + slots.length, 0);
}

/** @throws DeltacastError WITNESS_UNAVAILABLE where it would be too large */
export function encodeWitness(witness: Witness): Uint8Array {
  const { chainId, fork, header, ancestors, transactions, accounts, codes, proof } = witness;
  const writer = new Writer();
  writer.u32(MAGIC);
  writer.bytes(Uint8Array.of(VERSION, FORKS.indexOf(fork)));
  writer.u64(chainId);
  writer.item(header);
  writer.list(ancestors);
  writer.list(transactions);
  writer.u32(accounts.length);
  for (const { address, slots } of accounts) {
    writer.bytes(address);
    writer.u32(slots.length);
    for (const slot of slots) writer.bytes(slot);
  }
  writer.list(codes);
  writer.item(proof);
  return writer.finish();
}

/** @throws DeltacastError WITNESS_INVALID */
export function decodeWitness(bytes: Uint8Array): Witness {
  if (bytes.length > WITNESS_BYTES_MAX) throw invalid('too many bytes');
  const reader = new Reader(bytes);
  if (bytes.length < HEAD_BYTES || reader.u32() !== MAGIC) throw invalid('no witness');
  if (reader.u8() !== VERSION) throw invalid('another version');
  const fork = FORKS[reader.u8()];
  if (fork === undefined) throw invalid('a fork that is not known');
  const witness = {
    fork,
    chainId: reader.u64(),
    header: reader.item(),
    ancestors: reader.list(WITNESS_ANCESTORS_MAX),
    transactions: reader.list(Number.POSITIVE_INFINITY),
    accounts: reader.accounts(),
    codes: reader.list(Number.POSITIVE_INFINITY),
    proof: reader.item(),
  };
  reader.end();
  if (cellCountOf(witness) > WITNESS_CELLS_MAX) throw invalid('too many cells');
  checkAscending(
    witness.accounts.map(({ address }) => address),
    'accounts',
  );
  checkAscending(witness.codes, 'codes');
  return witness;
}

/** @throws DeltacastError WITNESS_INVALID */
function checkAscending(items: readonly Uint8Array[], what: string): void {
  for (let index = 1; index < items.length; index += 1) {
    if (compareBytes(items[index - 1]!, items[index]!) >= 0) throw invalid(`${what} out of order`);
  }
}

class Writer {
  private readonly parts: Uint8Array[] = [];
  private length = 0;

  bytes(bytes: Uint8Array): void {
    this.parts.push(bytes);
    this.length += bytes.length;
  }

  u32(value: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    this.bytes(bytes);
  }

  u64(value: number): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
    this.bytes(bytes);
  }

  item(bytes: Uint8Array): void {
    this.u32(bytes.length);
    this.bytes(bytes);
  }

  list(items: readonly Uint8Array[]): void {
    this.u32(items.length);
    for (const bytes of items) this.item(bytes);
  }

  finish(): Uint8Array {
    if (this.length > WITNESS_BYTES_MAX) {
      const bytes = this.length;
      throw new DeltacastError('WITNESS_UNAVAILABLE', 'the witness is too large', { bytes });
    }
    const out = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      out.set(part, at);
      at += part.length;
    }
    assert(at === out.length, 'all parts are in it');
    return out;
  }
}

/** Counts are held against the bytes that are left before anything is made of them. */
class Reader {
  private readonly data: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(data: Uint8Array) {
    this.data = data;
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  u64(): number {
    const value = Number(this.view.getBigUint64(this.take(8), true));
    if (!Number.isSafeInteger(value)) throw invalid('a number that is too large');
    return value;
  }

  /** Views. */
  bytes(count: number): Uint8Array {
    const start = this.take(count);
    return this.data.subarray(start, start + count);
  }

  item(): Uint8Array {
    return this.bytes(this.u32());
  }

  list(most: number): Uint8Array[] {
    const count = this.count(4);
    if (count > most) throw invalid('too many items');
    return Array.from({ length: count }, () => this.item());
  }

  accounts(): WitnessAccount[] {
    return Array.from({ length: this.count(24) }, () => {
      const address = this.bytes(20);
      const slots = Array.from({ length: this.count(32) }, () => this.bytes(32));
      checkAscending(slots, 'slots');
      return { address, slots };
    });
  }

  end(): void {
    if (this.at !== this.data.length) throw invalid('bytes after the end');
  }

  /** A number of items that have so many bytes at least. */
  private count(bytes: number): number {
    const count = this.u32();
    if (count * bytes > this.data.length - this.at) throw invalid('cut off');
    return count;
  }

  private take(count: number): number {
    const start = this.at;
    if (count > this.data.length - start) throw invalid('cut off');
    this.at = start + count;
    return start;
  }
}

export function invalid(why: string): DeltacastError {
  return new DeltacastError('WITNESS_INVALID', `the witness is not valid: ${why}`, { why });
}

/**
 * Records in the batch region: each starts with its length (u32, little-endian). A transaction's is
 * the transaction record itself; those of a block's own steps are laid out here. A system call:
 * length, callee (20), data. Credits: length, then address (20) and wei (32, big-endian) each.
 */
import { NO_CELL } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { concatBytes, toWord } from '../state/base/bytes.js';
import type { BalanceCredit, SystemCall } from './block-steps.js';
import type { CellStore } from './cell-store.js';

const LENGTH_BYTES = 4;
const ADDRESS_BYTES = 20;
const WORD_BYTES = 32;

/** Bytes of the record at an offset, its length included. */
export function recordLength(bytes: Uint8Array, offset: number): number {
  const length =
    (bytes[offset] ?? 0) +
    (bytes[offset + 1] ?? 0) * 0x100 +
    (bytes[offset + 2] ?? 0) * 0x1_0000 +
    (bytes[offset + 3] ?? 0) * 0x100_0000;
  assert(length >= LENGTH_BYTES && offset + length <= bytes.length, 'a record knows its length');
  return length;
}

/** The record at an offset, where it lies. */
export function recordView(bytes: Uint8Array, offset: number): Uint8Array {
  return bytes.subarray(offset, offset + recordLength(bytes, offset));
}

/** True where a system call has something to run: the account's code cell is not zero. */
export function hasCode(store: CellStore, address: Uint8Array): boolean {
  const id = store.find(2, address);
  if (id === NO_CELL) return false;
  const code = new Uint8Array(WORD_BYTES);
  store.readLatest(id, code);
  return code.some((byte) => byte !== 0);
}

export function encodeSystemCall({ to, data }: SystemCall): Uint8Array {
  assert(to.length === ADDRESS_BYTES, 'an address has 20 bytes');
  return withLength(to, data);
}

export function systemCallOf(record: Uint8Array): SystemCall {
  const dataAt = LENGTH_BYTES + ADDRESS_BYTES;
  return { to: record.slice(LENGTH_BYTES, dataAt), data: record.slice(dataAt) };
}

export function encodeCredits(credits: readonly BalanceCredit[]): Uint8Array {
  return withLength(...credits.flatMap(({ address, amount }) => [address, toWord(amount)]));
}

function withLength(...parts: readonly Uint8Array[]): Uint8Array {
  const record = concatBytes(new Uint8Array(LENGTH_BYTES), ...parts);
  new DataView(record.buffer).setUint32(0, record.length, true);
  return record;
}

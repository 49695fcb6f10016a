/**
 * States to begin with, as accounts: read from a geth `alloc`, written as cells. Accounts come in
 * the order of their source, and cells are interned in that order, so that ids are the same
 * wherever one is applied.
 */

import { fromHex, toWord } from '../state/base/bytes.js';
import { DeltacastError } from '../state/base/errors.js';
import { keccak256 } from '../state/base/keccak.js';
import type { CellStore } from '../workers/cell-store.js';

/** An account as geth's genesis files have it: numbers in hex or decimal. */
export interface AccountJson {
  readonly balance?: string | number;
  readonly nonce?: string | number;
  readonly code?: string;
  readonly storage?: Readonly<Record<string, string>>;
}
export type Alloc = Readonly<Record<string, AccountJson>>;

/** Where an account is written: the arena, or what stands for it. */
export type FilledStore = Pick<CellStore, 'intern' | 'write' | 'putCode'>;

export interface Account {
  readonly address: Uint8Array;
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly code: Uint8Array;
  readonly slots: readonly { readonly slot: Uint8Array; readonly value: Uint8Array }[];
}

/** Accounts of a geth alloc. @throws DeltacastError BAD_INPUT */
export function accountsOf(alloc: Alloc, path: string): Account[] {
  return Object.entries(alloc).map(([hex, account]) => accountOf(hex, account, path));
}

/** One of them. @throws DeltacastError BAD_INPUT */
export function accountOf(hex: string, account: AccountJson, path: string): Account {
  const at = `alloc ${hex.slice(0, 42)}`;
  if (typeof account !== 'object' || account === null) throw bad(path, `${at} is no account`);
  const slots = Object.entries(account.storage ?? {}).map(([slot, value]) => ({
    slot: bytesOf(slot, 32, path, `${at} slot`),
    value: bytesOf(value, 32, path, `${at} value`),
  }));
  return {
    address: bytesOf(hex, 20, path, at),
    balance: numberOf(account.balance ?? 0, path, `${at} balance`),
    nonce: numberOf(account.nonce ?? 0, path, `${at} nonce`),
    code: hexOf(account.code ?? '0x', path, `${at} code`),
    slots,
  };
}

/**
 * Writes one account's cells. An account that exists although it is empty has 1 in its code cell.
 * @returns cells written
 */
export function fillAccount(store: FilledStore, account: Account, sequence: number): number {
  const { address, balance, nonce, code, slots } = account;
  let count = 0;
  const put = (kind: 0 | 1 | 2 | 3, value: Uint8Array, slot?: Uint8Array): void => {
    if (value.every((byte) => byte === 0)) return;
    store.write(store.intern(kind, address, slot), value, sequence);
    count += 1;
  };
  const isEmpty = balance === 0n && nonce === 0n && code.length === 0;
  put(0, toWord(balance));
  put(1, toWord(nonce));
  if (code.length > 0) store.putCode(keccak256(code), code);
  put(2, code.length > 0 ? keccak256(code) : toWord(isEmpty ? 1n : 0n));
  for (const { slot, value } of slots) put(3, value, slot);
  return count;
}

export function numberOf(value: unknown, path: string, name: string): bigint {
  const isNumber =
    typeof value === 'bigint' ||
    (typeof value === 'number' && Number.isSafeInteger(value)) ||
    (typeof value === 'string' && /^(0x[0-9a-fA-F]+|\d+)$/.test(value));
  const parsed = isNumber ? BigInt(value) : -1n;
  if (parsed < 0n || parsed >= 1n << 256n) throw bad(path, `${name} is no number`);
  return parsed;
}

function hexOf(value: unknown, path: string, name: string): Uint8Array {
  const digits = typeof value === 'string' ? value.replace(/^0x/, '') : 'x';
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) {
    throw bad(path, `${name} is no hex`);
  }
  return fromHex(digits);
}

/** Up to `length` bytes of hex, zeros in front. */
export function bytesOf(value: unknown, length: number, path: string, name: string): Uint8Array {
  const digits = typeof value === 'string' ? value.replace(/^0x/, '') : 'x';
  const padded = digits.padStart(length * 2, '0');
  if (padded.length !== length * 2) throw bad(path, `${name} has more than ${length} bytes`);
  return hexOf(padded, path, name);
}

export function bad(path: string, why: string): DeltacastError {
  return new DeltacastError('BAD_INPUT', `${path} is not as it should be: ${why}`, { path });
}

/**
 * The Ethereum state root of an arena, by @ethereumjs/mpt (this file is its owner), for official
 * tests and imported chains. Not on the path of a transaction.
 */
import { createMPT } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import type { Arena, CellId } from './arena.js';
import { compareBytes, fromHex, toBigInt, toHex } from './base/bytes.js';

/** keccak256 of nothing: the code hash of an account without code. */
const NO_CODE_HASH = fromHex('c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470');

interface AccountCells {
  balance: bigint;
  nonce: bigint;
  /** 0 or 1 where there is no code (1: the account exists although it is empty). */
  code: bigint;
  readonly slots: { readonly key: Uint8Array; readonly value: Uint8Array }[];
}

/**
 * The state root that Ethereum would have for the latest committed cells (Yellow Paper, appendix D;
 * keys hashed with keccak256). Builds both levels of tries from nothing: milliseconds per thousand
 * cells, for tests and imports.
 */
export async function ethereumStateRoot(
  arena: Pick<Arena, 'cellCount' | 'keyOf' | 'readLatest'>,
): Promise<Uint8Array> {
  const trie = await createMPT({ useKeyHashing: true });
  for (const [hex, account] of accountsOf(arena)) {
    const { balance, nonce, code } = account;
    if (balance === 0n && nonce === 0n && code === 0n) continue;
    const codeHash = code > 1n ? fromHex(code.toString(16).padStart(64, '0')) : NO_CODE_HASH;
    const fields = [nonce, balance, await storageRoot(account.slots), codeHash];
    await trie.put(fromHex(hex), RLP.encode(fields));
  }
  return trie.root();
}

function accountsOf(
  arena: Pick<Arena, 'cellCount' | 'keyOf' | 'readLatest'>,
): Map<string, AccountCells> {
  const accounts = new Map<string, AccountCells>();
  for (let id: CellId = 0; id < arena.cellCount; id += 1) {
    const { kind, address, slot } = arena.keyOf(id);
    const word = new Uint8Array(32);
    arena.readLatest(id, word);
    const hex = toHex(address);
    const account = accounts.get(hex) ?? { balance: 0n, nonce: 0n, code: 0n, slots: [] };
    accounts.set(hex, account);
    const value = toBigInt(word);
    if (kind === 0) account.balance = value;
    else if (kind === 1) account.nonce = value;
    else if (kind === 2) account.code = value;
    else if (value !== 0n) account.slots.push({ key: slot, value: minimal(word) });
  }
  return accounts;
}

async function storageRoot(slots: AccountCells['slots']): Promise<Uint8Array> {
  const trie = await createMPT({ useKeyHashing: true });
  const sorted = slots.sort((a, b) => compareBytes(a.key, b.key));
  for (const { key, value } of sorted) await trie.put(key, RLP.encode(value));
  return trie.root();
}

/** Without leading zeros, as RLP wants numbers. */
function minimal(word: Uint8Array): Uint8Array {
  const start = word.findIndex((byte) => byte !== 0);
  return start < 0 ? word.subarray(32) : word.subarray(start);
}

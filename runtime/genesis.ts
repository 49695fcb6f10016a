/**
 * The first state of a chain: a file in geth's format, or the development chain that a node starts
 * by default. Accounts come in the order of the file, and cells are interned in that order, so that
 * ids are the same wherever a genesis is applied.
 */
import { readFileSync } from 'node:fs';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { fromHex, toWord } from '../state/base/bytes.js';
import { DeltacastError } from '../state/base/errors.js';
import type { CellStore } from '../workers/cell-store.js';
import type { BlockContext } from '../workers/engine.js';
import { type ForkName, isFrom } from '../workers/fork.js';
import type { NodeConfig } from './config.js';
import { deriveAccounts } from './wallet.js';

/** An account as geth's genesis files have it: numbers in hex or decimal. */
export interface AccountJson {
  readonly balance?: string | number;
  readonly nonce?: string | number;
  readonly code?: string;
  readonly storage?: Readonly<Record<string, string>>;
}
type GenesisAlloc = Readonly<Record<string, AccountJson>>;

export interface Genesis {
  readonly context: BlockContext;
  readonly accounts: readonly GenesisAccount[];
}

export interface GenesisAccount {
  readonly address: Uint8Array;
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly code: Uint8Array;
  readonly slots: readonly { readonly slot: Uint8Array; readonly value: Uint8Array }[];
}

/** Anvil's first base fee: 1 gwei. */
const FIRST_BASE_FEE = 1_000_000_000n;
const ETHER = 10n ** 18n;
const EMPTY = new Uint8Array(0);

/** The development chain: prefunded accounts, nothing else. */
export function developmentGenesis(config: NodeConfig, fork: ForkName, timestamp: number): Genesis {
  const funded = deriveAccounts(config.mnemonic, config.accounts).map(({ address }) => ({
    address,
    balance: BigInt(config.balance) * ETHER,
    nonce: 0n,
    code: EMPTY,
    slots: [],
  }));
  return {
    context: {
      fork,
      chainId: config.chainId,
      number: 0,
      timestamp,
      coinbase: new Uint8Array(20),
      gasLimit: config.gasLimit,
      baseFee: isFrom(fork, 'london') ? FIRST_BASE_FEE : 0n,
      prevRandao: new Uint8Array(32),
      difficulty: 0n,
      excessBlobGas: 0n,
    },
    accounts: funded,
  };
}

/**
 * @returns the genesis of a file in geth's format; the chain id of its config must be ours
 * @throws DeltacastError BAD_INPUT naming the file and what is wrong
 */
export function readGenesis(path: string, config: NodeConfig, fork: ForkName): Genesis {
  const json = readJson(path);
  const alloc = json['alloc'];
  if (typeof alloc !== 'object' || alloc === null) throw bad(path, 'it has no "alloc"');
  const chainId = (json['config'] as { chainId?: unknown } | undefined)?.chainId;
  if (chainId !== undefined && Number(chainId) !== config.chainId) {
    throw bad(path, `its chain id is ${String(chainId)}, the node's ${config.chainId}`);
  }
  const number = (name: string, otherwise: bigint): bigint =>
    numberOf(json[name] ?? otherwise, path, name);
  const base = developmentGenesis({ ...config, accounts: 0 }, fork, 0);
  return {
    context: {
      ...base.context,
      timestamp: Number(number('timestamp', 0n)),
      gasLimit: Number(number('gasLimit', BigInt(config.gasLimit))),
      coinbase: bytesOf(json['coinbase'] ?? '0x', 20, path, 'coinbase'),
      prevRandao: bytesOf(json['mixHash'] ?? '0x', 32, path, 'mixHash'),
      baseFee: isFrom(fork, 'london') ? number('baseFeePerGas', FIRST_BASE_FEE) : 0n,
    },
    accounts: accountsOf(alloc as GenesisAlloc, path),
  };
}

/** Accounts of a geth alloc. @throws DeltacastError BAD_INPUT */
export function accountsOf(alloc: GenesisAlloc, path: string): GenesisAccount[] {
  return Object.entries(alloc).map(([hex, account]) => {
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
  });
}

/**
 * Writes one account's cells. An account that exists although it is empty has 1 in its code cell.
 * @returns cells written
 */
export function fillAccount(store: CellStore, account: GenesisAccount, sequence: number): number {
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
  if (code.length > 0) store.putCode(keccak_256(code), code);
  put(2, code.length > 0 ? keccak_256(code) : toWord(isEmpty ? 1n : 0n));
  for (const { slot, value } of slots) put(3, value, slot);
  return count;
}

function readJson(path: string): Readonly<Record<string, unknown>> {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw bad(path, error instanceof Error ? error.message : String(error));
  }
  if (typeof json !== 'object' || json === null) throw bad(path, 'it is no JSON object');
  return json as Readonly<Record<string, unknown>>;
}

function numberOf(value: unknown, path: string, name: string): bigint {
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
function bytesOf(value: unknown, length: number, path: string, name: string): Uint8Array {
  const digits = typeof value === 'string' ? value.replace(/^0x/, '') : 'x';
  const padded = digits.padStart(length * 2, '0');
  if (padded.length !== length * 2) throw bad(path, `${name} has more than ${length} bytes`);
  return hexOf(padded, path, name);
}

function bad(path: string, why: string): DeltacastError {
  return new DeltacastError('BAD_INPUT', `${path} is not a genesis: ${why}`, { path });
}

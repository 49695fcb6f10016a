/**
 * Real blocks as files: JSON, gzipped, one block with all the state that it reads (the data
 * folder's README describes the fields). Loading gives records, context and a function that puts
 * the pre-state into a store.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { fromHex, toWord } from '../state/base/bytes.js';
import { DeltacastError } from '../state/base/errors.js';
import type { Ommer, Withdrawal } from '../workers/block-steps.js';
import type { CellStore } from '../workers/cell-store.js';
import { decodeSigned, recordOfUnsigned } from '../workers/decode.js';
import type { BlockContext } from '../workers/engine.js';
import { type ForkName, isFrom, MAINNET_CHAIN_ID, parseFork } from '../workers/fork.js';

interface AccountJson {
  readonly balance: string;
  readonly nonce: string;
  readonly code: string;
  readonly storage: Readonly<Record<string, string>>;
}

interface TransactionJson {
  readonly raw: string | null;
  readonly hash: string | null;
  readonly from: string;
  readonly to?: string | null;
  readonly input?: string;
  readonly gas: string;
  readonly [field: string]: unknown;
}

interface BlockJson {
  readonly hardfork: string;
  readonly header: Readonly<Record<string, string | null>>;
  readonly transactions: readonly TransactionJson[];
  /** Headers, or only their hashes where the source had no more. */
  readonly uncles: readonly (string | Readonly<Record<string, string>>)[];
  readonly withdrawals?: readonly { readonly address: string; readonly amount: string }[] | null;
  readonly preState: Readonly<Record<string, AccountJson>>;
  readonly blockHashes: Readonly<Record<string, string>>;
  readonly expected: {
    readonly gasUsed: string;
    readonly receiptsRoot: string;
    readonly logsBloom: string;
  };
}

export interface BlockFile {
  readonly context: BlockContext;
  readonly records: readonly Uint8Array[];
  readonly types: readonly number[];
  readonly parentHash: Uint8Array;
  readonly parentBeaconBlockRoot: Uint8Array;
  readonly withdrawals: readonly Withdrawal[];
  readonly ommers: readonly Ommer[];
  readonly expected: {
    readonly gasUsed: number;
    readonly logsBloom: string;
    /** null before Byzantium: receipts held intermediate state roots (EIP-658). */
    readonly receiptsRoot: string | null;
  };
  /** Number and hash of every ancestor that BLOCKHASH may ask for. */
  readonly blockHashes: readonly (readonly [number, Uint8Array])[];
  /** Writes the pre-state at this sequence. @returns cells written */
  fill(store: CellStore, sequence: number): number;
}

/** @throws DeltacastError BAD_INPUT where the file is not such a block */
export function readBlockFile(path: string): BlockFile {
  let json: BlockJson;
  try {
    json = JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')) as BlockJson;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new DeltacastError('BAD_INPUT', `${path} is not a gzipped JSON block: ${why}`);
  }
  if (typeof json !== 'object' || json === null || !json.header || !json.preState) {
    throw new DeltacastError('BAD_INPUT', `${path} lacks header or preState`);
  }
  const fork = parseFork(json.hardfork);
  const context = contextOf(json, fork);
  return {
    context,
    records: json.transactions.map((tx) => recordOf(tx, context)),
    types: json.transactions.map((tx) => Number(tx['type'] ?? 0)),
    parentHash: word(json.header['parentHash']),
    parentBeaconBlockRoot: word(json.header['parentBeaconBlockRoot']),
    withdrawals: (json.withdrawals ?? []).map(({ address, amount }) => ({
      address: fromHex(address),
      amount: BigInt(amount),
    })),
    ommers: json.uncles.flatMap((uncle) =>
      typeof uncle === 'string'
        ? []
        : [{ number: Number(uncle['number']), coinbase: fromHex(uncle['miner'] ?? '') }],
    ),
    expected: {
      gasUsed: Number(json.expected.gasUsed),
      logsBloom: json.expected.logsBloom,
      receiptsRoot: isFrom(fork, 'byzantium') ? json.expected.receiptsRoot : null,
    },
    blockHashes: Object.entries(json.blockHashes).map(([number, hash]) => [
      Number(number),
      fromHex(hash),
    ]),
    fill: (store, sequence) => fill(store, json.preState, sequence),
  };
}

function contextOf(json: BlockJson, fork: ForkName): BlockContext {
  const { header } = json;
  return {
    fork,
    chainId: MAINNET_CHAIN_ID,
    number: Number(header['number']),
    timestamp: Number(header['timestamp']),
    coinbase: fromHex(header['miner'] ?? ''),
    gasLimit: Number(header['gasLimit']),
    baseFee: BigInt(header['baseFeePerGas'] ?? 0),
    prevRandao: word(header['mixHash']),
    difficulty: BigInt(header['difficulty'] ?? 0),
    excessBlobGas: BigInt(header['excessBlobGas'] ?? 0),
  };
}

/** 32 bytes; zeros where the field is unknown. */
function word(hex: string | null | undefined): Uint8Array {
  return typeof hex === 'string' ? fromHex(hex) : new Uint8Array(32);
}

function recordOf(tx: TransactionJson, context: BlockContext): Uint8Array {
  if (tx.raw !== null && tx.raw.length > 2) return decodeSigned(fromHex(tx.raw), context);
  const { raw: _raw, hash: _hash, from, gas, input, ...fields } = tx;
  // gasPrice is what the transaction paid; types 2 and up do not have it as a field.
  if (Number(tx['type']) >= 2) delete (fields as Record<string, unknown>)['gasPrice'];
  const data = { ...fields, gasLimit: gas, data: input ?? '0x', to: tx.to ?? undefined };
  return recordOfUnsigned(data as never, fromHex(from), word(tx.hash), context);
}

function fill(store: CellStore, state: BlockJson['preState'], sequence: number): number {
  let count = 0;
  const put = (kind: 0 | 1 | 2 | 3, address: Uint8Array, value: Uint8Array, slot?: Uint8Array) => {
    if (value.every((byte) => byte === 0)) return;
    store.write(store.intern(kind, address, slot), value, sequence);
    count += 1;
  };
  for (const [hex, account] of Object.entries(state)) {
    const address = fromHex(hex);
    const code = fromHex(account.code);
    const isEmpty =
      BigInt(account.balance) === 0n && BigInt(account.nonce) === 0n && code.length === 0;
    put(0, address, toWord(BigInt(account.balance)));
    put(1, address, toWord(BigInt(account.nonce)));
    put(2, address, code.length > 0 ? keccak_256(code) : toWord(isEmpty ? 1n : 0n));
    if (code.length > 0) store.putCode(keccak_256(code), code);
    for (const [slot, value] of Object.entries(account.storage)) {
      put(3, address, toWord(BigInt(value)), toWord(BigInt(slot)));
    }
  }
  return count;
}

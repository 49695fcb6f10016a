/**
 * Real blocks as files: JSON, gzipped, one block with all the state that it reads (the data
 * folder's README describes the fields). Loading gives records, context and a function that puts
 * the pre-state into a store.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { fromHex } from '../state/base/bytes.js';
import { DeltacastError } from '../state/base/errors.js';
import type { Ommer, Withdrawal } from '../workers/block-steps.js';
import type { CellStore } from '../workers/cell-store.js';
import { decodeSigned, recordOfUnsigned } from '../workers/decode.js';
import type { BlockContext } from '../workers/engine.js';
import { type ForkName, isFrom, MAINNET_CHAIN_ID, parseFork } from '../workers/fork.js';
import { type Alloc, accountsOf, fillAccount } from './alloc.js';

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
  readonly preState: Alloc;
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
  /** Writes the pre-state at this sequence. */
  fill(store: CellStore, sequence: number): void;
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
  const accounts = accountsOf(json.preState, path);
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
    fill: (store, sequence) => {
      for (const account of accounts) fillAccount(store, account, sequence);
    },
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

/**
 * From the bytes of a signed transaction to a record: envelope, fields, chain id and sender, with a
 * typed error for each way to be wrong. Transactions are parsed by @ethereumjs/tx (this file is its
 * owner); what a record leaves out, such as the y-parity, is in its raw bytes.
 */
import { RLP } from '@ethereumjs/rlp';
import { createTx, createTxFromRLP, type TypedTransaction, type TypedTxData } from '@ethereumjs/tx';
import { equalBytes } from '../state/base/bytes.js';
import { DeltacastError, type ErrorCode } from '../state/base/errors.js';
import { TRANSACTION_BYTES_MAX } from '../state/base/limits.js';
import { commonFor } from './common.js';
import type { ForkName } from './fork.js';
import { transactionHash } from './header.js';
import { type AccessEntry, type TransactionFields, writeRecord } from './record.js';
import { recoverAddress } from './signature.js';

/** EIP-2718 reserves first bytes from 0xc0 on for legacy lists. */
const LEGACY_FIRST_BYTE = 0xc0;
const TYPE_MAX = 4;
/** RLP: above this, a list's first byte says how many bytes of length follow. */
const LONG_LIST_TAG = 0xf7;

export interface DecodeRules {
  readonly fork: ForkName;
  readonly chainId: number;
  /** The pool's cap unless given: a block or a test may hold a larger transaction. */
  readonly bytesMax?: number;
}

/**
 * Decodes and recovers one signed transaction.
 * @throws DeltacastError TX_OVERSIZED, TX_MALFORMED, TX_TYPE_UNSUPPORTED, TX_WRONG_CHAIN,
 *         TX_BAD_SIGNATURE, TX_TIP_ABOVE_FEE, TX_GAS_TOO_HIGH or TX_INITCODE_TOO_LARGE
 */
export function decodeSigned(raw: Uint8Array, rules: DecodeRules): Uint8Array {
  const tx = parse(raw, rules);
  const sender = senderOf(tx);
  if (sender === null) throw new DeltacastError('TX_BAD_SIGNATURE', 'invalid signature');
  return writeRecord(fieldsOf(tx, sender, transactionHash(raw), raw));
}

/** The same where the sender is known, and the transaction was accepted before. */
export function decodeKnown(raw: Uint8Array, sender: Uint8Array, rules: DecodeRules): Uint8Array {
  const tx = transactionOf(raw, rules);
  return writeRecord(fieldsOf(tx, sender, transactionHash(raw), raw));
}

/**
 * A record of a transaction whose sender is known otherwise: the data files give it, and calls have
 * no signature at all. @param hash  zeros where there is none
 */
export function recordOfUnsigned(
  data: TypedTxData,
  sender: Uint8Array,
  hash: Uint8Array,
  rules: DecodeRules,
): Uint8Array {
  const tx = createTx(data, { common: commonFor(rules.fork, rules.chainId) });
  return writeRecord(fieldsOf(tx, sender, hash, tx.serialize()));
}

/** The parsed transaction of a record; its raw bytes were accepted before, so this never throws. */
export function transactionOf(raw: Uint8Array, rules: DecodeRules): TypedTransaction {
  return createTxFromRLP(raw, { common: commonFor(rules.fork, rules.chainId), freeze: false });
}

function parse(raw: Uint8Array, rules: DecodeRules): TypedTransaction {
  const first = raw[0];
  if (first === undefined) throw new DeltacastError('TX_MALFORMED', 'empty transaction');
  const limit = rules.bytesMax ?? TRANSACTION_BYTES_MAX;
  if (raw.length > limit) throw new DeltacastError('TX_OVERSIZED', 'oversized data', { limit });
  if (first < LEGACY_FIRST_BYTE && (first === 0 || first > TYPE_MAX)) {
    throw new DeltacastError('TX_TYPE_UNSUPPORTED', 'transaction type not supported', {
      type: first,
    });
  }
  let tx: TypedTransaction;
  try {
    tx = transactionOf(raw, rules);
  } catch (error) {
    throw refusal(raw, error, rules);
  }
  if (tx.type !== 0 && !namesChain(raw, rules.chainId)) {
    throw new DeltacastError('TX_MALFORMED', 'a chain id with leading zeros', {
      bytes: raw.length,
    });
  }
  return tx;
}

/**
 * Is the first field of a typed envelope the chain id in its one right encoding? The library looks
 * for leading zeros in all numbers but this one; with them the same transaction would have other
 * bytes, and another hash.
 */
function namesChain(raw: Uint8Array, chainId: number): boolean {
  const head = raw[1] ?? 0;
  const at = 2 + Math.max(0, head - LONG_LIST_TAG);
  const wanted = RLP.encode(chainId);
  return equalBytes(raw.subarray(at, at + wanted.length), wanted);
}

const CAUSES: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [/chain ID|chain id|chainId/i, 'TX_WRONG_CHAIN', 'invalid chain id for signer'],
  [/initcode size/i, 'TX_INITCODE_TOO_LARGE', 'max initcode size exceeded'],
  [/EIP-7825/, 'TX_GAS_TOO_HIGH', 'transaction gas limit too high'],
  [
    /maxFeePerGas cannot be less/i,
    'TX_TIP_ABOVE_FEE',
    'max priority fee per gas higher than max fee',
  ],
  [/(not enabled|not activated)/i, 'TX_TYPE_UNSUPPORTED', 'transaction type not supported'],
  [/y-parity|v = 27\/28/i, 'TX_BAD_SIGNATURE', 'invalid signature'],
];

/**
 * The library has one error class: what was wrong is read off its message, else off the envelope.
 */
function refusal(raw: Uint8Array, error: unknown, rules: DecodeRules): DeltacastError {
  const message = error instanceof Error ? error.message : String(error);
  for (const [pattern, code, text] of CAUSES) {
    if (!pattern.test(message)) continue;
    return code === 'TX_WRONG_CHAIN'
      ? new DeltacastError(code, text, { expected: rules.chainId })
      : new DeltacastError(code, text);
  }
  return new DeltacastError(
    'TX_MALFORMED',
    `transaction cannot be decoded: ${message.slice(0, 120)}`,
    {
      bytes: raw.length,
    },
  );
}

function senderOf(tx: TypedTransaction): Uint8Array | null {
  const { v, r, s } = tx;
  if (v === undefined || r === undefined || s === undefined) return null;
  // Legacy: v is 27/28, or 35/36 + 2 * chain id (EIP-155); typed: the y-parity itself.
  const recovery = tx.type !== 0 ? v : v < 35n ? v - 27n : (v - 35n) % 2n;
  return recoverAddress(tx.getHashedMessageToSign(), r, s, Number(recovery));
}

function fieldsOf(
  tx: TypedTransaction,
  sender: Uint8Array,
  hash: Uint8Array,
  raw: Uint8Array,
): TransactionFields {
  const isMarket = 'maxFeePerGas' in tx;
  return {
    type: tx.type,
    unprotected: tx.type === 0 && tx.v !== undefined && tx.v < 35n,
    sender,
    to: tx.to?.bytes ?? null,
    nonce: tx.nonce,
    gasLimit: tx.gasLimit,
    value: tx.value,
    maxFeePerGas: isMarket ? tx.maxFeePerGas : tx.gasPrice,
    maxPriorityFeePerGas: isMarket ? tx.maxPriorityFeePerGas : tx.gasPrice,
    maxFeePerBlobGas: 'maxFeePerBlobGas' in tx ? tx.maxFeePerBlobGas : 0n,
    hash,
    data: tx.data,
    accessList: 'accessList' in tx ? tx.accessList.map(accessEntry) : [],
    blobHashes: 'blobVersionedHashes' in tx ? tx.blobVersionedHashes.map(bytesOf) : [],
    authorizations:
      'authorizationList' in tx ? tx.authorizationList.map((tuple) => RLP.encode(tuple)) : [],
    raw,
  };
}

function accessEntry(item: readonly [Uint8Array, readonly Uint8Array[]]): AccessEntry {
  return { address: item[0], slots: item[1] };
}

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.slice(2), 'hex'));
}

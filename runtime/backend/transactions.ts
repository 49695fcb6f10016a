/**
 * Transactions and receipts in the plain values of JSON-RPC, made from columns when somebody asks.
 * Byte strings are views of the columns.
 */
import { RLP } from '@ethereumjs/rlp';
import type { RpcLog, RpcPosition, RpcReceipt, RpcTransaction } from '../../net/rpc/values.js';
import { keccak256 } from '../../state/base/keccak.js';
import { type ExecutedColumns, hashAt, logsAt, rawAt, senderAt } from '../../workers/executed.js';
import { isFrom } from '../../workers/fork.js';
import type { TransactionRecord } from '../../workers/record.js';
import type { History, MiniBlockEntry, TransactionPlace } from '../history.js';
import { Envelope } from './envelope.js';

/** EIP-4844. */
const GAS_PER_BLOB = 131_072;
/** Wei per blob gas from Cancun on: blob transactions are refused, so there is never an excess. */
export const BLOB_BASE_FEE = 1n;

/** Sums over the transactions of a mini-block: entry i is of those before transaction i. */
interface Before {
  readonly gas: Float64Array;
  readonly logs: Uint32Array;
}

/**
 * Made at the first receipt of a mini-block: summing anew for each would make all receipts of one
 * mini-block quadratic. They go with the columns.
 */
const sums = new WeakMap<ExecutedColumns, Before>();

/** @param blockHash  null until the block is sealed */
export function positionOf(
  { miniBlock }: MiniBlockEntry,
  index: number,
  blockHash: Uint8Array | null,
): RpcPosition {
  const { context, firstTransaction } = miniBlock;
  return {
    blockNumber: context.number,
    blockHash,
    blockTimestamp: context.timestamp,
    transactionIndex: firstTransaction + index,
  };
}

/** @param blockHash  null until the block is sealed */
export function receiptAt(
  { entry, index }: TransactionPlace,
  blockHash: Uint8Array | null,
): RpcReceipt {
  const { transactions, context, gasBefore, firstLog } = entry.miniBlock;
  const envelope = new Envelope(rawAt(transactions, index));
  const from = senderAt(transactions, index);
  const { to } = envelope;
  const before = sumsOf(transactions);
  const gasUsed = transactions.gasUsed[index] ?? 0;
  const isBlob = envelope.type === 3;
  return {
    type: envelope.type,
    transactionHash: hashAt(transactions, index),
    from,
    to,
    contractAddress: to === null ? createdAddress(from, envelope.nonce) : null,
    position: positionOf(entry, index, blockHash),
    gasUsed,
    cumulativeGasUsed: gasBefore + (before.gas[index] ?? 0) + gasUsed,
    effectiveGasPrice: envelope.effectiveGasPrice(context.baseFee),
    // Our receipts have EIP-658's status in every fork, as the receipts root has.
    status: transactions.statuses[index] === 1 ? 1 : 0,
    root: null,
    logsBloom: null,
    logs: logsOf(transactions, index),
    firstLogIndex: firstLog + (before.logs[index] ?? 0),
    blobGasUsed: isBlob ? envelope.blobVersionedHashes.length * GAS_PER_BLOB : null,
    blobGasPrice: isBlob ? BLOB_BASE_FEE : null,
  };
}

/** @param blockHash  null until the block is sealed */
export function transactionAt(
  { entry, index }: TransactionPlace,
  blockHash: Uint8Array | null,
): RpcTransaction {
  const { transactions, context } = entry.miniBlock;
  return transactionOf(new Envelope(rawAt(transactions, index)), {
    hash: hashAt(transactions, index),
    from: senderAt(transactions, index),
    position: positionOf(entry, index, blockHash),
    baseFee: isFrom(context.fork, 'london') ? context.baseFee : 0n,
  });
}

/** A transaction that has no place in the chain yet. */
export function pooledTransaction({ raw, hash, sender }: TransactionRecord): RpcTransaction {
  const place = { hash, from: sender, position: null, baseFee: null };
  return transactionOf(new Envelope(raw), place);
}

export interface SignedTransaction {
  readonly hash: Uint8Array;
  readonly from: Uint8Array;
  readonly position: RpcPosition | null;
  /** Wei per gas of its block; null where it has none yet. */
  readonly baseFee: bigint | null;
}

export function transactionOf(
  envelope: Envelope,
  { hash, from, position, baseFee }: SignedTransaction,
): RpcTransaction {
  const { type } = envelope;
  const hasMarketFees = type >= 2;
  return {
    type,
    hash,
    from,
    to: envelope.to,
    nonce: envelope.nonce,
    gasLimit: envelope.gasLimit,
    value: envelope.value,
    data: envelope.data,
    chainId: envelope.chainId,
    gasPrice: priceOf(envelope, baseFee),
    maxFeePerGas: hasMarketFees ? envelope.maxFeePerGas : null,
    maxPriorityFeePerGas: hasMarketFees ? envelope.maxPriorityFeePerGas : null,
    maxFeePerBlobGas: envelope.maxFeePerBlobGas,
    blobVersionedHashes: envelope.blobVersionedHashes,
    accessList: envelope.accessList,
    authorizationList: envelope.authorizationList,
    v: envelope.v,
    r: envelope.r,
    s: envelope.s,
    position,
  };
}

function priceOf(envelope: Envelope, baseFee: bigint | null): bigint | null {
  if (envelope.type < 2) return envelope.maxFeePerGas;
  return baseFee === null ? null : envelope.effectiveGasPrice(baseFee);
}

/** Where a transaction or a block of the history is, with its block's hash. */
export class TransactionReader {
  private readonly history: History;

  constructor(history: History) {
    this.history = history;
  }

  /** @throws DeltacastError STATE_PRUNED where its frame is no longer kept */
  receipt(hash: Uint8Array): RpcReceipt | null {
    const place = this.history.find(hash);
    return place === undefined ? null : this.receiptOf(place);
  }

  receiptOf(place: TransactionPlace): RpcReceipt {
    return receiptAt(place, this.history.hashOf(place.entry.miniBlock.context.number));
  }

  /** @throws DeltacastError STATE_PRUNED where its frame is no longer kept */
  transaction(hash: Uint8Array): RpcTransaction | null {
    const place = this.history.find(hash);
    return place === undefined ? null : this.transactionOf(place);
  }

  transactionOf(place: TransactionPlace): RpcTransaction {
    return transactionAt(place, this.history.hashOf(place.entry.miniBlock.context.number));
  }

  /** The signed EIP-2718 bytes. */
  raw(hash: Uint8Array): Uint8Array | null {
    const place = this.history.find(hash);
    return place === undefined ? null : rawAt(place.entry.miniBlock.transactions, place.index);
  }
}

/** The address of a contract that an account's transaction creates (Yellow Paper, 7). */
export function createdAddress(sender: Uint8Array, nonce: bigint): Uint8Array {
  return keccak256(RLP.encode([sender, nonce])).subarray(12);
}

const NO_LOGS: readonly RpcLog[] = [];

function logsOf(transactions: ExecutedColumns, index: number): readonly RpcLog[] {
  return hasLogs(transactions, index) ? logsAt(transactions, index) : NO_LOGS;
}

/** True where the transaction logged something. */
export function hasLogs({ logEnds }: ExecutedColumns, index: number): boolean {
  return logEnds[index] !== (index === 0 ? 0 : logEnds[index - 1]);
}

export function sumsOf(transactions: ExecutedColumns): Before {
  const known = sums.get(transactions);
  if (known !== undefined) return known;
  const { count } = transactions;
  const gas = new Float64Array(count);
  const logs = new Uint32Array(count);
  let gasSum = 0;
  let logSum = 0;
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    gas[index] = gasSum;
    logs[index] = logSum;
    gasSum += transactions.gasUsed[index] ?? 0;
    const end = transactions.logEnds[index] ?? 0;
    for (; at < end; logSum += 1) at = logEnd(transactions.logs, at);
  }
  const before = { gas, logs };
  sums.set(transactions, before);
  return before;
}

/** Offset after the log entry at `at`: address, topic count, topics, length (u32), data. */
function logEnd(logs: Uint8Array, at: number): number {
  const lengthAt = at + 21 + (logs[at + 20] ?? 0) * 32;
  const low = (logs[lengthAt] ?? 0) + (logs[lengthAt + 1] ?? 0) * 0x100;
  const high = (logs[lengthAt + 2] ?? 0) + (logs[lengthAt + 3] ?? 0) * 0x100;
  return lengthAt + 4 + low + high * 0x1_0000;
}

/**
 * Plain values to Ethereum's JSON, field for field as geth 1.15 and anvil 1.7 write it: quantities
 * are hex without leading zeros, data is hex with an even number of digits.
 *
 * Before its block is sealed, what already has a place in the chain (transaction, receipt, log)
 * carries 32 zero bytes as `blockHash`. Null would be more honest and viem takes it, but ethers 6
 * throws on a receipt or a log without a 32-byte hash; the zeros work in viem, ethers and alloy,
 * and no sealed block has that hash (test/unit/net/rpc/libraries.test.ts is the proof).
 */
import { toHex } from '../../state/base/bytes.js';
import type {
  FeeHistory,
  RpcAccessListEntry,
  RpcAuthorization,
  RpcLog,
  RpcLogWithPosition,
  RpcMiniBlock,
  RpcPosition,
  RpcReceipt,
  RpcStateChange,
  RpcTransaction,
  SyncStatus,
} from './values.js';

export type Json = Record<string, unknown>;
export type Keccak256 = (bytes: Uint8Array) => Uint8Array;

/** The hash of a block that is not sealed yet. */
export const UNSEALED_HASH = `0x${'0'.repeat(64)}`;

const EMPTY_BLOOM = `0x${'0'.repeat(512)}`;
const BLOOM_BYTES = 256;

export function quantity(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

export function quantityOrNull(value: number | bigint | null): string | null {
  return value === null ? null : quantity(value);
}

export function dataOrNull(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : toHex(bytes);
}

function word(value: bigint): string {
  return `0x${value.toString(16)}`;
}

export function formatAccessList(list: readonly RpcAccessListEntry[]): Json[] {
  return list.map(({ address, storageKeys }) => ({
    address: toHex(address),
    storageKeys: storageKeys.map(toHex),
  }));
}

function formatAuthorization(authorization: RpcAuthorization): Json {
  const { chainId, address, nonce, yParity, r, s } = authorization;
  return {
    chainId: quantity(chainId),
    address: toHex(address),
    nonce: quantity(nonce),
    yParity: quantity(yParity),
    r: word(r),
    s: word(s),
  };
}

function blockHashOf(position: RpcPosition): string {
  return position.blockHash === null ? UNSEALED_HASH : toHex(position.blockHash);
}

/** In the chain or in the pool, where the place is null (geth internal/ethapi RPCTransaction). */
export function formatTransaction(transaction: RpcTransaction): Json {
  const { type, position } = transaction;
  const json: Json = {
    blockHash: position === null ? null : blockHashOf(position),
    blockNumber: position === null ? null : quantity(position.blockNumber),
    from: toHex(transaction.from),
    gas: quantity(transaction.gasLimit),
    gasPrice: quantity(transaction.gasPrice ?? transaction.maxFeePerGas ?? 0n),
    hash: toHex(transaction.hash),
    input: toHex(transaction.data),
    nonce: quantity(transaction.nonce),
    to: dataOrNull(transaction.to),
    transactionIndex: position === null ? null : quantity(position.transactionIndex),
    value: quantity(transaction.value),
    type: quantity(type),
    v: quantity(transaction.v),
    r: word(transaction.r),
    s: word(transaction.s),
  };
  if (position !== null) json['blockTimestamp'] = quantity(position.blockTimestamp);
  if (transaction.chainId !== null) json['chainId'] = quantity(transaction.chainId);
  if (type >= 1) {
    json['accessList'] = formatAccessList(transaction.accessList);
    json['yParity'] = quantity(transaction.v);
  }
  if (type >= 2) {
    json['maxFeePerGas'] = quantity(transaction.maxFeePerGas ?? 0n);
    json['maxPriorityFeePerGas'] = quantity(transaction.maxPriorityFeePerGas ?? 0n);
  }
  if (type === 3) {
    json['maxFeePerBlobGas'] = quantity(transaction.maxFeePerBlobGas ?? 0n);
    json['blobVersionedHashes'] = transaction.blobVersionedHashes.map(toHex);
  }
  if (type === 4)
    json['authorizationList'] = transaction.authorizationList.map(formatAuthorization);
  return json;
}

/** A log as every method gives it. The strings are also what log filters are matched against. */
export interface LogJson {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: string;
  readonly transactionHash: string;
  readonly transactionIndex: string;
  readonly blockHash: string;
  readonly blockTimestamp: string;
  readonly logIndex: string;
  readonly removed: false;
}

export function formatLog(log: RpcLogWithPosition): LogJson {
  return logJson(log, log.position, toHex(log.transactionHash), log.logIndex);
}

function logJson(
  log: RpcLog,
  position: RpcPosition,
  transactionHash: string,
  logIndex: number,
): LogJson {
  return {
    address: toHex(log.address),
    topics: log.topics.map(toHex),
    data: toHex(log.data),
    blockNumber: quantity(position.blockNumber),
    transactionHash,
    transactionIndex: quantity(position.transactionIndex),
    blockHash: blockHashOf(position),
    blockTimestamp: quantity(position.blockTimestamp),
    logIndex: quantity(logIndex),
    removed: false,
  };
}

export function formatReceiptLogs(receipt: RpcReceipt): LogJson[] {
  if (receipt.logs.length === 0) return [];
  const hash = toHex(receipt.transactionHash);
  return receipt.logs.map((log, index) =>
    logJson(log, receipt.position, hash, receipt.firstLogIndex + index),
  );
}

export function formatReceipt(receipt: RpcReceipt, keccak256: Keccak256): Json {
  const { position } = receipt;
  const json: Json = {
    type: quantity(receipt.type),
    cumulativeGasUsed: quantity(receipt.cumulativeGasUsed),
    logsBloom: receipt.logsBloom === null ? bloomOf(receipt, keccak256) : toHex(receipt.logsBloom),
    logs: formatReceiptLogs(receipt),
    transactionHash: toHex(receipt.transactionHash),
    transactionIndex: quantity(position.transactionIndex),
    blockHash: blockHashOf(position),
    blockNumber: quantity(position.blockNumber),
    gasUsed: quantity(receipt.gasUsed),
    effectiveGasPrice: quantity(receipt.effectiveGasPrice),
    from: toHex(receipt.from),
    to: dataOrNull(receipt.to),
    contractAddress: dataOrNull(receipt.contractAddress),
  };
  if (receipt.status !== null) json['status'] = quantity(receipt.status);
  if (receipt.root !== null) json['root'] = toHex(receipt.root);
  if (receipt.blobGasUsed !== null) json['blobGasUsed'] = quantity(receipt.blobGasUsed);
  if (receipt.blobGasPrice !== null) json['blobGasPrice'] = quantity(receipt.blobGasPrice);
  return json;
}

/** Three bits for each address and topic. Source: Yellow Paper, 4.3.1 (M3:2048). */
function bloomOf(receipt: RpcReceipt, keccak256: Keccak256): string {
  if (receipt.logs.length === 0) return EMPTY_BLOOM;
  const bloom = new Uint8Array(BLOOM_BYTES);
  const add = (entry: Uint8Array): void => {
    const hash = keccak256(entry);
    for (const at of [0, 2, 4]) {
      const bit = ((hash[at]! << 8) | hash[at + 1]!) & 0x7ff;
      bloom[BLOOM_BYTES - 1 - (bit >> 3)]! |= 1 << (bit & 7);
    }
  };
  for (const log of receipt.logs) {
    add(log.address);
    log.topics.forEach(add);
  }
  return toHex(bloom);
}

/** geth eth/gasprice and internal/ethapi feeHistoryResult; `reward` only when asked for. */
export function formatFeeHistory(history: FeeHistory): Json {
  const json: Json = {
    oldestBlock: quantity(history.oldestBlock),
    baseFeePerGas: history.baseFeePerGas.map(quantity),
    gasUsedRatio: history.gasUsedRatio,
    baseFeePerBlobGas: history.baseFeePerBlobGas.map(quantity),
    blobGasUsedRatio: history.blobGasUsedRatio,
  };
  if (history.reward.length > 0) json['reward'] = history.reward.map((row) => row.map(quantity));
  return json;
}

export function formatSyncing(status: SyncStatus | false): Json | false {
  if (status === false) return false;
  return {
    startingBlock: quantity(status.startingBlock),
    currentBlock: quantity(status.currentBlock),
    highestBlock: quantity(status.highestBlock),
  };
}

/** MegaETH's names and formats (docs/dev/read, subscription `miniBlocks`). */
export function formatMiniBlock(miniBlock: RpcMiniBlock, keccak256: Keccak256): Json {
  return {
    block_number: quantity(miniBlock.blockNumber),
    block_timestamp: quantity(miniBlock.blockTimestamp),
    index: quantity(miniBlock.index),
    mini_block_number: quantity(miniBlock.number),
    mini_block_timestamp: quantity(miniBlock.timestampMicroseconds),
    gas_used: quantity(miniBlock.gasUsed),
    transactions: miniBlock.transactions().map(formatTransaction),
    receipts: miniBlock.receipts().map((receipt) => formatReceipt(receipt, keccak256)),
  };
}

/** MegaETH's `stateChanges`: the nonce is a JSON number, values are quantities, slots whole. */
export function formatStateChange(change: RpcStateChange): Json {
  const storage: [string, string][] = change.storage.map(({ slot, value }) => [
    toHex(slot),
    quantity(BigInt(toHex(value))),
  ]);
  return {
    address: toHex(change.address),
    nonce: Number(change.nonce),
    balance: quantity(change.balance),
    storage: Object.fromEntries(storage),
  };
}

/**
 * Blocks and headers to Ethereum's JSON. Fields of a fork are absent before it, as with geth.
 * What an open block does not have yet is zero bytes, so that strict clients can read it.
 */
import { toHex } from '../../state/base/bytes.js';
import { dataOrNull, formatTransaction, type Json, quantity, UNSEALED_HASH } from './format.js';
import type { RpcBlock, RpcHeader, RpcSealedBlock, RpcWithdrawal } from './values.js';

/**
 * All ones: a bloom that may contain anything, so that nobody skips an open block for its logs.
 */
const OPEN_BLOOM = `0x${'f'.repeat(512)}`;

export function formatHeader(header: RpcHeader): Json {
  const json: Json = {
    number: quantity(header.number),
    hash: dataOrNull(header.hash) ?? UNSEALED_HASH,
    parentHash: toHex(header.parentHash),
    nonce: toHex(header.nonce),
    mixHash: toHex(header.mixHash),
    sha3Uncles: toHex(header.ommersHash),
    logsBloom: dataOrNull(header.logsBloom) ?? OPEN_BLOOM,
    stateRoot: dataOrNull(header.stateRoot) ?? UNSEALED_HASH,
    miner: toHex(header.miner),
    difficulty: quantity(header.difficulty),
    extraData: toHex(header.extraData),
    gasLimit: quantity(header.gasLimit),
    gasUsed: quantity(header.gasUsed),
    timestamp: quantity(header.timestamp),
    transactionsRoot: dataOrNull(header.transactionsRoot) ?? UNSEALED_HASH,
    receiptsRoot: dataOrNull(header.receiptsRoot) ?? UNSEALED_HASH,
  };
  if (header.baseFeePerGas !== null) json['baseFeePerGas'] = quantity(header.baseFeePerGas);
  if (header.withdrawalsRoot !== null) json['withdrawalsRoot'] = toHex(header.withdrawalsRoot);
  if (header.blobGasUsed !== null) json['blobGasUsed'] = quantity(header.blobGasUsed);
  if (header.excessBlobGas !== null) json['excessBlobGas'] = quantity(header.excessBlobGas);
  if (header.parentBeaconBlockRoot !== null) {
    json['parentBeaconBlockRoot'] = toHex(header.parentBeaconBlockRoot);
  }
  if (header.requestsHash !== null) json['requestsHash'] = toHex(header.requestsHash);
  return json;
}

export function formatBlock(block: RpcBlock): Json {
  const json = formatHeader(block.header);
  json['size'] = quantity(block.sizeBytes);
  json['transactions'] =
    block.transactions === null
      ? block.transactionHashes.map(toHex)
      : block.transactions.map(formatTransaction);
  json['uncles'] = block.uncleHashes.map(toHex);
  if (block.withdrawals !== null) json['withdrawals'] = block.withdrawals.map(formatWithdrawal);
  return json;
}

function formatWithdrawal(withdrawal: RpcWithdrawal): Json {
  return {
    index: quantity(withdrawal.index),
    validatorIndex: quantity(withdrawal.validatorIndex),
    address: toHex(withdrawal.address),
    amount: quantity(withdrawal.amount),
  };
}

/** An item of `newHeads`: the header and MegaETH's count of mini-blocks. */
export function formatSealedBlock(block: RpcSealedBlock): Json {
  const json = formatHeader(block.header);
  json['size'] = quantity(block.sizeBytes);
  json['miniBlockCount'] = quantity(block.miniBlockCount);
  return json;
}

/**
 * What a transaction costs before a single opcode runs, from its record: checked at admission, so
 * that a client learns at once. London rules and later; older forks leave it to the engine.
 * Sources: Yellow Paper 6.2 (g0), EIP-2028, EIP-2930, EIP-3860, EIP-7623, EIP-7702.
 */
import { type ForkName, isFrom } from './fork.js';
import type { TransactionRecord } from './record.js';

const TRANSACTION = 21_000;
const CREATION = 32_000;
const ZERO_BYTE = 4;
const NONZERO_BYTE = 16;
const ACCESS_ADDRESS = 2_400;
const ACCESS_SLOT = 1_900;
const INITCODE_WORD = 2;
/** EIP-7702: PER_EMPTY_ACCOUNT_COST for each authorization; part may come back as a refund. */
const AUTHORIZATION = 25_000;
/** EIP-7623: a zero byte is one token, any other four; the floor counts ten gas a token. */
const FLOOR_TOKEN = 10;

/** @returns gas, integer: the least gas limit with which the transaction can be in a block */
export function intrinsicGas(record: TransactionRecord, fork: ForkName): number {
  const { dataLength, dataZeros: zeros } = record;
  const others = dataLength - zeros;
  const { addresses, slots } = record.accessCounts;
  let gas = TRANSACTION + zeros * ZERO_BYTE + others * NONZERO_BYTE;
  gas += addresses * ACCESS_ADDRESS + slots * ACCESS_SLOT;
  gas += record.authorizationCount * AUTHORIZATION;
  if (record.isCreation) {
    gas += CREATION;
    if (isFrom(fork, 'shanghai')) gas += Math.ceil(dataLength / 32) * INITCODE_WORD;
  }
  if (!isFrom(fork, 'prague')) return gas;
  return Math.max(gas, TRANSACTION + (zeros + others * 4) * FLOOR_TOKEN);
}

/**
 * Ethereum block headers and receipts in their consensus encodings (@ethereumjs/block's owner): the
 * block that a transaction executes in, the sealed header with its hash, receipt RLP and bloom.
 */
import { type Block, createBlock, createBlockHeader, type HeaderData } from '@ethereumjs/block';
import { RLP } from '@ethereumjs/rlp';
import { Address } from '@ethereumjs/util';
import { concatBytes, toBigInt } from '../state/base/bytes.js';
import { DeltacastError } from '../state/base/errors.js';
import { keccak256 } from '../state/base/keccak.js';
import { commonFor } from './common.js';
import type { BlockContext } from './engine.js';
import { type ForkName, isFrom } from './fork.js';
import type { OutcomeLog } from './outcome.js';

export const BLOOM_BYTES = 256;

/** The block as the reference engine wants it: only what opcodes and fee rules read is real. */
export function executionBlock(context: BlockContext): Block {
  return createBlock(
    { header: headerData(context) },
    {
      common: commonFor(context.fork, context.chainId),
      setHardfork: false,
      skipConsensusFormatValidation: true,
    },
  );
}

function headerData(context: BlockContext): HeaderData {
  const { fork } = context;
  return {
    number: BigInt(context.number),
    timestamp: BigInt(context.timestamp),
    coinbase: new Address(context.coinbase.slice()),
    gasLimit: BigInt(context.gasLimit),
    difficulty: isFrom(fork, 'paris') ? 0n : context.difficulty,
    ...(isFrom(fork, 'paris') ? { mixHash: context.prevRandao } : {}),
    ...(isFrom(fork, 'london') ? { baseFeePerGas: context.baseFee } : {}),
    ...(isFrom(fork, 'cancun') ? { excessBlobGas: context.excessBlobGas } : {}),
  };
}

/** What sealing adds to a block's context. Roots and hashes are 32 bytes. */
export interface SealedFields {
  readonly parentHash: Uint8Array;
  readonly stateRoot: Uint8Array;
  readonly transactionsRoot: Uint8Array;
  readonly receiptsRoot: Uint8Array;
  readonly logsBloom: Uint8Array;
  readonly gasUsed: number;
  readonly blobGasUsed: number;
  readonly withdrawalsRoot: Uint8Array;
  readonly parentBeaconBlockRoot: Uint8Array;
  readonly requestsHash: Uint8Array;
}

export interface SealedHeader {
  readonly rlp: Uint8Array;
  /** keccak256 of the RLP. */
  readonly hash: Uint8Array;
}

/**
 * The header of a sealed block; its state root is ours (see ARCHITECTURE.md), all else Ethereum's.
 */
export function sealHeader(context: BlockContext, sealed: SealedFields): SealedHeader {
  const { fork } = context;
  const header = createBlockHeader(
    {
      ...headerData(context),
      parentHash: sealed.parentHash,
      stateRoot: sealed.stateRoot,
      transactionsTrie: sealed.transactionsRoot,
      receiptTrie: sealed.receiptsRoot,
      logsBloom: sealed.logsBloom,
      gasUsed: BigInt(sealed.gasUsed),
      ...(isFrom(fork, 'shanghai') ? { withdrawalsRoot: sealed.withdrawalsRoot } : {}),
      ...(isFrom(fork, 'cancun')
        ? {
            blobGasUsed: BigInt(sealed.blobGasUsed),
            parentBeaconBlockRoot: sealed.parentBeaconBlockRoot,
          }
        : {}),
      ...(isFrom(fork, 'prague') ? { requestsHash: sealed.requestsHash } : {}),
    },
    {
      common: commonFor(fork, context.chainId),
      setHardfork: false,
      skipConsensusFormatValidation: true,
    },
  );
  const rlp = header.serialize();
  return { rlp, hash: headerHash(rlp) };
}

/** keccak256 of a header's RLP: the block's hash. */
export function headerHash(rlp: Uint8Array): Uint8Array {
  return keccak256(rlp);
}

/** keccak256 of a signed envelope (EIP-2718). */
export function transactionHash(raw: Uint8Array): Uint8Array {
  return keccak256(raw);
}

/** The roots, the bloom and the gas that a header's RLP holds; the rest is in its context. */
export interface HeaderRoots {
  readonly parentHash: Uint8Array;
  readonly ommersHash: Uint8Array;
  readonly stateRoot: Uint8Array;
  readonly transactionsRoot: Uint8Array;
  readonly receiptsRoot: Uint8Array;
  readonly logsBloom: Uint8Array;
  readonly extraData: Uint8Array;
}

/** @throws DeltacastError FRAME_MALFORMED where it is no header */
export function headerRoots(rlp: Uint8Array): HeaderRoots {
  const [parentHash, ommersHash, , stateRoot, transactionsRoot, receiptsRoot, logsBloom, ...rest] =
    decodeHeader(rlp);
  const extraData = rest[5];
  if (
    parentHash?.length !== 32 ||
    ommersHash?.length !== 32 ||
    stateRoot?.length !== 32 ||
    transactionsRoot?.length !== 32 ||
    receiptsRoot?.length !== 32 ||
    logsBloom?.length !== BLOOM_BYTES ||
    extraData === undefined
  ) {
    throw noHeader();
  }
  return {
    parentHash,
    ommersHash,
    stateRoot,
    transactionsRoot,
    receiptsRoot,
    logsBloom,
    extraData,
  };
}

/**
 * The context that a header's RLP was made of, and the gas that its block used.
 * @throws DeltacastError FRAME_MALFORMED where it is no header of this fork
 */
export function headerContext(
  rlp: Uint8Array,
  fork: ForkName,
  chainId: number,
): { readonly context: BlockContext; readonly gasUsed: number } {
  const fields = decodeHeader(rlp);
  const big = (index: number): bigint => toBigInt(fields[index] ?? new Uint8Array(33));
  const small = (index: number): number => {
    const value = Number(big(index));
    if (!Number.isSafeInteger(value)) throw noHeader();
    return value;
  };
  const [coinbase, randao] = [fields[COINBASE], fields[RANDAO]];
  if (coinbase?.length !== 20 || randao?.length !== 32) throw noHeader();
  const context = {
    fork,
    chainId,
    coinbase,
    number: small(NUMBER),
    timestamp: small(TIMESTAMP),
    gasLimit: small(GAS_LIMIT),
    difficulty: big(DIFFICULTY),
    prevRandao: isFrom(fork, 'paris') ? randao : new Uint8Array(32),
    baseFee: isFrom(fork, 'london') ? big(BASE_FEE) : 0n,
    excessBlobGas: isFrom(fork, 'cancun') ? big(EXCESS_BLOB_GAS) : 0n,
  };
  return { context, gasUsed: small(GAS_USED) };
}

/** Places in the list that a header's RLP is. */
const COINBASE = 2;
const DIFFICULTY = 7;
const NUMBER = 8;
const GAS_LIMIT = 9;
const GAS_USED = 10;
const TIMESTAMP = 11;
const RANDAO = 13;
const BASE_FEE = 15;
const EXCESS_BLOB_GAS = 18;

function decodeHeader(rlp: Uint8Array): Uint8Array[] {
  let fields: unknown;
  try {
    fields = RLP.decode(rlp);
  } catch {
    throw noHeader();
  }
  const isFlat = Array.isArray(fields) && fields.every((field) => field instanceof Uint8Array);
  if (!isFlat) throw noHeader();
  return fields as Uint8Array[];
}

function noHeader(): DeltacastError {
  return new DeltacastError('FRAME_MALFORMED', 'a seal holds no block header');
}

/** A receipt's consensus fields; `cumulativeGasUsed` counts from the block's start. */
export interface ReceiptFields {
  readonly type: number;
  readonly status: number;
  readonly cumulativeGasUsed: number;
  readonly logs: readonly OutcomeLog[];
}

/**
 * The receipt as it enters the receipts root: the status form of EIP-658, with the type byte of
 * EIP-2718 in front for typed transactions.
 */
export function encodeReceipt(receipt: ReceiptFields, bloom: Uint8Array): Uint8Array {
  const payload = RLP.encode([
    receipt.status,
    BigInt(receipt.cumulativeGasUsed),
    bloom,
    receipt.logs.map((log) => [log.address, [...log.topics], log.data]),
  ]);
  return receipt.type === 0 ? payload : concatBytes(Uint8Array.of(receipt.type), payload);
}

/** The 2,048-bit bloom of the logs' addresses and topics (Yellow Paper, section 4.3.1). */
export function bloomOf(logs: readonly OutcomeLog[]): Uint8Array {
  const bloom = new Uint8Array(BLOOM_BYTES);
  for (const log of logs) {
    addToBloom(bloom, log.address);
    for (const topic of log.topics) addToBloom(bloom, topic);
  }
  return bloom;
}

/** bloom |= other, in place. */
export function mergeBloom(bloom: Uint8Array, other: Uint8Array): void {
  for (let at = 0; at < BLOOM_BYTES; at += 1) bloom[at] = (bloom[at] ?? 0) | (other[at] ?? 0);
}

function addToBloom(bloom: Uint8Array, item: Uint8Array): void {
  const hash = keccak256(item);
  for (const at of [0, 2, 4]) {
    const bit = (((hash[at] ?? 0) << 8) | (hash[at + 1] ?? 0)) & 2_047;
    const index = BLOOM_BYTES - 1 - (bit >> 3);
    bloom[index] = (bloom[index] ?? 0) | (1 << (bit & 7));
  }
}

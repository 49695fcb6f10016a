/**
 * Blocks and headers in the plain values of JSON-RPC. A sealed header is read off its own RLP, so
 * that what is shown is what was hashed; one that is not sealed has what its context gives.
 */
import { RLP } from '@ethereumjs/rlp';
import type { RpcBlock, RpcHeader, RpcReceipt, RpcSealedBlock } from '../../net/rpc/values.js';
import { fromHex, toBigInt } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import type { BlockContext } from '../../workers/engine.js';
import { hashAt } from '../../workers/executed.js';
import { isFrom } from '../../workers/fork.js';
import { BLOOM_BYTES, sealHeader } from '../../workers/header.js';
import type { BlockEntry, History, SealedHeaderEntry, TransactionPlace } from '../history.js';
import { receiptAt, transactionAt } from './transactions.js';

const ZERO_WORD = new Uint8Array(32);
const NO_BLOOM = new Uint8Array(BLOOM_BYTES);
const EMPTY = new Uint8Array(0);
/** keccak256 of the RLP of an empty list: no ommers since the merge, and none here before it. */
const NO_OMMERS = fromHex('1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347');
/** Root of a trie without items. */
const EMPTY_TRIE_ROOT = fromHex('56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421');
/** EIP-7685: SHA-256 of nothing. */
const NO_REQUESTS = fromHex('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
/** RLP of an empty list. */
const EMPTY_LIST_BYTES = 1;
/** Whole transactions or receipts in one answer: with 600 bytes of JSON each it is full. */
const SHOWN_MAX = 16_384;

/** @throws DeltacastError RPC_LIMIT where so many whole transactions are no answer */
export function blockOf(
  block: BlockEntry,
  history: History,
  hasFullTransactions: boolean,
): RpcBlock {
  const { context, seal, gasUsed } = block;
  if (hasFullTransactions) checkShown(block);
  const places = [...placesOf(block)];
  const blockHash = seal?.hash ?? null;
  return {
    header: headerOf(block, history),
    sizeBytes: sizeOf(block, seal?.rlp ?? unsealedRlp(context, gasUsed)),
    transactionHashes: places.map(({ entry, index }) =>
      hashAt(entry.miniBlock.transactions, index),
    ),
    transactions: hasFullTransactions
      ? places.map((place) => transactionAt(place, blockHash))
      : null,
    uncleHashes: [],
    withdrawals: isFrom(context.fork, 'shanghai') ? [] : null,
  };
}

export function sealedBlockOf(block: BlockEntry, history: History): RpcSealedBlock {
  const { context, seal, gasUsed, miniBlocks } = block;
  return {
    header: headerOf(block, history),
    sizeBytes: sizeOf(block, seal?.rlp ?? unsealedRlp(context, gasUsed)),
    miniBlockCount: miniBlocks.length,
  };
}

/** @throws DeltacastError RPC_LIMIT where so many receipts are no answer */
export function blockReceiptsOf(block: BlockEntry): RpcReceipt[] {
  checkShown(block);
  const blockHash = block.seal?.hash ?? null;
  return Array.from(placesOf(block), (place) => receiptAt(place, blockHash));
}

function checkShown({ transactionCount }: BlockEntry): void {
  if (transactionCount <= SHOWN_MAX) return;
  const message = `the block has more than ${SHOWN_MAX} transactions: ask for them one by one`;
  throw new DeltacastError('RPC_LIMIT', message, { transactionCount });
}

/** The transactions of a block in order. */
export function* placesOf({ miniBlocks }: BlockEntry): IterableIterator<TransactionPlace> {
  for (const entry of miniBlocks) {
    const { count } = entry.miniBlock.transactions;
    for (let index = 0; index < count; index += 1) yield { entry, index };
  }
}

/** @returns null where the block has no transaction of that index */
export function placeAt({ miniBlocks }: BlockEntry, index: number): TransactionPlace | null {
  for (const entry of miniBlocks) {
    const { firstTransaction, transactions } = entry.miniBlock;
    const inMiniBlock = index - firstTransaction;
    if (inMiniBlock >= 0 && inMiniBlock < transactions.count) return { entry, index: inMiniBlock };
  }
  return null;
}

function headerOf(block: BlockEntry, history: History): RpcHeader {
  return block.seal === null ? openHeader(block, history) : sealedHeader(block.seal);
}

/** Fields in the order of the Yellow Paper (4.3) and the EIPs that added to them. */
export function sealedHeader({ rlp, hash }: Pick<SealedHeaderEntry, 'rlp' | 'hash'>): RpcHeader {
  const fields = decodeFields(rlp);
  const bytes = (place: number): Uint8Array => fields[place] ?? EMPTY;
  const number = (place: number): number => Number(toBigInt(bytes(place)));
  const later = <T>(place: number, read: (place: number) => T): T | null =>
    fields.length > place ? read(place) : null;
  return {
    number: number(8),
    hash,
    parentHash: bytes(0),
    ommersHash: bytes(1),
    miner: bytes(2),
    stateRoot: bytes(3),
    transactionsRoot: bytes(4),
    receiptsRoot: bytes(5),
    logsBloom: bytes(6),
    difficulty: toBigInt(bytes(7)),
    gasLimit: number(9),
    gasUsed: number(10),
    timestamp: number(11),
    extraData: bytes(12),
    mixHash: bytes(13),
    nonce: bytes(14),
    baseFeePerGas: later(15, (place) => toBigInt(bytes(place))),
    withdrawalsRoot: later(16, bytes),
    blobGasUsed: later(17, number),
    excessBlobGas: later(18, number),
    parentBeaconBlockRoot: later(19, bytes),
    requestsHash: later(20, bytes),
  };
}

/** @throws DeltacastError FRAME_MALFORMED; headers are checked before history takes them */
function decodeFields(rlp: Uint8Array): Uint8Array[] {
  const fields: unknown = RLP.decode(rlp);
  if (!Array.isArray(fields) || !fields.every((field) => field instanceof Uint8Array)) {
    throw new DeltacastError('FRAME_MALFORMED', 'a seal holds no block header');
  }
  return fields;
}

function openHeader({ context, miniBlocks, gasUsed }: BlockEntry, history: History): RpcHeader {
  const { number, fork } = context;
  const since = <T>(name: typeof fork, value: T): T | null => (isFrom(fork, name) ? value : null);
  const requests = miniBlocks.find(({ miniBlock }) => miniBlock.requestsHash.length > 0);
  return {
    number,
    hash: null,
    stateRoot: null,
    transactionsRoot: null,
    receiptsRoot: null,
    logsBloom: null,
    // The block before may wait for its seal too.
    parentHash: (number === 0 ? null : history.hashOf(number - 1)) ?? ZERO_WORD,
    ommersHash: NO_OMMERS,
    miner: context.coinbase,
    difficulty: isFrom(fork, 'paris') ? 0n : context.difficulty,
    gasLimit: context.gasLimit,
    gasUsed,
    timestamp: context.timestamp,
    extraData: EMPTY,
    mixHash: isFrom(fork, 'paris') ? context.prevRandao : ZERO_WORD,
    nonce: new Uint8Array(8),
    baseFeePerGas: since('london', context.baseFee),
    withdrawalsRoot: since('shanghai', EMPTY_TRIE_ROOT),
    blobGasUsed: since('cancun', 0),
    excessBlobGas: since('cancun', Number(context.excessBlobGas)),
    parentBeaconBlockRoot: since('cancun', ZERO_WORD),
    requestsHash: since('prague', requests?.miniBlock.requestsHash ?? NO_REQUESTS),
  };
}

/** A header as long as the sealed one will be: its roots and its bloom have fixed lengths. */
function unsealedRlp(context: BlockContext, gasUsed: number): Uint8Array {
  return sealHeader(context, {
    parentHash: ZERO_WORD,
    stateRoot: ZERO_WORD,
    transactionsRoot: ZERO_WORD,
    receiptsRoot: ZERO_WORD,
    logsBloom: NO_BLOOM,
    gasUsed,
    blobGasUsed: 0,
    withdrawalsRoot: EMPTY_TRIE_ROOT,
    parentBeaconBlockRoot: ZERO_WORD,
    requestsHash: NO_REQUESTS,
  }).rlp;
}

/** Bytes of the block's RLP: header, transactions, no ommers, no withdrawals. */
function sizeOf({ context, miniBlocks }: BlockEntry, headerRlp: Uint8Array): number {
  let transactions = 0;
  for (const { miniBlock } of miniBlocks) {
    const { raws, rawEnds, count } = miniBlock.transactions;
    let start = 0;
    for (let index = 0; index < count; index += 1) {
      const end = rawEnds[index] ?? start;
      // A typed transaction is a byte string in the block, a legacy one a list as it is.
      const isLegacy = (raws[start] ?? 0) >= 0xc0;
      transactions += isLegacy ? end - start : withHead(end - start);
      start = end;
    }
  }
  const withdrawals = isFrom(context.fork, 'shanghai') ? EMPTY_LIST_BYTES : 0;
  return withHead(headerRlp.length + withHead(transactions) + EMPTY_LIST_BYTES + withdrawals);
}

/** RLP length of a list, or of a byte string of two bytes or more, with this content. */
function withHead(contentBytes: number): number {
  if (contentBytes <= 55) return contentBytes + 1;
  let lengthBytes = 1;
  for (let rest = contentBytes; rest >= 256; rest = Math.floor(rest / 256)) lengthBytes += 1;
  return contentBytes + 1 + lengthBytes;
}

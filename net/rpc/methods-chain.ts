/** Reads of state, blocks, transactions and receipts. */
import { toHex } from '../../state/base/bytes.js';
import { type Handler, type RpcContext, whenReady } from './context.js';
import {
  dataOrNull,
  formatReceipt,
  formatTransaction,
  quantity,
  quantityOrNull,
} from './format.js';
import { formatBlock, formatHeader } from './format-block.js';
import {
  checkCount,
  LATEST,
  parseAddress,
  parseBlock,
  parseBoolean,
  parseHash,
  parseNumber,
  parseSlot,
  parseUint64,
} from './schema.js';
import type { BlockSelector, RpcBlock, RpcReceipt, RpcTransaction } from './values.js';

export function chainMethods(context: RpcContext): [string, Handler][] {
  return [...stateMethods(context), ...blockMethods(context), ...transactionMethods(context)];
}

function stateMethods({ backend }: RpcContext): [string, Handler][] {
  return [
    ['eth_blockNumber', () => whenReady(backend.blockNumber(), quantity)],
    [
      'eth_getBalance',
      (params) => {
        const { address, block } = accountAt(params);
        return whenReady(backend.balance(address, block), quantity);
      },
    ],
    [
      'eth_getCode',
      (params) => {
        const { address, block } = accountAt(params);
        return whenReady(backend.code(address, block), toHex);
      },
    ],
    [
      'eth_getTransactionCount',
      (params) => {
        const { address, block } = accountAt(params);
        return whenReady(backend.transactionCount(address, block), quantity);
      },
    ],
    [
      'eth_getStorageAt',
      (params) => {
        checkCount(params, 2, 3);
        const address = parseAddress(params[0], 'address');
        const slot = parseSlot(params[1], 'slot');
        return whenReady(backend.storageAt(address, slot, parseBlock(params[2], 'block')), toHex);
      },
    ],
  ];
}

function accountAt(params: readonly unknown[]): { address: Uint8Array; block: BlockSelector } {
  checkCount(params, 1, 2);
  return { address: parseAddress(params[0], 'address'), block: parseBlock(params[1], 'block') };
}

function blockMethods({ backend, keccak256 }: RpcContext): [string, Handler][] {
  const oneBlock = (parse: ParseBlock): Handler => {
    return (params) => {
      checkCount(params, 1, 2);
      const isFull = params[1] === undefined || params[1] === null ? false : params[1];
      const block = parse(params[0]);
      return whenReady(backend.block(block, parseBoolean(isFull, 'full transactions')), blockJson);
    };
  };
  const header = (parse: ParseBlock): Handler =>
    oneArgument(parse, (block) => whenReady(backend.block(block, false), headerJson));
  const count = (parse: ParseBlock): Handler =>
    oneArgument(parse, (block) => whenReady(backend.blockTransactionCount(block), quantityOrNull));
  const uncles = (parse: ParseBlock): Handler =>
    oneArgument(parse, (block) => whenReady(backend.block(block, false), uncleCount));
  const receipts = (list: readonly RpcReceipt[] | null): unknown =>
    list?.map((receipt) => formatReceipt(receipt, keccak256)) ?? null;
  return [
    ['eth_getBlockByNumber', oneBlock(byNumber)],
    ['eth_getBlockByHash', oneBlock(byHash)],
    ['eth_getHeaderByNumber', header(byNumber)],
    ['eth_getHeaderByHash', header(byHash)],
    ['eth_getBlockTransactionCountByNumber', count(byNumber)],
    ['eth_getBlockTransactionCountByHash', count(byHash)],
    ['eth_getUncleCountByBlockNumber', uncles(byNumber)],
    ['eth_getUncleCountByBlockHash', uncles(byHash)],
    // There are headers of uncles nowhere here, only their hashes.
    ['eth_getUncleByBlockNumberAndIndex', () => null],
    ['eth_getUncleByBlockHashAndIndex', () => null],
    [
      'eth_getBlockReceipts',
      oneArgument(byNumber, (block) => whenReady(backend.blockReceipts(block), receipts)),
    ],
  ];
}

type ParseBlock = (value: unknown) => BlockSelector;

/** A tag or a number; the hash and object forms of EIP-1898 do no harm. */
function byNumber(value: unknown): BlockSelector {
  return parseBlock(value, 'block');
}

function byHash(value: unknown): BlockSelector {
  return { kind: 'hash', hash: parseHash(value, 'block hash'), requireCanonical: false };
}

function oneArgument<T>(parse: (value: unknown) => T, answer: (value: T) => unknown): Handler {
  return (params) => {
    checkCount(params, 1, 1);
    return answer(parse(params[0]));
  };
}

function blockJson(block: RpcBlock | null): unknown {
  return block === null ? null : formatBlock(block);
}

function headerJson(block: RpcBlock | null): unknown {
  return block === null ? null : formatHeader(block.header);
}

function uncleCount(block: RpcBlock | null): string | null {
  return block === null ? null : quantity(block.uncleHashes.length);
}

function transactionMethods({ backend, keccak256 }: RpcContext): [string, Handler][] {
  const hash = (value: unknown): Uint8Array => parseHash(value, 'transaction hash');
  const atIndex = (parse: ParseBlock): Handler => {
    return (params) => {
      checkCount(params, 2, 2);
      const index = parseNumber(params[1], 'index');
      return whenReady(backend.transactionByIndex(parse(params[0]), index), transactionJson);
    };
  };
  const receiptJson = (receipt: RpcReceipt | null): unknown =>
    receipt === null ? null : formatReceipt(receipt, keccak256);
  return [
    [
      'eth_getTransactionByHash',
      oneArgument(hash, (at) => whenReady(backend.transaction(at), transactionJson)),
    ],
    [
      'eth_getTransactionReceipt',
      oneArgument(hash, (at) => whenReady(backend.receipt(at), receiptJson)),
    ],
    [
      'eth_getRawTransactionByHash',
      oneArgument(hash, (at) => whenReady(backend.rawTransaction(at), dataOrNull)),
    ],
    ['eth_getTransactionByBlockNumberAndIndex', atIndex(byNumber)],
    ['eth_getTransactionByBlockHashAndIndex', atIndex(byHash)],
    [
      'eth_getTransactionBySenderAndNonce',
      (params) => {
        checkCount(params, 2, 2);
        const sender = parseAddress(params[0], 'sender');
        const nonce = parseUint64(params[1], 'nonce');
        return whenReady(backend.transactionBySenderAndNonce(sender, nonce), transactionJson);
      },
    ],
  ];
}

function transactionJson(transaction: RpcTransaction | null): unknown {
  return transaction === null ? null : formatTransaction(transaction);
}

/** The fee recipient of the newest block: nobody mines here, but old tools ask. */
export function coinbase({ backend }: RpcContext): Handler {
  return () =>
    whenReady(backend.block(LATEST, false), (block) => toHex(block?.header.miner ?? NOBODY));
}

const NOBODY = new Uint8Array(20);

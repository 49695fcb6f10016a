/** The chain's constants, fees, and the namespaces net, web3, rpc and txpool. */
import { toHex } from '../../state/base/bytes.js';
import {
  RPC_FEE_HISTORY_BLOCKS_MAX,
  RPC_FEE_PERCENTILES_MAX,
  RPC_POOL_CONTENT_MAX,
} from '../../state/base/limits.js';
import { type Handler, type RpcContext, whenReady } from './context.js';
import { invalidParams, LIMIT_EXCEEDED, RpcError } from './errors.js';
import {
  formatFeeHistory,
  formatSyncing,
  formatTransaction,
  type Json,
  quantity,
} from './format.js';
import { coinbase } from './methods-chain.js';
import { checkCount, optional, parseBlock, parseData, parseList, parseNumber } from './schema.js';
import type { PoolContent, RpcTransaction } from './values.js';

export function nodeMethods(context: RpcContext): [string, Handler][] {
  const { backend } = context;
  return [
    ['eth_chainId', () => quantity(backend.chainId)],
    ['net_version', () => backend.chainId.toString()],
    ['net_listening', () => backend.listening()],
    ['net_peerCount', () => whenReady(backend.peerCount(), quantity)],
    ['web3_clientVersion', () => backend.clientVersion],
    ['web3_sha3', sha3(context)],
    ['eth_syncing', () => whenReady(backend.syncing(), formatSyncing)],
    ['eth_accounts', () => backend.signer?.accounts().map(toHex) ?? []],
    ['eth_coinbase', coinbase(context)],
    ['eth_mining', () => false],
    ['eth_hashrate', () => '0x0'],
    // What anvil answers: eth/65.
    ['eth_protocolVersion', () => '0x41'],
    ['eth_gasPrice', () => whenReady(backend.gasPrice(), quantity)],
    ['eth_maxPriorityFeePerGas', () => whenReady(backend.maxPriorityFeePerGas(), quantity)],
    ['eth_blobBaseFee', () => whenReady(backend.blobBaseFee(), quantity)],
    ['eth_feeHistory', feeHistory(context)],
    ...poolMethods(context),
  ];
}

/** Namespaces of a finished table, for `rpc_modules`. */
export function rpcModules(methods: Iterable<string>): Json {
  const names = new Set(
    [...methods, 'rpc_modules'].map((name) => name.slice(0, name.indexOf('_'))),
  );
  return Object.fromEntries([...names].sort().map((name) => [name, '1.0']));
}

function sha3({ keccak256 }: RpcContext): Handler {
  return (params) => {
    checkCount(params, 1, 1);
    return toHex(keccak256(parseData(params[0], 'data')));
  };
}

function feeHistory({ backend }: RpcContext): Handler {
  return (params) => {
    checkCount(params, 2, 3);
    const asked = parseBlockCount(params[0]);
    const newest = parseBlock(params[1], 'newest block');
    const percentiles = optional(params[2], 'percentiles', parsePercentiles) ?? [];
    const blockCount = Math.min(asked, RPC_FEE_HISTORY_BLOCKS_MAX);
    return whenReady(backend.feeHistory(blockCount, newest, percentiles), formatFeeHistory);
  };
}

/** geth takes a JSON number here as well as a quantity. */
function parseBlockCount(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  return parseNumber(value, 'block count');
}

function parsePercentiles(value: unknown, name: string): number[] {
  const percentiles = parseList(value, name, RPC_FEE_PERCENTILES_MAX, (member, at) => {
    if (typeof member === 'number' && member >= 0 && member <= 100) return member;
    throw invalidParams(`${at}: expected a number from 0 to 100`);
  });
  const isAscending = percentiles.every((value, index) => value >= (percentiles[index - 1] ?? 0));
  if (!isAscending) throw invalidParams(`${name}: expected ascending numbers`);
  return percentiles;
}

function poolMethods({ backend }: RpcContext): [string, Handler][] {
  const content = (format: (transaction: RpcTransaction) => unknown): Handler => {
    return async () => {
      const { pending, queued } = await backend.poolStatus();
      if (pending + queued > RPC_POOL_CONTENT_MAX) {
        const text = `the pool holds over ${RPC_POOL_CONTENT_MAX} transactions: ask txpool_status`;
        throw new RpcError(LIMIT_EXCEEDED, text);
      }
      return poolJson(await backend.poolContent(), format);
    };
  };
  return [
    [
      'txpool_status',
      () =>
        whenReady(backend.poolStatus(), ({ pending, queued }) => ({
          pending: quantity(pending),
          queued: quantity(queued),
        })),
    ],
    ['txpool_content', content(formatTransaction)],
    ['txpool_inspect', content(inspectText)],
  ];
}

function poolJson(content: PoolContent, format: (transaction: RpcTransaction) => unknown): Json {
  return {
    pending: bySender(content.pending, format),
    queued: bySender(content.queued, format),
  };
}

/** Sender, then nonce in decimal, as geth. */
function bySender(
  transactions: readonly RpcTransaction[],
  format: (transaction: RpcTransaction) => unknown,
): Json {
  const senders: Record<string, Json> = {};
  for (const transaction of transactions) {
    const nonces = (senders[toHex(transaction.from)] ??= {});
    nonces[transaction.nonce.toString()] = format(transaction);
  }
  return senders;
}

/** Source: geth internal/ethapi TxPoolAPI.Inspect. */
function inspectText(transaction: RpcTransaction): string {
  const { to, value, gasLimit } = transaction;
  const price = transaction.gasPrice ?? transaction.maxFeePerGas ?? 0n;
  const target = to === null ? 'contract creation' : toHex(to);
  return `${target}: ${value} wei + ${gasLimit} gas × ${price} wei`;
}

/**
 * Parsers of the larger parameters: call and transaction requests, state and block overrides, log
 * filters. Same rules as schema.ts.
 */
import { equalBytes } from '../../state/base/bytes.js';
import { RPC_JSON_TOKENS_MAX, RPC_LOG_ALTERNATIVES_MAX } from '../../state/base/limits.js';
import { invalidParams } from './errors.js';
import {
  type JsonObject,
  LATEST,
  optional,
  parseAddress,
  parseBlock,
  parseData,
  parseHash,
  parseList,
  parseNumber,
  parseObject,
  parseQuantity,
  parseSlot,
  parseUint64,
} from './schema.js';
import type {
  AccountOverride,
  BlockOverrides,
  BlockSelector,
  RpcAccessListEntry,
  RpcAuthorization,
  StorageOverride,
  TransactionRequest,
  TransactionType,
} from './values.js';

/** Lists inside a request are bounded by the body: a token each at least. */
const MEMBERS_MAX = RPC_JSON_TOKENS_MAX;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * A call, estimate, fill or send request. `data` and `input` mean the same; a gas price excludes
 * the fees of EIP-1559. Unknown members are left alone, as with geth.
 */
export function parseTransactionRequest(value: unknown, name: string): TransactionRequest {
  const object = parseObject(value, name);
  const request: Writable<TransactionRequest> = {};
  const set = <K extends keyof TransactionRequest>(
    key: K,
    parse: (value: unknown, name: string) => NonNullable<TransactionRequest[K]>,
  ): void => {
    const parsed = optional(object[key], `${name}.${key}`, parse);
    if (parsed !== undefined) request[key] = parsed;
  };
  set('type', parseType);
  set('from', parseAddress);
  set('to', parseAddress);
  set('nonce', parseUint64);
  set('gas', parseNumber);
  set('value', parseQuantity);
  set('chainId', parseQuantity);
  set('gasPrice', parseQuantity);
  set('maxFeePerGas', parseQuantity);
  set('maxPriorityFeePerGas', parseQuantity);
  set('maxFeePerBlobGas', parseQuantity);
  set('blobVersionedHashes', (list, at) => parseList(list, at, MEMBERS_MAX, parseHash));
  set('accessList', parseAccessList);
  set('authorizationList', (list, at) => parseList(list, at, MEMBERS_MAX, parseAuthorization));
  const data = parseInput(object, name);
  if (data !== undefined) request.data = data;
  checkFees(request, name);
  return request;
}

function parseInput(object: JsonObject, name: string): Uint8Array | undefined {
  const input = optional(object['input'], `${name}.input`, parseData);
  const data = optional(object['data'], `${name}.data`, parseData);
  if (input !== undefined && data !== undefined && !equalBytes(input, data)) {
    throw invalidParams('both "data" and "input" are set and not equal');
  }
  return input ?? data;
}

function checkFees(request: TransactionRequest, name: string): void {
  const { gasPrice, maxFeePerGas, maxPriorityFeePerGas } = request;
  const hasFees = maxFeePerGas !== undefined || maxPriorityFeePerGas !== undefined;
  if (gasPrice !== undefined && hasFees) {
    throw invalidParams('both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified');
  }
  if (
    maxFeePerGas !== undefined &&
    maxPriorityFeePerGas !== undefined &&
    maxPriorityFeePerGas > maxFeePerGas
  ) {
    throw invalidParams(`${name}: maxFeePerGas is below maxPriorityFeePerGas`);
  }
}

function parseType(value: unknown, name: string): TransactionType {
  const type = parseNumber(value, name);
  if (type !== 0 && type !== 1 && type !== 2 && type !== 3 && type !== 4) {
    throw invalidParams(`${name}: unknown transaction type ${type}`);
  }
  return type;
}

export function parseAccessList(value: unknown, name: string): RpcAccessListEntry[] {
  return parseList(value, name, MEMBERS_MAX, (member, at) => {
    const entry = parseObject(member, at);
    return {
      address: parseAddress(entry['address'], `${at}.address`),
      storageKeys: parseList(
        entry['storageKeys'] ?? [],
        `${at}.storageKeys`,
        MEMBERS_MAX,
        parseHash,
      ),
    };
  });
}

/** An authorization whose signature is still missing has zeros in its place (viem asks so). */
function parseAuthorization(value: unknown, name: string): RpcAuthorization {
  const object = parseObject(value, name);
  return {
    chainId: parseQuantity(object['chainId'], `${name}.chainId`),
    address: parseAddress(object['address'], `${name}.address`),
    nonce: parseUint64(object['nonce'], `${name}.nonce`),
    yParity: optional(object['yParity'], `${name}.yParity`, parseNumber) ?? 0,
    r: optional(object['r'], `${name}.r`, parseSignatureWord) ?? 0n,
    s: optional(object['s'], `${name}.s`, parseSignatureWord) ?? 0n,
  };
}

/** Clients pad r and s to 32 bytes or not. */
function parseSignatureWord(value: unknown, name: string): bigint {
  return BigInt(`0x${Buffer.from(parseSlot(value, name)).toString('hex')}`);
}

/** `{address: {balance, nonce, code, state | stateDiff}}`; absent is none. Source: geth. */
export function parseStateOverrides(value: unknown, name: string): AccountOverride[] {
  if (value === undefined || value === null) return [];
  return Object.entries(parseObject(value, name)).map(([key, member]) => {
    const at = `${name}.${key.slice(0, 42)}`;
    return parseAccountOverride(parseAddress(key, at), parseObject(member, at), at);
  });
}

function parseAccountOverride(
  address: Uint8Array,
  object: JsonObject,
  name: string,
): AccountOverride {
  const override: Writable<AccountOverride> = { address };
  const balance = optional(object['balance'], `${name}.balance`, parseQuantity);
  const nonce = optional(object['nonce'], `${name}.nonce`, parseUint64);
  const code = optional(object['code'], `${name}.code`, parseData);
  const state = optional(object['state'], `${name}.state`, parseStorage);
  const stateDiff = optional(object['stateDiff'], `${name}.stateDiff`, parseStorage);
  if (state !== undefined && stateDiff !== undefined) {
    throw invalidParams(`${name}: has both "state" and "stateDiff"`);
  }
  if (balance !== undefined) override.balance = balance;
  if (nonce !== undefined) override.nonce = nonce;
  if (code !== undefined) override.code = code;
  if (state !== undefined) override.state = state;
  if (stateDiff !== undefined) override.stateDiff = stateDiff;
  return override;
}

function parseStorage(value: unknown, name: string): StorageOverride[] {
  return Object.entries(parseObject(value, name)).map(([slot, word]) => ({
    slot: parseSlot(slot, `${name} slot`),
    value: parseSlot(word, `${name}.${slot.slice(0, 66)}`),
  }));
}

/** geth's names, and the older ones of MegaETH's documentation. */
export function parseBlockOverrides(value: unknown, name: string): BlockOverrides | null {
  if (value === undefined || value === null) return null;
  const object = parseObject(value, name);
  const overrides: Writable<BlockOverrides> = {};
  const set = <K extends keyof BlockOverrides>(
    key: K,
    parse: (value: unknown, name: string) => NonNullable<BlockOverrides[K]>,
  ): void => {
    const parsed = optional(object[key], `${name}.${key}`, parse);
    if (parsed !== undefined) overrides[key] = parsed;
  };
  set('number', parseUint64);
  set('time', parseNumber);
  set('gasLimit', parseNumber);
  set('feeRecipient', parseAddress);
  set('prevRandao', parseHash);
  set('baseFeePerGas', parseQuantity);
  set('blobBaseFee', parseQuantity);
  return overrides;
}

/** What a client wants of logs: `range` null when it named no blocks at all. */
export interface LogFilter {
  readonly range:
    | { readonly from: BlockSelector; readonly to: BlockSelector }
    | { readonly blockHash: Uint8Array };
  readonly addresses: readonly Uint8Array[];
  readonly topics: readonly (readonly Uint8Array[] | null)[];
}

export function parseLogFilter(value: unknown, name: string): LogFilter {
  const object = parseObject(value ?? {}, name);
  return {
    range: parseRange(object, name),
    addresses: parseAddresses(object['address'], `${name}.address`),
    topics: optional(object['topics'], `${name}.topics`, parseTopics) ?? [],
  };
}

function parseRange(object: JsonObject, name: string): LogFilter['range'] {
  const blockHash = optional(object['blockHash'], `${name}.blockHash`, parseHash);
  const isGiven = (key: string) => object[key] !== undefined && object[key] !== null;
  if (blockHash === undefined) {
    return {
      from: optional(object['fromBlock'], `${name}.fromBlock`, parseBlock) ?? LATEST,
      to: optional(object['toBlock'], `${name}.toBlock`, parseBlock) ?? LATEST,
    };
  }
  if (isGiven('fromBlock') || isGiven('toBlock')) {
    throw invalidParams(
      'cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other',
    );
  }
  return { blockHash };
}

/** One address or a list; absent is every address. */
export function parseAddresses(value: unknown, name: string): Uint8Array[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return [parseAddress(value, name)];
  return parseList(value, name, RPC_LOG_ALTERNATIVES_MAX, parseAddress);
}

function parseTopics(value: unknown, name: string): (readonly Uint8Array[] | null)[] {
  return parseList(value, name, 4, (member, at) => {
    if (member === null || member === undefined) return null;
    if (!Array.isArray(member)) return [parseHash(member, at)];
    // A null among alternatives, or no alternative at all, matches anything (geth filters/api.go).
    if (member.length === 0 || member.includes(null)) return null;
    return parseList(member, at, RPC_LOG_ALTERNATIVES_MAX, parseHash);
  });
}

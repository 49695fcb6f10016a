/** Simulated calls, and the methods that complete or sign a transaction. */
import { toHex } from '../../state/base/bytes.js';
import type { Awaitable, RpcSigner } from './backend.js';
import { type Handler, type RpcContext, whenReady } from './context.js';
import { callError, invalidParams } from './errors.js';
import { encodeTransaction, fillTransaction, requestOf } from './fill.js';
import { formatAccessList, formatTransaction, type Json, quantity } from './format.js';
import { LATER } from './message.js';
import { answerWithHash } from './methods-send.js';
import { checkCount, parseAddress, parseBlock, parseData } from './schema.js';
import {
  parseBlockOverrides,
  parseStateOverrides,
  parseTransactionRequest,
} from './schema-call.js';
import type { AccessListResult, CallOptions, CallResult, EstimateResult } from './values.js';

export function callMethods(context: RpcContext): [string, Handler][] {
  const { backend } = context;
  const methods: [string, Handler][] = [
    ['eth_call', (params) => whenReady(backend.call(parseCall(params)), callJson)],
    [
      'eth_estimateGas',
      (params) => whenReady(backend.estimateGas(parseCall(params)), estimateJson),
    ],
    ['eth_fillTransaction', fill(context)],
  ];
  if (backend.createAccessList !== undefined) methods.push(['eth_createAccessList', list(context)]);
  if (backend.signer !== null) methods.push(...signMethods(context, backend.signer));
  return methods;
}

export function parseCall(params: readonly unknown[]): CallOptions {
  checkCount(params, 1, 4);
  return {
    request: parseTransactionRequest(params[0], 'call'),
    block: parseBlock(params[1], 'block'),
    stateOverrides: parseStateOverrides(params[2], 'state overrides'),
    blockOverrides: parseBlockOverrides(params[3], 'block overrides'),
  };
}

/** @throws RpcError for a call that did not end well */
export function callJson(result: CallResult): string {
  if (result.status !== 'ok') throw callError(result);
  return toHex(result.output);
}

function estimateJson(result: EstimateResult): string {
  if (result.failure !== null) throw callError(result.failure);
  return quantity(result.gas);
}

function list({ backend }: RpcContext): Handler {
  const json = (result: AccessListResult): Json => ({
    accessList: formatAccessList(result.accessList),
    gasUsed: quantity(result.gasUsed),
    ...(result.error === null ? {} : { error: result.error }),
  });
  return (params) => {
    const found: Awaitable<AccessListResult> | undefined = backend.createAccessList?.(
      parseCall(params),
    );
    return found === undefined ? null : whenReady(found, json);
  };
}

/** geth's answer: the transaction with an empty signature, and its encoding. */
function fill({ backend, keccak256 }: RpcContext): Handler {
  return async (params) => {
    checkCount(params, 1, 1);
    const request = parseTransactionRequest(params[0], 'transaction');
    const filled = await fillTransaction(backend, request);
    const raw = encodeTransaction(filled);
    const transaction = { ...filled, hash: keccak256(raw) };
    return { raw: toHex(raw), tx: formatTransaction(transaction) };
  };
}

function signMethods({ backend }: RpcContext, signer: RpcSigner): [string, Handler][] {
  const sign = (address: unknown, message: unknown): Awaitable<string> =>
    whenReady(
      signer.signMessage(parseAddress(address, 'address'), parseData(message, 'message')),
      toHex,
    );
  return [
    [
      'eth_sendTransaction',
      (params, message, slot) => {
        checkCount(params, 1, 1);
        const request = parseFrom(params[0]);
        return whenReady(signer.sendTransaction(request), (outcome) => {
          answerWithHash(outcome, message, slot);
          return LATER;
        });
      },
    ],
    [
      'eth_signTransaction',
      async (params) => {
        checkCount(params, 1, 1);
        const filled = await fillTransaction(backend, parseFrom(params[0]));
        return toHex((await signer.signTransaction(requestOf(filled))).raw);
      },
    ],
    ['eth_sign', (params) => sign(twoOf(params)[0], params[1])],
    ['personal_sign', (params) => sign(twoOf(params)[1], params[0])],
    [
      'eth_signTypedData_v4',
      (params) => {
        const address = parseAddress(twoOf(params)[0], 'address');
        return whenReady(signer.signTypedData(address, parseTypedData(params[1])), toHex);
      },
    ],
  ];
}

/** personal_sign has had a password as its third parameter. */
function twoOf(params: readonly unknown[]): readonly unknown[] {
  checkCount(params, 2, 3);
  return params;
}

function parseFrom(value: unknown): ReturnType<typeof parseTransactionRequest> {
  const request = parseTransactionRequest(value, 'transaction');
  if (request.from === undefined) throw invalidParams('transaction.from: missing');
  return request;
}

/** Libraries send it as JSON text, tools as an object. */
function parseTypedData(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    throw invalidParams('typed data: expected JSON');
  }
}

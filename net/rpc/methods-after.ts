/**
 * eth_callAfter: a call on the state in which an account has reached a nonce, so that a client
 * reads what its own transaction did without polling. Source: MegaETH, docs/dev/read/rpc.
 */
import {
  RPC_CALL_AFTER_TIMEOUT_MAX_MS,
  RPC_CALL_AFTER_TIMEOUT_MS,
} from '../../state/base/limits.js';
import type { Handler, RpcContext } from './context.js';
import { invalidParams, RpcError, SERVER_ERROR } from './errors.js';
import { callJson, parseCall } from './methods-call.js';
import { checkCount, LATEST, optional, parseAddress, parseObject, parseUint64 } from './schema.js';

interface Condition {
  readonly account: Uint8Array;
  readonly nonce: bigint;
  readonly timeoutMs: number;
}

export function callAfter(context: RpcContext): Handler {
  return async (params) => {
    checkCount(params, 2, 4);
    const options = parseCall([params[0], 'latest', params[2], params[3]]);
    await untilNonce(context, parseCondition(params[1]));
    return callJson(await context.backend.call(options));
  };
}

function parseCondition(value: unknown): Condition {
  const object = parseObject(value, 'condition');
  return {
    account: parseAddress(object['account'], 'condition.account'),
    nonce: parseNonce(object['nonce'], 'condition.nonce'),
    timeoutMs:
      optional(object['timeout'], 'condition.timeout', parseTimeout) ?? RPC_CALL_AFTER_TIMEOUT_MS,
  };
}

/** A JSON number, as other parts of that interface have it, or a quantity. */
function parseNonce(value: unknown, name: string): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  return parseUint64(value, name);
}

function parseTimeout(value: unknown, name: string): number {
  const isPositive = typeof value === 'number' && Number.isInteger(value) && value > 0;
  if (isPositive && value <= RPC_CALL_AFTER_TIMEOUT_MAX_MS) return value;
  throw invalidParams(`${name}: expected 1 to ${RPC_CALL_AFTER_TIMEOUT_MAX_MS} milliseconds`);
}

/** @throws RpcError when the account has not reached the nonce in time */
async function untilNonce(context: RpcContext, condition: Condition): Promise<void> {
  const { backend, clock, feeds } = context;
  const { account, nonce, timeoutMs } = condition;
  let hasMoved = false;
  let isExpired = false;
  let wake = (): void => {};
  const deliver = (): void => {
    hasMoved = true;
    wake();
  };
  // Listens before it looks: a mini-block that comes between the two is not missed.
  const stop = feeds.add({ kind: 'ticks', logs: null, addresses: null, deliver });
  const cancel = clock.after(timeoutMs, () => {
    isExpired = true;
    wake();
  });
  try {
    while ((await backend.transactionCount(account, LATEST)) < nonce) {
      if (!hasMoved && !isExpired) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (isExpired) {
        throw new RpcError(SERVER_ERROR, 'Timeout: timeout waiting for nonce condition');
      }
      hasMoved = false;
    }
  } finally {
    stop();
    cancel();
  }
}

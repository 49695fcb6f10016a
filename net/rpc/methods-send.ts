/**
 * Submission: plain, and with the receipt as the answer (EIP-7966 and MegaETH's method). A
 * synchronous send of a transaction that the node already has waits for its receipt like the
 * first, so that a client may safely repeat it after a broken connection.
 */

import { toHex } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import {
  RPC_NONCE_GAP_GRACE_MS,
  RPC_REALTIME_TIMEOUT_MS,
  RPC_SYNC_TIMEOUT_MAX_MS,
  RPC_SYNC_TIMEOUT_MS,
} from '../../state/base/limits.js';
import type { Handler, RpcContext } from './context.js';
import {
  type RpcErrorBody,
  SERVER_ERROR,
  SYNC_NOT_READY,
  SYNC_TIMED_OUT,
  submitErrorBody,
} from './errors.js';
import { formatReceipt } from './format.js';
import { LATER, type Message } from './message.js';
import { checkCount, parseData } from './schema.js';
import type { SubmitOutcome } from './values.js';

/** Methods that gather: all others first hand over what has gathered (dispatch.ts). */
export const SUBMIT_METHODS: ReadonlySet<string> = new Set([
  'eth_sendRawTransaction',
  'eth_sendRawTransactionSync',
  'realtime_sendRawTransaction',
]);

export function sendMethods(context: RpcContext): [string, Handler][] {
  return [
    ['eth_sendRawTransaction', sendRaw(context)],
    ['eth_sendRawTransactionSync', sendRawSync(context)],
    ['realtime_sendRawTransaction', sendRealtime(context)],
  ];
}

function sendRaw({ submissions }: RpcContext): Handler {
  return (params, message, slot) => {
    checkCount(params, 1, 1);
    submissions.push(parseData(params[0], 'transaction'), (outcome, error) => {
      if (outcome === null) return message.reject(slot, error);
      answerWithHash(outcome, message, slot);
    });
    return LATER;
  };
}

/** The answer to eth_sendRawTransaction and eth_sendTransaction. */
export function answerWithHash(outcome: SubmitOutcome, message: Message, slot: number): void {
  if (outcome.status === 'rejected') {
    message.fail(slot, submitErrorBody(outcome.error));
    return;
  }
  if (outcome.status === 'known') {
    message.fail(slot, ALREADY_KNOWN);
    return;
  }
  message.resolve(slot, toHex(outcome.hash));
}

/** geth's words. */
const ALREADY_KNOWN: RpcErrorBody = { code: SERVER_ERROR, message: 'already known' };

/** Source: EIP-7966. */
function sendRawSync(context: RpcContext): Handler {
  return (params, message, slot) => {
    checkCount(params, 1, 2);
    const timeoutMs = parseTimeout(params[1]);
    const wait = (hash: string): RpcErrorBody => ({
      code: SYNC_TIMED_OUT,
      message:
        "The transaction was added to the mempool but wasn't processed in " +
        `${timeoutMs / 1_000}s.`,
      data: hash,
    });
    return sendAndWait(context, { params, message, slot, timeoutMs, expired: wait });
  };
}

/** Source: MegaETH, docs/dev/read/rpc/realtime_sendRawTransaction. */
function sendRealtime(context: RpcContext): Handler {
  const expired = (): RpcErrorBody => ({
    code: SERVER_ERROR,
    message: 'realtime transaction expired',
  });
  return (params, message, slot) => {
    checkCount(params, 1, 1);
    const timeoutMs = RPC_REALTIME_TIMEOUT_MS;
    return sendAndWait(context, { params, message, slot, timeoutMs, expired });
  };
}

/**
 * Milliseconds, as a JSON number (viem since 2026) or a hex quantity (viem before). What is no
 * positive integer means the default, as the EIP says; more than the cap is the cap, as in anvil.
 */
function parseTimeout(value: unknown): number {
  const isHex = typeof value === 'string' && /^0x[0-9a-fA-F]{1,12}$/.test(value);
  const timeoutMs = isHex ? Number(value) : value;
  if (typeof timeoutMs !== 'number' || !Number.isInteger(timeoutMs) || timeoutMs <= 0) {
    return RPC_SYNC_TIMEOUT_MS;
  }
  return Math.min(timeoutMs, RPC_SYNC_TIMEOUT_MAX_MS);
}

interface SyncSend {
  readonly params: readonly unknown[];
  readonly message: Message;
  readonly slot: number;
  readonly timeoutMs: number;
  readonly expired: (hash: string) => RpcErrorBody;
}

function sendAndWait(context: RpcContext, send: SyncSend): typeof LATER {
  const { message, slot } = send;
  const raw = parseData(send.params[0], 'transaction');
  context.submissions.push(raw, (outcome, error) => {
    if (outcome === null) return message.reject(slot, error);
    if (outcome.status === 'rejected') {
      const body = submitErrorBody(outcome.error);
      return message.fail(slot, outcome.hash === null ? body : withHash(body, outcome.hash));
    }
    waitForReceipt(context, send, outcome);
  });
  return LATER;
}

function withHash(body: RpcErrorBody, hash: Uint8Array): RpcErrorBody {
  return { ...body, data: body.data ?? toHex(hash) };
}

type Accepted = Exclude<SubmitOutcome, { status: 'rejected' }>;

/** The first of receipt and deadline answers. A transaction behind a nonce gap waits less. */
function waitForReceipt(context: RpcContext, send: SyncSend, outcome: Accepted): void {
  const { message, slot } = send;
  const { backend, clock, keccak256 } = context;
  let isDone = false;
  let cancelTimer: (() => void) | null = null;
  const cancelReceipt = backend.onReceipt(outcome.hash, (result) => {
    if (isDone) return;
    isDone = true;
    cancelTimer?.();
    if (result instanceof DeltacastError) {
      message.fail(slot, withHash(submitErrorBody(result), outcome.hash));
    } else {
      message.resolve(slot, formatReceipt(result, keccak256));
    }
  });
  if (isDone) return;
  const isQueued = outcome.status === 'queued';
  const delayMs = isQueued ? Math.min(send.timeoutMs, RPC_NONCE_GAP_GRACE_MS) : send.timeoutMs;
  cancelTimer = clock.after(delayMs, () => {
    if (isDone) return;
    isDone = true;
    cancelReceipt();
    const hash = toHex(outcome.hash);
    message.fail(slot, isQueued ? notReady(hash, outcome.expectedNonce) : send.expired(hash));
  });
}

function notReady(hash: string, expectedNonce: bigint): RpcErrorBody {
  return {
    code: SYNC_NOT_READY,
    message:
      'The transaction was added to the mempool but is not ready: ' +
      `the next nonce is 0x${expectedNonce.toString(16)}.`,
    data: hash,
  };
}

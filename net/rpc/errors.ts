/**
 * The boundary where our errors become JSON-RPC errors. Codes follow JSON-RPC 2.0, EIP-1474 and
 * geth; messages follow geth's wording, because viem, ethers and tools match on it. An error that
 * is no DeltacastError is a fault of ours: the client learns "internal error" and nothing else.
 */
import {
  DeltacastError,
  type ErrorCode,
  type ErrorDetails,
  isDeltacastError,
} from '../../state/base/errors.js';
import type { CallResult, SubmitError } from './values.js';

export const PARSE_ERROR = -32_700;
export const INVALID_REQUEST = -32_600;
export const METHOD_NOT_FOUND = -32_601;
export const INVALID_PARAMS = -32_602;
export const INTERNAL_ERROR = -32_603;
/** geth answers most refusals with this one (EIP-1474: invalid input). */
export const SERVER_ERROR = -32_000;
export const NOT_FOUND = -32_001;
export const TIMED_OUT = -32_002;
/** geth's code for a reply that is over the limit. */
export const REPLY_TOO_LARGE = -32_003;
export const LIMIT_EXCEEDED = -32_005;
/** geth's code for a reverted call; `data` is the revert data. */
export const REVERTED = 3;
/** EIP-7966: not processed in time; not ready to be processed. `data` is the transaction hash. */
export const SYNC_TIMED_OUT = 4;
export const SYNC_NOT_READY = 5;

export interface RpcErrorBody {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** An error with an exact JSON-RPC form of its own: code, message and data go out as they are. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
    this.data = data;
  }
}

/** The error of a parameter that schema.ts refuses. */
export function invalidParams(message: string): DeltacastError {
  return new DeltacastError('RPC_INVALID_PARAMS', message);
}

/**
 * The JSON-RPC form of anything thrown.
 * @param onFault  told of errors that are ours, so that they reach a log
 */
export function toErrorBody(error: unknown, onFault: (error: unknown) => void): RpcErrorBody {
  if (error instanceof RpcError) {
    const { code, message, data } = error;
    return data === undefined ? { code, message } : { code, message, data };
  }
  if (isDeltacastError(error)) return describe(error.code, error.message, error.details);
  onFault(error);
  return { code: INTERNAL_ERROR, message: 'internal error' };
}

/** The JSON-RPC form of a transaction's refusal. */
export function submitErrorBody(error: SubmitError): RpcErrorBody {
  return describe(error.code, error.message, error.details);
}

/** The error of a refused transaction, to be thrown by a handler. */
export function submitError(error: SubmitError): RpcError {
  const { code, message } = submitErrorBody(error);
  return new RpcError(code, message);
}

/**
 * The error of a call that did not end well, as geth words it.
 * Source: geth internal/ethapi/errors.go (revertError) and core/vm/errors.go.
 */
export function callError(result: CallResult): RpcError {
  if (result.status === 'halted') {
    return new RpcError(SERVER_ERROR, result.haltReason ?? 'execution halted');
  }
  const reason = revertReason(result.output);
  const message = reason === null ? 'execution reverted' : `execution reverted: ${reason}`;
  return new RpcError(REVERTED, message, `0x${Buffer.from(result.output).toString('hex')}`);
}

const ERROR_SELECTOR = 0x08c379a0;
const PANIC_SELECTOR = 0x4e487b71;
/** A reason is a message for people; the whole of it is in `data`. */
const REASON_BYTES_MAX = 1_024;

const PANICS: Readonly<Record<number, string>> = {
  0: 'generic panic',
  1: 'assert(false)',
  17: 'arithmetic underflow or overflow',
  18: 'division or modulo by zero',
  33: 'enum overflow',
  34: 'invalid encoded storage byte array accessed',
  49: 'out-of-bounds array access; popping on an empty array',
  50: 'out-of-bounds access of an array or bytesN',
  65: 'out of memory',
  81: 'uninitialized function',
};

/** The reason in Solidity's `Error(string)` or `Panic(uint256)` data; null for any other data. */
function revertReason(output: Uint8Array): string | null {
  if (output.length < 36) return null;
  const view = new DataView(output.buffer, output.byteOffset, output.byteLength);
  const selector = view.getUint32(0);
  // Only the low 32 bits of each word are read: larger numbers are no data of a compiler.
  if (selector === PANIC_SELECTOR) return PANICS[view.getUint32(32)] ?? 'unknown panic code';
  if (selector !== ERROR_SELECTOR || output.length < 68) return null;
  const start = 4 + view.getUint32(32);
  if (start + 32 > output.length) return null;
  const textLength = view.getUint32(start + 28);
  if (start + 32 + textLength > output.length) return null;
  const text = output.subarray(start + 32, start + 32 + Math.min(textLength, REASON_BYTES_MAX));
  return Buffer.from(text).toString('utf8');
}

/** Every ErrorCode has its form here; a new one does not compile until it is given one. */
function describe(code: ErrorCode, message: string, details: ErrorDetails): RpcErrorBody {
  switch (code) {
    case 'RPC_PARSE':
      return { code: PARSE_ERROR, message };
    case 'RPC_INVALID_REQUEST':
      return { code: INVALID_REQUEST, message };
    case 'RPC_METHOD_NOT_FOUND':
      return { code: METHOD_NOT_FOUND, message };
    case 'RPC_INVALID_PARAMS':
    case 'BAD_USAGE':
    case 'BAD_INPUT':
      return { code: INVALID_PARAMS, message };
    case 'RPC_LIMIT':
      return { code: LIMIT_EXCEEDED, message };
    case 'RPC_TIMEOUT':
      return { code: TIMED_OUT, message };
    case 'RPC_NOT_FOUND':
      return { code: NOT_FOUND, message };
    case 'EXECUTION_REVERTED':
      return { code: REVERTED, message: worded('execution reverted', message), data: '0x' };
    default:
      return describeTransaction(code, message, details);
  }
}

type TransactionOrNodeCode = Exclude<
  ErrorCode,
  `RPC_${string}` | 'BAD_USAGE' | 'BAD_INPUT' | 'EXECUTION_REVERTED'
>;

function describeTransaction(
  code: TransactionOrNodeCode,
  message: string,
  details: ErrorDetails,
): RpcErrorBody {
  switch (code) {
    case 'TX_MALFORMED':
      return { code: INVALID_PARAMS, message: worded('failed to decode transaction', message) };
    case 'TX_NONCE_TOO_LOW':
      return refused('nonce too low', nonces(details) ?? message);
    case 'TX_NONCE_TOO_HIGH':
      return refused('nonce too high', nonces(details) ?? message);
    case 'TX_OVERSIZED':
      return refused('oversized data', message);
    case 'TX_TYPE_UNSUPPORTED':
      return refused('transaction type not supported', message);
    case 'TX_WRONG_CHAIN':
      return refused('invalid chain id for signer', message);
    case 'TX_BAD_SIGNATURE':
      return refused('invalid sender', message);
    case 'TX_INSUFFICIENT_FUNDS':
      return refused('insufficient funds for gas * price + value', message);
    case 'TX_FEE_TOO_LOW':
      return refused('max fee per gas less than block base fee', message);
    case 'TX_TIP_ABOVE_FEE':
      return refused('max priority fee per gas higher than max fee per gas', message);
    case 'TX_GAS_TOO_LOW':
      return refused('intrinsic gas too low', message);
    case 'TX_GAS_TOO_HIGH':
      return refused('exceeds block gas limit', message);
    case 'TX_INITCODE_TOO_LARGE':
      return refused('max initcode size exceeded', message);
    case 'TX_SENDER_NOT_EOA':
      return refused('sender not an eoa', message);
    case 'TX_BLOBS_REFUSED':
      return refused('blob transactions are not accepted', message);
    case 'TX_KNOWN':
      return refused('already known', message);
    case 'TX_UNDERPRICED':
      return refused('replacement transaction underpriced', message);
    case 'TX_POOL_FULL':
      return refused('txpool is full', message);
    case 'TX_INVALID':
      return refused('invalid transaction', message);
    default:
      return describeNode(code, message);
  }
}

/**
 * What goes wrong inside the node. Errors of frames, logs and workers reach a client only when a
 * read needed them: it learns the plain fact, the node's own log has the details.
 */
function describeNode(
  code: Exclude<TransactionOrNodeCode, `TX_${string}`>,
  message: string,
): RpcErrorBody {
  switch (code) {
    case 'STATE_PRUNED':
      return { code: NOT_FOUND, message: worded('historical state is not available', message) };
    case 'PROOF_UNAVAILABLE':
      return { code: NOT_FOUND, message: worded('proof is not available', message) };
    case 'WITNESS_UNAVAILABLE':
      return { code: NOT_FOUND, message: worded('witness is not available', message) };
    case 'PROOF_INVALID':
    case 'FORK_UNSUPPORTED':
      return { code: INVALID_PARAMS, message };
    case 'LOG_POISONED':
      return refused('the node accepts nothing after a failed disk write', '');
    case 'ARENA_FULL':
      return refused('the state has reached its memory bound', '');
    case 'PEER_UNAVAILABLE':
      return refused('the sequencer did not answer', message);
    case 'WORKER_FAILED':
    case 'EXECUTION_FAULT':
    case 'ARENA_TORN':
    case 'DIFF_INVALID':
    case 'ROOT_MISMATCH':
    case 'WITNESS_INVALID':
    case 'WITNESS_INCOMPLETE':
    case 'BLOCK_WRONG':
    case 'LOG_CORRUPT':
    case 'LOG_VERSION':
    case 'LOG_TOO_LARGE':
    case 'COLD_CORRUPT':
    case 'DATA_DIR_LOCKED':
    case 'DATA_DIR_MISMATCH':
    case 'FRAME_MALFORMED':
    case 'FRAME_OVERSIZED':
    case 'FRAME_WRONG_CHAIN':
    case 'FRAME_BAD_SIGNATURE':
    case 'FRAME_OUT_OF_ORDER':
    case 'FRAME_EQUIVOCATION':
    case 'PEER_MISBEHAVED':
      return { code: INTERNAL_ERROR, message: `internal error: ${code}` };
    default:
      return unmapped(code);
  }
}

function unmapped(code: never): RpcErrorBody {
  return { code: INTERNAL_ERROR, message: `internal error: ${String(code)}` };
}

function refused(phrase: string, message: string): RpcErrorBody {
  return { code: SERVER_ERROR, message: worded(phrase, message) };
}

/** geth's phrase first, whatever the thrower wrote after it, and never twice. */
function worded(phrase: string, message: string): string {
  if (message === '' || phrase.startsWith(message)) return phrase;
  return message.startsWith(phrase) ? message : `${phrase}: ${message}`;
}

/** geth core/txpool/validation.go: "nonce too low: next nonce 5, tx nonce 4". */
function nonces(details: ErrorDetails): string | null {
  const { expected, received } = details;
  if (expected === undefined || received === undefined) return null;
  return `next nonce ${expected}, tx nonce ${received}`;
}

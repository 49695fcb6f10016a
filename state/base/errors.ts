/**
 * Operating errors: every fault that bad input, a full disk or a hostile peer can cause has a code
 * here. Each boundary (rpc, frame, log, pool, command line) maps codes to its own protocol.
 * Programmer errors are `assert` failures instead, and EVM halts are numbers in an outcome record.
 */

export type ErrorCode =
  // state
  | 'ARENA_FULL'
  | 'ARENA_TORN'
  | 'STATE_PRUNED'
  | 'DIFF_INVALID'
  | 'ROOT_MISMATCH'
  | 'PROOF_INVALID'
  | 'PROOF_UNAVAILABLE'
  | 'WITNESS_INVALID'
  | 'WITNESS_INCOMPLETE'
  | 'WITNESS_UNAVAILABLE'
  | 'BLOCK_WRONG'
  // disk
  | 'LOG_CORRUPT'
  | 'LOG_VERSION'
  | 'LOG_POISONED'
  | 'LOG_TOO_LARGE'
  | 'COLD_CORRUPT'
  | 'DATA_DIR_LOCKED'
  | 'DATA_DIR_MISMATCH'
  // admission
  | 'TX_OVERSIZED'
  | 'TX_MALFORMED'
  | 'TX_TYPE_UNSUPPORTED'
  | 'TX_WRONG_CHAIN'
  | 'TX_BAD_SIGNATURE'
  | 'TX_NONCE_TOO_LOW'
  | 'TX_NONCE_TOO_HIGH'
  | 'TX_INSUFFICIENT_FUNDS'
  | 'TX_FEE_TOO_LOW'
  | 'TX_TIP_ABOVE_FEE'
  | 'TX_GAS_TOO_LOW'
  | 'TX_GAS_TOO_HIGH'
  | 'TX_INITCODE_TOO_LARGE'
  | 'TX_SENDER_NOT_EOA'
  | 'TX_BLOBS_REFUSED'
  | 'TX_KNOWN'
  | 'TX_UNDERPRICED'
  | 'TX_POOL_FULL'
  | 'TX_INVALID'
  // execution
  | 'WORKER_FAILED'
  | 'EXECUTION_FAULT'
  | 'FORK_UNSUPPORTED'
  // wire
  | 'FRAME_MALFORMED'
  | 'FRAME_OVERSIZED'
  | 'FRAME_WRONG_CHAIN'
  | 'FRAME_BAD_SIGNATURE'
  | 'FRAME_OUT_OF_ORDER'
  | 'FRAME_EQUIVOCATION'
  | 'PEER_MISBEHAVED'
  | 'PEER_UNAVAILABLE'
  // rpc and command line
  | 'RPC_PARSE'
  | 'RPC_INVALID_REQUEST'
  | 'RPC_METHOD_NOT_FOUND'
  | 'RPC_INVALID_PARAMS'
  | 'RPC_LIMIT'
  | 'RPC_TIMEOUT'
  | 'RPC_NOT_FOUND'
  | 'EXECUTION_REVERTED'
  | 'BAD_USAGE'
  | 'BAD_INPUT';

/** Plain values that travel with an error: they must survive JSON and structured cloning. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null>>;

export class DeltacastError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message);
    this.name = 'DeltacastError';
    this.code = code;
    this.details = details;
  }
}

/** True for an operating error, with one of `codes` where any are given. */
export function isDeltacastError(error: unknown, ...codes: ErrorCode[]): error is DeltacastError {
  if (!(error instanceof DeltacastError)) return false;
  return codes.length === 0 || codes.includes(error.code);
}

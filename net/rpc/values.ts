/**
 * The plain values that the JSON-RPC layer and a node exchange: byte strings, bigints and numbers,
 * never JSON and never an object of some library. schema.ts makes them from a client's parameters,
 * format.ts turns them into Ethereum's field formats.
 *
 * Numbers: block numbers, gas, indexes and timestamps (seconds) are safe integers; nonces, wei and
 * signatures are bigints; addresses are 20 bytes, hashes and storage words 32 bytes, big-endian.
 */
import type { ErrorCode, ErrorDetails } from '../../state/base/errors.js';

export type BlockTag = 'latest' | 'pending' | 'earliest' | 'safe' | 'finalized';

/** A block as clients name it. `latest` and `pending` read the state after the last mini-block. */
export type BlockSelector =
  | { readonly kind: 'tag'; readonly tag: BlockTag }
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'hash'; readonly hash: Uint8Array; readonly requireCanonical: boolean };

export type TransactionType = 0 | 1 | 2 | 3 | 4;

export interface RpcAccessListEntry {
  readonly address: Uint8Array;
  readonly storageKeys: readonly Uint8Array[];
}

/** An EIP-7702 authorization; the signature fields are absent in a request to be signed. */
export interface RpcAuthorization {
  readonly chainId: bigint;
  readonly address: Uint8Array;
  readonly nonce: bigint;
  readonly yParity: number;
  readonly r: bigint;
  readonly s: bigint;
}

/**
 * Where a transaction stands in the chain. `blockHash` is null until the block is sealed;
 * a transaction that still waits in the pool has no position at all.
 */
export interface RpcPosition {
  readonly blockNumber: number;
  readonly blockHash: Uint8Array | null;
  /** Seconds since the Unix epoch. */
  readonly blockTimestamp: number;
  readonly transactionIndex: number;
}

export interface RpcTransaction {
  readonly type: TransactionType;
  readonly hash: Uint8Array;
  readonly from: Uint8Array;
  /** Null creates a contract. */
  readonly to: Uint8Array | null;
  readonly nonce: bigint;
  readonly gasLimit: number;
  readonly value: bigint;
  readonly data: Uint8Array;
  /** Null for a legacy transaction without EIP-155. */
  readonly chainId: bigint | null;
  /** Types 0 and 1: the gas price. Types 2 to 4: the price paid, or null in the pool. */
  readonly gasPrice: bigint | null;
  /** Types 2 to 4, else null. */
  readonly maxFeePerGas: bigint | null;
  readonly maxPriorityFeePerGas: bigint | null;
  /** Type 3, else null. */
  readonly maxFeePerBlobGas: bigint | null;
  readonly blobVersionedHashes: readonly Uint8Array[];
  /** Types 1 to 4. */
  readonly accessList: readonly RpcAccessListEntry[];
  /** Type 4. */
  readonly authorizationList: readonly RpcAuthorization[];
  /** Legacy: 27, 28 or chainId * 2 + 35 + parity. Typed: the parity, 0 or 1. */
  readonly v: bigint;
  readonly r: bigint;
  readonly s: bigint;
  /** Null while the transaction waits in the pool. */
  readonly position: RpcPosition | null;
}

/** A log without its place; format.ts adds the place from the receipt or the found log. */
export interface RpcLog {
  readonly address: Uint8Array;
  readonly topics: readonly Uint8Array[];
  readonly data: Uint8Array;
}

export interface RpcLogWithPosition extends RpcLog {
  readonly transactionHash: Uint8Array;
  /** Index within the block. */
  readonly logIndex: number;
  readonly position: RpcPosition;
}

export interface RpcReceipt {
  readonly type: TransactionType;
  readonly transactionHash: Uint8Array;
  readonly from: Uint8Array;
  readonly to: Uint8Array | null;
  readonly contractAddress: Uint8Array | null;
  readonly position: RpcPosition;
  readonly gasUsed: number;
  readonly cumulativeGasUsed: number;
  readonly effectiveGasPrice: bigint;
  /** 1 success, 0 failure; null before Byzantium, where `root` is given instead. */
  readonly status: 0 | 1 | null;
  readonly root: Uint8Array | null;
  /** 256 bytes, or null when the backend leaves it to be computed from the logs. */
  readonly logsBloom: Uint8Array | null;
  readonly logs: readonly RpcLog[];
  /** Index within the block of the receipt's first log. */
  readonly firstLogIndex: number;
  /** Type 3, else null. */
  readonly blobGasUsed: number | null;
  readonly blobGasPrice: bigint | null;
}

export interface RpcHeader {
  readonly number: number;
  /** Null for a block that is not sealed yet; so are the four values below. */
  readonly hash: Uint8Array | null;
  readonly stateRoot: Uint8Array | null;
  readonly transactionsRoot: Uint8Array | null;
  readonly receiptsRoot: Uint8Array | null;
  readonly logsBloom: Uint8Array | null;
  readonly parentHash: Uint8Array;
  readonly ommersHash: Uint8Array;
  readonly miner: Uint8Array;
  readonly difficulty: bigint;
  readonly gasLimit: number;
  readonly gasUsed: number;
  readonly timestamp: number;
  readonly extraData: Uint8Array;
  readonly mixHash: Uint8Array;
  /** 8 bytes. */
  readonly nonce: Uint8Array;
  /** Null before the fork that brings the field. */
  readonly baseFeePerGas: bigint | null;
  readonly withdrawalsRoot: Uint8Array | null;
  readonly blobGasUsed: number | null;
  readonly excessBlobGas: number | null;
  readonly parentBeaconBlockRoot: Uint8Array | null;
  readonly requestsHash: Uint8Array | null;
}

export interface RpcWithdrawal {
  readonly index: bigint;
  readonly validatorIndex: bigint;
  readonly address: Uint8Array;
  /** Gwei. */
  readonly amount: bigint;
}

export interface RpcBlock {
  readonly header: RpcHeader;
  /** Bytes of the RLP-encoded block. */
  readonly sizeBytes: number;
  /** Every hash, in order; `transactions` only when full transactions were asked for. */
  readonly transactionHashes: readonly Uint8Array[];
  readonly transactions: readonly RpcTransaction[] | null;
  readonly uncleHashes: readonly Uint8Array[];
  /** Null before Shanghai. */
  readonly withdrawals: readonly RpcWithdrawal[] | null;
}

/** An account and some of its slots, proven under a sealed block's state root. */
export interface RpcAccountProof {
  readonly address: Uint8Array;
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly codeHash: Uint8Array;
  /** Of balance, nonce and code together. */
  readonly proof: Uint8Array;
  readonly storage: readonly {
    readonly slot: Uint8Array;
    readonly value: bigint;
    readonly proof: Uint8Array;
  }[];
  readonly block: {
    readonly number: number;
    readonly hash: Uint8Array | null;
    readonly stateRoot: Uint8Array;
  };
}

/** A sealed block and the frame in which the sequencer signed its header. */
export interface RpcSignedHeader {
  readonly number: number;
  readonly hash: Uint8Array;
  readonly frame: Uint8Array;
}

/** All that checking a sealed block needs, to who knows its parent (ARCHITECTURE.md). */
export interface RpcWitness {
  readonly number: number;
  readonly hash: Uint8Array;
  readonly parentHash: Uint8Array;
  readonly bytes: Uint8Array;
}

/** What a client wants to call, estimate, fill or sign; undefined fields were not given. */
export interface TransactionRequest {
  readonly type?: TransactionType;
  readonly from?: Uint8Array;
  readonly to?: Uint8Array;
  readonly nonce?: bigint;
  readonly gas?: number;
  readonly value?: bigint;
  readonly data?: Uint8Array;
  readonly chainId?: bigint;
  readonly gasPrice?: bigint;
  readonly maxFeePerGas?: bigint;
  readonly maxPriorityFeePerGas?: bigint;
  readonly maxFeePerBlobGas?: bigint;
  readonly blobVersionedHashes?: readonly Uint8Array[];
  readonly accessList?: readonly RpcAccessListEntry[];
  readonly authorizationList?: readonly RpcAuthorization[];
}

export interface AccountOverride {
  readonly address: Uint8Array;
  readonly balance?: bigint;
  readonly nonce?: bigint;
  readonly code?: Uint8Array;
  /** Replaces the whole storage. */
  readonly state?: readonly StorageOverride[];
  /** Replaces these slots only. */
  readonly stateDiff?: readonly StorageOverride[];
}

export interface StorageOverride {
  readonly slot: Uint8Array;
  readonly value: Uint8Array;
}

export interface BlockOverrides {
  readonly number?: bigint;
  readonly time?: number;
  readonly gasLimit?: number;
  readonly feeRecipient?: Uint8Array;
  readonly prevRandao?: Uint8Array;
  readonly baseFeePerGas?: bigint;
  readonly blobBaseFee?: bigint;
}

export interface CallOptions {
  readonly request: TransactionRequest;
  readonly block: BlockSelector;
  /** Empty when none were given. A backend that cannot apply them throws RPC_INVALID_PARAMS. */
  readonly stateOverrides: readonly AccountOverride[];
  readonly blockOverrides: BlockOverrides | null;
}

/** How a simulated call ended. `output` is the return data, or the revert data. */
export interface CallResult {
  readonly status: 'ok' | 'reverted' | 'halted';
  readonly output: Uint8Array;
  readonly gasUsed: number;
  /** For `halted`: the reason, as "out of gas" or "invalid opcode: opcode 0xfe not defined". */
  readonly haltReason: string | null;
}

/** `gas` is the estimate; a call that fails at any limit gives its result in `failure` instead. */
export interface EstimateResult {
  readonly gas: number;
  readonly failure: CallResult | null;
}

export interface AccessListResult {
  readonly accessList: readonly RpcAccessListEntry[];
  readonly gasUsed: number;
  /** Why the call failed, or null. */
  readonly error: string | null;
}

export interface FeeHistory {
  readonly oldestBlock: number;
  /** One more than there are blocks: the last is the next block's. */
  readonly baseFeePerGas: readonly bigint[];
  readonly gasUsedRatio: readonly number[];
  readonly baseFeePerBlobGas: readonly bigint[];
  readonly blobGasUsedRatio: readonly number[];
  /** One row a block, one fee a percentile; empty when no percentiles were asked for. */
  readonly reward: readonly (readonly bigint[])[];
}

/** Both ends inclusive. `topics[i]` null matches anything; a list matches any of its members. */
export interface LogQuery {
  readonly range:
    | { readonly from: BlockSelector; readonly to: BlockSelector }
    | { readonly blockHash: Uint8Array };
  /** Empty matches every address. */
  readonly addresses: readonly Uint8Array[];
  readonly topics: readonly (readonly Uint8Array[] | null)[];
  /** First log wanted, as (block, index of the log in it); null for the start of the range. */
  readonly after: LogCursor | null;
  /** Stop after this many; a result of this length may not be the whole. */
  readonly countMax: number;
  /** Stop with RPC_LIMIT when a range is wider than this many blocks. */
  readonly blocksMax: number;
}

/** The place of the last log that a page contained. */
export interface LogCursor {
  readonly blockNumber: number;
  readonly logIndex: number;
}

/**
 * The fate of one submitted transaction. `hash` is null only for bytes that are no transaction.
 * `ready`: accepted and executable now. `queued`: accepted behind a nonce gap.
 * `known`: the same transaction is already in the pool or executed. `rejected`: see `error`.
 */
export type SubmitOutcome =
  | { readonly status: 'ready'; readonly hash: Uint8Array }
  | { readonly status: 'queued'; readonly hash: Uint8Array; readonly expectedNonce: bigint }
  | { readonly status: 'known'; readonly hash: Uint8Array }
  | { readonly status: 'rejected'; readonly hash: Uint8Array | null; readonly error: SubmitError };

export interface SubmitError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

export interface PoolStatus {
  readonly pending: number;
  readonly queued: number;
}

export interface PoolContent {
  readonly pending: readonly RpcTransaction[];
  readonly queued: readonly RpcTransaction[];
}

export interface SyncStatus {
  readonly startingBlock: number;
  readonly currentBlock: number;
  readonly highestBlock: number;
}

/** New values of one account in a mini-block; unchanged fields are null, storage changed only. */
export interface RpcStateChange {
  readonly address: Uint8Array;
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly storage: readonly StorageOverride[];
}

/**
 * A mini-block, as subscriptions get it. The lists are functions, called at most once each and
 * only while somebody listens, so that the execution path builds none of these objects.
 */
export interface RpcMiniBlock {
  readonly number: number;
  readonly blockNumber: number;
  readonly blockTimestamp: number;
  /** Index within its block, from 0. */
  readonly index: number;
  /** Microseconds since the Unix epoch, as a bigint. */
  readonly timestampMicroseconds: bigint;
  readonly gasUsed: number;
  transactions(): readonly RpcTransaction[];
  receipts(): readonly RpcReceipt[];
  stateChanges(): readonly RpcStateChange[];
}

export interface RpcSealedBlock {
  readonly header: RpcHeader;
  readonly sizeBytes: number;
  readonly miniBlockCount: number;
}

/**
 * What the JSON-RPC server asks of a node; `runtime` implements it for each role, in the plain
 * values of values.ts.
 *
 * Errors: a method throws (or rejects with) DeltacastError; errors.ts gives each code its JSON-RPC
 * form. Anything else that is thrown is answered as an internal error and reported to `onFault`.
 * A method that can answer at once should return the value itself: no promise, no extra tick.
 */
import type { DeltacastError } from '../../state/base/errors.js';
import type {
  AccessListResult,
  BlockSelector,
  CallOptions,
  CallResult,
  EstimateResult,
  FeeHistory,
  LogQuery,
  PoolContent,
  PoolStatus,
  RpcAccountProof,
  RpcBlock,
  RpcLogWithPosition,
  RpcMiniBlock,
  RpcReceipt,
  RpcSealedBlock,
  RpcSignedHeader,
  RpcTransaction,
  RpcWitness,
  SubmitOutcome,
  SyncStatus,
  TransactionRequest,
} from './values.js';

export type Awaitable<T> = T | Promise<T>;

/** Called in order, after the head moved, on the coordinator; must not throw. */
export interface BackendListener {
  miniBlock(miniBlock: RpcMiniBlock): void;
  sealedBlock(block: RpcSealedBlock): void;
  /** Hashes admitted to the pool. `load` gives the whole transaction while it is known. */
  pendingTransactions(
    hashes: readonly Uint8Array[],
    load: (hash: Uint8Array) => RpcTransaction | null,
  ): void;
}

/** Development accounts; a backend without them holds no keys, and signing methods are unknown. */
export interface RpcSigner {
  accounts(): readonly Uint8Array[];
  /** Signed EIP-2718 bytes and the transaction in them; every field of `request` is filled. */
  signTransaction(
    request: TransactionRequest,
  ): Awaitable<{ readonly raw: Uint8Array; readonly transaction: RpcTransaction }>;
  /** Fills, signs (or impersonates) and submits. */
  sendTransaction(request: TransactionRequest): Awaitable<SubmitOutcome>;
  /** EIP-191 personal message; 65 bytes, v of 27 or 28. */
  signMessage(address: Uint8Array, message: Uint8Array): Awaitable<Uint8Array>;
  /** EIP-712; `typedData` is untrusted JSON, for the signer to check. 65 bytes. */
  signTypedData(address: Uint8Array, typedData: unknown): Awaitable<Uint8Array>;
}

export interface Backend {
  readonly chainId: bigint;
  /** As in "Deltacast/v0.1.0/linux-x64/node20". */
  readonly clientVersion: string;
  readonly signer: RpcSigner | null;

  keccak256(bytes: Uint8Array): Uint8Array;

  /** The newest block with a transaction in it, sealed or not: never below a known receipt's. */
  blockNumber(): Awaitable<number>;
  /** False when in step with the sequencer. */
  syncing(): Awaitable<SyncStatus | false>;
  peerCount(): Awaitable<number>;
  listening(): Awaitable<boolean>;

  balance(address: Uint8Array, block: BlockSelector): Awaitable<bigint>;
  code(address: Uint8Array, block: BlockSelector): Awaitable<Uint8Array>;
  storageAt(address: Uint8Array, slot: Uint8Array, block: BlockSelector): Awaitable<Uint8Array>;
  /** For `pending` this includes the transactions of the account that wait in the pool. */
  transactionCount(address: Uint8Array, block: BlockSelector): Awaitable<bigint>;

  /** Absent, like the next one, where the backend proves nothing: the methods are unknown then. */
  proof?(
    address: Uint8Array,
    slots: readonly Uint8Array[],
    block: BlockSelector,
  ): Awaitable<RpcAccountProof>;
  /** Null when there is no such block, or it is not sealed. */
  signedHeader?(block: BlockSelector): Awaitable<RpcSignedHeader | null>;
  /** Absent where the backend executes nothing. */
  witness?(block: BlockSelector): Awaitable<RpcWitness>;

  /** Null when there is no such block. */
  block(block: BlockSelector, fullTransactions: boolean): Awaitable<RpcBlock | null>;
  blockReceipts(block: BlockSelector): Awaitable<readonly RpcReceipt[] | null>;
  blockTransactionCount(block: BlockSelector): Awaitable<number | null>;

  /** From the chain or the pool; null when unknown. */
  transaction(hash: Uint8Array): Awaitable<RpcTransaction | null>;
  transactionByIndex(block: BlockSelector, index: number): Awaitable<RpcTransaction | null>;
  transactionBySenderAndNonce(sender: Uint8Array, nonce: bigint): Awaitable<RpcTransaction | null>;
  rawTransaction(hash: Uint8Array): Awaitable<Uint8Array | null>;
  receipt(hash: Uint8Array): Awaitable<RpcReceipt | null>;

  call(options: CallOptions): Awaitable<CallResult>;
  estimateGas(options: CallOptions): Awaitable<EstimateResult>;
  /** Absent where the backend does not offer it: the method is unknown then. */
  createAccessList?(options: CallOptions): Awaitable<AccessListResult>;

  gasPrice(): Awaitable<bigint>;
  maxPriorityFeePerGas(): Awaitable<bigint>;
  blobBaseFee(): Awaitable<bigint>;
  /** Base fee of the open block; null before London. */
  baseFeePerGas(): Awaitable<bigint | null>;
  feeHistory(
    blockCount: number,
    newest: BlockSelector,
    percentiles: readonly number[],
  ): Awaitable<FeeHistory>;

  /** One outcome for each of `raws`, in order; rejects only when nothing can be accepted at all. */
  submitMany(raws: readonly Uint8Array[]): Awaitable<readonly SubmitOutcome[]>;
  /**
   * Calls back once with the receipt, at once if it is known already, or with what dropped the
   * transaction after it was accepted, unless cancelled first.
   * The caller keeps the deadline. Returns the cancellation.
   */
  onReceipt(hash: Uint8Array, callback: (result: RpcReceipt | DeltacastError) => void): () => void;

  logs(query: LogQuery): Awaitable<readonly RpcLogWithPosition[]>;

  poolStatus(): Awaitable<PoolStatus>;
  poolContent(): Awaitable<PoolContent>;

  /** Attached only while somebody listens. Returns the function that detaches. */
  listen(listener: BackendListener): () => void;
}

/**
 * A node of canned answers for tests of the JSON-RPC layer: a short chain, one account, and a
 * `submitMany` that records what it was given. Events happen when a test says so.
 */

import { keccak_256 } from '@noble/hashes/sha3.js';
import type { Backend, BackendListener, RpcSigner } from '../../net/rpc/backend.js';
import type {
  BlockSelector,
  CallOptions,
  CallResult,
  EstimateResult,
  FeeHistory,
  LogQuery,
  RpcBlock,
  RpcHeader,
  RpcLogWithPosition,
  RpcMiniBlock,
  RpcPosition,
  RpcReceipt,
  RpcTransaction,
  SubmitOutcome,
} from '../../net/rpc/values.js';
import type { DeltacastError } from '../../state/base/errors.js';

export const bytes = (length: number, fill: number): Uint8Array =>
  new Uint8Array(length).fill(fill);
export const ALICE = bytes(20, 0xa1);
export const BOB = bytes(20, 0xb0);
export const TOPIC = bytes(32, 0x70);
/** Blocks below the open one are sealed. */
export const OPEN_BLOCK = 7;

export function positionAt(blockNumber: number): RpcPosition {
  return {
    blockNumber,
    blockHash: blockNumber < OPEN_BLOCK ? bytes(32, blockNumber + 1) : null,
    blockTimestamp: 1_700_000_000 + blockNumber,
    transactionIndex: 0,
  };
}

export function transactionOf(
  hash: Uint8Array,
  position: RpcPosition | null,
  fields: Partial<RpcTransaction> = {},
): RpcTransaction {
  return {
    type: 2,
    hash,
    from: ALICE,
    to: BOB,
    nonce: 3n,
    gasLimit: 90_000,
    value: 5n,
    data: bytes(4, 0xda),
    chainId: 31_337n,
    gasPrice: position === null ? null : 1_000_000_001n,
    maxFeePerGas: 2_000_000_000n,
    maxPriorityFeePerGas: 1n,
    maxFeePerBlobGas: null,
    blobVersionedHashes: [],
    accessList: [],
    authorizationList: [],
    v: 1n,
    r: 0x11n,
    s: 0x22n,
    position,
    ...fields,
  };
}

export function receiptOf(
  hash: Uint8Array,
  position: RpcPosition,
  fields: Partial<RpcReceipt> = {},
): RpcReceipt {
  return {
    type: 2,
    transactionHash: hash,
    from: ALICE,
    to: BOB,
    contractAddress: null,
    position,
    gasUsed: 30_000,
    cumulativeGasUsed: 30_000,
    effectiveGasPrice: 1_000_000_001n,
    status: 1,
    root: null,
    logsBloom: null,
    logs: [{ address: BOB, topics: [TOPIC], data: bytes(32, 9) }],
    firstLogIndex: 0,
    blobGasUsed: null,
    blobGasPrice: null,
    ...fields,
  };
}

export function headerAt(number: number, fields: Partial<RpcHeader> = {}): RpcHeader {
  const isSealed = number < OPEN_BLOCK;
  const sealed = (fill: number): Uint8Array | null => (isSealed ? bytes(32, fill) : null);
  return {
    number,
    hash: sealed(number + 1),
    stateRoot: sealed(0x51),
    transactionsRoot: sealed(0x52),
    receiptsRoot: sealed(0x53),
    logsBloom: isSealed ? bytes(256, 0) : null,
    parentHash: bytes(32, number),
    ommersHash: bytes(32, 0x54),
    miner: bytes(20, 0xcb),
    difficulty: 0n,
    gasLimit: 30_000_000,
    gasUsed: 30_000,
    timestamp: 1_700_000_000 + number,
    extraData: new Uint8Array(0),
    mixHash: bytes(32, 0x55),
    nonce: bytes(8, 0),
    baseFeePerGas: 1_000_000_000n,
    withdrawalsRoot: bytes(32, 0x56),
    blobGasUsed: 0,
    excessBlobGas: 0,
    parentBeaconBlockRoot: bytes(32, 0x57),
    requestsHash: bytes(32, 0x58),
    ...fields,
  };
}

/** The transaction of a block: each has one. */
export const hashAt = (blockNumber: number): Uint8Array => bytes(32, 0x80 + blockNumber);

export class FakeBackend implements Backend {
  readonly chainId = 31_337n;
  readonly clientVersion = 'Deltacast/v0.0.0/test';
  signer: RpcSigner | null = null;
  readonly listeners = new Set<BackendListener>();
  /** One entry for each call of submitMany. */
  readonly submitted: Uint8Array[][] = [];
  outcomeOf = (hash: Uint8Array): SubmitOutcome => ({ status: 'ready', hash });
  submitError: unknown = null;
  callResult: CallResult = {
    status: 'ok',
    output: bytes(32, 1),
    gasUsed: 21_000,
    haltReason: null,
  };
  estimate: EstimateResult = { gas: 21_000, failure: null };
  lastCall: CallOptions | null = null;
  lastQuery: LogQuery | null = null;
  logCount = 1;
  nonce = 3n;
  readonly receipts = new Map<string, RpcReceipt>();
  readonly waiting = new Map<string, Set<(receipt: RpcReceipt) => void>>();
  balanceOf: () => bigint | Promise<bigint> = () => 1_000n;

  hashed = 0;

  /** Needs its `this`, as a method of a real node may. */
  keccak256(data: Uint8Array): Uint8Array {
    this.hashed += 1;
    return keccak_256(data);
  }

  blockNumber = (): number => OPEN_BLOCK;
  syncing = (): false => false;
  peerCount = (): number => 2;
  listening = (): boolean => true;
  balance = (): bigint | Promise<bigint> => this.balanceOf();
  code = (): Uint8Array => bytes(3, 0x60);
  storageAt = (): Uint8Array => bytes(32, 0x5a);
  transactionCount = (): bigint => this.nonce;

  numberOf(block: BlockSelector): number | null {
    if (block.kind === 'hash') {
      const number = block.hash[0]! - 1;
      return number >= 0 && number < OPEN_BLOCK ? number : null;
    }
    if (block.kind === 'number') return block.number <= OPEN_BLOCK ? block.number : null;
    return block.tag === 'earliest' ? 0 : OPEN_BLOCK;
  }

  block(block: BlockSelector, isFull: boolean): RpcBlock | null {
    const number = this.numberOf(block);
    if (number === null) return null;
    const hash = hashAt(number);
    return {
      header: headerAt(number),
      sizeBytes: 700,
      transactionHashes: [hash],
      transactions: isFull ? [transactionOf(hash, positionAt(number))] : null,
      uncleHashes: [],
      withdrawals: [{ index: 1n, validatorIndex: 2n, address: BOB, amount: 3n }],
    };
  }

  blockReceipts(block: BlockSelector): RpcReceipt[] | null {
    const number = this.numberOf(block);
    return number === null ? null : [receiptOf(hashAt(number), positionAt(number))];
  }

  blockTransactionCount(block: BlockSelector): number | null {
    return this.numberOf(block) === null ? null : 1;
  }

  transaction(hash: Uint8Array): RpcTransaction | null {
    const number = hash[0]! - 0x80;
    if (number >= 0 && number <= OPEN_BLOCK) return transactionOf(hash, positionAt(number));
    return hash[0] === 0xee ? transactionOf(hash, null) : null;
  }

  transactionByIndex(block: BlockSelector, index: number): RpcTransaction | null {
    const number = this.numberOf(block);
    return number === null || index > 0 ? null : this.transaction(hashAt(number));
  }

  transactionBySenderAndNonce = (): RpcTransaction | null => this.transaction(hashAt(1));
  rawTransaction = (): Uint8Array => bytes(5, 2);

  receipt(hash: Uint8Array): RpcReceipt | null {
    const known = this.receipts.get(Buffer.from(hash).toString('hex'));
    if (known !== undefined) return known;
    const number = hash[0]! - 0x80;
    return number >= 0 && number <= OPEN_BLOCK && hash[1] === hash[0]
      ? receiptOf(hash, positionAt(number))
      : null;
  }

  call(options: CallOptions): CallResult {
    this.lastCall = options;
    return this.callResult;
  }

  estimateGas(options: CallOptions): EstimateResult {
    this.lastCall = options;
    return this.estimate;
  }

  createAccessList = () => ({
    accessList: [{ address: BOB, storageKeys: [bytes(32, 1)] }],
    gasUsed: 22_000,
    error: null,
  });
  gasPrice = (): bigint => 1_000_000_001n;
  maxPriorityFeePerGas = (): bigint => 1n;
  blobBaseFee = (): bigint => 1n;
  baseFeePerGas = (): bigint => 1_000_000_000n;

  feeHistory(
    blockCount: number,
    _newest: BlockSelector,
    percentiles: readonly number[],
  ): FeeHistory {
    const rows = (length: number): bigint[] => new Array(length).fill(7n);
    return {
      oldestBlock: 1,
      baseFeePerGas: rows(blockCount + 1),
      gasUsedRatio: new Array(blockCount).fill(0.5),
      baseFeePerBlobGas: rows(blockCount + 1),
      blobGasUsedRatio: new Array(blockCount).fill(0),
      reward: percentiles.length === 0 ? [] : new Array(blockCount).fill(rows(percentiles.length)),
    };
  }

  submitMany(raws: readonly Uint8Array[]): SubmitOutcome[] {
    this.submitted.push([...raws]);
    if (this.submitError !== null) throw this.submitError;
    return raws.map((raw) => this.outcomeOf(keccak_256(raw)));
  }

  onReceipt(hash: Uint8Array, callback: (result: RpcReceipt | DeltacastError) => void): () => void {
    const key = Buffer.from(hash).toString('hex');
    const known = this.receipts.get(key);
    if (known !== undefined) {
      callback(known);
      return () => {};
    }
    const callbacks = this.waiting.get(key) ?? new Set();
    this.waiting.set(key, callbacks.add(callback));
    return () => callbacks.delete(callback);
  }

  /** The transaction was executed: whoever waits learns it. */
  execute(hash: Uint8Array, fields: Partial<RpcReceipt> = {}): void {
    const key = Buffer.from(hash).toString('hex');
    const receipt = receiptOf(hash, positionAt(OPEN_BLOCK), fields);
    this.receipts.set(key, receipt);
    for (const callback of this.waiting.get(key) ?? []) callback(receipt);
    this.waiting.delete(key);
  }

  logs(query: LogQuery): RpcLogWithPosition[] {
    this.lastQuery = query;
    const first = query.after === null ? 0 : query.after.logIndex + 1;
    const count = Math.max(0, Math.min(query.countMax, this.logCount - first));
    return Array.from({ length: count }, (_, index) => ({
      address: BOB,
      topics: [TOPIC],
      data: bytes(32, 9),
      transactionHash: hashAt(1),
      logIndex: first + index,
      position: positionAt(1),
    }));
  }

  poolStatus = () => ({ pending: 1, queued: 1 });
  poolContent = () => ({
    pending: [transactionOf(bytes(32, 0xee), null)],
    queued: [transactionOf(bytes(32, 0xef), null, { nonce: 9n, to: null })],
  });

  listen(listener: BackendListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(event: (listener: BackendListener) => void): void {
    for (const listener of [...this.listeners]) event(listener);
  }

  miniBlock(fields: Partial<RpcMiniBlock> = {}): void {
    const position = positionAt(OPEN_BLOCK);
    const hash = hashAt(OPEN_BLOCK);
    const miniBlock: RpcMiniBlock = {
      number: 70,
      blockNumber: OPEN_BLOCK,
      blockTimestamp: position.blockTimestamp,
      index: 2,
      timestampMicroseconds: 1_700_000_007_000_123n,
      gasUsed: 30_000,
      transactions: () => [transactionOf(hash, position)],
      receipts: () => [receiptOf(hash, position)],
      stateChanges: () => [
        {
          address: ALICE,
          nonce: 4n,
          balance: 0x1234n,
          storage: [{ slot: bytes(32, 1), value: new Uint8Array(32).fill(5, 31) }],
        },
        { address: BOB, nonce: 0n, balance: 5n, storage: [] },
      ],
      ...fields,
    };
    this.emit((listener) => listener.miniBlock(miniBlock));
  }

  sealBlock(number: number = OPEN_BLOCK - 1): void {
    const block = { header: headerAt(number), sizeBytes: 700, miniBlockCount: 3 };
    this.emit((listener) => listener.sealedBlock(block));
  }
}

/**
 * The node as JSON-RPC sees it (net/rpc/backend.ts), for a sequencer and for a follower: they
 * differ in where a transaction goes and in having a pool. Reads answer at once, from memory; calls
 * go to threads of their own.
 */

import type { Awaitable, Backend, BackendListener, RpcSigner } from '../../net/rpc/backend.js';
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
  RpcReceipt,
  RpcSignedHeader,
  RpcTransaction,
  RpcWitness,
  SubmitOutcome,
  SyncStatus,
} from '../../net/rpc/values.js';
import { DeltacastError, isDeltacastError } from '../../state/base/errors.js';
import { keccak256 } from '../../state/base/keccak.js';
import type { Clock } from '../../state/base/ports.js';
import type { Services } from '../../workers/services.js';
import type { Chain } from '../chain.js';
import type { History, TransactionPlace } from '../history.js';
import type { Intake } from '../intake.js';
import type { Proofs } from '../proofs.js';
import type { DevAccount } from '../wallet.js';
import { accountProof, signedHeader } from './account-proof.js';
import { blockOf, blockReceiptsOf, placeAt } from './blocks.js';
import { Calls } from './calls.js';
import { ChainView } from './chain-view.js';
import { Events } from './events.js';
import { Fees } from './fees.js';
import { LogSearch } from './logs.js';
import { findBySenderAndNonce } from './nonce-search.js';
import { PoolView } from './pool-view.js';
import { ReceiptWaiters } from './receipt-waiters.js';
import { DevSigner } from './signer.js';
import { StateReader } from './state-reader.js';
import { TransactionReader } from './transactions.js';

/** Passes transactions on to the sequencer; one outcome for each, in order. */
export type Forward = (raws: readonly Uint8Array[]) => Promise<readonly SubmitOutcome[]>;

export interface BackendParts {
  readonly chain: Chain;
  /** Where transactions go: a sequencer has an intake, a follower somebody to pass them on to. */
  readonly submission: { readonly intake: Intake } | { readonly forward: Forward };
  readonly services: Pick<Services, 'call'>;
  readonly proofs: Proofs;
  readonly clock: Clock;
  /** As in "Deltacast/v0.1.0/linux-x64/node20". */
  readonly clientVersion: string;
  /** Development accounts that this node signs for; none, and there is no signer. */
  readonly accounts: readonly DevAccount[];
  readonly peerCount: () => number;
  readonly syncing: () => SyncStatus | false;
}

export interface NodeBackend extends Backend {
  /** To be called with hashes newly in the pool (IntakeParts.onPending). */
  announcePending(hashes: readonly Uint8Array[]): void;
}

export function createBackend(parts: BackendParts): NodeBackend {
  return new ChainBackend(parts);
}

class ChainBackend implements NodeBackend {
  readonly chainId: bigint;
  readonly clientVersion: string;
  readonly signer: RpcSigner | null;
  private readonly parts: BackendParts;
  private readonly history: History;
  private readonly intake: Intake | null;
  private readonly view: ChainView;
  private readonly state: StateReader;
  private readonly transactions: TransactionReader;
  private readonly pool: PoolView;
  private readonly calls: Calls;
  private readonly fees: Fees;
  private readonly search: LogSearch;
  private readonly waiters = new ReceiptWaiters();
  private readonly events: Events;

  constructor(parts: BackendParts) {
    const { chain, submission, services, clock, accounts } = parts;
    const { arena, history } = chain;
    this.parts = parts;
    this.history = history;
    this.chainId = BigInt(chain.chainId);
    this.clientVersion = parts.clientVersion;
    this.intake = 'intake' in submission ? submission.intake : null;
    this.view = new ChainView(chain, clock);
    this.state = new StateReader(arena);
    this.transactions = new TransactionReader(history);
    this.pool = new PoolView(this.intake);
    this.calls = new Calls({ arena, services, view: this.view, state: this.state });
    this.fees = new Fees(chain, this.view);
    this.search = new LogSearch(this.view, history, clock);
    this.events = new Events(chain, (hash) => this.transaction(hash));
    if (this.intake === null) chain.listen({ miniBlock: (entry) => this.waiters.answer(entry) });
    this.signer = accounts.length === 0 ? null : new DevSigner(accounts, this);
  }

  keccak256(bytes: Uint8Array): Uint8Array {
    return keccak256(bytes);
  }

  blockNumber(): number {
    return this.view.newest();
  }

  syncing(): SyncStatus | false {
    return this.parts.syncing();
  }

  peerCount(): number {
    return this.parts.peerCount();
  }

  listening(): boolean {
    return true;
  }

  balance(address: Uint8Array, block: BlockSelector): bigint {
    return this.state.balance(address, this.view.sequenceOf(block));
  }

  code(address: Uint8Array, block: BlockSelector): Uint8Array {
    return this.state.code(address, this.view.sequenceOf(block));
  }

  storageAt(address: Uint8Array, slot: Uint8Array, block: BlockSelector): Uint8Array {
    return this.state.storage(address, slot, this.view.sequenceOf(block));
  }

  transactionCount(address: Uint8Array, block: BlockSelector): bigint {
    const nonce = this.state.nonce(address, this.view.sequenceOf(block));
    const isPending = block.kind === 'tag' && block.tag === 'pending';
    return isPending ? this.pool.nextNonce(address, nonce) : nonce;
  }

  proof(
    address: Uint8Array,
    slots: readonly Uint8Array[],
    block: BlockSelector,
  ): Promise<RpcAccountProof> {
    return accountProof(this.parts.proofs, address, slots, block);
  }

  signedHeader(block: BlockSelector): RpcSignedHeader | null {
    return signedHeader(this.parts.proofs, block, this.parts.chain.sealedTip?.number ?? 0);
  }

  witness(block: BlockSelector): Promise<RpcWitness> {
    const { proofs } = this.parts;
    return proofs.witness(proofs.numberOf(block));
  }

  block(selector: BlockSelector, fullTransactions: boolean): RpcBlock | null {
    const block = this.view.block(selector);
    return block === null ? null : blockOf(block, this.history, fullTransactions);
  }

  blockReceipts(selector: BlockSelector): readonly RpcReceipt[] | null {
    const block = this.view.block(selector);
    return block === null ? null : blockReceiptsOf(block);
  }

  blockTransactionCount(selector: BlockSelector): number | null {
    return this.view.block(selector)?.transactionCount ?? null;
  }

  transaction(hash: Uint8Array): RpcTransaction | null {
    return this.transactions.transaction(hash) ?? this.pool.transaction(hash);
  }

  transactionByIndex(selector: BlockSelector, index: number): RpcTransaction | null {
    const block = this.view.block(selector);
    const place = block === null ? null : placeAt(block, index);
    return place === null ? null : this.transactions.transactionOf(place);
  }

  transactionBySenderAndNonce(sender: Uint8Array, nonce: bigint): RpcTransaction | null {
    const pooled = this.pool.bySenderAndNonce(sender, nonce);
    if (pooled !== null) return pooled;
    const { history, state } = this;
    const place = findBySenderAndNonce(sender, nonce, {
      history,
      state,
      newest: this.view.newest(),
    });
    return place === null ? null : this.transactions.transactionOf(place);
  }

  rawTransaction(hash: Uint8Array): Uint8Array | null {
    return this.transactions.raw(hash) ?? this.pool.raw(hash);
  }

  receipt(hash: Uint8Array): RpcReceipt | null {
    return this.transactions.receipt(hash);
  }

  call(options: CallOptions): Promise<CallResult> {
    return this.calls.call(options);
  }

  estimateGas(options: CallOptions): Promise<EstimateResult> {
    return this.calls.estimate(options);
  }

  createAccessList(options: CallOptions): Promise<AccessListResult> {
    return this.calls.accessList(options);
  }

  gasPrice(): bigint {
    return this.fees.gasPrice();
  }

  maxPriorityFeePerGas(): bigint {
    return this.fees.tip();
  }

  blobBaseFee(): bigint {
    return this.fees.blobBaseFee();
  }

  baseFeePerGas(): bigint | null {
    return this.fees.baseFee();
  }

  feeHistory(
    blockCount: number,
    newest: BlockSelector,
    percentiles: readonly number[],
  ): FeeHistory {
    return this.fees.history(blockCount, newest, percentiles);
  }

  submitMany(raws: readonly Uint8Array[]): Awaitable<readonly SubmitOutcome[]> {
    const { submission } = this.parts;
    return 'intake' in submission ? submission.intake.submitMany(raws) : submission.forward(raws);
  }

  /** A follower does not hear what its sequencer drops: there the caller's deadline ends a wait. */
  onReceipt(hash: Uint8Array, callback: (result: RpcReceipt | DeltacastError) => void): () => void {
    if (this.intake !== null) {
      return this.intake.onReceipt(hash, (result) => {
        if (result instanceof DeltacastError) callback(result);
        else callback(this.transactions.receiptOf(result));
      });
    }
    const place = this.history.find(hash);
    if (place === undefined) {
      return this.waiters.add(hash, (found) => this.answer(found, callback));
    }
    callback(this.transactions.receiptOf(place));
    return () => undefined;
  }

  logs(query: LogQuery): Promise<readonly RpcLogWithPosition[]> {
    return this.search.find(query);
  }

  poolStatus(): PoolStatus {
    return this.pool.status();
  }

  poolContent(): PoolContent {
    return this.pool.content();
  }

  listen(listener: BackendListener): () => void {
    return this.events.listen(listener);
  }

  announcePending(hashes: readonly Uint8Array[]): void {
    this.events.pending(hashes);
  }

  /** A frame is signed, but its signer may be faulty: what is in it must not end the node. */
  private answer(place: TransactionPlace, callback: (receipt: RpcReceipt) => void): void {
    let receipt: RpcReceipt;
    try {
      receipt = this.transactions.receiptOf(place);
    } catch (error) {
      if (isDeltacastError(error)) return;
      throw error;
    }
    callback(receipt);
  }
}

/**
 * The development accounts' signatures. Their keys are public knowledge (wallet.ts); a node holds
 * no others, so an address that is none of them is refused.
 */

import type { Backend, RpcSigner } from '../../net/rpc/backend.js';
import { callError } from '../../net/rpc/errors.js';
import type {
  BlockSelector,
  RpcTransaction,
  SubmitOutcome,
  TransactionRequest,
  TransactionType,
} from '../../net/rpc/values.js';
import { concatBytes, toHex } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import { keccak256 } from '../../state/base/keccak.js';
import { signHash } from '../../workers/signature.js';
import type { DevAccount } from '../wallet.js';
import { Envelope } from './envelope.js';
import { signTransaction } from './sign-transaction.js';
import { transactionOf } from './transactions.js';
import { typedDataHash } from './typed-data.js';

const PENDING: BlockSelector = { kind: 'tag', tag: 'pending' };

/** What filling and sending needs of the node. */
export type SignerNode = Pick<
  Backend,
  | 'chainId'
  | 'transactionCount'
  | 'estimateGas'
  | 'gasPrice'
  | 'maxPriorityFeePerGas'
  | 'baseFeePerGas'
  | 'submitMany'
>;

export class DevSigner implements RpcSigner {
  private readonly node: SignerNode;
  private readonly addresses: readonly Uint8Array[];
  private readonly keys = new Map<string, Uint8Array>();
  /** The last send of each account: nonces are given out one after the other. */
  private readonly sending = new Map<string, Promise<unknown>>();

  constructor(accounts: readonly DevAccount[], node: SignerNode) {
    this.node = node;
    this.addresses = accounts.map(({ address }) => address);
    for (const { address, privateKey } of accounts) this.keys.set(toHex(address), privateKey);
  }

  accounts(): readonly Uint8Array[] {
    return this.addresses;
  }

  /** @throws DeltacastError RPC_INVALID_PARAMS, TX_WRONG_CHAIN, TX_BLOBS_REFUSED */
  signTransaction(request: TransactionRequest): {
    readonly raw: Uint8Array;
    readonly transaction: RpcTransaction;
  } {
    const { from } = request;
    if (from === undefined) throw invalid('the transaction has no "from"');
    this.checkChain(request);
    const raw = signTransaction(request, this.keyOf(from));
    const place = { hash: keccak256(raw), from, position: null, baseFee: null };
    return { raw, transaction: transactionOf(new Envelope(raw), place) };
  }

  /**
   * @throws DeltacastError as signTransaction and estimateGas; RpcError with the revert data where
   *         no gas is given and the transaction fails at any gas limit: it is not sent then
   */
  async sendTransaction(request: TransactionRequest): Promise<SubmitOutcome> {
    const { from } = request;
    if (from === undefined) throw invalid('the transaction has no "from"');
    this.keyOf(from);
    this.checkChain(request);
    const filled = await this.fill(request);
    return this.inOrder(toHex(from), async () => {
      const nonce = request.nonce ?? (await this.node.transactionCount(from, PENDING));
      const { raw } = this.signTransaction({ ...filled, nonce });
      const [outcome] = await this.node.submitMany([raw]);
      if (outcome === undefined) throw new DeltacastError('TX_INVALID', 'no outcome was given');
      return outcome;
    });
  }

  /** EIP-191, version 0x45. */
  signMessage(address: Uint8Array, message: Uint8Array): Uint8Array {
    const prefix = Buffer.from(`\x19Ethereum Signed Message:\n${message.length}`);
    return this.sign(address, keccak256(concatBytes(prefix, message)));
  }

  signTypedData(address: Uint8Array, typedData: unknown): Uint8Array {
    return this.sign(address, typedDataHash(typedData));
  }

  /** r, s, v of 27 or 28. */
  private sign(address: Uint8Array, hash: Uint8Array): Uint8Array {
    const { r, s, recovery } = signHash(hash, this.keyOf(address));
    return concatBytes(r, s, Uint8Array.of(27 + recovery));
  }

  private keyOf(address: Uint8Array): Uint8Array {
    const key = this.keys.get(toHex(address));
    if (key === undefined) throw invalid(`unknown account ${toHex(address)}`);
    return key;
  }

  private checkChain({ chainId }: TransactionRequest): void {
    if (chainId === undefined || chainId === this.node.chainId) return;
    const expected = this.node.chainId.toString();
    throw new DeltacastError('TX_WRONG_CHAIN', 'invalid chain id for signer', { expected });
  }

  /** Everything but the nonce. */
  private async fill(request: TransactionRequest): Promise<TransactionRequest> {
    const fees = await this.fillFees(request);
    const filled = { ...request, ...fees, chainId: this.node.chainId };
    return { ...filled, gas: request.gas ?? (await this.estimate(filled)) };
  }

  private async fillFees(request: TransactionRequest): Promise<TransactionRequest> {
    const baseFee = await this.node.baseFeePerGas();
    const type = typeOf(request, baseFee !== null);
    if (type < 2) return { type, gasPrice: request.gasPrice ?? (await this.node.gasPrice()) };
    const asked = request.maxPriorityFeePerGas;
    const tip = asked ?? (await this.node.maxPriorityFeePerGas());
    // Twice the base fee is still enough after six full blocks (geth).
    const maxFeePerGas = request.maxFeePerGas ?? tip + 2n * (baseFee ?? 0n);
    // A tip that nobody asked for never makes a transaction invalid.
    const isAbove = asked === undefined && tip > maxFeePerGas;
    return { type, maxFeePerGas, maxPriorityFeePerGas: isAbove ? maxFeePerGas : tip };
  }

  private async estimate(request: TransactionRequest): Promise<number> {
    const options = { request, block: PENDING, stateOverrides: [], blockOverrides: null };
    const { gas, failure } = await this.node.estimateGas(options);
    if (failure !== null) throw callError(failure);
    return gas;
  }

  /** Runs after the sends of this account before it; one that fails holds up none. */
  private inOrder<T>(account: string, run: () => Promise<T>): Promise<T> {
    const before = this.sending.get(account) ?? Promise.resolve();
    const result = before.then(run);
    const settled = result.catch(() => undefined);
    this.sending.set(account, settled);
    return result;
  }
}

function typeOf(request: TransactionRequest, hasBaseFee: boolean): TransactionType {
  if (request.type !== undefined) return request.type;
  if (request.authorizationList !== undefined) return 4;
  if (request.blobVersionedHashes !== undefined) return 3;
  if (request.gasPrice === undefined && hasBaseFee) return 2;
  return request.accessList === undefined ? 0 : 1;
}

function invalid(message: string): DeltacastError {
  return new DeltacastError('RPC_INVALID_PARAMS', message);
}

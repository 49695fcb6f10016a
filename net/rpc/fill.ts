/**
 * Completes a transaction request as geth's eth_fillTransaction does (internal/ethapi
 * TransactionArgs.setDefaults), and encodes it unsigned: viem asks for this before each send, and
 * one call then replaces four.
 */
import { RLP } from '@ethereumjs/rlp';
import { concatBytes } from '../../state/base/bytes.js';
import type { Backend } from './backend.js';
import { callError, invalidParams } from './errors.js';
import { PENDING } from './schema.js';
import type { RpcTransaction, TransactionRequest, TransactionType } from './values.js';

const EMPTY = new Uint8Array(0);
const ZERO_ADDRESS = new Uint8Array(20);

/** @throws RpcError when the transaction fails at any gas limit, DeltacastError for bad fields */
export async function fillTransaction(
  backend: Backend,
  request: TransactionRequest,
): Promise<RpcTransaction> {
  if (request.chainId !== undefined && request.chainId !== backend.chainId) {
    throw invalidParams(`chainId does not match node's (have=${request.chainId})`);
  }
  const from = request.from ?? ZERO_ADDRESS;
  const fees = await fillFees(backend, request);
  return {
    ...fees,
    hash: new Uint8Array(32),
    from,
    to: request.to ?? null,
    nonce: request.nonce ?? (await backend.transactionCount(from, PENDING)),
    gasLimit: request.gas ?? (await fillGas(backend, request)),
    value: request.value ?? 0n,
    data: request.data ?? EMPTY,
    chainId: backend.chainId,
    maxFeePerBlobGas: request.maxFeePerBlobGas ?? null,
    blobVersionedHashes: request.blobVersionedHashes ?? [],
    accessList: request.accessList ?? [],
    authorizationList: request.authorizationList ?? [],
    v: 0n,
    r: 0n,
    s: 0n,
    position: null,
  };
}

type Fees = Pick<RpcTransaction, 'type' | 'gasPrice' | 'maxFeePerGas' | 'maxPriorityFeePerGas'>;

async function fillFees(backend: Backend, request: TransactionRequest): Promise<Fees> {
  const baseFee = await backend.baseFeePerGas();
  const type = typeOf(request, baseFee !== null);
  if (type < 2) {
    const gasPrice = request.gasPrice ?? (await backend.gasPrice());
    return { type, gasPrice, maxFeePerGas: null, maxPriorityFeePerGas: null };
  }
  const tip = request.maxPriorityFeePerGas ?? (await backend.maxPriorityFeePerGas());
  // Twice the base fee: still enough after six full blocks (geth).
  const maxFeePerGas = request.maxFeePerGas ?? tip + 2n * (baseFee ?? 0n);
  // A tip that nobody asked for never makes a transaction invalid.
  const isAsked = request.maxPriorityFeePerGas !== undefined;
  const maxPriorityFeePerGas = !isAsked && tip > maxFeePerGas ? maxFeePerGas : tip;
  return { type, gasPrice: null, maxFeePerGas, maxPriorityFeePerGas };
}

function typeOf(request: TransactionRequest, hasBaseFee: boolean): TransactionType {
  if (request.type !== undefined) return request.type;
  if (request.authorizationList !== undefined) return 4;
  if (request.blobVersionedHashes !== undefined) return 3;
  if (request.gasPrice === undefined && hasBaseFee) return 2;
  return request.accessList === undefined ? 0 : 1;
}

async function fillGas(backend: Backend, request: TransactionRequest): Promise<number> {
  const { gas, failure } = await backend.estimateGas({
    request,
    block: PENDING,
    stateOverrides: [],
    blockOverrides: null,
  });
  if (failure !== null) throw callError(failure);
  return gas;
}

/** The filled transaction as a request that leaves nothing to the signer. */
export function requestOf(transaction: RpcTransaction): TransactionRequest {
  const { type, from, to, nonce, value, data, gasLimit } = transaction;
  const { gasPrice, maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas } = transaction;
  return {
    type,
    from,
    ...(to === null ? {} : { to }),
    nonce,
    gas: gasLimit,
    value,
    data,
    ...(transaction.chainId === null ? {} : { chainId: transaction.chainId }),
    ...(gasPrice === null ? {} : { gasPrice }),
    ...(maxFeePerGas === null ? {} : { maxFeePerGas }),
    ...(maxPriorityFeePerGas === null ? {} : { maxPriorityFeePerGas }),
    ...(maxFeePerBlobGas === null ? {} : { maxFeePerBlobGas }),
    ...(type === 3 ? { blobVersionedHashes: transaction.blobVersionedHashes } : {}),
    ...(type >= 1 ? { accessList: transaction.accessList } : {}),
    ...(type === 4 ? { authorizationList: transaction.authorizationList } : {}),
  };
}

type RlpItem = Uint8Array | bigint | number | RlpItem[];

/** EIP-2718 bytes; a transaction that is not signed has zeros for a signature, as geth's. */
export function encodeTransaction(transaction: RpcTransaction): Uint8Array {
  const body = RLP.encode(fieldsOf(transaction));
  return transaction.type === 0 ? body : concatBytes(Uint8Array.of(transaction.type), body);
}

/** Sources: EIP-155, EIP-2930, EIP-1559, EIP-4844, EIP-7702. */
function fieldsOf(transaction: RpcTransaction): RlpItem[] {
  const { type, nonce, gasLimit, value, data, v, r, s } = transaction;
  const target = [gasLimit, transaction.to ?? EMPTY, value, data];
  const price = transaction.gasPrice ?? 0n;
  if (type === 0) return [nonce, price, ...target, v, r, s];
  const chainId = transaction.chainId ?? 0n;
  const accessList = transaction.accessList.map(({ address, storageKeys }) => [
    address,
    [...storageKeys],
  ]);
  if (type === 1) return [chainId, nonce, price, ...target, accessList, v, r, s];
  const tip = transaction.maxPriorityFeePerGas ?? 0n;
  const fees = [tip, transaction.maxFeePerGas ?? 0n];
  const common = [chainId, nonce, ...fees, ...target, accessList];
  if (type === 2) return [...common, v, r, s];
  if (type === 3) {
    const blobs = [transaction.maxFeePerBlobGas ?? 0n, [...transaction.blobVersionedHashes]];
    return [...common, ...blobs, v, r, s];
  }
  const authorizations = transaction.authorizationList.map((entry) => [
    entry.chainId,
    entry.address,
    entry.nonce,
    entry.yParity,
    entry.r,
    entry.s,
  ]);
  return [...common, authorizations, v, r, s];
}

/**
 * Encoding and signing a transaction whose fields are all known.
 * Sources: EIP-155, EIP-2718, EIP-2930, EIP-1559, EIP-7702.
 */
import { RLP } from '@ethereumjs/rlp';
import type { TransactionRequest } from '../../net/rpc/values.js';
import { concatBytes, toBigInt } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import { keccak256 } from '../../state/base/keccak.js';
import { signHash } from '../../workers/signature.js';

const EMPTY = new Uint8Array(0);

type RlpItem = Uint8Array | bigint | number | RlpItem[];

/**
 * @returns the signed EIP-2718 bytes
 * @throws DeltacastError RPC_INVALID_PARAMS where a field is missing, TX_BLOBS_REFUSED
 */
export function signTransaction(request: TransactionRequest, privateKey: Uint8Array): Uint8Array {
  const type = needed(request, 'type');
  const chainId = needed(request, 'chainId');
  const fields = fieldsOf(request);
  if (type === 0) {
    const unsigned = RLP.encode([...fields, chainId, 0, 0]);
    const { r, s, recovery } = signHash(keccak256(unsigned), privateKey);
    const v = chainId * 2n + 35n + BigInt(recovery);
    return RLP.encode([...fields, v, toBigInt(r), toBigInt(s)]);
  }
  const typed = (items: RlpItem[]): Uint8Array =>
    concatBytes(Uint8Array.of(type), RLP.encode(items));
  const { r, s, recovery } = signHash(keccak256(typed(fields)), privateKey);
  return typed([...fields, recovery, toBigInt(r), toBigInt(s)]);
}

/** The fields before the signature, in the order of their type. */
function fieldsOf(request: TransactionRequest): RlpItem[] {
  const type = needed(request, 'type');
  const nonce = needed(request, 'nonce');
  const gas = needed(request, 'gas');
  const { to = EMPTY, value = 0n, data = EMPTY } = request;
  const target: RlpItem[] = [gas, to, value, data];
  if (type === 0) return [nonce, needed(request, 'gasPrice'), ...target];
  const chainId = needed(request, 'chainId');
  const accessList = (request.accessList ?? []).map(({ address, storageKeys }) => [
    address,
    [...storageKeys],
  ]);
  if (type === 1) return [chainId, nonce, needed(request, 'gasPrice'), ...target, accessList];
  const fees = [needed(request, 'maxPriorityFeePerGas'), needed(request, 'maxFeePerGas')];
  const common = [chainId, nonce, ...fees, ...target, accessList];
  if (type === 2) return common;
  if (type === 3) throw new DeltacastError('TX_BLOBS_REFUSED', 'there is no blob market here');
  const authorizations = needed(request, 'authorizationList').map((entry) => [
    entry.chainId,
    entry.address,
    entry.nonce,
    entry.yParity,
    entry.r,
    entry.s,
  ]);
  if (request.to === undefined) throw invalid('a transaction with authorizations needs "to"');
  return [...common, authorizations];
}

function needed<Key extends keyof TransactionRequest>(
  request: TransactionRequest,
  key: Key,
): NonNullable<TransactionRequest[Key]> {
  const value = request[key];
  if (value === undefined) throw invalid(`the transaction has no "${key}"`);
  return value;
}

function invalid(message: string): DeltacastError {
  return new DeltacastError('RPC_INVALID_PARAMS', message);
}

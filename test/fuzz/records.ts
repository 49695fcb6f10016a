/** From a case's transaction to the record that engines take. */
import { fromHex, toHex, toWord } from '../../state/base/bytes.js';
import { isDeltacastError } from '../../state/base/errors.js';
import { keccak256 } from '../../state/base/keccak.js';
import { recordOfUnsigned } from '../../workers/decode.js';
import type { FuzzAuthorization, FuzzBlock, FuzzTransaction } from './case.js';

type UnsignedData = Parameters<typeof recordOfUnsigned>[0];

/** Wei per blob gas: enough for every excess that cases have. */
const BLOB_FEE = 10n ** 15n;

/**
 * @param nonce  of the sender at this moment
 * @returns null where decoding refuses it: engines never see such a transaction
 */
export function recordOf(
  transaction: FuzzTransaction,
  block: FuzzBlock,
  nonce: bigint,
): Uint8Array | null {
  const wanted = nonce + BigInt(transaction.nonceSlip);
  const sender = fromHex(transaction.sender);
  const hash = keccak256(toWord(BigInt.asUintN(256, wanted)));
  const data = fieldsOf(transaction, block, wanted < 0n ? 0n : wanted);
  try {
    return recordOfUnsigned(data, sender, hash, block);
  } catch (error) {
    if (isDeltacastError(error) || isLibrarys(error)) return null;
    throw error;
  }
}

function isLibrarys(error: unknown): boolean {
  return error instanceof Error && !(error instanceof TypeError);
}

/** What a library signs, or takes without a signature. */
export function fieldsOf(tx: FuzzTransaction, { chainId }: FuzzBlock, nonce: bigint): UnsignedData {
  const common = {
    type: tx.type,
    nonce,
    gasLimit: BigInt(tx.gasLimit),
    value: BigInt(tx.value),
    data: fromHex(tx.data),
    ...(tx.to === null ? {} : { to: toHex(fromHex(tx.to)) }),
  };
  const [maxFeePerGas, maxPriorityFeePerGas] = [BigInt(tx.maxFee), BigInt(tx.priorityFee)];
  if (tx.type === 0) return { ...common, gasPrice: maxFeePerGas } as UnsignedData;
  const accessList = tx.accessList.map(({ address, slots }) => ({
    address: toHex(fromHex(address)),
    storageKeys: slots.map((slot) => toHex(fromHex(slot))),
  }));
  const typed = { ...common, chainId, accessList };
  if (tx.type === 1) return { ...typed, gasPrice: maxFeePerGas } as UnsignedData;
  const market = { ...typed, maxFeePerGas, maxPriorityFeePerGas };
  if (tx.type === 2) return market as UnsignedData;
  if (tx.type === 3) {
    const blobVersionedHashes = tx.blobHashes.map((hash) => toHex(fromHex(hash)));
    return { ...market, maxFeePerBlobGas: BLOB_FEE, blobVersionedHashes } as UnsignedData;
  }
  return { ...market, authorizationList: tx.authorizations.map(tuple) } as UnsignedData;
}

function tuple({ chainId, address, nonce, yParity, r, s }: FuzzAuthorization): object {
  const quantity = (value: string | number) => `0x${BigInt(value).toString(16)}`;
  return {
    chainId: quantity(chainId),
    address: toHex(fromHex(address)),
    nonce: quantity(nonce),
    yParity: quantity(yParity),
    r: quantity(r),
    s: quantity(s),
  };
}

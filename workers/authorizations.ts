/**
 * Authorization tuples of type-4 transactions (EIP-7702): RLP of [chain id, address, nonce,
 * y-parity, r, s], and the account that signed it.
 */
import { RLP } from '@ethereumjs/rlp';
import { concatBytes, toBigInt } from '../state/base/bytes.js';
import { keccak256 } from '../state/base/keccak.js';
import { recoverAddress } from './signature.js';

const MAGIC = Uint8Array.of(5);
/** EIP-2681: a nonce never gets there. */
const NONCE_END = 2n ** 64n - 1n;

export interface Authorization {
  /** 20 bytes each. */
  readonly authority: Uint8Array;
  readonly delegate: Uint8Array;
  readonly nonce: bigint;
}

/** @returns null where it is to be passed over: for another chain, malformed or not signed */
export function readAuthorization(tuple: Uint8Array, chainId: number): Authorization | null {
  const fields = RLP.decode(tuple);
  if (!Array.isArray(fields) || fields.length !== 6) return null;
  const [chain, delegate, nonceBytes, parity, r, s] = fields as Uint8Array[];
  if (!chain || !delegate || !nonceBytes || !parity || !r || !s) return null;
  const tupleChain = toBigInt(chain);
  if (tupleChain !== 0n && tupleChain !== BigInt(chainId)) return null;
  const nonce = toBigInt(nonceBytes);
  const recovery = toBigInt(parity);
  if (nonce >= NONCE_END || recovery > 1n || delegate.length !== 20) return null;
  const hash = keccak256(concatBytes(MAGIC, RLP.encode([tupleChain, delegate, nonce])));
  const authority = recoverAddress(hash, toBigInt(r), toBigInt(s), Number(recovery));
  return authority === null ? null : { authority, delegate, nonce };
}

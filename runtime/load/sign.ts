/**
 * Signed transactions for load: legacy (EIP-155) and EIP-1559 envelopes, signed by the native
 * secp256k1 library. Fields are encoded once, for the signing hash and for the envelope alike; the
 * header of the list around them is all that differs.
 */
import { RLP } from '@ethereumjs/rlp';
import { concatBytes } from '../../state/base/bytes.js';
import { keccak256 } from '../../state/base/keccak.js';
import { signHash } from '../../workers/signature.js';

const MARKET_TYPE = 2;
/** RLP (Yellow Paper, appendix B): first bytes of a short and of a long list. */
const SHORT_LIST = 0xc0;
const LONG_LIST = 0xf7;
const SHORT_LIST_BYTES_MAX = 55;
const EMPTY_LIST = Uint8Array.of(SHORT_LIST);

interface CommonFields {
  readonly chainId: number;
  readonly nonce: number;
  readonly gasLimit: number;
  /** 20 bytes; null creates a contract. */
  readonly to: Uint8Array | null;
  /** Wei. */
  readonly value: bigint;
  readonly data: Uint8Array;
}

export interface MarketFields extends CommonFields {
  /** Wei per gas. */
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

export interface LegacyFields extends CommonFields {
  /** Wei per gas. */
  readonly gasPrice: bigint;
}

/** @returns the EIP-1559 envelope, as eth_sendRawTransaction takes it */
export function signMarket(fields: MarketFields, privateKey: Uint8Array): Uint8Array {
  const { chainId, nonce, maxPriorityFeePerGas, maxFeePerGas } = fields;
  const type = Uint8Array.of(MARKET_TYPE);
  const body = concatBytes(
    encodeAll(chainId, nonce, maxPriorityFeePerGas, maxFeePerGas),
    encodeCall(fields),
    EMPTY_LIST,
  );
  const hash = keccak256(concatBytes(type, listHead(body.length), body));
  const { r, s, recovery } = signHash(hash, privateKey);
  return concatBytes(type, asList(body, encodeSignature(BigInt(recovery), r, s)));
}

/** @returns the legacy transaction, bound to its chain by EIP-155 */
export function signLegacy(fields: LegacyFields, privateKey: Uint8Array): Uint8Array {
  const { chainId, nonce, gasPrice } = fields;
  const body = concatBytes(encodeAll(nonce, gasPrice), encodeCall(fields));
  const hash = keccak256(asList(body, encodeAll(chainId, 0, 0)));
  const { r, s, recovery } = signHash(hash, privateKey);
  return asList(body, encodeSignature(BigInt(chainId) * 2n + 35n + BigInt(recovery), r, s));
}

/** Gas limit, callee, value and data: neighbours in every kind of transaction. */
function encodeCall({ gasLimit, to, value, data }: CommonFields): Uint8Array {
  return encodeAll(gasLimit, to ?? new Uint8Array(0), value, data);
}

function encodeSignature(v: bigint, r: Uint8Array, s: Uint8Array): Uint8Array {
  return encodeAll(v, withoutZeros(r), withoutZeros(s));
}

function encodeAll(...items: readonly (number | bigint | Uint8Array)[]): Uint8Array {
  return concatBytes(...items.map((item) => RLP.encode(item)));
}

function asList(...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return concatBytes(listHead(length), ...parts);
}

function listHead(length: number): Uint8Array {
  if (length <= SHORT_LIST_BYTES_MAX) return Uint8Array.of(SHORT_LIST + length);
  const digits = length.toString(16);
  const size = Uint8Array.from(
    Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex'),
  );
  return concatBytes(Uint8Array.of(LONG_LIST + size.length), size);
}

/** Numbers have no leading zeros in RLP. */
function withoutZeros(word: Uint8Array): Uint8Array {
  let start = 0;
  while (start < word.length && word[start] === 0) start += 1;
  return word.subarray(start);
}

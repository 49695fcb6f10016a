/**
 * Fields of a signed transaction, read off its EIP-2718 bytes where they lie: nothing is parsed but
 * what is asked for, because a receipt needs three fields of a dozen. The bytes were decoded when
 * the transaction was admitted, so only lengths are checked here; byte strings are views.
 * Sources: EIP-155, EIP-2930, EIP-1559, EIP-4844, EIP-7702.
 */
import type {
  RpcAccessListEntry,
  RpcAuthorization,
  TransactionType,
} from '../../net/rpc/values.js';
import { toBigInt } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';

/** EIP-2718 reserves first bytes from 0xc0 on for legacy lists. */
const LEGACY_FIRST_BYTE = 0xc0;
/** Up to six bytes a number is exact and its arithmetic cheap. */
const NUMBER_BYTES_MAX = 6;

/** Where a field stands in the list, by transaction type. */
type Places = readonly [number, number, number, number, number];
const NONE = -1;
const CHAIN_ID: Places = [NONE, 0, 0, 0, 0];
const NONCE: Places = [0, 1, 1, 1, 1];
/** Types 0 and 1 have one price: it is both. */
const TIP: Places = [1, 2, 2, 2, 2];
const FEE: Places = [1, 2, 3, 3, 3];
const GAS_LIMIT: Places = [2, 3, 4, 4, 4];
const TO: Places = [3, 4, 5, 5, 5];
const VALUE: Places = [4, 5, 6, 6, 6];
const DATA: Places = [5, 6, 7, 7, 7];
const ACCESS_LIST: Places = [NONE, 7, 8, 8, 8];
const BLOB_FEE: Places = [NONE, NONE, NONE, 9, NONE];
const BLOB_HASHES: Places = [NONE, NONE, NONE, 10, NONE];
const AUTHORIZATIONS: Places = [NONE, NONE, NONE, NONE, 9];
/** r and s follow. */
const V: Places = [6, 8, 9, 11, 10];

export class Envelope {
  readonly type: TransactionType;
  private readonly raw: Uint8Array;
  private readonly listAt: number;

  /** @throws DeltacastError TX_MALFORMED, here and from every getter */
  constructor(raw: Uint8Array) {
    const first = raw[0] ?? 0;
    const isLegacy = first >= LEGACY_FIRST_BYTE;
    if (!isLegacy && (first === 0 || first > 4)) throw malformed('no transaction type');
    this.raw = raw;
    this.type = isLegacy ? 0 : (first as TransactionType);
    const start = isLegacy ? 0 : 1;
    if (!isList(raw, start)) throw malformed('fields are a list');
    this.listAt = payloadOf(raw, start);
  }

  get nonce(): bigint {
    return this.bigint(NONCE);
  }

  /** Gas price of types 0 and 1, highest price of the others; wei per gas. */
  get maxFeePerGas(): bigint {
    return this.bigint(FEE);
  }

  get maxPriorityFeePerGas(): bigint {
    return this.bigint(TIP);
  }

  get gasLimit(): number {
    return Number(this.bigint(GAS_LIMIT));
  }

  /** null creates a contract. */
  get to(): Uint8Array | null {
    const to = this.bytes(TO);
    return to.length === 0 ? null : to;
  }

  get value(): bigint {
    return this.bigint(VALUE);
  }

  get data(): Uint8Array {
    return this.bytes(DATA);
  }

  /** null for a legacy transaction without EIP-155. */
  get chainId(): bigint | null {
    if (this.type !== 0) return this.bigint(CHAIN_ID);
    const { v } = this;
    return v < 35n ? null : (v - 35n) >> 1n;
  }

  get v(): bigint {
    return this.bigint(V);
  }

  get r(): bigint {
    return toBigInt(this.field(V[this.type] + 1));
  }

  get s(): bigint {
    return toBigInt(this.field(V[this.type] + 2));
  }

  get maxFeePerBlobGas(): bigint | null {
    return this.type === 3 ? this.bigint(BLOB_FEE) : null;
  }

  get blobVersionedHashes(): Uint8Array[] {
    return this.type === 3 ? itemsOf(this.bytes(BLOB_HASHES)).map(({ bytes }) => bytes) : [];
  }

  get accessList(): RpcAccessListEntry[] {
    if (this.type === 0) return [];
    return itemsOf(this.bytes(ACCESS_LIST)).map((entry) => {
      const [address, slots] = itemsOf(entry.bytes);
      if (address === undefined || slots === undefined) throw malformed('an access list entry');
      return {
        address: address.bytes,
        storageKeys: itemsOf(slots.bytes).map(({ bytes }) => bytes),
      };
    });
  }

  get authorizationList(): RpcAuthorization[] {
    return this.type === 4 ? itemsOf(this.bytes(AUTHORIZATIONS)).map(authorizationOf) : [];
  }

  /** What the sender pays per gas in a block with this base fee (EIP-1559). */
  effectiveGasPrice(baseFee: bigint): bigint {
    const most = this.maxFeePerGas;
    if (this.type < 2) return most;
    const wanted = baseFee + this.maxPriorityFeePerGas;
    return wanted > most ? most : wanted;
  }

  private bigint(places: Places): bigint {
    return numberOf(this.bytes(places));
  }

  private bytes(places: Places): Uint8Array {
    return this.field(places[this.type]);
  }

  /** Content of the field at `place`; of a list, its items one after the other. */
  private field(place: number): Uint8Array {
    const { raw } = this;
    let at = this.listAt;
    for (let left = place; left > 0; left -= 1) at = endOf(raw, at);
    return raw.subarray(payloadOf(raw, at), endOf(raw, at));
  }
}

interface Item {
  readonly bytes: Uint8Array;
}

function itemsOf(content: Uint8Array): Item[] {
  const items: Item[] = [];
  for (let at = 0; at < content.length; ) {
    const end = endOf(content, at);
    items.push({ bytes: content.subarray(payloadOf(content, at), end) });
    at = end;
  }
  return items;
}

function authorizationOf({ bytes }: Item): RpcAuthorization {
  const [chainId, address, nonce, yParity, r, s] = itemsOf(bytes);
  if (chainId === undefined || address === undefined || nonce === undefined) {
    throw malformed('an authorization');
  }
  if (yParity === undefined || r === undefined || s === undefined) {
    throw malformed('the signature of an authorization');
  }
  return {
    chainId: toBigInt(chainId.bytes),
    address: address.bytes,
    nonce: toBigInt(nonce.bytes),
    yParity: Number(toBigInt(yParity.bytes)),
    r: toBigInt(r.bytes),
    s: toBigInt(s.bytes),
  };
}

function numberOf(bytes: Uint8Array): bigint {
  if (bytes.length > NUMBER_BYTES_MAX) return toBigInt(bytes);
  let value = 0;
  for (let at = 0; at < bytes.length; at += 1) value = value * 256 + (bytes[at] ?? 0);
  return BigInt(value);
}

function isList(bytes: Uint8Array, at: number): boolean {
  return (bytes[at] ?? 0) >= 0xc0;
}

/** Where the content of the RLP item at `at` starts (Yellow Paper, appendix B). */
function payloadOf(bytes: Uint8Array, at: number): number {
  const tag = bytes[at] ?? 0;
  if (tag < 0x80) return at;
  if (tag >= 0xf8) return at + tag - 0xf6;
  return tag >= 0xb8 && tag < 0xc0 ? at + tag - 0xb6 : at + 1;
}

/** Where the RLP item at `at` ends. */
function endOf(bytes: Uint8Array, at: number): number {
  const tag = bytes[at];
  if (tag === undefined) throw malformed('a field is missing');
  let end: number;
  if (tag < 0x80) end = at + 1;
  else if (tag < 0xb8) end = at + 1 + tag - 0x80;
  else if (tag < 0xc0) end = longEndOf(bytes, at, tag - 0xb7);
  else if (tag < 0xf8) end = at + 1 + tag - 0xc0;
  else end = longEndOf(bytes, at, tag - 0xf7);
  if (!(end <= bytes.length)) throw malformed('a field is cut');
  return end;
}

function longEndOf(bytes: Uint8Array, at: number, lengthBytes: number): number {
  let length = 0;
  for (let index = 1; index <= lengthBytes; index += 1) {
    length = length * 256 + (bytes[at + index] ?? Number.NaN);
  }
  return at + 1 + lengthBytes + length;
}

function malformed(why: string): DeltacastError {
  return new DeltacastError('TX_MALFORMED', `a transaction of the chain is malformed: ${why}`);
}

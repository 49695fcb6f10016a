/**
 * `deltacast/verify`: checks what a node says about accounts, with nothing but the sequencer's key
 * to trust. In Node 20 and in browsers; @noble/hashes is all that it needs.
 *
 *     const header = await verifySignedHeader(frame, { chainId, sequencerKey });
 *     const account = verifyRpcProof(header.stateRoot, eth_getProof's answer);
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { DeltacastError } from './base/errors.js';
import { PROOF_BYTES_MAX, PROOF_KEYS_MAX, type StateKey, verifyProof } from './proof.js';

// biome-ignore lint/performance/noBarrelFile: what the package exports has to be in one file.
export { DeltacastError } from './base/errors.js';
export { pathOf, type StateKey, verifyProof } from './proof.js';
export { type HeaderAuthority, type SignedHeader, verifySignedHeader } from './signed-header.js';

export interface ProvenAccount {
  /** False where there is no such account: then all else is 0. */
  readonly exists: boolean;
  /** Wei. */
  readonly balance: bigint;
  readonly nonce: bigint;
  /** keccak256 of the code, also of no code; zeros where there is no account. */
  readonly codeHash: Uint8Array;
  /** 32 bytes for each slot that was asked for. */
  readonly slots: readonly Uint8Array[];
}

/** Kind 2's value for an account that exists although it is empty. */
const EXISTS_EMPTY = 1n;

/** The keys of an account and some of its slots, in the order that `accountOf` expects. */
export function accountKeys(address: Uint8Array, slots: readonly Uint8Array[] = []): StateKey[] {
  return [
    { kind: 0, address },
    { kind: 1, address },
    { kind: 2, address },
    ...slots.map((slot) => ({ kind: 3, address, slot }) as const),
  ];
}

/** What the proven values of `accountKeys` say. */
export function accountOf(values: readonly Uint8Array[]): ProvenAccount {
  const [balance = EMPTY, nonce = EMPTY, code = EMPTY, ...slots] = values;
  const codeValue = toBigInt(code);
  const exists = [balance, nonce, code].some((value) => toBigInt(value) !== 0n);
  const hasCode = codeValue > EXISTS_EMPTY;
  const codeHash = hasCode ? code : exists ? keccak_256(EMPTY) : new Uint8Array(32);
  return { exists, balance: toBigInt(balance), nonce: toBigInt(nonce), codeHash, slots };
}

/**
 * Checks one proof of an account and some of its slots.
 * @throws DeltacastError PROOF_INVALID
 */
export function verifyAccount(
  stateRoot: Uint8Array,
  address: Uint8Array,
  slots: readonly Uint8Array[],
  proof: Uint8Array,
): ProvenAccount {
  return accountOf(verifyProof(stateRoot, accountKeys(address, slots), proof));
}

/**
 * Checks a whole answer of eth_getProof (EIP-1186's fields): every value that it claims.
 * @param answer  JSON from anyone @returns what is proven; slots in the order of storageProof
 * @throws DeltacastError PROOF_INVALID
 */
export function verifyRpcProof(
  stateRoot: Uint8Array,
  answer: unknown,
): ProvenAccount & { readonly address: Uint8Array } {
  const { address, accountProof, balance, nonce, codeHash, storageProof } = fieldsOf(answer);
  const where = bytes(address, 20);
  const account = verifyAccount(stateRoot, where, [], onlyOne(accountProof));
  same('balance', account.balance, number(balance));
  same('nonce', account.nonce, number(nonce));
  same('codeHash', toBigInt(account.codeHash), toBigInt(bytes(codeHash, 32)));
  const slots = list(storageProof, PROOF_KEYS_MAX).map((entry) => {
    const { key, value, proof } = fieldsOf(entry);
    const slot = hexToBytes(number(key).toString(16).padStart(64, '0'));
    const keys: StateKey[] = [{ kind: 3, address: where, slot }];
    const [proven = EMPTY] = verifyProof(stateRoot, keys, onlyOne(proof));
    same('a slot', toBigInt(proven), number(value));
    return proven;
  });
  return { ...account, address: where, slots };
}

const EMPTY = new Uint8Array(0);

function toBigInt(word: Uint8Array): bigint {
  return word.length === 0 ? 0n : BigInt(`0x${bytesToHex(word)}`);
}

function same(what: string, proven: bigint, claimed: bigint): void {
  if (proven !== claimed) throw invalid(`${what} is not what is proven`);
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw invalid('not an object');
  return value as Record<string, unknown>;
}

function list(value: unknown, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) throw invalid('not a list, or too long');
  return value;
}

/** Our proofs are one string of bytes each. */
function onlyOne(value: unknown): Uint8Array {
  const [proof] = list(value, 1);
  const text = hex(proof, 2 * PROOF_BYTES_MAX);
  if (text.length % 2 !== 0) throw invalid('half a byte');
  return hexToBytes(text);
}

function bytes(value: unknown, length: number): Uint8Array {
  const digits = hex(value, 2 * length);
  if (digits.length !== 2 * length) throw invalid('bytes of another length');
  return hexToBytes(digits);
}

function number(value: unknown): bigint {
  const digits = hex(value, 64);
  return digits === '' ? 0n : BigInt(`0x${digits}`);
}

/** @returns the digits */
function hex(value: unknown, digitsMax: number): string {
  if (typeof value !== 'string' || value.length > 2 + digitsMax) throw invalid('no hex string');
  if (!/^0x[0-9a-fA-F]*$/.test(value)) throw invalid('no hex string');
  return value.slice(2);
}

function invalid(why: string): DeltacastError {
  return new DeltacastError('PROOF_INVALID', `the answer is not valid: ${why}`, { why });
}

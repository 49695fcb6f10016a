/**
 * The sequencer's Ed25519 key and the hashes of the wire (hypercore-crypto's owner). Followers pin
 * the public key; everything that they apply is signed by it.
 */
import crypto from 'hypercore-crypto';
import { assert } from '../../state/base/assert.js';
import { concatBytes } from '../../state/base/bytes.js';

export const SEED_BYTES = 32;
export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

export interface Signer {
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

/** @param seed  32 secret bytes; they are kept in the closure and nowhere else */
export function signerOf(seed: Uint8Array): Signer {
  assert(seed.length === SEED_BYTES, 'a seed has 32 bytes');
  const pair = crypto.keyPair(seed);
  return {
    publicKey: new Uint8Array(pair.publicKey),
    sign: (message) => new Uint8Array(crypto.sign(message, pair.secretKey)),
  };
}

export function isSignedBy(
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  return crypto.verify(message, signature, publicKey);
}

/** BLAKE2b-256. */
export function hashOf(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(crypto.hash(parts));
}

/**
 * What a chain of frames begins with: the parent hash of frame 0. It binds frames to the chain id
 * and the sequencer's key, both of which a follower is told and does not learn from the network.
 */
export function chainIdentity(chainId: number, publicKey: Uint8Array): Uint8Array {
  const id = new Uint8Array(8);
  new DataView(id.buffer).setBigUint64(0, BigInt(chainId), true);
  return hashOf(concatBytes(new TextEncoder().encode('deltacast chain'), id, publicKey));
}

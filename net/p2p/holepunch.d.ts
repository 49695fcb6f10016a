declare module 'hypercore-crypto' {
  interface KeyPair {
    readonly publicKey: Uint8Array;
    readonly secretKey: Uint8Array;
  }
  const crypto: {
    /** Ed25519 from a 32-byte seed. */
    keyPair(seed: Uint8Array): KeyPair;
    sign(message: Uint8Array, secretKey: Uint8Array): Uint8Array;
    verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean;
    /** BLAKE2b-256 of the concatenated parts. */
    hash(parts: Uint8Array | readonly Uint8Array[]): Uint8Array;
  };
  export default crypto;
}

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

declare module 'hyperdht' {
  interface NodeAddress {
    readonly host: string;
    readonly port: number;
  }
  interface DhtOptions {
    /** Left out: the public nodes. */
    readonly bootstrap?: readonly NodeAddress[];
    /** Address to bind; 0.0.0.0 unless given. */
    readonly host?: string;
    readonly port?: number;
    /** False fails when `port` is taken, instead of taking another. */
    readonly anyPort?: boolean;
    readonly ephemeral?: boolean;
    readonly firewalled?: boolean;
  }
  class HyperDHT {
    constructor(options?: DhtOptions);
    fullyBootstrapped(): Promise<void>;
    address(): NodeAddress | null;
    destroy(options?: { force?: boolean }): Promise<void>;
  }
  export default HyperDHT;
}

declare module 'hyperswarm' {
  type Listener = (...values: never[]) => void;

  /** An encrypted, ordered stream of messages between two keys (@hyperswarm/secret-stream). */
  export interface NoiseStream {
    readonly isInitiator: boolean;
    readonly publicKey: Uint8Array;
    readonly remotePublicKey: Uint8Array;
    /** The same at both ends, and different for every connection. */
    readonly handshakeHash: Uint8Array;
    readonly destroyed: boolean;
    /** The stream below, which carries the encrypted bytes. */
    readonly rawStream: { on(event: string, listener: Listener): void };
    userData: unknown;
    alloc(bytes: number): Uint8Array;
    write(bytes: Uint8Array): boolean;
    end(): void;
    destroy(error?: Error): void;
    pause(): void;
    resume(): void;
    on(event: string, listener: Listener): void;
    emit(event: string, ...values: unknown[]): boolean;
  }
  interface Discovery {
    flushed(): Promise<boolean>;
    refresh(options?: { server?: boolean; client?: boolean }): Promise<boolean>;
  }
  interface PeerInfo {
    ban(banned: boolean): void;
  }
  interface SwarmOptions {
    /** A HyperDHT; the swarm destroys it. */
    readonly dht: object;
    readonly seed?: Uint8Array;
    /** True refuses the key, inbound and outbound. */
    readonly firewall?: (publicKey: Uint8Array) => boolean;
    readonly maxPeers?: number;
  }
  class Hyperswarm {
    constructor(options: SwarmOptions);
    readonly keyPair: { readonly publicKey: Uint8Array };
    /** By public key in hex. */
    readonly peers: Map<string, PeerInfo>;
    join(topic: Uint8Array, options: { server: boolean; client: boolean }): Discovery;
    /** Forgets a peer that nothing refers to any more. */
    leavePeer(publicKey: Uint8Array): void;
    on(event: 'connection', listener: (stream: NoiseStream) => void): void;
    destroy(options?: { force?: boolean }): Promise<void>;
  }
  export default Hyperswarm;
}

declare module 'protomux' {
  interface MuxMessage {
    /** False: the bytes wait in memory; `ondrain` tells when they are gone. */
    send(bytes: Uint8Array): boolean;
  }
  interface MuxChannel {
    readonly messages: readonly MuxMessage[];
    open(): void;
    close(): void;
  }
  interface ChannelOptions {
    readonly protocol: string;
    readonly id: Uint8Array;
    readonly messages: readonly { onmessage(bytes: Uint8Array): void }[];
    onopen(): void;
    onclose(): void;
    ondrain(): void;
  }
  class Protomux {
    constructor(stream: object);
    createChannel(options: ChannelOptions): MuxChannel | null;
  }
  export default Protomux;
}

/**
 * Every bound of the program in one place, with the reason for its number. Nothing grows without
 * one of these; a bound that a user may change is a default here and a flag in runtime/config.ts.
 */

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

/** A V8 shared WebAssembly.Memory ends here (65,536 pages of 64 KiB). */
export const ARENA_BYTES_MAX = 4 * GIB;
/** Worker threads that may attach to one arena; each has its own scratch window. */
export const THREADS_MAX = 32;

/** geth's transaction size cap for the pool (core/txpool/legacypool txMaxSize). */
export const TRANSACTION_BYTES_MAX = 128 * KIB;
/** geth's default slots per account and in all (core/txpool/legacypool DefaultConfig). */
export const POOL_PER_ACCOUNT_MAX = 16_384;
export const POOL_TRANSACTIONS_MAX = 262_144;

/** Transactions in one mini-block; bounds the batch regions of the arena. */
export const MINI_BLOCK_TRANSACTIONS_MAX = 4_096;

/** Body of a wire frame; below secret-stream's 16,777,215-byte message limit. */
export const FRAME_BYTES_MAX = 12 * MIB;

/** JSON-RPC: geth allows 5 MB, 1,000 and 25 MB; a local node needs less. */
export const RPC_BODY_BYTES_MAX = 1 * MIB;
export const RPC_BATCH_MAX = 100;
export const RPC_REPLY_BYTES_MAX = 10 * MIB;
export const RPC_SOCKETS_MAX = 256;

/** Inbound peers; hyperswarm itself does not enforce a limit. */
export const PEERS_INBOUND_MAX = 64;
/** Bytes queued to one peer before it is dropped to catch-up. */
export const PEER_QUEUE_BYTES_MAX = 8 * MIB;

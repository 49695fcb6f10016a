/**
 * Every bound of the program in one place, with the reason for its number. Nothing grows without
 * one of these; a bound that a user may change is a default here and a flag in runtime/config.ts.
 */

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

/** A V8 shared WebAssembly.Memory ends here (65,536 pages of 64 KiB). */
export const ARENA_BYTES_MAX = 4 * GIB;
/** Below this the fixed parts of an arena leave no room for cells. */
export const ARENA_MEGABYTES_MIN = 8;
/** Worker threads that may attach to one arena; each has its own scratch window. */
export const THREADS_MAX = 32;

/** geth's transaction size cap for the pool (core/txpool/legacypool txMaxSize). */
export const TRANSACTION_BYTES_MAX = 128 * KIB;
/** geth's default slots per account and in all (core/txpool/legacypool DefaultConfig). */
export const POOL_PER_ACCOUNT_MAX = 16_384;
export const POOL_TRANSACTIONS_MAX = 262_144;

/** Transactions in one mini-block. */
export const MINI_BLOCK_TRANSACTIONS_MAX = 4_096;

/**
 * Steps that the executor takes in one round; a larger batch takes several. A block of a gigagas,
 * as the field measures with, has 47,620 plain transfers.
 */
export const ROUND_STEPS_MAX = 65_536;

/** Body of a wire frame; below secret-stream's 16,777,215-byte message limit. */
export const FRAME_BYTES_MAX = 12 * MIB;

/** JSON-RPC: geth allows 5 MB, 1,000 and 25 MB; a local node needs less. */
export const RPC_BODY_BYTES_MAX = 1 * MIB;
export const RPC_BATCH_MAX = 100;
export const RPC_REPLY_BYTES_MAX = 10 * MIB;
export const RPC_SOCKETS_MAX = 256;

/**
 * JSON.parse of 1 MB takes 2-20 ms, but 60-180 ms when it is all brackets or object keys (measured:
 * 500,000 nested arrays 120-176 ms, 349,000 empty objects 66-113 ms): so these are counted first.
 * A batch of 100 requests has about 2,000 tokens; EIP-712 data nests about ten levels.
 */
export const RPC_JSON_DEPTH_MAX = 64;
export const RPC_JSON_TOKENS_MAX = 50_000;
/** Time to send the headers, and then the rest of a request; and of a quiet kept-alive socket. */
export const RPC_HEADER_TIMEOUT_MS = 10_000;
export const RPC_BODY_TIMEOUT_MS = 15_000;
export const RPC_IDLE_TIMEOUT_MS = 60_000;
/** WebSocket pings; a socket that missed one whole period is ended. */
export const RPC_PING_INTERVAL_MS = 30_000;
/** Requests that wait for an answer at once, over all sockets and on one of them. */
export const RPC_REQUESTS_OPEN_MAX = 16_384;
export const RPC_SOCKET_REQUESTS_OPEN_MAX = 4_096;
/** Bytes a client has not read yet: of one WebSocket (one largest reply and more), and of all. */
export const RPC_SOCKET_BUFFER_BYTES_MAX = 16 * MIB;
export const RPC_BUFFER_BYTES_MAX = 128 * MIB;
/** Subscriptions on one WebSocket: MegaETH allows 10, a page with many watchers takes dozens. */
export const RPC_SUBSCRIPTIONS_MAX = 128;
/** Subscriptions and filters of all clients: each is matched against every log. */
export const RPC_FEEDS_MAX = 4_096;
/** Polling filters: geth forgets one after 5 minutes unasked. Bounds on what they may hold. */
export const RPC_FILTERS_MAX = 256;
export const RPC_FILTER_IDLE_MS = 300_000;
export const RPC_FILTER_ITEMS_MAX = 10_000;
export const RPC_FILTER_BYTES_MAX = 32 * MIB;
/** eth_getLogs: public providers stop at 10,000 logs; a wider range of blocks needs an index. */
export const RPC_LOGS_MAX = 10_000;
export const RPC_LOG_BLOCKS_MAX = 100_000;
/** Logs in one page of eth_getLogsWithCursor. */
export const RPC_LOG_PAGE_MAX = 1_000;
/** Addresses, and alternatives for one topic, in a log filter (geth: 1,000). */
export const RPC_LOG_ALTERNATIVES_MAX = 1_000;
/** EIP-7966 recommends 2 s; anvil's cap is 30 s. */
export const RPC_SYNC_TIMEOUT_MS = 2_000;
export const RPC_SYNC_TIMEOUT_MAX_MS = 30_000;
/** What a synchronous send waits for a missing nonce that another socket may just be bringing. */
export const RPC_NONCE_GAP_GRACE_MS = 100;
/** MegaETH's fixed timeout of realtime_sendRawTransaction. */
export const RPC_REALTIME_TIMEOUT_MS = 10_000;
/** MegaETH's default and cap of eth_callAfter. */
export const RPC_CALL_AFTER_TIMEOUT_MS = 3_000;
export const RPC_CALL_AFTER_TIMEOUT_MAX_MS = 60_000;
/** No answer takes longer: handlers have deadlines of their own, the longest is the one above. */
export const RPC_ANSWER_TIMEOUT_MS = 65_000;
/** What a closing server waits for answers that are under way. */
export const RPC_CLOSE_MS = 1_000;
/** Transactions that txpool_content lists: at 700 bytes each the reply is near its limit. */
export const RPC_POOL_CONTENT_MAX = 10_000;
/** geth's caps for eth_feeHistory. */
export const RPC_FEE_HISTORY_BLOCKS_MAX = 1_024;
export const RPC_FEE_PERCENTILES_MAX = 100;

/** Blocks and bytes of executed transactions that history keeps in memory; older ones are read. */
export const HISTORY_BLOCKS_MAX = 4_096;
export const HISTORY_BYTES_MAX = 256 * MIB;
/** Frames of a node without a data directory: what a late joiner can still be given. */
export const MEMORY_FRAMES_BYTES_MAX = 512 * MIB;
/** Blocks that wait for their roots; execution then waits too, so that history stays reachable. */
export const UNSEALED_BLOCKS_MAX = 8;
/** Signed envelopes of one mini-block: logs and diff must fit its frame beside them. */
export const MINI_BLOCK_RAW_BYTES_MAX = 2 * MIB;

/** Proofs that wait for the sealing thread: one takes about 50 us. */
export const PROOFS_QUEUED_MAX = 256;
/** Slots in one eth_getProof: each is a proof of its own, of less than 1 KiB at 16M keys. */
export const PROOF_SLOTS_MAX = 256;
/** Blocks that proofs may go back; the undo ring seldom reaches further under load. */
export const PROOF_BLOCKS_MAX = 1_024;

/**
 * Cells in a block's witness: 100,000 transfers between strangers have 600,000. And its bytes:
 * twice what those take beside their transactions.
 */
export const WITNESS_CELLS_MAX = 2 ** 20;
export const WITNESS_BYTES_MAX = 128 * MIB;
/**
 * Making one executes the block again, in a thread of its own; those that wait hold nothing but
 * their number. Shorter than the longest answer of the RPC.
 */
export const WITNESS_DEADLINE_MS = 60_000;
export const WITNESSES_QUEUED_MAX = 16;
/** Up to here the cells that only the reference engine reads are in it too: seconds of work. */
export const WITNESS_REFERENCE_TRANSACTIONS_MAX = 2_000;
/** BLOCKHASH reaches back so far. */
export const WITNESS_ANCESTORS_MAX = 256;

/** Callbacks that wait for receipts: as many as requests that may wait on all sockets. */
export const WAITERS_MAX = 65_536;

/** Inbound peers; hyperswarm itself does not enforce a limit. */
export const PEERS_INBOUND_MAX = 64;
/** Bytes queued to one peer before it is dropped to catch-up. */
export const PEER_QUEUE_BYTES_MAX = 8 * MIB;
/**
 * Bytes queued to all peers together; above it each peer may hold only its share, so that 64 peers
 * that stop reading cost 64 MiB and not 512.
 */
export const PEERS_QUEUE_BYTES_MAX = 64 * MIB;
/** Connections of one transport key: the one in use and one that is just taking its place. */
export const PEERS_PER_KEY_MAX = 2;
/** Banned transport keys; the oldest is forgotten first (a key costs an attacker nothing). */
export const PEERS_BANNED_MAX = 4_096;
/**
 * What a peer may send us that is no verified frame: 64 KiB a second carry about 500 forwarded
 * transactions. The burst holds four full submissions. A peer above it is cut off.
 */
export const PEER_INBOUND_BYTES_PER_SECOND = 64 * KIB;
export const PEER_INBOUND_BURST_BYTES = 512 * KIB;
/** Frames in one range, and transactions and their bytes in one submission. */
export const RANGE_FRAMES_MAX = 1_000;
export const SUBMIT_TRANSACTIONS_MAX = 64;
export const SUBMIT_BYTES_MAX = 128 * KIB;
/** Submissions that wait for an answer: of one peer, and over all peers at the sequencer. */
export const SUBMITS_OPEN_MAX = 8;
export const SUBMITS_OPEN_ALL_MAX = 128;
/**
 * Questions of light nodes. An answer is as large as the largest message that is no frame: 64 keys
 * take 60 KiB at 16M keys, 64 headers 70 KiB, code 24 KiB (EIP-170).
 */
export const STATE_ANSWER_BYTES_MAX = 128 * KIB;
export const STATE_KEYS_MAX = 64;
export const STATE_HEADERS_MAX = 64;
/** Questions under way: of one peer, over all peers at who answers, and that wait at who asks. */
export const STATE_REQUESTS_OPEN_MAX = 8;
export const STATE_REQUESTS_OPEN_ALL_MAX = 128;
export const STATE_QUESTIONS_WAITING_MAX = 4_096;
/** Headers that a light node holds: two hours of them in 9 MB. */
export const LIGHT_HEADERS_MAX = 8_192;

/** Verified frames that wait for a follower's sink; it asks for no more than there is room for. */
export const FOLLOW_QUEUE_BYTES_MAX = 16 * MIB;
/** Byte strings and numbers in the body of a frame; the widest body in use has about ten. */
export const COLUMNS_MAX = 32;

/**
 * A worker that does not move the head for so long is taken for hung and its thread ended. Far
 * above any transaction: 30M gas take the slowest engine about two seconds, and on a machine with
 * ten times the work of its cores a real block took 37.
 */
export const WORKER_DEADLINE_MS = 60_000;
/** Starting a thread takes 0.2 s here, several threads on a busy machine some seconds. */
export const WORKER_START_MS = 60_000;
/** JavaScript heap of a worker, without the state: a runaway ends one thread, not the process. */
export const WORKER_HEAP_MEGABYTES = 1_024;
/** Applying an outcome takes well under a millisecond; after this the thread is ended anyway. */
export const APPLYING_MS_MAX = 1_000;
/** How long a worker waits for the hash of a block that is being sealed. */
export const BLOCK_HASH_WAIT_MS = 5_000;
/** Signatures in one task: at 60 us each a thread is free again after 15 ms. */
export const RECOVER_TASK_MAX = 256;
/** Raw transactions that may wait for recovery: four seconds of one thread. */
export const RECOVER_QUEUE_MAX = 65_536;
/** eth_call and eth_estimateGas: what may wait for a thread, and how long one may run. */
export const CALLS_QUEUED_MAX = 256;
export const CALL_DEADLINE_MS = 5_000;

/**
 * The byte map of the trie's own memory, for both languages (as kernel/map.ts is for the arena):
 * only integer constants. Fixed parts come first; what grows (levels and blocks) is cut from the
 * end of the memory as it is needed. All words are little-endian.
 */

/** The kernel's static data (asconfig memoryBase) must end below the header. */
export const TRIE_HEADER = 0x1000;
/** u32: keys that the trie holds. */
export const T_KEYS = TRIE_HEADER;
/** u32: every bucket is at this depth, or one deeper. */
export const T_DEPTH = TRIE_HEADER + 4;
/** u32: buckets of that depth split so far, lowest path first; all split = one depth more. */
export const T_SPLIT = TRIE_HEADER + 8;
/** u32: first byte that was never given out. */
export const T_END = TRIE_HEADER + 12;
export const T_STAGED = TRIE_HEADER + 16;
/** u32: nodes used in NODES, and the deepest depth among them. */
export const T_NODES = TRIE_HEADER + 28;
export const T_DEEPEST = TRIE_HEADER + 32;
/** Sums of what was loaded only to have it in the cache. */
export const T_TOUCHED = TRIE_HEADER + 36;
/** u32: bits of a path above this trie, which tell its shard from the others. */
export const T_SHARD_BITS = TRIE_HEADER + 40;
/** u32: nodes in the list UPPER. */
export const T_UPPER = TRIE_HEADER + 44;
/** u32 each: where the hashes and the directory of each level lie; 0 = not there yet. */
export const T_LEVELS = TRIE_HEADER + 64;
export const T_DIRECTORIES = TRIE_HEADER + 192;
/** u32 each: first free block of each class. */
export const T_FREE = TRIE_HEADER + 320;
/** u32 each: first waiting node of each depth, plus one. */
export const T_QUEUES = TRIE_HEADER + 1024;

/** Levels that fit 32-bit heap numbers and a 4 GiB memory: 2^26 buckets are 200 million keys. */
export const DEPTH_MAX = 26;
/**
 * Keys in a bucket on average, at most: fewer cost memory above, more cost hashes below. At 1M keys
 * and batches of 20,000 (`bench root`): 1.9 in a bucket 1.0-1.1 us an update and 116 bytes a
 * key, 3.8 in a bucket 1.15-1.4 us and 104 bytes.
 */
export const LOAD = 3;

/** Messages {message u32, out u32} that are hashed together. */
export const TASKS = 0x3000;
export const TASKS_MAX = 64;
export const TASK_BYTES = 8;
/** Four histograms of 256 u32 for the sorts. */
export const HISTOGRAMS = 0x4000;
/** One message for each depth: subtrees too deep for NODES. */
export const DEEP = 0x8000;
export const PATH_BITS = 256;

/** u32 heap numbers: the one node of each chunk of a batch that was hashed so far. */
export const UPPER = 0xc000;
export const UPPER_MAX = 1024;

/** Input: {address 20, zeros 11, kind 1, slot 32, value 32}, all big-endian. */
export const RECORDS = 0x10000;
export const RECORD_BYTES = 96;
export const RECORD_KEY_BYTES = 64;
export const RECORDS_MAX = 682;

/** Nodes of the subtrees being hashed: messages, then {out u32, next u32} each. */
export const NODES = 0x20000;
export const NODES_MAX = 2048;
export const NODE_LINKS = NODES + NODES_MAX * 64;
export const NODE_LINK_BYTES = 8;

/**
 * A memory that only sorts records by shard (a router) has no nodes: entries {path, value} in the
 * order of their coming, then shard by shard, and for each shard, u32, where its entries end.
 */
export const ROUTE_IN = NODES;
export const ROUTE_OUT = NODES + RECORDS_MAX * 64;
export const ROUTE_ENDS = TRIE_HEADER + 4096;
/** Top bits of a path that may tell shards apart: 64 memories of 4 GiB fit a process. */
export const SHARD_BITS_MAX = 6;
/** Hashes by heap number: the nodes above the shards, and the root of each shard below them. */
export const TOP = 0xd000;
/** Where a reading takes its path, 32 bytes, and leaves a node: {path 32, hash 32}. */
export const WALK_PATH = 0xe000;
export const WALK_NODE = 0xe040;
/** What a reading found: nothing, one key (then with its path), or the hash of more. */
export const NODE_EMPTY = 0;
export const NODE_LEAF = 1;
export const NODE_INNER = 2;

/** An entry: path, then leaf hash (while staged: value, 0 for a key to be deleted). */
export const ENTRY_BYTES = 64;
export const ENTRY_LEAF = 32;
/**
 * Updates of one shard in one sorted batch: 3.5 MiB of entries, so that four shards take 200,000.
 * Larger sets are taken in parts.
 */
export const STAGE_MAX = 57344;
export const STAGE = 0x50000;
/** Sort items u64 {index, 32 bits of the path}, twice. */
export const ITEMS = STAGE + STAGE_MAX * ENTRY_BYTES;
export const ITEMS_SPARE = ITEMS + STAGE_MAX * 8;
/** u32 heap numbers of nodes whose hashes have changed, in the order of paths; after the sort. */
export const DIRTY = ITEMS_SPARE;
/** Levels and blocks from here. */
export const TRIE_HEAP = ITEMS_SPARE + STAGE_MAX * 8;

/** A directory entry {block u32, count u32}. */
export const DIRECTORY_BYTES = 8;
/** Blocks hold exactly their entries up to this; larger ones are powers of two. */
export const EXACT_MAX = 16;

/** The memory could not grow; the trie is torn. */
export const FULL_TRIE = -1;

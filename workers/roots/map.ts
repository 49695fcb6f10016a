/**
 * The byte map of the memory in which the roots of a block's lists are made, for both languages:
 * only integer constants. All words are little-endian.
 */

/** The kernel's static data (asconfig memoryBase) must end below. 256 bytes: the block's bloom. */
export const BLOOM = 0x1000;
/** u64: gas of all transactions so far. */
export const GAS = 0x1100;
/** 32 bytes: a root, as it is asked for. */
export const ROOT = 0x1120;
/** Of each tree: u32 how many items, u32 where the last value lies, u32 its length. */
export const TREES = 0x1140;
export const TREE_BYTES = 32;
export const TREE_LAST = 4;
export const TREE_LAST_LENGTH = 8;
/** A reference (SLOT_BYTES): the first item's leaf where it is alone under its first nibble. */
export const TREE_FIRST_ALONE = 0x1180;

/** Trees: what `addTransactions` fills; `addItem` takes either. */
export const TREE_TRANSACTIONS = 0;
export const TREE_RECEIPTS = 1;

/**
 * Where the columns of transactions to add lie, u32 each: envelopes, where each ends, statuses,
 * gas, logs, where those of each end. Lists of ends have one number more: where the first begins.
 */
export const IN_RAWS = 0x1200;
export const IN_RAW_ENDS = 0x1204;
export const IN_STATUSES = 0x1208;
export const IN_GAS = 0x120c;
export const IN_LOGS = 0x1210;
export const IN_LOG_ENDS = 0x1214;

/** A hash on its way: four u64 limbs. */
export const HASH = 0x1240;
/** Nodes that are being written, one for each depth; a branch takes 532 bytes. */
export const NODES = 0x2000;
export const NODE_BYTES = 1024;
/** What addresses and topics set in a bloom: 4,096 entries of 64 bytes. */
export const MEMO = 0x10000;
export const MEMO_LOG2 = 12;
export const MEMO_ENTRY_BYTES = 64;

/**
 * Written by JavaScript, 16 bytes in: a leaf's head comes before its value. As large as an outcome
 * record may be at most.
 */
export const IN = 0x100000;
export const IN_BYTES = 0x2000000;
export const LEAF_HEAD_BYTES = 16;
/** A receipt's RLP, at most one and a half times its logs. */
export const RECEIPT = 0x2200000;
/** References to leaves, by index and tree; open to the end of the memory. */
export const SLOTS = 0x6000000;
export const SLOT_BYTES = 40;

/**
 * What happened: blocks, transactions and receipts by number and by hash. The newest are in memory
 * within a bound; older ones are read back from their frames. Every transaction and block of the
 * chain stays in the index, 16 bytes each.
 */
import { KIND_MINI_BLOCK, parseFrame } from '../net/p2p/frame.js';
import { assert } from '../state/base/assert.js';
import { equalBytes } from '../state/base/bytes.js';
import {
  HISTORY_BLOCKS_MAX,
  HISTORY_BYTES_MAX,
  MINI_BLOCK_TRANSACTIONS_MAX,
} from '../state/base/limits.js';
import type { Random } from '../state/base/ports.js';
import type { BlockContext } from '../workers/engine.js';
import { bytesOf, HASH_BYTES, hashAt, logCountOf } from '../workers/executed.js';
import { headerHash } from '../workers/header.js';
import type { FrameStore } from './frame-store.js';
import { HashIndex } from './hash-index.js';
import { decodeMiniBlock, decodeSeal, type KeptMiniBlock, keptOf } from './wire.js';

export interface MiniBlockEntry {
  /** Of its frame. */
  readonly height: number;
  readonly timestampMs: number;
  readonly miniBlock: KeptMiniBlock;
}

export interface TransactionPlace {
  readonly entry: MiniBlockEntry;
  /** In the mini-block; the block's own index is `firstTransaction` more. */
  readonly index: number;
}

export interface SealedHeaderEntry {
  readonly height: number;
  readonly rlp: Uint8Array;
  readonly hash: Uint8Array;
}

export interface BlockEntry {
  readonly context: BlockContext;
  readonly miniBlocks: readonly MiniBlockEntry[];
  readonly transactionCount: number;
  readonly logCount: number;
  readonly gasUsed: number;
  /** Closing sequence of its last mini-block, or of the block before where it has none. */
  readonly sequence: number;
  /** null until the block is sealed. */
  readonly seal: SealedHeaderEntry | null;
}

interface LiveBlock extends BlockEntry {
  readonly miniBlocks: MiniBlockEntry[];
  transactionCount: number;
  logCount: number;
  gasUsed: number;
  sequence: number;
  seal: SealedHeaderEntry | null;
}

/** Numbers of one block in the table: frames of its mini-blocks and of its seal, sequence. */
const ROW = 4;
const NONE = -1;

export class History {
  private readonly store: FrameStore;
  private readonly transactions: HashIndex;
  private readonly blocks: HashIndex;
  private readonly live = new Map<number, LiveBlock>();
  private readonly entries = new Map<number, MiniBlockEntry>();
  private table = new Float64Array(ROW * 1024);
  private oldestLive = 0;
  private liveBytes = 0;
  /** Blocks [0, blockCount) are known; the last may still be open. */
  private count = 0;

  constructor(store: FrameStore, random: Random) {
    this.store = store;
    this.transactions = new HashIndex(random);
    this.blocks = new HashIndex(random);
  }

  get blockCount(): number {
    return this.count;
  }

  /** Transactions of the whole chain. */
  get transactionCount(): number {
    return this.transactions.count;
  }

  /** Begins a block. @param sequence  closing sequence of the state that it begins with */
  openBlock(context: BlockContext, sequence: number): void {
    assert(context.number === this.count, 'blocks are numbered densely');
    this.live.set(context.number, {
      context,
      miniBlocks: [],
      transactionCount: 0,
      logCount: 0,
      gasUsed: 0,
      sequence,
      seal: null,
    });
    this.growTable();
    this.table.set([NONE, NONE, NONE, sequence], context.number * ROW);
    this.count += 1;
    this.evict();
  }

  addMiniBlock(entry: MiniBlockEntry): void {
    const { miniBlock, height } = entry;
    const { number } = miniBlock.context;
    const block = this.live.get(number);
    assert(block !== undefined && block.seal === null, 'mini-blocks join the open block');
    block.miniBlocks.push(entry);
    addTo(block, miniBlock);
    this.entries.set(height, entry);
    this.liveBytes += bytesOf(miniBlock.transactions);
    const row = number * ROW;
    if (this.table[row] === NONE) this.table[row] = height;
    this.table[row + 1] = height;
    this.table[row + 3] = miniBlock.sequence;
    this.indexTransactions(entry);
  }

  addSeal(number: number, seal: SealedHeaderEntry): void {
    const block = this.live.get(number);
    assert(block !== undefined && block.seal === null, 'a block is sealed once');
    block.seal = seal;
    this.table[number * ROW + 2] = seal.height;
    this.blocks.set(seal.hash, number);
    this.evict();
  }

  /** Where a transaction is, or undefined. */
  find(hash: Uint8Array): TransactionPlace | undefined {
    const place = this.transactions.get(hash);
    if (place < 0) return undefined;
    const entry = this.entryAt(Math.floor(place / MINI_BLOCK_TRANSACTIONS_MAX));
    const index = place % MINI_BLOCK_TRANSACTIONS_MAX;
    const found = hashAt(entry.miniBlock.transactions, index);
    return equalBytes(found, hash) ? { entry, index } : undefined;
  }

  /** @throws DeltacastError STATE_PRUNED where its frames are no longer kept */
  block(number: number): BlockEntry | undefined {
    if (number < 0 || number >= this.count) return undefined;
    return this.live.get(number) ?? this.load(number);
  }

  /** The number of a sealed block, or undefined. */
  numberOf(hash: Uint8Array): number | undefined {
    const number = this.blocks.get(hash);
    if (number < 0) return undefined;
    const found = this.hashOf(number);
    return found !== null && equalBytes(found, hash) ? number : undefined;
  }

  /** The hash of a block, null before it is sealed. */
  hashOf(number: number): Uint8Array | null {
    return this.sealOf(number)?.hash ?? null;
  }

  /** The header of a block without its mini-blocks, null before it is sealed. */
  sealOf(number: number): SealedHeaderEntry | null {
    const block = this.live.get(number);
    return block === undefined ? this.loadSeal(number) : block.seal;
  }

  /** Closing sequence of a block; cheap for any block of the chain. */
  sequenceOf(number: number): number {
    assert(number >= 0 && number < this.count, 'a block of the chain');
    return this.table[number * ROW + 3] ?? 0;
  }

  private entryAt(height: number): MiniBlockEntry {
    return this.entries.get(height) ?? this.loadEntry(height);
  }

  private loadEntry(height: number): MiniBlockEntry {
    const frame = parseFrame(this.store.read(height));
    const miniBlock = keptOf(decodeMiniBlock(frame.body, frame.chainId));
    return { height, timestampMs: frame.timestampMs, miniBlock };
  }

  private loadSeal(number: number): (SealedHeaderEntry & { context: BlockContext }) | null {
    const height = this.table[number * ROW + 2] ?? NONE;
    if (height === NONE) return null;
    const frame = parseFrame(this.store.read(height));
    const { headerRlp, context } = decodeSeal(frame.body, frame.chainId);
    return { height, rlp: headerRlp, hash: headerHash(headerRlp), context };
  }

  private load(number: number): BlockEntry {
    const seal = this.loadSeal(number);
    assert(seal !== null, 'blocks that are not sealed stay in memory');
    const [first = NONE, last = NONE] = this.table.subarray(number * ROW, number * ROW + 2);
    const block: LiveBlock = {
      context: seal.context,
      miniBlocks: [],
      transactionCount: 0,
      logCount: 0,
      gasUsed: 0,
      sequence: this.sequenceOf(number),
      seal,
    };
    for (let height = first; first !== NONE && height <= last; height += 1) {
      // Seals of the blocks before stand between mini-blocks.
      if (parseFrame(this.store.read(height)).kind !== KIND_MINI_BLOCK) continue;
      const entry = this.loadEntry(height);
      block.miniBlocks.push(entry);
      addTo(block, entry.miniBlock);
    }
    return block;
  }

  private indexTransactions({ height, miniBlock }: MiniBlockEntry): void {
    const { transactions } = miniBlock;
    const base = height * MINI_BLOCK_TRANSACTIONS_MAX;
    for (let index = 0; index < transactions.count; index += 1) {
      this.transactions.set(transactions.hashes, base + index, index * HASH_BYTES);
    }
  }

  private growTable(): void {
    if ((this.count + 1) * ROW <= this.table.length) return;
    const grown = new Float64Array(this.table.length * 2);
    grown.set(this.table);
    this.table = grown;
  }

  /** Sealed blocks leave memory, oldest first; their frames are in the store. */
  private evict(): void {
    for (;;) {
      const isOver = this.live.size > HISTORY_BLOCKS_MAX || this.liveBytes > HISTORY_BYTES_MAX;
      const oldest = this.live.get(this.oldestLive);
      if (!isOver || oldest === undefined || oldest.seal === null) return;
      for (const { height, miniBlock } of oldest.miniBlocks) {
        this.entries.delete(height);
        this.liveBytes -= bytesOf(miniBlock.transactions);
      }
      this.live.delete(this.oldestLive);
      this.oldestLive += 1;
    }
  }
}

function addTo(block: LiveBlock, miniBlock: KeptMiniBlock): void {
  const { transactions } = miniBlock;
  block.transactionCount += transactions.count;
  block.logCount += logCountOf(transactions);
  for (const gas of transactions.gasUsed) block.gasUsed += gas;
  block.sequence = miniBlock.sequence;
}

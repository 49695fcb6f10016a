/**
 * The committed chain of one node, sequencer or follower: frames in the store, cells in the arena,
 * blocks in history, in step. A frame enters by one of two doors: `commit...` after the sequencer
 * executed it, or `apply` where it was received or is replayed from the log. What is shown to
 * readers (head, history, listeners) moves only when the frame is in the store.
 */
import {
  type Frame,
  FrameChain,
  type FrameKind,
  KIND_BLOCK,
  KIND_MINI_BLOCK,
  KIND_SEAL,
  parseFrame,
  signFrame,
} from '../net/p2p/frame.js';
import type { Signer } from '../net/p2p/keys.js';
import type { Arena } from '../state/arena.js';
import type { UndoRange } from '../state/arena-changes.js';
import { assert } from '../state/base/assert.js';
import { DeltacastError } from '../state/base/errors.js';
import type { Clock } from '../state/base/ports.js';
import { applyDiff, type DiffStatistics, diffStatistics } from '../state/diff.js';
import type { BlockContext } from '../workers/engine.js';
import { headerHash, headerRoots } from '../workers/header.js';
import type { SealBase, SealedBlock } from '../workers/seal.js';
import type { FrameStore } from './frame-store.js';
import {
  type GrowingBlock,
  grow,
  openedBlock,
  type UnsealedBlock,
  unsealedOf,
} from './growing-block.js';
import type { History, MiniBlockEntry } from './history.js';
import {
  decodeBlock,
  decodeMiniBlock,
  decodeSeal,
  encodeBlock,
  encodeMiniBlock,
  encodeSeal,
  keptOf,
  type MiniBlock,
} from './wire.js';

/** Where the chain stands after its last seal. */
export interface SealedTip extends SealBase {
  readonly number: number;
  readonly hash: Uint8Array;
}

/** A seal as it was received: what a follower compares its own header with. */
export interface ReceivedSeal {
  readonly block: UnsealedBlock;
  readonly headerRlp: Uint8Array;
}

/** Called in order, after the head moved; must not throw. */
export interface ChainListener {
  frame?(height: number, bytes: Uint8Array): void;
  miniBlock?(entry: MiniBlockEntry): void;
  sealed?(number: number): void;
}

export interface ChainParts {
  readonly arena: Arena;
  readonly store: FrameStore;
  readonly history: History;
  readonly clock: Clock;
  readonly chainId: number;
  /** Parent hash of frame 0 (keys.ts chainIdentity). */
  readonly identity: Uint8Array;
}

export class Chain {
  readonly arena: Arena;
  readonly store: FrameStore;
  readonly history: History;
  readonly chainId: number;
  /** Of the diffs applied here that belong to transactions. */
  readonly diffTotals = { updates: 0, updateBytes: 0, newKeys: 0, keyBytes: 0 };
  private readonly clock: Clock;
  private readonly frames: FrameChain;
  private readonly listeners = new Set<ChainListener>();
  private lastFrameHash: Uint8Array;
  private open: GrowingBlock | null = null;
  /** Closed and not sealed, oldest first. */
  private unsealed: GrowingBlock[] = [];
  private tip: SealedTip | null = null;
  private miniBlockCount = 0;
  private lastSequence = 0;

  constructor({ arena, store, history, clock, chainId, identity }: ChainParts) {
    this.arena = arena;
    this.store = store;
    this.history = history;
    this.clock = clock;
    this.chainId = chainId;
    this.frames = new FrameChain(identity);
    this.lastFrameHash = identity;
    arena.retainFrom(arena.undoPosition);
  }

  /** Closing sequence of the last mini-block: what the head shows. */
  get sequence(): number {
    return this.lastSequence;
  }

  /** Mini-blocks so far. */
  get miniBlocks(): number {
    return this.miniBlockCount;
  }

  /** The block that mini-blocks join, or null between two blocks. */
  get openBlock(): Readonly<Omit<GrowingBlock, 'miniBlocks'>> | null {
    return this.open;
  }

  get sealedTip(): SealedTip | null {
    return this.tip;
  }

  /** Where in the undo ring the changes after the last seal begin. */
  get sealedUndoEnd(): number {
    return (this.unsealed[0] ?? this.open)?.from ?? this.arena.undoPosition;
  }

  get unsealedCount(): number {
    return this.unsealed.length;
  }

  /** Height that the next frame gets. */
  get nextHeight(): number {
    return this.frames.height;
  }

  /** Hash of the last frame; the chain's identity before the first. */
  get tipHash(): Uint8Array {
    return this.lastFrameHash;
  }

  listen(listener: ChainListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  beginBlock(context: BlockContext): void {
    assert(this.open === null, 'one block is open at a time');
    const { undoPosition } = this.arena;
    this.open = openedBlock(context, undoPosition, this.lastSequence);
    this.history.openBlock(context, this.lastSequence);
  }

  /** What the next mini-block of the open block begins with. */
  nextMiniBlock(): Omit<MiniBlock, 'sequence' | 'transactions' | 'requestsHash' | 'diff'> {
    const { open } = this;
    assert(open !== null, 'a mini-block is in a block');
    return {
      number: this.miniBlockCount,
      context: open.context,
      indexInBlock: open.miniBlocks.length,
      firstTransaction: open.transactionCount,
      firstLog: open.logCount,
      gasBefore: open.gasUsed,
    };
  }

  /**
   * Logs and shows a mini-block that this node executed.
   * @param range  its stretch of the undo ring
   * @throws DeltacastError FRAME_OVERSIZED, with nothing logged; LOG_POISONED
   */
  async commitMiniBlock(
    miniBlock: MiniBlock,
    range: UndoRange,
    signer: Signer,
  ): Promise<MiniBlockEntry> {
    const body = encodeMiniBlock(miniBlock);
    this.tellEmptyBlocks(signer);
    const frame = this.append(KIND_MINI_BLOCK, body, signer);
    await this.store.flush();
    return this.show(frame, miniBlock, range);
  }

  /** Ends the open block; it is sealed when its roots are there. */
  closeBlock(): UnsealedBlock {
    const { open } = this;
    assert(open !== null, 'a block is open');
    this.open = null;
    this.unsealed.push(open);
    return unsealedOf(open);
  }

  /** After a replay: the blocks that were never sealed, oldest first, the open one closed. */
  closeAll(): UnsealedBlock[] {
    if (this.open !== null) this.closeBlock();
    return this.unsealed.map(unsealedOf);
  }

  /** Logs and shows the seal of the oldest unsealed block. @throws DeltacastError LOG_POISONED */
  async commitSeal(block: UnsealedBlock, sealed: SealedBlock, signer: Signer): Promise<void> {
    const { context, sequence, requestsHash } = block;
    const body = encodeSeal({ context, sequence, requestsHash, headerRlp: sealed.rlp });
    const frame = this.append(KIND_SEAL, body, signer);
    await this.store.flush();
    this.showSeal(frame, sealed.rlp);
  }

  /**
   * Applies a verified frame of another node, or of the log.
   * @param isReplay  true where it comes out of the store, and is not appended again
   * @returns what is to be compared, where the frame is a seal
   * @throws DeltacastError FRAME_MALFORMED, FRAME_OUT_OF_ORDER, FRAME_EQUIVOCATION, DIFF_INVALID,
   *         ARENA_FULL: the arena is as it was before the frame, and nothing is shown
   */
  apply(bytes: Uint8Array, isReplay: boolean): ReceivedSeal | null {
    const frame = parseFrame(bytes);
    if (this.frames.place(frame) !== 'next') throw outOfOrder(`frame ${frame.height}`);
    this.lastFrameHash = frame.hash;
    switch (frame.kind) {
      case KIND_SEAL:
        return this.applySeal(frame, isReplay);
      case KIND_BLOCK:
        return this.applyBlock(frame, isReplay);
      case KIND_MINI_BLOCK:
        return this.applyMiniBlock(frame, isReplay);
    }
  }

  private applyBlock(frame: Frame, isReplay: boolean): null {
    this.enterBlock(decodeBlock(frame.body, frame.chainId));
    if (!isReplay) this.store.append(frame.kind, frame.bytes);
    this.tell(frame);
    return null;
  }

  private applyMiniBlock(frame: Frame, isReplay: boolean): null {
    const miniBlock = decodeMiniBlock(frame.body, frame.chainId);
    this.enterBlock(miniBlock.context);
    this.checkPlace(miniBlock);
    const { arena } = this;
    arena.cold?.makeRoom(cellsOf(miniBlock.diff));
    const mark = arena.mark();
    let range: UndoRange;
    try {
      arena.openMiniBlock(this.lastSequence + 1);
      const statistics = applyDiff(arena, miniBlock.diff, miniBlock.sequence);
      if (miniBlock.transactions.count > 0) this.countDiff(statistics);
      range = arena.closeMiniBlock(miniBlock.sequence);
      if (!isReplay) this.store.append(frame.kind, frame.bytes);
    } catch (error) {
      arena.rollback(mark);
      throw error;
    }
    this.show(frame, miniBlock, range);
    return null;
  }

  private applySeal(frame: Frame, isReplay: boolean): ReceivedSeal {
    const { context, headerRlp, sequence, requestsHash } = decodeSeal(frame.body, frame.chainId);
    const expected = (this.unsealed[0] ?? this.open)?.context.number ?? this.history.blockCount;
    if (context.number !== expected) throw outOfOrder(`the seal of block ${context.number}`);
    headerRoots(headerRlp);
    if (this.unsealed.length === 0) {
      this.enterBlock(context);
      this.closeBlock();
    }
    const [oldest] = this.unsealed;
    assert(oldest !== undefined, 'the block of this seal is closed');
    oldest.requestsHash = requestsHash;
    if (oldest.sequence !== sequence) throw outOfOrder(`block ${context.number} at another end`);
    if (!isReplay) this.store.append(frame.kind, frame.bytes);
    const block = unsealedOf(oldest);
    this.showSeal(frame, headerRlp);
    // A live seal is still to be compared, and needs what the block changed.
    if (isReplay) this.arena.retainFrom(oldest.to);
    return { block, headerRlp };
  }

  private countDiff({ updates, updateBytes, newKeys, keyBytes }: DiffStatistics): void {
    const { diffTotals } = this;
    diffTotals.updates += updates;
    diffTotals.updateBytes += updateBytes;
    diffTotals.newKeys += newKeys;
    diffTotals.keyBytes += keyBytes;
  }

  /** Opens the frame's block, closing the one before, where it is not the open one. */
  private enterBlock(context: BlockContext): void {
    if (this.open?.context.number === context.number) return;
    if (context.number !== this.history.blockCount) {
      throw outOfOrder(`a mini-block of block ${context.number}`);
    }
    if (this.open !== null) this.closeBlock();
    this.beginBlock(context);
  }

  private checkPlace(miniBlock: MiniBlock): void {
    const next = this.nextMiniBlock();
    const isNext =
      miniBlock.number === next.number &&
      miniBlock.indexInBlock === next.indexInBlock &&
      miniBlock.firstTransaction === next.firstTransaction &&
      miniBlock.firstLog === next.firstLog &&
      miniBlock.gasBefore === next.gasBefore &&
      miniBlock.sequence > this.lastSequence;
    if (!isNext) throw outOfOrder(`mini-block ${miniBlock.number}`);
  }

  private append(kind: FrameKind, body: Uint8Array, signer: Signer): Frame {
    const frame = signFrame(
      {
        kind,
        chainId: this.chainId,
        height: this.nextHeight,
        timestampMs: this.clock.nowMs(),
        parentHash: this.lastFrameHash,
        body,
      },
      signer,
    );
    assert(this.frames.place(frame) === 'next', 'our own frame follows');
    this.lastFrameHash = frame.hash;
    this.store.append(kind, frame.bytes);
    return frame;
  }

  /** A follower must know of every block before the one that a mini-block is in. */
  private tellEmptyBlocks(signer: Signer): void {
    for (const block of this.unsealed) {
      if (block.isTold) continue;
      this.tell(this.append(KIND_BLOCK, encodeBlock(block.context), signer));
      block.isTold = true;
    }
  }

  private tell(frame: Frame): void {
    for (const listener of this.listeners) listener.frame?.(frame.height, frame.bytes);
  }

  private show(frame: Frame, miniBlock: MiniBlock, range: UndoRange): MiniBlockEntry {
    const { open } = this;
    assert(open !== null, 'a mini-block is in a block');
    grow(open, miniBlock, range);
    // The first block's root is built from all cells: a genesis may be larger than the undo ring.
    if (open.context.number === 0) this.arena.retainFrom(range.to);
    this.miniBlockCount += 1;
    this.lastSequence = miniBlock.sequence;
    this.arena.publishHead(miniBlock.sequence);
    const { height, timestampMs } = frame;
    const entry = { height, timestampMs, miniBlock: keptOf(miniBlock) };
    this.history.addMiniBlock(entry);
    this.tell(frame);
    for (const listener of this.listeners) listener.miniBlock?.(entry);
    return entry;
  }

  private showSeal(frame: Frame, headerRlp: Uint8Array): void {
    const block = this.unsealed.shift();
    assert(block !== undefined, 'a closed block is sealed');
    const { number } = block.context;
    const hash = headerHash(headerRlp);
    const { stateRoot } = headerRoots(headerRlp);
    this.tip = { number, hash, sequence: block.sequence, stateRoot };
    this.arena.putBlockHash(number, hash);
    this.history.addSeal(number, { height: frame.height, rlp: headerRlp, hash });
    this.tell(frame);
    for (const listener of this.listeners) listener.sealed?.(number);
  }
}

/** Cells that applying a diff may need at once: a new one refers to others of its account. */
function cellsOf(diff: Uint8Array): number {
  const { updates, newKeys } = diffStatistics(diff);
  return updates + 4 * newKeys;
}

function outOfOrder(what: string): DeltacastError {
  return new DeltacastError('FRAME_OUT_OF_ORDER', `${what} does not follow`, { what });
}

/**
 * The committed state in one shared memory: cells (balance, nonce, code hash or storage slot) under
 * dense ids, the undo ring that makes snapshots and rollback, code by hash and the last 256 block
 * hashes. One writer at a time (whoever holds the executor's commit token) and any number of
 * readers in other threads. The work is done in Wasm (kernel/*.as.ts); this class marshals.
 * At this boundary words are 32 bytes big-endian, addresses 20 bytes, sequences and ring positions
 * numbers below 2^53. Snapshots are exact at closing sequences of mini-blocks.
 */
import { openKernel, refusal, type StateKernel } from './arena-kernel.js';
import { assert } from './base/assert.js';
import { type Random, systemRandom } from './base/ports.js';
import * as map from './kernel/map.js';
import {
  type ArenaLayout,
  type ArenaSize,
  planLayout,
  type RegionName,
  readLayout,
  windowOf,
  writeLayout,
} from './layout.js';

/** A dense id in [0, cellCount); the same on every node that applied the same history. */
export type CellId = number;
/** No cell has this key (its value is 0 at version 0). */
export const NO_CELL: CellId = map.NO_CELL;

export const KIND_BALANCE = map.KIND_BALANCE;
export const KIND_NONCE = map.KIND_NONCE;
export const KIND_CODE = map.KIND_CODE;
export const KIND_SLOT = map.KIND_SLOT;
export type CellKind = 0 | 1 | 2 | 3;

export interface ArenaOptions extends ArenaSize {
  /** Where the hash seed comes from; the system's random source unless a test gives another. */
  readonly random?: Random;
}

export interface CellKey {
  readonly kind: CellKind;
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** 32 bytes big-endian; zeros unless kind is 3. */
  readonly slot: Uint8Array;
}

/** A point to roll back to, and the start of a set of changes. Plain numbers: may be posted. */
export interface ArenaMark {
  readonly undo: number;
  readonly cells: number;
  readonly codes: number;
  readonly codeEnd: number;
}

/** Cells changed in a stretch of the undo ring, each once, in order of first change. */
export interface ChangedCells {
  readonly count: number;
  readonly ids: Uint32Array;
  /** 32 bytes big-endian each, the values before the stretch. */
  readonly oldValues: Uint8Array;
  readonly oldVersions: Float64Array;
}

export interface Code {
  /** keccak256, 32 bytes. */
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
}

export interface RegionUse {
  readonly usedBytes: number;
  readonly capacityBytes: number;
}

export interface ArenaStatistics {
  readonly cells: number;
  readonly cellCapacity: number;
  readonly codes: number;
  readonly undoNodes: number;
  readonly undoCapacity: number;
  readonly regions: Readonly<Partial<Record<RegionName, RegionUse>>>;
}

export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly layout: ArenaLayout;
  /** In [0, layout.threads); 0 is the coordinator. */
  readonly thread: number;
  /** The whole arena, for those who read records at offsets. */
  readonly bytes: Uint8Array;
  readonly #kernel: StateKernel;

  private constructor(memory: WebAssembly.Memory, thread: number) {
    this.memory = memory;
    this.layout = readLayout(memory);
    this.thread = thread;
    this.bytes = new Uint8Array(memory.buffer);
    this.#kernel = openKernel(memory);
  }

  /** A new arena; the caller becomes thread 0. @throws DeltacastError BAD_INPUT */
  static create(options: ArenaOptions = {}): Arena {
    const layout = planLayout(options);
    const { pages } = layout;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    writeLayout(memory, layout);
    const random = options.random ?? systemRandom;
    new Uint8Array(memory.buffer).set(random.bytes(map.SEED_BYTES), map.H_SEED);
    const arena = new Arena(memory, 0);
    arena.#kernel.setup();
    return arena;
  }

  /** The same arena in another thread. @param thread  its number in [1, threads) */
  static attach(memory: WebAssembly.Memory, thread: number): Arena {
    return new Arena(memory, thread);
  }

  /** The id of a key, or NO_CELL. @param slot  32 bytes big-endian, for kind 3 only */
  find(kind: CellKind, address: Uint8Array, slot?: Uint8Array): CellId {
    throw new Error('not yet');
  }

  /**
   * The id of a key, new if need be (writer only). A slot's account gets its code cell first.
   * @throws DeltacastError ARENA_FULL, region 'cells', before anything is changed
   */
  intern(kind: CellKind, address: Uint8Array, slot?: Uint8Array): CellId {
    throw new Error('not yet');
  }

  /** The latest committed value, never torn. @returns its version */
  readLatest(id: CellId, out: Uint8Array): number {
    throw new Error('not yet');
  }

  /**
   * The value as of a closing sequence. @returns its version, 0 when it had never been written
   * @throws DeltacastError STATE_PRUNED when the ring no longer reaches that far
   */
  readAt(id: CellId, sequence: number, out: Uint8Array): number {
    throw new Error('not yet');
  }

  /** The sequence that last wrote the cell; 0 = never. */
  versionOf(id: CellId): number {
    throw new Error('not yet');
  }

  /**
   * Writes a value (writer only), saving the old one in the undo ring on the first write since the
   * last openMiniBlock or mark. @param sequence  not below the cell's version
   * @throws DeltacastError ARENA_FULL, region 'undo', before anything is changed
   */
  write(id: CellId, value: Uint8Array, sequence: number): void {
    throw new Error('not yet');
  }

  /**
   * Loads a value without undo (writer only): snapshots and checkpoints. The cell must never have
   * been written. Reading it at an earlier sequence then throws STATE_PRUNED.
   */
  restore(id: CellId, value: Uint8Array, sequence: number): void {
    throw new Error('not yet');
  }

  keyOf(id: CellId): CellKey {
    throw new Error('not yet');
  }

  /** All slot cells of an account, newest first, zero values included. */
  *slotsOf(address: Uint8Array): IterableIterator<CellId> {
    throw new Error('not yet');
  }

  /** Number of interned cells; their ids are [0, cellCount). */
  get cellCount(): number {
    throw new Error('not yet');
  }

  /**
   * Stores code by its keccak256 (writer only); nothing happens if it is there.
   * @throws DeltacastError ARENA_FULL, region 'code', before anything is changed
   */
  putCode(hash: Uint8Array, bytes: Uint8Array): void {
    throw new Error('not yet');
  }

  hasCode(hash: Uint8Array): boolean {
    throw new Error('not yet');
  }

  /** A copy of the code, or undefined. */
  getCode(hash: Uint8Array): Uint8Array | undefined {
    throw new Error('not yet');
  }

  /** Codes stored since the mark, in order (copies). */
  codesSince(mark: ArenaMark): Code[] {
    throw new Error('not yet');
  }

  /**
   * Begins a mini-block (writer only). Its undo nodes cannot be overwritten until the next one
   * begins. @param sequence  of its first transaction, above the last closing sequence
   */
  openMiniBlock(sequence: number): ArenaMark {
    throw new Error('not yet');
  }

  /** Ends it. @returns the stretch of the undo ring that it filled */
  closeMiniBlock(sequence: number): { from: number; to: number } {
    throw new Error('not yet');
  }

  /** A point to roll back to (writer only); may be taken anywhere, also inside a mini-block. */
  mark(): ArenaMark {
    throw new Error('not yet');
  }

  /**
   * Undoes everything since the mark (writer only): values, versions, ids, index, code, undo ring.
   * @throws DeltacastError STATE_PRUNED, nothing changed, when the ring was overwritten since
   */
  rollback(mark: ArenaMark): void {
    throw new Error('not yet');
  }

  /** Cells changed since the mark with their values at the mark. */
  changedSince(mark: ArenaMark): ChangedCells {
    throw new Error('not yet');
  }

  /** The same for a stretch [from, to) of the undo ring. @throws DeltacastError STATE_PRUNED */
  changedBetween(from: number, to: number): ChangedCells {
    throw new Error('not yet');
  }

  /** Keeps undo nodes from this position on (any one thread: the sealer). */
  retainFrom(position: number): void {
    throw new Error('not yet');
  }

  /** Position at which the next undo node will go. */
  get undoPosition(): number {
    throw new Error('not yet');
  }

  /** Closing sequence of the last logged mini-block. */
  get head(): number {
    throw new Error('not yet');
  }

  /** One atomic store; call it when the mini-block is in the log. Never goes back. */
  publishHead(sequence: number): void {
    throw new Error('not yet');
  }

  putBlockHash(number: number, hash: Uint8Array): void {
    throw new Error('not yet');
  }

  /** The hash of one of the last 256 blocks, or undefined. */
  getBlockHash(number: number): Uint8Array | undefined {
    throw new Error('not yet');
  }

  /** Lets interning use the last 5% of cells: recovery of an arena that ran full. */
  allowReserve(allowed: boolean): void {
    throw new Error('not yet');
  }

  statistics(): ArenaStatistics {
    throw new Error('not yet');
  }
}

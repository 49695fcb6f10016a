/**
 * The committed state in one shared memory: cells (balance, nonce, code hash or storage slot) under
 * dense ids, the undo ring that makes snapshots and rollback, code by hash and the last 256 block
 * hashes. One writer at a time (whoever holds the executor's commit token) and any number of
 * readers in other threads. The work is done in Wasm (kernel/*.as.ts); this class marshals.
 * At this boundary words are 32 bytes big-endian, addresses 20 bytes, sequences and ring positions
 * numbers below 2^53. Snapshots are exact at closing sequences of mini-blocks.
 */
import { type ChangedCells, copyChanges, type UndoRange } from './arena-changes.js';
import { type DiffKernel, refusal, type StateKernel } from './arena-kernel.js';
import { type ArenaStatistics, statisticsOf } from './arena-statistics.js';
import { assert } from './base/assert.js';
import { type Random, systemRandom } from './base/ports.js';
import { type FaultRole, Faults } from './cold/faults.js';
import { instantiateOver } from './cold/kernels.js';
import { openColdFile, Retirement } from './cold/retirement.js';
import * as map from './kernel/map.js';
import {
  type ArenaLayout,
  type ArenaSize,
  planLayout,
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

export interface ArenaOptions extends Omit<ArenaSize, 'isCold'> {
  /** Where the file of cold cells is to be: there may then be more cells than lines. */
  readonly coldDirectory?: string;
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
  /** First sequence of the open mini-block, 0 when none is open. */
  readonly openSequence: number;
  /** Ring position at which that (or the last) mini-block began. */
  readonly openUndo: number;
  readonly closedSequence: number;
}

export interface Code {
  /** keccak256, 32 bytes. */
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Where the word lies in the marshalling bytes (kernel/boundary.as.ts). */
const WORD_AT = 32;

export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly layout: ArenaLayout;
  /** In [0, layout.threads); 0 is the coordinator. */
  readonly thread: number;
  /** The whole arena, for those who read records at offsets. */
  readonly bytes: Uint8Array;
  /** How this thread reaches cells that have no line; null where every cell has one. */
  readonly faults: Faults | null;
  /** The creator's alone, where cells may be cold. */
  readonly cold: Retirement | null = null;
  readonly #kernel: StateKernel;
  /** This thread's marshalling bytes and where they lie. */
  readonly #marshal: Uint8Array;
  readonly #io: number;

  private constructor(memory: WebAssembly.Memory, thread: number, role: FaultRole) {
    this.memory = memory;
    this.layout = readLayout(memory);
    this.thread = thread;
    this.bytes = new Uint8Array(memory.buffer);
    const isCold = this.layout.lineCapacity > 0;
    this.faults = isCold ? new Faults(memory, this.layout, thread, role) : null;
    this.#kernel = instantiateOver<StateKernel>(this, 'state');
    if (isCold && role === 'coordinator') this.cold = new Retirement(this);
    this.#io = windowOf(this.layout, thread).base;
    this.#marshal = new Uint8Array(memory.buffer, this.#io, map.MARSHAL_BYTES);
  }

  /** A new arena; the caller becomes thread 0. @throws DeltacastError BAD_INPUT */
  static create(options: ArenaOptions = {}): Arena {
    const { coldDirectory } = options;
    const layout = planLayout({ ...options, isCold: coldDirectory !== undefined });
    const { pages } = layout;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    writeLayout(memory, layout);
    const random = options.random ?? systemRandom;
    new Uint8Array(memory.buffer).set(random.bytes(map.SEED_BYTES), map.H_SEED);
    if (coldDirectory !== undefined) openColdFile(memory, coldDirectory);
    const arena = new Arena(memory, 0, 'coordinator');
    arena.#kernel.setup();
    return arena;
  }

  /**
   * The same arena in another thread.
   * @param thread  its number in [1, threads)
   * @param role    a worker brings in cold cells that it reads; others only look at them
   */
  static attach(
    memory: WebAssembly.Memory,
    thread: number,
    role: 'reader' | 'worker' = 'reader',
  ): Arena {
    return new Arena(memory, thread, role);
  }

  /** The id of a key, or NO_CELL. @param slot  32 bytes big-endian, for kind 3 only */
  find(kind: CellKind, address: Uint8Array, slot?: Uint8Array): CellId {
    this.#putKey(kind, address, slot);
    return this.#kernel.findAt(kind, this.#io);
  }

  /**
   * The id of a key, new if need be (writer only). A slot's account gets its code cell first.
   * @throws DeltacastError ARENA_FULL, region 'cells', before anything is changed
   */
  intern(kind: CellKind, address: Uint8Array, slot?: Uint8Array): CellId {
    this.#putKey(kind, address, slot);
    const id = this.#kernel.internAt(kind, this.#io);
    if (id < 0) throw refusal(id);
    return id;
  }

  /** The latest committed value, never torn. @returns its version */
  readLatest(id: CellId, out: Uint8Array): number {
    assert(id >= 0 && out.length >= 32, 'a cell and 32 bytes to read into');
    const version =
      this.faults === null
        ? this.#kernel.readLatestAt(id, this.#io)
        : this.faults.steadily(() => this.#kernel.readLatestAt(id, this.#io));
    this.#getWord(out);
    return version;
  }

  /**
   * The value as of a closing sequence. @returns its version, 0 when it had never been written
   * @throws DeltacastError STATE_PRUNED when the ring no longer reaches that far
   */
  readAt(id: CellId, sequence: number, out: Uint8Array): number {
    assert(id >= 0 && out.length >= 32, 'a cell and 32 bytes to read into');
    const version = this.#kernel.readSnapshotAt(id, sequence, this.#io);
    if (version < 0) throw refusal(version);
    this.#getWord(out);
    return version;
  }

  /** The sequence that last wrote the cell; 0 = never. */
  versionOf(id: CellId): number {
    if (this.faults === null) return this.#kernel.versionAt(id);
    return this.faults.steadily(() => this.#kernel.versionAt(id));
  }

  /**
   * Writes a value (writer only), saving the old one in the undo ring on the first write since the
   * last openMiniBlock or mark. @param sequence  not below the cell's version
   * @throws DeltacastError ARENA_FULL, region 'undo', before anything is changed
   */
  write(id: CellId, value: Uint8Array, sequence: number): void {
    assert(Number.isSafeInteger(sequence) && sequence > 0, 'a sequence is a positive integer');
    this.#putWord(value);
    const status = this.#kernel.writeAt(id, sequence, this.#io);
    if (status < 0) throw refusal(status);
  }

  /**
   * Loads a value without undo (writer only): snapshots and checkpoints. The cell must never have
   * been written. Reading it at an earlier sequence then throws STATE_PRUNED.
   */
  restore(id: CellId, value: Uint8Array, sequence: number): void {
    assert(Number.isSafeInteger(sequence) && sequence > 0, 'a sequence is a positive integer');
    this.#putWord(value);
    this.#kernel.restoreAt(id, sequence, this.#io);
  }

  keyOf(id: CellId): CellKey {
    assert(id >= 0 && id < this.cellCount, 'no such cell');
    const kind = this.#steadily(() => this.#kernel.keyAt(id, this.#io)) as CellKind;
    return { kind, address: this.#marshal.slice(0, 20), slot: this.#marshal.slice(32, 64) };
  }

  /** All slot cells of an account, newest first, zero values included. */
  *slotsOf(address: Uint8Array): IterableIterator<CellId> {
    const owner = this.find(KIND_CODE, address);
    if (owner === NO_CELL) return;
    let id = this.#steadily(() => this.#kernel.firstSlot(owner));
    while (id !== NO_CELL) {
      const slot = id;
      id = this.#steadily(() => this.#kernel.nextSlot(slot));
      yield slot;
    }
  }

  /** Number of interned cells; their ids are [0, cellCount). */
  get cellCount(): number {
    return this.#kernel.cellCount();
  }

  /**
   * Stores code by its keccak256 (writer only); nothing happens if it is there.
   * @throws DeltacastError ARENA_FULL, region 'code', before anything is changed
   */
  putCode(hash: Uint8Array, bytes: Uint8Array): void {
    if (this.hasCode(hash)) return;
    const target = this.#kernel.reserveCode(bytes.length) >>> 0;
    if (target === 0) throw refusal(map.FULL_CODE);
    this.bytes.set(bytes, target);
    this.#putWord(hash);
    this.#kernel.commitCodeAt(bytes.length, this.#io);
  }

  hasCode(hash: Uint8Array): boolean {
    this.#putWord(hash);
    return this.#kernel.findCodeAt(this.#io) !== 0;
  }

  /** A copy of the code, or undefined. */
  getCode(hash: Uint8Array): Uint8Array | undefined {
    this.#putWord(hash);
    const entry = this.#kernel.findCodeAt(this.#io) >>> 0;
    return entry === 0 ? undefined : this.#codeOf(entry);
  }

  /** Codes stored since the mark, in order (copies). */
  codesSince(mark: ArenaMark): Code[] {
    assert(mark.codeEnd <= this.#kernel.codeEnd(), 'the mark is of a state rolled back');
    const codes: Code[] = [];
    let offset = mark.codeEnd;
    for (;;) {
      const entry = this.#kernel.codeAtOffset(offset) >>> 0;
      if (entry === 0) return codes;
      this.#kernel.codeHashAt(entry, this.#io);
      codes.push({ hash: this.#marshal.slice(32, 64), bytes: this.#codeOf(entry) });
      offset += this.#kernel.entryBytes(this.#kernel.codeLength(entry));
    }
  }

  /**
   * Begins a mini-block (writer only). Its undo nodes cannot be overwritten until the next one
   * begins. @param sequence  of its first transaction, above the last closing sequence
   */
  openMiniBlock(sequence: number): ArenaMark {
    assert(Number.isSafeInteger(sequence), 'a sequence is an integer');
    this.#kernel.openMiniBlockAt(sequence);
    return this.mark();
  }

  /** Ends it. @returns the stretch of the undo ring that it filled */
  closeMiniBlock(sequence: number): UndoRange {
    assert(Number.isSafeInteger(sequence), 'a sequence is an integer');
    this.#kernel.closeMiniBlockAt(sequence);
    return { from: this.#kernel.openUndoAt(), to: this.undoPosition };
  }

  /** A point to roll back to (writer only); may be taken anywhere, also inside a mini-block. */
  mark(): ArenaMark {
    this.#kernel.beginEpoch();
    return {
      undo: this.#kernel.undoHeadAt(),
      cells: this.#kernel.cellCount(),
      codes: this.#kernel.codeCount(),
      codeEnd: this.#kernel.codeEnd(),
      openSequence: this.#kernel.openSequence(),
      openUndo: this.#kernel.openUndoAt(),
      closedSequence: this.#kernel.closedSequence(),
    };
  }

  /**
   * Undoes everything since the mark (writer only): values, versions, ids, index, code, undo ring.
   * @throws DeltacastError STATE_PRUNED, nothing changed, when the ring was overwritten since
   */
  rollback(mark: ArenaMark): void {
    assert(mark.undo <= this.undoPosition && mark.cells <= this.cellCount, 'a mark of the past');
    const status = this.#kernel.rollbackAt(mark.undo, mark.cells, mark.codeEnd);
    if (status < 0) throw refusal(status);
    const { openSequence, openUndo, closedSequence } = mark;
    this.#kernel.restoreMiniBlockAt(openSequence, openUndo, closedSequence);
    assert(this.#kernel.codeCount() === mark.codes, 'codes differ after a rollback');
  }

  /** Cells changed since the mark with their values at the mark. */
  changedSince(mark: ArenaMark): ChangedCells {
    return this.changedBetween(mark.undo, this.undoPosition);
  }

  /** The same for a stretch [from, to) of the undo ring. @throws DeltacastError STATE_PRUNED */
  changedBetween(from: number, to: number): ChangedCells {
    return copyChanges(this.#kernel, this.#marshal, { from, to });
  }

  /** Keeps undo nodes from this position on (any one thread: the sealer). */
  retainFrom(position: number): void {
    this.#kernel.retainFromAt(position);
  }

  /** Position at which the next undo node will go. */
  get undoPosition(): number {
    return this.#kernel.undoHeadAt();
  }

  /** Closing sequence of the last logged mini-block. */
  get head(): number {
    return this.#kernel.headAt();
  }

  /** One atomic store; call it when the mini-block is in the log. Never goes back. */
  publishHead(sequence: number): void {
    this.#kernel.publishHeadAt(sequence);
  }

  putBlockHash(number: number, hash: Uint8Array): void {
    this.#putWord(hash);
    this.#kernel.putBlockHashAt(number, this.#io);
  }

  /** The hash of one of the last 256 blocks, or undefined. */
  getBlockHash(number: number): Uint8Array | undefined {
    if (this.#kernel.getBlockHashAt(number, this.#io) === 0) return undefined;
    return this.#marshal.slice(32, 64);
  }

  /** Lets interning use the last 5% of cells: recovery of an arena that ran full. */
  allowReserve(allowed: boolean): void {
    this.#kernel.allowReserve(allowed ? 1 : 0);
  }

  /** What diff.ts works with, in this thread. */
  get diffKernel(): DiffKernel {
    return this.#kernel;
  }

  statistics(): ArenaStatistics {
    return statisticsOf(this.#kernel, this.layout, this.cold);
  }

  /** What is read by id and no history is needed for: lines may become others' meanwhile. */
  #steadily<Result>(read: () => Result): Result {
    return this.faults === null ? read() : this.faults.steadily(read);
  }

  #putKey(kind: CellKind, address: Uint8Array, slot: Uint8Array | undefined): void {
    assert(address.length === 20, 'an address has 20 bytes');
    assert(kind !== KIND_SLOT || slot?.length === 32, 'a slot has 32 bytes');
    const marshal = this.#marshal;
    for (let index = 0; index < 20; index++) marshal[index] = address[index]!;
    if (kind === KIND_SLOT) this.#putWord(slot!);
  }

  /** Byte by byte: for so few, a loop is faster than `set`. */
  #putWord(word: Uint8Array): void {
    assert(word.length === 32, 'a word has 32 bytes');
    const marshal = this.#marshal;
    for (let index = 0; index < 32; index++) marshal[WORD_AT + index] = word[index]!;
  }

  #getWord(out: Uint8Array): void {
    const marshal = this.#marshal;
    for (let index = 0; index < 32; index++) out[index] = marshal[WORD_AT + index]!;
  }

  #codeOf(entry: number): Uint8Array {
    const start = this.#kernel.codeBytes(entry) >>> 0;
    return this.bytes.slice(start, start + this.#kernel.codeLength(entry));
  }
}

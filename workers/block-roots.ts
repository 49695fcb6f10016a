/**
 * The roots of a block's lists by our own kernel (workers/roots/): transactions root, receipts root
 * and bloom, from the columns of executed transactions, in any number of portions. In JavaScript,
 * with a general RLP encoder, to seal a transfer of tokens took 19 us; it takes 2.6 here.
 */
import { assert } from '../state/base/assert.js';
import { instantiateKernel } from '../state/base/wasm.js';
import type { ExecutedColumns } from './executed.js';
import {
  BLOOM,
  GAS,
  IN,
  IN_BYTES,
  IN_GAS,
  IN_LOG_ENDS,
  IN_LOGS,
  IN_RAW_ENDS,
  IN_RAWS,
  IN_STATUSES,
  LEAF_HEAD_BYTES,
  ROOT,
  SLOT_BYTES,
  SLOTS,
  TREE_RECEIPTS,
  TREE_TRANSACTIONS,
} from './roots/map.js';

interface RootsKernel {
  begin(): void;
  addItem(tree: number, from: number, length: number): void;
  addTransactions(count: number): void;
  putRoot(tree: number): void;
}

export interface BlockRoots {
  readonly transactionsRoot: Uint8Array;
  readonly receiptsRoot: Uint8Array;
  readonly logsBloom: Uint8Array;
  readonly gasUsed: number;
}

/** Of executed transactions, what their lists are made of. */
export type ListColumns = Omit<ExecutedColumns, 'hashes' | 'senders'>;

const PAGE_BYTES = 65_536;
const SLOTS_FIRST = 1 << 16;
/** 1 GiB, of which only what is written to is real: 12 million transactions. */
const PAGES_MAX = 16_384;
/** Of a transaction, beside envelope and logs: two ends, status, gas. */
const ROW_BYTES = 17;
/** Ends have one number more, columns begin at 16 bytes, and a leaf's head comes before them. */
const SLACK_BYTES = 256;
const BLOOM_BYTES = 256;

/** Roots under way. One thread of execution uses it at a time. */
export class RootsBuilder {
  private readonly memory: WebAssembly.Memory & { grow(pages: number): number };
  private readonly kernel: RootsKernel;
  private bytes: Uint8Array;
  private view: DataView;
  /** Of the list that has more. */
  private items = 0;

  constructor() {
    const initial = (SLOTS + SLOTS_FIRST * 2 * SLOT_BYTES) / PAGE_BYTES;
    const size = { initial, maximum: PAGES_MAX, shared: true };
    this.memory = new WebAssembly.Memory(size) as RootsBuilder['memory'];
    this.kernel = instantiateKernel<RootsKernel>('roots', this.memory);
    this.bytes = new Uint8Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
    this.begin();
  }

  begin(): void {
    this.kernel.begin();
    this.items = 0;
  }

  /** The next item of a list that is made of nothing else. */
  addItem(item: Uint8Array): void {
    const at = IN + LEAF_HEAD_BYTES;
    assert(item.length <= IN_BYTES - SLACK_BYTES, 'an item fits a frame');
    this.makeRoom(1);
    this.bytes.set(item, at);
    this.kernel.addItem(TREE_TRANSACTIONS, at, item.length);
  }

  add(columns: ListColumns): void {
    for (let start = 0; start < columns.count; ) start = this.addSome(columns, start);
  }

  root(tree: number): Uint8Array {
    this.kernel.putRoot(tree);
    return this.bytes.slice(ROOT, ROOT + 32);
  }

  roots(): BlockRoots {
    return {
      transactionsRoot: this.root(TREE_TRANSACTIONS),
      receiptsRoot: this.root(TREE_RECEIPTS),
      logsBloom: this.bytes.slice(BLOOM, BLOOM + BLOOM_BYTES),
      gasUsed: Number(this.view.getBigUint64(GAS, true)),
    };
  }

  /** As many as fit the kernel's input. @returns the first that did not */
  private addSome(columns: ListColumns, start: number): number {
    const { raws, rawEnds, logs, logEnds, statuses, gasUsed } = columns;
    const rawStart = endBefore(rawEnds, start);
    const logStart = endBefore(logEnds, start);
    let end = start;
    let bytes = SLACK_BYTES;
    while (end < columns.count) {
      const more =
        rawEnds[end]! - endBefore(rawEnds, end) + logEnds[end]! - endBefore(logEnds, end);
      if (bytes + more + ROW_BYTES > IN_BYTES) break;
      bytes += more + ROW_BYTES;
      end += 1;
    }
    assert(end > start, 'a transaction and its logs fit a frame');
    this.makeRoom(end - start);
    const put = this.putter();
    put(IN_RAWS, raws.subarray(rawStart, rawEnds[end - 1]));
    put(IN_RAW_ENDS, bytesOf(endsFrom(rawEnds, start, end)));
    put(IN_STATUSES, statuses.subarray(start, end));
    put(IN_GAS, bytesOf(gasUsed.subarray(start, end)));
    put(IN_LOGS, logs.subarray(logStart, logEnds[end - 1]));
    put(IN_LOG_ENDS, bytesOf(endsFrom(logEnds, start, end)));
    this.kernel.addTransactions(end - start);
    return end;
  }

  /** Lays columns one after the other, and tells the kernel where each lies. */
  private putter(): (pointer: number, column: Uint8Array) => void {
    let at = IN + LEAF_HEAD_BYTES;
    return (pointer, column) => {
      this.bytes.set(column, at);
      this.view.setUint32(pointer, at, true);
      at = (at + column.length + 15) & ~15;
    };
  }

  private makeRoom(items: number): void {
    this.items += items;
    const wanted = SLOTS + this.items * 2 * SLOT_BYTES;
    if (wanted <= this.bytes.length) return;
    const pages = Math.ceil((wanted + (wanted - SLOTS)) / PAGE_BYTES);
    assert(pages <= PAGES_MAX, 'no block is so long');
    this.memory.grow(pages - this.bytes.length / PAGE_BYTES);
    this.bytes = new Uint8Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
  }
}

let ours: RootsBuilder | undefined;

/** A mini-block of a block that is not closed yet. */
export interface Portion {
  readonly block: number;
  readonly index: number;
  readonly columns: ListColumns;
}

const NOTHING_HELD = { block: -1, count: 0, milliseconds: 0 };
/** What the builder holds: the first so many mini-blocks of a block. */
let held = NOTHING_HELD;

/** Takes in a mini-block where it follows what is held, or begins its block; else nothing. */
export function takePortion({ block, index, columns }: Portion, nowMs: () => number): void {
  const startedMs = nowMs();
  if (index === 0) {
    beginOurs();
    held = { ...NOTHING_HELD, block };
  }
  if (ours === undefined || held.block !== block || held.count !== index) return;
  ours.add(columns);
  held = { block, count: index + 1, milliseconds: held.milliseconds + nowMs() - startedMs };
}

/** Are these many mini-blocks of the block here? */
export function holdsPortions(block: number, count: number): boolean {
  return count === 0 || (held.block === block && held.count === count);
}

/** What it took to take in what is held. */
export function portionsMs(): number {
  return held.milliseconds;
}

/**
 * Of a whole block.
 * @param miniBlocks  those that are not held
 * @param portions    how many of them are: all that come before
 */
export function rootsOf(miniBlocks: readonly ExecutedColumns[], portions = 0): BlockRoots {
  const builder = portions > 0 && ours !== undefined ? ours : beginOurs();
  for (const columns of miniBlocks) builder.add(columns);
  held = NOTHING_HELD;
  return builder.roots();
}

/**
 * The root of a list in Ethereum's Merkle Patricia trie under keys RLP(0), RLP(1), ...
 * @param items  encoded transactions, receipts or withdrawals, in block order
 * @returns      32 bytes
 */
export function orderedTrieRoot(items: readonly Uint8Array[]): Uint8Array {
  const builder = beginOurs();
  for (const item of items) builder.addItem(item);
  return builder.root(TREE_TRANSACTIONS);
}

function beginOurs(): RootsBuilder {
  ours ??= new RootsBuilder();
  ours.begin();
  held = NOTHING_HELD;
  return ours;
}

/** Where an item begins. */
function endBefore(ends: Uint32Array, index: number): number {
  return index === 0 ? 0 : ends[index - 1]!;
}

function endsFrom(ends: Uint32Array, start: number, end: number): Uint32Array {
  const from = new Uint32Array(end - start + 1);
  from[0] = endBefore(ends, start);
  from.set(ends.subarray(start, end), 1);
  return from;
}

function bytesOf(array: Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/**
 * Making room: the coordinator's part of cold cells (kernel/cold.as.ts), between mini-blocks. Cells
 * whose last change is sealed go first, in the order of their lines, so each comes back at the cost
 * of one page read and none is favoured; where that is not enough, all may go. A cell that is as
 * its record says costs no write. What else goes is appended to the file in one write for every
 * BATCH_OUT full of pages or rest of a segment, and only then are the lines given up: when the disk
 * takes no more, nothing is lost. The file is compacted (compaction.ts) as lines are taken, for who
 * takes a line will need a record.
 */
import type { Arena } from '../arena.js';
import { assert } from '../base/assert.js';
import { type DiskFile, fileOf, openScratch } from '../base/disk.js';
import * as cold from '../kernel/cold-map.js';
import * as map from '../kernel/map.js';
import type { ArenaLayout } from '../layout.js';
import { ColdCounters, type ColdCounts } from './cold-counters.js';
import { Compaction } from './compaction.js';
import { instantiateOver } from './kernels.js';
import { PageFile, type Segments } from './page-file.js';

/** Exports of kernel/cold.as.ts. */
interface RetirementKernel {
  chooseCold(sweep: number, wanted: number, pages: number): number;
  retireChosen(sweep: number, count: number): void;
}

/** Lines that are free before a mini-block begins, and what is freed at once when they are not. */
const FREE_SHARE = 1 / 4;
const STEP_SHARE = 1 / 8;
const EVERYTHING = 0xffff_ffff_ffff_ffffn;
/** Pages that compaction may read before any mini-block, and for each record that may be needed. */
const COMPACTED_PAGES = 16;
const COMPACTED_SHARE = 2 / cold.COLD_PAGE_RECORDS;

/** Makes the file of an arena that is being created; all its threads find it in the header. */
export function openColdFile(memory: WebAssembly.Memory, directory: string): void {
  new Uint32Array(memory.buffer)[map.H_COLD_FILE / 4] = openScratch(directory);
}

export class Retirement {
  readonly #kernel: RetirementKernel;
  readonly #layout: ArenaLayout;
  readonly #file: PageFile;
  readonly #compaction: Compaction;
  readonly #counters: ColdCounters;
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  /** The working words (cold-map.ts). */
  readonly #sweep: DataView;
  #hand = 0;
  /** Lines in use when there was room. */
  #takenBefore = 0;

  /**
   * @param arena  as its creator has it, with a file opened by `openColdFile`
   * @param file   that file; another way to it where a test wants one
   */
  constructor(arena: Pick<Arena, 'memory' | 'faults' | 'layout'>, file = fileOfArena(arena)) {
    const { memory, layout } = arena;
    this.#kernel = instantiateOver<RetirementKernel>(arena, 'state');
    this.#layout = layout;
    this.#counters = new ColdCounters(memory);
    this.#words = new Uint32Array(memory.buffer);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#file = new PageFile(file, this.#segments(memory));
    this.#compaction = new Compaction(memory, layout, this.#file, this.#counters);
    const { base, bytes } = layout.batchIn;
    this.#sweep = new DataView(memory.buffer, base, bytes);
  }

  /**
   * Frees lines until a quarter is free, or so many as are asked for. No mini-block may be open and
   * no batch may run.
   * @param cells  that the next mini-block may need lines for
   * @throws DeltacastError ARENA_FULL, region 'cold', when the disk takes no more
   */
  makeRoom(cells = 0): void {
    const taken = Math.max(0, this.linesTaken - this.#takenBefore);
    this.#compaction.step(COMPACTED_PAGES + Math.ceil(taken * COMPACTED_SHARE));
    this.#retireFor(cells);
    this.#takenBefore = this.linesTaken;
  }

  #retireFor(cells: number): void {
    const { lineCapacity } = this.#layout;
    const wanted = Math.min(lineCapacity, Math.max(cells, Math.ceil(lineCapacity * FREE_SHARE)));
    if (this.#free >= wanted) return;
    const target = Math.min(lineCapacity, wanted + Math.ceil(lineCapacity * STEP_SHARE));
    this.#freeTo(target, this.#sealedEnd);
    if (this.#free < wanted) this.#freeTo(wanted, EVERYTHING);
    assert(this.#free >= wanted, 'every cell can be retired');
  }

  get counts(): ColdCounts {
    return this.#counters.read();
  }

  /** Lines in use. */
  get linesTaken(): number {
    return Atomics.load(this.#words, map.H_LINES_TAKEN / 4);
  }

  get fileBytes(): number {
    return this.#file.count * cold.COLD_PAGE_BYTES;
  }

  /** Records that a cell's word or a line's home names. */
  get namedRecords(): number {
    return this.#file.segments.named.reduce((sum, count) => sum + count, 0);
  }

  close(): void {
    this.#file.close();
  }

  /** The counts are in the arena, since rollbacks change them too. */
  #segments({ buffer }: WebAssembly.Memory): Segments {
    const rollbacks = new BigUint64Array(buffer, map.H_ROLLBACKS, 1);
    const named = this.#words[map.H_SEGMENTS / 4];
    return {
      pages: this.#layout.segmentPages,
      named: new Uint32Array(buffer, named, cold.SEGMENTS_MAX),
      onReuse: (segment) => {
        Atomics.add(rollbacks, 0, 2n);
        this.#compaction.leave(segment);
        this.#counters.add('segmentsReused', 1);
      },
    };
  }

  get #free(): number {
    return this.#layout.lineCapacity - this.linesTaken;
  }

  /** What the sealer still needs begins here. */
  get #sealedEnd(): bigint {
    return new BigUint64Array(this.#bytes.buffer, map.H_UNDO_RETAIN, 1)[0] ?? 0n;
  }

  /** Goes round over all lines once, at most. */
  #freeTo(free: number, limit: bigint): void {
    let looks = this.#layout.lineCapacity;
    while (looks > 0 && this.#free < free) looks = this.#retire(looks, free - this.#free, limit);
  }

  /** As many as fit BATCH_IN, BATCH_OUT and a segment. @returns looks left */
  #retire(looks: number, wanted: number, limit: bigint): number {
    const { batchIn, batchOut } = this.#layout;
    const sweep = this.#sweep;
    const { first, room } = this.#file.place();
    const pagesMax = Math.min(room, Math.floor(batchOut.bytes / cold.COLD_PAGE_BYTES));
    const listMax = Math.floor((batchIn.bytes - cold.SWEEP_LIST) / cold.SWEEP_ENTRY_BYTES);
    sweep.setUint32(cold.SWEEP_HAND, this.#hand, true);
    sweep.setUint32(cold.SWEEP_LOOKS, looks, true);
    sweep.setUint32(cold.SWEEP_RECORDS_MAX, pagesMax * cold.COLD_PAGE_RECORDS, true);
    sweep.setUint32(cold.SWEEP_FIRST_PAGE, first, true);
    sweep.setBigUint64(cold.SWEEP_LIMIT, limit, true);
    const chosen = this.#kernel.chooseCold(batchIn.base, Math.min(wanted, listMax), batchOut.base);
    const records = sweep.getUint32(cold.SWEEP_RECORDS, true);
    const pages = Math.ceil(records / cold.COLD_PAGE_RECORDS);
    if (pages > 0) {
      const { base } = batchOut;
      this.#file.append(this.#bytes.subarray(base, base + pages * cold.COLD_PAGE_BYTES));
    }
    this.#kernel.retireChosen(batchIn.base, chosen);
    this.#hand = sweep.getUint32(cold.SWEEP_HAND, true);
    this.#counters.add('retired', chosen);
    this.#counters.add('recordsAppended', records);
    this.#counters.add('pagesAppended', pages);
    return sweep.getUint32(cold.SWEEP_LOOKS, true);
  }
}

function fileOfArena({ memory }: Pick<Arena, 'memory'>): DiskFile {
  return fileOf(new Uint32Array(memory.buffer)[map.H_COLD_FILE / 4] ?? 0);
}

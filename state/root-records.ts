/**
 * What a state root reads of an arena: a record of each cell, or of each cell that changed in a
 * stretch of the undo ring, with its value as of a closing sequence.
 */
import type { Arena } from './arena.js';
import { instantiateOver } from './cold/kernels.js';
import { type Region, scratchOf } from './layout.js';
import { PHASE_CELLS, type PhaseInput } from './root-control.js';
import type { RecordSource } from './root-work.js';
import { RECORD_BYTES, RECORDS_MAX } from './trie/map.js';

/** Where the record kernel leaves how far it came, as f64, then nothing. */
const HEADER_BYTES = 16;

/** Exports of kernel/records.as.ts: how many records were written after the header, or PRUNED. */
interface RecordKernel {
  recordChanges(
    start: number,
    from: number,
    to: number,
    sequence: number,
    target: number,
    countMax: number,
  ): number;
  recordCells(
    first: number,
    end: number,
    sequence: number,
    target: number,
    countMax: number,
  ): number;
}

export class ArenaRecords implements RecordSource {
  readonly #arena: Arena;
  readonly #kernel: RecordKernel;
  readonly #scratch: Region;

  /** @param arena  as attached by the calling thread, whose scratch is used during calls */
  constructor(arena: Arena) {
    this.#arena = arena;
    this.#kernel = instantiateOver<RecordKernel>(arena, 'state');
    this.#scratch = scratchOf(arena.layout, arena.thread);
  }

  /** Cells that are 0, and all but one change of a cell in a stretch, have no record. */
  read(input: PhaseInput, from: number, to: number): Uint8Array | null {
    const { faults } = this.#arena;
    const read = (): Uint8Array | null => this.#read(input, from, to);
    return faults === null ? read() : faults.steadily(read);
  }

  #read({ kind, start, sequence }: PhaseInput, from: number, to: number): Uint8Array | null {
    const { base } = this.#scratch;
    const count =
      kind === PHASE_CELLS
        ? this.#kernel.recordCells(from, to, sequence, base, RECORDS_MAX)
        : this.#kernel.recordChanges(start, from, to, sequence, base, RECORDS_MAX);
    if (count < 0) return null;
    const first = base + HEADER_BYTES;
    return this.#arena.bytes.subarray(first, first + count * RECORD_BYTES);
  }
}

/** What an arena counts of its cold cells, in its header: u64 each, by any thread. */
import { H_COLD_COUNTERS } from '../kernel/map.js';

/** In the order of their words. */
const NAMES = [
  'faults',
  'reads',
  'pagesRead',
  'retired',
  'pagesAppended',
  'recordsAppended',
  'pagesCompacted',
  'pagesMoved',
  'recordsMoved',
  'compactions',
  'segmentsReused',
] as const;
export type ColdCounter = (typeof NAMES)[number];

export interface ColdCounts extends Readonly<Record<ColdCounter, number>> {
  /** Cells that got a line again. */
  readonly faults: number;
  /** Cells that were read without getting one. */
  readonly reads: number;
  /** Pages read from the file, for either. */
  readonly pagesRead: number;
  /** Cells that lost their line. */
  readonly retired: number;
  readonly pagesAppended: number;
  /** Cells that were not in the file as they were when they lost their line. */
  readonly recordsAppended: number;
  /** Pages that compaction read, and pages and records that it wrote again. */
  readonly pagesCompacted: number;
  readonly pagesMoved: number;
  readonly recordsMoved: number;
  /** Segments that it emptied. */
  readonly compactions: number;
  /** Segments that were begun again because nobody named a record in them any more. */
  readonly segmentsReused: number;
}

export class ColdCounters {
  readonly #words: BigUint64Array;

  constructor(memory: WebAssembly.Memory) {
    this.#words = new BigUint64Array(memory.buffer, H_COLD_COUNTERS, NAMES.length);
  }

  add(counter: ColdCounter, count: number): void {
    Atomics.add(this.#words, NAMES.indexOf(counter), BigInt(count));
  }

  read(): ColdCounts {
    const counts = NAMES.map((name, index) => [name, Number(Atomics.load(this.#words, index))]);
    return Object.fromEntries(counts) as Record<ColdCounter, number>;
  }
}

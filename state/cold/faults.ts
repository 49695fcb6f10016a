/**
 * What a thread does when it needs the line of a cell that has none (kernel/lines.as.ts): one read
 * of the page that the cell's word names. Where the thread may write, the cell gets a line for good
 * by one compare-and-exchange of its word; two threads that come at once both read, and one of them
 * keeps its line for the next. Where it may not, the cell is put into a line of the thread's own
 * that is good until three more were read so, and nothing else is changed: calls, proofs and roots
 * may look at all of the state and never push anything out.
 * A page may be written again for other cells once no word names it any more. That is never in a
 * batch, and for other threads the count of rollbacks and retirements goes up before: what was read
 * is good as long as the count stays, and what could not be read then is looked for again.
 */
import { assert } from '../base/assert.js';
import { type DiskFile, fileOf } from '../base/disk.js';
import { DeltacastError, isDeltacastError } from '../base/errors.js';
import * as cold from '../kernel/cold-map.js';
import * as map from '../kernel/map.js';
import type { ArenaLayout } from '../layout.js';
import { ColdCounters } from './cold-counters.js';
import { readPage } from './page-file.js';

/**
 * Whether a thread brings cells in: readers never, workers always, since they work only while no
 * cell is retired; the coordinator while a mini-block is open.
 */
export type FaultRole = 'reader' | 'worker' | 'coordinator';

/** Part of the lines that executing may not take: committing needs lines for new cells. */
const RESERVE_DIVISOR = 16;
const COLD_MASK = 0x7fff_ffff;
const TAKEN = map.H_LINES_TAKEN / 4;
/** The low half is enough: it is compared over one read. */
const ROLLBACKS = map.H_ROLLBACKS / 4;

export class Faults {
  /** The kernel's import. */
  readonly fault: (id: number) => number;
  readonly #role: FaultRole;
  readonly #layout: ArenaLayout;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #counters: ColdCounters;
  readonly #file: DiskFile;
  /** The whole count of rollbacks and retirements: pages and lines are kept for long. */
  readonly #epoch: BigUint64Array;
  readonly #stackAt: number;
  readonly #homesAt: number;
  /** First of the lines of this thread's own, and which of them is next. */
  readonly #ownLine: number;
  #ownNext = 0;
  /** The counts at which these lines were filled. */
  readonly #ownEpochs: bigint[] = Array.from({ length: map.LINES_PER_THREAD }, () => -1n);
  /** A line that was taken and not used; -1 = none. */
  #spare = -1;
  #page: Uint8Array = new Uint8Array(0);
  #pageNumber = -1;
  #pageEpoch = -1n;

  constructor(memory: WebAssembly.Memory, layout: ArenaLayout, thread: number, role: FaultRole) {
    assert(layout.lineCapacity > 0, 'an arena whose cells may be cold');
    const { buffer } = memory;
    this.fault = (id) => this.#lineFor(id >>> 0);
    this.#role = role;
    this.#layout = layout;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#counters = new ColdCounters(memory);
    this.#file = fileOf(this.#word(map.H_COLD_FILE));
    this.#epoch = new BigUint64Array(buffer, map.H_ROLLBACKS, 1);
    this.#stackAt = this.#word(map.H_LINE_STACK) / 4;
    this.#homesAt = this.#word(map.H_HOMES) / 4;
    this.#ownLine = layout.lineCapacity + thread * map.LINES_PER_THREAD;
  }

  /**
   * Reads keys by id: again where cells lost their lines meanwhile, which may have become others'.
   * Values, and look-ups by key, see to that themselves.
   */
  steadily<Result>(read: () => Result): Result {
    for (;;) {
      const before = Atomics.load(this.#words, ROLLBACKS);
      const result = read();
      if (before % 2 === 0 && Atomics.load(this.#words, ROLLBACKS) === before) return result;
    }
  }

  #lineFor(id: number): number {
    if (id === map.NO_CELL >>> 0) throw noLine();
    const place = this.#layout.cold.base / 4 + id;
    for (;;) {
      const epoch = Atomics.load(this.#epoch, 0);
      const word = Atomics.load(this.#words, place);
      if (word <= COLD_MASK) return word;
      try {
        if (this.#bringsIn()) return this.#bringIn(id, word, epoch);
        return this.#readThrough(id, word & COLD_MASK, epoch);
      } catch (error) {
        const isOver = epoch % 2n === 1n || Atomics.load(this.#epoch, 0) !== epoch;
        if (!isOver || !isDeltacastError(error, 'COLD_CORRUPT')) throw error;
      }
    }
  }

  #bringIn(id: number, word: number, epoch: bigint): number {
    const page = word & COLD_MASK;
    const record = this.#recordOf(id, page, epoch);
    const line = this.#takeLine();
    this.#fill(line, page, record);
    const place = this.#layout.cold.base / 4 + id;
    const seen = Atomics.compareExchange(this.#words, place, word, line);
    if (seen === word) {
      // Last: a line with a cell's id is the line in that cell's word.
      this.#words[this.#homeOf(line)] = id + 1;
      this.#counters.add('faults', 1);
      return line;
    }
    this.#spare = line;
    return seen;
  }

  #bringsIn(): boolean {
    if (this.#role !== 'coordinator') return this.#role === 'worker';
    return (this.#word(map.H_OPEN_SEQUENCE) | this.#word(map.H_OPEN_SEQUENCE + 4)) !== 0;
  }

  /** The homes of this thread's own lines say what is in them. */
  #readThrough(id: number, page: number, epoch: bigint): number {
    for (let own = 0; own < map.LINES_PER_THREAD; own++) {
      if (this.#words[this.#homeOf(this.#ownLine + own)] !== id + 1) continue;
      if (this.#ownEpochs[own] === epoch) return this.#ownLine + own;
    }
    const own = this.#ownNext;
    const line = this.#ownLine + own;
    const record = this.#recordOf(id, page, epoch);
    this.#ownNext = (own + 1) % map.LINES_PER_THREAD;
    this.#fill(line, page, record);
    this.#words[this.#homeOf(line)] = id + 1;
    this.#ownEpochs[own] = epoch;
    this.#counters.add('reads', 1);
    return line;
  }

  /** Where in #page the record of a cell begins. @throws DeltacastError COLD_CORRUPT */
  #recordOf(id: number, page: number, epoch: bigint): number {
    if (this.#pageNumber !== page || this.#pageEpoch !== epoch) {
      this.#pageNumber = -1;
      this.#page = readPage(this.#file, page);
      this.#pageNumber = page;
      this.#pageEpoch = epoch;
      this.#counters.add('pagesRead', 1);
    }
    const view = new DataView(this.#page.buffer, this.#page.byteOffset, this.#page.length);
    const count = view.getUint32(cold.P_COUNT, true);
    for (let index = 0; index < count; index++) {
      const record = cold.P_RECORDS + index * cold.COLD_RECORD_BYTES;
      if (view.getUint32(record + cold.COLD_ID, true) === id) return record;
    }
    throw new DeltacastError('COLD_CORRUPT', 'a cell is not in the page that its word names', {
      offset: page * cold.COLD_PAGE_BYTES,
      why: 'no such cell',
    });
  }

  /** @throws DeltacastError ARENA_FULL, region 'cells' */
  #takeLine(): number {
    if (this.#spare >= 0) {
      const line = this.#spare;
      this.#spare = -1;
      return line;
    }
    const { lineCapacity } = this.#layout;
    const reserve = this.#role === 'worker' ? Math.ceil(lineCapacity / RESERVE_DIVISOR) : 0;
    for (;;) {
      const taken = Atomics.load(this.#words, TAKEN);
      if (taken >= lineCapacity - reserve) throw noLine();
      const seen = Atomics.compareExchange(this.#words, TAKEN, taken, taken + 1);
      if (seen === taken) return this.#words[this.#stackAt + taken] ?? 0;
    }
  }

  /** Nobody else looks at the line: it is in no word yet. */
  #fill(line: number, page: number, record: number): void {
    const { cells, keys } = this.#layout;
    const source = this.#page;
    const key = record + cold.COLD_KEY;
    const value = record + cold.COLD_LINE;
    this.#bytes.set(source.subarray(key, key + map.KEY_BYTES), keys.base + line * map.KEY_BYTES);
    this.#bytes.set(
      source.subarray(value, value + cold.COLD_LINE_BYTES),
      cells.base + line * map.CELL_BYTES,
    );
    const home = this.#homeOf(line);
    this.#words[home + map.HOME_PAGE / 4] = page + 1;
    this.#copyWord(keys.base + line * map.KEY_BYTES + map.KEY_LINK, home + map.HOME_LINK / 4);
    for (let word = 0; word < 4; word++) {
      const from = cells.base + line * map.CELL_BYTES + map.CELL_VERSION + word * 4;
      this.#copyWord(from, home + map.HOME_VERSION / 4 + word);
    }
  }

  #copyWord(from: number, to: number): void {
    this.#words[to] = this.#word(from);
  }

  #homeOf(line: number): number {
    return this.#homesAt + (line * map.HOME_BYTES) / 4;
  }

  #word(offset: number): number {
    return this.#words[offset / 4] ?? 0;
  }
}

function noLine(): DeltacastError {
  return new DeltacastError('ARENA_FULL', 'no free lines for cells', { region: 'cells' });
}

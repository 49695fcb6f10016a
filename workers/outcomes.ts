/**
 * The outcome records of a batch in order, copied out of the arena in a few large pieces: to copy
 * each on its own costs about as much as to execute a transfer. A record is a view of its piece,
 * found when it is asked for.
 */
import { assert } from '../state/base/assert.js';
import type { Region } from '../state/layout.js';
import type { OutcomeMemory } from './outcome-memory.js';
import type { Protocol } from './protocol.js';
import { recordLength, recordView } from './steps.js';

/** Outcomes start on cache lines of their own. */
export const OUTCOME_ALIGNMENT = 64;

const NOTHING = new Uint8Array(0);
const OFFSET_MAX = 0xffff_ffff;

interface Extents {
  readonly firsts: Uint32Array;
  readonly lasts: Uint32Array;
}

/** The first of the equal parts of the outcomes' region, one for each worker. */
export function outcomeShare({ base, bytes }: Region, workers: number): Region {
  return { base, bytes: Math.floor(bytes / workers / OUTCOME_ALIGNMENT) * OUTCOME_ALIGNMENT };
}

/** What some steps of a round gave. */
export interface RoundOutcomes {
  /** Where in the arena the records were, in order. */
  readonly offsets: Uint32Array;
  /**
   * The workers' parts of the region, and of each what was copied, from its first record on; the
   * memory may be longer.
   */
  readonly share: Region;
  readonly pieces: readonly { readonly start: number; readonly bytes: Uint8Array }[];
}

/** Copies the records of steps in [start, end), which are committed. @param bytes  of the arena */
// Five parameters: the records, and what they are copied into.
export function copyOutcomes(
  bytes: Uint8Array,
  protocol: Protocol,
  start: number,
  end: number,
  memory: OutcomeMemory,
): RoundOutcomes {
  const workers = protocol.workers();
  const isAlone = protocol.count() === 1;
  const share = isAlone ? protocol.batchOut : outcomeShare(protocol.batchOut, workers);
  const offsets = protocol.outcomeOffsets(start, end);
  const { firsts, lasts } = extentsOf(offsets, share, workers);
  const pieces = Array.from(firsts, (first, of) => {
    const last = lasts[of] ?? 0;
    if (last === 0) return { start: first, bytes: NOTHING };
    const end = last + recordLength(bytes, last);
    const copy = memory.take(end - first);
    copy.set(bytes.subarray(first, end));
    return { start: first, bytes: copy };
  });
  return { offsets, share, pieces };
}

/** The first and the last offset in each worker's share; a last one of 0: there is none. */
function extentsOf(offsets: Uint32Array, { base, bytes }: Region, workers: number): Extents {
  const firsts = new Uint32Array(workers).fill(OFFSET_MAX);
  const lasts = new Uint32Array(workers);
  // Steps were taken in pieces, so the next one is mostly of the same share.
  let of = 0;
  for (const offset of offsets) {
    const start = base + of * bytes;
    if (offset < start || offset >= start + bytes) of = Math.floor((offset - base) / bytes);
    if (offset < (firsts[of] ?? 0)) firsts[of] = offset;
    if (offset > (lasts[of] ?? 0)) lasts[of] = offset;
  }
  return { firsts, lasts };
}

/** Outcomes of one round, or a record given as it is, and how many came before them. */
interface Part {
  readonly before: number;
  readonly from: RoundOutcomes | Uint8Array;
}

export class Outcomes {
  private readonly memory: OutcomeMemory;
  private parts: Part[] = [];
  private total = 0;

  /** @param memory  what is added was copied into */
  constructor(memory: OutcomeMemory) {
    this.memory = memory;
  }

  get count(): number {
    return this.total;
  }

  /** One more, kept as it is; it may be empty. */
  push(record: Uint8Array): void {
    this.parts.push({ before: this.total, from: record });
    this.total += 1;
  }

  add(round: RoundOutcomes): void {
    if (round.offsets.length === 0) return;
    this.parts.push({ before: this.total, from: round });
    this.total += round.offsets.length;
  }

  record(index: number): Uint8Array {
    assert(index >= 0 && index < this.total, 'an outcome of this batch');
    const { before, from } = this.partOf(index);
    if (from instanceof Uint8Array) return from;
    const { offsets, share, pieces } = from;
    const offset = offsets[index - before] ?? 0;
    const piece = pieces[Math.floor((offset - share.base) / share.bytes)];
    assert(piece !== undefined, 'each record lies in a share');
    return recordView(piece.bytes, offset - piece.start);
  }

  /** Gives the memory back: records had until now mean nothing from here on, and there are none. */
  release(): void {
    for (const { from } of this.parts) {
      if (from instanceof Uint8Array) continue;
      for (const { bytes } of from.pieces) this.memory.giveBack(bytes);
    }
    this.parts = [];
    this.total = 0;
  }

  /** The last part that begins at or before an index: nearly always there is but one. */
  private partOf(index: number): Part {
    let low = 0;
    let high = this.parts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.parts[middle]?.before ?? 0) <= index) low = middle;
      else high = middle;
    }
    const part = this.parts[low];
    assert(part !== undefined, 'there are outcomes');
    return part;
  }
}

/**
 * The outcome records of a batch in order, copied out of the arena in a few large pieces: to copy
 * each on its own costs about as much as to execute a transfer. A record is a view of its piece,
 * found when it is asked for.
 */
import { assert } from '../state/base/assert.js';
import type { Region } from '../state/layout.js';
import type { Protocol } from './protocol.js';
import { recordLength, recordView } from './steps.js';

/** Outcomes start on cache lines of their own. */
export const OUTCOME_ALIGNMENT = 64;

const NOTHING = new Uint8Array(0);

/** The first of the equal parts of the outcomes' region, one for each worker. */
export function outcomeShare({ base, bytes }: Region, workers: number): Region {
  return { base, bytes: Math.floor(bytes / workers / OUTCOME_ALIGNMENT) * OUTCOME_ALIGNMENT };
}

/** What some steps of a round gave. */
export interface RoundOutcomes {
  /** Where in the arena the records were, in order. */
  readonly offsets: Uint32Array;
  /** The workers' parts of the region, and of each what was copied, from its first record on. */
  readonly share: Region;
  readonly pieces: readonly { readonly start: number; readonly bytes: Uint8Array }[];
}

/** Copies the records of steps in [start, end), which are committed. @param bytes  of the arena */
export function copyOutcomes(
  bytes: Uint8Array,
  protocol: Protocol,
  start: number,
  end: number,
): RoundOutcomes {
  const workers = protocol.workers();
  const isAlone = protocol.count() === 1;
  const share = isAlone ? protocol.batchOut : outcomeShare(protocol.batchOut, workers);
  const offsets = protocol.outcomeOffsets(start, end);
  const firsts = new Array<number>(workers).fill(Number.POSITIVE_INFINITY);
  const lasts = new Array<number>(workers).fill(0);
  for (const offset of offsets) {
    const of = Math.floor((offset - share.base) / share.bytes);
    if (offset < (firsts[of] ?? 0)) firsts[of] = offset;
    if (offset > (lasts[of] ?? 0)) lasts[of] = offset;
  }
  const pieces = firsts.map((first, of) => {
    const last = lasts[of] ?? 0;
    if (last === 0) return { start: first, bytes: NOTHING };
    const end = last + recordLength(bytes, last);
    return { start: first, bytes: copyOf(bytes.subarray(first, end)) };
  });
  return { offsets, share, pieces };
}

/** As slice, whose fresh memory is zeroed first: page by page that takes longer than to copy. */
function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(Buffer.allocUnsafeSlow(bytes.length).buffer);
  copy.set(bytes);
  return copy;
}

/** Outcomes of one round, or a record given as it is, and how many came before them. */
interface Part {
  readonly before: number;
  readonly from: RoundOutcomes | Uint8Array;
}

export class Outcomes {
  private readonly parts: Part[] = [];
  private total = 0;

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

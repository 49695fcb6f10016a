/**
 * The outcome records of a batch in order, copied out of the arena in a few large pieces: to copy
 * each on its own costs about as much as to execute a transfer. A record is a view of its piece.
 */
import { assert } from '../state/base/assert.js';
import type { Region } from '../state/layout.js';
import { recordLength, recordView } from './steps.js';

/** Outcomes start on cache lines of their own. */
export const OUTCOME_ALIGNMENT = 64;

/** The first of the equal parts of the outcomes' region, one for each worker. */
export function outcomeShare({ base, bytes }: Region, workers: number): Region {
  return { base, bytes: Math.floor(bytes / workers / OUTCOME_ALIGNMENT) * OUTCOME_ALIGNMENT };
}

export class Outcomes {
  /** By index: the piece, and where in it the record starts. */
  private readonly pieces: Uint8Array[] = [];
  private readonly starts: number[] = [];

  get count(): number {
    return this.starts.length;
  }

  /** One more, kept as it is; it may be empty. */
  push(record: Uint8Array): void {
    this.pieces.push(record);
    this.starts.push(0);
  }

  /**
   * Copies records that lie in shares of a region, each of which was filled from its start on.
   * @param offsets  of the records, in order
   * @param share    the first share; the others follow
   */
  copy(bytes: Uint8Array, offsets: readonly number[], share: Region): void {
    const starts: number[] = [];
    const ends: number[] = [];
    const shareOf = (offset: number) => Math.floor((offset - share.base) / share.bytes);
    for (const offset of offsets) {
      const of = shareOf(offset);
      starts[of] = Math.min(starts[of] ?? offset, offset);
      ends[of] = Math.max(ends[of] ?? 0, offset + recordLength(bytes, offset));
    }
    const pieces = starts.map((start, of) => bytes.slice(start, ends[of]));
    for (const offset of offsets) {
      const of = shareOf(offset);
      const piece = pieces[of];
      assert(piece !== undefined, 'each record lies in a share');
      this.pieces.push(piece);
      this.starts.push(offset - (starts[of] ?? 0));
    }
  }

  record(index: number): Uint8Array {
    const piece = this.pieces[index];
    assert(piece !== undefined, 'an outcome of this batch');
    return piece.length === 0 ? piece : recordView(piece, this.starts[index] ?? 0);
  }
}

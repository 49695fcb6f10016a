/**
 * Records that a benchmark makes: storage slots of one account by their number. So a trie can be
 * measured that is larger than an arena; making a record takes about as long as reading one.
 */
import { KIND_SLOT } from '../../state/arena.js';
import type { PhaseInput } from '../../state/root-control.js';
import { PIECE, type RecordSource } from '../../state/root-work.js';
import { RECORD_BYTES } from '../../state/trie/map.js';

/** Updates in one batch, at most. */
export const MADE_MAX = 2 ** 18;
/** Places in a record: kind, last bytes of the slot, last bytes of the value. */
const KIND_AT = 31;
const SLOT_AT = 56;
const VALUE_AT = 88;
/** So that slots differ in more than their last bytes. */
const MIX = 0x5bd1e995;

/** For u32 numbers of slots, and values; may be posted to helpers. */
export function createMadeBatch(): SharedArrayBuffer {
  return new SharedArrayBuffer(MADE_MAX * 8);
}

export class MadeRecords implements RecordSource {
  private readonly batch: Uint32Array;
  private readonly bytes = new Uint8Array(PIECE * RECORD_BYTES);
  private readonly view = new DataView(this.bytes.buffer);

  constructor(batch: SharedArrayBuffer) {
    this.batch = new Uint32Array(batch);
    for (let at = 0; at < this.bytes.length; at += RECORD_BYTES) {
      this.bytes.fill(0xaa, at, at + 20);
      this.bytes[at + KIND_AT] = KIND_SLOT;
    }
  }

  /** Puts the next update into the batch. */
  set(index: number, slot: number, value: number): void {
    this.batch[index * 2] = slot;
    this.batch[index * 2 + 1] = value;
  }

  read(_: PhaseInput, from: number, to: number): Uint8Array {
    for (let index = from, at = 0; index < to; index++, at += RECORD_BYTES) {
      const slot = this.batch[index * 2] ?? 0;
      const value = this.batch[index * 2 + 1] ?? 0;
      this.view.setUint32(at + SLOT_AT, slot);
      this.view.setUint32(at + SLOT_AT + 4, slot ^ MIX);
      this.view.setUint32(at + VALUE_AT, value);
      this.view.setUint32(at + VALUE_AT + 4, slot);
    }
    return this.bytes.subarray(0, (to - from) * RECORD_BYTES);
  }
}

/**
 * Reading the undo ring from TypeScript: the cells changed in a stretch of it and their old values.
 * The kernel copies records in portions that fit a thread's marshalling bytes. (The diff kernel
 * walks the ring itself, in Wasm.)
 */
import { refusal, type StateKernel } from './arena-kernel.js';
import { assert } from './base/assert.js';
import { MARSHAL_BYTES } from './kernel/map.js';

/** Cells changed in a stretch of the undo ring, each once, in order of first change. */
export interface ChangedCells {
  readonly count: number;
  readonly ids: Uint32Array;
  /** 32 bytes big-endian each, the values before the stretch. */
  readonly oldValues: Uint8Array;
  readonly oldVersions: Float64Array;
}

/** A stretch of the undo ring: positions from `from` up to, not including, `to`. */
export interface UndoRange {
  readonly from: number;
  readonly to: number;
}

/** As kernel/boundary.as.ts writes them: portion header, then records, after the io words. */
const TARGET_AT = 128;
const HEADER_BYTES = 16;
const RECORD_BYTES = 48;
const RECORD_VERSION = 32;
const RECORD_CELL = 40;
const RECORDS_MAX = Math.floor((MARSHAL_BYTES - TARGET_AT - HEADER_BYTES) / RECORD_BYTES);

/**
 * The cells first changed in a stretch.
 * @param marshal  the calling thread's marshalling bytes
 * @throws DeltacastError STATE_PRUNED when the ring no longer holds all of the stretch
 */
export function copyChanges(
  kernel: StateKernel,
  marshal: Uint8Array,
  { from, to }: UndoRange,
): ChangedCells {
  assert(from <= to && to <= kernel.undoHeadAt(), 'a stretch of the ring that has been written');
  if (from < kernel.undoTailAt()) throw refusal(0);
  const target = marshal.byteOffset + TARGET_AT;
  const view = new DataView(marshal.buffer, target, MARSHAL_BYTES - TARGET_AT);
  const ids = new Uint32Array(to - from);
  const oldValues = new Uint8Array((to - from) * 32);
  const oldVersions = new Float64Array(to - from);
  let count = 0;
  for (let next = from; next < to; next = view.getFloat64(0, true)) {
    const copied = kernel.copyChanged(from, next, to, target, RECORDS_MAX);
    if (copied < 0) throw refusal(copied);
    for (let index = 0; index < copied; index++, count++) {
      const at = HEADER_BYTES + index * RECORD_BYTES;
      const value = TARGET_AT + at;
      oldValues.set(marshal.subarray(value, value + 32), count * 32);
      oldVersions[count] = view.getFloat64(at + RECORD_VERSION, true);
      ids[count] = view.getUint32(at + RECORD_CELL, true);
    }
  }
  return {
    count,
    ids: ids.subarray(0, count),
    oldValues: oldValues.subarray(0, count * 32),
    oldVersions: oldVersions.subarray(0, count),
  };
}

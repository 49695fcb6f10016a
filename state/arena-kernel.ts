/**
 * The state kernel as TypeScript sees it: the exports of kernel/boundary.as.ts and how its refusals
 * become errors. Pointers are byte offsets in the arena; `io` is a thread's marshalling bytes with
 * an address at +0 (20 bytes) and a big-endian word at +32 (slot in; value or hash in or out).
 * Sequences and ring positions cross as f64 because they stay below 2^53. A u32 pointer beyond
 * 2 GiB comes back negative: callers apply `>>> 0`. Ids never do; NO_CELL is -1.
 */
import { DeltacastError } from './base/errors.js';
import * as map from './kernel/map.js';

/**
 * What diff.ts drives. `state` points to the working state of kernel/diff-map.ts, with the window
 * behind it; `bytes` counts the window or what of it is filled. Negative answers: what was wrong.
 */
export interface DiffKernel {
  /** Number of cells changed, or PRUNED. */
  sortChanges(state: number, from: number, to: number, area: number, counters: number): number;
  encodeKeys(state: number, bytes: number): number;
  encodeUpdates(state: number, bytes: number): number;
  applyKeys(state: number, bytes: number, isLast: number): number;
  applyUpdates(state: number, sequence: number, bytes: number, isLast: number): number;
}

export interface StateKernel extends DiffKernel {
  setup(): void;
  allowReserve(allowed: number): void;
  cellCount(): number;
  indexLog2(): number;
  findAt(kind: number, io: number): number;
  /** The id or FULL_CELLS. */
  internAt(kind: number, io: number): number;
  /** Returns the version; the value goes to io + 32. */
  readLatestAt(id: number, io: number): number;
  /** Returns the version or PRUNED; the value goes to io + 32. */
  readSnapshotAt(id: number, sequence: number, io: number): number;
  versionAt(id: number): number;
  /** 0 or FULL_UNDO. */
  writeAt(id: number, sequence: number, io: number): number;
  restoreAt(id: number, sequence: number, io: number): void;
  /** Returns the kind; the address goes to io, the slot to io + 32. */
  keyAt(id: number, io: number): number;
  firstSlot(codeCell: number): number;
  nextSlot(slotCell: number): number;
  /** Pointer to a code entry by the hash at io + 32, or 0. */
  findCodeAt(io: number): number;
  codeBytes(entry: number): number;
  codeLength(entry: number): number;
  codeHashAt(entry: number, io: number): void;
  codeAtOffset(offset: number): number;
  entryBytes(length: number): number;
  codeEnd(): number;
  codeCount(): number;
  /** Where to put the bytes, or 0 for no room. */
  reserveCode(length: number): number;
  commitCodeAt(length: number, io: number): void;
  openMiniBlockAt(sequence: number): void;
  closeMiniBlockAt(sequence: number): void;
  openUndoAt(): number;
  openSequence(): number;
  closedSequence(): number;
  beginEpoch(): void;
  undoHeadAt(): number;
  undoTailAt(): number;
  retainFromAt(position: number): void;
  /** 0 or PRUNED. */
  rollbackAt(undo: number, cells: number, codeEnd: number): number;
  restoreMiniBlockAt(open: number, openUndo: number, closed: number): void;
  /** Number of records written after the 16 bytes at `target`, or PRUNED. */
  copyChanged(start: number, from: number, to: number, target: number, countMax: number): number;
  publishHeadAt(sequence: number): void;
  headAt(): number;
  putBlockHashAt(number: number, io: number): void;
  getBlockHashAt(number: number, io: number): number;
}

/** What a refusal of the kernel means to the caller; nothing was changed. */
export function refusal(status: number): DeltacastError {
  switch (status) {
    case map.FULL_CELLS:
      return new DeltacastError('ARENA_FULL', 'no free cells', { region: 'cells' });
    case map.FULL_UNDO:
      return new DeltacastError('ARENA_FULL', 'undo ring full', { region: 'undo' });
    case map.FULL_CODE:
      return new DeltacastError('ARENA_FULL', 'no room for code', { region: 'code' });
    default:
      return new DeltacastError('STATE_PRUNED', 'history no longer reaches there', {});
  }
}

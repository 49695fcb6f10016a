/**
 * The state kernel as TypeScript sees it: the exports of kernel/boundary.as.ts and how its refusals
 * become errors. Pointers are byte offsets in the arena; `io` is a thread's marshalling bytes with
 * an address at +0 (20 bytes) and a big-endian word at +32 (slot in, value in or out). Sequences and
 * ring positions cross as f64 because they stay below 2^53.
 */

import { DeltacastError } from './base/errors.js';
import { instantiateKernel } from './base/wasm.js';
import * as map from './kernel/map.js';

export interface StateKernel {
  setup(): void;
  staticEnd(): number;
  findAt(kind: number, io: number): number;
  internAt(kind: number, io: number): number;
  /** Returns the version; the value goes to io + 32. */
  readLatestAt(id: number, io: number): number;
  /** Returns the version or PRUNED. */
  readSnapshotAt(id: number, sequence: number, io: number): number;
  versionAt(id: number): number;
  writeAt(id: number, sequence: number, io: number): number;
  restoreAt(id: number, sequence: number, io: number): void;
  /** Returns the kind; the address goes to io, the slot to io + 32. */
  keyAt(id: number, io: number): number;
  firstSlot(codeCell: number): number;
  nextSlot(slotCell: number): number;
  cellCount(): number;
  codeCount(): number;
  /** The ordinal of the code, or FULL_CODE; its hash is at io + 32, its bytes at `source`. */
  findCodeAt(io: number): number;
  codePointer(entry: number): number;
  codeLength(entry: number): number;
  reserveCode(length: number): number;
  commitCodeAt(entry: number, length: number, io: number): void;
  nextCode(entry: number): number;
  openMiniBlock(sequence: number): void;
  closeMiniBlock(sequence: number): void;
  beginEpoch(): void;
  undoHead(): number;
  undoTail(): number;
  retainFrom(position: number): void;
  rollbackTo(undo: number, cells: number, codes: number, codeEnd: number): number;
  copyChanged(from: number, to: number, target: number, countMax: number): number;
  publishHead(sequence: number): void;
  head(): number;
  putBlockHashAt(number: number, io: number): void;
  getBlockHashAt(number: number, io: number): number;
}

export function openKernel(memory: WebAssembly.Memory): StateKernel {
  return instantiateKernel<StateKernel>('state', memory);
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

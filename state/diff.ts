/**
 * A diff is what one mini-block changed: codes and keys made in it, and every cell whose value at
 * its end differs from the value before. It is a function of the two states and of the order in
 * which keys were interned, never of who executed what: the same bytes for any number of workers.
 * The format is specified in ARCHITECTURE.md, "The diff". The kernel (kernel/diff-*.as.ts) writes
 * and reads the sections; here they are put together, and a diff's claims are checked before
 * anything is allocated. Sections stream through the calling thread's scratch in portions, so a
 * diff may be of any size; changes are sorted in BATCH_IN, which is free while no batch runs.
 */

import type { Arena, ArenaMark } from './arena.js';
import type { UndoRange } from './arena-changes.js';
import { assert } from './base/assert.js';
import { concatBytes } from './base/bytes.js';
import { keccak256 } from './base/keccak.js';
import {
  type DiffParts,
  headerBytes,
  invalid,
  partsOf,
  readVarint,
  varintBytes,
} from './diff-format.js';
import { DiffSection } from './diff-section.js';

export interface DiffStatistics {
  /** Of the whole diff, header included. */
  readonly bytes: number;
  readonly codes: number;
  /** Lengths included. */
  readonly codeBytes: number;
  readonly newKeys: number;
  readonly keyBytes: number;
  /** Cells whose value changed, new ones included. */
  readonly updates: number;
  readonly updateBytes: number;
}

/**
 * What changed in a closed mini-block, right after it closed. Not while a batch runs.
 * @param range  what closeMiniBlock returned
 * @param since  the mark taken when it was opened (openMiniBlock's result)
 */
export function encodeDiff(arena: Arena, range: UndoRange, since: ArenaMark): Uint8Array {
  assert(since.undo === range.from, 'mark and range are of one mini-block');
  assert(arena.undoPosition === range.to, 'nothing was written since it closed');
  const codes = arena.codesSince(since);
  const section = new DiffSection(arena);
  const keyCount = arena.cellCount - since.cells;
  const keys = section.encodeKeys(since.cells, keyCount);
  const updates = section.encodeUpdates(range);
  const keyBytes = keys.reduce((sum, portion) => sum + portion.length, 0);
  return concatBytes(
    headerBytes([codes.length, keyCount, keyBytes, section.updatesWritten]),
    ...codes.flatMap(({ bytes }) => [varintBytes(bytes.length), bytes]),
    ...keys,
    ...updates,
  );
}

/**
 * Applies a diff inside an open mini-block at this sequence (all writes get it), from the state
 * that it was made from. Not while a batch runs.
 * @param sequence  not below the first of the mini-block, nor below what it has written so far
 * @throws DeltacastError DIFF_INVALID {why} for any malformed diff, ARENA_FULL; what was changed
 * until then is for the caller to roll back
 */
export function applyDiff(arena: Arena, diff: Uint8Array, sequence: number): DiffStatistics {
  assert(Number.isSafeInteger(sequence) && sequence > 0, 'a sequence is a positive integer');
  const parts = partsOf(diff);
  putCodes(arena, diff, parts);
  const section = new DiffSection(arena);
  section.applyKeys(diff.subarray(parts.keysAt, parts.updatesAt), parts.keys);
  section.applyUpdates(diff.subarray(parts.updatesAt), parts.updates, sequence);
  return statisticsOf(diff, parts);
}

/**
 * Counts without applying: updates, keys and codes, and the bytes of each part.
 * @throws DeltacastError DIFF_INVALID where the header or the lengths of codes are wrong
 */
export function diffStatistics(diff: Uint8Array): DiffStatistics {
  return statisticsOf(diff, partsOf(diff));
}

function statisticsOf(diff: Uint8Array, parts: DiffParts): DiffStatistics {
  return {
    bytes: diff.length,
    codes: parts.codes,
    codeBytes: parts.keysAt - parts.codesAt,
    newKeys: parts.keys,
    keyBytes: parts.updatesAt - parts.keysAt,
    updates: parts.updates,
    updateBytes: diff.length - parts.updatesAt,
  };
}

/** The hash is not in the diff: it is made from the bytes. */
function putCodes(arena: Arena, diff: Uint8Array, parts: DiffParts): void {
  let at = parts.codesAt;
  for (let left = parts.codes; left > 0; left--) {
    const length = readVarint(diff, at);
    const start = length.end;
    at = start + length.value;
    const bytes = diff.subarray(start, at);
    const hash = keccak256(bytes);
    if (arena.hasCode(hash)) throw invalid('a code that is there already');
    arena.putCode(hash, bytes);
  }
  assert(at === parts.keysAt, 'codes end where the keys begin');
}

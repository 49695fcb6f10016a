/**
 * What is around a diff's sections: {version, number of codes, of keys, bytes of keys, number of
 * updates}, codes, keys, updates (ARCHITECTURE.md, "The diff"). Every claim is held against the
 * bytes that are there: an item takes at least one, so no count promises more than there can be.
 */
import { DeltacastError } from './base/errors.js';
import { DIFF_VERSION } from './kernel/diff-map.js';

/** Where things are in a diff; the keys end at `updatesAt`, the updates at its end. */
export interface DiffParts {
  readonly codes: number;
  readonly keys: number;
  readonly updates: number;
  readonly codesAt: number;
  readonly keysAt: number;
  readonly updatesAt: number;
}

/** Numbers up to 2^35 - 1, far above the length of any diff. */
const VARINT_BYTES_MAX = 5;

export function invalid(why: string): DeltacastError {
  return new DeltacastError('DIFF_INVALID', `malformed diff: ${why}`, { why });
}

/** @param counts  of codes, keys, bytes of keys, updates */
export function headerBytes(counts: readonly number[]): Uint8Array {
  return Uint8Array.from([DIFF_VERSION, ...counts.flatMap((count) => [...varintBytes(count)])]);
}

/** Reads the header and steps over the codes. @throws DeltacastError DIFF_INVALID */
export function partsOf(diff: Uint8Array): DiffParts {
  if (diff[0] !== DIFF_VERSION) throw invalid('an unknown version');
  const codes = readVarint(diff, 1);
  const keys = readVarint(diff, codes.end);
  const keyBytes = readVarint(diff, keys.end);
  const updates = readVarint(diff, keyBytes.end);
  const codesAt = updates.end;
  if (codes.value > diff.length - codesAt) throw invalid('more codes than bytes');
  const keysAt = skipCodes(diff, codesAt, codes.value);
  const updatesAt = keysAt + keyBytes.value;
  if (updatesAt > diff.length) throw invalid('more bytes of keys than bytes');
  if (keys.value > keyBytes.value) throw invalid('more keys than bytes');
  if (updates.value > diff.length - updatesAt) throw invalid('more updates than bytes');
  return {
    codes: codes.value,
    keys: keys.value,
    updates: updates.value,
    codesAt,
    keysAt,
    updatesAt,
  };
}

function skipCodes(diff: Uint8Array, start: number, count: number): number {
  let at = start;
  for (let left = count; left > 0; left--) {
    const length = readVarint(diff, at);
    at = length.end + length.value;
    if (at > diff.length) throw invalid('a code longer than what is left');
  }
  return at;
}

/** Seven bits a byte, lowest first. */
export function varintBytes(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  bytes.push(left);
  return Uint8Array.from(bytes);
}

/** @throws DeltacastError DIFF_INVALID for one that is cut off, too long or longer than need be */
export function readVarint(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  let scale = 1;
  for (let index = 0; index < VARINT_BYTES_MAX; index++) {
    const byte = bytes[start + index];
    if (byte === undefined) throw invalid('cut off in a number');
    value += (byte % 128) * scale;
    scale *= 128;
    if (byte >= 128) continue;
    if (byte === 0 && index > 0) throw invalid('a number longer than need be');
    return { value, end: start + index + 1 };
  }
  throw invalid('a number too long');
}

/**
 * Is what an engine wrote an outcome record from its first byte to its last? Asked once by the
 * worker that executed it: the commit then walks the record without looking out, and an engine that
 * breaks its promise costs its own transaction and not the state.
 */
import { INVALID_REASONS, STATUS_AT, STATUS_FAULT } from './outcome.js';

const REASON_AT = 5;
const LISTS_AT = 69;
const KIND_MAX = 3;
const KEY_BYTES = 21;
const WORD_BYTES = 32;
const VERSION_BYTES = 8;
const TOPICS_MAX = 4;
const BROKEN = -1;

/** @param at,written  where the record lies, and its length as the engine gave it, in bytes */
export function isWholeOutcome(bytes: Uint8Array, at: number, written: number): boolean {
  const end = at + written;
  if (!Number.isInteger(written) || written < LISTS_AT || end > bytes.length) return false;
  if (u32(bytes, at) !== written) return false;
  if ((bytes[at + STATUS_AT] ?? 0) > STATUS_FAULT) return false;
  if ((bytes[at + REASON_AT] ?? 0) >= INVALID_REASONS.length) return false;
  let next = afterKeys(bytes, at + LISTS_AT, end, VERSION_BYTES);
  if (next !== BROKEN) next = afterKeys(bytes, next, end, WORD_BYTES);
  if (next !== BROKEN) next = afterCodes(bytes, next, end);
  if (next !== BROKEN) next = afterLogs(bytes, next, end);
  return next !== BROKEN && next + 4 <= end && next + 4 + u32(bytes, next) === end;
}

/** The offset after a counted list, or BROKEN where it does not end before `end`; so below. */
function afterKeys(bytes: Uint8Array, list: number, end: number, valueBytes: number): number {
  if (list + 4 > end) return BROKEN;
  let next = list + 4;
  for (let left = u32(bytes, list); left > 0; left -= 1) {
    const kind = bytes[next] ?? 0;
    if (kind > KIND_MAX) return BROKEN;
    next += KEY_BYTES + (kind === KIND_MAX ? WORD_BYTES : 0) + valueBytes;
    if (next > end) return BROKEN;
  }
  return next;
}

function afterCodes(bytes: Uint8Array, list: number, end: number): number {
  if (list + 4 > end) return BROKEN;
  let next = list + 4;
  for (let left = u32(bytes, list); left > 0; left -= 1) {
    if (next + WORD_BYTES + 4 > end) return BROKEN;
    next += WORD_BYTES + 4 + u32(bytes, next + WORD_BYTES);
    if (next > end) return BROKEN;
  }
  return next;
}

function afterLogs(bytes: Uint8Array, list: number, end: number): number {
  if (list + 4 > end) return BROKEN;
  let next = list + 4;
  for (let left = u32(bytes, list); left > 0; left -= 1) {
    if (next + KEY_BYTES > end) return BROKEN;
    const topics = bytes[next + KEY_BYTES - 1] ?? 0;
    next += KEY_BYTES + topics * WORD_BYTES;
    if (topics > TOPICS_MAX || next + 4 > end) return BROKEN;
    next += 4 + u32(bytes, next);
    if (next > end) return BROKEN;
  }
  return next;
}

function u32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) +
    (bytes[at + 1] ?? 0) * 0x100 +
    (bytes[at + 2] ?? 0) * 0x1_0000 +
    (bytes[at + 3] ?? 0) * 0x100_0000
  );
}

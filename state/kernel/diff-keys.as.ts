/**
 * The keys section of a diff: cells interned since the mark, in id order, each {tag, source of the
 * address, slot} (ARCHITECTURE.md, "The diff"). Ids are implied: the next one. The applier interns
 * each key and refuses any that is known, or that is written otherwise than the encoder would.
 */
import { cellCount, keyPointer } from "./arena.as";
import {
  ADDRESS_BACK, ADDRESS_LITERAL, ADDRESS_SAME, BACK_BYTES_MAX, D_LEFT, D_NEXT, D_SLOT, DIFF_KEY,
  DIFF_KEY_KNOWN, DIFF_SPILL_BYTES, DIFF_STATE_BYTES, DIFF_TRUNCATED, KEY_ENTRY_BYTES_MAX,
  SLOT_WHOLE,
} from "./diff-map";
import { byteLength, copyWord, loadNumber } from "./diff-value.as";
import { findCell, internCell, ownerOf } from "./keys.as";
import { KEY_KIND, KEY_SLOT, KIND_CODE, KIND_SLOT, NO_CELL } from "./map";

/** Writes keys from D_NEXT on, D_LEFT of them, until the window is full. @returns bytes written */
export function encodeKeys(state: usize, windowBytes: u32): u32 {
  const window = state + DIFF_STATE_BYTES;
  const full = window + windowBytes - KEY_ENTRY_BYTES_MAX - DIFF_SPILL_BYTES;
  let id = load<u32>(state, D_NEXT);
  const idEnd = id + load<u32>(state, D_LEFT);
  assert(idEnd <= cellCount());
  let out = window;
  for (; id < idEnd && out <= full; id++) out = putKey(out, id);
  store<u32>(state, id, D_NEXT);
  store<u32>(state, idEnd - id, D_LEFT);
  return <u32>(out - window);
}

function putKey(out: usize, id: u32): usize {
  const key = keyPointer(id);
  const kind = load<u32>(key, KEY_KIND);
  const referred = sameAddress(id);
  const source = sourceOf(id, referred);
  const slotBytes = kind == KIND_SLOT ? byteLength(key + KEY_SLOT) : 0;
  store<u8>(out, min(slotBytes, SLOT_WHOLE) << 4 | source << 2 | kind);
  let next = out + 1;
  if (source == ADDRESS_LITERAL) {
    memory.copy(next, key, 20);
    next += 20;
  }
  if (source == ADDRESS_BACK) next = putVarint(next, id - referred - 2);
  if (slotBytes == 0) return next;
  copyWord(key + KEY_SLOT, next);
  return next + (slotBytes < <u32>SLOT_WHOLE ? <usize>slotBytes : 32);
}

/**
 * The cell before this one that a new key takes its address from: the last, if it is the same
 * account's, else the account's code cell for a slot, else its latest field. NO_CELL for none.
 */
function sameAddress(id: u32): u32 {
  const key = keyPointer(id);
  if (id > 0 && isSameAddress(key, keyPointer(id - 1))) return id - 1;
  const kind = load<u32>(key, KEY_KIND);
  if (kind == KIND_SLOT) return ownerOf(id);
  let found: u32 = NO_CELL;
  for (let other: u32 = 0; other <= <u32>KIND_CODE; other++) {
    const cell: u32 = other == kind ? NO_CELL : findCell(other, key, 0);
    if (cell < id && (found == <u32>NO_CELL || cell > found)) found = cell;
  }
  return found;
}

@inline
function sourceOf(id: u32, referred: u32): u32 {
  if (referred == <u32>NO_CELL) return ADDRESS_LITERAL;
  return referred == id - 1 ? ADDRESS_SAME : ADDRESS_BACK;
}

@inline
function isSameAddress(a: usize, b: usize): bool {
  return load<u64>(a) == load<u64>(b) && load<u64>(a, 8) == load<u64>(b, 8)
    && load<u32>(a, 16) == load<u32>(b, 16);
}

/**
 * Interns keys from D_NEXT on until D_LEFT are done or the portion is used up.
 * @returns bytes consumed, or what was wrong (below 0)
 */
export function applyKeys(state: usize, bytes: u32, isLast: bool): i32 {
  const window = state + DIFF_STATE_BYTES;
  const end = window + bytes;
  const stop = isLast ? end : end - KEY_ENTRY_BYTES_MAX;
  let left = load<u32>(state, D_LEFT);
  let at = window;
  for (; left > 0 && at <= stop; left--) {
    const length = applyKey(state, at, end);
    if (length < 0) return length;
    at += length;
  }
  store<u32>(state, left, D_LEFT);
  return <i32>(at - window);
}

/** @returns its length, or what was wrong */
function applyKey(state: usize, start: usize, end: usize): i32 {
  if (start >= end) return DIFF_TRUNCATED;
  const tag = <u32>load<u8>(start);
  const source = (tag >> 2) & 3;
  let at = start + 1;
  const backBytes = source == ADDRESS_BACK ? varintBytes(at, end) : 0;
  if (source == ADDRESS_BACK && backBytes == 0) return DIFF_KEY;
  const back = source == ADDRESS_BACK ? loadVarint(at, backBytes) + 2 : 1;
  at += backBytes;
  const literal = at;
  if (source == ADDRESS_LITERAL) at += 20;
  const slotBytes = tag >> 4 == SLOT_WHOLE ? 32 : tag >> 4;
  loadNumber(at, slotBytes, state + D_SLOT);
  at += slotBytes;
  if (at > end) return DIFF_TRUNCATED;
  if (source > <u32>ADDRESS_BACK || !isSlotMinimal(tag, state + D_SLOT)) return DIFF_KEY;
  const status = source == ADDRESS_LITERAL
    ? internNext(state, tag & 3, literal, NO_CELL)
    : internAfter(state, tag & 3, back);
  return status < 0 ? status : <i32>(at - start);
}

/** Interns a key whose address is that of the cell `back` before it. */
function internAfter(state: usize, kind: u32, back: u32): i32 {
  const id = load<u32>(state, D_NEXT);
  if (back > id) return DIFF_KEY;
  return internNext(state, kind, keyPointer(id - back), id - back);
}

/** Interns a key that must be new and must have been written with this reference. */
function internNext(state: usize, kind: u32, address: usize, referred: u32): i32 {
  const id = load<u32>(state, D_NEXT);
  const interned = internCell(kind, address, state + D_SLOT);
  if (interned < 0) return interned;
  if (interned != <i32>id || cellCount() != id + 1) return DIFF_KEY_KNOWN;
  if (sameAddress(id) != referred) return DIFF_KEY;
  store<u32>(state, id + 1, D_NEXT);
  return 0;
}

/** Whether the length in a tag is the one that the encoder gives this slot. */
@inline
function isSlotMinimal(tag: u32, slot: usize): bool {
  if ((tag & 3) != KIND_SLOT) return tag >> 4 == 0;
  return min(byteLength(slot), SLOT_WHOLE) == tag >> 4;
}

/** Seven bits a byte, lowest first. */
function putVarint(out: usize, value: u32): usize {
  let next = out;
  let left = value;
  for (; left >= 128; left >>= 7) store<u8>(next++, left | 128);
  store<u8>(next, left);
  return next + 1;
}

/** Length of a varint, or 0 when it is too long, longer than need be or passes the end. */
function varintBytes(at: usize, end: usize): u32 {
  for (let length: u32 = 1; length <= <u32>BACK_BYTES_MAX && at + length <= end; length++) {
    const byte = load<u8>(at + length - 1);
    if (byte < 128) return byte == 0 && length > 1 ? 0 : length;
  }
  return 0;
}

function loadVarint(at: usize, length: u32): u32 {
  let value: u32 = 0;
  for (let index = length; index > 0; index--) {
    value = value << 7 | (load<u8>(at + index - 1) & 127);
  }
  return value;
}

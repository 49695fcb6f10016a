/**
 * The updates section of a diff: cells whose value at the end of the stretch differs from the one
 * before it, in id order, each {tag, gap, number} (ARCHITECTURE.md, "The diff"). The applier reads
 * an update whole, makes the new value of it, and lets the encoder's rule say how that change is
 * written: no other form is taken, so that a change has one encoding. Nothing else writes
 * meanwhile: lines are read with plain loads.
 */
import { cellCount, cellPointer } from "./arena.as";
import { storeValue } from "./cells.as";
import {
  D_CHANGES, D_FROM, D_LEFT, D_NEXT, D_VALUE, D_WORK, D_WRITTEN, DIFF_FORM, DIFF_NO_CELL,
  DIFF_SPILL_BYTES, DIFF_STATE_BYTES, DIFF_TRUNCATED, FORM_NONE, GAP_1_BYTE, GAP_2_BYTES,
  GAP_4_BYTES, UPDATE_BYTES_MAX,
} from "./diff-map";
import {
  applyForm, chooseForm, copyWord, isDecimal, loadNumber, payloadBytes,
} from "./diff-value.as";
import { undoPointer } from "./undo.as";

/** Enough to hide the misses behind each other, few enough to stay in the first-level cache. */
const TOUCHED_AHEAD: usize = 32;

/** Writes updates until all are done or the window is full. @returns bytes written */
export function encodeUpdates(state: usize, windowBytes: u32): u32 {
  const window = state + DIFF_STATE_BYTES;
  const full = window + windowBytes - UPDATE_BYTES_MAX - DIFF_SPILL_BYTES;
  const from = load<u64>(state, D_FROM);
  let change = <usize>load<u32>(state, D_CHANGES);
  const changesEnd = change + (<usize>load<u32>(state, D_LEFT) << 3);
  let next = load<u32>(state, D_NEXT);
  let written = load<u32>(state, D_WRITTEN);
  let out = window;
  let touched = change;
  for (; change < changesEnd && out <= full; change += 8) {
    if (change == touched) touched = touchLines(state, change, changesEnd);
    const id = load<u32>(change, 4);
    const old = undoPointer(from + load<u32>(change));
    const form = chooseForm(old, cellPointer(id), state + D_WORK);
    if (form == FORM_NONE) continue;
    out = putUpdate(out, id - next, form, state + D_WORK);
    next = id + 1;
    written++;
  }
  store<u32>(state, change, D_CHANGES);
  store<u32>(state, <u32>((changesEnd - change) >> 3), D_LEFT);
  store<u32>(state, next, D_NEXT);
  store<u32>(state, written, D_WRITTEN);
  return <u32>(out - window);
}

/**
 * Loads lines of some changes to come, one right after the other, so that their cache misses
 * overlap; in the loop that encodes, branches on what was loaded hold them apart.
 * @returns the first change whose lines were not loaded
 */
function touchLines(state: usize, change: usize, changesEnd: usize): usize {
  const from = load<u64>(state, D_FROM);
  const end = min(changesEnd, change + TOUCHED_AHEAD * 8);
  let sum: u64 = 0;
  for (let next = change; next < end; next += 8) {
    sum += load<u64>(cellPointer(load<u32>(next, 4)));
    sum += load<u64>(undoPointer(from + load<u32>(next)));
  }
  store<u64>(state, sum, D_WORK);
  return end;
}

@inline
function putUpdate(out: usize, gap: u32, form: u32, number: usize): usize {
  let next = putGap(out, gap, form & 63);
  const decimal = form >> 8;
  if (isDecimal(form & 63)) store<u8>(next++, decimal);
  copyWord(number, next);
  return next + payloadBytes(form & 63, decimal);
}

@inline
function putGap(out: usize, gap: u32, form: u32): usize {
  if (gap < <u32>GAP_1_BYTE) {
    store<u8>(out, form);
    return out + 1;
  }
  if (gap < <u32>GAP_2_BYTES) {
    store<u8>(out, 1 << 6 | form);
    store<u8>(out, gap - GAP_1_BYTE, 1);
    return out + 2;
  }
  if (gap < <u32>GAP_4_BYTES) {
    store<u8>(out, 2 << 6 | form);
    store<u16>(out, gap - GAP_2_BYTES, 1);
    return out + 3;
  }
  store<u8>(out, 3 << 6 | form);
  store<u32>(out, gap - GAP_4_BYTES, 1);
  return out + 5;
}

/**
 * Applies updates at a sequence until D_LEFT are done or the portion is used up.
 * @returns bytes consumed, or what was wrong (below 0)
 */
export function applyUpdates(state: usize, sequence: f64, bytes: u32, isLast: bool): i32 {
  const window = state + DIFF_STATE_BYTES;
  const end = window + bytes;
  const stop = isLast ? end : end - UPDATE_BYTES_MAX;
  let left = load<u32>(state, D_LEFT);
  let at = window;
  let touched = at;
  for (; left > 0 && at <= stop; left--) {
    if (at >= touched) touched = touchCells(state, at, end);
    const length = applyUpdate(state, at, end, <u64>sequence);
    if (length < 0) return length;
    at += length;
  }
  store<u32>(state, left, D_LEFT);
  return <i32>(at - window);
}

/** As `touchLines`, for updates to come; nothing is checked. @returns where the next one begins */
function touchCells(state: usize, start: usize, end: usize): usize {
  let next = <u64>load<u32>(state, D_NEXT);
  let at = start;
  let sum: u64 = 0;
  for (let count: usize = 0; count < TOUCHED_AHEAD && at < end; count++) {
    const tag = <u32>load<u8>(at);
    const form = tag & 63;
    const id = next + loadGap(at + 1, tag >> 6);
    if (id >= cellCount()) break;
    sum += load<u64>(cellPointer(<u32>id));
    at += 1 + gapBytes(tag >> 6);
    const decimal: u32 = isDecimal(form) ? load<u8>(at++) : 0;
    at += payloadBytes(form, decimal);
    next = id + 1;
  }
  store<u64>(state, sum, D_WORK);
  return at;
}

/** @returns its length, or what was wrong */
function applyUpdate(state: usize, start: usize, end: usize, sequence: u64): i32 {
  if (start >= end) return DIFF_TRUNCATED;
  const tag = <u32>load<u8>(start);
  const form = tag & 63;
  const id = <u64>load<u32>(state, D_NEXT) + loadGap(start + 1, tag >> 6);
  let at = start + 1 + gapBytes(tag >> 6);
  const decimal: u32 = isDecimal(form) ? load<u8>(at++) : 0;
  const numberBytes = payloadBytes(form, decimal);
  const number = state + D_WORK;
  loadNumber(at, numberBytes, number);
  at += numberBytes;
  if (at > end) return DIFF_TRUNCATED;
  if (id >= cellCount()) return DIFF_NO_CELL;
  const cell = cellPointer(<u32>id);
  const value = state + D_VALUE;
  applyForm(form, decimal, cell, number, value);
  if (chooseForm(cell, value, number) != (decimal << 8 | form)) return DIFF_FORM;
  const status = storeValue(<u32>id, value, sequence);
  if (status < 0) return status;
  store<u32>(state, <u32>id + 1, D_NEXT);
  return <i32>(at - start);
}

@inline
function loadGap(at: usize, width: u32): u64 {
  if (width == 0) return 0;
  if (width == 1) return GAP_1_BYTE + <u64>load<u8>(at);
  return width == 2 ? GAP_2_BYTES + <u64>load<u16>(at) : GAP_4_BYTES + <u64>load<u32>(at);
}

@inline
function gapBytes(width: u32): usize {
  return width == 3 ? 4 : width;
}

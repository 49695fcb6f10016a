/**
 * What the state root reads of the arena, in bulk: one record for each cell, its key and its value
 * as of a closing sequence. {address 20, zeros 11, kind 1, slot 32, value 32}, all big-endian: the
 * first 64 bytes are the encoding of a key that the root's specification hashes. Any reader's
 * thread. `target` is scratch of that thread: where to go on is left there as f64, the records
 * follow after 16 bytes.
 */
import { cellPointer, isCell, keyPointer } from "./arena.as";
import { hashFour } from "./blake3.as";
import { turnWord } from "./boundary.as";
import { kindOf } from "./keys.as";
import { isHot } from "./lines.as";
import { KEY_SLOT, PRUNED } from "./map";
import { isFirstChange, loadValueAt, reaches, undoCell } from "./undo.as";

/** Nodes whose cells are looked at before the first is read. */
const TOUCHED: u64 = 32;
const RECORD_BYTES: usize = 96;
const RECORD_KIND: usize = 31;
const RECORD_SLOT: usize = 32;
const RECORD_VALUE: usize = 64;

/**
 * Records for the cells changed in [from, to) of the undo ring, a stretch that began at `start`.
 * @returns their number, or PRUNED
 */
export function recordChanges(
  start: f64, from: f64, to: f64, sequence: f64, target: usize, countMax: u32,
): i32 {
  if (!reaches(<u64>start) || !reaches(<u64>to)) return PRUNED;
  let count: u32 = 0;
  let position = <u64>from;
  let touched = position;
  for (; position < <u64>to && count < countMax; position++) {
    if (position == touched) {
      touched = min(position + TOUCHED, <u64>to);
      touch(position, touched, target);
    }
    if (!isFirstChange(position, <u64>start)) continue;
    const id = undoCell(position);
    const record = target + 16 + <usize>count * RECORD_BYTES;
    if (loadValueAt(id, <u64>sequence, record) < 0) return PRUNED;
    writeRecord(id, record);
    count++;
  }
  store<f64>(target, <f64>position);
  return reaches(<u64>start) ? count : PRUNED;
}

/**
 * Loads the lines that these nodes' cells will need, so that the misses overlap. The sum goes where
 * it will be overwritten: it only keeps the loads.
 */
@inline
function touch(position: u64, end: u64, sink: usize): void {
  let sum: u32 = 0;
  for (let at = position; at < end; at++) {
    const id = undoCell(at);
    if (!isCell(id) || !isHot(id)) continue;
    sum += load<u32>(cellPointer(id)) + load<u32>(keyPointer(id));
  }
  store<u32>(sink, sum);
}

/**
 * Records for the cells [first, end) that are not 0. Some may be un-interned meanwhile by a
 * rollback: they came after the sequence, so they are 0. @returns their number, or PRUNED
 */
export function recordCells(
  first: u32, end: u32, sequence: f64, target: usize, countMax: u32,
): i32 {
  let count: u32 = 0;
  let id = first;
  for (; id < end && count < countMax; id++) {
    const record = target + 16 + <usize>count * RECORD_BYTES;
    if (loadValueAt(id, <u64>sequence, record) < 0) return PRUNED;
    if (!v128.any_true(v128.or(v128.load(record), v128.load(record, 16)))) continue;
    writeRecord(id, record);
    count++;
  }
  store<f64>(target, <f64>id);
  return count;
}

/**
 * The paths of the cells [first, end), 32 bytes each, four hashed at a time: a path is the BLAKE3
 * of the key. They come after 512 bytes for keys and tasks.
 */
export function recordPaths(first: u32, end: u32, target: usize): void {
  const tasks = target + 4 * RECORD_VALUE;
  let out = target + 512;
  for (let id = first; id < end; id += 4) {
    for (let lane: u32 = 0; lane < 4; lane++) {
      const key = target + <usize>lane * RECORD_VALUE;
      // Where there are no four left the last one is hashed again, to the same place.
      const index = min(lane, end - 1 - id);
      writeKey(id + index, key);
      store<u32>(tasks + (<usize>lane << 3), <u32>key);
      store<u32>(tasks + (<usize>lane << 3), <u32>(out + (<usize>index << 5)), 4);
    }
    hashFour(tasks, 0xffffffff, 0);
    out += 128;
  }
}

/** The value's limbs are at the record's start: turned round first, then the key over them. */
@inline
function writeRecord(id: u32, record: usize): void {
  turnWord(record, record + RECORD_VALUE);
  writeKey(id, record);
}

@inline
function writeKey(id: u32, record: usize): void {
  const key = keyPointer(id);
  v128.store(record, v128.load(key));
  v128.store(record, i64x2.splat(0), 16);
  store<u32>(record, load<u32>(key, 16), 16);
  store<u8>(record, <u8>kindOf(id), RECORD_KIND);
  turnWord(key + KEY_SLOT, record + RECORD_SLOT);
}

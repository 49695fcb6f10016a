/**
 * Code by its keccak256 hash. The CODE region begins with an index of u32 slots (entry offset / 64
 * + 1, linear probing on a seeded hash) and then holds entries one after the other, never moved:
 * {hash, length, ordinal, previous entry, bytes, at least 33 zeros}. An entry's pointer is good for
 * the life of the arena (a rollback of its making apart). Hashes are four u64 limbs, lowest first,
 * as in a code cell's value, so `findCode` takes a loaded cell value as it is.
 */
import { codeBase } from "./arena.as";
import { hashWord } from "./keys.as";
import {
  CODE_HEADER_BYTES, CODE_LENGTH, CODE_ORDINAL, CODE_PADDING_BYTES, CODE_PREVIOUS, FULL_CODE,
  H_CODE,
  H_CODE_COUNT, H_CODE_END, H_CODE_LAST, H_CODE_SLOTS,
} from "./map";

/**
 * Pointer to the entry of a code, or 0. Safe in any thread.
 * @param hash  pointer to four limbs: keccak256 as a word; 0, 1 and the hash of nothing have none
 */
export function findCode(hash: usize): usize {
  const slots = load<u32>(H_CODE_SLOTS);
  let at = homeSlot(hash, slots);
  while (true) {
    const offset = atomic.load<u32>(codeBase() + (<usize>at << 2));
    if (offset == 0) return 0;
    const entry = entryPointer(offset);
    if (isHash(entry, hash)) return entry;
    at = (at + 1) & (slots - 1);
  }
}

/** Pointer to the bytes of an entry; at least 33 zero bytes follow the last. */
@inline
export function codeBytes(entry: usize): usize {
  return entry + CODE_HEADER_BYTES;
}

@inline
export function codeLength(entry: usize): u32 {
  return load<u32>(entry, CODE_LENGTH);
}

/** Codes are numbered from 0 in the order of their making, the same on every node. */
@inline
export function codeOrdinal(entry: usize): u32 {
  return load<u32>(entry, CODE_ORDINAL);
}

/**
 * Stores a code unless it is there (writer only).
 * @param hash    pointer to the limbs of its keccak256 (not checked here)
 * @param source  pointer to the bytes, anywhere in the arena
 * @returns 0, or FULL_CODE with nothing changed
 */
export function internCode(hash: usize, source: usize, length: u32): i32 {
  if (findCode(hash) != 0) return 0;
  const target = reserveCode(length);
  if (target == 0) return FULL_CODE;
  memory.copy(target, source, length);
  commitCode(hash, length);
  return 0;
}

/** Where the bytes of the next entry go, or 0 for no room; nothing changes before `commitCode`. */
export function reserveCode(length: u32): usize {
  const end = load<u32>(H_CODE_END);
  const count = load<u32>(H_CODE_COUNT);
  if (<u64>length > <u64>load<u32>(H_CODE, 4)) return 0;
  if (<u64>end + entryBytes(length) > <u64>load<u32>(H_CODE, 4)) return 0;
  if ((count + 1) * 4 > load<u32>(H_CODE_SLOTS) * 3) return 0;
  return codeBytes(codeBase() + end);
}

/** Publishes the entry whose bytes the caller has put where `reserveCode` said. */
export function commitCode(hash: usize, length: u32): void {
  const end = load<u32>(H_CODE_END);
  assert(reserveCode(length) != 0);
  assert(findCode(hash) == 0);
  const entry = codeBase() + end;
  v128.store(entry, v128.load(hash));
  v128.store(entry, v128.load(hash, 16), 16);
  store<u32>(entry, length, CODE_LENGTH);
  store<u32>(entry, load<u32>(H_CODE_COUNT), CODE_ORDINAL);
  store<u32>(entry, load<u32>(H_CODE_LAST), CODE_PREVIOUS);
  store<u32>(H_CODE_LAST, end);
  atomic.store<u32>(H_CODE_COUNT, load<u32>(H_CODE_COUNT) + 1);
  atomic.store<u32>(H_CODE_END, end + entryBytes(length));
  atomic.store<u32>(freeSlot(hash), (end >> 6) + 1);
}

/** The entry that follows, or 0 for the last; `offset` 0 of the first is `firstCode`. */
export function codeAtOffset(offset: u32): usize {
  assert((offset & 63) == 0);
  return offset < atomic.load<u32>(H_CODE_END) ? codeBase() + offset : 0;
}

/** Offset in the region at which the next entry will lie: part of a mark. */
export function codeEnd(): u32 {
  return atomic.load<u32>(H_CODE_END);
}

export function codeCount(): u32 {
  return atomic.load<u32>(H_CODE_COUNT);
}

/** Bytes of the region that an entry of this length takes. */
@inline
export function entryBytes(length: u32): u32 {
  return (CODE_HEADER_BYTES + length + CODE_PADDING_BYTES + 63) & ~63;
}

/** Takes back the newest entries down to an earlier `codeEnd` (writer only). */
export function dropCodes(end: u32): void {
  const endBefore = load<u32>(H_CODE_END);
  assert(end <= endBefore);
  while (load<u32>(H_CODE_END) > end) {
    const offset = load<u32>(H_CODE_LAST);
    assert(offset >= end);
    const entry = codeBase() + offset;
    atomic.store<u32>(slotOf(entry, (offset >> 6) + 1), 0);
    store<u32>(H_CODE_LAST, load<u32>(entry, CODE_PREVIOUS));
    atomic.store<u32>(H_CODE_COUNT, load<u32>(H_CODE_COUNT) - 1);
    atomic.store<u32>(H_CODE_END, offset);
  }
  memory.fill(codeBase() + end, 0, endBefore - end);
}

@inline
function homeSlot(hash: usize, slots: u32): u32 {
  return hashWord(hash) & (slots - 1);
}

@inline
function entryPointer(slot: u32): usize {
  return codeBase() + (<usize>(slot - 1) << 6);
}

@inline
function isHash(entry: usize, hash: usize): bool {
  const low = v128.xor(v128.load(entry), v128.load(hash));
  const high = v128.xor(v128.load(entry, 16), v128.load(hash, 16));
  return !v128.any_true(v128.or(low, high));
}

function freeSlot(hash: usize): usize {
  const slots = load<u32>(H_CODE_SLOTS);
  let at = homeSlot(hash, slots);
  while (load<u32>(codeBase() + (<usize>at << 2)) != 0) at = (at + 1) & (slots - 1);
  return codeBase() + (<usize>at << 2);
}

/** The index slot that leads to an entry; as with keys, the newest is removed without tombstone. */
function slotOf(entry: usize, value: u32): usize {
  const slots = load<u32>(H_CODE_SLOTS);
  let at = homeSlot(entry, slots);
  while (true) {
    const slot = codeBase() + (<usize>at << 2);
    const found = load<u32>(slot);
    assert(found != 0);
    if (found == value) return slot;
    at = (at + 1) & (slots - 1);
  }
}

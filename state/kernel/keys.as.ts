/**
 * From a key to a dense id. Keys lie in a column by id; the index is an open-addressing table of
 * u64 slots {hash32, id + 1}, found by the top bits of the hash, so that a table of twice the size
 * is filled by one sequential sweep. Tables of all sizes lie one after the other: growing publishes
 * the next by one atomic store and leaves the old one readable. The hash is multilinear with secret
 * 64-bit keys (Lemire and Kaser, "Strongly universal string hashing is fast", multilinear-HM): no
 * choice of keys collides more often than 2^-32 without knowing the seed. Whole keys are compared.
 * One writer; readers in other threads see a key line complete before a slot that leads to it.
 * Measured against key and cell lines side by side: no gain for find-then-read at 1M random cells
 * (363-383 against 389-413 ns), and reads by id among 64k cells twice as slow. Against an account's
 * keys beginning at one place of the index: ERC-20 among 1M accounts is 10% slower, since each is
 * looked for past the others.
 */
import { cellPointer, isCell, keyPointer } from "./arena.as";
import { clearCell, dropLines, giveLine, hasLines, isHot, lineOf } from "./lines.as";
import {
  CELL_BYTES, FULL_CELLS, H_CELLS, H_CELL_COUNT, H_CELL_LIMIT, H_GROWN_AT, H_INDEX,
  H_INDEX_LOG2_MAX, H_INDEX_WORD, H_KEYS, H_SEED, INDEX_LOG2_MIN, INDEX_SLOT_BYTES, KEY_BYTES,
  KEY_KIND, KEY_LINK, KEY_NEXT, KEY_SLOT, KIND_CODE, KIND_SLOT, NO_CELL,
} from "./map";

const OS_PAGE_BYTES: usize = 4096;

/**
 * The id of a key, or NO_CELL when it has never been interned (its value is then 0, version 0).
 * @param kind     0 balance, 1 nonce, 2 code, 3 slot
 * @param address  pointer to 20 raw bytes, any alignment
 * @param slot     pointer to four u64 limbs, lowest first; not read unless kind is 3
 * Safe in any thread. Misses the cache twice as a rule: index slot, key line.
 */
export function findCell(kind: u32, address: usize, slot: usize): u32 {
  return findHashed(hashKey(kind, address, slot), kind, address, slot);
}

/** The same with the hash from `hashKey` at hand. */
export function findHashed(hash: u32, kind: u32, address: usize, slot: usize): u32 {
  assert(kind <= <u32>KIND_SLOT);
  return findInline(hash, kind, address, slot);
}

/** For the caller whose time is mostly this. A miss is certain only under one table. */
@inline
export function findInline(hash: u32, kind: u32, address: usize, slot: usize): u32 {
  while (true) {
    const word = atomic.load<u32>(H_INDEX_WORD);
    const id = findInTable(word & 0xff, hash, kind, address, slot);
    if (id != <u32>NO_CELL || atomic.load<u32>(H_INDEX_WORD) == word) return id;
  }
}

/**
 * The id of a key, interned if need be: by the writer only, in commit order, so that ids are the
 * same everywhere. A slot's account gets its code cell first (the head of its chain of slots).
 * @returns the id, or FULL_CELLS with nothing changed
 */
export function internCell(kind: u32, address: usize, slot: usize): i32 {
  const hash = hashKey(kind, address, slot);
  const known = findHashed(hash, kind, address, slot);
  if (known != <u32>NO_CELL) return known;
  if (kind != KIND_SLOT) return hasRoom(1) ? append(hash, kind, address, 0) : FULL_CELLS;
  const codeHash = hashKey(KIND_CODE, address, 0);
  let owner = findHashed(codeHash, KIND_CODE, address, 0);
  if (!hasRoom(owner == <u32>NO_CELL ? 2 : 1)) return FULL_CELLS;
  if (owner == <u32>NO_CELL) owner = append(codeHash, KIND_CODE, address, 0);
  const id = append(hash, kind, address, slot);
  link(id, owner);
  return id;
}

/** True when `count` more cells may be interned. */
export function hasRoom(count: u32): bool {
  return load<u32>(H_CELL_COUNT) + count <= load<u32>(H_CELL_LIMIT) && hasLines(count);
}

/** Kind of an interned cell. */
export function kindOf(id: u32): u32 {
  assert(isCell(id));
  return load<u32>(keyPointer(id), KEY_KIND);
}

/** The newest slot cell of the account of this code cell, or NO_CELL. */
export function firstSlot(codeCell: u32): u32 {
  assert(isCell(codeCell));
  return atomic.load<u32>(keyPointer(codeCell), KEY_LINK) - 1;
}

/**
 * The slot cell of the same account interned before this one, or NO_CELL. Ids only fall along a
 * chain, so that a reader overtaken by a rollback ends all the same.
 */
export function nextSlot(slotCell: u32): u32 {
  assert(isCell(slotCell));
  const next = load<u32>(keyPointer(slotCell), KEY_NEXT) - 1;
  return next < slotCell ? next : NO_CELL;
}

/** The code cell of a slot's account. */
export function ownerOf(slotCell: u32): u32 {
  assert(kindOf(slotCell) == KIND_SLOT);
  return load<u32>(keyPointer(slotCell), KEY_LINK) - 1;
}

/** Seeded hash of a key; its top bits choose the place, all of it is the tag. */
export function hashKey(kind: u32, address: usize, slot: usize): u32 {
  const sum = hashAddress(address);
  return kind == KIND_SLOT ? hashSlot(sum, address, slot) : hashField(sum, address, kind);
}

/** The hash of an account's balance key before its upper half is taken: all others begin so. */
@inline
export function hashAddress(address: usize): u64 {
  return load<u64>(H_SEED, 112) + mix(address, 0, 0) + mix(address, 8, 16)
    + tailOf(address) * load<u64>(H_SEED, 40);
}

/** hashKey of a balance, nonce or code. @param sum  hashAddress of the address */
@inline
export function hashField(sum: u64, address: usize, kind: u32): u32 {
  return <u32>((sum + tailOf(address) * kind) >> 32);
}

/** hashKey of a slot. */
@inline
export function hashSlot(sum: u64, address: usize, slot: usize): u32 {
  return <u32>((sum + tailOf(address) * KIND_SLOT + mixWord(slot)) >> 32);
}

/** Seeded hash of one 32-byte word. */
export function hashWord(word: usize): u32 {
  return <u32>((load<u64>(H_SEED, 112) + mixWord(word)) >> 32);
}

/**
 * Loads what looking up five keys and reading their cells will need: index slots first, then the
 * lines of whatever keys are there. Lines that no cache holds so come side by side, not each when
 * the one before has been made sense of. @returns a number that the caller has to use up
 */
// Five parameters: hashes.
export function touchCells(a: u32, b: u32, c: u32, d: u32, e: u32): u32 {
  const log2 = load<u32>(H_INDEX_WORD) & 0xff, right = 32 - log2;
  const table = tablePointer(log2);
  const at = firstWord(table, a >> right), bt = firstWord(table, b >> right);
  const ct = firstWord(table, c >> right), dt = firstWord(table, d >> right);
  const et = firstWord(table, e >> right);
  return touchLines(at) | touchLines(bt) | touchLines(ct) | touchLines(dt) | touchLines(et);
}

/**
 * The same for a list of hashes, u32 each, which it overwrites. Keys are looked for in full;
 * many are not in the first slot. Nothing but loads is in a loop that loads: among many other
 * instructions a core sees too few of them at once to have many misses under way.
 */
export function touchAll(hashes: usize, end: usize): u32 {
  const log2 = load<u32>(H_INDEX_WORD) & 0xff, right = 32 - log2;
  const table = tablePointer(log2), mask: u32 = (1 << log2) - 1;
  let touched: u32 = 0;
  for (let at = hashes; at < end; at += 4) touched |= firstWord(table, load<u32>(at) >> right);
  for (let at = hashes; at < end; at += 4) {
    store<u32>(at, wordOf(table, mask, load<u32>(at) >> right, load<u32>(at)));
  }
  for (let at = hashes; at < end; at += 4) touched |= touchLines(load<u32>(at));
  return touched;
}

/** The id plus one of the first key with this hash, or 0. */
// Four parameters: the table, and where to begin.
@inline
function wordOf(table: usize, mask: u32, from: u32, hash: u32): u32 {
  let at = from;
  let entry = load<u64>(table + <usize>at * INDEX_SLOT_BYTES);
  while (entry != 0 && <u32>(entry >> 32) != hash) {
    at = (at + 1) & mask;
    entry = load<u64>(table + <usize>at * INDEX_SLOT_BYTES);
  }
  return <u32>entry;
}

@inline
function firstWord(table: usize, at: u32): u32 {
  return load<u32>(table + <usize>at * INDEX_SLOT_BYTES);
}

/** @param word  an id plus one; 0 stands for the first */
@inline
function touchLines(word: u32): u32 {
  if (isDefined(COLD)) return touchHot(word - u32(word != 0));
  const line = <usize>(word - u32(word != 0)) * CELL_BYTES;
  return load<u32>(<usize>load<u32>(H_KEYS) + line) | load<u32>(<usize>load<u32>(H_CELLS) + line);
}

@inline
function touchHot(id: u32): u32 {
  if (!isHot(id)) return 0;
  const line = <usize>lineOf(id) * CELL_BYTES;
  return load<u32>(<usize>load<u32>(H_KEYS) + line) | load<u32>(<usize>load<u32>(H_CELLS) + line);
}

/** Un-interns the newest cells until `count` are left (writer only; their values are undone). */
export function uninternTo(count: u32): void {
  const countBefore = load<u32>(H_CELL_COUNT);
  assert(count <= countBefore);
  for (let id = countBefore; id > count; id--) unlink(id - 1);
  const indexed = dropTables(count);
  for (let id = min(indexed, countBefore); id > count; id--) removeFromIndex(id - 1);
  atomic.store<u32>(H_CELL_COUNT, count);
  if (isDefined(COLD)) return dropLines(count, countBefore);
  memory.fill(keyPointer(count), 0, <usize>(countBefore - count) * KEY_BYTES);
  for (let id = count; id < countBefore; id++) clearCell(cellPointer(id));
}

@inline
function mix(words: usize, at: usize, seed: usize): u64 {
  return (load<u64>(<usize>H_SEED + seed) + load<u32>(words + at))
    * (load<u64>(<usize>H_SEED + seed, 8) + load<u32>(words + at, 4));
}

/** The end of an address; in the hash it is multiplied by a key and the kind. */
@inline
function tailOf(address: usize): u64 {
  return load<u64>(H_SEED, 32) + load<u32>(address, 16);
}

@inline
function mixWord(word: usize): u64 {
  return mix(word, 0, 48) + mix(word, 8, 64) + mix(word, 16, 80) + mix(word, 24, 96);
}

@inline
function tablePointer(log2: u32): usize {
  const slotsBefore = (1 << log2) - (1 << INDEX_LOG2_MIN);
  return <usize>load<u32>(H_INDEX) + <usize>slotsBefore * INDEX_SLOT_BYTES;
}

@inline
function findInTable(log2: u32, hash: u32, kind: u32, address: usize, slot: usize): u32 {
  const table = tablePointer(log2);
  const mask: u32 = (1 << log2) - 1;
  let at = hash >> (32 - log2);
  while (true) {
    const entry = atomic.load<u64>(table + <usize>at * INDEX_SLOT_BYTES);
    if (entry == 0) return NO_CELL;
    if (<u32>(entry >> 32) == hash) {
      const id = <u32>entry - 1;
      if (isKey(keyPointer(id), kind, address, slot)) return id;
    }
    at = (at + 1) & mask;
  }
}

@inline
function isKey(key: usize, kind: u32, address: usize, slot: usize): bool {
  if (load<u64>(key) != load<u64>(address)) return false;
  if (load<u64>(key, 8) != load<u64>(address, 8)) return false;
  if (load<u32>(key, 16) != load<u32>(address, 16)) return false;
  if (load<u32>(key, KEY_KIND) != kind) return false;
  if (kind != KIND_SLOT) return true;
  const low = v128.xor(v128.load(key, KEY_SLOT), v128.load(slot));
  const high = v128.xor(v128.load(key, KEY_SLOT + 16), v128.load(slot, 16));
  return !v128.any_true(v128.or(low, high));
}

/** Key line, then the count, then the index slot: each complete before the next is visible. */
function append(hash: u32, kind: u32, address: usize, slot: usize): u32 {
  const id = load<u32>(H_CELL_COUNT);
  assert(isCell(id));
  growFor(id);
  if (isDefined(COLD)) giveLine(id);
  const key = keyPointer(id);
  store<u64>(key, load<u64>(address));
  store<u64>(key, load<u64>(address, 8), 8);
  store<u32>(key, load<u32>(address, 16), 16);
  store<u32>(key, kind, KEY_KIND);
  if (kind == KIND_SLOT) {
    v128.store(key, v128.load(slot), KEY_SLOT);
    v128.store(key, v128.load(slot, 16), KEY_SLOT + 16);
  }
  atomic.store<u32>(H_CELL_COUNT, id + 1);
  const log2 = atomic.load<u32>(H_INDEX_WORD) & 0xff;
  place(log2, (<u64>hash << 32) | (id + 1));
  return id;
}

/** Puts a slot cell at the head of its account's chain. */
function link(id: u32, owner: u32): void {
  const key = keyPointer(id);
  const ownerKey = keyPointer(owner);
  if (isDefined(COLD)) assert(isHot(owner));
  store<u32>(key, load<u32>(ownerKey, KEY_LINK), KEY_NEXT);
  atomic.store<u32>(key, owner + 1, KEY_LINK);
  atomic.store<u32>(ownerKey, id + 1, KEY_LINK);
}

function unlink(id: u32): void {
  const key = keyPointer(id);
  if (load<u32>(key, KEY_KIND) != KIND_SLOT) return;
  const ownerKey = keyPointer(load<u32>(key, KEY_LINK) - 1);
  if (isDefined(COLD)) assert(isHot(load<u32>(key, KEY_LINK) - 1));
  assert(load<u32>(ownerKey, KEY_LINK) == id + 1);
  atomic.store<u32>(ownerKey, load<u32>(key, KEY_NEXT), KEY_LINK);
}

/** Doubles the table when the next key would pass five eighths (layout.ts plans with the same). */
function growFor(count: u32): void {
  const word = atomic.load<u32>(H_INDEX_WORD);
  const log2 = word & 0xff;
  if ((count + 1) * 8 <= <u32>5 << log2) return touchNext(log2, count);
  assert(log2 < load<u32>(H_INDEX_LOG2_MAX));
  const table = tablePointer(log2);
  const tableEnd = table + (<usize>INDEX_SLOT_BYTES << log2);
  for (let slot = table; slot < tableEnd; slot += INDEX_SLOT_BYTES) {
    const entry = load<u64>(slot);
    if (entry != 0) placeUnseen(log2 + 1, entry);
  }
  store<u32>(H_GROWN_AT + ((log2 + 1) << 2), count);
  publishTable(word, log2 + 1);
}

/**
 * Page faults are most of the cost of growing: over the second half of a table's life the pages of
 * the next are touched one by one, a page for each 64 keys (80 would do). Its content stays zero.
 */
@inline
function touchNext(log2: u32, count: u32): void {
  const past = count - (<u32>5 << log2 >> 4);
  if ((past & 63) != 0 || past >> 31) return;
  const at = <usize>(past >> 6) * OS_PAGE_BYTES;
  if (at >= <usize>INDEX_SLOT_BYTES << (log2 + 1) || log2 == load<u32>(H_INDEX_LOG2_MAX)) return;
  store<u64>(tablePointer(log2 + 1) + at, 0);
}

/** Goes back to the table that was current when `count` cells were interned; returns its fill. */
function dropTables(count: u32): u32 {
  let indexed: u32 = u32.MAX_VALUE;
  while (true) {
    const word = atomic.load<u32>(H_INDEX_WORD);
    const log2 = word & 0xff;
    if (log2 == INDEX_LOG2_MIN) return indexed;
    const grownAt = load<u32>(H_GROWN_AT + (log2 << 2));
    if (grownAt < count) return indexed;
    publishTable(word, log2 - 1);
    memory.fill(tablePointer(log2), 0, <usize>INDEX_SLOT_BYTES << log2);
    indexed = grownAt;
  }
}

/** A look-up that is under way and finds nothing begins again. */
export function beginGeneration(): void {
  const word = atomic.load<u32>(H_INDEX_WORD);
  publishTable(word, word & 0xff);
}

function publishTable(wordBefore: u32, log2: u32): void {
  const generation = (wordBefore >> 8) + 1;
  atomic.xchg<u32>(H_INDEX_WORD, (generation << 8) | log2);
}

function freeSlot(log2: u32, hash: u32): usize {
  const table = tablePointer(log2);
  const mask: u32 = (1 << log2) - 1;
  let at = hash >> (32 - log2);
  while (load<u64>(table + <usize>at * INDEX_SLOT_BYTES) != 0) at = (at + 1) & mask;
  return table + <usize>at * INDEX_SLOT_BYTES;
}

function place(log2: u32, entry: u64): void {
  atomic.store<u64>(freeSlot(log2, <u32>(entry >> 32)), entry);
}

/** Into a table that no reader sees yet. */
function placeUnseen(log2: u32, entry: u64): void {
  store<u64>(freeSlot(log2, <u32>(entry >> 32)), entry);
}

/**
 * Clears the slot of the newest key. No key was placed after it, so no probe passes over its slot:
 * emptying it restores the table exactly, without tombstones.
 */
function removeFromIndex(id: u32): void {
  const key = keyPointer(id);
  const hash = hashKey(load<u32>(key, KEY_KIND), key, key + KEY_SLOT);
  const entry = (<u64>hash << 32) | (id + 1);
  const log2 = atomic.load<u32>(H_INDEX_WORD) & 0xff;
  const table = tablePointer(log2);
  const mask: u32 = (1 << log2) - 1;
  let at = hash >> (32 - log2);
  while (true) {
    const slot = table + <usize>at * INDEX_SLOT_BYTES;
    const found = load<u64>(slot);
    assert(found != 0);
    if (found == entry) return atomic.store<u64>(slot, 0);
    at = (at + 1) & mask;
  }
}

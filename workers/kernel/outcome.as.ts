/**
 * The outcome record, written where the commit reads it, in the layout of workers/outcome.ts:
 * header, reads, writes sorted by address, kind and slot, codes, logs, output. Before each item
 * there is a check for room; where it is short the answer is NO_ROOM.
 */
import { codeBytes, codeLength } from "../../state/kernel/code.as";
import { changedAccounts, changedSlots, noPlace } from "./changes.as";
import { copyAddress, copyBytes, copyWord, sameWord, setWord, turnWord } from "./words.as";
import { toBytes } from "./u256.as";
import {
  ACCOUNT_BYTES, A_BALANCE, A_BALANCE_0, A_BALANCE_VERSION, A_CODE, A_CODE_0, A_CODE_VERSION,
  A_FLAGS, A_NONCE, A_NONCE_0, A_NONCE_VERSION, CODE_LAST, HAS_BALANCE, HAS_CODE, HAS_NONCE,
  HAS_VALUE, IS_CODE_NEW, IS_TOUCHED, M_ABORT, M_ACCOUNTS, M_ACCOUNTS_TOP, M_LAST_CODE, M_LOGS,
  M_LOGS_TOP, M_LOG_COUNT, M_MEMORY, M_RETURN, M_RETURN_LENGTH, M_SCRATCH, M_SCRATCH_3, M_SLOTS,
  M_SLOTS_TOP, NO_ROOM, SLOT_BYTES, S_ACCOUNT, S_FLAGS, S_VALUE, S_VERSION,
} from "./map";
import {
  O_CREATED, O_FEE, O_GAS, O_IS_CREATION, O_LISTS, O_REASON, O_SLIM_CODES, O_STATUS, STATUS_INVALID,
} from "./record-map";

const KIND_SLOT: u8 = 3;
/** The largest item of fixed size: a slot's key and its value. */
const ITEM_BYTES: usize = 96;

/** @param status  STATUS_...; @param created  account entry or 0; the fee is in M_SCRATCH_3 */
// Six parameters: the header's fields.
export function writeOutcome(
  m: usize, out: usize, end: usize, status: u32, gas: i64, created: usize,
): i32 {
  if (out + O_LISTS + ITEM_BYTES > end) return NO_ROOM;
  writeWholeHead(m, out, status, gas, created);
  let at = writeReads(m, out + O_LISTS, end);
  if (at != 0) at = writeWrites(m, at, end);
  return at == 0 ? noRoom(m) : writeRest(m, out, at, end);
}

/** The same with neither reads nor writes: those are noted elsewhere (effects.as.ts). */
// Six parameters: the header's fields.
export function writeSlimOutcome(
  m: usize, out: usize, end: usize, status: u32, gas: i64, created: usize,
): i32 {
  if (out + O_LISTS + ITEM_BYTES > end) return NO_ROOM;
  writeWholeHead(m, out, status, gas, created);
  store<u64>(out, 0, O_LISTS);
  return writeRest(m, out, out + O_SLIM_CODES, end);
}

// Five parameters: the header's fields.
@inline
function writeWholeHead(m: usize, out: usize, status: u32, gas: i64, created: usize): void {
  writeHead(out, status, 0);
  store<i64>(out, gas, O_GAS);
  toBytes(m + M_SCRATCH_3, out + O_FEE);
  if (created == 0) return;
  store<u8>(out, 1, O_IS_CREATION);
  copyAddress(created, out + O_CREATED);
}

/** What follows reads and writes. */
@inline
function writeRest(m: usize, out: usize, at: usize, end: usize): i32 {
  at = writeCodes(m, at, end);
  if (at != 0) at = writeLogs(m, at, end);
  if (at != 0) at = writeOutput(m, at, end);
  return at == 0 ? noRoom(m) : finish(out, at);
}

@inline
function noRoom(m: usize): i32 {
  return load<u32>(m, M_ABORT) != 0 ? -<i32>load<u32>(m, M_ABORT) : NO_ROOM;
}

/** A refusal without its reads. @param reason  its index */
export function writeSlimRefusal(out: usize, end: usize, reason: u32): i32 {
  if (out + O_LISTS + ITEM_BYTES > end) return NO_ROOM;
  writeHead(out, STATUS_INVALID, reason);
  v128.store(out, i64x2.splat(0), O_LISTS);
  store<u32>(out, 0, O_LISTS + 16);
  return finish(out, out + O_LISTS + 20);
}

/** An outcome with nothing but reads. @param reason  its index; or status << 8 */
export function writeRefusal(m: usize, out: usize, end: usize, reason: u32): i32 {
  if (out + O_LISTS + ITEM_BYTES > end) return NO_ROOM;
  writeHead(out, reason < 256 ? STATUS_INVALID : reason >> 8, reason & 0xff);
  let at = writeReads(m, out + O_LISTS, end);
  if (at == 0 || at + 16 > end) return NO_ROOM;
  v128.store(at, i64x2.splat(0));
  return finish(out, at + 16);
}

/** All of the header but the length, with neither gas nor fee. */
export function writeHead(out: usize, status: u32, reason: u32): void {
  // 69 bytes: five stores, of which the last laps over.
  v128.store(out, i64x2.splat(0));
  v128.store(out, i64x2.splat(0), 16);
  v128.store(out, i64x2.splat(0), 32);
  v128.store(out, i64x2.splat(0), 48);
  v128.store(out, i64x2.splat(0), O_LISTS - 16);
  store<u8>(out, <u8>status, O_STATUS);
  store<u8>(out, <u8>reason, O_REASON);
}

function finish(out: usize, at: usize): i32 {
  store<u32>(out, <u32>(at - out));
  return <i32>(at - out);
}

/** All list writers: @returns the offset behind the list, or 0 where there is no room */
function writeReads(m: usize, list: usize, end: usize): usize {
  let at = list + 4, count: u32 = 0;
  const accountsEnd = <usize>load<u32>(m, M_ACCOUNTS_TOP);
  for (let entry = <usize>load<u32>(m, M_ACCOUNTS); entry < accountsEnd; entry += ACCOUNT_BYTES) {
    if (at + 3 * ITEM_BYTES > end) return 0;
    const flags = load<u32>(entry, A_FLAGS);
    if (flags & HAS_BALANCE) {
      at = writeVersion(at, entry, 0, load<u64>(entry, A_BALANCE_VERSION)); count++;
    }
    if (flags & HAS_NONCE) {
      at = writeVersion(at, entry, 1, load<u64>(entry, A_NONCE_VERSION)); count++;
    }
    if (flags & HAS_CODE) {
      at = writeVersion(at, entry, 2, load<u64>(entry, A_CODE_VERSION)); count++;
    }
  }
  const slotsEnd = <usize>load<u32>(m, M_SLOTS_TOP);
  for (let slot = <usize>load<u32>(m, M_SLOTS); slot < slotsEnd; slot += SLOT_BYTES) {
    if (at + ITEM_BYTES > end) return 0;
    if (!(load<u32>(slot, S_FLAGS) & HAS_VALUE)) continue;
    at = writeSlotKey(at, slot);
    store<u64>(at, load<u64>(slot, S_VERSION));
    at += 8; count++;
  }
  store<u32>(list, count);
  return at;
}

@inline
function writeVersion(at: usize, account: usize, kind: u8, version: u64): usize {
  at = writeKey(at, account, kind);
  store<u64>(at, version);
  return at + 8;
}

@inline
function writeKey(at: usize, account: usize, kind: u8): usize {
  store<u8>(at, kind);
  copyAddress(account, at + 1);
  return at + 21;
}

@inline
function writeSlotKey(at: usize, slot: usize): usize {
  at = writeKey(at, <usize>load<u32>(slot, S_ACCOUNT), KIND_SLOT);
  toBytes(slot, at);
  return at + 32;
}

function writeWrites(m: usize, list: usize, end: usize): usize {
  if (list + 4 > end) return 0;
  const top = changedAccounts(m);
  if (top == 0) return 0;
  let at = list + 4;
  store<u32>(list, 0);
  for (let next = <usize>load<u32>(m, M_MEMORY); next < top; next += 4) {
    at = writeAccount(m, <usize>load<u32>(next), list, at, end);
    if (at != 0) at = writeSlots(m, <usize>load<u32>(next), list, at, end, top);
    if (at == 0) return 0;
  }
  return at;
}

function writeAccount(m: usize, account: usize, list: usize, at: usize, end: usize): usize {
  const flags = load<u32>(account, A_FLAGS);
  if (!(flags & IS_TOUCHED)) return at;
  if (at + 3 * ITEM_BYTES > end) return 0;
  if (flags & HAS_BALANCE && !sameWord(account + A_BALANCE, account + A_BALANCE_0)) {
    at = writeKey(at, account, 0);
    toBytes(account + A_BALANCE, at);
    at = countItem(list, at);
  }
  if (flags & HAS_NONCE && load<u64>(account, A_NONCE) != load<u64>(account, A_NONCE_0)) {
    at = writeKey(at, account, 1);
    setWord(m + M_SCRATCH, load<u64>(account, A_NONCE));
    toBytes(m + M_SCRATCH, at);
    at = countItem(list, at);
  }
  const code = <usize>load<u32>(account, A_CODE);
  if (code == 0) setWord(m + M_SCRATCH, 0);
  else copyWord(code, m + M_SCRATCH);
  if (flags & HAS_CODE && !sameWord(m + M_SCRATCH, account + A_CODE_0)) {
    at = writeKey(at, account, 2);
    toBytes(m + M_SCRATCH, at);
    at = countItem(list, at);
  }
  return at;
}

@inline
function countItem(list: usize, at: usize): usize {
  store<u32>(list, load<u32>(list) + 1);
  return at + 32;
}

// Six parameters: the list, and where pointers to its slots may lie.
function writeSlots(
  m: usize, account: usize, list: usize, at: usize, end: usize, pointers: usize,
): usize {
  const top = changedSlots(m, account, pointers);
  if (top == 0) return 0;
  for (let next = pointers; next < top; next += 4) {
    if (at + ITEM_BYTES > end) return 0;
    const slot = <usize>load<u32>(next);
    at = writeSlotKey(at, slot);
    toBytes(slot + S_VALUE, at);
    at = countItem(list, at);
  }
  return at;
}

/** Codes that an account is left with, once each, in the order of their making. */
@inline
function writeCodes(m: usize, list: usize, end: usize): usize {
  if (list + 4 > end) return 0;
  store<u32>(list, 0);
  return load<u32>(m, M_LAST_CODE) == 0 ? list + 4 : listCodes(m, list, end);
}

function listCodes(m: usize, list: usize, end: usize): usize {
  let at = list + 4;
  let top = <usize>load<u32>(m, M_MEMORY);
  const bottom = top, limit = <usize>load<u32>(m, M_RETURN);
  let code = <usize>load<u32>(m, M_LAST_CODE);
  for (; code != 0; code = <usize>load<u32>(code, CODE_LAST)) {
    if (top + 8 > limit) return noPlace(m);
    if (!isWanted(m, code)) continue;
    store<u32>(top, <u32>code);
    top += 4;
  }
  while (top > bottom) {
    top -= 4;
    code = <usize>load<u32>(top);
    if (isListed(m, list, code)) continue;
    const length = codeLength(code);
    if (at + 40 + length > end) return 0;
    toBytes(code, at);
    store<u32>(at, length, 32);
    memory.copy(at + 36, codeBytes(code), length);
    at += 36 + <usize>length;
    store<u32>(list, load<u32>(list) + 1);
  }
  return at;
}

function isWanted(m: usize, code: usize): bool {
  const end = <usize>load<u32>(m, M_ACCOUNTS_TOP);
  for (let entry = <usize>load<u32>(m, M_ACCOUNTS); entry < end; entry += ACCOUNT_BYTES) {
    if (!(load<u32>(entry, A_FLAGS) & IS_CODE_NEW)) continue;
    const own = <usize>load<u32>(entry, A_CODE);
    if (own != 0 && sameWord(own, code)) return true;
  }
  return false;
}

/** Two accounts may have been given the same code. */
function isListed(m: usize, list: usize, code: usize): bool {
  let at = list + 4;
  for (let left = load<u32>(list); left > 0; left--) {
    turnWord(at, m + M_SCRATCH);
    if (sameWord(m + M_SCRATCH, code)) return true;
    at += 36 + <usize>load<u32>(at, 32);
  }
  return false;
}

function writeLogs(m: usize, list: usize, end: usize): usize {
  const from = <usize>load<u32>(m, M_LOGS);
  const bytes = <usize>load<u32>(m, M_LOGS_TOP) - from;
  if (list + 4 + bytes > end) return 0;
  store<u32>(list, load<u32>(m, M_LOG_COUNT));
  copyBytes(list + 4, from, bytes);
  return list + 4 + bytes;
}

function writeOutput(m: usize, at: usize, end: usize): usize {
  const length = load<u32>(m, M_RETURN_LENGTH);
  if (at + 4 + length > end) return 0;
  store<u32>(at, length);
  copyBytes(at + 4, <usize>load<u32>(m, M_RETURN), length);
  return at + 4 + length;
}

/**
 * The access set: each account, slot and transient slot that a transaction touches is one entry,
 * which is at once the warm set, the write buffer and the read set. Entries lie in rows that are
 * emptied by moving a pointer back; the tables that lead to them are emptied by counting up a
 * generation. Fields are read from the arena when first asked for, once, with their version.
 */
import { codeBytes, codeLength } from "../../state/kernel/code.as";
import { findHashed, hashAddress, hashField, hashSlot } from "../../state/kernel/keys.as";
import { KIND_BALANCE, KIND_CODE, KIND_NONCE, KIND_SLOT, NO_CELL } from "../../state/kernel/map";
import { addAccount, addSlot } from "./access-tables.as";
import { readCell, readCellTwice, versionRead } from "./base.as";
import {
  accountLine, codeNamed, isKnown, isKnownSlot, learnAccount, learnCell, learnSlot, rowOfLine,
  rowOfSlotLine, slotLine, tieLine, tieSlotLine,
} from "./known.as";
import { add } from "./u256.as";
import { copyWord, isAddress, isZeroWord, sameWord } from "./words.as";
import {
  ABORT_FAULT, ABORT_HEAD, ACCOUNT_BYTES, A_BALANCE, A_BALANCE_0, A_BALANCE_CELL, A_BALANCE_VERSION,
  A_CODE, A_CODE_0, A_CODE_CELL, A_CODE_VERSION, A_FLAGS, A_HASH, A_JOURNAL, A_NONCE, A_NONCE_0,
  A_NONCE_VERSION, A_PRECOMPILE, A_SLOTS, A_SUM, CELL_UNKNOWN, FORK_OSAKA, FORK_SHANGHAI,
  HAS_BALANCE, HAS_CODE, HAS_NONCE, HAS_VALUE, IS_BLIND, IS_DELTA, IS_WARM, KNOWN_HASH,
  KNOWN_SLOT_CELL, KNOWN_SLOT_HASH, M_ABORT, M_ACCOUNTS, M_ACCOUNTS_END, M_ACCOUNTS_TOP,
  M_ACCOUNT_MASK, M_ACCOUNT_TABLE, M_COINBASE, M_COINBASE_ROW, M_FORK, M_GENERATION, M_IS_HEAD,
  M_JOURNAL_END, M_JOURNAL_TOP, M_PRECOMPILES, M_SCRATCH, M_SLOTS, M_SLOTS_END, M_SLOTS_TOP,
  M_SLOT_MASK, M_SLOT_TABLE, SLOT_BYTES, S_ACCOUNT, S_CELL, S_FLAGS, S_HASH, S_JOURNAL, S_NEXT,
  S_VALUE, S_VALUE_0, S_VERSION,
} from "./map";

/** P256VERIFY (EIP-7951), the only precompile that is not a small number. */
const P256_VERIFY: u32 = 0x100;
/** An account that exists although it is empty has this in its code cell. */
const EXISTS_EMPTY: u64 = 1;

export { isAddress } from "./words.as";

/** Gives the transaction up. @returns -1, as gas: the frame ends */
export function giveUp(m: usize, why: u32): i64 {
  if (load<u32>(m, M_ABORT) == 0) store<u32>(m, why, M_ABORT);
  return -1;
}

/**
 * True where the next opcode might find no room for an entry or a record. Asked once by whatever
 * touches state: each end lies some entries before the true one.
 */
@inline
export function isFull(m: usize): bool {
  return load<u32>(m, M_ACCOUNTS_TOP) > load<u32>(m, M_ACCOUNTS_END)
    || load<u32>(m, M_SLOTS_TOP) > load<u32>(m, M_SLOTS_END)
    || load<u32>(m, M_JOURNAL_TOP) > load<u32>(m, M_JOURNAL_END);
}

/** The entry of an account, made if need be. @param address  20 raw bytes, 4 more readable */
export function accountAt(m: usize, address: usize): usize {
  const line = accountLine(m, address);
  const row = rowOfLine(m, line, address);
  return row != 0 ? row : findAccount(m, address, line);
}

function findAccount(m: usize, address: usize, line: usize): usize {
  if (isKnown(m, line, address)) {
    const row = accountRow(m, address, load<u32>(line, KNOWN_HASH));
    return row != 0 ? row : newAccount(m, address, line);
  }
  const sum = hashAddress(address);
  const hash = hashField(sum, address, KIND_BALANCE);
  const row = accountRow(m, address, hash);
  if (row != 0) return row;
  learnAccount(m, line, address, hash, sum);
  return newAccount(m, address, line);
}

/** The account's entry, or 0: it has none. */
function accountRow(m: usize, address: usize, hash: u32): usize {
  const mask = load<u32>(m, M_ACCOUNT_MASK);
  if (mask == 0) {
    const end = <usize>load<u32>(m, M_ACCOUNTS_TOP);
    for (let row = <usize>load<u32>(m, M_ACCOUNTS); row < end; row += ACCOUNT_BYTES) {
      if (load<u32>(row, A_HASH) == hash && isAddress(row, address)) return row;
    }
    return 0;
  }
  const table = <usize>load<u32>(m, M_ACCOUNT_TABLE);
  let at = hash & mask;
  while (true) {
    const place = table + (<usize>at << 3);
    if (!isTaken(m, place)) return 0;
    const row = <usize>load<u32>(place, 4);
    if (load<u32>(row, A_HASH) == hash && isAddress(row, address)) return row;
    at = (at + 1) & mask;
  }
}

@inline
export function isTaken(m: usize, place: usize): bool {
  return load<u32>(place) == load<u32>(m, M_GENERATION);
}

function newAccount(m: usize, address: usize, line: usize): usize {
  const entry = <usize>load<u32>(m, M_ACCOUNTS_TOP);
  store<u32>(m, <u32>(entry + ACCOUNT_BYTES), M_ACCOUNTS_TOP);
  store<u64>(entry, load<u64>(address));
  store<u64>(entry, load<u64>(address, 8), 8);
  store<u32>(entry, load<u32>(address, 16), 16);
  const precompile = precompileAt(m, entry);
  const isCoinbase = isAddress(entry, m + M_COINBASE);
  if (isCoinbase) store<u32>(m, <u32>entry, M_COINBASE_ROW);
  // EIP-2929: precompiles are warm from the start, the coinbase since EIP-3651.
  const isWarm = precompile != 0 || (isCoinbase && load<u32>(m, M_FORK) >= <u32>FORK_SHANGHAI);
  store<u32>(entry, isWarm ? IS_WARM : 0, A_FLAGS);
  tieLine(m, line, entry);
  store<u32>(entry, 0, A_SLOTS);
  store<u32>(entry, 0, A_JOURNAL);
  store<u32>(entry, precompile, A_PRECOMPILE);
  addAccount(m, entry);
  return entry;
}

/** Number of the precompile at an address, or 0. */
export function precompileAt(m: usize, address: usize): u32 {
  if ((load<u64>(address) | load<u64>(address, 8)) != 0) return 0;
  const low = bswap(load<u32>(address, 16));
  if (low <= load<u32>(m, M_PRECOMPILES)) return low;
  return low == P256_VERIFY && load<u32>(m, M_FORK) >= <u32>FORK_OSAKA ? low : 0;
}

/** The cell of one of the account's fields, or NO_CELL; from here on its entry says which. */
@inline
function cellOf(account: usize, kind: u32): u32 {
  const id = load<u32>(account + (<usize>kind << 2), A_BALANCE_CELL);
  return id != <u32>CELL_UNKNOWN ? id : findField(account, kind);
}

function findField(account: usize, kind: u32): u32 {
  const id = findHashed(fieldHash(account, kind), kind, account, 0);
  store<u32>(account + (<usize>kind << 2), id, A_BALANCE_CELL);
  learnCell(account, kind, id);
  return id;
}

/** Makes the balance readable at A_BALANCE. */
@inline
export function needBalance(account: usize): void {
  if (!(load<u32>(account, A_FLAGS) & HAS_BALANCE)) readBalance(account);
}

function readBalance(account: usize): void {
  const value = account + A_BALANCE_0, id = cellOf(account, KIND_BALANCE);
  const flags = load<u32>(account, A_FLAGS);
  if (flags & IS_DELTA) {
    readCell(id, value);
    add(value, account + A_BALANCE, account + A_BALANCE);
  } else readCellTwice(id, value, account + A_BALANCE);
  store<u64>(account, versionRead, A_BALANCE_VERSION);
  store<u32>(account, (flags & ~IS_DELTA) | HAS_BALANCE, A_FLAGS);
}

/** Nonces are below 2^64 (EIP-2681); the cell is a whole word all the same. */
export function needNonce(m: usize, account: usize): void {
  const flags = load<u32>(account, A_FLAGS);
  if (flags & HAS_NONCE) return;
  const word = m + M_SCRATCH;
  readCell(cellOf(account, KIND_NONCE), word);
  store<u64>(account, versionRead, A_NONCE_VERSION);
  store<u64>(account, load<u64>(word), A_NONCE_0);
  store<u64>(account, load<u64>(word), A_NONCE);
  store<u32>(account, flags | HAS_NONCE, A_FLAGS);
}

/** The account's code entry, or 0. */
@inline
export function codeOf(m: usize, account: usize): usize {
  if (!(load<u32>(account, A_FLAGS) & HAS_CODE)) readCode(m, account);
  return <usize>load<u32>(account, A_CODE);
}

function readCode(m: usize, account: usize): void {
  const value = account + A_CODE_0, id = cellOf(account, KIND_CODE);
  readCell(id, value);
  store<u64>(account, versionRead, A_CODE_VERSION);
  store<u32>(account, load<u32>(account, A_FLAGS) | HAS_CODE, A_FLAGS);
  if (id == <u32>NO_CELL) {
    store<u32>(account, 0, A_CODE);
    return;
  }
  const isNone = isZeroWord(value) || isMarker(value);
  const code: usize = isNone ? 0 : codeNamed(account, value);
  store<u32>(account, <u32>code, A_CODE);
  // A torn view of two commits: at the head there is none, so there it is a fault.
  if (!isNone && code == 0) giveUp(m, load<u32>(m, M_IS_HEAD) ? ABORT_FAULT : ABORT_HEAD);
}

@inline
export function isMarker(code: usize): bool {
  return load<u64>(code) == EXISTS_EMPTY
    && (load<u64>(code, 8) | load<u64>(code, 16) | load<u64>(code, 24)) == 0;
}

/**
 * The sender of a transaction ahead of its turn: neither nonce nor balance is read. They are judged
 * when its turn comes, so that transactions of one sender, and payments to it, are no conflict.
 */
export function makeBlind(account: usize, nonce: u64): void {
  const flags = load<u32>(account, A_FLAGS);
  assert(!(flags & (HAS_BALANCE | HAS_NONCE)));
  cellOf(account, KIND_BALANCE);
  cellOf(account, KIND_NONCE);
  v128.store(account, i64x2.splat(0), A_BALANCE);
  v128.store(account, i64x2.splat(0), A_BALANCE + 16);
  store<u64>(account, nonce, A_NONCE_0);
  store<u64>(account, nonce, A_NONCE);
  store<u32>(account, flags | HAS_NONCE | IS_DELTA | IS_BLIND, A_FLAGS);
}

/** The cell that the account's committed slots hang on, or NO_CELL. */
export function codeCell(account: usize): u32 {
  return findHashed(fieldHash(account, KIND_CODE), KIND_CODE, account, 0);
}

@inline
function fieldHash(account: usize, kind: u32): u32 {
  return hashField(load<u64>(account, A_SUM), account, kind);
}

/** No balance, no nonce, no code (EIP-161). Reads no more than it needs. */
export function isEmpty(m: usize, account: usize): bool {
  const flags = load<u32>(account, A_FLAGS);
  if (flags & HAS_NONCE && load<u64>(account, A_NONCE) != 0) return false;
  if (flags & HAS_CODE && load<u32>(account, A_CODE) != 0) return false;
  needBalance(account);
  if (!isZeroWord(account + A_BALANCE) || codeOf(m, account) != 0) return false;
  needNonce(m, account);
  return load<u64>(account, A_NONCE) == 0;
}

/** True where the state holds the account, if only as an empty one. */
export function exists(m: usize, account: usize): bool {
  if (!isEmpty(m, account)) return true;
  return isMarker(account + A_CODE_0);
}

/** EIP-7702: the code only names another account. */
@inline
export function isDelegation(code: usize): bool {
  return codeLength(code) == 23 && (load<u32>(codeBytes(code)) & 0xffffff) == 0x0001ef;
}

/**
 * The entry of a slot, made if need be: mostly the one made last, since who writes has just read.
 * @param key  four limbs
 */
@inline
export function slotAt(m: usize, account: usize, key: usize): usize {
  const newest = <usize>load<u32>(account, A_SLOTS);
  return newest != 0 && sameWord(newest, key) ? newest : findSlot(m, account, key);
}

function findSlot(m: usize, account: usize, key: usize): usize {
  const owner = load<u32>(account, A_CODE_CELL), line = slotLine(m, owner, key);
  const own = rowOfSlotLine(m, line, owner, key);
  if (own != 0) return own;
  const isFound = isKnownSlot(m, line, owner, key);
  const hash = isFound ? load<u32>(line, KNOWN_SLOT_HASH)
    : hashSlot(load<u64>(account, A_SUM), account, key);
  const row = slotRow(m, account, key, hash);
  if (row != 0) return row;
  const slot = newSlot(m, account, key, hash);
  store<u32>(slot, isFound ? load<u32>(line, KNOWN_SLOT_CELL) : CELL_UNKNOWN, S_CELL);
  if (isFound) tieSlotLine(m, line, slot);
  return slot;
}

/** The slot's entry, or 0: it has none. */
function slotRow(m: usize, account: usize, key: usize, hash: u32): usize {
  const mask = load<u32>(m, M_SLOT_MASK);
  if (mask == 0) {
    const end = <usize>load<u32>(m, M_SLOTS_TOP);
    for (let row = <usize>load<u32>(m, M_SLOTS); row < end; row += SLOT_BYTES) {
      if (isSlot(row, account, key, hash)) return row;
    }
    return 0;
  }
  const table = <usize>load<u32>(m, M_SLOT_TABLE);
  let at = hash & mask;
  while (true) {
    const place = table + (<usize>at << 3);
    if (!isTaken(m, place)) return 0;
    const row = <usize>load<u32>(place, 4);
    if (isSlot(row, account, key, hash)) return row;
    at = (at + 1) & mask;
  }
}

@inline
function isSlot(row: usize, account: usize, key: usize, hash: u32): bool {
  return load<u32>(row, S_HASH) == hash && load<u32>(row, S_ACCOUNT) == <u32>account
    && sameWord(row, key);
}

function newSlot(m: usize, account: usize, key: usize, hash: u32): usize {
  const entry = <usize>load<u32>(m, M_SLOTS_TOP);
  store<u32>(m, <u32>(entry + SLOT_BYTES), M_SLOTS_TOP);
  copyWord(key, entry);
  store<u32>(entry, <u32>account, S_ACCOUNT);
  store<u32>(entry, 0, S_FLAGS);
  store<u32>(entry, hash, S_HASH);
  store<u32>(entry, load<u32>(account, A_SLOTS), S_NEXT);
  store<u32>(entry, 0, S_JOURNAL);
  store<u32>(account, <u32>entry, A_SLOTS);
  addSlot(m, entry);
  return entry;
}

/** Makes the value readable at S_VALUE, and what it was before the transaction at S_VALUE_0. */
@inline
export function needValue(m: usize, slot: usize): void {
  if (!(load<u32>(slot, S_FLAGS) & HAS_VALUE)) readSlot(m, slot);
}

function readSlot(m: usize, slot: usize): void {
  let id = load<u32>(slot, S_CELL);
  if (id == <u32>CELL_UNKNOWN) id = findSlotCell(m, slot);
  readCellTwice(id, slot + S_VALUE_0, slot + S_VALUE);
  store<u64>(slot, versionRead, S_VERSION);
  store<u32>(slot, load<u32>(slot, S_FLAGS) | HAS_VALUE, S_FLAGS);
}

function findSlotCell(m: usize, slot: usize): u32 {
  const account = <usize>load<u32>(slot, S_ACCOUNT);
  const id = findHashed(load<u32>(slot, S_HASH), KIND_SLOT, account, slot);
  store<u32>(slot, id, S_CELL);
  if (id != <u32>NO_CELL) learnSlot(m, slot);
  return id;
}

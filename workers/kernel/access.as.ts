/**
 * The access set: each account, slot and transient slot that a transaction touches is one entry,
 * which is at once the warm set, the write buffer and the read set. Entries lie in rows that are
 * emptied by moving a pointer back; the tables that lead to them are emptied by counting up a
 * generation. Fields are read from the arena when first asked for, once, with their version.
 */
import { codeBytes, codeLength, findCode } from "../../state/kernel/code.as";
import { findHashed, hashAddress, hashField, hashSlot } from "../../state/kernel/keys.as";
import { KIND_BALANCE, KIND_CODE, KIND_NONCE, KIND_SLOT } from "../../state/kernel/map";
import { growAccounts, growSlots, growTransients, take } from "./access-tables.as";
import { readBase, versionRead } from "./base.as";
import { add } from "./u256.as";
import { copyWord, isZeroWord, sameWord } from "./words.as";
import {
  ABORT_FAULT, ABORT_HEAD, ABORT_WINDOW, ACCOUNT_BYTES, A_BALANCE, A_BALANCE_0, A_BALANCE_CELL,
  A_BALANCE_VERSION, A_CODE, A_CODE_0, A_CODE_CELL, A_CODE_VERSION, A_FLAGS, A_HASH, A_JOURNAL,
  A_NONCE, A_NONCE_0, A_NONCE_CELL, A_NONCE_VERSION, A_PRECOMPILE, A_SLOTS, A_SUM, FORK_OSAKA,
  FORK_SHANGHAI, HAS_BALANCE, HAS_CODE, HAS_NONCE, HAS_VALUE, IS_BLIND, IS_DELTA, IS_WARM, M_ABORT,
  M_ACCOUNTS_END, M_ACCOUNTS_FULL_AT, M_ACCOUNTS_TOP, M_ACCOUNT_MASK, M_ACCOUNT_TABLE, M_COINBASE,
  M_FORK, M_GENERATION, M_IS_HEAD, M_JOURNAL_END, M_JOURNAL_TOP, M_PRECOMPILES, M_SCRATCH,
  M_SLOTS_END, M_SLOTS_FULL_AT, M_SLOTS_TOP, M_SLOT_MASK, M_SLOT_TABLE, M_TRANSIENTS_END,
  M_TRANSIENTS_FULL_AT, M_TRANSIENTS_TOP, M_TRANSIENT_MASK, M_TRANSIENT_TABLE, SLOT_BYTES,
  S_ACCOUNT, S_CELL, S_FLAGS, S_HASH, S_JOURNAL, S_NEXT, S_VALUE, S_VALUE_0, S_VERSION,
  TRANSIENT_BYTES, T_ACCOUNT, T_HASH, T_JOURNAL, T_VALUE,
} from "./map";

/** P256VERIFY (EIP-7951), the only precompile that is not a small number. */
const P256_VERIFY: u32 = 0x100;
/** An account that exists although it is empty has this in its code cell. */
const EXISTS_EMPTY: u64 = 1;

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
  const sum = hashAddress(address);
  const hash = hashField(sum, address, KIND_BALANCE);
  const bucket = bucketOf(m, address, hash);
  if (!isTaken(m, bucket)) return newAccount(m, address, sum, hash, bucket);
  return <usize>load<u32>(bucket, 4);
}

/** The entry of an account that the transaction has met, or 0. */
export function knownAccount(m: usize, address: usize): usize {
  const hash = hashField(hashAddress(address), address, KIND_BALANCE);
  const bucket = bucketOf(m, address, hash);
  return isTaken(m, bucket) ? <usize>load<u32>(bucket, 4) : 0;
}

/** The account's place in the table, or the free one where it would be. */
@inline
function bucketOf(m: usize, address: usize, hash: u32): usize {
  const mask = load<u32>(m, M_ACCOUNT_MASK);
  const table = <usize>load<u32>(m, M_ACCOUNT_TABLE);
  let at = hash & mask;
  while (true) {
    const bucket = table + (<usize>at << 3);
    if (!isTaken(m, bucket)) return bucket;
    const entry = <usize>load<u32>(bucket, 4);
    if (load<u32>(entry, A_HASH) == hash && isAddress(entry, address)) return bucket;
    at = (at + 1) & mask;
  }
}

@inline
function isTaken(m: usize, bucket: usize): bool {
  return load<u32>(bucket) == load<u32>(m, M_GENERATION);
}

@inline
export function isAddress(a: usize, b: usize): bool {
  return load<u64>(a) == load<u64>(b) && load<u64>(a, 8) == load<u64>(b, 8)
    && load<u32>(a, 16) == load<u32>(b, 16);
}

// Five parameters: the bucket was found with them.
function newAccount(m: usize, address: usize, sum: u64, hash: u32, bucket: usize): usize {
  const entry = <usize>load<u32>(m, M_ACCOUNTS_TOP);
  store<u32>(m, <u32>(entry + ACCOUNT_BYTES), M_ACCOUNTS_TOP);
  take(m, bucket, entry);
  store<u64>(entry, load<u64>(address));
  store<u64>(entry, load<u64>(address, 8), 8);
  store<u32>(entry, load<u32>(address, 16), 16);
  const precompile = precompileAt(m, entry);
  // EIP-2929: precompiles are warm from the start, the coinbase since EIP-3651.
  const isWarm = precompile != 0
    || (load<u32>(m, M_FORK) >= <u32>FORK_SHANGHAI && isAddress(entry, m + M_COINBASE));
  store<u32>(entry, isWarm ? IS_WARM : 0, A_FLAGS);
  store<u32>(entry, hash, A_HASH);
  store<u64>(entry, sum, A_SUM);
  store<u32>(entry, 0, A_SLOTS);
  store<u32>(entry, 0, A_JOURNAL);
  store<u32>(entry, precompile, A_PRECOMPILE);
  if (<u32>entry >= load<u32>(m, M_ACCOUNTS_FULL_AT)) growAccounts(m);
  return entry;
}

/** Number of the precompile at an address, or 0. */
export function precompileAt(m: usize, address: usize): u32 {
  if ((load<u64>(address) | load<u64>(address, 8)) != 0) return 0;
  const low = bswap(load<u32>(address, 16));
  if (low <= load<u32>(m, M_PRECOMPILES)) return low;
  return low == P256_VERIFY && load<u32>(m, M_FORK) >= <u32>FORK_OSAKA ? low : 0;
}

/** Makes the balance readable at A_BALANCE. */
@inline
export function needBalance(account: usize): void {
  if (!(load<u32>(account, A_FLAGS) & HAS_BALANCE)) readBalance(account);
}

function readBalance(account: usize): void {
  const value = account + A_BALANCE_0;
  const flags = load<u32>(account, A_FLAGS);
  const id = readBase(load<u32>(account, A_HASH), KIND_BALANCE, account, 0, value);
  store<u32>(account, id, A_BALANCE_CELL);
  store<u64>(account, versionRead, A_BALANCE_VERSION);
  if (flags & IS_DELTA) add(value, account + A_BALANCE, account + A_BALANCE);
  else copyWord(value, account + A_BALANCE);
  store<u32>(account, (flags & ~IS_DELTA) | HAS_BALANCE, A_FLAGS);
}

/** Nonces are below 2^64 (EIP-2681); the cell is a whole word all the same. */
export function needNonce(m: usize, account: usize): void {
  const flags = load<u32>(account, A_FLAGS);
  if (flags & HAS_NONCE) return;
  const word = m + M_SCRATCH;
  const id = readBase(fieldHash(account, KIND_NONCE), KIND_NONCE, account, 0, word);
  store<u32>(account, id, A_NONCE_CELL);
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
  const value = account + A_CODE_0;
  const id = readBase(fieldHash(account, KIND_CODE), KIND_CODE, account, 0, value);
  store<u32>(account, id, A_CODE_CELL);
  store<u64>(account, versionRead, A_CODE_VERSION);
  store<u32>(account, load<u32>(account, A_FLAGS) | HAS_CODE, A_FLAGS);
  const isNone = isZeroWord(value) || isMarker(value);
  const code: usize = isNone ? 0 : findCode(value);
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
  const balanceCell = findHashed(load<u32>(account, A_HASH), KIND_BALANCE, account, 0);
  const nonceCell = findHashed(fieldHash(account, KIND_NONCE), KIND_NONCE, account, 0);
  store<u32>(account, balanceCell, A_BALANCE_CELL);
  store<u32>(account, nonceCell, A_NONCE_CELL);
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
  const hash = hashSlot(load<u64>(account, A_SUM), account, key);
  const mask = load<u32>(m, M_SLOT_MASK);
  const table = <usize>load<u32>(m, M_SLOT_TABLE);
  const generation = load<u32>(m, M_GENERATION);
  let at = hash & mask;
  while (true) {
    const bucket = table + (<usize>at << 3);
    if (load<u32>(bucket) != generation) return newSlot(m, account, key, hash, bucket);
    const entry = <usize>load<u32>(bucket, 4);
    if (
      load<u32>(entry, S_HASH) == hash && load<u32>(entry, S_ACCOUNT) == <u32>account
      && sameWord(entry, key)
    ) return entry;
    at = (at + 1) & mask;
  }
}

// Five parameters: the bucket was found with them.
function newSlot(m: usize, account: usize, key: usize, hash: u32, bucket: usize): usize {
  const entry = <usize>load<u32>(m, M_SLOTS_TOP);
  store<u32>(m, <u32>(entry + SLOT_BYTES), M_SLOTS_TOP);
  take(m, bucket, entry);
  copyWord(key, entry);
  store<u32>(entry, <u32>account, S_ACCOUNT);
  store<u32>(entry, 0, S_FLAGS);
  store<u32>(entry, hash, S_HASH);
  store<u32>(entry, load<u32>(account, A_SLOTS), S_NEXT);
  store<u32>(entry, 0, S_JOURNAL);
  store<u32>(account, <u32>entry, A_SLOTS);
  if (<u32>entry >= load<u32>(m, M_SLOTS_FULL_AT)) growSlots(m);
  return entry;
}

/** Makes the value readable at S_VALUE, and what it was before the transaction at S_VALUE_0. */
@inline
export function needValue(slot: usize): void {
  if (!(load<u32>(slot, S_FLAGS) & HAS_VALUE)) readSlot(slot);
}

function readSlot(slot: usize): void {
  const account = <usize>load<u32>(slot, S_ACCOUNT);
  const value = slot + S_VALUE_0;
  const id = readBase(load<u32>(slot, S_HASH), KIND_SLOT, account, slot, value);
  store<u32>(slot, id, S_CELL);
  store<u64>(slot, versionRead, S_VERSION);
  copyWord(value, slot + S_VALUE);
  store<u32>(slot, load<u32>(slot, S_FLAGS) | HAS_VALUE, S_FLAGS);
}

/** The entry of a transient slot; 0 where `isNew` is false and there is none, or no room. */
export function transientAt(m: usize, account: usize, key: usize, isNew: bool): usize {
  const hash = hashSlot(load<u64>(account, A_SUM), account, key);
  const mask = load<u32>(m, M_TRANSIENT_MASK);
  const table = <usize>load<u32>(m, M_TRANSIENT_TABLE);
  let at = hash & mask;
  while (true) {
    const bucket = table + (<usize>at << 3);
    if (load<u32>(bucket) != load<u32>(m, M_GENERATION)) {
      return isNew ? newTransient(m, account, key, hash, bucket) : 0;
    }
    const entry = <usize>load<u32>(bucket, 4);
    if (
      load<u32>(entry, T_HASH) == hash && load<u32>(entry, T_ACCOUNT) == <u32>account
      && sameWord(entry, key)
    ) return entry;
    at = (at + 1) & mask;
  }
}

function newTransient(m: usize, account: usize, key: usize, hash: u32, bucket: usize): usize {
  const entry = <usize>load<u32>(m, M_TRANSIENTS_TOP);
  if (entry > <usize>load<u32>(m, M_TRANSIENTS_END)) {
    giveUp(m, ABORT_WINDOW);
    return 0;
  }
  store<u32>(m, <u32>(entry + TRANSIENT_BYTES), M_TRANSIENTS_TOP);
  take(m, bucket, entry);
  copyWord(key, entry);
  v128.store(entry, i64x2.splat(0), T_VALUE);
  v128.store(entry, i64x2.splat(0), T_VALUE + 16);
  store<u32>(entry, <u32>account, T_ACCOUNT);
  store<u32>(entry, hash, T_HASH);
  store<u32>(entry, 0, T_JOURNAL);
  if (<u32>entry >= load<u32>(m, M_TRANSIENTS_FULL_AT)) growTransients(m);
  return entry;
}

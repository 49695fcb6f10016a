/**
 * The access set: each account, slot and transient slot that a transaction touches is one entry,
 * which is at once the warm set, the write buffer and the read set. Entries lie in rows that are
 * emptied by moving a pointer back; the tables that lead to them are emptied by counting up a
 * generation. Fields are read from the arena when first asked for, once, with their version.
 */
import { loadValue } from "../../state/kernel/cells.as";
import { codeBytes, codeLength, findCode } from "../../state/kernel/code.as";
import { findHashed, hashKey } from "../../state/kernel/keys.as";
import { KIND_BALANCE, KIND_CODE, KIND_NONCE, KIND_SLOT, NO_CELL } from "../../state/kernel/map";
import { copyWord, isZeroWord, sameWord } from "./words.as";
import {
  A_BALANCE, A_BALANCE_0, A_BALANCE_VERSION, A_CODE, A_CODE_0, A_CODE_CELL, A_CODE_VERSION, A_FLAGS,
  A_HASH, A_JOURNAL, A_NONCE, A_NONCE_0, A_NONCE_VERSION, A_PRECOMPILE, A_SLOTS, ABORT_FAULT,
  ABORT_HEAD, ABORT_WINDOW, ACCOUNT_BYTES, FORK_OSAKA, FORK_SHANGHAI, HAS_BALANCE, HAS_CODE,
  HAS_NONCE, HAS_VALUE, IS_WARM, M_ABORT, M_ACCOUNT_MASK, M_ACCOUNT_TABLE, M_ACCOUNTS_END,
  M_ACCOUNTS_TOP, M_COINBASE, M_FORK, M_GENERATION, M_IS_HEAD, M_JOURNAL_END, M_JOURNAL_TOP,
  M_PRECOMPILES, M_SCRATCH, M_SLOT_MASK, M_SLOT_TABLE, M_SLOTS_END, M_SLOTS_TOP, M_TRANSIENT_MASK,
  M_TRANSIENT_TABLE, M_TRANSIENTS_END, M_TRANSIENTS_TOP, S_ACCOUNT, S_FLAGS, S_HASH, S_JOURNAL,
  S_NEXT, S_VALUE, S_VALUE_0, S_VERSION, SLOT_BYTES, T_ACCOUNT, T_HASH, T_JOURNAL, T_VALUE,
  TRANSIENT_BYTES,
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
  const hash = hashKey(KIND_BALANCE, address, 0);
  const mask = load<u32>(m, M_ACCOUNT_MASK);
  const table = <usize>load<u32>(m, M_ACCOUNT_TABLE);
  const generation = load<u32>(m, M_GENERATION);
  let at = hash & mask;
  while (true) {
    const bucket = table + (<usize>at << 3);
    if (load<u32>(bucket) != generation) return newAccount(m, address, hash, bucket);
    const entry = <usize>load<u32>(bucket, 4);
    if (load<u32>(entry, A_HASH) == hash && isAddress(entry, address)) return entry;
    at = (at + 1) & mask;
  }
}

@inline
export function isAddress(a: usize, b: usize): bool {
  return load<u64>(a) == load<u64>(b) && load<u64>(a, 8) == load<u64>(b, 8)
    && load<u32>(a, 16) == load<u32>(b, 16);
}

function newAccount(m: usize, address: usize, hash: u32, bucket: usize): usize {
  const entry = <usize>load<u32>(m, M_ACCOUNTS_TOP);
  store<u32>(m, <u32>(entry + ACCOUNT_BYTES), M_ACCOUNTS_TOP);
  store<u32>(bucket, load<u32>(m, M_GENERATION));
  store<u32>(bucket, <u32>entry, 4);
  store<u64>(entry, load<u64>(address));
  store<u64>(entry, load<u64>(address, 8), 8);
  store<u32>(entry, load<u32>(address, 16), 16);
  const precompile = precompileAt(m, entry);
  // EIP-2929: precompiles are warm from the start, the coinbase since EIP-3651.
  const isWarm = precompile != 0
    || (load<u32>(m, M_FORK) >= <u32>FORK_SHANGHAI && isAddress(entry, m + M_COINBASE));
  store<u32>(entry, isWarm ? IS_WARM : 0, A_FLAGS);
  store<u32>(entry, hash, A_HASH);
  store<u32>(entry, 0, A_SLOTS);
  store<u32>(entry, 0, A_JOURNAL);
  store<u32>(entry, precompile, A_PRECOMPILE);
  return entry;
}

function precompileAt(m: usize, address: usize): u32 {
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
  const id = findHashed(load<u32>(account, A_HASH), KIND_BALANCE, account, 0);
  store<u64>(account, readCell(id, value), A_BALANCE_VERSION);
  copyWord(value, account + A_BALANCE);
  store<u32>(account, load<u32>(account, A_FLAGS) | HAS_BALANCE, A_FLAGS);
}

/** Nonces are below 2^64 (EIP-2681); the cell is a whole word all the same. */
export function needNonce(m: usize, account: usize): void {
  const flags = load<u32>(account, A_FLAGS);
  if (flags & HAS_NONCE) return;
  const word = m + M_SCRATCH;
  const id = findHashed(hashKey(KIND_NONCE, account, 0), KIND_NONCE, account, 0);
  store<u64>(account, readCell(id, word), A_NONCE_VERSION);
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
  const id = findHashed(hashKey(KIND_CODE, account, 0), KIND_CODE, account, 0);
  store<u64>(account, readCell(id, value), A_CODE_VERSION);
  store<u32>(account, id, A_CODE_CELL);
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

/** @returns the version; a key that is absent has the value 0 and version 0 */
@inline
function readCell(id: u32, out: usize): u64 {
  if (id != <u32>NO_CELL) return loadValue(id, out);
  v128.store(out, i64x2.splat(0));
  v128.store(out, i64x2.splat(0), 16);
  return 0;
}

/** No balance, no nonce, no code (EIP-161). Reads no more than it needs. */
export function isEmpty(m: usize, account: usize): bool {
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

/** The entry of a slot, made if need be. @param key  four limbs */
export function slotAt(m: usize, account: usize, key: usize): usize {
  const hash = hashKey(KIND_SLOT, account, key);
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
  store<u32>(bucket, load<u32>(m, M_GENERATION));
  store<u32>(bucket, <u32>entry, 4);
  copyWord(key, entry);
  store<u32>(entry, <u32>account, S_ACCOUNT);
  store<u32>(entry, 0, S_FLAGS);
  store<u32>(entry, hash, S_HASH);
  store<u32>(entry, load<u32>(account, A_SLOTS), S_NEXT);
  store<u32>(entry, 0, S_JOURNAL);
  store<u32>(account, <u32>entry, A_SLOTS);
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
  const id = findHashed(load<u32>(slot, S_HASH), KIND_SLOT, account, slot);
  store<u64>(slot, readCell(id, value), S_VERSION);
  copyWord(value, slot + S_VALUE);
  store<u32>(slot, load<u32>(slot, S_FLAGS) | HAS_VALUE, S_FLAGS);
}

/** The entry of a transient slot; 0 where `isNew` is false and there is none, or no room. */
export function transientAt(m: usize, account: usize, key: usize, isNew: bool): usize {
  const hash = hashKey(KIND_SLOT, account, key);
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
  store<u32>(bucket, load<u32>(m, M_GENERATION));
  store<u32>(bucket, <u32>entry, 4);
  copyWord(key, entry);
  v128.store(entry, i64x2.splat(0), T_VALUE);
  v128.store(entry, i64x2.splat(0), T_VALUE + 16);
  store<u32>(entry, <u32>account, T_ACCOUNT);
  store<u32>(entry, hash, T_HASH);
  store<u32>(entry, 0, T_JOURNAL);
  return entry;
}

/**
 * What a thread knows of the accounts and slots that it met lately: the hashes of their keys, the
 * ids of their cells, a code's entry. A line each, so that a transaction which touches what others
 * have touched looks nothing up in the index. An id is a key's for good, but for rollbacks: these
 * are counted, and a line is of one count, its era. Whole keys are compared, so the worst an enemy
 * can do is to make it miss.
 */
import { findCode } from "../../state/kernel/code.as";
import { H_CELL_COUNT, H_ROLLBACKS, KIND_CODE, NO_CELL } from "../../state/kernel/map";
import { isAtHead } from "./base.as";
import {
  A_BALANCE_CELL, A_CODE_CELL, A_HASH, A_LINE, A_SUM, CELL_UNKNOWN, KNOWN_BYTES, KNOWN_CELLS,
  KNOWN_CODE, KNOWN_CODELESS_AT, KNOWN_CODE_CELL, KNOWN_ERA, KNOWN_GENERATION, KNOWN_HASH,
  KNOWN_ROW, KNOWN_SLOT_CELL, KNOWN_SLOT_ERA, KNOWN_SLOT_GENERATION, KNOWN_SLOT_HASH,
  KNOWN_SLOT_OWNER, KNOWN_SLOT_ROW, KNOWN_SUM, M_ERA, M_GENERATION, M_KNOWN_ACCOUNTS,
  M_KNOWN_ACCOUNTS_MASK, M_KNOWN_SLOTS, M_KNOWN_SLOTS_MASK, S_ACCOUNT, S_CELL, S_HASH,
} from "./map";
import { copyAddress, copyWord, isAddress, sameWord } from "./words.as";

const MULTIPLIER: u64 = 0x9e3779b97f4a7c15;

/** Before a transaction: nothing is rolled back while one is executed. */
@inline
export function beginEra(m: usize): void {
  store<u32>(m, <u32>atomic.load<u64>(H_ROLLBACKS) + 1, M_ERA);
}

/** Where what is known of an account lies, if anything is. @param address  20 raw bytes */
@inline
export function accountLine(m: usize, address: usize): usize {
  const mixed = load<u64>(address, 12) + rotl(load<u64>(address, 4), 29);
  const at = <u32>((mixed * MULTIPLIER) >>> 32) & load<u32>(m, M_KNOWN_ACCOUNTS_MASK);
  return <usize>load<u32>(m, M_KNOWN_ACCOUNTS) + <usize>at * KNOWN_BYTES;
}

/** The entry that this transaction has made of the line's account; 0: it may be elsewhere. */
@inline
export function rowOfLine(m: usize, line: usize, address: usize): usize {
  if (load<u32>(line, KNOWN_GENERATION) != load<u32>(m, M_GENERATION)) return 0;
  return isAddress(line, address) ? <usize>load<u32>(line, KNOWN_ROW) : 0;
}

@inline
export function isKnown(m: usize, line: usize, address: usize): bool {
  return load<u32>(line, KNOWN_ERA) == load<u32>(m, M_ERA) && isAddress(line, address);
}

/** Gives the line to another account, of which nothing else is known yet. */
// Five parameters: the account's hashes.
export function learnAccount(m: usize, line: usize, address: usize, hash: u32, sum: u64): void {
  copyAddress(address, line);
  store<u32>(line, hash, KNOWN_HASH);
  store<u64>(line, sum, KNOWN_SUM);
  store<u32>(line, load<u32>(m, M_ERA), KNOWN_ERA);
  v128.store(line, i32x4(CELL_UNKNOWN, CELL_UNKNOWN, CELL_UNKNOWN, 0), KNOWN_CELLS);
  store<u32>(line, 0, KNOWN_CODE);
}

/** Makes an entry the one of its line, and gives it what the line knows. */
@inline
export function tieLine(m: usize, line: usize, account: usize): void {
  store<u32>(line, load<u32>(m, M_GENERATION), KNOWN_GENERATION);
  store<u32>(line, <u32>account, KNOWN_ROW);
  store<u32>(account, <u32>line, A_LINE);
  store<u32>(account, load<u32>(line, KNOWN_HASH), A_HASH);
  store<u64>(account, load<u64>(line, KNOWN_SUM), A_SUM);
  store<u64>(account, load<u64>(line, KNOWN_CELLS), A_BALANCE_CELL);
  const codeCell = load<u32>(line, KNOWN_CODE_CELL);
  const isCodeless = load<u32>(line, KNOWN_CODELESS_AT) == load<u32>(H_CELL_COUNT);
  store<u32>(account, isCodeless ? NO_CELL : codeCell, A_CODE_CELL);
}

/** The line of an entry, or 0: another account has it by now. */
@inline
function lineOf(account: usize): usize {
  const line = <usize>load<u32>(account, A_LINE);
  return load<u32>(line, KNOWN_ROW) == <u32>account ? line : 0;
}

/**
 * An account's cell was looked for. That it has none is learnt at the head alone: while another
 * worker may be making it, it can be counted and not be found yet.
 * @param kind  KIND_... @param id  may be NO_CELL
 */
export function learnCell(account: usize, kind: u32, id: u32): void {
  const line = lineOf(account);
  if (line == 0) return;
  if (id != <u32>NO_CELL) store<u32>(line + (<usize>kind << 2), id, KNOWN_CELLS);
  else if (kind == KIND_CODE && isAtHead()) {
    store<u32>(line, load<u32>(H_CELL_COUNT), KNOWN_CODELESS_AT);
  }
}

/** The entry of a code whose hash was read, or 0. @param hash  four limbs, neither 0 nor a mark */
export function codeNamed(account: usize, hash: usize): usize {
  const line = lineOf(account);
  const known = line == 0 ? <usize>0 : <usize>load<u32>(line, KNOWN_CODE);
  if (known != 0 && sameWord(known, hash)) return known;
  const code = findCode(hash);
  if (line != 0) store<u32>(line, <u32>code, KNOWN_CODE);
  return code;
}

/** Where what is known of a slot lies, if anything is. @param owner  its account's code cell */
@inline
export function slotLine(m: usize, owner: u32, key: usize): usize {
  const mixed = load<u64>(key) + rotl(load<u64>(key, 16), 29) + owner;
  const at = <u32>((mixed * MULTIPLIER) >>> 32) & load<u32>(m, M_KNOWN_SLOTS_MASK);
  return <usize>load<u32>(m, M_KNOWN_SLOTS) + <usize>at * KNOWN_BYTES;
}

/** The entry that this transaction has made of the line's slot, if it is this one; or 0. */
@inline
export function rowOfSlotLine(m: usize, line: usize, owner: u32, key: usize): usize {
  if (load<u32>(line, KNOWN_SLOT_GENERATION) != load<u32>(m, M_GENERATION)) return 0;
  if (load<u32>(line, KNOWN_SLOT_OWNER) != owner || !sameWord(line, key)) return 0;
  return <usize>load<u32>(line, KNOWN_SLOT_ROW);
}

@inline
export function tieSlotLine(m: usize, line: usize, slot: usize): void {
  store<u32>(line, load<u32>(m, M_GENERATION), KNOWN_SLOT_GENERATION);
  store<u32>(line, <u32>slot, KNOWN_SLOT_ROW);
}

@inline
export function isKnownSlot(m: usize, line: usize, owner: u32, key: usize): bool {
  return load<u32>(line, KNOWN_SLOT_ERA) == load<u32>(m, M_ERA)
    && load<u32>(line, KNOWN_SLOT_OWNER) == owner && sameWord(line, key);
}

/** A slot's cell was found. An account without a code cell has no slots. */
export function learnSlot(m: usize, slot: usize): void {
  const owner = load<u32>(<usize>load<u32>(slot, S_ACCOUNT), A_CODE_CELL);
  if (owner >= <u32>CELL_UNKNOWN) return;
  const line = slotLine(m, owner, slot);
  copyWord(slot, line);
  store<u32>(line, owner, KNOWN_SLOT_OWNER);
  store<u32>(line, load<u32>(m, M_ERA), KNOWN_SLOT_ERA);
  store<u32>(line, load<u32>(slot, S_HASH), KNOWN_SLOT_HASH);
  store<u32>(line, load<u32>(slot, S_CELL), KNOWN_SLOT_CELL);
  tieSlotLine(m, line, slot);
}

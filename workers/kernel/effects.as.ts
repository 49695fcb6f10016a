/**
 * Notes for the scheduler, behind the outcome record, what an execution read and wants to write
 * (effects-map.ts): cells by id, values as limbs, writes in the order of their keys where cells are
 * to be made. At the head the reads are left out, since nothing can have changed them.
 */
import { changedAccounts, changedSlots, isSlotChanged } from "./changes.as";
import { copyAddress, copyWord, isZeroWord, sameWord, setWord } from "./words.as";
import { writeSlimOutcome, writeSlimRefusal } from "./outcome.as";
import { KIND_BALANCE, KIND_CODE, KIND_NONCE, KIND_SLOT, NO_CELL } from "../../state/kernel/map";
import {
  EFFECTS_BYTES, EFFECT_KEY_BYTES, EFFECT_KEY_SLOT, E_CODES, E_FEE, E_READS_END, E_WRITES_AT,
  E_WRITES_END, NODE_BYTES, NODE_CELL, NODE_HOW, NODE_KIND, NODE_STEP, NODE_VALUE, READ_AT_LEAST,
  READ_BYTES, READ_CELL, READ_EXACT, READ_HOW, READ_KIND, READ_VALUE, WRITE_ADD, WRITE_SET,
} from "./effects-map";
import {
  ACCOUNT_BYTES, A_BALANCE, A_BALANCE_0, A_BALANCE_CELL, A_CODE, A_CODE_0, A_CODE_CELL, A_FLAGS,
  A_NONCE, A_NONCE_0, A_NONCE_CELL, HAS_BALANCE, HAS_CODE, HAS_NONCE, HAS_VALUE, IS_BLIND, IS_DELTA,
  IS_TOUCHED, M_ABORT, M_ACCOUNTS, M_ACCOUNTS_TOP, M_BOUND, M_EFFECTS, M_IS_HEAD, M_MEMORY,
  M_NOTES_AT, M_NOTES_LIMIT, M_NOTES_TOP, M_SCRATCH_3, M_SLOTS, M_SLOTS_TOP, NO_ROOM, SLOT_BYTES,
  S_ACCOUNT, S_CELL, S_FLAGS, S_VALUE, S_VALUE_0,
} from "./map";
import { O_SLIM_CODES } from "./record-map";
import { stepRead } from "./base.as";

/** The largest item: a node and its key. */
const ITEM_BYTES: usize = 128;
/** An account has three fields. */
const ACCOUNT_ITEMS_BYTES: usize = 4 * ITEM_BYTES;

/** As writeOutcome: slim record and notes. @returns bytes of both, NO_ROOM or -ABORT_... */
// Six parameters: the header's fields.
export function writeEffects(
  m: usize, out: usize, end: usize, status: u32, gas: i64, created: usize,
): i32 {
  const bytes = writeSlimOutcome(m, out, end, status, gas, created);
  if (bytes < 0) return bytes;
  const own = <usize>load<u32>(m, M_NOTES_AT);
  if (own != 0 && noteAll(m, out, own, <usize>load<u32>(m, M_NOTES_LIMIT)) != 0) return bytes;
  const top = noteAll(m, out, behind(out, bytes), end);
  if (top != 0) return <i32>(top - out);
  return load<u32>(m, M_ABORT) != 0 ? -<i32>load<u32>(m, M_ABORT) : NO_ROOM;
}

/** @returns the offset behind the notes, or 0 where they do not fit */
function noteAll(m: usize, out: usize, effects: usize, end: usize): usize {
  if (effects + EFFECTS_BYTES > end) return 0;
  beginEffects(m, effects);
  store<u32>(effects, load<u32>(out, O_SLIM_CODES) ? <u32>(out + O_SLIM_CODES) : 0, E_CODES);
  copyWord(m + M_SCRATCH_3, effects + E_FEE);
  let at = writeReads(m, effects, end);
  if (at != 0) at = writeNodes(m, effects, at, end);
  store<u32>(m, <u32>at, M_NOTES_TOP);
  return at;
}

/** Notes behind a record of so many bytes. */
@inline
export function behind(out: usize, bytes: usize): usize {
  return (out + bytes + 15) & ~15;
}

/** As writeRefusal. @param reason  its index */
export function writeRefusedEffects(m: usize, out: usize, end: usize, reason: u32): i32 {
  const bytes = writeSlimRefusal(out, end, reason);
  if (bytes < 0) return bytes;
  const own = <usize>load<u32>(m, M_NOTES_AT);
  if (own != 0 && noteReads(m, own, <usize>load<u32>(m, M_NOTES_LIMIT)) != 0) return bytes;
  const top = noteReads(m, behind(out, bytes), end);
  return top == 0 ? NO_ROOM : <i32>(top - out);
}

function noteReads(m: usize, effects: usize, end: usize): usize {
  if (effects + EFFECTS_BYTES > end) return 0;
  beginEffects(m, effects);
  const at = writeReads(m, effects, end);
  store<u32>(m, <u32>at, M_NOTES_TOP);
  return at;
}

function beginEffects(m: usize, effects: usize): void {
  store<u32>(m, <u32>effects, M_EFFECTS);
  store<u32>(effects, 0, E_WRITES_AT);
  store<u32>(effects, 0, E_WRITES_END);
  store<u32>(effects, 0, E_CODES);
  setWord(effects + E_FEE, 0);
}

/** @returns the offset behind the reads, or 0 where there is no room */
function writeReads(m: usize, effects: usize, end: usize): usize {
  const at = load<u32>(m, M_IS_HEAD) ? effects + EFFECTS_BYTES
    : allReads(m, effects + EFFECTS_BYTES, end);
  store<u32>(effects, <u32>at, E_READS_END);
  return at;
}

function allReads(m: usize, at: usize, end: usize): usize {
  const accountsEnd = <usize>load<u32>(m, M_ACCOUNTS_TOP);
  for (let entry = <usize>load<u32>(m, M_ACCOUNTS); entry < accountsEnd; entry += ACCOUNT_BYTES) {
    if (at + ACCOUNT_ITEMS_BYTES > end) return 0;
    at = readsOfAccount(m, entry, at);
  }
  const slotsEnd = <usize>load<u32>(m, M_SLOTS_TOP);
  for (let slot = <usize>load<u32>(m, M_SLOTS); slot < slotsEnd; slot += SLOT_BYTES) {
    if (at + ITEM_BYTES > end) return 0;
    if (!(load<u32>(slot, S_FLAGS) & HAS_VALUE)) continue;
    const id = load<u32>(slot, S_CELL);
    copyWord(slot + S_VALUE_0, at + READ_VALUE);
    at = endRead(at, id, KIND_SLOT, <usize>load<u32>(slot, S_ACCOUNT));
    if (id == <u32>NO_CELL) copyWord(slot, at - EFFECT_KEY_BYTES + EFFECT_KEY_SLOT);
  }
  return at;
}

@inline
function readsOfAccount(m: usize, account: usize, at: usize): usize {
  const flags = load<u32>(account, A_FLAGS);
  if (flags & HAS_BALANCE) {
    copyWord(account + A_BALANCE_0, at + READ_VALUE);
    at = endRead(at, load<u32>(account, A_BALANCE_CELL), KIND_BALANCE, account);
  }
  if (flags & IS_BLIND) {
    copyWord(m + M_BOUND, at + READ_VALUE);
    const bound = at;
    at = endRead(at, load<u32>(account, A_BALANCE_CELL), KIND_BALANCE, account);
    store<u32>(bound, READ_AT_LEAST, READ_HOW);
  }
  if (flags & HAS_NONCE) {
    setWord(at + READ_VALUE, load<u64>(account, A_NONCE_0));
    at = endRead(at, load<u32>(account, A_NONCE_CELL), KIND_NONCE, account);
  }
  if (flags & HAS_CODE) {
    copyWord(account + A_CODE_0, at + READ_VALUE);
    at = endRead(at, load<u32>(account, A_CODE_CELL), KIND_CODE, account);
  }
  return at;
}

// Four parameters: an item's fields.
@inline
function endRead(at: usize, id: u32, kind: u32, account: usize): usize {
  store<u32>(at, id, READ_CELL);
  store<u32>(at, READ_EXACT, READ_HOW);
  store<u32>(at, kind, READ_KIND);
  if (id != <u32>NO_CELL) return at + READ_BYTES;
  copyAddress(account, at + READ_BYTES);
  return at + READ_BYTES + EFFECT_KEY_BYTES;
}

/**
 * As they were met, unless cells are to be made: those are made in the order of their keys.
 * @returns the offset behind the nodes, or 0
 */
function writeNodes(m: usize, effects: usize, at: usize, end: usize): usize {
  let top = nodesAsMet(m, at, end);
  if (isAnyNew(at, top)) top = nodesInOrder(m, at, end);
  store<u32>(effects, <u32>at, E_WRITES_AT);
  store<u32>(effects, <u32>top, E_WRITES_END);
  return top;
}

/** Whether a node before `top` is of a key without a cell: until the first, nodes have no keys. */
@inline
function isAnyNew(node: usize, top: usize): bool {
  for (; node < top; node += NODE_BYTES) {
    if (load<u32>(node, NODE_CELL) == <u32>NO_CELL) return true;
  }
  return false;
}

function nodesAsMet(m: usize, at: usize, end: usize): usize {
  const accountsEnd = <usize>load<u32>(m, M_ACCOUNTS_TOP);
  for (let entry = <usize>load<u32>(m, M_ACCOUNTS); entry < accountsEnd; entry += ACCOUNT_BYTES) {
    if (!(load<u32>(entry, A_FLAGS) & IS_TOUCHED)) continue;
    if (at + ACCOUNT_ITEMS_BYTES > end) return 0;
    at = nodesOfAccount(entry, at);
  }
  const slotsEnd = <usize>load<u32>(m, M_SLOTS_TOP);
  for (let slot = <usize>load<u32>(m, M_SLOTS); slot < slotsEnd; slot += SLOT_BYTES) {
    if (!isSlotChanged(slot)) continue;
    if (at + ITEM_BYTES > end) return 0;
    at = nodeOfSlot(slot, at);
  }
  return at;
}

function nodesInOrder(m: usize, at: usize, end: usize): usize {
  const top = changedAccounts(m);
  if (top == 0) return 0;
  for (let next = <usize>load<u32>(m, M_MEMORY); next < top; next += 4) {
    const account = <usize>load<u32>(next);
    if (at + ACCOUNT_ITEMS_BYTES > end) return 0;
    if (load<u32>(account, A_FLAGS) & IS_TOUCHED) at = nodesOfAccount(account, at);
    at = nodesOfSlots(m, account, at, end, top);
    if (at == 0) return 0;
  }
  return at;
}

function nodesOfAccount(account: usize, at: usize): usize {
  const flags = load<u32>(account, A_FLAGS);
  const balance = account + A_BALANCE;
  const isDelta = (flags & IS_DELTA) != 0;
  if (
    isDelta ? !isZeroWord(balance)
      : (flags & HAS_BALANCE) != 0 && !sameWord(balance, account + A_BALANCE_0)
  ) {
    copyWord(balance, at + NODE_VALUE);
    store<u32>(at, isDelta ? WRITE_ADD : WRITE_SET, NODE_HOW);
    at = endNode(at, load<u32>(account, A_BALANCE_CELL), KIND_BALANCE, account);
  }
  if (flags & HAS_NONCE && load<u64>(account, A_NONCE) != load<u64>(account, A_NONCE_0)) {
    setWord(at + NODE_VALUE, load<u64>(account, A_NONCE));
    store<u32>(at, WRITE_SET, NODE_HOW);
    at = endNode(at, load<u32>(account, A_NONCE_CELL), KIND_NONCE, account);
  }
  if (!(flags & HAS_CODE)) return at;
  const code = <usize>load<u32>(account, A_CODE);
  if (code == 0) setWord(at + NODE_VALUE, 0);
  else copyWord(code, at + NODE_VALUE);
  if (sameWord(at + NODE_VALUE, account + A_CODE_0)) return at;
  store<u32>(at, WRITE_SET, NODE_HOW);
  return endNode(at, load<u32>(account, A_CODE_CELL), KIND_CODE, account);
}

// Four parameters: a node's fields.
@inline
function endNode(at: usize, id: u32, kind: u32, account: usize): usize {
  store<u32>(at, id, NODE_CELL);
  store<u32>(at, stepRead(), NODE_STEP);
  store<u32>(at, kind, NODE_KIND);
  if (id != <u32>NO_CELL) return at + NODE_BYTES;
  copyAddress(account, at + NODE_BYTES);
  return at + NODE_BYTES + EFFECT_KEY_BYTES;
}

// Five parameters: the nodes, and where pointers to its slots may lie.
function nodesOfSlots(
  m: usize, account: usize, at: usize, end: usize, pointers: usize,
): usize {
  const top = changedSlots(m, account, pointers);
  if (top == 0) return 0;
  for (let next = pointers; next < top; next += 4) {
    if (at + ITEM_BYTES > end) return 0;
    at = nodeOfSlot(<usize>load<u32>(next), at);
  }
  return at;
}

function nodeOfSlot(slot: usize, at: usize): usize {
  copyWord(slot + S_VALUE, at + NODE_VALUE);
  store<u32>(at, WRITE_SET, NODE_HOW);
  const id = load<u32>(slot, S_CELL);
  at = endNode(at, id, KIND_SLOT, <usize>load<u32>(slot, S_ACCOUNT));
  if (id == <u32>NO_CELL) copyWord(slot, at - EFFECT_KEY_BYTES + EFFECT_KEY_SLOT);
  return at;
}

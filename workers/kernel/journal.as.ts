/**
 * The undo journal. Before a frame first changes an entry it saves what was there; a frame that
 * fails puts its records back, newest first. A mark is the place of the frame's first record: an
 * entry whose newest record is at or after the mark is already saved for this frame.
 */
import { needBalance } from "./access.as";
import { copyWord } from "./words.as";
import {
  A_BALANCE, A_BALANCE_0, A_CODE, A_FLAGS, A_JOURNAL, A_NONCE, A_NONCE_0, HAS_BALANCE, HAS_CODE,
  HAS_NONCE, HAS_VALUE, IS_DELTA, JOURNAL_BYTES, J_ACCOUNT, J_BEFORE, J_CODE, J_ENTRY, J_FLAGS,
  J_KIND, J_NONCE, J_SLOT, J_TRANSIENT, J_WORD, M_JOURNAL_TOP, M_MARK, S_FLAGS, S_JOURNAL, S_VALUE,
  S_VALUE_0, T_JOURNAL, T_VALUE,
} from "./map";

/** What was read stays read: only the rest of the flags goes back. */
const READ_FLAGS: u32 = HAS_BALANCE | HAS_NONCE | HAS_CODE;

@inline
export function saveAccount(m: usize, account: usize): void {
  if (load<u32>(account, A_JOURNAL) < load<u32>(m, M_MARK)) recordAccount(m, account);
}

function recordAccount(m: usize, account: usize): void {
  // What is saved is a balance, never an addition to one.
  if (load<u32>(account, A_FLAGS) & IS_DELTA) needBalance(account);
  const record = append(m, account, J_ACCOUNT, load<u32>(account, A_JOURNAL));
  store<u32>(account, <u32>record, A_JOURNAL);
  store<u32>(record, load<u32>(account, A_FLAGS), J_FLAGS);
  store<u64>(record, load<u64>(account, A_NONCE), J_NONCE);
  store<u32>(record, load<u32>(account, A_CODE), J_CODE);
  copyWord(account + A_BALANCE, record + J_WORD);
}

@inline
export function saveSlot(m: usize, slot: usize): void {
  if (load<u32>(slot, S_JOURNAL) < load<u32>(m, M_MARK)) recordSlot(m, slot);
}

function recordSlot(m: usize, slot: usize): void {
  const record = append(m, slot, J_SLOT, load<u32>(slot, S_JOURNAL));
  store<u32>(slot, <u32>record, S_JOURNAL);
  store<u32>(record, load<u32>(slot, S_FLAGS), J_FLAGS);
  copyWord(slot + S_VALUE, record + J_WORD);
}

export function saveTransient(m: usize, entry: usize): void {
  if (load<u32>(entry, T_JOURNAL) >= load<u32>(m, M_MARK)) return;
  const record = append(m, entry, J_TRANSIENT, load<u32>(entry, T_JOURNAL));
  store<u32>(entry, <u32>record, T_JOURNAL);
  copyWord(entry + T_VALUE, record + J_WORD);
}

@inline
function append(m: usize, entry: usize, kind: u32, before: u32): usize {
  const record = <usize>load<u32>(m, M_JOURNAL_TOP);
  store<u32>(m, <u32>(record + JOURNAL_BYTES), M_JOURNAL_TOP);
  store<u32>(record, <u32>entry, J_ENTRY);
  store<u32>(record, kind, J_KIND);
  store<u32>(record, before, J_BEFORE);
  return record;
}

/** Undoes everything recorded at or after `mark`. */
export function undoTo(m: usize, mark: usize): void {
  let record = <usize>load<u32>(m, M_JOURNAL_TOP);
  while (record > mark) {
    record -= JOURNAL_BYTES;
    const entry = <usize>load<u32>(record, J_ENTRY);
    const kind = load<u32>(record, J_KIND);
    if (kind == J_ACCOUNT) restoreAccount(entry, record);
    else if (kind == J_SLOT) restoreSlot(entry, record);
    else {
      store<u32>(entry, load<u32>(record, J_BEFORE), T_JOURNAL);
      copyWord(record + J_WORD, entry + T_VALUE);
    }
  }
  store<u32>(m, <u32>mark, M_JOURNAL_TOP);
}

/** A field that was read after it was saved goes back to what was read. */
function restoreAccount(account: usize, record: usize): void {
  const saved = load<u32>(record, J_FLAGS);
  const isRead = load<u32>(account, A_FLAGS) & READ_FLAGS;
  const balance = saved & HAS_BALANCE ? record + J_WORD : account + A_BALANCE_0;
  copyWord(balance, account + A_BALANCE);
  const nonce = saved & HAS_NONCE ? record + J_NONCE : account + A_NONCE_0;
  store<u64>(account, load<u64>(nonce), A_NONCE);
  // Code is set only where it was read before, so a code read later is still the committed one.
  if (saved & HAS_CODE) store<u32>(account, load<u32>(record, J_CODE), A_CODE);
  store<u32>(account, saved | isRead, A_FLAGS);
  store<u32>(account, load<u32>(record, J_BEFORE), A_JOURNAL);
}

function restoreSlot(slot: usize, record: usize): void {
  const saved = load<u32>(record, J_FLAGS);
  copyWord(saved & HAS_VALUE ? record + J_WORD : slot + S_VALUE_0, slot + S_VALUE);
  store<u32>(slot, saved | (load<u32>(slot, S_FLAGS) & HAS_VALUE), S_FLAGS);
  store<u32>(slot, load<u32>(record, J_BEFORE), S_JOURNAL);
}

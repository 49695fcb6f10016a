/** The part of the access set that is transient storage (EIP-1153); there is nothing to read. */
import { hashSlot } from "../../state/kernel/keys.as";
import { giveUp, isTaken } from "./access.as";
import { addTransient } from "./access-tables.as";
import { copyWord, sameWord } from "./words.as";
import {
  ABORT_WINDOW, A_SUM, M_TRANSIENTS, M_TRANSIENTS_END, M_TRANSIENTS_TOP, M_TRANSIENT_MASK,
  M_TRANSIENT_TABLE, TRANSIENT_BYTES, T_ACCOUNT, T_HASH, T_JOURNAL, T_VALUE,
} from "./map";

/** The entry of a transient slot; 0 where `isNew` is false and there is none, or no room. */
export function transientAt(m: usize, account: usize, key: usize, isNew: bool): usize {
  const hash = hashSlot(load<u64>(account, A_SUM), account, key);
  const row = transientRow(m, account, key, hash);
  return row == 0 && isNew ? newTransient(m, account, key, hash) : row;
}

function transientRow(m: usize, account: usize, key: usize, hash: u32): usize {
  const mask = load<u32>(m, M_TRANSIENT_MASK);
  if (mask == 0) {
    const end = <usize>load<u32>(m, M_TRANSIENTS_TOP);
    for (let row = <usize>load<u32>(m, M_TRANSIENTS); row < end; row += TRANSIENT_BYTES) {
      if (isTransient(row, account, key, hash)) return row;
    }
    return 0;
  }
  const table = <usize>load<u32>(m, M_TRANSIENT_TABLE);
  let at = hash & mask;
  while (true) {
    const place = table + (<usize>at << 3);
    if (!isTaken(m, place)) return 0;
    const row = <usize>load<u32>(place, 4);
    if (isTransient(row, account, key, hash)) return row;
    at = (at + 1) & mask;
  }
}

@inline
function isTransient(row: usize, account: usize, key: usize, hash: u32): bool {
  return load<u32>(row, T_HASH) == hash && load<u32>(row, T_ACCOUNT) == <u32>account
    && sameWord(row, key);
}

function newTransient(m: usize, account: usize, key: usize, hash: u32): usize {
  const entry = <usize>load<u32>(m, M_TRANSIENTS_TOP);
  if (entry > <usize>load<u32>(m, M_TRANSIENTS_END)) {
    giveUp(m, ABORT_WINDOW);
    return 0;
  }
  store<u32>(m, <u32>(entry + TRANSIENT_BYTES), M_TRANSIENTS_TOP);
  copyWord(key, entry);
  v128.store(entry, i64x2.splat(0), T_VALUE);
  v128.store(entry, i64x2.splat(0), T_VALUE + 16);
  store<u32>(entry, <u32>account, T_ACCOUNT);
  store<u32>(entry, hash, T_HASH);
  store<u32>(entry, 0, T_JOURNAL);
  addTransient(m, entry);
  return entry;
}

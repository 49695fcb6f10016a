/**
 * What a transaction changed, in the order in which new cells are interned: accounts by address,
 * and the slots of one account at a time by slot. Pointers to the entries go where no frame's
 * memory is needed any more, up to the return data.
 */
import { giveUp } from "./access.as";
import { sortPointers } from "./sort.as";
import { sameWord } from "./words.as";
import {
  ABORT_WINDOW, ACCOUNT_BYTES, A_FLAGS, A_SLOTS, HAS_VALUE, IS_TOUCHED, M_ACCOUNTS, M_ACCOUNTS_TOP,
  M_MEMORY, M_RETURN, S_FLAGS, S_NEXT, S_VALUE, S_VALUE_0,
} from "./map";

/** Puts pointers to changed accounts at M_MEMORY. @returns where they end; 0: no place for them */
export function changedAccounts(m: usize): usize {
  const pointers = <usize>load<u32>(m, M_MEMORY);
  const limit = <usize>load<u32>(m, M_RETURN);
  let top = pointers;
  const end = <usize>load<u32>(m, M_ACCOUNTS_TOP);
  for (let entry = <usize>load<u32>(m, M_ACCOUNTS); entry < end; entry += ACCOUNT_BYTES) {
    if (!isChanged(entry)) continue;
    if (top + 8 > limit) return noPlace(m);
    store<u32>(top, <u32>entry);
    top += 4;
  }
  sortPointers(pointers, <u32>((top - pointers) >> 2), true);
  return top;
}

/** The same for an account's slots, at `pointers`. */
export function changedSlots(m: usize, account: usize, pointers: usize): usize {
  const limit = <usize>load<u32>(m, M_RETURN);
  let top = pointers;
  let slot = <usize>load<u32>(account, A_SLOTS);
  for (; slot != 0; slot = <usize>load<u32>(slot, S_NEXT)) {
    if (!isSlotChanged(slot)) continue;
    if (top + 8 > limit) return noPlace(m);
    store<u32>(top, <u32>slot);
    top += 4;
  }
  sortPointers(pointers, <u32>((top - pointers) >> 2), false);
  return top;
}

/** The window is too small for this transaction. */
export function noPlace(m: usize): usize {
  giveUp(m, ABORT_WINDOW);
  return 0;
}

@inline
function isChanged(account: usize): bool {
  if (load<u32>(account, A_FLAGS) & IS_TOUCHED) return true;
  let slot = <usize>load<u32>(account, A_SLOTS);
  for (; slot != 0; slot = <usize>load<u32>(slot, S_NEXT)) if (isSlotChanged(slot)) return true;
  return false;
}

@inline
export function isSlotChanged(slot: usize): bool {
  return (load<u32>(slot, S_FLAGS) & HAS_VALUE) != 0 && !sameWord(slot + S_VALUE, slot + S_VALUE_0);
}

/**
 * What a transaction changed, in the order in which new cells are interned: accounts by address,
 * and the slots of one account at a time by slot. Pointers to the entries go where no frame's
 * memory is needed any more, up to the return data.
 */
import { NO_CELL } from "../../state/kernel/map";
import { giveUp } from "./access.as";
import { sortPointers } from "./sort.as";
import { sameWord } from "./words.as";
import {
  ABORT_WINDOW, ACCOUNT_BYTES, A_BALANCE_CELL, A_CODE, A_CODE_CELL, A_FLAGS, A_NONCE_CELL, A_SLOTS,
  HAS_CODE, HAS_VALUE, IS_TOUCHED, M_ACCOUNTS, M_ACCOUNTS_TOP, M_MEMORY, M_RETURN, M_SLOTS,
  M_SLOTS_TOP, SLOT_BYTES, S_CELL, S_FLAGS, S_NEXT, S_VALUE, S_VALUE_0,
} from "./map";

/**
 * Puts pointers to changed accounts at M_MEMORY: in their order where new cells may be interned.
 * @returns where they end; 0: no place for them
 */
export function changedAccounts(m: usize, areOrdered: bool = false): usize {
  const pointers = <usize>load<u32>(m, M_MEMORY);
  const limit = <usize>load<u32>(m, M_RETURN);
  let top = pointers, isOrdered = areOrdered || hasNewSlot(m);
  const end = <usize>load<u32>(m, M_ACCOUNTS_TOP);
  for (let entry = <usize>load<u32>(m, M_ACCOUNTS); entry < end; entry += ACCOUNT_BYTES) {
    if (!isChanged(entry)) continue;
    if (top + 8 > limit) return noPlace(m);
    store<u32>(top, <u32>entry);
    top += 4;
    isOrdered = isOrdered || isNew(entry);
  }
  if (isOrdered) sortPointers(pointers, <u32>((top - pointers) >> 2), true);
  return top;
}

/** The same for an account's slots, at `pointers`. */
export function changedSlots(
  m: usize, account: usize, pointers: usize, areOrdered: bool = false,
): usize {
  const limit = <usize>load<u32>(m, M_RETURN);
  let top = pointers, isOrdered = areOrdered;
  let slot = <usize>load<u32>(account, A_SLOTS);
  for (; slot != 0; slot = <usize>load<u32>(slot, S_NEXT)) {
    if (!isSlotChanged(slot)) continue;
    if (top + 8 > limit) return noPlace(m);
    store<u32>(top, <u32>slot);
    top += 4;
    isOrdered = isOrdered || load<u32>(slot, S_CELL) == <u32>NO_CELL;
  }
  if (isOrdered) sortPointers(pointers, <u32>((top - pointers) >> 2), false);
  return top;
}

/** Whether a slot without a cell may get one. */
@inline
function hasNewSlot(m: usize): bool {
  const end = <usize>load<u32>(m, M_SLOTS_TOP);
  for (let slot = <usize>load<u32>(m, M_SLOTS); slot < end; slot += SLOT_BYTES) {
    if (load<u32>(slot, S_CELL) == <u32>NO_CELL && isSlotChanged(slot)) return true;
  }
  return false;
}

/** The same of an account's own fields, of which those with a value may have been given it. */
@inline
function isNew(account: usize): bool {
  const isBalance = load<u32>(account, A_BALANCE_CELL) == <u32>NO_CELL;
  const isNonce = load<u32>(account, A_NONCE_CELL) == <u32>NO_CELL;
  const isCode = load<u32>(account, A_CODE_CELL) == <u32>NO_CELL;
  return isBalance || isNonce || (isCode && load<u32>(account, A_FLAGS) & HAS_CODE
    && load<u32>(account, A_CODE) != 0);
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
function isSlotChanged(slot: usize): bool {
  return (load<u32>(slot, S_FLAGS) & HAS_VALUE) != 0 && !sameWord(slot + S_VALUE, slot + S_VALUE_0);
}

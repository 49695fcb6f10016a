/**
 * After the message: accounts that destroyed themselves go, and so do touched ones that are empty
 * (EIP-161), with all their storage.
 */
import { firstSlot, keySlotPointer, nextSlot } from "./chains.as";
import {
  codeCell, codeOf, giveUp, isEmpty, isFull, needBalance, needNonce, needValue, slotAt,
} from "./access.as";
import { NO_CELL } from "../../state/kernel/map";
import { setWord } from "./words.as";
import {
  ABORT_HEAD, ABORT_WINDOW, ACCOUNT_BYTES, A_BALANCE, A_CODE, A_FLAGS, A_NONCE, A_SLOTS, HAS_CODE,
  HAS_NONCE, IS_DESTROYED, IS_TOUCHED, M_ACCOUNTS, M_ACCOUNTS_TOP, M_IS_HEAD, S_NEXT, S_VALUE,
} from "./map";

export function settleAccounts(m: usize): void {
  const end = <usize>load<u32>(m, M_ACCOUNTS_TOP);
  for (let at = <usize>load<u32>(m, M_ACCOUNTS); at < end; at += ACCOUNT_BYTES) {
    const flags = load<u32>(at, A_FLAGS);
    if (!(flags & (IS_TOUCHED | IS_DESTROYED)) || isAlive(at, flags)) continue;
    // Whatever a touched account becomes, its code cell loses the mark of an empty account.
    codeOf(m, at);
    if (flags & IS_DESTROYED || isEmpty(m, at)) remove(m, at);
  }
}

/** Whether what was read of an account tells that it stays; its code was read, too. */
@inline
function isAlive(account: usize, flags: u32): bool {
  if ((flags & (HAS_CODE | IS_DESTROYED)) != HAS_CODE) return false;
  return load<u32>(account, A_CODE) != 0
    || (flags & HAS_NONCE && load<u64>(account, A_NONCE) != 0);
}

function remove(m: usize, account: usize): void {
  needBalance(account);
  needNonce(m, account);
  setWord(account + A_BALANCE, 0);
  store<u64>(account, 0, A_NONCE);
  store<u32>(account, 0, A_CODE);
  const owner = codeCell(account);
  if (owner != <u32>NO_CELL) {
    if (!load<u32>(m, M_IS_HEAD)) {
      giveUp(m, ABORT_HEAD);
      return;
    }
    let id = firstSlot(owner);
    for (; id != <u32>NO_CELL; id = nextSlot(id)) {
      if (isFull(m)) {
        giveUp(m, ABORT_WINDOW);
        return;
      }
      slotAt(m, account, keySlotPointer(id));
    }
  }
  let slot = <usize>load<u32>(account, A_SLOTS);
  for (; slot != 0; slot = <usize>load<u32>(slot, S_NEXT)) {
    needValue(m, slot);
    setWord(slot + S_VALUE, 0);
  }
}

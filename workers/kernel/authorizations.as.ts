/**
 * EIP-7702: each authorization of a type-4 transaction sets the code of an account that signed it.
 * Decoding the tuple and recovering its signer is a crossing to JavaScript
 * (workers/authorizations.ts).
 */
import { accountAt, codeOf, exists, giveUp, isDelegation, isFull, needNonce } from "./access.as";
import { newCode } from "./codes.as";
import { copyAddress } from "./words.as";
import {
  A_CODE, A_FLAGS, A_NONCE, ABORT_WINDOW, IS_CODE_NEW, IS_TOUCHED, IS_WARM, M_ABORT, M_BYTES,
} from "./map";
import { R_AUTHORIZATIONS } from "./record-map";

/** PER_EMPTY_ACCOUNT_COST - PER_AUTH_BASE_COST. */
const EXISTING_REFUND: i64 = 12500;
const DELEGATION_BYTES: u32 = 23;
/** What `authority` writes: signer, padded to 24, delegate, padded to 24, nonce u64. */
const DELEGATE_AT: usize = 24;
const NONCE_AT: usize = 48;
const CODE_AT: usize = 64;

/** @returns 1 and the tuple's parts at `out`, or 0 where it is to be passed over */
@external("env", "authority")
declare function authority(tuple: usize, length: u32, out: usize): i32;

/** @returns the refund */
export function applyAuthorizations(m: usize, record: usize): i64 {
  let at = record + <usize>load<u32>(record, R_AUTHORIZATIONS);
  let refund: i64 = 0;
  for (let left = load<u32>(record, R_AUTHORIZATIONS + 4); left > 0; left--) {
    const length = load<u32>(at);
    if (isFull(m)) giveUp(m, ABORT_WINDOW);
    if (load<u32>(m, M_ABORT) != 0) return 0;
    if (authority(at + 4, length, m + M_BYTES)) refund += apply(m, m + M_BYTES);
    at += 4 + <usize>length;
  }
  return refund;
}

function apply(m: usize, parts: usize): i64 {
  const account = accountAt(m, parts);
  store<u32>(account, load<u32>(account, A_FLAGS) | IS_WARM, A_FLAGS);
  const code = codeOf(m, account);
  if (code != 0 && !isDelegation(code)) return 0;
  needNonce(m, account);
  if (load<u64>(account, A_NONCE) != load<u64>(parts, NONCE_AT)) return 0;
  const refund = exists(m, account) ? EXISTING_REFUND : 0;
  store<u64>(account, load<u64>(account, A_NONCE) + 1, A_NONCE);
  store<u32>(account, load<u32>(account, A_FLAGS) | IS_TOUCHED | IS_CODE_NEW, A_FLAGS);
  store<u32>(account, <u32>delegation(m, parts), A_CODE);
  return refund;
}

/** The code entry 0xef0100 and the delegate; none for the zero address, which takes it back. */
function delegation(m: usize, parts: usize): usize {
  const to = parts + DELEGATE_AT;
  if ((load<u64>(to) | load<u64>(to, 8) | <u64>load<u32>(to, 16)) == 0) return 0;
  const code = parts + CODE_AT;
  store<u32>(code, 0x0001ef);
  copyAddress(to, code + 3);
  return newCode(m, code, DELEGATION_BYTES);
}

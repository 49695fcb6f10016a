/**
 * The plain transfer, most of many chains' load: money and no data, to an account without code,
 * neither of the two being the coinbase or a precompile, and everything in order; they may be one
 * and the same. It needs no access set, no journal and no message, and its notes are one line,
 * since the record says nearly all of them (commit-transfer.as.ts). Ahead of its turn it reads the
 * two codes and nothing else: the sender is taken for rich and its nonce for right, the recipient
 * gets an addition. So transfers conflict with nobody, whoever pays whom. In all other cases
 * nothing is decided here and the general way begins.
 */
import { findInline, hashAddress, hashField, touchCells } from "../../state/kernel/keys.as";
import { KIND_BALANCE, KIND_CODE, KIND_NONCE } from "../../state/kernel/map";
import { isAddress, precompileAt } from "./access.as";
import { readBase } from "./base.as";
import { behind } from "./effects.as";
import {
  E_READS_END, IS_TRANSFER, T_BYTES, T_CELLS, T_COST, T_FEE, T_RECORD, T_TO_CODE_CELL,
} from "./effects-map";
import { writeHead } from "./outcome.as";
import { add, fitsU64, lt } from "./u256.as";
import { isZeroWord, setWord } from "./words.as";
import {
  M_BASE_FEE, M_BLOCK_GAS_LIMIT, M_BYTES, M_COINBASE, M_EFFECTS, M_IS_HEAD, M_NOTES_AT,
  M_NOTES_LIMIT, M_NOTES_TOP, M_SCRATCH,
} from "./map";
import {
  IS_CREATION, O_FEE, O_GAS, O_LISTS, R_ACCESS_LIST, R_AUTHORIZATIONS, R_DATA, R_FLAGS, R_GAS_LIMIT,
  R_MAX_FEE, R_NONCE, R_PRIORITY_FEE, R_SENDER, R_TO, R_TYPE, R_VALUE, STATUS_OK,
} from "./record-map";

/** An answer of `transferStep`: it is not a plain one. */
export const NOT_PLAIN: i32 = 0;
const GAS: u64 = 21000;
/** Below these a price times gas is one limb: 1,099 gwei, and the gas of EIP-7825. */
const PRICE_END: u64 = 1 << 40;
const GAS_LIMIT_MAX: u64 = 1 << 24;
/** Header and five empty lists. */
const RECORD_BYTES: usize = 89;
/** Record, alignment, notes. */
const ROOM_BYTES: usize = RECORD_BYTES + 16 + T_BYTES;

// In the machine's bytes: cell ids, words; a sum of what was touched, for nobody.
// The order of the first four is that of the notes.
const BALANCE_CELL: usize = M_BYTES;
const NONCE_CELL: usize = M_BYTES + 4;
const TO_BALANCE_CELL: usize = M_BYTES + 8;
const CODE_CELL: usize = M_BYTES + 12;
const TO_CODE_CELL: usize = M_BYTES + 16;
const TOUCHED: usize = M_BYTES + 20;
const CODE: usize = M_BYTES + 32;
const TO_CODE: usize = M_BYTES + 64;
const BALANCE: usize = M_BYTES + 96;
const NONCE: usize = M_BYTES + 128;
const TO_BALANCE: usize = M_BYTES + 160;
/** What the sender must have, and what it is left less by. */
const BOUND: usize = M_BYTES + 192;

/**
 * Executes a transaction record as a step of a batch if it is a plain transfer; slim outcome and
 * notes go to [out, end). @returns bytes of both, or NOT_PLAIN with nothing done
 */
export function transferStep(m: usize, record: usize, out: usize, end: usize): i32 {
  if (out + ROOM_BYTES > end || !isPlain(m, record) || !needsAtMost(m, record)) return NOT_PLAIN;
  const isHead = load<u32>(m, M_IS_HEAD) != 0;
  readFields(m, record, isHead);
  if (!isZeroWord(m + CODE) || !isZeroWord(m + TO_CODE)) return NOT_PLAIN;
  if (isHead && !isInOrder(m, record)) return NOT_PLAIN;
  return writeTransfer(m, record, out);
}

/** What the record alone tells. */
@inline
function isPlain(m: usize, record: usize): bool {
  const lists = load<u32>(record, R_DATA + 4) | load<u32>(record, R_ACCESS_LIST + 4)
    | load<u32>(record, R_AUTHORIZATIONS + 4);
  if ((lists | (load<u8>(record, R_FLAGS) & IS_CREATION)) != 0) return false;
  if (load<u8>(record, R_TYPE) > 2 || isZeroWord(record + R_VALUE)) return false;
  // Later the nonce may turn out another; the greatest of all has rules of its own.
  if (load<u64>(record, R_NONCE) == u64.MAX_VALUE) return false;
  const gasLimit = load<u64>(record, R_GAS_LIMIT);
  if (gasLimit - GAS > GAS_LIMIT_MAX - GAS) return false;
  if (gasLimit > load<u64>(m, M_BLOCK_GAS_LIMIT)) return false;
  const maxFee = record + R_MAX_FEE, baseFee = m + M_BASE_FEE;
  if (!fitsU64(maxFee) || load<u64>(maxFee) >= PRICE_END || !fitsU64(baseFee)) return false;
  if (load<u64>(maxFee) < load<u64>(baseFee)) return false;
  const sender = record + R_SENDER, to = record + R_TO;
  return !isAddress(sender, m + M_COINBASE) && !isAddress(to, m + M_COINBASE)
    && precompileAt(m, to) == 0;
}

/** What the sender must have, at M + BOUND. @returns false where no account can have it */
@inline
function needsAtMost(m: usize, record: usize): bool {
  const bound = m + BOUND, value = record + R_VALUE;
  setWord(bound, load<u64>(record, R_GAS_LIMIT) * load<u64>(record, R_MAX_FEE));
  add(bound, value, bound);
  return !lt(bound, value);
}

/** All of it is asked for before any of it is needed. */
@inline
function readFields(m: usize, record: usize, isHead: bool): void {
  const sender = record + R_SENDER, to = record + R_TO;
  const sum = hashAddress(sender), toSum = hashAddress(to);
  const balance = hashField(sum, sender, KIND_BALANCE), nonce = hashField(sum, sender, KIND_NONCE);
  const code = hashField(sum, sender, KIND_CODE);
  const toBalance = hashField(toSum, to, KIND_BALANCE), toCode = hashField(toSum, to, KIND_CODE);
  store<u32>(m, touchCells(balance, nonce, code, toBalance, toCode), TOUCHED);
  store<u32>(m, readBase(code, KIND_CODE, sender, 0, m + CODE), CODE_CELL);
  store<u32>(m, readBase(toCode, KIND_CODE, to, 0, m + TO_CODE), TO_CODE_CELL);
  if (isHead) {
    store<u32>(m, readBase(balance, KIND_BALANCE, sender, 0, m + BALANCE), BALANCE_CELL);
    store<u32>(m, readBase(nonce, KIND_NONCE, sender, 0, m + NONCE), NONCE_CELL);
    store<u32>(m, readBase(toBalance, KIND_BALANCE, to, 0, m + TO_BALANCE), TO_BALANCE_CELL);
  } else {
    store<u32>(m, findInline(balance, KIND_BALANCE, sender, 0), BALANCE_CELL);
    store<u32>(m, findInline(nonce, KIND_NONCE, sender, 0), NONCE_CELL);
    store<u32>(m, findInline(toBalance, KIND_BALANCE, to, 0), TO_BALANCE_CELL);
  }
}

/** At the head: the sender can pay, the nonce is the next, the recipient does not overflow. */
@inline
function isInOrder(m: usize, record: usize): bool {
  const value = record + R_VALUE, sum = m + M_SCRATCH;
  add(m + TO_BALANCE, value, sum);
  return load<u64>(record, R_NONCE) == load<u64>(m, NONCE) && !lt(m + BALANCE, m + BOUND)
    && !lt(sum, value);
}

/** Wei per gas for the coinbase (EIP-1559). */
@inline
function tipOf(m: usize, record: usize): u64 {
  const most = load<u64>(record, R_MAX_FEE) - load<u64>(m, M_BASE_FEE);
  const asked = record + R_PRIORITY_FEE;
  return load<u8>(record, R_TYPE) == 2 && fitsU64(asked) ? min(load<u64>(asked), most) : most;
}

/** @returns the length */
@inline
function writeTransfer(m: usize, record: usize, out: usize): i32 {
  const tip = tipOf(m, record);
  writeHead(out, STATUS_OK, 0);
  store<u32>(out, <u32>RECORD_BYTES);
  store<u64>(out, GAS, O_GAS);
  store<u64>(out, bswap(tip * GAS), O_FEE + 24);
  v128.store(out, i64x2.splat(0), O_LISTS);
  store<u32>(out, 0, O_LISTS + 16);
  const own = <usize>load<u32>(m, M_NOTES_AT);
  const isOwn = own != 0 && own + T_BYTES <= <usize>load<u32>(m, M_NOTES_LIMIT);
  const notes = isOwn ? own : behind(out, RECORD_BYTES);
  store<u32>(m, <u32>notes, M_EFFECTS);
  store<u32>(notes, IS_TRANSFER, E_READS_END);
  store<u32>(notes, <u32>record, T_RECORD);
  store<u64>(notes, tip * GAS, T_FEE);
  store<u64>(notes, (load<u64>(m, M_BASE_FEE) + tip) * GAS, T_COST);
  v128.store(notes, v128.load(m, BALANCE_CELL), T_CELLS);
  store<u32>(notes, load<u32>(m, TO_CODE_CELL), T_TO_CODE_CELL);
  store<u32>(m, <u32>(notes + T_BYTES), M_NOTES_TOP);
  return isOwn ? <i32>RECORD_BYTES : <i32>(notes + T_BYTES - out);
}

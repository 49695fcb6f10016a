/** Gas before the first opcode, and the floor below which no transaction gets (EIP-7623). */
import { FORK_PRAGUE, FORK_SHANGHAI, M_FORK } from "./map";
import { IS_CREATION, R_ACCESS_LIST, R_AUTHORIZATIONS, R_DATA, R_FLAGS } from "./record-map";

const TRANSACTION: i64 = 21000;
const CREATION: i64 = 32000;
const ZERO_BYTE: i64 = 4;
const NONZERO_BYTE: i64 = 16;
const ACCESS_ADDRESS: i64 = 2400;
const ACCESS_SLOT: i64 = 1900;
const INITCODE_WORD: i64 = 2;
const AUTHORIZATION: i64 = 25000;
const FLOOR_TOKEN: i64 = 10;

/** Zero bytes of the data. */
export function zeroBytes(record: usize): i64 {
  let at = record + <usize>load<u32>(record, R_DATA);
  const end = at + <usize>load<u32>(record, R_DATA + 4);
  let zeros: i64 = 0;
  for (; at + 16 <= end; at += 16) {
    zeros += <i64>popcnt<i32>(i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(0))));
  }
  const left = <u32>(end - at);
  if (left == 0) return zeros;
  // The bytes before the last ones are the record's own, too.
  const last = i8x16.bitmask(i8x16.eq(v128.load(end - 16), i8x16.splat(0)));
  return zeros + <i64>popcnt<i32>(last >>> (16 - left));
}

/** Sources: Yellow Paper 6.2 (g0), EIP-2028, EIP-2930, EIP-3860, EIP-7702. */
export function intrinsicGas(m: usize, record: usize, zeros: i64): i64 {
  const length = <i64>load<u32>(record, R_DATA + 4);
  let gas = TRANSACTION + zeros * ZERO_BYTE + (length - zeros) * NONZERO_BYTE;
  if (load<u8>(record, R_FLAGS) & IS_CREATION) {
    gas += CREATION;
    if (load<u32>(m, M_FORK) >= <u32>FORK_SHANGHAI) gas += ((length + 31) >> 5) * INITCODE_WORD;
  }
  let at = record + <usize>load<u32>(record, R_ACCESS_LIST);
  for (let left = load<u32>(record, R_ACCESS_LIST + 4); left > 0; left--) {
    const slots = load<u32>(at, 20);
    gas += ACCESS_ADDRESS + <i64>slots * ACCESS_SLOT;
    at += 24 + (<usize>slots << 5);
  }
  return gas + <i64>load<u32>(record, R_AUTHORIZATIONS + 4) * AUTHORIZATION;
}

export function floorGas(m: usize, record: usize, zeros: i64): i64 {
  if (load<u32>(m, M_FORK) < <u32>FORK_PRAGUE) return 0;
  const tokens = zeros + (<i64>load<u32>(record, R_DATA + 4) - zeros) * 4;
  return TRANSACTION + tokens * FLOOR_TOKEN;
}

/** What a transaction pays per gas, and products of prices and gas. */
import { mulHigh } from "./limbs.as";
import { add, fitsU64, lt, sub } from "./u256.as";
import { copyWord, setWord } from "./words.as";
import { M_BASE_FEE, M_GAS_PRICE, M_IS_CHEAP, M_TIP } from "./map";
import { R_MAX_FEE, R_PRIORITY_FEE, R_TYPE } from "./record-map";

/** EIP-7825. */
export const TRANSACTION_GAS_MAX: u64 = 1 << 24;
/** Below it, 1,099 gwei, a price times TRANSACTION_GAS_MAX is one limb. */
const PRICE_END: u64 = 1 << 40;

/**
 * What the sender pays per gas, and what of it is the coinbase's (EIP-1559). M_IS_CHEAP says that
 * whatever a price times gas comes to is one limb, as nearly always.
 */
@inline
export function setPrice(m: usize, record: usize, gasLimit: u64): void {
  const most = record + R_MAX_FEE, asked = record + R_PRIORITY_FEE;
  const isDynamic = load<u8>(record, R_TYPE) > 1;
  const isCheap = fitsU64(most) && load<u64>(most) < PRICE_END && gasLimit <= TRANSACTION_GAS_MAX;
  store<u32>(m, u32(isCheap), M_IS_CHEAP);
  if (!isCheap) return setLongPrice(m, record);
  const baseFee = load<u64>(m, M_BASE_FEE), left = load<u64>(most) - baseFee;
  const tip = isDynamic && fitsU64(asked) ? min(load<u64>(asked), left) : left;
  setWord(m + M_TIP, tip);
  setWord(m + M_GAS_PRICE, baseFee + tip);
}

function setLongPrice(m: usize, record: usize): void {
  const tip = m + M_TIP;
  sub(record + R_MAX_FEE, m + M_BASE_FEE, tip);
  if (load<u8>(record, R_TYPE) > 1 && lt(record + R_PRIORITY_FEE, tip)) {
    copyWord(record + R_PRIORITY_FEE, tip);
  }
  add(m + M_BASE_FEE, tip, m + M_GAS_PRICE);
}

/** word * factor. @returns false where it passes 2^256 */
export function times(word: usize, factor: u64, out: usize): bool {
  if (fitsU64(word)) {
    const limb = load<u64>(word);
    setWord(out, limb * factor);
    store<u64>(out, mulHigh(limb, factor), 8);
    return true;
  }
  let carry: u64 = 0;
  for (let at: usize = 0; at < 32; at += 8) {
    const limb = load<u64>(word + at);
    const low = limb * factor;
    const sum = low + carry;
    carry = mulHigh(limb, factor) + u64(sum < low);
    store<u64>(out + at, sum);
  }
  return carry == 0;
}

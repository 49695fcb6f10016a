/**
 * What both forms of Keccak share: the lanes of a last block with its padding, and the round
 * constants. These are the only static data of the arithmetic and hash files (192 bytes, in the
 * range of the module that imports them): put together from immediates they cost 8% of a hash.
 */

/** Bytes that one permutation takes in: 1600 bits less twice the 256 of the hash. */
export const RATE: u32 = 136;

/** The constants of the 24 rounds (FIPS 202, 3.2.5). */
export const CONSTANTS = memory.data<u64>([
  0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
  0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
  0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
  0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
  0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
  0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
]);
export const ROUNDS_BYTES: usize = 24 * 8;

/** Lane at byte `at` of a last block of `left` bytes: message, then 0x01, then zeros. */
@inline
export function lane(from: usize, left: u32, at: u32): u64 {
  if (left >= at + 8) return load<u64>(from + at);
  return left < at ? 0 : lastLane(from + at, left - at);
}

/** The last 0 to 7 bytes and the one that follows; not a byte is read behind them. */
function lastLane(from: usize, count: u32): u64 {
  let value: u64 = 1;
  for (let at = count; at != 0; at--) value = (value << 8) | <u64>load<u8>(from + at - 1);
  return value;
}

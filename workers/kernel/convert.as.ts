/**
 * Words to and from bytes, and what fits a machine integer. Bytes in memory, calldata and code are
 * big-endian; a SIMD byte shuffle turns half a word at once.
 */

/**
 * Reads `length` big-endian bytes (0 to 32) as a number. The 32 bytes that end where they end are
 * loaded and those before `from` masked off, so `from + length` must be at least 32; nothing behind
 * the bytes is touched.
 */
@inline
export function fromBytes(from: usize, length: u32, out: usize): void {
  const end = from + length;
  const count = i8x16.splat(<i8>length);
  const low = v128.and(reversed(v128.load(end - 16)), i8x16.lt_u(
    i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), count,
  ));
  const high = v128.and(reversed(v128.load(end - 32)), i8x16.lt_u(
    i8x16(16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31), count,
  ));
  v128.store(out, low);
  v128.store(out, high, 16);
}

/** Writes a word as 32 big-endian bytes; `out` may be the word itself. */
@inline
export function toBytes(from: usize, out: usize): void {
  const low = reversed(pair(load<u64>(from), load<u64>(from, 8)));
  const high = reversed(pair(load<u64>(from, 16), load<u64>(from, 24)));
  v128.store(out, high);
  v128.store(out, low, 16);
}

/** Two limbs as a vector, from registers: in memory they may be too fresh for one wide load. */
@inline
export function pair(low: u64, high: u64): v128 {
  return i64x2.replace_lane(i64x2.splat(<i64>low), 1, <i64>high);
}

/** The 16 bytes in opposite order. */
@inline
export function reversed(bytes: v128): v128 {
  return v128.shuffle<u8>(bytes, bytes, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
}

/** True if the word is below 2^64: its lowest limb is the number. */
@inline
export function fitsU64(a: usize): bool {
  return (load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

/** True if the word is below 2^32. */
@inline
export function fitsU32(a: usize): bool {
  const above = load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24);
  return (above | (load<u64>(a) >>> 32)) == 0;
}

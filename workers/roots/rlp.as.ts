/** RLP (Yellow Paper, appendix B): the heads of byte strings and lists. */

export const BYTES_TAG: u32 = 0x80;
export const LIST_TAG: u32 = 0xc0;
/** Up to this length the head is one byte. */
const SHORT_MAX: u32 = 55;

/** Bytes of a number without leading zeros; none for 0. */
@inline
export function sizeOf(value: u64): u32 {
  return 8 - (<u32>clz(value) >> 3);
}

@inline
export function headSize(length: u32): u32 {
  return length <= SHORT_MAX ? 1 : 1 + sizeOf(length);
}

/** Bytes of a byte string with its head. */
@inline
export function bytesSize(from: usize, length: u32): u32 {
  return isOwnHead(from, length) ? 1 : headSize(length) + length;
}

/** One byte below 0x80 stands for itself. */
@inline
export function isOwnHead(from: usize, length: u32): bool {
  return length == 1 && <u32>load<u8>(from) < BYTES_TAG;
}

/** @returns the end of the head */
export function putHead(at: usize, tag: u32, length: u32): usize {
  if (length <= SHORT_MAX) {
    store<u8>(at, tag + length);
    return at + 1;
  }
  const size = sizeOf(length);
  store<u8>(at, tag + SHORT_MAX + size);
  return putNumber(at + 1, length, size);
}

/** @returns the end of the `size` big-endian bytes */
export function putNumber(at: usize, value: u64, size: u32): usize {
  for (let left = size; left > 0; left--) store<u8>(at++, <u8>(value >> (8 * (left - 1))));
  return at;
}

/** @returns the end */
export function putBytes(at: usize, from: usize, length: u32): usize {
  if (!isOwnHead(from, length)) at = putHead(at, BYTES_TAG, length);
  memory.copy(at, from, length);
  return at + length;
}

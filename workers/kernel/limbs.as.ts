/**
 * What all arithmetic on words is made of. WebAssembly multiplies 64 by 64 bits to 64, so the high
 * half is put together from four products of 32-bit pieces, none of whose sums can overflow.
 */

/** The high 64 bits of a * b. */
@inline
export function mulHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff, aHigh = a >>> 32;
  const bLow = b & 0xffffffff, bHigh = b >>> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 32);
  const other = aLow * bHigh + (middle & 0xffffffff);
  return aHigh * bHigh + (middle >>> 32) + (other >>> 32);
}

/**
 * The high 64 bits of a * b + c + d, which is always below 2^128; the low ones are a * b + c + d.
 * The addends go into the 32-bit pieces, where they cannot overflow: no carry has to be compared.
 */
@inline
export function mulAddHigh(a: u64, b: u64, c: u64, d: u64): u64 {
  const aLow = a & 0xffffffff, aHigh = a >>> 32;
  const bLow = b & 0xffffffff, bHigh = b >>> 32;
  const lowest = aLow * bLow + (c & 0xffffffff) + (d & 0xffffffff);
  const middle = aHigh * bLow + (lowest >>> 32) + (c >>> 32);
  const other = aLow * bHigh + (middle & 0xffffffff) + (d >>> 32);
  return aHigh * bHigh + (middle >>> 32) + (other >>> 32);
}

/** Writes four limbs, lowest first. */
@inline
export function storeWord(out: usize, w0: u64, w1: u64, w2: u64, w3: u64): void {
  store<u64>(out, w0);
  store<u64>(out, w1, 8);
  store<u64>(out, w2, 16);
  store<u64>(out, w3, 24);
}

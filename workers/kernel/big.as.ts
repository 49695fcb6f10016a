/**
 * Numbers of any length, for modular exponentiation: arrays of 32-bit limbs, lowest first, since
 * WebAssembly multiplies 32 by 32 bits to 64 in one instruction. Lengths are counts of limbs.
 *
 * Source: Knuth, The Art of Computer Programming 2, 4.3.1, algorithms M and D; the quotient digit
 * from a reciprocal as in Moeller and Granlund, "Improved division by invariant integers".
 */

/** The limbs up to the highest that is not zero. */
export function significant(a: usize, length: u32): u32 {
  while (length != 0 && load<u32>(a + ((<usize>length - 1) << 2)) == 0) length--;
  return length;
}

/** out = a * b, of 2 * length limbs; out is neither of them. */
export function multiply(a: usize, b: usize, length: u32, out: usize): void {
  const bytes = <usize>length << 2;
  memory.fill(out, 0, bytes);
  for (let i: usize = 0; i < bytes; i += 4) {
    const digit = <u64>load<u32>(a + i);
    let carry: u64 = 0;
    for (let j: usize = 0; j < bytes; j += 4) {
      const at = out + i + j;
      const sum = digit * <u64>load<u32>(b + j) + <u64>load<u32>(at) + carry;
      store<u32>(at, <u32>sum);
      carry = sum >>> 32;
    }
    store<u32>(out + i + bytes, <u32>carry);
  }
}

/** out = a * a: the products of different limbs once, doubled, and the squares. */
export function square(a: usize, length: u32, out: usize): void {
  const bytes = <usize>length << 2;
  memory.fill(out, 0, bytes << 1);
  for (let i: usize = 0; i < bytes; i += 4) {
    const digit = <u64>load<u32>(a + i);
    let carry: u64 = 0;
    for (let j: usize = i + 4; j < bytes; j += 4) {
      const at = out + i + j;
      const sum = digit * <u64>load<u32>(a + j) + <u64>load<u32>(at) + carry;
      store<u32>(at, <u32>sum);
      carry = sum >>> 32;
    }
    store<u32>(out + i + bytes, <u32>carry);
  }
  let carry: u64 = 0, high: u64 = 0;
  for (let i: usize = 0; i < bytes; i += 4) {
    const digit = <u64>load<u32>(a + i);
    const at = out + (i << 1);
    const crossed = load<u64>(at);
    const own = digit * digit;
    const doubled = (crossed << 1) | high;
    high = crossed >>> 63;
    const sum = doubled + own;
    const whole = sum + carry;
    carry = u64(sum < own) + u64(whole < sum);
    store<u64>(at, whole);
  }
}

/** Shifts to the left by less than 32 bits. @returns what goes out at the top */
export function shiftLeft(a: usize, length: u32, bits: u32): u32 {
  if (bits == 0) return 0;
  let out: u32 = 0;
  for (let left = length; left != 0; left--, a += 4) {
    const limb = load<u32>(a);
    store<u32>(a, (limb << bits) | out);
    out = limb >>> (32 - bits);
  }
  return out;
}

export function shiftRight(a: usize, length: u32, bits: u32): void {
  if (bits == 0) return;
  for (; length > 1; length--, a += 4) {
    store<u32>(a, <u32>(load<u64>(a) >>> <u64>bits));
  }
  if (length != 0) store<u32>(a, load<u32>(a) >>> bits);
}

/** floor((2^64 - 1) / divisor) - 2^32. @param divisor  its highest bit is set */
export function reciprocal(divisor: u32): u32 {
  return <u32>(u64.MAX_VALUE / <u64>divisor);
}

/**
 * a %= b, in place: the remainder is in the lowest limbs of a, the limbs above are what is left of
 * the way there, zeros.
 * @param a  `length` limbs and room for one more, which must be zero or make a below b << 32 * rest
 * @param b  `width` limbs, the highest bit set; v is the reciprocal of the highest
 */
export function remainder(a: usize, length: u32, b: usize, width: u32, v: u32): void {
  if (length < width) return;
  const bytes = <usize>width << 2;
  const highest = load<u32>(b + bytes - 4);
  const second = width > 1 ? <u64>load<u32>(b + bytes - 8) : 0;
  for (let at = a + (<usize>(length - width) << 2); at >= a; at -= 4) {
    const top = load<u32>(at + bytes), next = load<u32>(at + bytes - 4);
    if (top == 0 && next < highest) continue;
    let digit: u64, rest: u64;
    if (top >= highest) {
      digit = 0xffffffff;
      rest = <u64>next + <u64>highest;
    } else {
      digit = quotient(top, next, highest, v);
      rest = <u64>(next - <u32>digit * highest);
    }
    const third = width > 1 ? <u64>load<u32>(at + bytes - 8) : 0;
    while (rest <= 0xffffffff && digit * second > ((rest << 32) | third)) {
      digit--;
      rest += <u64>highest;
    }
    if (subtractProduct(at, b, bytes, digit)) addBack(at, b, bytes);
  }
}

/** floor((high, low) / divisor). @param high  below the divisor */
@inline
function quotient(high: u32, low: u32, divisor: u32, v: u32): u64 {
  const product = <u64>v * <u64>high + ((<u64>high << 32) | <u64>low);
  let digit = <u32>(product >>> 32) + 1;
  let rest = low - digit * divisor;
  if (rest > <u32>product) {
    digit--;
    rest += divisor;
  }
  if (rest >= divisor) digit++;
  return <u64>digit;
}

/** a -= b * digit, over one limb more than b has. @returns whether that was too much */
@inline
function subtractProduct(a: usize, b: usize, bytes: usize, digit: u64): bool {
  let borrow: u64 = 0;
  for (let j: usize = 0; j < bytes; j += 4) {
    const taken = digit * <u64>load<u32>(b + j) + borrow;
    const limb = load<u32>(a + j);
    store<u32>(a + j, limb - <u32>taken);
    borrow = (taken >>> 32) + u64(limb < <u32>taken);
  }
  const limb = <u64>load<u32>(a + bytes);
  store<u32>(a + bytes, <u32>(limb - borrow));
  return limb < borrow;
}

function addBack(a: usize, b: usize, bytes: usize): void {
  let carry: u64 = 0;
  for (let j: usize = 0; j < bytes; j += 4) {
    carry += <u64>load<u32>(a + j) + <u64>load<u32>(b + j);
    store<u32>(a + j, <u32>carry);
    carry >>>= 32;
  }
  store<u32>(a + bytes, load<u32>(a + bytes) + <u32>carry);
}

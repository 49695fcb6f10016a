/**
 * Products of words modulo 2^256, and powers.
 */
import { mulAddHigh, mulHigh, storeWord } from "./limbs.as";

export function mul(a: usize, b: usize, out: usize): void {
  multiply(
    load<u64>(a), load<u64>(a, 8), load<u64>(a, 16), load<u64>(a, 24),
    load<u64>(b), load<u64>(b, 8), load<u64>(b, 16), load<u64>(b, 24), out,
  );
}

/** Six full products of limbs, and four of which only the low half lies below 2^256. */
// More parameters than usual: limbs, which must stay in locals.
@inline
function multiply(
  a0: u64, a1: u64, a2: u64, a3: u64, b0: u64, b1: u64, b2: u64, b3: u64, out: usize,
): void {
  if ((a1 | a2 | a3 | b1 | b2 | b3) == 0) {
    return storeWord(out, a0 * b0, mulHigh(a0, b0), 0, 0);
  }
  if ((b1 | b2 | b3) == 0) return scale(a0, a1, a2, a3, b0, out);
  if ((a1 | a2 | a3) == 0) return scale(b0, b1, b2, b3, a0, out);
  // A row for each limb of a.
  let carry = mulHigh(a0, b0);
  let w1 = a0 * b1 + carry;
  carry = mulAddHigh(a0, b1, carry, 0);
  let w2 = a0 * b2 + carry;
  let w3 = a0 * b3 + mulAddHigh(a0, b2, carry, 0);
  carry = mulAddHigh(a1, b0, w1, 0);
  w1 += a1 * b0;
  w3 += a1 * b2 + mulAddHigh(a1, b1, w2, carry);
  w2 += a1 * b1 + carry;
  w3 += a2 * b1 + a3 * b0 + mulAddHigh(a2, b0, w2, 0);
  w2 += a2 * b0;
  storeWord(out, a0 * b0, w1, w2, w3);
}

/** A word times a limb. */
// Six parameters: limbs.
@inline
function scale(a0: u64, a1: u64, a2: u64, a3: u64, b: u64, out: usize): void {
  let carry = mulHigh(a0, b);
  const w1 = a1 * b + carry;
  carry = mulAddHigh(a1, b, carry, 0);
  const w2 = a2 * b + carry;
  storeWord(out, a0 * b, w1, w2, a3 * b + mulAddHigh(a2, b, carry, 0));
}

/** The length of the exponent in bytes, 0 to 32: what the gas of EXP depends on. */
export function expBytes(exponent: usize): u32 {
  for (let at: usize = 32; at != 0; at -= 8) {
    const limb = load<u64>(exponent + at - 8);
    if (limb != 0) return <u32>at - (<u32>i64.clz(limb) >>> 3);
  }
  return 0;
}

/** a to the power of b, modulo 2^256; 0 to the power of 0 is 1 (EXP). */
export function exp(a: usize, b: usize, out: usize): void {
  const a0 = load<u64>(a), a1 = load<u64>(a, 8), a2 = load<u64>(a, 16), a3 = load<u64>(a, 24);
  const b0 = load<u64>(b), b1 = load<u64>(b, 8), b2 = load<u64>(b, 16), b3 = load<u64>(b, 24);
  if (!(a0 & 1) && ((b1 | b2 | b3) != 0 || b0 > 255)) return storeWord(out, 0, 0, 0, 0);
  if ((a1 | a2 | a3) == 0 && (a0 & (a0 - 1)) == 0 && a0 != 0) {
    return powerOfTwo(<u64>i64.ctz(a0) * b0, out);
  }
  storeWord(out, 1, 0, 0, 0);
  let isBegun = false;
  isBegun = raise(b3, isBegun, a0, a1, a2, a3, out);
  isBegun = raise(b2, isBegun, a0, a1, a2, a3, out);
  isBegun = raise(b1, isBegun, a0, a1, a2, a3, out);
  raise(b0, isBegun, a0, a1, a2, a3, out);
}

/** Writes 2^bit. */
function powerOfTwo(bit: u64, out: usize): void {
  storeWord(out, 0, 0, 0, 0);
  if (bit < 256) store<u64>(out + ((<usize>bit >>> 6) << 3), <u64>1 << (bit & 63));
}

/**
 * Takes the power at `out` through the bits of one limb of the exponent, highest first. Leading
 * zeros of the whole exponent are left out. @returns whether a bit was set, here or before
 */
function raise(
  bits: u64, isBegun: bool, a0: u64, a1: u64, a2: u64, a3: u64, out: usize,
): bool {
  if (!isBegun && bits == 0) return false;
  let left = 64;
  if (!isBegun) {
    // The highest bit: the power is the base itself.
    const skipped = <i32>i64.clz(bits) + 1;
    left -= skipped;
    bits = bits << 1 << (skipped - 1);
    storeWord(out, a0, a1, a2, a3);
  }
  for (; left != 0; left--) {
    mul(out, out, out);
    if (<i64>bits < 0) multiplyInto(out, a0, a1, a2, a3);
    bits <<= 1;
  }
  return true;
}

function multiplyInto(out: usize, b0: u64, b1: u64, b2: u64, b3: u64): void {
  multiply(
    load<u64>(out), load<u64>(out, 8), load<u64>(out, 16), load<u64>(out, 24),
    b0, b1, b2, b3, out,
  );
}

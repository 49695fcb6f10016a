/**
 * Quotients and remainders of words: DIV, MOD, SDIV, SMOD. Divisors of one limb take a limb of the
 * dividend at a time (Möller and Granlund, "Improved division by invariant integers", algorithm 4:
 * a multiplication by the reciprocal); longer ones go to long-division.as.ts. Both need two machine
 * divisions in all, for the reciprocal.
 */
import { storeWord } from "./limbs.as";
import { quotient2by1, reciprocal2by1 } from "./reciprocal.as";
import { longDivide } from "./long-division.as";

/** a / b, unsigned; 0 when b is 0. */
export function div(a: usize, b: usize, out: usize): void {
  divide(
    load<u64>(a), load<u64>(a, 8), load<u64>(a, 16), load<u64>(a, 24),
    load<u64>(b), load<u64>(b, 8), load<u64>(b, 16), load<u64>(b, 24), out, false,
  );
}

/** a % b, unsigned; 0 when b is 0. */
export function mod(a: usize, b: usize, out: usize): void {
  divide(
    load<u64>(a), load<u64>(a, 8), load<u64>(a, 16), load<u64>(a, 24),
    load<u64>(b), load<u64>(b, 8), load<u64>(b, 16), load<u64>(b, 24), out, true,
  );
}

/** a / b, signed, towards zero; the one overflow, -2^255 / -1, is -2^255. */
export function sdiv(a: usize, b: usize, out: usize): void {
  const signs = <i64>load<u64>(a, 24) ^ <i64>load<u64>(b, 24);
  divideMagnitudes(a, b, out, false);
  if (signs < 0) negate(out);
}

/** a % b, signed: the sign is that of a. */
export function smod(a: usize, b: usize, out: usize): void {
  const sign = <i64>load<u64>(a, 24);
  divideMagnitudes(a, b, out, true);
  if (sign < 0) negate(out);
}

/** -x = ~x + 1 = (x ^ mask) + carry with a mask of ones: one path for both signs. */
function divideMagnitudes(a: usize, b: usize, out: usize, isRemainder: bool): void {
  const aMask = <u64>(<i64>load<u64>(a, 24) >> 63), bMask = <u64>(<i64>load<u64>(b, 24) >> 63);
  let x0 = load<u64>(a) ^ aMask, x1 = load<u64>(a, 8) ^ aMask;
  let x2 = load<u64>(a, 16) ^ aMask, x3 = load<u64>(a, 24) ^ aMask;
  x0 -= aMask;
  let carry = u64(x0 == 0) & aMask;
  x1 += carry;
  carry &= u64(x1 == 0);
  x2 += carry;
  x3 += carry & u64(x2 == 0);
  let y0 = load<u64>(b) ^ bMask, y1 = load<u64>(b, 8) ^ bMask;
  let y2 = load<u64>(b, 16) ^ bMask, y3 = load<u64>(b, 24) ^ bMask;
  y0 -= bMask;
  carry = u64(y0 == 0) & bMask;
  y1 += carry;
  carry &= u64(y1 == 0);
  y2 += carry;
  y3 += carry & u64(y2 == 0);
  divide(x0, x1, x2, x3, y0, y1, y2, y3, out, isRemainder);
}

function negate(out: usize): void {
  const w0 = -load<u64>(out), w1 = ~load<u64>(out, 8);
  const w2 = ~load<u64>(out, 16), w3 = ~load<u64>(out, 24);
  const c1 = u64(w0 == 0), c2 = c1 & u64(w1 == ~0), c3 = c2 & u64(w2 == ~0);
  storeWord(out, w0, w1 + c1, w2 + c2, w3 + c3);
}

/** Writes the quotient or the remainder. More parameters than usual: limbs stay in locals. */
function divide(
  a0: u64, a1: u64, a2: u64, a3: u64, b0: u64, b1: u64, b2: u64, b3: u64,
  out: usize, isRemainder: bool,
): void {
  if ((b1 | b2 | b3) == 0) {
    if ((a1 | a2 | a3) == 0) return divideLimbs(a0, b0, out, isRemainder);
    if ((b0 & (b0 - 1)) == 0) return divideByPower(a0, a1, a2, a3, b0, out, isRemainder);
    return divideByLimb(a0, a1, a2, a3, b0, out, isRemainder);
  }
  if (isSmaller(a1, a2, a3, b1, b2, b3)) {
    return isRemainder ? storeWord(out, a0, a1, a2, a3) : storeWord(out, 0, 0, 0, 0);
  }
  longDivide(0, 0, 0, 0, a3, a2, a1, a0, b3, b2, b1, b0, out, isRemainder, false);
}

/** True if the upper limbs alone show that a < b. */
@inline
function isSmaller(a1: u64, a2: u64, a3: u64, b1: u64, b2: u64, b3: u64): bool {
  if (a3 != b3) return a3 < b3;
  return a2 != b2 ? a2 < b2 : a1 < b1;
}

@inline
function divideLimbs(a: u64, b: u64, out: usize, isRemainder: bool): void {
  const quotient = b == 0 ? 0 : a / b;
  const remainder = b == 0 ? 0 : a - quotient * b;
  storeWord(out, isRemainder ? remainder : quotient, 0, 0, 0);
}

/** By a power of two below 2^64, or by 0. */
function divideByPower(
  a0: u64, a1: u64, a2: u64, a3: u64, b0: u64, out: usize, isRemainder: bool,
): void {
  if (b0 == 0) return storeWord(out, 0, 0, 0, 0);
  if (isRemainder) return storeWord(out, a0 & (b0 - 1), 0, 0, 0);
  const right = <u64>i64.ctz(b0), left = 63 - right;
  storeWord(
    out, (a0 >>> right) | (a1 << 1 << left), (a1 >>> right) | (a2 << 1 << left),
    (a2 >>> right) | (a3 << 1 << left), a3 >>> right,
  );
}

/** By one limb: leading zero limbs of the dividend cost nothing. */
function divideByLimb(
  a0: u64, a1: u64, a2: u64, a3: u64, b0: u64, out: usize, isRemainder: bool,
): void {
  const shift = <u64>i64.clz(b0), back = 63 - shift;
  const d = b0 << shift;
  const v = reciprocal2by1(d);
  let q3: u64 = 0, q2: u64 = 0;
  let r = a3 >>> 1 >>> back;
  let next = (a3 << shift) | (a2 >>> 1 >>> back);
  if (a3 != 0) {
    q3 = quotient2by1(r, next, d, v);
    next -= q3 * d;
  }
  r = next;
  next = (a2 << shift) | (a1 >>> 1 >>> back);
  if ((a3 | a2) != 0) {
    q2 = quotient2by1(r, next, d, v);
    next -= q2 * d;
  }
  r = next;
  next = (a1 << shift) | (a0 >>> 1 >>> back);
  const q1 = quotient2by1(r, next, d, v);
  r = next - q1 * d;
  next = a0 << shift;
  const q0 = quotient2by1(r, next, d, v);
  if (isRemainder) return storeWord(out, (next - q0 * d) >>> shift, 0, 0, 0);
  storeWord(out, q0, q1, q2, q3);
}

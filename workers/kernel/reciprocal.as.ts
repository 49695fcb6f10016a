/**
 * Reciprocals of normalised divisors (highest bit set), and the quotient of two limbs by one with
 * them. With B = 2^64: v = floor((B^2 - 1) / d) - B for a limb d, and floor((B^3 - 1) / d) - B for
 * two limbs. Source: Möller and Granlund, "Improved division by invariant integers" (2011),
 * algorithms 4 and 6. Remainders are not returned: u0 - q * d gives them, modulo B.
 */
import { mulHigh } from "./limbs.as";

const LOW: u64 = 0xffffffff;

/** The reciprocal of one limb: (B - 1 - d, B - 1) / d by two digits of 32 bits (Knuth's D). */
@inline
export function reciprocal2by1(d: u64): u64 {
  const high = d >>> 32, low = d & LOW;
  let q1 = ~d / high;
  let rest = ~d - q1 * high;
  while (q1 > LOW || q1 * low > ((rest << 32) | LOW)) {
    q1--;
    rest += high;
    if (rest > LOW) break;
  }
  const part = ((~d << 32) | LOW) - q1 * d;
  let q0 = part / high;
  rest = part - q0 * high;
  while (q0 > LOW || q0 * low > ((rest << 32) | LOW)) {
    q0--;
    rest += high;
    if (rest > LOW) break;
  }
  return (q1 << 32) + q0;
}

/** floor((u1 * B + u0) / d) for u1 < d and v = reciprocal2by1(d). */
@inline
export function quotient2by1(u1: u64, u0: u64, d: u64, v: u64): u64 {
  const low = v * u1 + u0;
  let q = mulHigh(v, u1) + u1 + u64(low < u0) + 1;
  let r = u0 - q * d;
  const isAbove = u64(r > low);
  q -= isAbove;
  r += d & -isAbove;
  if (r >= d) q++;
  return q;
}

/** The reciprocal of two limbs (algorithm 6). */
@inline
export function reciprocal3by2(d1: u64, d0: u64): u64 {
  let v = reciprocal2by1(d1);
  let p = d1 * v + d0;
  if (p < d0) {
    v--;
    if (p >= d1) {
      v--;
      p -= d1;
    }
    p -= d1;
  }
  const t0 = v * d0, t1 = mulHigh(v, d0);
  p += t1;
  if (p < t1) {
    v--;
    if (p > d1 || (p == d1 && t0 >= d0)) v--;
  }
  return v;
}

/**
 * ADDMOD and MULMOD: the sum has 257 bits and the product 512, neither is cut before the division.
 */
import { mulAddHigh, mulHigh, storeWord } from "./limbs.as";
import { longDivide } from "./long-division.as";
import { quotient2by1, reciprocal2by1 } from "./reciprocal.as";

/** (a + b) % n without wrap-around; 0 when n is 0. */
export function addmod(a: usize, b: usize, n: usize, out: usize): void {
  const a0 = load<u64>(a), a1 = load<u64>(a, 8), a2 = load<u64>(a, 16), a3 = load<u64>(a, 24);
  const n0 = load<u64>(n), n1 = load<u64>(n, 8), n2 = load<u64>(n, 16), n3 = load<u64>(n, 24);
  const b3 = load<u64>(b, 24);
  const s0 = a0 + load<u64>(b), c0 = u64(s0 < a0);
  const t1 = a1 + load<u64>(b, 8), s1 = t1 + c0, c1 = u64(t1 < a1) + u64(s1 < t1);
  const t2 = a2 + load<u64>(b, 16), s2 = t2 + c1, c2 = u64(t2 < a2) + u64(s2 < t2);
  const t3 = a3 + b3, s3 = t3 + c2, c3 = u64(t3 < a3) + u64(s3 < t3);
  // Field arithmetic: both below a modulus of four limbs, which then comes off at most once.
  if (a3 < n3 && b3 < n3) {
    const d0 = s0 - n0, e0 = u64(s0 < n0);
    const p1 = s1 - n1, d1 = p1 - e0, e1 = u64(s1 < n1) + u64(p1 < e0);
    const p2 = s2 - n2, d2 = p2 - e1, e2 = u64(s2 < n2) + u64(p2 < e1);
    const p3 = s3 - n3, d3 = p3 - e2, e3 = u64(s3 < n3) + u64(p3 < e2);
    if (c3 < e3) return storeWord(out, s0, s1, s2, s3);
    return storeWord(out, d0, d1, d2, d3);
  }
  reduce(0, 0, 0, c3, s3, s2, s1, s0, n3, n2, n1, n0, out);
}

/** (a * b) % n of the whole product; 0 when n is 0. */
export function mulmod(a: usize, b: usize, n: usize, out: usize): void {
  const a0 = load<u64>(a), a1 = load<u64>(a, 8), a2 = load<u64>(a, 16), a3 = load<u64>(a, 24);
  const b0 = load<u64>(b), b1 = load<u64>(b, 8), b2 = load<u64>(b, 16), b3 = load<u64>(b, 24);
  // A row for each limb of a: product + what is there + carry stays below 2^128.
  const w0 = a0 * b0;
  let h = mulHigh(a0, b0);
  let w1 = a0 * b1 + h;
  h = mulAddHigh(a0, b1, h, 0);
  let w2 = a0 * b2 + h;
  h = mulAddHigh(a0, b2, h, 0);
  let w3 = a0 * b3 + h;
  h = mulAddHigh(a0, b3, h, 0);
  let w4 = h;

  h = mulAddHigh(a1, b0, w1, 0);
  w1 += a1 * b0;
  const h11 = mulAddHigh(a1, b1, w2, h);
  w2 += a1 * b1 + h;
  h = h11;
  const h12 = mulAddHigh(a1, b2, w3, h);
  w3 += a1 * b2 + h;
  h = h12;
  const h13 = mulAddHigh(a1, b3, w4, h);
  w4 += a1 * b3 + h;
  h = h13;
  let w5 = h;

  h = mulAddHigh(a2, b0, w2, 0);
  w2 += a2 * b0;
  const h21 = mulAddHigh(a2, b1, w3, h);
  w3 += a2 * b1 + h;
  h = h21;
  const h22 = mulAddHigh(a2, b2, w4, h);
  w4 += a2 * b2 + h;
  h = h22;
  const h23 = mulAddHigh(a2, b3, w5, h);
  w5 += a2 * b3 + h;
  h = h23;
  let w6 = h;

  h = mulAddHigh(a3, b0, w3, 0);
  w3 += a3 * b0;
  const h31 = mulAddHigh(a3, b1, w4, h);
  w4 += a3 * b1 + h;
  h = h31;
  const h32 = mulAddHigh(a3, b2, w5, h);
  w5 += a3 * b2 + h;
  h = h32;
  const h33 = mulAddHigh(a3, b3, w6, h);
  w6 += a3 * b3 + h;
  h = h33;
  const w7 = h;

  reduce(
    w7, w6, w5, w4, w3, w2, w1, w0,
    load<u64>(n, 24), load<u64>(n, 16), load<u64>(n, 8), load<u64>(n), out,
  );
}

/** Writes x % n, limbs highest first. The modulus 2^256 - 1 is what 512-bit products need. */
function reduce(
  x7: u64, x6: u64, x5: u64, x4: u64, x3: u64, x2: u64, x1: u64, x0: u64,
  n3: u64, n2: u64, n1: u64, n0: u64, out: usize,
): void {
  if ((n3 & n2 & n1 & n0) == ~0) return foldHalves(x7, x6, x5, x4, x3, x2, x1, x0, out);
  if ((n3 | n2 | n1) != 0) {
    return longDivide(x7, x6, x5, x4, x3, x2, x1, x0, n3, n2, n1, n0, out, true, true);
  }
  if (n0 == 0) return storeWord(out, 0, 0, 0, 0);
  reduceByLimb(x7, x6, x5, x4, x3, x2, x1, x0, n0, out);
}

/** Writes x % (2^256 - 1): 2^256 is 1 there, so the halves are added, and the carry again. */
function foldHalves(
  x7: u64, x6: u64, x5: u64, x4: u64, x3: u64, x2: u64, x1: u64, x0: u64, out: usize,
): void {
  const s0 = x0 + x4, c0 = u64(s0 < x0);
  const t1 = x1 + x5, s1 = t1 + c0, c1 = u64(t1 < x1) + u64(s1 < t1);
  const t2 = x2 + x6, s2 = t2 + c1, c2 = u64(t2 < x2) + u64(s2 < t2);
  const t3 = x3 + x7, s3 = t3 + c2, c3 = u64(t3 < x3) + u64(s3 < t3);
  // All ones without a carry are the modulus itself, which is 0: one more makes it so.
  const more = c3 | u64((s3 & s2 & s1 & s0) == ~0);
  const w0 = s0 + more, d0 = more & u64(w0 == 0);
  const w1 = s1 + d0, d1 = d0 & u64(w1 == 0);
  const w2 = s2 + d1, d2 = d1 & u64(w2 == 0);
  storeWord(out, w0, w1, w2, s3 + d2);
}

/** Writes x % n0, one limb after the other from the highest. */
function reduceByLimb(
  x7: u64, x6: u64, x5: u64, x4: u64, x3: u64, x2: u64, x1: u64, x0: u64, n0: u64, out: usize,
): void {
  const shift = <u64>i64.clz(n0), back = 63 - shift;
  const d = n0 << shift;
  const v = reciprocal2by1(d);
  let r = x7 >>> 1 >>> back;
  for (let steps = 8; steps != 0; steps--) {
    const next = (x7 << shift) | (x6 >>> 1 >>> back);
    r = (r | x7) == 0 ? next : next - quotient2by1(r, next, d, v) * d;
    x7 = x6; x6 = x5; x5 = x4; x4 = x3; x3 = x2; x2 = x1; x1 = x0; x0 = 0;
  }
  storeWord(out, r >>> shift, 0, 0, 0);
}

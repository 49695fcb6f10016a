/**
 * Division of up to eight limbs by two to four: Knuth's algorithm D on 64-bit digits (The Art of
 * Computer Programming 4.3.1). The divisor is moved up until its highest bit is the highest of four
 * limbs, and the dividend with it, so that one loop serves every length; a quotient digit comes
 * from the first three digits by the first two (Möller and Granlund, algorithm 5) and is then at
 * most one too high. All state is in locals.
 */
import { mulAddHigh, mulHigh, storeWord } from "./limbs.as";
import { reciprocal3by2 } from "./reciprocal.as";

/**
 * Writes x / m (its lowest four limbs) or x % m. Operands are given highest limb first; at least
 * one of m3, m2, m1 is not zero. Inlined, so that constant operands vanish.
 * @param isWide  a constant; false says that x7 to x4 are zeros
 */
// One body and many parameters: a call cannot give back more than one limb, and memory is slower.
@inline
export function longDivide(
  x7: u64, x6: u64, x5: u64, x4: u64, x3: u64, x2: u64, x1: u64, x0: u64,
  m3: u64, m2: u64, m1: u64, m0: u64, out: usize, isRemainder: bool, isWide: bool,
): void {
  let moved: u32 = 0;
  for (; m3 == 0; moved++) { m3 = m2; m2 = m1; m1 = m0; m0 = 0; }
  const shift = <u64>i64.clz(m3), back = 63 - shift;
  const d3 = (m3 << shift) | (m2 >>> 1 >>> back), d2 = (m2 << shift) | (m1 >>> 1 >>> back);
  const d1 = (m1 << shift) | (m0 >>> 1 >>> back), d0 = m0 << shift;
  const v = reciprocal3by2(d3, d2);
  // The remainder so far, always below d; below it the digits that are still to be taken.
  let r3 = x7 >>> 1 >>> back, r2 = (x7 << shift) | (x6 >>> 1 >>> back);
  let r1 = (x6 << shift) | (x5 >>> 1 >>> back), r0 = (x5 << shift) | (x4 >>> 1 >>> back);
  let n4 = (x4 << shift) | (x3 >>> 1 >>> back), n3 = (x3 << shift) | (x2 >>> 1 >>> back);
  let n2 = (x2 << shift) | (x1 >>> 1 >>> back), n1 = (x1 << shift) | (x0 >>> 1 >>> back);
  let n0 = x0 << shift;
  let q3: u64 = 0, q2: u64 = 0, q1: u64 = 0, q0: u64 = 0;
  let steps = 5 + moved;
  if (!isWide) {
    r3 = n4; r2 = n3; r1 = n2; r0 = n1; n4 = n0;
    n3 = 0; n2 = 0; n1 = 0; n0 = 0;
    steps -= 4;
  }
  for (; steps != 0; steps--) {
    q3 = q2; q2 = q1; q1 = q0;
    if (r3 == 0 && r2 < d3) {
      q0 = 0;
      r3 = r2; r2 = r1; r1 = r0; r0 = n4;
    } else if (r3 == d3 && r2 == d2) {
      // The digit is B - 1: what stays is x * B + next - (B - 1) * d = (x - d) * B + next + d.
      q0 = ~0;
      const b1 = u64(r0 < d0), p2 = r1 - d1, b2 = u64(r1 < d1) + u64(p2 < b1);
      const s0 = n4 + d0, c0 = u64(s0 < d0);
      const p1 = r0 - d0, t1 = p1 + d1, s1 = t1 + c0, c1 = u64(t1 < d1) + u64(s1 < t1);
      const t2 = p2 - b1, u2 = t2 + d2, s2 = u2 + c1, c2 = u64(u2 < d2) + u64(s2 < u2);
      r3 = d3 - b2 + c2; r2 = s2; r1 = s1; r0 = s0;
    } else {
      // Three digits by two; whether the guess is one too low is a coin's toss: no branch.
      const low = v * r3 + r2;
      q0 = mulAddHigh(v, r3, r2, 0) + r3;
      const l2 = q0 * d2, h2 = mulHigh(q0, d2);
      const e0 = r1 - l2, e1 = r2 - q0 * d3 - h2 - u64(r1 < l2);
      const g0 = e0 - d2, g1 = e1 - d3 - u64(e0 < d2);
      const isTaken = g1 < low;
      q0 += u64(isTaken);
      let f0 = isTaken ? g0 : e0, f1 = isTaken ? g1 : e1;
      if (f1 > d3 || (f1 == d3 && f0 >= d2)) {
        q0++;
        f1 -= d3 + u64(f0 < d2);
        f0 -= d2;
      }
      const next = r0;
      r3 = f1; r2 = f0; r1 = next; r0 = n4;
      if ((d1 | d0) != 0) {
        // The two lower digits of the divisor; the guess may be one too high.
        const l0 = q0 * d0, h0 = mulHigh(q0, d0);
        const k1 = q0 * d1 + h0, k2 = mulAddHigh(q0, d1, h0, 0);
        r0 = n4 - l0;
        const b0 = u64(n4 < l0), t1 = next - k1, b1 = u64(next < k1) + u64(t1 < b0);
        r1 = t1 - b0;
        const t2 = f0 - k2, b2 = u64(f0 < k2) + u64(t2 < b1);
        r2 = t2 - b1;
        r3 = f1 - b2;
        if (f1 < b2) {
          // The divisor is added back.
          q0--;
          r0 += d0;
          const c0 = u64(r0 < d0), v1 = r1 + d1, w1 = v1 + c0;
          const c1 = u64(v1 < d1) + u64(w1 < v1), v2 = r2 + d2, w2 = v2 + c1;
          r1 = w1; r2 = w2; r3 += d3 + u64(v2 < d2) + u64(w2 < v2);
        }
      }
    }
    n4 = n3; n3 = n2; n2 = n1; n1 = n0; n0 = 0;
  }
  if (!isRemainder) return storeWord(out, q0, q1, q2, q3);
  for (; moved != 0; moved--) { r0 = r1; r1 = r2; r2 = r3; r3 = 0; }
  const left = back;
  storeWord(
    out, (r0 >>> shift) | (r1 << 1 << left), (r1 >>> shift) | (r2 << 1 << left),
    (r2 >>> shift) | (r3 << 1 << left), r3 >>> shift,
  );
}

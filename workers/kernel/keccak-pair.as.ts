/**
 * Two Keccak-256 hashes at once, a state in each half of the SIMD words: for messages of equal
 * length that fit one block. See keccak.as.ts; no lane is complemented here, as SIMD has and-not.
 */
import { pair, reversed } from "./convert.as";
import { CONSTANTS, lane, RATE, ROUNDS_BYTES } from "./keccak-parts.as";

/**
 * The hashes of two messages.
 * @param length  bytes of each, at most 135
 * @param outA    pointer to a word, may be anywhere, also in a message; `outB` too
 */
// Generated: one round in a loop, as in keccak.as.ts.
export function keccak256Pair(
  fromA: usize, fromB: usize, length: u32, outA: usize, outB: usize,
): void {
  assert(length < RATE);
  let a0 = both(fromA, fromB, length, 0), a1 = both(fromA, fromB, length, 8);
  let a2 = both(fromA, fromB, length, 16), a3 = both(fromA, fromB, length, 24);
  let a4 = both(fromA, fromB, length, 32), a5 = both(fromA, fromB, length, 40);
  let a6 = both(fromA, fromB, length, 48), a7 = both(fromA, fromB, length, 56);
  let a8 = both(fromA, fromB, length, 64), a9 = both(fromA, fromB, length, 72);
  let a10 = both(fromA, fromB, length, 80), a11 = both(fromA, fromB, length, 88);
  let a12 = both(fromA, fromB, length, 96), a13 = both(fromA, fromB, length, 104);
  let a14 = both(fromA, fromB, length, 112), a15 = both(fromA, fromB, length, 120);
  let a16 = both(fromA, fromB, length, 128), a17 = i64x2.splat(0), a18 = a17, a19 = a17, a20 = a17;
  let a21 = a17, a22 = a17, a23 = a17, a24 = a17;
  let e0 = a17, e1 = a17, e2 = a17, e3 = a17, e4 = a17, e5 = a17, e6 = a17, e7 = a17, e8 = a17;
  let e9 = a17, e10 = a17, e11 = a17, e12 = a17, e13 = a17, e14 = a17, e15 = a17, e16 = a17;
  let e17 = a17, e18 = a17, e19 = a17, e20 = a17, e21 = a17, e22 = a17, e23 = a17, e24 = a17;
  let b0 = a17, b1 = a17, b2 = a17, b3 = a17, b4 = a17, c0 = a17, c1 = a17, c2 = a17, c3 = a17;
  let c4 = a17, d0 = a17, d1 = a17, d2 = a17, d3 = a17, d4 = a17;
  a16 = v128.xor(a16, i64x2.splat(0x8000000000000000));
  for (let at: usize = 0; at < ROUNDS_BYTES; at += 8) {
    c0 = xor5(a0, a5, a10, a15, a20); c1 = xor5(a1, a6, a11, a16, a21);
    c2 = xor5(a2, a7, a12, a17, a22); c3 = xor5(a3, a8, a13, a18, a23);
    c4 = xor5(a4, a9, a14, a19, a24); d0 = v128.xor(c4, turn(c1, 1));
    d1 = v128.xor(c0, turn(c2, 1)); d2 = v128.xor(c1, turn(c3, 1)); d3 = v128.xor(c2, turn(c4, 1));
    d4 = v128.xor(c3, turn(c0, 1)); b0 = v128.xor(a0, d0); b1 = turn(v128.xor(a6, d1), 44);
    b2 = turn(v128.xor(a12, d2), 43); b3 = turn(v128.xor(a18, d3), 21);
    b4 = turn(v128.xor(a24, d4), 14);
    e0 = v128.xor(chi(b0, b1, b2), v128.load64_splat(CONSTANTS + at)); e1 = chi(b1, b2, b3);
    e2 = chi(b2, b3, b4); e3 = chi(b3, b4, b0); e4 = chi(b4, b0, b1);
    b0 = turn(v128.xor(a3, d3), 28); b1 = turn(v128.xor(a9, d4), 20);
    b2 = turn(v128.xor(a10, d0), 3); b3 = turn(v128.xor(a16, d1), 45);
    b4 = turn(v128.xor(a22, d2), 61); e5 = chi(b0, b1, b2); e6 = chi(b1, b2, b3);
    e7 = chi(b2, b3, b4); e8 = chi(b3, b4, b0); e9 = chi(b4, b0, b1);
    b0 = turn(v128.xor(a1, d1), 1); b1 = turn(v128.xor(a7, d2), 6);
    b2 = turn(v128.xor(a13, d3), 25); b3 = turn(v128.xor(a19, d4), 8);
    b4 = turn(v128.xor(a20, d0), 18); e10 = chi(b0, b1, b2); e11 = chi(b1, b2, b3);
    e12 = chi(b2, b3, b4); e13 = chi(b3, b4, b0); e14 = chi(b4, b0, b1);
    b0 = turn(v128.xor(a4, d4), 27); b1 = turn(v128.xor(a5, d0), 36);
    b2 = turn(v128.xor(a11, d1), 10); b3 = turn(v128.xor(a17, d2), 15);
    b4 = turn(v128.xor(a23, d3), 56); e15 = chi(b0, b1, b2); e16 = chi(b1, b2, b3);
    e17 = chi(b2, b3, b4); e18 = chi(b3, b4, b0); e19 = chi(b4, b0, b1);
    b0 = turn(v128.xor(a2, d2), 62); b1 = turn(v128.xor(a8, d3), 55);
    b2 = turn(v128.xor(a14, d4), 39); b3 = turn(v128.xor(a15, d0), 41);
    b4 = turn(v128.xor(a21, d1), 2); e20 = chi(b0, b1, b2); e21 = chi(b1, b2, b3);
    e22 = chi(b2, b3, b4); e23 = chi(b3, b4, b0); e24 = chi(b4, b0, b1);
    a0 = e0; a1 = e1; a2 = e2; a3 = e3; a4 = e4; a5 = e5; a6 = e6; a7 = e7; a8 = e8; a9 = e9;
    a10 = e10; a11 = e11; a12 = e12; a13 = e13; a14 = e14; a15 = e15; a16 = e16; a17 = e17;
    a18 = e18; a19 = e19; a20 = e20; a21 = e21; a22 = e22; a23 = e23; a24 = e24;
  }
  storeHash(outA, a0, a1, a2, a3, 0);
  storeHash(outB, a0, a1, a2, a3, 1);
}

@inline
function both(fromA: usize, fromB: usize, length: u32, at: u32): v128 {
  return pair(lane(fromA, length, at), lane(fromB, length, at));
}

@inline
function xor5(v: v128, w: v128, x: v128, y: v128, z: v128): v128 {
  return v128.xor(v128.xor(v128.xor(v, w), v128.xor(x, y)), z);
}

@inline
function turn(x: v128, count: i32): v128 {
  return v128.or(i64x2.shl(x, count), i64x2.shr_u(x, 64 - count));
}

/** x ^ (~y & z) */
@inline
function chi(x: v128, y: v128, z: v128): v128 {
  return v128.xor(x, v128.andnot(z, y));
}

/** Writes one half of the first four lanes as a word. */
@inline
function storeHash(out: usize, a0: v128, a1: v128, a2: v128, a3: v128, half: u8): void {
  const low = half == 0 ? v128.shuffle<u64>(a2, a3, 0, 2) : v128.shuffle<u64>(a2, a3, 1, 3);
  const high = half == 0 ? v128.shuffle<u64>(a0, a1, 0, 2) : v128.shuffle<u64>(a0, a1, 1, 3);
  v128.store(out, reversed(low));
  v128.store(out, reversed(high), 16);
}

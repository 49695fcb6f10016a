/**
 * Keccak-256 as the EVM means it (padding 0x01, not SHA-3's). The state of 25 lanes is in locals,
 * one round to an iteration: the compiler keeps least in memory that way (64 bytes: 407 ns; two
 * rounds 465, four 505, all 24 written out 635; the state in memory 465). Six lanes are kept
 * complemented, which leaves 5 of the 25 negations of a round. A hash is written as a word: four
 * u64 limbs, lowest first, of the big-endian number that it is.
 *
 * Source: https://keccak.team/files/Keccak-reference-3.0.pdf and
 * https://keccak.team/files/Keccak-implementation-3.2.pdf (2.2: lane complementing).
 */
import { pair, reversed } from "./convert.as";
import { CONSTANTS, lane, RATE, ROUNDS_BYTES } from "./keccak-parts.as";

export { keccak256Pair } from "./keccak-pair.as";

/**
 * The hash of `length` bytes at `from`; reads nothing outside of them.
 * @param out  pointer to a word, may be anywhere, also in the message
 */
// Generated: the round, with the negations where the polarities of the lanes need them.
export function keccak256(from: usize, length: u32, out: usize): void {
  let a0: u64 = 0, a1 = ~a0, a2 = ~a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0, a8 = ~a0;
  let a9 = a0, a10 = a0, a11 = a0, a12 = ~a0, a13 = a0, a14 = a0, a15 = a0, a16 = a0, a17 = ~a0;
  let a18 = a0, a19 = a0, a20 = ~a0, a21 = a0, a22 = a0, a23 = a0, a24 = a0;
  let e0 = a0, e1 = a0, e2 = a0, e3 = a0, e4 = a0, e5 = a0, e6 = a0, e7 = a0, e8 = a0, e9 = a0;
  let e10 = a0, e11 = a0, e12 = a0, e13 = a0, e14 = a0, e15 = a0, e16 = a0, e17 = a0, e18 = a0;
  let e19 = a0, e20 = a0, e21 = a0, e22 = a0, e23 = a0, e24 = a0, b0 = a0, b1 = a0, b2 = a0;
  let b3 = a0, b4 = a0, c0 = a0, c1 = a0, c2 = a0, c3 = a0, c4 = a0, d0 = a0, d1 = a0, d2 = a0;
  let d3 = a0, d4 = a0;
  for (let left = length; ; left -= RATE, from += RATE) {
    if (left >= RATE) {
      a0 ^= load<u64>(from); a1 ^= load<u64>(from, 8); a2 ^= load<u64>(from, 16);
      a3 ^= load<u64>(from, 24); a4 ^= load<u64>(from, 32); a5 ^= load<u64>(from, 40);
      a6 ^= load<u64>(from, 48); a7 ^= load<u64>(from, 56); a8 ^= load<u64>(from, 64);
      a9 ^= load<u64>(from, 72); a10 ^= load<u64>(from, 80); a11 ^= load<u64>(from, 88);
      a12 ^= load<u64>(from, 96); a13 ^= load<u64>(from, 104); a14 ^= load<u64>(from, 112);
      a15 ^= load<u64>(from, 120); a16 ^= load<u64>(from, 128);
    } else {
      a0 ^= lane(from, left, 0); a1 ^= lane(from, left, 8); a2 ^= lane(from, left, 16);
      a3 ^= lane(from, left, 24); a4 ^= lane(from, left, 32); a5 ^= lane(from, left, 40);
      a6 ^= lane(from, left, 48); a7 ^= lane(from, left, 56); a8 ^= lane(from, left, 64);
      a9 ^= lane(from, left, 72); a10 ^= lane(from, left, 80); a11 ^= lane(from, left, 88);
      a12 ^= lane(from, left, 96); a13 ^= lane(from, left, 104); a14 ^= lane(from, left, 112);
      a15 ^= lane(from, left, 120); a16 ^= lane(from, left, 128);
      a16 ^= 0x8000000000000000;
    }
    for (let at: usize = 0; at < ROUNDS_BYTES; at += 8) {
      c0 = a0 ^ a5 ^ a10 ^ a15 ^ a20; c1 = a1 ^ a6 ^ a11 ^ a16 ^ a21;
      c2 = a2 ^ a7 ^ a12 ^ a17 ^ a22; c3 = a3 ^ a8 ^ a13 ^ a18 ^ a23;
      c4 = a4 ^ a9 ^ a14 ^ a19 ^ a24; d0 = c4 ^ rotl(c1, 1); d1 = c0 ^ rotl(c2, 1);
      d2 = c1 ^ rotl(c3, 1); d3 = c2 ^ rotl(c4, 1); d4 = c3 ^ rotl(c0, 1); b0 = a0 ^ d0;
      b1 = rotl(a6 ^ d1, 44); b2 = rotl(a12 ^ d2, 43); b3 = rotl(a18 ^ d3, 21);
      b4 = rotl(a24 ^ d4, 14); e0 = b0 ^ (b1 | b2) ^ load<u64>(CONSTANTS + at);
      e1 = b1 ^ (~b2 | b3); e2 = b2 ^ (b3 & b4); e3 = b3 ^ (b4 | b0); e4 = b4 ^ (b0 & b1);
      b0 = rotl(a3 ^ d3, 28); b1 = rotl(a9 ^ d4, 20); b2 = rotl(a10 ^ d0, 3);
      b3 = rotl(a16 ^ d1, 45); b4 = rotl(a22 ^ d2, 61); e5 = b0 ^ (b1 | b2); e6 = b1 ^ (b2 & b3);
      e7 = b2 ^ (b3 | ~b4); e8 = b3 ^ (b4 | b0); e9 = b4 ^ (b0 & b1); b0 = rotl(a1 ^ d1, 1);
      b1 = rotl(a7 ^ d2, 6); b2 = rotl(a13 ^ d3, 25); b3 = rotl(a19 ^ d4, 8);
      b4 = rotl(a20 ^ d0, 18); e10 = b0 ^ (b1 | b2); e11 = b1 ^ (b2 & b3); e12 = b2 ^ (~b3 & b4);
      e13 = ~b3 ^ (b4 | b0); e14 = b4 ^ (b0 & b1); b0 = rotl(a4 ^ d4, 27); b1 = rotl(a5 ^ d0, 36);
      b2 = rotl(a11 ^ d1, 10); b3 = rotl(a17 ^ d2, 15); b4 = rotl(a23 ^ d3, 56);
      e15 = b0 ^ (b1 & b2); e16 = b1 ^ (b2 | b3); e17 = b2 ^ (~b3 | b4); e18 = ~b3 ^ (b4 & b0);
      e19 = b4 ^ (b0 | b1); b0 = rotl(a2 ^ d2, 62); b1 = rotl(a8 ^ d3, 55); b2 = rotl(a14 ^ d4, 39);
      b3 = rotl(a15 ^ d0, 41); b4 = rotl(a21 ^ d1, 2); e20 = b0 ^ (~b1 & b2); e21 = ~b1 ^ (b2 | b3);
      e22 = b2 ^ (b3 & b4); e23 = b3 ^ (b4 | b0); e24 = b4 ^ (b0 & b1);
      a0 = e0; a1 = e1; a2 = e2; a3 = e3; a4 = e4; a5 = e5; a6 = e6; a7 = e7; a8 = e8; a9 = e9;
      a10 = e10; a11 = e11; a12 = e12; a13 = e13; a14 = e14; a15 = e15; a16 = e16; a17 = e17;
      a18 = e18; a19 = e19; a20 = e20; a21 = e21; a22 = e22; a23 = e23; a24 = e24;
    }
    if (left < RATE) break;
  }
  v128.store(out, reversed(pair(~a2, a3)));
  v128.store(out, reversed(pair(a0, ~a1)), 16);
}

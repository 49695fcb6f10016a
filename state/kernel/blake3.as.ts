/**
 * BLAKE3 of one block: messages of at most 64 bytes, which is all that the state trie hashes (a
 * path, a leaf and a node are 64 bytes each). One at a time on plain words, or four at a time, a
 * lane each, on SIMD words; both give the bytes of the official hash. The four-way rounds are
 * written out, so that all state stays in locals and nothing is looked up: 30 ns a hash, where one
 * at a time takes 125 (and so as long as four together).
 * Source: https://github.com/BLAKE3-team/BLAKE3-specs (sections 2.2 and 2.6).
 */

/** The initial chaining value: that of SHA-256. */
const IV0: u32 = 0x6a09e667;
const IV1: u32 = 0xbb67ae85;
const IV2: u32 = 0x3c6ef372;
const IV3: u32 = 0xa54ff53a;
const IV4: u32 = 0x510e527f;
const IV5: u32 = 0x9b05688c;
const IV6: u32 = 0x1f83d9ab;
const IV7: u32 = 0x5be0cd19;
/** CHUNK_START, CHUNK_END and ROOT: the block is the whole message. */
const FLAGS: u32 = 1 | 2 | 8;

export const BLOCK_BYTES: u32 = 64;
export const HASH_BYTES: u32 = 32;

/** Byte offsets of the message words in the order in which each of the seven rounds takes them. */
const SCHEDULE = memory.data<u8>([
  0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60,
  8, 24, 12, 40, 28, 0, 16, 52, 4, 44, 48, 20, 36, 56, 60, 32,
  12, 16, 40, 48, 52, 8, 28, 56, 24, 20, 36, 0, 44, 60, 32, 4,
  40, 28, 48, 36, 56, 12, 52, 60, 16, 0, 44, 8, 20, 32, 4, 24,
  48, 52, 36, 44, 60, 40, 56, 32, 28, 8, 20, 12, 0, 4, 24, 16,
  36, 56, 44, 20, 32, 48, 60, 4, 52, 12, 0, 40, 8, 24, 16, 28,
  44, 60, 20, 0, 4, 36, 32, 24, 56, 40, 8, 48, 12, 16, 28, 52,
]);
const ROUNDS_BYTES: usize = 7 * 16;

/**
 * The hash of one message.
 * @param message  pointer to 64 readable bytes, zeros from `length` on
 * @param length   bytes, at most 64
 * @param out      pointer to 32 bytes, may be anywhere, also in the message
 */
// Eight mixings of four half-steps each in a loop of seven rounds.
export function hashBlock(message: usize, length: u32, out: usize): void {
  assert(length <= BLOCK_BYTES);
  let v0 = IV0, v1 = IV1, v2 = IV2, v3 = IV3, v4 = IV4, v5 = IV5, v6 = IV6, v7 = IV7;
  let v8 = IV0, v9 = IV1, v10 = IV2, v11 = IV3;
  let v12: u32 = 0, v13: u32 = 0, v14 = length, v15 = FLAGS;
  for (let at: usize = 0; at < ROUNDS_BYTES; at += 16) {
    v0 += v4 + word(message, at, 0); v12 = rotr(v12 ^ v0, 16);
    v8 += v12; v4 = rotr(v4 ^ v8, 12);
    v0 += v4 + word(message, at, 1); v12 = rotr(v12 ^ v0, 8);
    v8 += v12; v4 = rotr(v4 ^ v8, 7);
    v1 += v5 + word(message, at, 2); v13 = rotr(v13 ^ v1, 16);
    v9 += v13; v5 = rotr(v5 ^ v9, 12);
    v1 += v5 + word(message, at, 3); v13 = rotr(v13 ^ v1, 8);
    v9 += v13; v5 = rotr(v5 ^ v9, 7);
    v2 += v6 + word(message, at, 4); v14 = rotr(v14 ^ v2, 16);
    v10 += v14; v6 = rotr(v6 ^ v10, 12);
    v2 += v6 + word(message, at, 5); v14 = rotr(v14 ^ v2, 8);
    v10 += v14; v6 = rotr(v6 ^ v10, 7);
    v3 += v7 + word(message, at, 6); v15 = rotr(v15 ^ v3, 16);
    v11 += v15; v7 = rotr(v7 ^ v11, 12);
    v3 += v7 + word(message, at, 7); v15 = rotr(v15 ^ v3, 8);
    v11 += v15; v7 = rotr(v7 ^ v11, 7);
    v0 += v5 + word(message, at, 8); v15 = rotr(v15 ^ v0, 16);
    v10 += v15; v5 = rotr(v5 ^ v10, 12);
    v0 += v5 + word(message, at, 9); v15 = rotr(v15 ^ v0, 8);
    v10 += v15; v5 = rotr(v5 ^ v10, 7);
    v1 += v6 + word(message, at, 10); v12 = rotr(v12 ^ v1, 16);
    v11 += v12; v6 = rotr(v6 ^ v11, 12);
    v1 += v6 + word(message, at, 11); v12 = rotr(v12 ^ v1, 8);
    v11 += v12; v6 = rotr(v6 ^ v11, 7);
    v2 += v7 + word(message, at, 12); v13 = rotr(v13 ^ v2, 16);
    v8 += v13; v7 = rotr(v7 ^ v8, 12);
    v2 += v7 + word(message, at, 13); v13 = rotr(v13 ^ v2, 8);
    v8 += v13; v7 = rotr(v7 ^ v8, 7);
    v3 += v4 + word(message, at, 14); v14 = rotr(v14 ^ v3, 16);
    v9 += v14; v4 = rotr(v4 ^ v9, 12);
    v3 += v4 + word(message, at, 15); v14 = rotr(v14 ^ v3, 8);
    v9 += v14; v4 = rotr(v4 ^ v9, 7);
  }
  store<u32>(out, v0 ^ v8);
  store<u32>(out, v1 ^ v9, 4);
  store<u32>(out, v2 ^ v10, 8);
  store<u32>(out, v3 ^ v11, 12);
  store<u32>(out, v4 ^ v12, 16);
  store<u32>(out, v5 ^ v13, 20);
  store<u32>(out, v6 ^ v14, 24);
  store<u32>(out, v7 ^ v15, 28);
}

@inline
function word(message: usize, round: usize, index: usize): u32 {
  return load<u32>(message + load<u8>(SCHEDULE + round + index));
}

/**
 * The hashes of four messages of 64 bytes.
 * @param tasks  pointer to four times {message u32, out u32}; an output may be part of any message
 * @param keep   the first word of each hash is masked by this,
 * @param set    and these bits of it are set: how the trie tells leaves from nodes
 */
// Generated: seven rounds of eight mixings, each with its message words in the schedule's order.
export function hashFour(tasks: usize, keep: u32, set: u32): void {
  const a = <usize>load<u32>(tasks), b = <usize>load<u32>(tasks, 8);
  const c = <usize>load<u32>(tasks, 16), d = <usize>load<u32>(tasks, 24);
  const a0 = v128.load(a), b0 = v128.load(b);
  const c0 = v128.load(c), d0 = v128.load(d);
  const p0 = low(a0, b0), q0 = low(c0, d0);
  const r0 = high(a0, b0), s0 = high(c0, d0);
  const m0 = lowPair(p0, q0), m1 = highPair(p0, q0);
  const m2 = lowPair(r0, s0), m3 = highPair(r0, s0);
  const a1 = v128.load(a, 16), b1 = v128.load(b, 16);
  const c1 = v128.load(c, 16), d1 = v128.load(d, 16);
  const p1 = low(a1, b1), q1 = low(c1, d1);
  const r1 = high(a1, b1), s1 = high(c1, d1);
  const m4 = lowPair(p1, q1), m5 = highPair(p1, q1);
  const m6 = lowPair(r1, s1), m7 = highPair(r1, s1);
  const a2 = v128.load(a, 32), b2 = v128.load(b, 32);
  const c2 = v128.load(c, 32), d2 = v128.load(d, 32);
  const p2 = low(a2, b2), q2 = low(c2, d2);
  const r2 = high(a2, b2), s2 = high(c2, d2);
  const m8 = lowPair(p2, q2), m9 = highPair(p2, q2);
  const m10 = lowPair(r2, s2), m11 = highPair(r2, s2);
  const a3 = v128.load(a, 48), b3 = v128.load(b, 48);
  const c3 = v128.load(c, 48), d3 = v128.load(d, 48);
  const p3 = low(a3, b3), q3 = low(c3, d3);
  const r3 = high(a3, b3), s3 = high(c3, d3);
  const m12 = lowPair(p3, q3), m13 = highPair(p3, q3);
  const m14 = lowPair(r3, s3), m15 = highPair(r3, s3);
  let v0 = i32x4.splat(IV0), v1 = i32x4.splat(IV1), v2 = i32x4.splat(IV2);
  let v3 = i32x4.splat(IV3), v4 = i32x4.splat(IV4), v5 = i32x4.splat(IV5);
  let v6 = i32x4.splat(IV6), v7 = i32x4.splat(IV7);
  let v8 = v0, v9 = v1, v10 = v2, v11 = v3;
  let v12 = i32x4.splat(0), v13 = i32x4.splat(0);
  let v14 = i32x4.splat(BLOCK_BYTES), v15 = i32x4.splat(FLAGS);
  // Round 1.
  v0 = sum(v0, v4, m0); v12 = turn16(v12, v0); v8 = add(v8, v12); v4 = turn12(v4, v8);
  v0 = sum(v0, v4, m1); v12 = turn8(v12, v0); v8 = add(v8, v12); v4 = turn7(v4, v8);
  v1 = sum(v1, v5, m2); v13 = turn16(v13, v1); v9 = add(v9, v13); v5 = turn12(v5, v9);
  v1 = sum(v1, v5, m3); v13 = turn8(v13, v1); v9 = add(v9, v13); v5 = turn7(v5, v9);
  v2 = sum(v2, v6, m4); v14 = turn16(v14, v2); v10 = add(v10, v14); v6 = turn12(v6, v10);
  v2 = sum(v2, v6, m5); v14 = turn8(v14, v2); v10 = add(v10, v14); v6 = turn7(v6, v10);
  v3 = sum(v3, v7, m6); v15 = turn16(v15, v3); v11 = add(v11, v15); v7 = turn12(v7, v11);
  v3 = sum(v3, v7, m7); v15 = turn8(v15, v3); v11 = add(v11, v15); v7 = turn7(v7, v11);
  v0 = sum(v0, v5, m8); v15 = turn16(v15, v0); v10 = add(v10, v15); v5 = turn12(v5, v10);
  v0 = sum(v0, v5, m9); v15 = turn8(v15, v0); v10 = add(v10, v15); v5 = turn7(v5, v10);
  v1 = sum(v1, v6, m10); v12 = turn16(v12, v1); v11 = add(v11, v12); v6 = turn12(v6, v11);
  v1 = sum(v1, v6, m11); v12 = turn8(v12, v1); v11 = add(v11, v12); v6 = turn7(v6, v11);
  v2 = sum(v2, v7, m12); v13 = turn16(v13, v2); v8 = add(v8, v13); v7 = turn12(v7, v8);
  v2 = sum(v2, v7, m13); v13 = turn8(v13, v2); v8 = add(v8, v13); v7 = turn7(v7, v8);
  v3 = sum(v3, v4, m14); v14 = turn16(v14, v3); v9 = add(v9, v14); v4 = turn12(v4, v9);
  v3 = sum(v3, v4, m15); v14 = turn8(v14, v3); v9 = add(v9, v14); v4 = turn7(v4, v9);
  // Round 2.
  v0 = sum(v0, v4, m2); v12 = turn16(v12, v0); v8 = add(v8, v12); v4 = turn12(v4, v8);
  v0 = sum(v0, v4, m6); v12 = turn8(v12, v0); v8 = add(v8, v12); v4 = turn7(v4, v8);
  v1 = sum(v1, v5, m3); v13 = turn16(v13, v1); v9 = add(v9, v13); v5 = turn12(v5, v9);
  v1 = sum(v1, v5, m10); v13 = turn8(v13, v1); v9 = add(v9, v13); v5 = turn7(v5, v9);
  v2 = sum(v2, v6, m7); v14 = turn16(v14, v2); v10 = add(v10, v14); v6 = turn12(v6, v10);
  v2 = sum(v2, v6, m0); v14 = turn8(v14, v2); v10 = add(v10, v14); v6 = turn7(v6, v10);
  v3 = sum(v3, v7, m4); v15 = turn16(v15, v3); v11 = add(v11, v15); v7 = turn12(v7, v11);
  v3 = sum(v3, v7, m13); v15 = turn8(v15, v3); v11 = add(v11, v15); v7 = turn7(v7, v11);
  v0 = sum(v0, v5, m1); v15 = turn16(v15, v0); v10 = add(v10, v15); v5 = turn12(v5, v10);
  v0 = sum(v0, v5, m11); v15 = turn8(v15, v0); v10 = add(v10, v15); v5 = turn7(v5, v10);
  v1 = sum(v1, v6, m12); v12 = turn16(v12, v1); v11 = add(v11, v12); v6 = turn12(v6, v11);
  v1 = sum(v1, v6, m5); v12 = turn8(v12, v1); v11 = add(v11, v12); v6 = turn7(v6, v11);
  v2 = sum(v2, v7, m9); v13 = turn16(v13, v2); v8 = add(v8, v13); v7 = turn12(v7, v8);
  v2 = sum(v2, v7, m14); v13 = turn8(v13, v2); v8 = add(v8, v13); v7 = turn7(v7, v8);
  v3 = sum(v3, v4, m15); v14 = turn16(v14, v3); v9 = add(v9, v14); v4 = turn12(v4, v9);
  v3 = sum(v3, v4, m8); v14 = turn8(v14, v3); v9 = add(v9, v14); v4 = turn7(v4, v9);
  // Round 3.
  v0 = sum(v0, v4, m3); v12 = turn16(v12, v0); v8 = add(v8, v12); v4 = turn12(v4, v8);
  v0 = sum(v0, v4, m4); v12 = turn8(v12, v0); v8 = add(v8, v12); v4 = turn7(v4, v8);
  v1 = sum(v1, v5, m10); v13 = turn16(v13, v1); v9 = add(v9, v13); v5 = turn12(v5, v9);
  v1 = sum(v1, v5, m12); v13 = turn8(v13, v1); v9 = add(v9, v13); v5 = turn7(v5, v9);
  v2 = sum(v2, v6, m13); v14 = turn16(v14, v2); v10 = add(v10, v14); v6 = turn12(v6, v10);
  v2 = sum(v2, v6, m2); v14 = turn8(v14, v2); v10 = add(v10, v14); v6 = turn7(v6, v10);
  v3 = sum(v3, v7, m7); v15 = turn16(v15, v3); v11 = add(v11, v15); v7 = turn12(v7, v11);
  v3 = sum(v3, v7, m14); v15 = turn8(v15, v3); v11 = add(v11, v15); v7 = turn7(v7, v11);
  v0 = sum(v0, v5, m6); v15 = turn16(v15, v0); v10 = add(v10, v15); v5 = turn12(v5, v10);
  v0 = sum(v0, v5, m5); v15 = turn8(v15, v0); v10 = add(v10, v15); v5 = turn7(v5, v10);
  v1 = sum(v1, v6, m9); v12 = turn16(v12, v1); v11 = add(v11, v12); v6 = turn12(v6, v11);
  v1 = sum(v1, v6, m0); v12 = turn8(v12, v1); v11 = add(v11, v12); v6 = turn7(v6, v11);
  v2 = sum(v2, v7, m11); v13 = turn16(v13, v2); v8 = add(v8, v13); v7 = turn12(v7, v8);
  v2 = sum(v2, v7, m15); v13 = turn8(v13, v2); v8 = add(v8, v13); v7 = turn7(v7, v8);
  v3 = sum(v3, v4, m8); v14 = turn16(v14, v3); v9 = add(v9, v14); v4 = turn12(v4, v9);
  v3 = sum(v3, v4, m1); v14 = turn8(v14, v3); v9 = add(v9, v14); v4 = turn7(v4, v9);
  // Round 4.
  v0 = sum(v0, v4, m10); v12 = turn16(v12, v0); v8 = add(v8, v12); v4 = turn12(v4, v8);
  v0 = sum(v0, v4, m7); v12 = turn8(v12, v0); v8 = add(v8, v12); v4 = turn7(v4, v8);
  v1 = sum(v1, v5, m12); v13 = turn16(v13, v1); v9 = add(v9, v13); v5 = turn12(v5, v9);
  v1 = sum(v1, v5, m9); v13 = turn8(v13, v1); v9 = add(v9, v13); v5 = turn7(v5, v9);
  v2 = sum(v2, v6, m14); v14 = turn16(v14, v2); v10 = add(v10, v14); v6 = turn12(v6, v10);
  v2 = sum(v2, v6, m3); v14 = turn8(v14, v2); v10 = add(v10, v14); v6 = turn7(v6, v10);
  v3 = sum(v3, v7, m13); v15 = turn16(v15, v3); v11 = add(v11, v15); v7 = turn12(v7, v11);
  v3 = sum(v3, v7, m15); v15 = turn8(v15, v3); v11 = add(v11, v15); v7 = turn7(v7, v11);
  v0 = sum(v0, v5, m4); v15 = turn16(v15, v0); v10 = add(v10, v15); v5 = turn12(v5, v10);
  v0 = sum(v0, v5, m0); v15 = turn8(v15, v0); v10 = add(v10, v15); v5 = turn7(v5, v10);
  v1 = sum(v1, v6, m11); v12 = turn16(v12, v1); v11 = add(v11, v12); v6 = turn12(v6, v11);
  v1 = sum(v1, v6, m2); v12 = turn8(v12, v1); v11 = add(v11, v12); v6 = turn7(v6, v11);
  v2 = sum(v2, v7, m5); v13 = turn16(v13, v2); v8 = add(v8, v13); v7 = turn12(v7, v8);
  v2 = sum(v2, v7, m8); v13 = turn8(v13, v2); v8 = add(v8, v13); v7 = turn7(v7, v8);
  v3 = sum(v3, v4, m1); v14 = turn16(v14, v3); v9 = add(v9, v14); v4 = turn12(v4, v9);
  v3 = sum(v3, v4, m6); v14 = turn8(v14, v3); v9 = add(v9, v14); v4 = turn7(v4, v9);
  // Round 5.
  v0 = sum(v0, v4, m12); v12 = turn16(v12, v0); v8 = add(v8, v12); v4 = turn12(v4, v8);
  v0 = sum(v0, v4, m13); v12 = turn8(v12, v0); v8 = add(v8, v12); v4 = turn7(v4, v8);
  v1 = sum(v1, v5, m9); v13 = turn16(v13, v1); v9 = add(v9, v13); v5 = turn12(v5, v9);
  v1 = sum(v1, v5, m11); v13 = turn8(v13, v1); v9 = add(v9, v13); v5 = turn7(v5, v9);
  v2 = sum(v2, v6, m15); v14 = turn16(v14, v2); v10 = add(v10, v14); v6 = turn12(v6, v10);
  v2 = sum(v2, v6, m10); v14 = turn8(v14, v2); v10 = add(v10, v14); v6 = turn7(v6, v10);
  v3 = sum(v3, v7, m14); v15 = turn16(v15, v3); v11 = add(v11, v15); v7 = turn12(v7, v11);
  v3 = sum(v3, v7, m8); v15 = turn8(v15, v3); v11 = add(v11, v15); v7 = turn7(v7, v11);
  v0 = sum(v0, v5, m7); v15 = turn16(v15, v0); v10 = add(v10, v15); v5 = turn12(v5, v10);
  v0 = sum(v0, v5, m2); v15 = turn8(v15, v0); v10 = add(v10, v15); v5 = turn7(v5, v10);
  v1 = sum(v1, v6, m5); v12 = turn16(v12, v1); v11 = add(v11, v12); v6 = turn12(v6, v11);
  v1 = sum(v1, v6, m3); v12 = turn8(v12, v1); v11 = add(v11, v12); v6 = turn7(v6, v11);
  v2 = sum(v2, v7, m0); v13 = turn16(v13, v2); v8 = add(v8, v13); v7 = turn12(v7, v8);
  v2 = sum(v2, v7, m1); v13 = turn8(v13, v2); v8 = add(v8, v13); v7 = turn7(v7, v8);
  v3 = sum(v3, v4, m6); v14 = turn16(v14, v3); v9 = add(v9, v14); v4 = turn12(v4, v9);
  v3 = sum(v3, v4, m4); v14 = turn8(v14, v3); v9 = add(v9, v14); v4 = turn7(v4, v9);
  // Round 6.
  v0 = sum(v0, v4, m9); v12 = turn16(v12, v0); v8 = add(v8, v12); v4 = turn12(v4, v8);
  v0 = sum(v0, v4, m14); v12 = turn8(v12, v0); v8 = add(v8, v12); v4 = turn7(v4, v8);
  v1 = sum(v1, v5, m11); v13 = turn16(v13, v1); v9 = add(v9, v13); v5 = turn12(v5, v9);
  v1 = sum(v1, v5, m5); v13 = turn8(v13, v1); v9 = add(v9, v13); v5 = turn7(v5, v9);
  v2 = sum(v2, v6, m8); v14 = turn16(v14, v2); v10 = add(v10, v14); v6 = turn12(v6, v10);
  v2 = sum(v2, v6, m12); v14 = turn8(v14, v2); v10 = add(v10, v14); v6 = turn7(v6, v10);
  v3 = sum(v3, v7, m15); v15 = turn16(v15, v3); v11 = add(v11, v15); v7 = turn12(v7, v11);
  v3 = sum(v3, v7, m1); v15 = turn8(v15, v3); v11 = add(v11, v15); v7 = turn7(v7, v11);
  v0 = sum(v0, v5, m13); v15 = turn16(v15, v0); v10 = add(v10, v15); v5 = turn12(v5, v10);
  v0 = sum(v0, v5, m3); v15 = turn8(v15, v0); v10 = add(v10, v15); v5 = turn7(v5, v10);
  v1 = sum(v1, v6, m0); v12 = turn16(v12, v1); v11 = add(v11, v12); v6 = turn12(v6, v11);
  v1 = sum(v1, v6, m10); v12 = turn8(v12, v1); v11 = add(v11, v12); v6 = turn7(v6, v11);
  v2 = sum(v2, v7, m2); v13 = turn16(v13, v2); v8 = add(v8, v13); v7 = turn12(v7, v8);
  v2 = sum(v2, v7, m6); v13 = turn8(v13, v2); v8 = add(v8, v13); v7 = turn7(v7, v8);
  v3 = sum(v3, v4, m4); v14 = turn16(v14, v3); v9 = add(v9, v14); v4 = turn12(v4, v9);
  v3 = sum(v3, v4, m7); v14 = turn8(v14, v3); v9 = add(v9, v14); v4 = turn7(v4, v9);
  // Round 7.
  v0 = sum(v0, v4, m11); v12 = turn16(v12, v0); v8 = add(v8, v12); v4 = turn12(v4, v8);
  v0 = sum(v0, v4, m15); v12 = turn8(v12, v0); v8 = add(v8, v12); v4 = turn7(v4, v8);
  v1 = sum(v1, v5, m5); v13 = turn16(v13, v1); v9 = add(v9, v13); v5 = turn12(v5, v9);
  v1 = sum(v1, v5, m0); v13 = turn8(v13, v1); v9 = add(v9, v13); v5 = turn7(v5, v9);
  v2 = sum(v2, v6, m1); v14 = turn16(v14, v2); v10 = add(v10, v14); v6 = turn12(v6, v10);
  v2 = sum(v2, v6, m9); v14 = turn8(v14, v2); v10 = add(v10, v14); v6 = turn7(v6, v10);
  v3 = sum(v3, v7, m8); v15 = turn16(v15, v3); v11 = add(v11, v15); v7 = turn12(v7, v11);
  v3 = sum(v3, v7, m6); v15 = turn8(v15, v3); v11 = add(v11, v15); v7 = turn7(v7, v11);
  v0 = sum(v0, v5, m14); v15 = turn16(v15, v0); v10 = add(v10, v15); v5 = turn12(v5, v10);
  v0 = sum(v0, v5, m10); v15 = turn8(v15, v0); v10 = add(v10, v15); v5 = turn7(v5, v10);
  v1 = sum(v1, v6, m2); v12 = turn16(v12, v1); v11 = add(v11, v12); v6 = turn12(v6, v11);
  v1 = sum(v1, v6, m12); v12 = turn8(v12, v1); v11 = add(v11, v12); v6 = turn7(v6, v11);
  v2 = sum(v2, v7, m3); v13 = turn16(v13, v2); v8 = add(v8, v13); v7 = turn12(v7, v8);
  v2 = sum(v2, v7, m4); v13 = turn8(v13, v2); v8 = add(v8, v13); v7 = turn7(v7, v8);
  v3 = sum(v3, v4, m7); v14 = turn16(v14, v3); v9 = add(v9, v14); v4 = turn12(v4, v9);
  v3 = sum(v3, v4, m13); v14 = turn8(v14, v3); v9 = add(v9, v14); v4 = turn7(v4, v9);
  const first = v128.or(v128.and(v128.xor(v0, v8), i32x4.splat(keep)), i32x4.splat(set));
  storeFour(tasks, 0, first, v128.xor(v1, v9), v128.xor(v2, v10), v128.xor(v3, v11));
  storeFour(
    tasks, 16, v128.xor(v4, v12), v128.xor(v5, v13), v128.xor(v6, v14), v128.xor(v7, v15),
  );
}

/** Turns four words of four lanes back into 16 bytes of each output. */
@inline
function storeFour(tasks: usize, at: usize, w0: v128, w1: v128, w2: v128, w3: v128): void {
  const p = low(w0, w1), q = low(w2, w3);
  const r = high(w0, w1), s = high(w2, w3);
  v128.store(<usize>load<u32>(tasks, 4) + at, lowPair(p, q));
  v128.store(<usize>load<u32>(tasks, 12) + at, highPair(p, q));
  v128.store(<usize>load<u32>(tasks, 20) + at, lowPair(r, s));
  v128.store(<usize>load<u32>(tasks, 28) + at, highPair(r, s));
}

/** a0 b0 a1 b1 */
@inline
function low(a: v128, b: v128): v128 {
  return v128.shuffle<u32>(a, b, 0, 4, 1, 5);
}

/** a2 b2 a3 b3 */
@inline
function high(a: v128, b: v128): v128 {
  return v128.shuffle<u32>(a, b, 2, 6, 3, 7);
}

@inline
function lowPair(a: v128, b: v128): v128 {
  return v128.shuffle<u64>(a, b, 0, 2);
}

@inline
function highPair(a: v128, b: v128): v128 {
  return v128.shuffle<u64>(a, b, 1, 3);
}

@inline
function add(a: v128, b: v128): v128 {
  return i32x4.add(a, b);
}

@inline
function sum(a: v128, b: v128, m: v128): v128 {
  return i32x4.add(i32x4.add(a, m), b);
}

/** Rotations right of a ^ b; whole bytes are moved by a swizzle. */
@inline
function turn16(a: v128, b: v128): v128 {
  return i8x16.swizzle(
    v128.xor(a, b), i8x16(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13),
  );
}

@inline
function turn8(a: v128, b: v128): v128 {
  return i8x16.swizzle(
    v128.xor(a, b), i8x16(1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12),
  );
}

@inline
function turn12(a: v128, b: v128): v128 {
  const x = v128.xor(a, b);
  return v128.or(i32x4.shr_u(x, 12), i32x4.shl(x, 20));
}

@inline
function turn7(a: v128, b: v128): v128 {
  const x = v128.xor(a, b);
  return v128.or(i32x4.shr_u(x, 7), i32x4.shl(x, 25));
}

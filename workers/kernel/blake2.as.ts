/**
 * BLAKE2b's compression with the number of rounds that the caller wants (EIP-152): a round is one
 * gas, so it has to be fast. The state of 16 lanes is in locals; the order of the message's words
 * is a table of byte offsets, ten rounds long, so that a round is written once.
 *
 * Source: RFC 7693, section 3.2; EIP-152.
 */

/** Where a round's words lie in the message, in bytes; the eleventh round is the first again. */
const ORDER_BYTES: usize = 160;
const ORDER: usize = memory.data<u8>([
  0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120,
  112, 80, 32, 64, 72, 120, 104, 48, 8, 96, 0, 16, 88, 56, 40, 24,
  88, 64, 96, 0, 40, 16, 120, 104, 80, 112, 24, 48, 56, 8, 72, 32,
  56, 72, 24, 8, 104, 96, 88, 112, 16, 48, 40, 80, 32, 0, 120, 64,
  72, 0, 40, 56, 16, 32, 80, 120, 112, 8, 88, 96, 48, 64, 24, 104,
  16, 96, 48, 80, 0, 88, 64, 24, 32, 104, 56, 40, 120, 112, 8, 72,
  96, 40, 8, 120, 112, 104, 32, 80, 0, 56, 48, 24, 72, 16, 64, 88,
  104, 88, 56, 112, 96, 8, 24, 72, 40, 0, 120, 32, 64, 48, 16, 80,
  48, 120, 112, 72, 88, 24, 0, 64, 96, 16, 104, 56, 8, 32, 80, 40,
  80, 16, 64, 32, 56, 48, 8, 40, 120, 88, 72, 112, 24, 96, 104, 0,
]);

const IV0: u64 = 0x6a09e667f3bcc908, IV1: u64 = 0xbb67ae8584caa73b;
const IV2: u64 = 0x3c6ef372fe94f82b, IV3: u64 = 0xa54ff53a5f1d36f1;
const IV4: u64 = 0x510e527fade682d1, IV5: u64 = 0x9b05688c2b3e6c1f;
const IV6: u64 = 0x1f83d9abd9fb41bd, IV7: u64 = 0x5be0cd19137e2179;

/** Bytes of the precompile's input and output. */
const BLAKE2_INPUT_BYTES: u32 = 213;
export const BLAKE2_OUTPUT_BYTES: u32 = 64;
const STATE: usize = 4, MESSAGE: usize = 68, COUNTERS: usize = 196, IS_LAST: usize = 212;

/** How often the message is mixed in: what it costs. */
export function blake2Rounds(input: usize): u32 {
  return bswap<u32>(load<u32>(input));
}

/** The last byte says whether this block is the last: 0 or 1. */
export function isBlake2Input(input: usize, length: u32): bool {
  return length == BLAKE2_INPUT_BYTES && load<u8>(input, IS_LAST) <= 1;
}

@inline
function word(message: usize, row: usize, index: usize): u64 {
  return load<u64>(message + <usize>load<u8>(row + index));
}

/** @param input  as isBlake2Input has it. @param out  64 bytes, not in the input */
// Generated: the round, its eight mixings written out.
export function blake2Compress(input: usize, out: usize): void {
  const state = input + STATE, message = input + MESSAGE;
  let v0 = load<u64>(state, 0), v1 = load<u64>(state, 8);
  let v2 = load<u64>(state, 16), v3 = load<u64>(state, 24);
  let v4 = load<u64>(state, 32), v5 = load<u64>(state, 40);
  let v6 = load<u64>(state, 48), v7 = load<u64>(state, 56);
  let v8 = IV0, v9 = IV1, v10 = IV2, v11 = IV3;
  let v12 = IV4 ^ load<u64>(input, COUNTERS), v13 = IV5 ^ load<u64>(input, COUNTERS + 8);
  let v14 = IV6 ^ (0 - <u64>load<u8>(input, IS_LAST)), v15 = IV7;
  let row = ORDER;
  for (let left = blake2Rounds(input); left != 0; left--) {
    v0 += v4 + word(message, row, 0); v12 = rotr(v12 ^ v0, 32);
    v8 += v12; v4 = rotr(v4 ^ v8, 24);
    v0 += v4 + word(message, row, 1); v12 = rotr(v12 ^ v0, 16);
    v8 += v12; v4 = rotr(v4 ^ v8, 63);
    v1 += v5 + word(message, row, 2); v13 = rotr(v13 ^ v1, 32);
    v9 += v13; v5 = rotr(v5 ^ v9, 24);
    v1 += v5 + word(message, row, 3); v13 = rotr(v13 ^ v1, 16);
    v9 += v13; v5 = rotr(v5 ^ v9, 63);
    v2 += v6 + word(message, row, 4); v14 = rotr(v14 ^ v2, 32);
    v10 += v14; v6 = rotr(v6 ^ v10, 24);
    v2 += v6 + word(message, row, 5); v14 = rotr(v14 ^ v2, 16);
    v10 += v14; v6 = rotr(v6 ^ v10, 63);
    v3 += v7 + word(message, row, 6); v15 = rotr(v15 ^ v3, 32);
    v11 += v15; v7 = rotr(v7 ^ v11, 24);
    v3 += v7 + word(message, row, 7); v15 = rotr(v15 ^ v3, 16);
    v11 += v15; v7 = rotr(v7 ^ v11, 63);
    v0 += v5 + word(message, row, 8); v15 = rotr(v15 ^ v0, 32);
    v10 += v15; v5 = rotr(v5 ^ v10, 24);
    v0 += v5 + word(message, row, 9); v15 = rotr(v15 ^ v0, 16);
    v10 += v15; v5 = rotr(v5 ^ v10, 63);
    v1 += v6 + word(message, row, 10); v12 = rotr(v12 ^ v1, 32);
    v11 += v12; v6 = rotr(v6 ^ v11, 24);
    v1 += v6 + word(message, row, 11); v12 = rotr(v12 ^ v1, 16);
    v11 += v12; v6 = rotr(v6 ^ v11, 63);
    v2 += v7 + word(message, row, 12); v13 = rotr(v13 ^ v2, 32);
    v8 += v13; v7 = rotr(v7 ^ v8, 24);
    v2 += v7 + word(message, row, 13); v13 = rotr(v13 ^ v2, 16);
    v8 += v13; v7 = rotr(v7 ^ v8, 63);
    v3 += v4 + word(message, row, 14); v14 = rotr(v14 ^ v3, 32);
    v9 += v14; v4 = rotr(v4 ^ v9, 24);
    v3 += v4 + word(message, row, 15); v14 = rotr(v14 ^ v3, 16);
    v9 += v14; v4 = rotr(v4 ^ v9, 63);
    row += 16;
    if (row == ORDER + ORDER_BYTES) row = ORDER;
  }
  store<u64>(out, load<u64>(state, 0) ^ v0 ^ v8, 0);
  store<u64>(out, load<u64>(state, 8) ^ v1 ^ v9, 8);
  store<u64>(out, load<u64>(state, 16) ^ v2 ^ v10, 16);
  store<u64>(out, load<u64>(state, 24) ^ v3 ^ v11, 24);
  store<u64>(out, load<u64>(state, 32) ^ v4 ^ v12, 32);
  store<u64>(out, load<u64>(state, 40) ^ v5 ^ v13, 40);
  store<u64>(out, load<u64>(state, 48) ^ v6 ^ v14, 48);
  store<u64>(out, load<u64>(state, 56) ^ v7 ^ v15, 56);
}

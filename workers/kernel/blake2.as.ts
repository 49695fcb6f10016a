/**
 * BLAKE2b's compression with the number of rounds that the caller wants (EIP-152): a round is one
 * gas, so it has to be fast. The state's four rows are in two vectors each; the message is first
 * written out in the order in which ten rounds want its words, so that a round only loads: 14.8 ns
 * a round, where the state in 16 integers took 19.9 (long inputs; 12 rounds take the same).
 *
 * Source: RFC 7693, section 3.2; EIP-152.
 */

/** Ten rounds of words in the order of their use, as offsets into the message, in bytes. */
const ORDER: usize = memory.data<u8>([
  0, 16, 32, 48, 8, 24, 40, 56, 64, 80, 96, 112, 72, 88, 104, 120,
  112, 32, 72, 104, 80, 64, 120, 48, 8, 0, 88, 40, 96, 16, 56, 24,
  88, 96, 40, 120, 64, 0, 16, 104, 80, 24, 56, 72, 112, 48, 8, 32,
  56, 24, 104, 88, 72, 8, 96, 112, 16, 40, 32, 120, 48, 80, 0, 64,
  72, 40, 16, 80, 0, 56, 32, 120, 112, 88, 48, 24, 8, 96, 64, 104,
  16, 48, 0, 64, 96, 80, 88, 24, 32, 56, 120, 8, 104, 40, 112, 72,
  96, 8, 112, 32, 40, 120, 104, 80, 0, 48, 72, 64, 56, 24, 16, 88,
  104, 56, 96, 24, 88, 112, 8, 72, 40, 120, 64, 16, 0, 32, 48, 80,
  48, 112, 88, 0, 120, 72, 24, 64, 96, 104, 8, 80, 16, 56, 32, 40,
  80, 64, 56, 8, 16, 32, 48, 40, 120, 72, 24, 104, 88, 112, 96, 0,
]);
const ROUNDS: u32 = 10;
const ROUND_BYTES: usize = 128;
/** What the compression needs for the message as it is written out. */
export const BLAKE2_SCRATCH_BYTES: u32 = 1280;

const IV0: u64 = 0x6a09e667f3bcc908, IV1: u64 = 0xbb67ae8584caa73b;
const IV2: u64 = 0x3c6ef372fe94f82b, IV3: u64 = 0xa54ff53a5f1d36f1;
const IV4: u64 = 0x510e527fade682d1, IV5: u64 = 0x9b05688c2b3e6c1f;
const IV6: u64 = 0x1f83d9abfb41bd6b, IV7: u64 = 0x5be0cd19137e2179;

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

/**
 * @param input    as isBlake2Input has it
 * @param scratch  BLAKE2_SCRATCH_BYTES
 * @param out      64 bytes, neither in the input nor in the scratch
 */
export function blake2Compress(input: usize, scratch: usize, out: usize): void {
  const rounds = blake2Rounds(input);
  writeOut(input + MESSAGE, min(rounds, ROUNDS), scratch);
  mix(input, rounds, scratch, out);
}

function writeOut(message: usize, rounds: u32, out: usize): void {
  const end = ORDER + (<usize>rounds << 4);
  for (let at = ORDER; at < end; at++, out += 8) {
    store<u64>(out, load<u64>(message + <usize>load<u8>(at)));
  }
}

@inline
function rotated32(v: v128): v128 {
  return v128.shuffle<u32>(v, v, 1, 0, 3, 2);
}

@inline
function rotated24(v: v128): v128 {
  return v128.shuffle<u8>(v, v, 3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10);
}

@inline
function rotated16(v: v128): v128 {
  return v128.shuffle<u8>(v, v, 2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9);
}

@inline
function rotated63(v: v128): v128 {
  return v128.or(i64x2.shr_u(v, 63), i64x2.add(v, v));
}

// Generated: the round, a column step and a diagonal step.
function mix(input: usize, rounds: u32, words: usize, out: usize): void {
  const state = input + STATE;
  const last: u64 = 0 - <u64>load<u8>(input, IS_LAST);
  let a0 = v128.load(state), a1 = v128.load(state, 16);
  let b0 = v128.load(state, 32), b1 = v128.load(state, 48);
  let c0 = i64x2(IV0, IV1), c1 = i64x2(IV2, IV3);
  let d0 = v128.xor(i64x2(IV4, IV5), v128.load(input, COUNTERS));
  let d1 = v128.xor(i64x2(IV6, IV7), i64x2.replace_lane(i64x2.splat(0), 0, last));
  let t = a0;
  const end = words + <usize>ROUNDS * ROUND_BYTES;
  for (let at = words; rounds != 0; rounds--) {
    a0 = i64x2.add(i64x2.add(a0, b0), v128.load(at, 0));
    a1 = i64x2.add(i64x2.add(a1, b1), v128.load(at, 16));
    d0 = rotated32(v128.xor(d0, a0)); d1 = rotated32(v128.xor(d1, a1));
    c0 = i64x2.add(c0, d0); c1 = i64x2.add(c1, d1);
    b0 = rotated24(v128.xor(b0, c0)); b1 = rotated24(v128.xor(b1, c1));
    a0 = i64x2.add(i64x2.add(a0, b0), v128.load(at, 32));
    a1 = i64x2.add(i64x2.add(a1, b1), v128.load(at, 48));
    d0 = rotated16(v128.xor(d0, a0)); d1 = rotated16(v128.xor(d1, a1));
    c0 = i64x2.add(c0, d0); c1 = i64x2.add(c1, d1);
    b0 = rotated63(v128.xor(b0, c0)); b1 = rotated63(v128.xor(b1, c1));
    t = v128.shuffle<u64>(b0, b1, 1, 2); b1 = v128.shuffle<u64>(b1, b0, 1, 2); b0 = t;
    t = c0; c0 = c1; c1 = t;
    t = v128.shuffle<u64>(d1, d0, 1, 2); d1 = v128.shuffle<u64>(d0, d1, 1, 2); d0 = t;
    a0 = i64x2.add(i64x2.add(a0, b0), v128.load(at, 64));
    a1 = i64x2.add(i64x2.add(a1, b1), v128.load(at, 80));
    d0 = rotated32(v128.xor(d0, a0)); d1 = rotated32(v128.xor(d1, a1));
    c0 = i64x2.add(c0, d0); c1 = i64x2.add(c1, d1);
    b0 = rotated24(v128.xor(b0, c0)); b1 = rotated24(v128.xor(b1, c1));
    a0 = i64x2.add(i64x2.add(a0, b0), v128.load(at, 96));
    a1 = i64x2.add(i64x2.add(a1, b1), v128.load(at, 112));
    d0 = rotated16(v128.xor(d0, a0)); d1 = rotated16(v128.xor(d1, a1));
    c0 = i64x2.add(c0, d0); c1 = i64x2.add(c1, d1);
    b0 = rotated63(v128.xor(b0, c0)); b1 = rotated63(v128.xor(b1, c1));
    t = v128.shuffle<u64>(b1, b0, 1, 2); b1 = v128.shuffle<u64>(b0, b1, 1, 2); b0 = t;
    t = c0; c0 = c1; c1 = t;
    t = v128.shuffle<u64>(d0, d1, 1, 2); d1 = v128.shuffle<u64>(d1, d0, 1, 2); d0 = t;
    at += ROUND_BYTES;
    if (at == end) at = words;
  }
  v128.store(out, v128.xor(v128.load(state), v128.xor(a0, c0)));
  v128.store(out, v128.xor(v128.load(state, 16), v128.xor(a1, c1)), 16);
  v128.store(out, v128.xor(v128.load(state, 32), v128.xor(b0, d0)), 32);
  v128.store(out, v128.xor(v128.load(state, 48), v128.xor(b1, d1)), 48);
}

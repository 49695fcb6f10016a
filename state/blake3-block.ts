/**
 * BLAKE3 of exactly 64 bytes, the only length that the state tree hashes: one compression. A
 * checked proof is twenty of these, and a library that takes any length spends most of its time on
 * the others (bench/proof.bench.ts). Runs anywhere; the kernels have their own in WebAssembly.
 * Source: the BLAKE3 paper, sections 2.1 to 2.5.
 */

const IV = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);
const MESSAGE_BYTES = 64;
/** A chunk's first block, its last, and the root: CHUNK_START, CHUNK_END, ROOT. */
const FLAGS = 1 | 2 | 8;
const ROUNDS = 7;
/** Message words of each step, round after round: the permutation applied again and again. */
const SCHEDULE = scheduleOf([2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]);
const words = new Int32Array(16);
const state = new Int32Array(16);

/** @param message  64 bytes @returns a fresh hash of 32 bytes */
export function hashBlock(message: Uint8Array): Uint8Array {
  const view = new DataView(message.buffer, message.byteOffset, MESSAGE_BYTES);
  for (let index = 0; index < 16; index += 1) words[index] = view.getInt32(index * 4, true);
  state.set(IV);
  state.set(IV.subarray(0, 4), 8);
  // The counter is 0.
  state[12] = 0;
  state[13] = 0;
  state[14] = MESSAGE_BYTES;
  state[15] = FLAGS;
  for (let round = 0; round < ROUNDS; round += 1) mixAll(round * 16);
  const hash = new Uint8Array(32);
  const out = new DataView(hash.buffer);
  for (let index = 0; index < 8; index += 1) {
    out.setInt32(index * 4, state[index]! ^ state[index + 8]!, true);
  }
  return hash;
}

/** Columns, then diagonals. @param from  of the round's words in the schedule */
function mixAll(from: number): void {
  mix(0, 4, 8, 12, from);
  mix(1, 5, 9, 13, from + 2);
  mix(2, 6, 10, 14, from + 4);
  mix(3, 7, 11, 15, from + 6);
  mix(0, 5, 10, 15, from + 8);
  mix(1, 6, 11, 12, from + 10);
  mix(2, 7, 8, 13, from + 12);
  mix(3, 4, 9, 14, from + 14);
}

/** Four words of the state with two of the message. */
function mix(ai: number, bi: number, ci: number, di: number, at: number): void {
  let a = (state[ai]! + state[bi]! + words[SCHEDULE[at]!]!) | 0;
  let d = state[di]! ^ a;
  d = (d >>> 16) | (d << 16);
  let c = (state[ci]! + d) | 0;
  let b = state[bi]! ^ c;
  b = (b >>> 12) | (b << 20);
  a = (a + b + words[SCHEDULE[at + 1]!]!) | 0;
  d ^= a;
  d = (d >>> 8) | (d << 24);
  c = (c + d) | 0;
  b ^= c;
  state[ai] = a;
  state[bi] = (b >>> 7) | (b << 25);
  state[ci] = c;
  state[di] = d;
}

function scheduleOf(permutation: readonly number[]): Uint8Array {
  const schedule = new Uint8Array(16 * ROUNDS);
  for (let at = 0; at < 16; at += 1) schedule[at] = at;
  for (let at = 16; at < schedule.length; at += 1) {
    schedule[at] = schedule[at - (at % 16) - 16 + permutation[at % 16]!]!;
  }
  return schedule;
}

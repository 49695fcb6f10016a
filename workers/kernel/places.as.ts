/**
 * The places of mapping elements, as solc lays them out: keccak256 of the key, a word, and of the
 * mapping's slot, a small number. A token's transfer asks for three. A thread has a table of those
 * that it has hashed, one cache line each, for keys that are addresses or numbers below 2^160 and
 * slots below 2^32. A line holds all of the key, which is compared in full: a place is never wrong,
 * and the worst an enemy can do is to make it miss.
 */
import { keccak256 } from "./keccak.as";
import { keccakMemo } from "./keccak-memo.as";
import { M_KECCAK_MEMO, M_PLACES, M_PLACES_MASK, PLACE_BYTES } from "./map";
import { copyWord } from "./words.as";

/** The four parts of 64 bytes that may be other than 0, as u64; then the hash, a word. */
const PLACE_HASH: usize = 32;
/** In the lower half of the first part, which is 0 in every key: the line is in use. */
const IN_USE: u64 = 1;
const LOW_HALF: u64 = 0xffffffff;

/**
 * keccak256 for the EVM: by way of what this thread has hashed before, where that is likely.
 * @param out  pointer to a word, may be anywhere, also in the message
 */
export function hashMessage(m: usize, from: usize, length: u32, out: usize): void {
  if (length == 64) {
    const k1 = load<u64>(from, 8), k7 = load<u64>(from, 56);
    const rest = load<u64>(from) | load<u64>(from, 32) | load<u64>(from, 40) | load<u64>(from, 48);
    if ((rest | ((k1 | k7) & LOW_HALF)) == 0) {
      const line = lineOf(m, k1, load<u64>(from, 16), load<u64>(from, 24), k7, from);
      return copyWord(line + PLACE_HASH, out);
    }
  }
  keccakMemo(from, length, out, m + M_KECCAK_MEMO);
}

// Six parameters: the key, in locals and as bytes.
@inline
function lineOf(m: usize, k1: u64, k2: u64, k3: u64, k7: u64, from: usize): usize {
  const mixed = (k1 ^ rotl(k2, 23)) + (rotl(k3, 41) ^ rotl(k7, 11));
  const at = <u32>((mixed * 0x9e3779b97f4a7c15) >>> 32) & load<u32>(m, M_PLACES_MASK);
  const line = <usize>load<u32>(m, M_PLACES) + <usize>at * PLACE_BYTES;
  const differs = (load<u64>(line) ^ k1 ^ IN_USE) | (load<u64>(line, 8) ^ k2)
    | (load<u64>(line, 16) ^ k3) | (load<u64>(line, 24) ^ k7);
  if (differs != 0) learn(line, from);
  return line;
}

function learn(line: usize, from: usize): void {
  keccak256(from, 64, line + PLACE_HASH);
  store<u64>(line, load<u64>(from, 8) | IN_USE);
  store<u64>(line, load<u64>(from, 16), 8);
  store<u64>(line, load<u64>(from, 24), 16);
  store<u64>(line, load<u64>(from, 56), 24);
}

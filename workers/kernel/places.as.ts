/**
 * The places of mapping elements, as solc lays them out: keccak256 of the key, a word, and of the
 * mapping's slot, a small number. A token's transfer asks for three. A thread has a table of those
 * that it has hashed, one cache line each, for keys that are addresses or numbers below 2^160 and
 * slots below 2^32. Each may be in one of two lines: with one, many would drive each other out for
 * good; with four, a place among 1M that is in none costs 3% of a transfer. A line holds all of the
 * key, which is compared in full: a place is never wrong, and the worst an enemy can do is to make
 * it miss.
 */
import { learnHabit } from "./habits.as";
import { keccak256 } from "./keccak.as";
import { keccakMemo } from "./keccak-memo.as";
import { M_KECCAK_MEMO, M_PLACES, M_PLACES_MASK, PLACE_BYTES, PLACE_HASH } from "./map";

/** In the lower half of a line's first part, which is 0 in every key: the line is in use. */
const IN_USE: u64 = 1;
const LOW_HALF: u64 = 0xffffffff;

/**
 * keccak256 for the EVM: by way of what this thread has hashed before, where that is likely.
 * @param out  pointer to a word, may be anywhere, also in the message
 */
// Five parameters: the frame and the opcode's operands.
export function hashMessage(m: usize, frame: usize, from: usize, length: u32, out: usize): void {
  if (length != 64 || !isPlace(from)) return keccakMemo(from, length, out, m + M_KECCAK_MEMO);
  let line = placeLine(m, from);
  if (!isPlaceOf(line, from)) {
    line = otherLine(m, line, from);
    if (!isPlaceOf(line, from)) {
      keccak256(from, 64, line + PLACE_HASH);
      keepPlace(line, from);
      learnHabit(m, frame, from);
    }
  }
  v128.store(out, v128.load(line, PLACE_HASH));
  v128.store(out, v128.load(line, PLACE_HASH + 16), 16);
}

/** Whether 64 bytes are the key of a place. */
@inline
function isPlace(message: usize): bool {
  const zeros = load<u64>(message) | load<u64>(message, 32) | load<u64>(message, 40)
    | load<u64>(message, 48);
  return (zeros | ((load<u64>(message, 8) | load<u64>(message, 56)) & LOW_HALF)) == 0;
}

/** The line where a place is kept, if it is there: it may be in one of the others. */
@inline
export function placeLine(m: usize, message: usize): usize {
  const key = load<u64>(message, 8) ^ rotl(load<u64>(message, 16), 23);
  const mixed = key + (rotl(load<u64>(message, 24), 41) ^ rotl(load<u64>(message, 56), 11));
  const at = <u32>((mixed * 0x9e3779b97f4a7c15) >>> 32) & load<u32>(m, M_PLACES_MASK);
  return <usize>load<u32>(m, M_PLACES) + <usize>at * PLACE_BYTES;
}

/**
 * Of a place that is not in its own line: the other one if it is there or that one alone is free,
 * else its own, whose place is forgotten.
 */
export function otherLine(m: usize, own: usize, message: usize): usize {
  const other = neighbour(m, own);
  if (isPlaceOf(other, message)) return other;
  return load<u64>(own) != 0 && load<u64>(other) == 0 ? other : own;
}

/** Loads both lines where a place may be, side by side. */
@inline
export function touchPlace(m: usize, own: usize): u32 {
  return load<u32>(own) | load<u32>(neighbour(m, own));
}

@inline
function neighbour(m: usize, own: usize): usize {
  const table = <usize>load<u32>(m, M_PLACES);
  return table + ((own - table) ^ PLACE_BYTES);
}

@inline
export function isPlaceOf(line: usize, message: usize): bool {
  const differs = (load<u64>(line) ^ load<u64>(message, 8) ^ IN_USE)
    | (load<u64>(line, 8) ^ load<u64>(message, 16))
    | (load<u64>(line, 16) ^ load<u64>(message, 24))
    | (load<u64>(line, 24) ^ load<u64>(message, 56));
  return differs == 0;
}

/** Names the line's key, whose hash is there: those of its parts that may be other than 0. */
@inline
export function keepPlace(line: usize, message: usize): void {
  store<u64>(line, load<u64>(message, 8) | IN_USE);
  store<u64>(line, load<u64>(message, 16), 8);
  store<u64>(line, load<u64>(message, 24), 16);
  store<u64>(line, load<u64>(message, 56), 24);
}

/**
 * A thread remembers its last hashes of short messages: elements of nested mappings, addresses
 * that CREATE2 gives, permit and pair keys, which contracts hash again and again. The memo is small
 * on purpose, to stay in the first cache levels; it has pairs of entries, the newer first, so that
 * what is asked for always stays in it. Keys are compared in full, so the worst an enemy can do is
 * to make it miss. The places of mapping elements have a table of their own (places.as.ts).
 */
import { keccak256 } from "./keccak.as";
import { copyWord } from "./words.as";

/** An entry: the message, zeros behind it; the hash (a word); its length (u32), 0 for none. */
const LENGTH_MAX: u32 = 112;
const ENTRY_HASH: usize = 112;
const ENTRY_LENGTH: usize = 144;
const ENTRY_BYTES: usize = 160;
const PAIRS_LOG2: u64 = 7;

/** Size of a memo; it starts as zeros. */
export const KECCAK_MEMO_BYTES: usize = (2 * ENTRY_BYTES) << <usize>PAIRS_LOG2;

/**
 * The same as keccak256, by way of a memo. Up to 15 bytes behind the message are read, in vain.
 * @param memo  pointer to KECCAK_MEMO_BYTES of this thread's own
 */
export function keccakMemo(from: usize, length: u32, out: usize, memo: usize): void {
  if (length - 1 >= LENGTH_MAX) return keccak256(from, length, out);
  let entry = memo + pairIndex(from, length) * (2 * ENTRY_BYTES);
  if (!holds(entry, from, length)) {
    const newer = entry;
    entry += ENTRY_BYTES;
    if (!holds(entry, from, length)) {
      // The newer one becomes the older one.
      for (let at: usize = 0; at < ENTRY_BYTES; at += 16) {
        v128.store(entry + at, v128.load(newer + at));
      }
      entry = newer;
      remember(entry, from, length);
    }
  }
  copyWord(entry + ENTRY_HASH, out);
}

function remember(entry: usize, from: usize, length: u32): void {
  keccak256(from, length, entry + ENTRY_HASH);
  for (let at: u32 = 0; at < length; at += 16) {
    v128.store(entry + at, part(from + at, length - at));
  }
  store<u32>(entry, length, ENTRY_LENGTH);
}

@inline
function holds(entry: usize, from: usize, length: u32): bool {
  if (load<u32>(entry, ENTRY_LENGTH) != length) return false;
  let difference = i64x2.splat(0);
  for (let at: u32 = 0; at < length; at += 16) {
    const other = v128.xor(v128.load(entry + at), part(from + at, length - at));
    difference = v128.or(difference, other);
  }
  return !v128.any_true(difference);
}

/** Sixteen bytes of a message, zeros behind its end. */
@inline
function part(from: usize, left: u32): v128 {
  const bytes = v128.load(from);
  if (left >= 16) return bytes;
  const places = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return v128.and(bytes, i8x16.lt_u(places, i8x16.splat(<i8>left)));
}

/** Products of halves, turned so that equal ones do not cancel; then the best bits of the sum. */
@inline
function pairIndex(from: usize, length: u32): usize {
  let sum: u64 = length;
  for (let at: u32 = 0; at < length; at += 16) {
    const bytes = part(from + at, length - at);
    const low = i64x2.extract_lane(bytes, 0) + 0x9e3779b97f4a7c15;
    const high = i64x2.extract_lane(bytes, 1) + 0xbf58476d1ce4e5b9;
    sum = rotl(sum, 23) + low * high;
  }
  return <usize>(((sum ^ (sum >>> 32)) * 0x9e3779b97f4a7c15) >>> (64 - PAIRS_LOG2));
}

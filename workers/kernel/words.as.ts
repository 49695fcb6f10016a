/** Small things done to words and addresses everywhere: a word is four u64 limbs, lowest first. */
import { reversed } from "./convert.as";

@inline
export function copyWord(from: usize, to: usize): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to, load<u64>(from, 8), 8);
  store<u64>(to, load<u64>(from, 16), 16);
  store<u64>(to, load<u64>(from, 24), 24);
}

@inline
export function isZeroWord(a: usize): bool {
  return (load<u64>(a) | load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

@inline
export function sameWord(a: usize, b: usize): bool {
  return ((load<u64>(a) ^ load<u64>(b)) | (load<u64>(a, 8) ^ load<u64>(b, 8))
    | (load<u64>(a, 16) ^ load<u64>(b, 16)) | (load<u64>(a, 24) ^ load<u64>(b, 24))) == 0;
}

@inline
export function setWord(out: usize, low: u64): void {
  store<u64>(out, low);
  store<u64>(out, 0, 8);
  store<u64>(out, 0, 16);
  store<u64>(out, 0, 24);
}

/** Turns a 32-byte word between big-endian bytes and limbs; `to` may be `from`. */
@inline
export function turnWord(from: usize, to: usize): void {
  const low = v128.load(from, 16);
  const high = v128.load(from);
  v128.store(to, reversed(low));
  v128.store(to, reversed(high), 16);
}

/** 20 raw bytes as a word. */
@inline
export function addressToWord(address: usize, out: usize): void {
  store<u64>(out, bswap(load<u64>(address, 12)));
  store<u64>(out, bswap(load<u64>(address, 4)), 8);
  store<u64>(out, <u64>bswap(load<u32>(address)), 16);
  store<u64>(out, 0, 24);
}

/** The low 160 bits of a word as 20 raw bytes; `out` may be `word`. */
@inline
export function wordToAddress(word: usize, out: usize): void {
  const high = bswap(load<u32>(word, 16));
  const middle = bswap(load<u64>(word, 8));
  const low = bswap(load<u64>(word));
  store<u32>(out, high);
  store<u64>(out, middle, 4);
  store<u64>(out, low, 12);
}

@inline
export function isAddress(a: usize, b: usize): bool {
  return load<u64>(a) == load<u64>(b) && load<u64>(a, 8) == load<u64>(b, 8)
    && load<u32>(a, 16) == load<u32>(b, 16);
}

@inline
export function copyAddress(from: usize, to: usize): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to, load<u64>(from, 8), 8);
  store<u32>(to, load<u32>(from, 16), 16);
}

/** Above so many bytes memory.copy, which is a call out of Wasm, is the faster one. */
const SHORT_BYTES: usize = 160;

/** memory.copy, made for few bytes; nothing is touched where there are none. */
export function copyBytes(to: usize, from: usize, length: usize): void {
  if (length > SHORT_BYTES || to - from < length || from - to < length) {
    return memory.copy(to, from, length);
  }
  if (length >= 16) {
    for (let at: usize = 0; at < length - 16; at += 16) v128.store(to + at, v128.load(from + at));
    v128.store(to + length - 16, v128.load(from + length - 16));
  } else if (length >= 8) {
    store<u64>(to, load<u64>(from));
    store<u64>(to + length - 8, load<u64>(from + length - 8));
  } else for (let at: usize = 0; at < length; at++) store<u8>(to + at, load<u8>(from + at));
}

/** Negative, 0 or positive as memcmp of 20 bytes. */
export function compareAddress(a: usize, b: usize): i32 {
  for (let at: usize = 0; at < 16; at += 8) {
    const x = bswap(load<u64>(a + at)), y = bswap(load<u64>(b + at));
    if (x != y) return x < y ? -1 : 1;
  }
  const x = bswap(load<u32>(a, 16)), y = bswap(load<u32>(b, 16));
  return x == y ? 0 : x < y ? -1 : 1;
}

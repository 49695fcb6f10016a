/**
 * The EVM's arithmetic on 256-bit words, exact for every input: wrap-around, x / 0 = 0, shifts by
 * 256 and more, two's complement for the signed ones. A word is four u64 limbs, lowest first, at a
 * byte pointer; `a` is the operand that the opcode pops first. All operands are read before `out`
 * is written, so `out` may be either of them. Nothing is allocated.
 *
 * Words are read and written by 64-bit accesses: a 128-bit load of two halves that were just stored
 * apart has to wait until both have left the store buffer, which costs more than it saves.
 */
import { storeWord } from "./limbs.as";

export { exp, expBytes, mul } from "./multiply.as";
export { div, mod, sdiv, smod } from "./divide.as";
export { addmod, mulmod } from "./modular.as";
export { fitsU32, fitsU64, fromBytes, toBytes } from "./convert.as";

@inline
export function add(a: usize, b: usize, out: usize): void {
  const a0 = load<u64>(a), a1 = load<u64>(a, 8), a2 = load<u64>(a, 16);
  const s0 = a0 + load<u64>(b);
  const p1 = a1 + load<u64>(b, 8), c0 = u64(s0 < a0);
  const s1 = p1 + c0;
  const p2 = a2 + load<u64>(b, 16), c1 = u64(p1 < a1) + u64(s1 < p1);
  const s2 = p2 + c1;
  const c2 = u64(p2 < a2) + u64(s2 < p2);
  storeWord(out, s0, s1, s2, load<u64>(a, 24) + load<u64>(b, 24) + c2);
}

/** Adds one limb to a word where it lies. */
@inline
export function addLimb(word: usize, limb: u64): void {
  const low = load<u64>(word) + limb;
  store<u64>(word, low);
  if (low < limb) carryOn(word);
}

/** Takes one limb from a word where it lies. */
@inline
export function subLimb(word: usize, limb: u64): void {
  const low = load<u64>(word);
  store<u64>(word, low - limb);
  if (low < limb) borrow(word);
}

function carryOn(word: usize): void {
  for (let at: usize = 8; at < 32; at += 8) {
    const limb = load<u64>(word + at) + 1;
    store<u64>(word + at, limb);
    if (limb != 0) return;
  }
}

function borrow(word: usize): void {
  for (let at: usize = 8; at < 32; at += 8) {
    const limb = load<u64>(word + at);
    store<u64>(word + at, limb - 1);
    if (limb != 0) return;
  }
}

@inline
export function sub(a: usize, b: usize, out: usize): void {
  const a0 = load<u64>(a), a1 = load<u64>(a, 8), a2 = load<u64>(a, 16);
  const b0 = load<u64>(b), b1 = load<u64>(b, 8), b2 = load<u64>(b, 16);
  const p1 = a1 - b1, c0 = u64(a0 < b0);
  const p2 = a2 - b2, c1 = u64(a1 < b1) + u64(p1 < c0);
  const c2 = u64(a2 < b2) + u64(p2 < c1);
  storeWord(out, a0 - b0, p1 - c0, p2 - c1, load<u64>(a, 24) - load<u64>(b, 24) - c2);
}

/** a < b, unsigned. */
@inline
export function lt(a: usize, b: usize): bool {
  return isBelow(a, b, 0);
}

/** a > b, unsigned. */
@inline
export function gt(a: usize, b: usize): bool {
  return isBelow(b, a, 0);
}

/** a < b, signed. */
@inline
export function slt(a: usize, b: usize): bool {
  return isBelow(a, b, SIGN);
}

/** a > b, signed. */
@inline
export function sgt(a: usize, b: usize): bool {
  return isBelow(b, a, SIGN);
}

/** The sign bit of a word in its highest limb: turning it makes a signed order an unsigned one. */
const SIGN: u64 = 0x8000000000000000;

/** From the highest limb down: one that differs decides, and mostly the first two are equal. */
@inline
function isBelow(a: usize, b: usize, bias: u64): bool {
  const a3 = load<u64>(a, 24), b3 = load<u64>(b, 24);
  if (a3 != b3) return (a3 ^ bias) < (b3 ^ bias);
  const a2 = load<u64>(a, 16), b2 = load<u64>(b, 16);
  if (a2 != b2) return a2 < b2;
  const a1 = load<u64>(a, 8), b1 = load<u64>(b, 8);
  return a1 != b1 ? a1 < b1 : load<u64>(a) < load<u64>(b);
}

@inline
export function eq(a: usize, b: usize): bool {
  const low = (load<u64>(a) ^ load<u64>(b)) | (load<u64>(a, 8) ^ load<u64>(b, 8));
  const high = (load<u64>(a, 16) ^ load<u64>(b, 16)) | (load<u64>(a, 24) ^ load<u64>(b, 24));
  return (low | high) == 0;
}

@inline
export function isZero(a: usize): bool {
  return (load<u64>(a) | load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

@inline
export function and(a: usize, b: usize, out: usize): void {
  storeWord(
    out, load<u64>(a) & load<u64>(b), load<u64>(a, 8) & load<u64>(b, 8),
    load<u64>(a, 16) & load<u64>(b, 16), load<u64>(a, 24) & load<u64>(b, 24),
  );
}

@inline
export function or(a: usize, b: usize, out: usize): void {
  storeWord(
    out, load<u64>(a) | load<u64>(b), load<u64>(a, 8) | load<u64>(b, 8),
    load<u64>(a, 16) | load<u64>(b, 16), load<u64>(a, 24) | load<u64>(b, 24),
  );
}

@inline
export function xor(a: usize, b: usize, out: usize): void {
  storeWord(
    out, load<u64>(a) ^ load<u64>(b), load<u64>(a, 8) ^ load<u64>(b, 8),
    load<u64>(a, 16) ^ load<u64>(b, 16), load<u64>(a, 24) ^ load<u64>(b, 24),
  );
}

@inline
export function not(a: usize, out: usize): void {
  storeWord(out, ~load<u64>(a), ~load<u64>(a, 8), ~load<u64>(a, 16), ~load<u64>(a, 24));
}

/** True if the word is `bound` or more; for bounds below 2^64. */
@inline
function isFrom(a: usize, bound: u64): bool {
  return (load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) != 0 || load<u64>(a) >= bound;
}

/** Byte `a` of `b`, the highest being byte 0; 0 from byte 32 on (BYTE). */
export function byteAt(a: usize, b: usize, out: usize): void {
  const byte = isFrom(a, 32) ? 0 : <u64>load<u8>(b + (31 - <usize>load<u64>(a)));
  storeWord(out, byte, 0, 0, 0);
}

/** `b` << `a` (SHL). */
export function shl(a: usize, b: usize, out: usize): void {
  if (isFrom(a, 256)) return storeWord(out, 0, 0, 0, 0);
  shiftLeft(load<u64>(a), load<u64>(b), load<u64>(b, 8), load<u64>(b, 16), load<u64>(b, 24), out);
}

/** Writes the limbs shifted left by `count` in [0, 256). */
@inline
function shiftLeft(count: u64, w0: u64, w1: u64, w2: u64, w3: u64, out: usize): void {
  if (count & 128) { w3 = w1; w2 = w0; w1 = 0; w0 = 0; }
  if (count & 64) { w3 = w2; w2 = w1; w1 = w0; w0 = 0; }
  // A carry moves by 64 - count in two steps: a shift by 64 would be one by 0.
  const left = count & 63, right = left ^ 63;
  storeWord(
    out, w0 << left, (w1 << left) | (w0 >>> 1 >>> right), (w2 << left) | (w1 >>> 1 >>> right),
    (w3 << left) | (w2 >>> 1 >>> right),
  );
}

/** `b` >> `a`, zeros coming in (SHR). */
export function shr(a: usize, b: usize, out: usize): void {
  if (isFrom(a, 256)) return storeWord(out, 0, 0, 0, 0);
  shiftRight(load<u64>(a), b, 0, out);
}

/** `b` >> `a`, copies of the sign coming in (SAR). */
export function sar(a: usize, b: usize, out: usize): void {
  const fill = <u64>(<i64>load<u64>(b, 24) >> 63);
  if (isFrom(a, 256)) return storeWord(out, fill, fill, fill, fill);
  shiftRight(load<u64>(a), b, fill, out);
}

/** Writes the word at `b` shifted right by `count` in [0, 256); `fill` is what comes in. */
@inline
function shiftRight(count: u64, b: usize, fill: u64, out: usize): void {
  let w0 = load<u64>(b), w1 = load<u64>(b, 8), w2 = load<u64>(b, 16), w3 = load<u64>(b, 24);
  if (count & 128) { w0 = w2; w1 = w3; w2 = fill; w3 = fill; }
  if (count & 64) { w0 = w1; w1 = w2; w2 = w3; w3 = fill; }
  const right = count & 63, left = right ^ 63;
  storeWord(
    out, (w0 >>> right) | (w1 << 1 << left), (w1 >>> right) | (w2 << 1 << left),
    (w2 >>> right) | (w3 << 1 << left), (w3 >>> right) | (fill << 1 << left),
  );
}

/** `b` with the sign of its byte `a` (the lowest being byte 0) copied upwards (SIGNEXTEND). */
export function signExtend(a: usize, b: usize, out: usize): void {
  let w0 = load<u64>(b), w1 = load<u64>(b, 8), w2 = load<u64>(b, 16), w3 = load<u64>(b, 24);
  if (!isFrom(a, 31)) {
    const index = load<u64>(a), unused = 56 - ((index & 7) << 3);
    const limb = index >>> 3;
    const top = limb < 2 ? (limb == 0 ? w0 : w1) : (limb == 2 ? w2 : w3);
    const extended = <i64>(top << unused) >> unused;
    const fill = <u64>(extended >> 63);
    w0 = limb == 0 ? <u64>extended : w0;
    w1 = limb < 1 ? fill : limb == 1 ? <u64>extended : w1;
    w2 = limb < 2 ? fill : limb == 2 ? <u64>extended : w2;
    w3 = limb < 3 ? fill : <u64>extended;
  }
  storeWord(out, w0, w1, w2, w3);
}

/** The number of zero bits above the highest one; 256 for zero (CLZ, EIP-7939). */
export function clz(a: usize, out: usize): void {
  const w0 = load<u64>(a), w1 = load<u64>(a, 8), w2 = load<u64>(a, 16), w3 = load<u64>(a, 24);
  let count = i64.clz(w0) + 192;
  if (w1 != 0) count = i64.clz(w1) + 128;
  if (w2 != 0) count = i64.clz(w2) + 64;
  if (w3 != 0) count = i64.clz(w3);
  storeWord(out, <u64>count, 0, 0, 0);
}

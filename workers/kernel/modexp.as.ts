/**
 * MODEXP: base ^ exponent % modulus (EIP-198), priced by EIP-2565 and, from Osaka on, by EIP-7883
 * with the bounds of EIP-7823. Moduli up to 32 bytes go by MULMOD's arithmetic, longer ones by
 * big.as.ts; odd and even alike, since gas is what an attacker buys and division costs no more than
 * the multiplication before it. Exponents go four bits at a time, short ones one.
 *
 * Input is three lengths as words, then the numbers, big-endian; what is not there is zeros.
 */
import { multiply, reciprocal, remainder, shiftLeft, shiftRight, significant, square } from
  "./big.as";
import { mulmod } from "./modular.as";
import { FORK_OSAKA } from "./map";

/** @ethereumjs/evm takes no longer numbers before Osaka; gas would not reach either. */
const BYTES_MAX: u64 = 0x7fffffff;
const OSAKA_BYTES_MAX: u64 = 1024;
/** More than any gas limit: what does not fit a length, or a product of 64 bits. */
const UNPAYABLE: u64 = 1 << 62;
const GAS_MIN: u64 = 200, OSAKA_GAS_MIN: u64 = 500;
const WORD_LIMBS: u32 = 8;

// The call: what is parsed, then what the arithmetic needs.
const BASE_LENGTH: usize = 0, EXPONENT_LENGTH: usize = 8, MODULUS_LENGTH: usize = 16;
const INPUT: usize = 24, INPUT_LENGTH: usize = 28;
/** Limbs of every residue: of the modulus, or 8 where it fits a word. */
const WIDTH: usize = 32;
/** The modulus is shifted so that its highest bit is set; unshifted where it fits a word. */
const SHIFT: usize = 36;
const RECIPROCAL: usize = 40;
const MODULUS: usize = 44;
const PRODUCT: usize = 48;
const RESULT: usize = 52;
/** The base's powers 0 to 15, of WIDTH limbs each; 0 is not filled. */
const POWERS: usize = 56;
const CALL_BYTES: usize = 64;

/** Where parseModexp may write: the same place has to be given to runModexp. */
export const MODEXP_CALL_BYTES: u32 = <u32>CALL_BYTES;

/** Reads the lengths into `call`. @returns the price; UNPAYABLE also where the input is refused */
export function parseModexp(call: usize, input: usize, length: u32, fork: u32): u64 {
  store<u32>(call, <u32>input, INPUT);
  store<u32>(call, length, INPUT_LENGTH);
  for (let index: usize = 0; index < 3; index++) {
    store<u64>(call + (index << 3), readLength(input, length, <u32>index << 5));
  }
  const base = load<u64>(call, BASE_LENGTH), exponent = load<u64>(call, EXPONENT_LENGTH);
  const modulus = load<u64>(call, MODULUS_LENGTH);
  const isOsaka = fork >= <u32>FORK_OSAKA;
  const longest = max(base, modulus);
  // Nothing is computed then, however long the exponent.
  if (longest == 0 && !isOsaka) return GAS_MIN;
  if (max(longest, exponent) > (isOsaka ? OSAKA_BYTES_MAX : BYTES_MAX)) return UNPAYABLE;
  const words = (longest + 7) >>> 3;
  const steps = iterations(call, base, exponent, isOsaka ? 16 : 8);
  if (isOsaka) {
    return max(steps * (longest > 32 ? 2 * words * words : 16), OSAKA_GAS_MIN);
  }
  if (<f64>steps * <f64>words * <f64>words > <f64>UNPAYABLE) return UNPAYABLE;
  return max(steps * words * words / 3, GAS_MIN);
}

/** A length as far as it matters: more than 2^32 is as good as 2^32. */
function readLength(input: usize, length: u32, at: u32): u64 {
  let value: u64 = 0;
  for (let index: u32 = 0; index < 32; index++) {
    const byte = at + index < length ? <u64>load<u8>(input + <usize>(at + index)) : 0;
    value = (value << 8) | byte;
    if (value > 0xffffffff) return 0x100000000;
  }
  return value;
}

/** The exponent's bits as EIP-2565 counts them: those of the first 32 bytes, and `each` a byte. */
function iterations(call: usize, base: u64, length: u64, each: u64): u64 {
  const head = min<u64>(length, 32);
  let bits: u64 = 0;
  for (let index: u64 = 0; index < head; index++) {
    const byte = byteAt(call, 96 + base + index);
    if (byte == 0) continue;
    bits = (head - index) * 8 - <u64>(i32.clz(byte) - 24) - 1;
    break;
  }
  return max<u64>(bits + (length - head) * each, 1);
}

@inline
function byteAt(call: usize, at: u64): u32 {
  return at < <u64>load<u32>(call, INPUT_LENGTH)
    ? <u32>load<u8>(<usize>load<u32>(call, INPUT) + <usize>at) : 0;
}

/** Bytes that runModexp needs behind `call`, its output included. */
export function modexpRoom(call: usize): u64 {
  const width = max(limbsOf(load<u64>(call, MODULUS_LENGTH)), <u64>WORD_LIMBS);
  const base = limbsOf(load<u64>(call, BASE_LENGTH));
  // Modulus, result, 16 powers, and a product or the base with room above.
  const limbs = 18 * width + max(2 * width, base) + 4;
  return <u64>CALL_BYTES + 4 * limbs + load<u64>(call, MODULUS_LENGTH);
}

function limbsOf(bytes: u64): u64 {
  return (bytes + 3) >>> 2;
}

/** @returns the output's length; it ends at `end` */
export function runModexp(call: usize, end: usize): u32 {
  const bytes = <u32>load<u64>(call, MODULUS_LENGTH);
  const out = end - <usize>bytes;
  memory.fill(out, 0, bytes);
  if (bytes == 0) return 0;
  const at = 96 + load<u64>(call, BASE_LENGTH);
  const modulusAt = at + load<u64>(call, EXPONENT_LENGTH);
  const modulus = call + CALL_BYTES;
  const room = max(<u32>limbsOf(bytes), WORD_LIMBS);
  readNumber(call, modulusAt, bytes, modulus, room);
  const width = significant(modulus, room);
  if (width == 0) return bytes;
  prepare(call, modulus, width);
  reduceBase(call, width);
  raise(call, at);
  writeNumber(<usize>load<u32>(call, RESULT), load<u32>(call, WIDTH), out, bytes);
  return bytes;
}

function prepare(call: usize, modulus: usize, significantLimbs: u32): void {
  const width = max(significantLimbs, WORD_LIMBS);
  const top = load<u32>(modulus + ((<usize>significantLimbs - 1) << 2));
  const bytes = <u32>width << 2;
  const result = <u32>modulus + bytes;
  store<u32>(call, width, WIDTH);
  store<u32>(call, <u32>modulus, MODULUS);
  store<u32>(call, result, RESULT);
  store<u32>(call, result + bytes, POWERS);
  store<u32>(call, result + 17 * bytes, PRODUCT);
  store<u32>(call, <u32>i32.clz(top), SHIFT);
}

/** Puts the base, reduced, in the place of its first power. */
function reduceBase(call: usize, width: u32): void {
  const modulus = <usize>load<u32>(call, MODULUS), base = <usize>load<u32>(call, PRODUCT);
  const shift = load<u32>(call, SHIFT), length = <u32>load<u64>(call, BASE_LENGTH);
  const limbs = max(<u32>limbsOf(length), load<u32>(call, WIDTH));
  const power = <usize>load<u32>(call, POWERS) + (<usize>load<u32>(call, WIDTH) << 2);
  readNumber(call, 96, length, base, limbs);
  shiftLeft(modulus, width, shift);
  store<u32>(call, reciprocal(load<u32>(modulus + ((<usize>width - 1) << 2))), RECIPROCAL);
  store<u32>(base + (<usize>limbs << 2), shiftLeft(base, limbs, shift));
  remainder(base, limbs, modulus, width, load<u32>(call, RECIPROCAL));
  shiftRight(base, width, shift);
  memory.copy(power, base, <usize>load<u32>(call, WIDTH) << 2);
  if (load<u32>(call, WIDTH) == WORD_LIMBS) shiftRight(modulus, width, shift);
}

/** result = base ^ exponent. @param at  of the exponent in the input */
function raise(call: usize, at: u64): void {
  const length = load<u64>(call, EXPONENT_LENGTH);
  const result = <usize>load<u32>(call, RESULT);
  const bytes = <usize>load<u32>(call, WIDTH) << 2;
  let first: u64 = 0;
  // Bytes that the input does not have are zeros.
  const given = min(length, max(<u64>load<u32>(call, INPUT_LENGTH), at) - at);
  while (first < given && byteAt(call, at + first) == 0) first++;
  if (first == given) return one(call);
  if (length - first <= 2) return raiseByBits(call, at + first, <u32>(length - first));
  fillPowers(call);
  let isBegun = false;
  for (let index = first << 1; index < length << 1; index++) {
    const byte = byteAt(call, at + (index >>> 1));
    const digit = (index & 1) == 0 ? byte >>> 4 : byte & 15;
    const power = <usize>load<u32>(call, POWERS) + <usize>digit * bytes;
    if (isBegun) {
      for (let times = 4; times != 0; times--) multiplyInto(call, result, result, result);
      if (digit != 0) multiplyInto(call, result, power, result);
    } else if (digit != 0) {
      memory.copy(result, power, bytes);
      isBegun = true;
    }
  }
}

/** An exponent of one or two bytes, the first of them not zero. */
function raiseByBits(call: usize, at: u64, bytes: u32): void {
  const result = <usize>load<u32>(call, RESULT);
  const size = <usize>load<u32>(call, WIDTH) << 2;
  const base = <usize>load<u32>(call, POWERS) + size;
  const exponent = bytes == 1 ? byteAt(call, at) : (byteAt(call, at) << 8) | byteAt(call, at + 1);
  memory.copy(result, base, size);
  for (let bit = 30 - i32.clz(exponent); bit >= 0; bit--) {
    multiplyInto(call, result, result, result);
    if ((exponent >>> bit & 1) != 0) multiplyInto(call, result, base, result);
  }
}

/** 1 % modulus: the modulus may be 1 itself. */
function one(call: usize): void {
  const result = <usize>load<u32>(call, RESULT), width = load<u32>(call, WIDTH);
  const modulus = <usize>load<u32>(call, MODULUS), shift = load<u32>(call, SHIFT);
  memory.fill(result, 0, <usize>width << 2);
  const unit: u32 = width == WORD_LIMBS ? 1 : 1 << shift;
  store<u32>(result, significant(modulus, width) == 1 && load<u32>(modulus) == unit ? 0 : 1);
}

function fillPowers(call: usize): void {
  const bytes = <usize>load<u32>(call, WIDTH) << 2;
  const base = <usize>load<u32>(call, POWERS) + bytes;
  for (let power = base, left = 14; left != 0; left--, power += bytes) {
    multiplyInto(call, power, base, power + bytes);
  }
}

/** out = a * b % modulus; out may be a or b. */
function multiplyInto(call: usize, a: usize, b: usize, out: usize): void {
  const width = load<u32>(call, WIDTH), modulus = <usize>load<u32>(call, MODULUS);
  if (width == WORD_LIMBS) return mulmod(a, b, modulus, out);
  const product = <usize>load<u32>(call, PRODUCT), shift = load<u32>(call, SHIFT);
  if (a == b) square(a, width, product);
  else multiply(a, b, width, product);
  store<u32>(product + (<usize>width << 3), 0);
  shiftLeft(product, width << 1, shift);
  remainder(product, width << 1, modulus, width, load<u32>(call, RECIPROCAL));
  shiftRight(product, width, shift);
  memory.copy(out, product, <usize>width << 2);
}

/** Reads `length` bytes at `at` of the input as `limbs` limbs, of which they fill the lowest. */
function readNumber(call: usize, at: u64, length: u32, out: usize, limbs: u32): void {
  const given = load<u32>(call, INPUT_LENGTH), input = <usize>load<u32>(call, INPUT);
  const isWhole = at + <u64>length <= <u64>given;
  let left = length;
  for (let end = out + (<usize>limbs << 2); out < end; out += 4) {
    if (left >= 4 && isWhole) {
      store<u32>(out, bswap<u32>(load<u32>(input + <usize>(at + <u64>left) - 4)));
      left -= 4;
      continue;
    }
    let limb: u32 = 0;
    for (let bit: u32 = 0; bit < 32 && left != 0; bit += 8) {
      left--;
      limb |= byteAt(call, at + <u64>left) << bit;
    }
    store<u32>(out, limb);
  }
}

/** Writes the limbs as the last of `length` big-endian bytes; limbs that do not fit are zeros. */
function writeNumber(from: usize, limbs: u32, out: usize, length: u32): void {
  const bytes = min(limbs << 2, length);
  for (let index: u32 = 0; index < bytes; index++) {
    store<u8>(out + <usize>(length - 1 - index), load<u8>(from + <usize>index));
  }
}

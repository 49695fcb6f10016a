/**
 * Round decimal amounts: most amounts of ether and tokens are a few digits and many zeros, so a
 * change of 1.5 ether is 15 times ten to the 17th: one byte and an exponent instead of eight.
 * Numbers are four u64 limbs, lowest first. Division is by u32 pieces: Wasm has no wide one.
 */
import { EXPONENT_MAX } from "./diff-map";

const BILLION: u64 = 1000000000;
const BILLION_DIGITS: u32 = 9;
/** What a decimal must save to be worth its exponent. */
const ZEROS_MIN: u32 = 4;

/**
 * Takes away the zeros at the end of a number's decimal digits, at most EXPONENT_MAX of them.
 * @param number  not zero, 64 bytes of which 32 are work space; replaced by what is left
 * @returns how many, or 0 (`number` spoilt) when fewer than ZEROS_MIN, or more than a u64 is left
 */
export function stripTens(number: usize): u32 {
  let exponent: u32 = 0;
  while ((load<u64>(number, 8) | load<u64>(number, 16) | load<u64>(number, 24)) != 0) {
    const digits = divideWide(number, <u32>EXPONENT_MAX - exponent);
    if (digits == 0) return 0;
    exponent += digits;
  }
  let left = load<u64>(number);
  while (ends(left, 511, BILLION) && exponent + BILLION_DIGITS <= <u32>EXPONENT_MAX) {
    left /= BILLION;
    exponent += BILLION_DIGITS;
  }
  while (ends(left, 15, 10000) && exponent + 4 <= <u32>EXPONENT_MAX) {
    left /= 10000;
    exponent += 4;
  }
  if (exponent == 0) return 0;
  while (ends(left, 1, 10) && exponent < <u32>EXPONENT_MAX) {
    left /= 10;
    exponent++;
  }
  store<u64>(number, left);
  return exponent < ZEROS_MIN ? 0 : exponent;
}

/** Whether a power of ten divides a number; `low` are the bits that must then be 0: a cheap no. */
@inline
function ends(number: u64, low: u64, power: u64): bool {
  return (number & low) == 0 && number % power == 0;
}

/** Takes away nine zeros, or four, or one. @returns how many */
function divideWide(number: usize, digitsMax: u32): u32 {
  if (digitsMax >= BILLION_DIGITS && divide(number, 511, BILLION)) return BILLION_DIGITS;
  if (digitsMax >= 4 && divide(number, 15, 10000)) return 4;
  return digitsMax >= 1 && divide(number, 1, 10) ? 1 : 0;
}

/** False, with the number as it was, when there is a remainder. @param by  below 2^32 */
function divide(number: usize, low: u64, by: u64): bool {
  if ((load<u64>(number) & low) != 0) return false;
  const quotient = number + 32;
  let rest: u64 = 0;
  for (let at: i32 = 28; at >= 0; at -= 4) {
    const part = (rest << 32) | load<u32>(number + at);
    // Most numbers are short: no division of zeros.
    const digit = part == 0 ? 0 : part / by;
    store<u32>(quotient + at, <u32>digit);
    rest = part - digit * by;
  }
  if (rest != 0) return false;
  v128.store(number, v128.load(quotient));
  v128.store(number, v128.load(quotient, 16), 16);
  return true;
}

/** Multiplies by ten to the `exponent`; the caller keeps the product below 2^256. */
export function appendTens(number: usize, exponent: u32): void {
  let digits = exponent;
  while (digits >= BILLION_DIGITS) {
    multiply(number, BILLION);
    digits -= BILLION_DIGITS;
  }
  let factor: u64 = 1;
  while (digits-- > 0) factor *= 10;
  multiply(number, factor);
}

/** @param factor  below 2^32 */
function multiply(number: usize, factor: u64): void {
  let carry: u64 = 0;
  for (let at: usize = 0; at < 32; at += 4) {
    const part = <u64>load<u32>(number + at) * factor + carry;
    store<u32>(number + at, <u32>part);
    carry = part >> 32;
  }
}

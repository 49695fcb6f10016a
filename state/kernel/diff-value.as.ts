/**
 * How a change of value is written: `chooseForm` is the one rule, used by the encoder to write and
 * by the decoder to check that what it read is the only form that this change has. A form is the
 * low six bits of a tag, with the decimal byte (exponent << 3 | length - 1) above it. Numbers are
 * four u64 limbs, lowest first; on the wire, minimal little-endian bytes.
 */
import { appendTens, stripTens } from "./decimal.as";
import {
  DELTA_BYTES_MAX, FORM_ABSOLUTE, FORM_DECIMAL_MINUS, FORM_DECIMAL_PLUS, FORM_MINUS, FORM_NONE,
  FORM_PLUS, FORM_PLUS_ONE, FORM_ZERO,
} from "./diff-map";

/**
 * The shortest form; of equals the difference, then the value, then the decimal.
 * @param work  96 bytes; the first 32 receive the number to write
 */
export function chooseForm(old: usize, value: usize, work: usize): u32 {
  const isMinus = subtract(value, old, work);
  const deltaBytes = byteLength(work);
  if (deltaBytes == 0) return FORM_NONE;
  const valueBytes = byteLength(value);
  if (valueBytes == 0) return FORM_ZERO;
  if (deltaBytes == 1 && !isMinus && load<u8>(work) == 1) return FORM_PLUS_ONE;
  const isDelta = deltaBytes <= valueBytes && deltaBytes <= <u32>DELTA_BYTES_MAX;
  const plainBytes = isDelta ? deltaBytes : valueBytes;
  if (plainBytes > 2 && (load<u32>(work) & 15) == 0) {
    const decimal = chooseDecimal(work, plainBytes);
    if (decimal != 0) return decimal << 8 | (isMinus ? FORM_DECIMAL_MINUS : FORM_DECIMAL_PLUS);
  }
  if (isDelta) return (isMinus ? FORM_MINUS : FORM_PLUS) + deltaBytes;
  copyWord(value, work);
  return FORM_ABSOLUTE + valueBytes;
}

/** The decimal byte of the number at `work`, which becomes the mantissa; 0 where no shorter. */
function chooseDecimal(work: usize, plainBytes: u32): u32 {
  const number = work + 32;
  copyWord(work, number);
  const exponent = stripTens(number);
  if (exponent == 0) return 0;
  const mantissa = load<u64>(number);
  const mantissaBytes = limbBytes(mantissa);
  if (1 + mantissaBytes >= plainBytes) return 0;
  store<u64>(work, mantissa);
  return exponent << 3 | (mantissaBytes - 1);
}

/** Bytes of the number that a form is followed by (and by the decimal byte before it). */
@inline
export function payloadBytes(form: u32, decimal: u32): u32 {
  if (form > <u32>FORM_ABSOLUTE) return form - FORM_ABSOLUTE;
  if (form > <u32>FORM_MINUS) return form - FORM_MINUS;
  if (form >= <u32>FORM_DECIMAL_PLUS) return (decimal & 7) + 1;
  return form <= <u32>FORM_PLUS_ONE ? 0 : form - FORM_PLUS;
}

@inline
export function isDecimal(form: u32): bool {
  return form == FORM_DECIMAL_PLUS || form == FORM_DECIMAL_MINUS;
}

/**
 * The value that a form makes of an old one, whatever its number is; `chooseForm` judges it after.
 * @param work  the number read
 */
export function applyForm(form: u32, decimal: u32, old: usize, work: usize, value: usize): void {
  if (form == FORM_ZERO || form > <u32>FORM_ABSOLUTE) return copyWord(work, value);
  if (form == FORM_PLUS_ONE) store<u64>(work, 1);
  if (isDecimal(form)) appendTens(work, decimal >> 3);
  if (form >= <u32>FORM_DECIMAL_MINUS) subtractWords(old, work, value);
  else add(old, work, value);
}

/** Reads `length` bytes, 0 to 32, as a number. May look at 32. */
export function loadNumber(from: usize, length: u32, to: usize): void {
  for (let at: u32 = 0; at < 32; at += 8) {
    const bits = <u64>(length > at ? min(length - at, 8) : 0) << 3;
    const limb = load<u64>(from + at);
    store<u64>(to + at, bits == 64 ? limb : limb & ((<u64>1 << bits) - 1));
  }
}

/** Bytes of a number without its leading zeros. */
export function byteLength(number: usize): u32 {
  for (let at: i32 = 24; at >= 0; at -= 8) {
    const limb = load<u64>(number + at);
    if (limb != 0) return at + limbBytes(limb);
  }
  return 0;
}

@inline
function limbBytes(limb: u64): u32 {
  return <u32>(71 - clz<u64>(limb)) >> 3;
}

@inline
export function copyWord(from: usize, to: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
}

/** The distance from b to a, the short way round 2^256, to `out`. @returns true when downwards */
function subtract(a: usize, b: usize, out: usize): bool {
  subtractWords(a, b, out);
  if (<i64>load<u64>(out, 24) >= 0) return false;
  subtractWords(b, a, out);
  return true;
}

/** a - b modulo 2^256. */
function subtractWords(a: usize, b: usize, out: usize): void {
  let borrow: u64 = 0;
  for (let at: usize = 0; at < 32; at += 8) {
    const from = load<u64>(a + at);
    const half = from - load<u64>(b + at);
    store<u64>(out + at, half - borrow);
    borrow = <u64>(half > from) | <u64>(half < borrow);
  }
}

/** a + b modulo 2^256. */
function add(a: usize, b: usize, out: usize): void {
  let carry: u64 = 0;
  for (let at: usize = 0; at < 32; at += 8) {
    const from = load<u64>(a + at);
    const half = from + load<u64>(b + at);
    const sum = half + carry;
    store<u64>(out + at, sum);
    carry = <u64>(half < from) | <u64>(sum < half);
  }
}

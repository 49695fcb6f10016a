/** Byte strings and 256-bit words: conversions, on top of Buffer. */
import { assert } from './assert.js';

const WORD_END = 1n << 256n;
const WORD_BYTES = 32;

/** The two digits of each byte, as their characters lie in memory. */
const DIGITS = new Uint16Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  const [high, low] = Buffer.from(byte.toString(16).padStart(2, '0'));
  DIGITS[byte] = (high ?? 0) | ((low ?? 0) << 8);
}
const HEX = Buffer.from('0x'.padEnd(2 + 2 * WORD_BYTES));
const HEX_DIGITS = new Uint16Array(HEX.buffer, HEX.byteOffset + 2, WORD_BYTES);

/**
 * Lower-case hex with a 0x prefix, two digits a byte. Keys of maps are made of addresses and
 * hashes, in one piece: 173 ns with the use as a key, by Buffer and a prefix 298.
 */
export function toHex(bytes: Uint8Array): `0x${string}` {
  const { length } = bytes;
  if (length > WORD_BYTES) {
    return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('hex')}`;
  }
  for (let at = 0; at < length; at += 1) HEX_DIGITS[at] = DIGITS[bytes[at] ?? 0] ?? 0;
  return HEX.toString('latin1', 0, 2 + 2 * length) as `0x${string}`;
}

/** @param hex  an even number of hex digits, 0x optional; the caller has validated it */
export function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.startsWith('0x') ? hex.slice(2) : hex, 'hex'));
}

/** Big-endian bytes as an unsigned integer; empty bytes are 0. */
export function toBigInt(bytes: Uint8Array): bigint {
  if (bytes.length === WORD_BYTES) return wordToBigInt(bytes);
  return bytes.length === 0 ? 0n : BigInt(toHex(bytes));
}

function wordToBigInt({ buffer, byteOffset }: Uint8Array): bigint {
  const view = new DataView(buffer, byteOffset, WORD_BYTES);
  let value = 0n;
  for (let at = 0; at < WORD_BYTES; at += 8) {
    // Nearly all of them are: each limb that is read is an object.
    if (value === 0n && (view.getUint32(at) | view.getUint32(at + 4)) === 0) continue;
    value = (value << 64n) | view.getBigUint64(at);
  }
  return value;
}

/**
 * A 32-byte big-endian word.
 * @param value  in [0, 2^256); who takes numbers from outside has checked that
 * @throws AssertionError beyond: without it the low digit of what is too large would be lost
 */
export function toWord(value: bigint): Uint8Array {
  assert(value >= 0n && value < WORD_END, 'a word has 256 bits');
  return fromHex(value.toString(16).padStart(64, '0'));
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Lexicographic order: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

/** Byte strings and 256-bit words: conversions used off the hot path, on top of Buffer. */
import { assert } from './assert.js';

const WORD_END = 1n << 256n;

/** Lower-case hex with a 0x prefix, two digits a byte. */
export function toHex(bytes: Uint8Array): `0x${string}` {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`;
}

/** @param hex  an even number of hex digits, 0x optional; the caller has validated it */
export function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.startsWith('0x') ? hex.slice(2) : hex, 'hex'));
}

/** Big-endian bytes as an unsigned integer; empty bytes are 0. */
export function toBigInt(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(toHex(bytes));
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

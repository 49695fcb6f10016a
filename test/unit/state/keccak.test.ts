import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect, it } from 'vitest';
import { toHex } from '../../../state/base/bytes.js';
import { keccak256 } from '../../../state/base/keccak.js';

const message = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 7) & 0xff);

it('is Keccak-256 for every length up to 300 and for some long ones', () => {
  const lengths = [...Array.from({ length: 301 }, (_, length) => length), 65_536, 3_000_001];
  for (const length of lengths) {
    expect(toHex(keccak256(message(length)))).toBe(toHex(keccak_256(message(length))));
  }
});

it('gives hashes that later ones leave alone', () => {
  const first = keccak256(message(3));
  const copy = toHex(first);
  keccak256(message(4));
  expect(toHex(first)).toBe(copy);
});

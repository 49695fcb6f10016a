import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect, it } from 'vitest';
import { HashIndex } from '../../../runtime/hash-index.js';
import { toWord } from '../../../state/base/bytes.js';
import { systemRandom } from '../../../state/base/ports.js';

const hashOf = (index: number) => keccak_256(toWord(BigInt(index)));

it('finds every one of 20,000 hashes at its place through all growth, and no other', () => {
  const index = new HashIndex(systemRandom);
  for (let place = 0; place < 20_000; place += 1) index.set(hashOf(place), place * 7);
  for (let place = 0; place < 20_000; place += 1) expect(index.get(hashOf(place))).toBe(place * 7);
  for (let place = 20_000; place < 21_000; place += 1) expect(index.get(hashOf(place))).toBe(-1);
  expect(index.count).toBe(20_000);
});

it('moves a hash that is set again', () => {
  const index = new HashIndex(systemRandom);
  index.set(hashOf(1), 5);
  index.set(hashOf(1), 9);
  expect(index.get(hashOf(1))).toBe(9);
  expect(index.count).toBe(1);
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AssertionError } from '../../../../state/base/assert.js';
import { toBigInt, toHex, toWord } from '../../../../state/base/bytes.js';

const random = fc.uint8Array({ maxLength: 40 });
const MIDDLE = 2n ** 64n - 1n;

describe('bytes', () => {
  it('are hex and numbers as Buffer has them, whatever their length', () => {
    fc.assert(
      fc.property(random, (bytes) => {
        const hex = `0x${Buffer.from(bytes).toString('hex')}`;
        expect(toHex(bytes)).toBe(hex);
        expect(toBigInt(bytes)).toBe(bytes.length === 0 ? 0n : BigInt(hex));
      }),
    );
  });
});

const WORD_MAX = 2n ** 256n - 1n;

describe('a word', () => {
  it.each([0n, 1n, 0xffn, 2n ** 64n, MIDDLE << 64n, 2n ** 255n, WORD_MAX])(
    'has 32 bytes and is read back: %s',
    (value) => {
      const word = toWord(value);
      expect(word).toHaveLength(32);
      expect(toBigInt(word)).toBe(value);
    },
  );

  it('has its highest byte first', () => {
    expect(toHex(toWord(0x0102n))).toBe(`0x${'00'.repeat(30)}0102`);
  });

  it.each([-1n, WORD_MAX + 1n, 2n ** 260n])('is not made of a number beyond it: %s', (value) => {
    expect(() => toWord(value)).toThrow(AssertionError);
  });
});

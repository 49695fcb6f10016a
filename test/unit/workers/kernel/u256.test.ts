import { describe, expect, it } from 'vitest';
import { bytes, Chance, getWord, kernel, putWord } from './words.js';

/** Every operation on words against BigInt, on values that love edges. */

const RUNS = Number(process.env['RUNS'] ?? 20_000);
const SEED = Number(process.env['SEED'] ?? 20_251);

const TWO_256 = 2n ** 256n;
const A = 0x10000;
const B = A + 32;
const N = A + 64;
const OUT = A + 96;

const signed = (value: bigint): bigint => BigInt.asIntN(256, value);

/** Square and multiply with BigInt; the exponent has few bits or the powers soon become zero. */
function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let bits = exponent; bits !== 0n; bits >>= 1n) {
    if (bits & 1n) result = BigInt.asUintN(256, result * square);
    square = BigInt.asUintN(256, square * square);
  }
  return result;
}

function extended(index: bigint, value: bigint): bigint {
  return index > 30n ? value : BigInt.asIntN(8 * (Number(index) + 1), value);
}

const BINARY = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => (b === 0n ? 0n : a / b),
  mod: (a, b) => (b === 0n ? 0n : a % b),
  sdiv: (a, b) => (b === 0n ? 0n : signed(a) / signed(b)),
  smod: (a, b) => (b === 0n ? 0n : signed(a) % signed(b)),
  exp: power,
  signExtend: extended,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  byteAt: (a, b) => (a > 31n ? 0n : (b >> (8n * (31n - a))) & 255n),
  shl: (a, b) => (a > 255n ? 0n : b << a),
  shr: (a, b) => (a > 255n ? 0n : b >> a),
  sar: (a, b) => (a > 255n ? (signed(b) < 0n ? -1n : 0n) : signed(b) >> a),
} as const satisfies Record<string, (a: bigint, b: bigint) => bigint>;

const COMPARISONS = {
  lt: (a, b) => a < b,
  gt: (a, b) => a > b,
  slt: (a, b) => signed(a) < signed(b),
  sgt: (a, b) => signed(a) > signed(b),
  eq: (a, b) => a === b,
} as const satisfies Record<string, (a: bigint, b: bigint) => boolean>;

const MODULAR = {
  addmod: (a, b, n) => (n === 0n ? 0n : (a + b) % n),
  mulmod: (a, b, n) => (n === 0n ? 0n : (a * b) % n),
} as const satisfies Record<string, (a: bigint, b: bigint, n: bigint) => bigint>;

const names = <T extends object>(table: T) => Object.keys(table) as (keyof T)[];

/** Shifts, bytes and exponents are mostly small, so that the result is not always trivial. */
function firstOperand(name: keyof typeof BINARY, chance: Chance): bigint {
  if (!/^(sh|sar|byte|sign)/.test(name)) return chance.word();
  const bounds = [32, 260];
  return chance.below(8) === 0 ? chance.word() : BigInt(chance.below(bounds[chance.below(2)]!));
}

function secondOperand(name: keyof typeof BINARY, a: bigint, chance: Chance): bigint {
  if (name === 'exp' && chance.below(16) !== 0) return BigInt(chance.below(300));
  return chance.below(4) === 0 ? chance.near(a) : chance.word();
}

function check(name: string, run: number, operands: readonly bigint[], expected: bigint): void {
  const actual = getWord(OUT);
  const wanted = BigInt.asUintN(256, expected);
  if (actual === wanted) return;
  const shown = operands.map((operand) => `0x${operand.toString(16)}`).join(', ');
  expect.fail(
    `${name}(${shown}) = 0x${actual.toString(16)}, not 0x${wanted.toString(16)}; run ${run}: ` +
      `SEED=${SEED} RUNS=${RUNS} npx vitest run test/unit/workers/kernel/u256.test.ts`,
  );
}

describe('operations on two words', () => {
  it.each(names(BINARY))('%s is that of BigInt', (name) => {
    const chance = new Chance(SEED);
    for (let run = 0; run < RUNS; run++) {
      const a = firstOperand(name, chance);
      const b = secondOperand(name, a, chance);
      putWord(A, a);
      putWord(B, b);
      kernel[name](A, B, OUT);
      check(name, run, [a, b], BINARY[name](a, b));
    }
  });

  it.each(names(BINARY))('%s may write over either operand or both', (name) => {
    const chance = new Chance(SEED + 1);
    for (let run = 0; run < RUNS / 20; run++) {
      const a = firstOperand(name, chance);
      const b = secondOperand(name, a, chance);
      putWord(OUT, a);
      putWord(B, b);
      kernel[name](OUT, B, OUT);
      check(name, run, [a, b], BINARY[name](a, b));
      putWord(A, a);
      putWord(OUT, b);
      kernel[name](A, OUT, OUT);
      check(name, run, [a, b], BINARY[name](a, b));
      putWord(OUT, a);
      kernel[name](OUT, OUT, OUT);
      check(name, run, [a, a], BINARY[name](a, a));
    }
  });
});

describe('division', () => {
  /** Dividends made as q * d + r around the edges of a digit: the first guess is often wrong. */
  it('is right where quotient digits have to be corrected', () => {
    const chance = new Chance(SEED + 2);
    for (let run = 0; run < RUNS; run++) {
      const d = chance.word() || 1n;
      const room = TWO_256 / d;
      const q =
        room === 1n
          ? chance.bits(1)
          : (room - 1n - BigInt(chance.below(4))) / 2n ** BigInt(chance.below(130));
      const rest = chance.below(2) === 0 ? d - 1n : chance.bits(256) % d;
      const a = BigInt.asUintN(256, (q < 0n ? 0n : q) * d + rest);
      putWord(A, a);
      putWord(B, d);
      kernel.div(A, B, OUT);
      check('div', run, [a, d], a / d);
      kernel.mod(A, B, OUT);
      check('mod', run, [a, d], a % d);
    }
  });

  it('of the least signed number by -1 is that number', () => {
    putWord(A, 2n ** 255n);
    putWord(B, -1n);
    kernel.sdiv(A, B, OUT);
    expect(getWord(OUT)).toBe(2n ** 255n);
    kernel.smod(A, B, OUT);
    expect(getWord(OUT)).toBe(0n);
  });
});

describe('operations modulo a word', () => {
  it.each(names(MODULAR))('%s is that of BigInt', (name) => {
    const chance = new Chance(SEED + 3);
    for (let run = 0; run < RUNS; run++) {
      const n = chance.below(16) === 0 ? TWO_256 - 1n : chance.word();
      const a = chance.below(3) === 0 ? chance.near(n) : chance.word();
      const b = chance.below(3) === 0 ? chance.near(n) : chance.word();
      putWord(A, a);
      putWord(B, b);
      putWord(N, n);
      kernel[name](A, B, N, OUT);
      check(name, run, [a, b, n], MODULAR[name](a, b, n));
    }
  });

  it.each(names(MODULAR))('%s may write over any operand', (name) => {
    const chance = new Chance(SEED + 4);
    for (let run = 0; run < RUNS / 20; run++) {
      const words = [chance.word(), chance.word(), chance.word()] as const;
      for (let same = 0; same < 3; same++) {
        const places = [A, B, N].map((place, index) => (index === same ? OUT : place));
        for (const [index, word] of words.entries()) putWord(places[index]!, word);
        kernel[name](places[0]!, places[1]!, places[2]!, OUT);
        check(name, run, words, MODULAR[name](...words));
      }
    }
  });
});

describe('questions about words', () => {
  it.each(names(COMPARISONS))('%s is that of BigInt', (name) => {
    const chance = new Chance(SEED + 5);
    for (let run = 0; run < RUNS; run++) {
      const a = chance.word();
      const b = chance.below(2) === 0 ? chance.near(a) : chance.word();
      putWord(A, a);
      putWord(B, b);
      if ((kernel[name](A, B) === 1) !== COMPARISONS[name](a, b)) {
        expect.fail(`${name}(${a}, ${b}), SEED=${SEED}`);
      }
    }
  });

  it('isZero, not, clz, expBytes, fitsU32 and fitsU64 are those of BigInt', () => {
    const chance = new Chance(SEED + 6);
    for (let run = 0; run < RUNS; run++) {
      const a = chance.word();
      const length = a === 0n ? 0 : a.toString(2).length;
      putWord(A, a);
      const answers = [
        kernel.isZero(A) === 1,
        kernel.expBytes(A),
        kernel.fitsU32(A) === 1,
        kernel.fitsU64(A) === 1,
      ];
      const wanted = [a === 0n, Math.ceil(length / 8), length <= 32, length <= 64];
      if (answers.join() !== wanted.join()) expect(answers, `${a}, SEED=${SEED}`).toEqual(wanted);
      kernel.not(A, OUT);
      check('not', run, [a], ~a);
      kernel.clz(A, OUT);
      check('clz', run, [a], BigInt(256 - length));
      putWord(OUT, a);
      kernel.clz(OUT, OUT);
      check('clz', run, [a], BigInt(256 - length));
    }
  });
});

describe('words and bytes', () => {
  it('reads any number of bytes, whatever lies around them', () => {
    const chance = new Chance(SEED + 7);
    for (let run = 0; run < RUNS; run++) {
      const length = chance.below(33);
      const from = A + 40 + chance.below(16);
      for (let at = A; at < A + 128; at++) bytes[at] = chance.below(256);
      const hex = Buffer.from(bytes.slice(from, from + length)).toString('hex');
      const expected = hex === '' ? 0n : BigInt(`0x${hex}`);
      kernel.fromBytes(from, length, OUT);
      check('fromBytes', run, [BigInt(length)], expected);
    }
  });

  it('reads what it wrote, also in place and off the alignment', () => {
    const chance = new Chance(SEED + 8);
    for (let run = 0; run < RUNS; run++) {
      const a = chance.word();
      const to = chance.below(2) === 0 ? A : A + 128 + chance.below(16);
      putWord(A, a);
      kernel.toBytes(A, to);
      const hex = Buffer.from(bytes.slice(to, to + 32)).toString('hex');
      if (BigInt(`0x${hex}`) !== a) expect.fail(`toBytes(${a}), SEED=${SEED}`);
      kernel.fromBytes(to, 32, OUT);
      check('fromBytes', run, [a], a);
    }
  });
});

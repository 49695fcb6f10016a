import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, test } from 'vitest';
import { Arena, type ArenaMark, type CellKind } from '../../../state/arena.js';
import { concatBytes, toHex, toWord } from '../../../state/base/bytes.js';
import { isDeltacastError } from '../../../state/base/errors.js';
import { MIB } from '../../../state/base/limits.js';
import { applyDiff, diffStatistics, encodeDiff } from '../../../state/diff.js';
import type { Region } from '../../../state/layout.js';
import { scratchOf } from '../../../state/layout.js';
import { digestOf } from './arena-model.js';

/** R22, R23: a diff that lies is refused with a typed error, and nothing stays of it. */

const RUNS = Number(process.env['RUNS'] ?? 20_000);
const SEED = Number(process.env['SEED'] ?? 1);

const BASE_CELLS = 600;
const ETHER = 10n ** 18n;

function addressOf(number: number): Uint8Array {
  return keccak_256(toWord(BigInt(number))).slice(12);
}

function baseValue(id: number): bigint {
  const words = [0n, 7n, 10n * ETHER, (1n << 256n) - 1n, (1n << 200n) + 5n];
  return words[id % words.length]!;
}

/** 600 cells of 200 accounts. */
function baseArena(size: { cellsMax?: number; undoNodesMax?: number } = {}): Arena {
  const arena = Arena.create({ megabytes: 8, threads: 2, ...size });
  for (let id = 0; id < BASE_CELLS; id++) {
    arena.intern((id % 3) as CellKind, addressOf(Math.floor(id / 3)));
    arena.restore(id, toWord(baseValue(id)), 1);
  }
  return arena;
}

/** Has every form of key and of value but the four-byte gap. */
function change(arena: Arena, codeLengths: readonly number[]): void {
  for (const length of codeLengths) {
    const code = new Uint8Array(length).fill(0x5b);
    arena.putCode(keccak_256(code), code);
  }
  const written: [CellKind, number, bigint, bigint][] = [
    [0, 1000, 0n, 3n * ETHER],
    [2, 1000, 0n, 1n << 255n],
    [3, 5, 0n, 1n],
    [1, 1000, 0n, 1n],
    [3, 5, 1n, 77n],
    [3, 1001, 1n << 110n, (1n << 160n) - 1n],
    [3, 1001, (1n << 120n) - 1n, 10n ** 30n],
    [3, 6, 1n << 255n, 400n],
    [3, 6, BigInt(toHex(addressOf(9))), 1n << 64n],
  ];
  for (const [kind, account, slot, value] of written) {
    arena.write(arena.intern(kind, addressOf(account), toWord(slot)), toWord(value), 2);
  }
  const values: [number, (old: bigint) => bigint][] = [
    [0, (old) => old + 1n],
    [1, () => 0n],
    [2, (old) => old - 15n * 10n ** 17n],
    [3, () => 1n],
    [4, (old) => old - 300n],
    [7, (old) => old + 12n * ETHER],
    [9, (old) => old + 123_456_789n],
    [11, (old) => old + 255n],
    [12, () => (1n << 255n) - 19n],
    [14, () => 1n << 247n],
    [500, () => 99n],
    [503, () => 10n ** 40n],
  ];
  for (const [id, next] of values) {
    arena.write(id, toWord(BigInt.asUintN(256, next(baseValue(id)))), 2);
  }
}

function diffOf(codeLengths: readonly number[]): Uint8Array {
  const arena = baseArena();
  const since = arena.openMiniBlock(2);
  change(arena, codeLengths);
  return encodeDiff(arena, arena.closeMiniBlock(2), since);
}

const sample = diffOf([3, 40]);
/** Hashing codes is most of the time of a trial: without them there can be many more. */
const sampleWithoutCode = diffOf([]);

/** An arena with a mini-block open, in which diffs are tried and rolled back. */
class Trial {
  readonly arena: Arena;
  readonly mark: ArenaMark;
  accepted = 0;

  constructor(arena = baseArena()) {
    this.arena = arena;
    this.mark = arena.openMiniBlock(2);
  }

  /** What was wrong; an accepted diff must be the very one that its changes have. */
  why(diff: Uint8Array): string {
    const { arena, mark } = this;
    try {
      applyDiff(arena, diff, 2);
    } catch (error) {
      if (!isDeltacastError(error, 'DIFF_INVALID', 'ARENA_FULL')) throw error;
      return String(error.details['why'] ?? error.details['region']);
    }
    const again = encodeDiff(arena, arena.closeMiniBlock(2), mark);
    if (Buffer.compare(again, diff) !== 0) expect(toHex(again)).toBe(toHex(diff));
    this.accepted++;
    return '';
  }

  try(diff: Uint8Array): string {
    const why = this.why(diff);
    this.arena.rollback(this.mark);
    return why;
  }
}

function isZero(arena: Arena, { base, bytes }: Region): boolean {
  return arena.bytes.slice(base, base + bytes).every((byte) => byte === 0);
}

/** Numerical Recipes' linear congruential generator. */
function chance(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

function mutate(random: (bound: number) => number): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(sample);
  for (let count = 1 + random(3); count > 0; count--) {
    const at = random(bytes.length);
    const other = random(bytes.length);
    const kind = random(5);
    if (kind === 0) bytes[at]! ^= 1 << random(8);
    else if (kind === 1) bytes[at] = random(256);
    else if (kind === 2) bytes = concatBytes(bytes.subarray(0, at), bytes.subarray(at + 1));
    else if (kind === 3) bytes.copyWithin(at, other, other + random(40));
    else bytes = concatBytes(bytes.subarray(0, at), sample.subarray(other));
    if (bytes.length === 0) return bytes;
  }
  return bytes;
}

describe('a spoilt diff', () => {
  const trial = new Trial();
  const before = digestOf(trial.arena);

  test('starts from one that applies', () => {
    expect(trial.try(sample)).toBe('');
    expect(digestOf(trial.arena)).toBe(before);
    const { updates, newKeys, codes } = diffStatistics(sample);
    expect({ updates, newKeys, codes }).toEqual({ updates: 21, newKeys: 10, codes: 2 });
  });

  test('is refused when cut off anywhere or longer by a byte', () => {
    for (let length = 0; length < sample.length; length++) {
      expect(trial.try(sample.subarray(0, length)), `${length} bytes`).not.toBe('');
    }
    expect(trial.try(concatBytes(sample, Uint8Array.of(0)))).toBe('bytes left over');
  });

  test('with any one byte changed is refused, or is the one diff of other changes', () => {
    const accepted = trial.accepted;
    for (let at = 0; at < sampleWithoutCode.length; at++) {
      const diff = Uint8Array.from(sampleWithoutCode);
      for (let byte = 0; byte < 256; byte++) {
        diff[at] = byte;
        trial.try(diff);
      }
    }
    expect(trial.accepted).toBeGreaterThan(accepted + sampleWithoutCode.length);
    expect(digestOf(trial.arena)).toBe(before);
  });

  test('with any one bit changed, codes included, does no more', () => {
    for (let bit = 0; bit < sample.length * 8; bit++) {
      const diff = Uint8Array.from(sample);
      diff[bit >> 3]! ^= 1 << (bit & 7);
      trial.try(diff);
    }
    expect(digestOf(trial.arena)).toBe(before);
  });

  test('in any way leaves nothing behind', () => {
    const random = chance(SEED);
    for (let count = 0; count < RUNS; count++) {
      const diff = mutate(random);
      try {
        trial.try(diff);
        if (count % 2_000 === 0) expect(digestOf(trial.arena)).toBe(before);
      } catch (error) {
        throw new Error(`SEED=${SEED}, mutation ${count}: ${toHex(diff)}`, { cause: error });
      }
    }
    expect(digestOf(trial.arena)).toBe(before);
  });

  test('never makes the kernel write where it has no business', () => {
    const { arena } = trial;
    const { control, batchOut, hashes, windows } = arena.layout;
    for (const region of [control, batchOut, hashes]) expect(isZero(arena, region)).toBe(true);
    const scratch = scratchOf(arena.layout, 0);
    const base = scratch.base + scratch.bytes;
    expect(isZero(arena, { base, bytes: windows.base + windows.bytes - base })).toBe(true);
  });
});

describe('a lie', () => {
  const trial = new Trial();
  const why = (...bytes: number[]): string => trial.try(Uint8Array.from(bytes));
  const huge = [0xff, 0xff, 0xff, 0xff, 0x7f];

  test('about how much there is is found before anything is made', () => {
    expect(why()).toBe('an unknown version');
    expect(why(2, 0, 0, 0, 0)).toBe('an unknown version');
    expect(why(1, ...huge, 0, 0, 0)).toBe('more codes than bytes');
    expect(why(1, 0, ...huge, 0, 0)).toBe('more keys than bytes');
    expect(why(1, 0, 0, ...huge, 0)).toBe('more bytes of keys than bytes');
    expect(why(1, 0, 0, 0, ...huge)).toBe('more updates than bytes');
    expect(why(1, 1, 0, 0, 0, ...huge)).toBe('a code longer than what is left');
    expect(why(1, 0, 0, 0, 0xff, ...huge)).toBe('a number too long');
    expect(why(1, 0x80, 0, 0, 0, 0)).toBe('a number longer than need be');
    expect(why(1, 0, 0, 1, 0, 0)).toBe('bytes left over');
    expect(why(1, 0, 0, 0, 0, 0)).toBe('bytes left over');
    expect(why(1, 0, 1, 1, 0, 4)).toBe('cut off');
  });

  test('about codes is found', () => {
    expect(why(1, 1, 0, 0, 0, 1, 0x5b)).toBe('');
    expect(why(1, 2, 0, 0, 0, 1, 0x5b, 1, 0x5b)).toBe('a code that is there already');
  });

  test('about keys is found', () => {
    const ofKey = (...key: number[]) => why(1, 0, 1, key.length, 0, ...key);
    const notKnown = [...addressOf(5000)];
    const known = 'a key that is known or comes before its account';
    const form = 'a key not in its one form';
    // Kind | source << 2 | bytes of the slot << 4; the last cell is the code of account 199.
    expect(ofKey(4, ...notKnown)).toBe('');
    expect(ofKey(3)).toBe('');
    expect(ofKey(7, ...notKnown)).toBe(known);
    expect(ofKey(4, ...addressOf(0))).toBe(known);
    expect(ofKey(0)).toBe(known);
    expect(ofKey(7, ...addressOf(3))).toBe(form);
    expect(ofKey(11, 1)).toBe(form);
    expect(ofKey(11, 2)).toBe('');
    expect(ofKey(11, 0x82, 0)).toBe(form);
    expect(ofKey(11, 0xff, 0x7f)).toBe(form);
    expect(ofKey(11, 0xff, 0xff, 0xff, 0xff, 0x0f)).toBe(form);
    expect(ofKey(15, 0)).toBe(form);
    expect(ofKey(0x14, ...notKnown, 1)).toBe(form);
    expect(ofKey(0x13, 0)).toBe(form);
    expect(ofKey(0xf3, ...toWord(1n << 255n))).toBe(form);
    expect(ofKey(0xf3, ...toWord(1n))).toBe('');
  });

  test('about updates is found', () => {
    const ofUpdate = (...update: number[]) => why(1, 0, 0, 0, 1, ...update);
    const form = 'an update not in its one form';
    expect(ofUpdate(1)).toBe('');
    expect(ofUpdate(0)).toBe(form);
    expect(ofUpdate(2, 1)).toBe(form);
    expect(ofUpdate(3, 5, 0)).toBe(form);
    expect(ofUpdate(32, 5)).toBe(form);
    expect(ofUpdate(16, 0, 5)).toBe(form);
    expect(ofUpdate(16, 8 << 3, 5)).toBe('');
    expect(ofUpdate(16, 7 << 3, 50)).toBe(form);
    expect(ofUpdate(16, 1 << 3, 5)).toBe(form);
    expect(ofUpdate(0x40 | 32, 0, 7)).toBe(form);
    expect(ofUpdate(0x40 | 18, 0, 7)).toBe(form);
    expect(ofUpdate(0x40, 0)).toBe('');
    expect(ofUpdate(0xc1, 0xff, 0xff, 0xff, 0xff)).toBe('an update of a cell that is not there');
    expect(ofUpdate(0x81, 0xff, 0xff)).toBe('an update of a cell that is not there');
  });

  test('of twelve megabytes costs no more than its bytes', () => {
    const bomb = (counts: number[], fill: number): Uint8Array => {
      const bytes = new Uint8Array(12 * MIB).fill(fill);
      bytes.set([1, ...counts]);
      return bytes;
    };
    // 12 MiB are 6 << 21: five million items and more, one byte each.
    const many = [0x80, 0x80, 0xc0, 0x02];
    const startMs = performance.now();
    expect(trial.try(bomb([0, 0, 0, ...many], 2))).toBe('an update of a cell that is not there');
    expect(trial.try(bomb([...many, 0, 0, 0], 0))).toBe('a code that is there already');
    expect(trial.try(bomb([0, ...many, ...many, 0], 3))).toBe(
      'a key that is known or comes before its account',
    );
    // Measured 0.2 s in all on a busy machine; quadratic work would take minutes.
    expect(performance.now() - startMs).toBeLessThan(10_000);
  });
});

describe('an arena too small for a diff', () => {
  const cases: [string, () => Arena][] = [
    ['cells', () => baseArena({ cellsMax: 635 })],
    ['undo', () => baseArena({ undoNodesMax: 16 })],
    ['code', () => filledWithCode()],
  ];

  test.each(cases)('says that its %s are full and can go back', (region, make) => {
    const trial = new Trial(make());
    const before = digestOf(trial.arena);
    expect(trial.try(sample)).toBe(region);
    expect(digestOf(trial.arena)).toBe(before);
  });
});

/** Leaves too little for the shortest entry. */
function filledWithCode(): Arena {
  const arena = baseArena();
  const { code } = arena.statistics().regions;
  const bytes = new Uint8Array(code.capacityBytes - code.usedBytes - 200);
  arena.putCode(keccak_256(bytes.subarray(0, 1)), bytes);
  return arena;
}

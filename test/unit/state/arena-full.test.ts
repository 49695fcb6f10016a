import { describe, expect, test } from 'vitest';
import { Arena, KIND_BALANCE, KIND_SLOT, NO_CELL } from '../../../state/arena.js';
import { DeltacastError } from '../../../state/base/errors.js';
import { digestOf } from './arena-model.js';

/** R13: an arena that is full refuses before it changes anything. */

function address(number: number): Uint8Array {
  const bytes = new Uint8Array(20);
  new DataView(bytes.buffer).setUint32(16, number);
  return bytes;
}

function word(number: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(28, number);
  return bytes;
}

/** The region named by the ARENA_FULL that `action` must throw. */
function fullRegion(action: () => void): unknown {
  try {
    action();
  } catch (error) {
    if (error instanceof DeltacastError && error.code === 'ARENA_FULL') {
      return error.details['region'];
    }
    throw error;
  }
  return 'nothing was thrown';
}

/** Interns slots of ever new accounts (two cells each) and balances until the arena is full. */
function fill(arena: Arena, cells: number): void {
  let next = 0;
  while (arena.cellCount + 2 <= cells) arena.intern(KIND_SLOT, address(next), word(next++));
  if (arena.cellCount < cells) arena.intern(KIND_BALANCE, address(next));
}

describe('a full arena', () => {
  test('refuses the n-th cell for every n up to 2,000 and is as it was', () => {
    const out = new Uint8Array(32);
    for (let cellsMax = 1; cellsMax <= 2000; cellsMax++) {
      const arena = Arena.create({ megabytes: 8, threads: 1, cellsMax });
      const limit = cellsMax - Math.floor(cellsMax / 20);
      arena.openMiniBlock(1);
      fill(arena, limit);
      arena.write(limit - 1, word(9), 1);
      const before = cellsMax % 50 === 0 ? digestOf(arena) : '';
      expect(fullRegion(() => arena.intern(KIND_BALANCE, address(1_000_000)))).toBe('cells');
      expect(fullRegion(() => arena.intern(KIND_SLOT, address(2_000_000), word(1)))).toBe('cells');
      expect(arena.cellCount).toBe(limit);
      expect(arena.find(KIND_BALANCE, address(1_000_000))).toBe(NO_CELL);
      if (before !== '') expect(digestOf(arena)).toBe(before);
      arena.readLatest(limit - 1, out);
      expect(out).toEqual(word(9));
      arena.write(limit - 1, word(10), 1);
    }
  });

  test('has a slot refused whole when only one of its two cells would fit', () => {
    const arena = Arena.create({ megabytes: 8, threads: 1, cellsMax: 10 });
    fill(arena, 9);
    expect(fullRegion(() => arena.intern(KIND_SLOT, address(77), word(1)))).toBe('cells');
    expect(arena.cellCount).toBe(9);
    expect(arena.intern(KIND_BALANCE, address(77))).toBe(9);
  });

  test('keeps the last twentieth of the cells for recovery', () => {
    const arena = Arena.create({ megabytes: 8, threads: 1, cellsMax: 1000 });
    fill(arena, 950);
    expect(fullRegion(() => arena.intern(KIND_BALANCE, address(1_000_000)))).toBe('cells');
    arena.allowReserve(true);
    fill(arena, 1000);
    expect(fullRegion(() => arena.intern(KIND_BALANCE, address(1_000_000)))).toBe('cells');
    arena.allowReserve(false);
    expect(arena.intern(KIND_SLOT, address(0), word(0))).toBe(1);
  });

  test('takes back a mini-block that it refused in the middle', () => {
    for (const cellsMax of [20, 700, 1400]) {
      const arena = Arena.create({ megabytes: 8, threads: 1, cellsMax });
      arena.openMiniBlock(1);
      for (let id = 0; id < 10; id++) arena.write(arena.intern(0, address(id)), word(id), 1);
      arena.closeMiniBlock(1);
      const mark = arena.openMiniBlock(2);
      const before = digestOf(arena);
      const refused = fullRegion(() => {
        for (let id = 0; ; id++) arena.write(arena.intern(3, address(id), word(id)), word(5), 2);
      });
      expect(refused).toBe('cells');
      arena.rollback(mark);
      expect(digestOf(arena)).toBe(before);
    }
  });

  test('refuses a write when the ring has no node that may be overwritten', () => {
    const arena = Arena.create({ megabytes: 8, threads: 1, undoNodesMax: 16 });
    arena.openMiniBlock(1);
    for (let id = 0; id < 17; id++) arena.intern(KIND_BALANCE, address(id));
    for (let id = 0; id < 16; id++) arena.write(id, word(id + 1), 1);
    const before = digestOf(arena);
    expect(fullRegion(() => arena.write(16, word(1), 1))).toBe('undo');
    expect(arena.versionOf(16)).toBe(0);
    expect(digestOf(arena)).toBe(before);
    arena.write(3, word(99), 1);
  });

  test('never overwrites what the sealer retains', () => {
    const arena = Arena.create({ megabytes: 8, threads: 1, undoNodesMax: 16 });
    for (let id = 0; id < 4; id++) arena.intern(KIND_BALANCE, address(id));
    arena.retainFrom(6);
    let sequence = 1;
    const refused = fullRegion(() => {
      for (; ; sequence++) {
        arena.openMiniBlock(sequence);
        for (let id = 0; id < 4; id++) arena.write(id, word(sequence), sequence);
        arena.closeMiniBlock(sequence);
      }
    });
    expect(refused).toBe('undo');
    expect(arena.undoPosition).toBe(22);
    expect(arena.changedBetween(6, 22).count).toBe(4);
    expect(arena.changedBetween(6, 8).oldVersions).toEqual(new Float64Array([1, 1]));
    arena.retainFrom(22);
    arena.write(2, word(1), sequence);
  });

  test('refuses code that does not fit and keeps room for smaller', () => {
    const arena = Arena.create({ megabytes: 8, threads: 1 });
    const bytes = new Uint8Array(100_000).fill(0x5b);
    const refused = fullRegion(() => {
      for (let number = 1; ; number++) arena.putCode(word(number), bytes);
    });
    expect(refused).toBe('code');
    const codes = arena.statistics().codes;
    expect(codes).toBe(5);
    expect(arena.hasCode(word(codes + 1))).toBe(false);
    const before = digestOf(arena);
    const mark = arena.mark();
    const many = fullRegion(() => {
      for (let number = 100; ; number++) arena.putCode(word(number), new Uint8Array([1, 2, 3]));
    });
    expect(many).toBe('code');
    expect(arena.getCode(word(100))).toEqual(new Uint8Array([1, 2, 3]));
    arena.rollback(mark);
    expect(digestOf(arena)).toBe(before);
  });

  test('refuses the code after three quarters of the index slots', () => {
    const arena = Arena.create({ megabytes: 16, threads: 1 });
    const refused = fullRegion(() => {
      for (let number = 1; ; number++) arena.putCode(word(number), new Uint8Array(0));
    });
    expect(refused).toBe('code');
    expect(arena.statistics().codes).toBe((4096 * 3) / 4);
    for (let number = 1; number <= 3072; number++) expect(arena.hasCode(word(number))).toBe(true);
  });
});

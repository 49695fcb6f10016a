import { describe, expect, test } from 'vitest';
import {
  Arena,
  type CellKind,
  KIND_BALANCE,
  KIND_CODE,
  KIND_NONCE,
  KIND_SLOT,
  NO_CELL,
} from '../../../state/arena.js';
import { isDeltacastError } from '../../../state/base/errors.js';
import * as map from '../../../state/kernel/map.js';
import { framesOf, planLayout, REGION_NAMES, scratchOf, windowOf } from '../../../state/layout.js';
import { digestOf } from './arena-model.js';

const alice = new Uint8Array(20).fill(0xa1);
const bob = new Uint8Array(20).fill(0xb0);

function word(...limbs: number[]): Uint8Array {
  const bytes = new Uint8Array(32);
  limbs.forEach((limb, index) => {
    new DataView(bytes.buffer).setUint32(28 - index * 4, limb);
  });
  return bytes;
}

function small(random?: (count: number) => Uint8Array): Arena {
  return Arena.create({
    megabytes: 8,
    threads: 2,
    ...(random === undefined ? {} : { random: { bytes: random } }),
  });
}

describe('the layout', () => {
  test('has regions that are aligned, do not overlap and end inside the arena', () => {
    for (const megabytes of [8, 16, 100, 512, 1000, 4096]) {
      for (const threads of [1, 3, 8, 32]) {
        const layout = planLayout({ megabytes, threads });
        let end = map.CONTROL_BASE;
        for (const name of REGION_NAMES) {
          expect(layout[name].base).toBe(end);
          expect(layout[name].base % 65536).toBe(0);
          end += layout[name].bytes;
        }
        expect(end).toBeLessThanOrEqual(megabytes * 2 ** 20);
        expect(layout.cellCapacity * 64).toBeLessThanOrEqual(layout.cells.bytes);
        expect(layout.cellCapacity * 8).toBeLessThanOrEqual(5 * 2 ** layout.indexLog2Max);
      }
    }
  });

  test('gives 20 million cells and 54 MiB windows at the default size', () => {
    const layout = planLayout({});
    expect(layout.cellCapacity).toBeGreaterThan(20_000_000);
    expect(layout.windowBytes).toBe(54 * 2 ** 20);
    expect(layout.batchIn.bytes).toBe(64 * 2 ** 20);
    expect(layout.batchOut.bytes).toBe(128 * 2 ** 20);
  });

  test('gives each thread a window: marshalling, scratch, frames', () => {
    const layout = planLayout({ megabytes: 16, threads: 3 });
    for (let thread = 0; thread < 3; thread++) {
      const window = windowOf(layout, thread);
      expect(scratchOf(layout, thread).base).toBe(window.base + map.MARSHAL_BYTES);
      const frames = framesOf(layout, thread);
      expect(frames.base).toBe(window.base + map.SCRATCH_BYTES);
      expect(frames.base + frames.bytes).toBe(window.base + window.bytes);
    }
    expect(() => windowOf(layout, 3)).toThrow('no thread 3');
  });

  test('refuses sizes that cannot be', () => {
    for (const size of [{ megabytes: 7 }, { megabytes: 4097 }, { threads: 0 }, { threads: 33 }]) {
      expect(() => Arena.create(size)).toThrow(/must be/);
    }
  });

  test('of the full 4 GiB works at its far end', () => {
    const arena = Arena.create({ threads: 1 });
    const { code } = arena.layout;
    expect(arena.bytes.length).toBe(2 ** 32);
    arena.putCode(word(5), new Uint8Array([1, 2, 3]));
    expect(arena.getCode(word(5))).toEqual(new Uint8Array([1, 2, 3]));
    expect(code.base).toBeGreaterThan(2 ** 31);
  });
});

describe('cells', () => {
  test('are dense ids in order of interning, a code cell before the first slot', () => {
    const arena = small();
    expect(arena.intern(KIND_BALANCE, alice)).toBe(0);
    expect(arena.intern(KIND_SLOT, bob, word(7))).toBe(2);
    expect(arena.find(KIND_CODE, bob)).toBe(1);
    expect(arena.intern(KIND_SLOT, bob, word(8))).toBe(3);
    expect(arena.intern(KIND_CODE, bob)).toBe(1);
    expect(arena.find(KIND_NONCE, alice)).toBe(NO_CELL);
    expect(arena.find(KIND_SLOT, alice, word(7))).toBe(NO_CELL);
    expect(arena.keyOf(2)).toEqual({ kind: KIND_SLOT, address: bob, slot: word(7) });
    expect([...arena.slotsOf(bob)]).toEqual([3, 2]);
    expect([...arena.slotsOf(alice)]).toEqual([]);
  });

  test('keep words whole and big-endian at this boundary', () => {
    const arena = small();
    const value = Uint8Array.from({ length: 32 }, (_, index) => index + 1);
    const id = arena.intern(KIND_SLOT, alice, value);
    arena.write(id, value, 3);
    const out = new Uint8Array(32);
    expect(arena.readLatest(id, out)).toBe(3);
    expect(out).toEqual(value);
    const limbs = new DataView(arena.memory.buffer, arena.layout.cells.base + id * 64);
    expect(limbs.getBigUint64(0, true)).toBe(0x191a1b1c1d1e1f20n);
    expect(arena.keyOf(id).slot).toEqual(value);
  });

  test('keep versions up to 2^53 - 1', () => {
    const arena = small();
    const id = arena.intern(KIND_BALANCE, alice);
    arena.write(id, word(1), Number.MAX_SAFE_INTEGER);
    expect(arena.versionOf(id)).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => arena.write(id, word(1), Number.MAX_SAFE_INTEGER - 1)).toThrow();
  });

  test('with the same hash are told apart by their whole keys', () => {
    const arena = small((count) => new Uint8Array(count));
    const ids = new Map<number, Uint8Array>();
    for (let index = 0; index < 600; index++) {
      // With a seed of zeros, words at even places multiply zeros: every such slot hashes to 0.
      const slot = word(0, index, 0, index * 3);
      ids.set(arena.intern(KIND_SLOT, alice, slot), slot);
    }
    expect(ids.size).toBe(600);
    const index = new BigUint64Array(arena.memory.buffer, arena.layout.index.base, 1023);
    const tags = new Set([...index].filter((slot) => slot !== 0n).map((slot) => slot >> 32n));
    expect(tags.size).toBeLessThan(4);
    for (const [id, slot] of ids) expect(arena.find(KIND_SLOT, alice, slot)).toBe(id);
    expect(arena.find(KIND_SLOT, alice, word(0, 601))).toBe(NO_CELL);
    expect(arena.find(KIND_SLOT, bob, word(0, 1))).toBe(NO_CELL);
  });

  test('are told apart by each word of the key', () => {
    const arena = small((count) => new Uint8Array(count));
    const keys: [CellKind, Uint8Array, Uint8Array?][] = [];
    const zero = new Uint8Array(20);
    for (const kind of [KIND_BALANCE, KIND_NONCE, KIND_CODE] as const) keys.push([kind, zero]);
    keys.push([KIND_SLOT, zero, word(0)]);
    for (let byte = 0; byte < 16; byte++) {
      const address = zero.with(byte, 1);
      for (const kind of [KIND_BALANCE, KIND_NONCE, KIND_CODE] as const) keys.push([kind, address]);
      keys.push([KIND_SLOT, address, word(0)]);
    }
    for (let byte = 0; byte < 32; byte++) keys.push([KIND_SLOT, zero, word(0).with(byte, 1)]);
    const ids = keys.map((key) => arena.intern(...key));
    expect(new Set(ids).size).toBe(keys.length);
    expect(keys.map((key) => arena.find(...key))).toEqual(ids);
    const index = new BigUint64Array(arena.memory.buffer, arena.layout.index.base, 1024);
    expect(index.every((slot) => slot >> 32n === 0n)).toBe(true);
  });

  test('go back to the smaller table when the mark was just before it grew', () => {
    for (const count of [639, 640, 641]) {
      const arena = small();
      for (let number = 1; number < count; number++) arena.intern(KIND_SLOT, bob, word(number));
      expect(arena.cellCount).toBe(count);
      const before = digestOf(arena);
      const mark = arena.mark();
      for (let number = 0; number < 5; number++) arena.intern(KIND_NONCE, alice.with(0, number));
      arena.rollback(mark);
      expect(digestOf(arena)).toBe(before);
    }
  });

  test('are found again after every growth of the index', () => {
    const arena = Arena.create({ megabytes: 32, threads: 1 });
    const key = (number: number): [CellKind, Uint8Array] => {
      const address = new Uint8Array(20);
      new DataView(address.buffer).setUint32(0, number >> 1);
      return [(number & 1) as CellKind, address];
    };
    const logs = new Set<number>();
    for (let number = 0; number < 50_000; number++) {
      expect(arena.intern(...key(number))).toBe(number);
      logs.add(arena.statistics().regions.index.usedBytes);
    }
    expect(logs.size).toBe(8);
    for (let number = 0; number < 50_000; number++) {
      if (arena.find(...key(number)) !== number) expect.fail(`key ${number} is lost`);
    }
    expect(arena.find(...key(50_001))).toBe(NO_CELL);
  });

  test('go back over several growths of the index', () => {
    const arena = small();
    arena.intern(KIND_BALANCE, alice);
    const mark = arena.mark();
    const { usedBytes } = arena.statistics().regions.index;
    for (let number = 0; number < 5000; number++) arena.intern(KIND_SLOT, bob, word(number));
    expect(arena.statistics().regions.index.usedBytes).toBeGreaterThan(usedBytes);
    arena.rollback(mark);
    expect(arena.statistics().regions.index.usedBytes).toBe(usedBytes);
    expect(arena.find(KIND_BALANCE, alice)).toBe(0);
    expect(arena.find(KIND_SLOT, bob, word(1))).toBe(NO_CELL);
    for (let number = 0; number < 5000; number++) arena.intern(KIND_SLOT, alice, word(number));
    for (let number = 0; number < 5000; number++) {
      expect(arena.find(KIND_SLOT, alice, word(number))).toBe(number + 2);
    }
  });

  test('restored from a snapshot have a value and no history', () => {
    const arena = small();
    const id = arena.intern(KIND_BALANCE, alice);
    const out = new Uint8Array(32);
    arena.restore(id, word(5), 100);
    expect(arena.readAt(id, 100, out)).toBe(100);
    expect(out).toEqual(word(5));
    expect(() => arena.readAt(id, 99, out)).toThrow('history');
    arena.openMiniBlock(101);
    arena.write(id, word(6), 101);
    expect(arena.readAt(id, 100, out)).toBe(100);
    expect(() => arena.restore(id, word(7), 102)).toThrow();
  });
});

describe('snapshots', () => {
  test('are read at each closing sequence while later mini-blocks write', () => {
    const arena = small();
    const id = arena.intern(KIND_BALANCE, alice);
    for (let block = 1; block <= 50; block++) {
      arena.openMiniBlock(block * 10);
      arena.write(id, word(block, 1), block * 10 + 2);
      arena.write(id, word(block, 2), block * 10 + 5);
      arena.closeMiniBlock(block * 10 + 9);
    }
    const out = new Uint8Array(32);
    for (let block = 1; block <= 50; block++) {
      expect(arena.readAt(id, block * 10 + 9, out)).toBe(block * 10 + 5);
      expect(out).toEqual(word(block, 2));
    }
    expect(arena.readAt(id, 9, out)).toBe(0);
    expect(out).toEqual(word(0));
  });

  test('say STATE_PRUNED when the ring has moved on', () => {
    const arena = Arena.create({ megabytes: 8, threads: 1, undoNodesMax: 16 });
    const id = arena.intern(KIND_BALANCE, alice);
    for (let block = 1; block <= 100; block++) {
      arena.openMiniBlock(block);
      arena.write(id, word(block), block);
      arena.closeMiniBlock(block);
    }
    const out = new Uint8Array(32);
    const isExact = (block: number): boolean => {
      try {
        return arena.readAt(id, block, out) === block;
      } catch (error) {
        if (!isDeltacastError(error, 'STATE_PRUNED')) throw error;
        return false;
      }
    };
    const exact = Array.from({ length: 101 }, (_, block) => isExact(block));
    expect(exact.indexOf(true)).toBe(100 - arena.statistics().undoNodes);
    expect(exact.lastIndexOf(false)).toBe(exact.indexOf(true) - 1);
  });

  test('have a head that only moves on', () => {
    const arena = small();
    expect(arena.head).toBe(0);
    arena.publishHead(12);
    expect(arena.head).toBe(12);
    expect(() => arena.publishHead(11)).toThrow();
  });
});

describe('mini-blocks', () => {
  test('list each changed cell once with its old value', () => {
    const arena = small();
    const ids = Array.from({ length: 500 }, (_, n) => arena.intern(KIND_SLOT, alice, word(n)));
    arena.openMiniBlock(1);
    for (const id of ids) arena.write(id, word(id), 1);
    arena.closeMiniBlock(1);
    const start = arena.openMiniBlock(2);
    for (const id of ids) arena.write(id, word(id, 1), 2);
    arena.mark();
    for (const id of ids) arena.write(id, word(id, 2), 3);
    const range = arena.closeMiniBlock(3);
    expect(range).toEqual({ from: start.undo, to: arena.undoPosition });
    expect(range.to - range.from).toBe(1000);
    const changes = arena.changedBetween(range.from, range.to);
    expect([...changes.ids]).toEqual(ids);
    expect(changes.oldValues.subarray(32, 64)).toEqual(word(ids[1]!));
    expect(changes.oldVersions.every((version) => version === 1)).toBe(true);
    expect(arena.changedSince(arena.mark()).count).toBe(0);
  });

  test('open after the last has closed and with a later sequence', () => {
    const arena = small();
    arena.openMiniBlock(5);
    expect(() => arena.openMiniBlock(6)).toThrow();
    expect(() => arena.closeMiniBlock(4)).toThrow();
    arena.closeMiniBlock(7);
    expect(() => arena.openMiniBlock(7)).toThrow();
    const mark = arena.openMiniBlock(8);
    arena.closeMiniBlock(9);
    arena.rollback(mark);
    arena.closeMiniBlock(8);
  });

  test('rolled back go on where their first part began', () => {
    const arena = small();
    const id = arena.intern(KIND_BALANCE, alice);
    arena.openMiniBlock(1);
    arena.write(id, word(1), 1);
    const mark = arena.mark();
    arena.write(id, word(2), 2);
    arena.closeMiniBlock(2);
    arena.openMiniBlock(3);
    arena.write(id, word(3), 3);
    arena.mark();
    arena.rollback(mark);
    arena.write(id, word(4), 4);
    arena.write(id, word(5), 5);
    expect(arena.closeMiniBlock(5)).toEqual({ from: 0, to: 2 });
    expect(arena.changedBetween(0, 2).oldVersions).toEqual(new Float64Array([0]));
  });
});

describe('code and block hashes', () => {
  test('code is stored once, copied out, and listed since a mark in order', () => {
    const arena = small();
    arena.putCode(word(1), new Uint8Array([1]));
    const mark = arena.mark();
    arena.putCode(word(3), new Uint8Array(300).fill(3));
    arena.putCode(word(2), new Uint8Array(0));
    arena.putCode(word(3), new Uint8Array(300).fill(3));
    expect(arena.codesSince(mark).map(({ hash, bytes }) => [hash[31], bytes.length])).toEqual([
      [3, 300],
      [2, 0],
    ]);
    expect(arena.getCode(word(4))).toBeUndefined();
    arena.rollback(mark);
    expect(arena.hasCode(word(3))).toBe(false);
    expect(arena.getCode(word(1))).toEqual(new Uint8Array([1]));
  });

  test('the last 256 block hashes are kept', () => {
    const arena = small();
    expect(arena.getBlockHash(0)).toBeUndefined();
    for (let number = 0; number < 300; number++) arena.putBlockHash(number, word(number, 7));
    expect(arena.getBlockHash(43)).toBeUndefined();
    expect(arena.getBlockHash(44)).toEqual(word(44, 7));
    expect(arena.getBlockHash(299)).toEqual(word(299, 7));
    expect(arena.getBlockHash(300)).toBeUndefined();
  });
});

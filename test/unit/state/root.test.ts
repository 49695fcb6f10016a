import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Arena,
  type ArenaMark,
  type CellKind,
  KIND_BALANCE,
  KIND_SLOT,
} from '../../../state/arena.js';
import type { UndoRange } from '../../../state/arena-changes.js';
import { AssertionError } from '../../../state/base/assert.js';
import { fromHex, toHex } from '../../../state/base/bytes.js';
import { isDeltacastError } from '../../../state/base/errors.js';
import { EMPTY_ROOT, StateRoot } from '../../../state/root.js';
import { naivePath, naiveRoot } from '../../helpers/naive-root.js';

const RUNS = Number(process.env['RUNS'] ?? 80);
const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };

function addressOf(number: number): Uint8Array {
  return new Uint8Array(20).fill(number);
}

function wordOf(...bytes: number[]): Uint8Array {
  const word = new Uint8Array(32);
  word.set(bytes, 32 - bytes.length);
  return word;
}

function smallArena(undoNodesMax = 8192): Arena {
  return Arena.create({ megabytes: 8, threads: 1, undoNodesMax });
}

/** What the arena holds now, for the naive root. */
function contentsOf(arena: Arena): Map<string, string> {
  const value = new Uint8Array(32);
  const contents = new Map<string, string>();
  for (let id = 0; id < arena.cellCount; id++) {
    const { kind, address, slot } = arena.keyOf(id);
    arena.readLatest(id, value);
    contents.set(naivePath(kind, address, slot), toHex(value));
  }
  return contents;
}

type Step = readonly [name: string, a: number, b: number, c: number];

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom('write', 'write', 'write', 'many', 'close', 'retry', 'seal', 'rebuild'),
  fc.nat(255),
  fc.nat(255),
  fc.nat(255),
);

/**
 * A node's life: mini-blocks that close or are rolled back and tried again, and a sealer that
 * takes in the closed ones a few at a time while the next is already being written.
 */
class History {
  readonly arena = smallArena();
  readonly root = new StateRoot(this.arena);
  #sequence = 1;
  #mark: ArenaMark;
  /** Closed mini-blocks that the sealer has not taken in, and the naive root after each. */
  #closed: { range: UndoRange; sequence: number; naive: string }[] = [];
  #last = { sequence: 0, naive: toHex(EMPTY_ROOT) as string };

  constructor() {
    this.#mark = this.arena.openMiniBlock(1);
  }

  write(kind: CellKind, address: number, slot: number, value: number): void {
    const id = this.arena.intern(kind, addressOf(address % 3), wordOf(slot % 40));
    // A third of the writes set 0.
    this.arena.write(id, wordOf(value % 3 === 0 ? 0 : value, 0, value % 5), this.#sequence);
  }

  close(): void {
    const range = this.arena.closeMiniBlock(this.#sequence);
    const naive = naiveRoot(contentsOf(this.arena));
    this.#closed.push({ range, sequence: this.#sequence, naive });
    this.#mark = this.arena.openMiniBlock(++this.#sequence);
  }

  retry(): void {
    this.arena.rollback(this.#mark);
  }

  seal(count: number): void {
    const taken = this.#closed.splice(0, count);
    const last = taken.at(-1);
    if (last === undefined) return;
    const range = { from: taken[0]!.range.from, to: last.range.to };
    expect(toHex(this.root.update(range, last.sequence))).toBe(last.naive);
    expect(toHex(this.root.root)).toBe(last.naive);
    this.#last = last;
  }

  rebuild(): void {
    const fresh = new StateRoot(this.arena);
    expect(toHex(fresh.rebuild(this.#last.sequence))).toBe(this.#last.naive);
    expect(fresh.keyCount).toBe(this.root.keyCount);
  }
}

const STEPS: Record<string, (history: History, a: number, b: number, c: number) => void> = {
  write: (history, a, b, c) => history.write((a % 4) as CellKind, a >> 2, b, c),
  many(history, a, b, c) {
    for (let index = 0; index < 40; index++) history.write(KIND_SLOT, a, b + index, c + index);
  },
  close: (history) => history.close(),
  retry: (history) => history.retry(),
  seal: (history, a) => history.seal(1 + (a % 3)),
  rebuild: (history) => history.rebuild(),
};

describe('the state root of an arena', () => {
  test('is the naive one after any history of mini-blocks, rollbacks and later writes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const history = new History();
        for (const [name, a, b, c] of steps) STEPS[name]!(history, a, b, c);
        history.close();
        history.seal(1000);
        history.rebuild();
      }),
      { numRuns: RUNS, ...seed },
    );
  });

  test('counts restored cells, and cells that came later not at all', () => {
    const arena = smallArena();
    const contents = new Map<string, string>();
    for (let number = 1; number <= 2000; number++) {
      const slot = wordOf(number >> 8, number & 255);
      arena.restore(arena.intern(KIND_SLOT, addressOf(7), slot), slot, 5);
      contents.set(naivePath(KIND_SLOT, addressOf(7), slot), toHex(slot));
    }
    arena.openMiniBlock(6);
    for (let number = 0; number < 500; number++) {
      arena.write(arena.intern(KIND_BALANCE, addressOf(number % 250)), wordOf(number), 6);
      arena.write(number * 4, wordOf(1, 1), 6);
    }
    const root = new StateRoot(arena);
    expect(toHex(root.rebuild(5))).toBe(naiveRoot(contents));
    expect([root.keyCount, root.bytes > 0]).toEqual([2000, true]);
    const range = arena.closeMiniBlock(6);
    expect(toHex(root.update(range, 6))).toBe(naiveRoot(contentsOf(arena)));
  });

  test('is 32 zero bytes for nothing, and stays when nothing changes', () => {
    const arena = smallArena();
    const root = new StateRoot(arena);
    expect(root.root).toEqual(EMPTY_ROOT);
    expect(root.rebuild(0)).toEqual(EMPTY_ROOT);
    arena.openMiniBlock(1);
    const id = arena.intern(KIND_BALANCE, addressOf(1));
    expect(root.update(arena.closeMiniBlock(1), 1)).toEqual(EMPTY_ROOT);
    arena.openMiniBlock(2);
    arena.write(id, wordOf(9), 2);
    const before = root.update(arena.closeMiniBlock(2), 2);
    expect(before).not.toEqual(EMPTY_ROOT);
    arena.openMiniBlock(3);
    arena.write(id, wordOf(8), 3);
    arena.write(id, wordOf(9), 3);
    expect(root.update(arena.closeMiniBlock(3), 3)).toEqual(before);
    expect(root.update({ from: 2, to: 2 }, 3)).toEqual(before);
    expect(root.keyCount).toBe(1);
  });

  test('is refused where history was overwritten, and then only a rebuild leads back', () => {
    const arena = smallArena(16);
    const root = new StateRoot(arena);
    const ranges: UndoRange[] = [];
    for (let sequence = 1; sequence <= 8; sequence++) {
      arena.openMiniBlock(sequence);
      for (let number = 0; number < 10; number++) {
        arena.write(arena.intern(KIND_BALANCE, addressOf(number)), wordOf(sequence), sequence);
      }
      ranges.push(arena.closeMiniBlock(sequence));
    }
    const codeOf = (run: () => void): boolean => {
      try {
        run();
      } catch (error) {
        return isDeltacastError(error, 'STATE_PRUNED');
      }
      return false;
    };
    expect(codeOf(() => root.update(ranges[0]!, 1))).toBe(true);
    expect(() => root.update(ranges[7]!, 8)).toThrow(AssertionError);
    expect(() => root.root).toThrow(AssertionError);
    expect(codeOf(() => root.rebuild(2))).toBe(true);
    expect(toHex(root.rebuild(8))).toBe(naiveRoot(contentsOf(arena)));
  });
});

/** As published in ARCHITECTURE.md, "The state root"; computed by the naive reference. */
describe('the published vectors', () => {
  const alice = fromHex('0xf39fd6e51aad88f6f4ce6ab8827279cff9b92266');
  const token = fromHex('0x5fbdb2315678afecb367f032d93f642f64180aa3');

  const CELLS: readonly (readonly [CellKind, Uint8Array, Uint8Array, Uint8Array])[] = [
    [0, alice, wordOf(), wordOf(0x0d, 0xe0, 0xb6, 0xb3, 0xa7, 0x64, 0, 0)],
    [1, alice, wordOf(), wordOf(7)],
    [3, token, wordOf(2), wordOf(0x12, 0x34)],
  ];

  const ROOTS = [
    '0xc627393412bdd166ef5738395704368d12d08dc0260aae9b2affb81350a9631d',
    '0x6dcb706a81239383de02bc24aa7e8643a8eb12caf8f0c021a7e672a41b9dafee',
    '0x256bf45b2230a2f4ab9e25b05444e7f20ec9883b481ec1e580f70a198b23cabd',
  ];

  test.each([1, 2, 3])('give the root of the first %i cells', (count) => {
    const arena = smallArena();
    const contents = new Map<string, string>();
    arena.openMiniBlock(1);
    for (const [kind, address, slot, value] of CELLS.slice(0, count)) {
      arena.write(arena.intern(kind, address, slot), value, 1);
      contents.set(naivePath(kind, address, slot), toHex(value));
    }
    arena.closeMiniBlock(1);
    expect(naiveRoot(contents)).toBe(ROOTS[count - 1]);
    expect(toHex(new StateRoot(arena).rebuild(1))).toBe(ROOTS[count - 1]);
  });
});

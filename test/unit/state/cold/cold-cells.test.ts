import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Arena, type ArenaMark, type CellKind, NO_CELL } from '../../../../state/arena.js';
import { toHex } from '../../../../state/base/bytes.js';
import { fileOf } from '../../../../state/base/disk.js';
import { isDeltacastError } from '../../../../state/base/errors.js';
import { applyDiff, encodeDiff } from '../../../../state/diff.js';
import { COLD_PAGE_BYTES, COLD_PAGE_RECORDS } from '../../../../state/kernel/cold-map.js';
import { H_COLD_FILE } from '../../../../state/kernel/map.js';
import { StateRoot } from '../../../../state/root.js';
import { PHASE_CELLS } from '../../../../state/root-control.js';
import { ArenaRecords } from '../../../../state/root-records.js';

const LINES = 48;
const ACCOUNTS = 60;
const SLOTS = 6;
const OPERATIONS_MAX = 8;
/** A slot needs its account's code cell; who applies a new key looks at all of the account's. */
const CELLS_MADE = 2 * OPERATIONS_MAX;
const CELLS_APPLIED = 5 * OPERATIONS_MAX;

const opened: Arena[] = [];
afterEach(() => {
  for (const arena of opened.splice(0)) arena.cold?.close();
});

function plainArena(): Arena {
  return Arena.create({ megabytes: 8, threads: 3, undoNodesMax: 128 });
}

function coldArena(linesMax: number, sizes: { readonly segmentPages?: number } = {}): Arena {
  const arena = Arena.create({
    megabytes: 8,
    threads: 3,
    linesMax,
    undoNodesMax: 128,
    ...sizes,
    coldDirectory: tmpdir(),
  });
  opened.push(arena);
  return arena;
}

interface Operation {
  readonly kind: CellKind;
  readonly account: number;
  readonly slot: number;
  /** 0 interns only. */
  readonly value: number;
}

interface MiniBlock {
  readonly operations: readonly Operation[];
  readonly fate: 'keep' | 'undo';
  /** Everything that can be is retired before it. */
  readonly isSwept: boolean;
}

const operation: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constantFrom<CellKind>(0, 1, 2, 3, 3),
  account: fc.nat(ACCOUNTS - 1),
  slot: fc.nat(SLOTS - 1),
  value: fc.nat(5),
});
const miniBlock: fc.Arbitrary<MiniBlock> = fc.record({
  operations: fc.array(operation, { minLength: 1, maxLength: OPERATIONS_MAX }),
  fate: fc.constantFrom<'keep' | 'undo'>('keep', 'keep', 'keep', 'undo'),
  isSwept: fc.boolean(),
});

const addressOf = (account: number): Uint8Array => new Uint8Array(20).fill(account + 1);
function wordOf(value: number): Uint8Array {
  const word = new Uint8Array(32);
  new DataView(word.buffer).setUint32(28, value);
  return word;
}

/** One arena under a history, and what follows it. */
class Subject {
  readonly arena: Arena;
  readonly root: StateRoot;
  sequence = 0;

  constructor(arena: Arena) {
    this.arena = arena;
    this.root = new StateRoot(Arena.attach(arena.memory, 1));
    arena.retainFrom(0);
  }

  /** @returns the diff, or null where the mini-block was undone */
  run({ operations, fate, isSwept }: MiniBlock): Uint8Array | null {
    const { arena } = this;
    arena.cold?.makeRoom(isSwept ? LINES : CELLS_MADE);
    const before = arena.mark();
    const mark = arena.openMiniBlock(this.sequence + 1);
    for (const { kind, account, slot, value } of operations) {
      const id = arena.intern(kind, addressOf(account), wordOf(slot));
      if (value > 0) arena.write(id, wordOf(value * 7 - 7), this.sequence + 1);
    }
    if (fate === 'undo') {
      arena.rollback(before);
      return null;
    }
    return this.close(mark);
  }

  follow(diff: Uint8Array, isSwept: boolean): void {
    const { arena } = this;
    arena.cold?.makeRoom(isSwept ? LINES : CELLS_APPLIED);
    const mark = arena.openMiniBlock(this.sequence + 1);
    applyDiff(arena, diff, this.sequence + 1);
    expect(toHex(this.close(mark))).toBe(toHex(diff));
  }

  private close(mark: ArenaMark): Uint8Array {
    const { arena } = this;
    this.sequence += 1;
    const range = arena.closeMiniBlock(this.sequence);
    const diff = encodeDiff(arena, range, mark);
    this.root.update(range, this.sequence);
    arena.retainFrom(range.to);
    return diff;
  }
}

/** All that can be read of an arena; what the history no longer has is said so. */
function everythingOf(arena: Arena, sequences: readonly number[]): string[] {
  const seen: string[] = [];
  const out = new Uint8Array(32);
  for (let account = 0; account < ACCOUNTS; account++) {
    seen.push(`slots ${[...arena.slotsOf(addressOf(account))].join()}`);
    for (const kind of [0, 1, 2, 3] as const) {
      for (let slot = 0; slot < (kind === 3 ? SLOTS : 1); slot++) {
        const id = arena.find(kind, addressOf(account), wordOf(slot));
        seen.push(`${kind} ${account} ${slot}: ${id}`);
        if (id === NO_CELL) continue;
        const key = arena.keyOf(id);
        seen.push(`${key.kind} ${toHex(key.address)} ${toHex(key.slot)}`);
        seen.push(`${arena.readLatest(id, out)} ${toHex(out)}`);
        for (const sequence of sequences) seen.push(readAt(arena, id, sequence));
      }
    }
  }
  return seen;
}

function readAt(arena: Arena, id: number, sequence: number): string {
  const out = new Uint8Array(32);
  try {
    return `${sequence}: ${arena.readAt(id, sequence, out)} ${toHex(out)}`;
  } catch (error) {
    if (!isDeltacastError(error, 'STATE_PRUNED')) throw error;
    return `${sequence}: pruned`;
  }
}

describe('an arena with fewer lines than cells', () => {
  it('is to everybody what one with a line for every cell is, over any history', () => {
    fc.assert(
      fc.property(fc.array(miniBlock, { minLength: 20, maxLength: 40 }), (history) => {
        const [plain, plainFollower] = [new Subject(plainArena()), new Subject(plainArena())];
        const small = new Subject(coldArena(LINES, { segmentPages: 1 }));
        const follower = new Subject(coldArena(LINES + 9, { segmentPages: 2 }));
        for (const block of history) {
          const diff = small.run(block);
          expect(diff && toHex(diff)).toBe(toHexOrNull(plain.run(block)));
          if (diff === null) continue;
          follower.follow(diff, !block.isSwept);
          plainFollower.follow(diff, false);
        }
        const root = toHex(plain.root.root);
        for (const subject of [small, follower]) expect(toHex(subject.root.root)).toBe(root);
        const { sequence } = plain;
        const sequences = [sequence, sequence - 1, sequence - 5, 0];
        for (const [{ arena }, model] of [
          [small, plain],
          [follower, plainFollower],
        ] as const) {
          const expected = everythingOf(model.arena, sequences);
          expect(everythingOf(arena, sequences)).toEqual(expected);
          const reader = Arena.attach(arena.memory, 2);
          expect(everythingOf(reader, sequences)).toEqual(expected);
          expect(toHex(new StateRoot(reader).rebuild(sequence))).toBe(root);
        }
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });

  it('reads one page for a cell that has no line, and none for it again', () => {
    const subject = new Subject(coldArena(LINES));
    const cells = 10 * LINES;
    for (let first = 0; first < cells; first += OPERATIONS_MAX) fill(subject, first);
    const { arena } = subject;
    arena.cold?.makeRoom(LINES);
    const before = countsOf(arena);
    expect(before.retired).toBe(cells);
    const reader = Arena.attach(arena.memory, 2);
    const out = new Uint8Array(32);
    // Neighbours in a page are far apart in this order.
    for (let turn = 0; turn < cells; turn++) {
      const account = (turn * 101) % cells;
      const id = reader.find(0, wideAddress(account));
      reader.readLatest(id, out);
      reader.keyOf(id);
      expect(toHex(out)).toBe(toHex(wordOf(account + 1)));
    }
    const read = countsOf(arena);
    expect(read.reads - before.reads).toBe(cells);
    expect(read.pagesRead - before.pagesRead).toBe(cells);
    expect(read.faults).toBe(before.faults);
    arena.openMiniBlock(subject.sequence + 1);
    for (let turn = 0; turn < LINES; turn++) {
      for (let again = 0; again < 3; again++) {
        const id = arena.find(0, wideAddress((turn * 101) % cells));
        arena.write(id, wordOf(again), subject.sequence + 1);
      }
    }
    const written = countsOf(arena);
    expect(written.faults - read.faults).toBe(LINES);
    expect(written.pagesRead - read.pagesRead).toBe(LINES);
    expect(written.pagesAppended).toBe(read.pagesAppended);
  });

  it('reads cells that a rollback took away as nothing, though others have their lines', () => {
    const subject = new Subject(coldArena(LINES));
    fill(subject, 0);
    const { arena, sequence } = subject;
    const cells = arena.cellCount;
    const mark = arena.mark();
    arena.openMiniBlock(sequence + 1);
    for (let account = cells; account < cells + 8; account++) {
      arena.write(arena.intern(0, wideAddress(account)), wordOf(account), sequence + 1);
    }
    const many = arena.cellCount;
    expect(many).toBeGreaterThan(cells);
    arena.rollback(mark);
    const reader = new ArenaRecords(Arena.attach(arena.memory, 2));
    const read = (to: number) => {
      const part = { kind: PHASE_CELLS, start: 0, from: 0, to, sequence, isHashed: false } as const;
      return toHex(reader.read(part, 0, to) ?? new Uint8Array(0));
    };
    expect(read(many)).toBe(read(cells));
  });

  it('writes only behind the last page, and nothing for cells that are as they were', () => {
    const subject = new Subject(coldArena(LINES));
    const cells = 3 * LINES;
    for (let first = 0; first < cells; first += OPERATIONS_MAX) fill(subject, first);
    const { arena } = subject;
    arena.cold?.makeRoom(LINES);
    const before = countsOf(arena);
    expect(before.recordsAppended).toBe(cells);
    for (let round = 0; round < 5; round++) {
      arena.openMiniBlock(subject.sequence + 1);
      for (let turn = 0; turn < LINES; turn++) arena.find(0, wideAddress(turn));
      arena.closeMiniBlock(subject.sequence + 1);
      subject.sequence += 1;
      arena.cold?.makeRoom(LINES);
    }
    const after = countsOf(arena);
    expect(after.retired - before.retired).toBe(5 * LINES);
    expect(after.recordsAppended).toBe(before.recordsAppended);
    expect(arena.statistics().cold?.fileBytes).toBe(after.pagesAppended * 4096);
  });

  it('says where a damaged page is, and goes on with the others', () => {
    const subject = new Subject(coldArena(LINES));
    for (let first = 0; first < 2 * LINES; first += OPERATIONS_MAX) fill(subject, first);
    const { arena } = subject;
    arena.cold?.makeRoom(LINES);
    const descriptor = new Uint32Array(arena.memory.buffer)[H_COLD_FILE / 4]!;
    fileOf(descriptor).write(COLD_PAGE_BYTES + 700, new Uint8Array([1, 2, 3, 4]));
    const reader = Arena.attach(arena.memory, 2);
    const failed = new Set<number>();
    for (let account = 0; account < 2 * LINES; account++) {
      try {
        reader.find(0, wideAddress(account));
      } catch (error) {
        if (!isDeltacastError(error, 'COLD_CORRUPT')) throw error;
        expect(error.details['offset']).toBe(COLD_PAGE_BYTES);
        failed.add(account);
      }
    }
    expect(failed.size).toBeGreaterThan(0);
    expect(failed.size).toBeLessThanOrEqual(COLD_PAGE_RECORDS);
  });

  it('is full only where one mini-block needs more lines than there are, and goes back', () => {
    const subject = new Subject(coldArena(LINES));
    for (let first = 0; first < 2 * LINES; first += OPERATIONS_MAX) fill(subject, first);
    const { arena } = subject;
    const root = toHex(subject.root.root);
    arena.cold?.makeRoom(0);
    const before = arena.mark();
    arena.openMiniBlock(subject.sequence + 1);
    const touchAll = (): void => {
      for (let account = 0; account < 2 * LINES; account++) {
        const id = arena.find(0, wideAddress(account));
        arena.write(id, wordOf(9), subject.sequence + 1);
      }
    };
    expect(touchAll).toThrow('no free lines');
    arena.rollback(before);
    arena.cold?.makeRoom(LINES);
    expect(toHex(new StateRoot(Arena.attach(arena.memory, 2)).rebuild(subject.sequence))).toBe(
      root,
    );
  });
});

const wideAddress = (account: number): Uint8Array => wordOf(account + 1).slice(12);

/** A mini-block of new accounts, each with its number as balance. */
function fill(subject: Subject, first: number): void {
  const { arena } = subject;
  arena.cold?.makeRoom(0);
  arena.openMiniBlock(subject.sequence + 1);
  for (let account = first; account < first + OPERATIONS_MAX; account++) {
    const id = arena.intern(0, wideAddress(account));
    arena.write(id, wordOf(account + 1), subject.sequence + 1);
  }
  subject.sequence += 1;
  const range = arena.closeMiniBlock(subject.sequence);
  subject.root.update(range, subject.sequence);
  arena.retainFrom(range.to);
}

function countsOf(arena: Arena) {
  const { cold } = arena.statistics();
  if (cold === null) throw new Error('an arena without cold cells');
  return cold;
}

function toHexOrNull(bytes: Uint8Array | null): string | null {
  return bytes && toHex(bytes);
}

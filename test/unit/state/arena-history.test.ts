import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Arena, type ArenaMark, type CellKind, NO_CELL } from '../../../state/arena.js';
import { fromHex, toHex } from '../../../state/base/bytes.js';
import { isDeltacastError } from '../../../state/base/errors.js';
import { ArenaModel, digestOf } from './arena-model.js';

/** Random histories, against maps that are copied whole. */

type Step = readonly [name: string, a: number, b: number, c: number];

const stepArbitrary: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom(
    ...['intern', 'intern', 'write', 'write', 'write', 'write', 'bulk'],
    ...['close', 'mark', 'rollback', 'readAt', 'slots', 'code', 'changed'],
  ),
  fc.nat(255),
  fc.nat(255),
  fc.nat(255),
);

function addressOf(number: number): string {
  const bytes = new Uint8Array(20);
  bytes[19] = number % 5;
  bytes[0] = number % 2;
  return toHex(bytes);
}

function wordOf(number: number): string {
  const bytes = new Uint8Array(32);
  bytes[31] = number;
  bytes[number % 32]! ^= 0x80;
  return toHex(bytes);
}

/** Runs one history; every read is checked at once, everything at the end. */
class History {
  readonly arena: Arena;
  model = new ArenaModel();
  sequence = 1;
  marks: { mark: ArenaMark; model: ArenaModel; digest: string; closed: number }[] = [];
  /** The model at each closing sequence. */
  closed: { sequence: number; model: ArenaModel }[] = [{ sequence: 0, model: new ArenaModel() }];
  readonly #out = new Uint8Array(32);

  constructor(undoNodesMax: number) {
    const random = { bytes: (count: number) => new Uint8Array(count).fill(0x5b) };
    this.arena = Arena.create({ megabytes: 8, threads: 1, undoNodesMax, random });
    this.arena.openMiniBlock(1);
  }

  intern(kind: CellKind, address: string, slot: string): void {
    const key = [kind, fromHex(address), fromHex(slot)] as const;
    expect(this.arena.find(...key)).toBe(this.model.find(kind, address, slot));
    expect(this.arena.intern(...key)).toBe(this.model.intern(kind, address, slot));
  }

  write(pick: number, value: string): void {
    if (this.model.cells.length === 0) return;
    const id = pick % this.model.cells.length;
    try {
      this.arena.write(id, fromHex(value), this.sequence);
    } catch (error) {
      if (!isDeltacastError(error, 'ARENA_FULL')) throw error;
      expect(error.details['region']).toBe('undo');
      return;
    }
    const cell = this.model.cells[id]!;
    cell.value = value;
    cell.version = this.sequence;
    this.sequence += pick % 2;
  }

  close(): void {
    this.arena.closeMiniBlock(this.sequence);
    this.closed.push({ sequence: this.sequence, model: this.model.copy() });
    this.sequence++;
    this.arena.openMiniBlock(this.sequence);
  }

  mark(): void {
    const mark = this.arena.mark();
    const digest = digestOf(this.arena);
    this.marks.push({ mark, model: this.model.copy(), digest, closed: this.closed.length });
  }

  rollback(pick: number): void {
    if (this.marks.length === 0) return;
    const at = pick % this.marks.length;
    const { mark, model, digest, closed } = this.marks[at]!;
    try {
      this.arena.rollback(mark);
    } catch (error) {
      if (!isDeltacastError(error, 'STATE_PRUNED')) throw error;
      expect(this.arena.statistics().undoNodes).toBeLessThan(this.arena.undoPosition);
      return;
    }
    this.marks.length = at + 1;
    this.closed.length = closed;
    this.model = model.copy();
    const isRingWhole = this.arena.undoPosition === this.arena.statistics().undoNodes;
    if (isRingWhole) expect(digestOf(this.arena)).toBe(digest);
    this.checkAll();
  }

  readAt(pick: number, when: number): void {
    const { sequence, model } = this.closed[when % this.closed.length]!;
    if (this.arena.cellCount === 0) return;
    const id = pick % this.arena.cellCount;
    try {
      const version = this.arena.readAt(id, sequence, this.#out);
      expect(version).toBe(model.cells[id]?.version ?? 0);
      expect(toHex(this.#out)).toBe(model.cells[id]?.value ?? wordOf(0).replace('80', '00'));
    } catch (error) {
      if (!isDeltacastError(error, 'STATE_PRUNED')) throw error;
      expect(this.arena.statistics().undoNodes).toBeLessThan(this.arena.undoPosition);
    }
  }

  slots(address: string): void {
    const expected = this.model.slotsOf(address);
    expect([...this.arena.slotsOf(fromHex(address))]).toEqual(expected);
  }

  code(hash: string, length: number): void {
    const bytes = new Uint8Array(length).fill(length & 255);
    expect(this.arena.hasCode(fromHex(hash))).toBe(this.model.codes.some((c) => c.hash === hash));
    this.arena.putCode(fromHex(hash), bytes);
    if (this.model.codes.some((code) => code.hash === hash)) return;
    this.model.codes.push({ hash, bytes: toHex(bytes) });
  }

  changed(pick: number): void {
    if (this.marks.length === 0) return;
    const { mark, model } = this.marks[pick % this.marks.length]!;
    if (mark.undo < this.arena.undoPosition - this.arena.statistics().undoNodes) return;
    const changes = this.arena.changedSince(mark);
    const expected = new Set<number>();
    this.model.cells.forEach((cell, id) => {
      if (cell.version !== (model.cells[id]?.version ?? 0)) expected.add(id);
      const value = model.cells[id]?.value ?? toHex(new Uint8Array(32));
      const at = changes.ids.indexOf(id);
      const old = at < 0 ? cell.value : toHex(changes.oldValues.subarray(at * 32, at * 32 + 32));
      expect(old).toBe(value);
      if (at < 0) return;
      expect(changes.oldVersions[at]).toBe(model.cells[id]?.version ?? 0);
    });
    expect(new Set(changes.ids).size).toBe(changes.count);
    for (const id of expected) expect(changes.ids).toContain(id);
    const codes = this.arena.codesSince(mark);
    expect(codes.map((code) => toHex(code.hash))).toEqual(
      this.model.codes.slice(mark.codes).map((code) => code.hash),
    );
  }

  checkAll(): void {
    const { arena, model } = this;
    expect(arena.cellCount).toBe(model.cells.length);
    model.cells.forEach((cell, id) => {
      const { kind, address, slot } = arena.keyOf(id);
      const key = { kind, address: toHex(address), slot: toHex(slot) };
      expect(key).toEqual({ kind: cell.kind, address: cell.address, slot: cell.slot });
      expect(arena.find(kind, address, slot)).toBe(id);
      expect(arena.readLatest(id, this.#out)).toBe(cell.version);
      expect(toHex(this.#out)).toBe(cell.value);
      expect(arena.versionOf(id)).toBe(cell.version);
    });
    for (const { hash, bytes } of model.codes) {
      expect(toHex(arena.getCode(fromHex(hash))!)).toBe(bytes);
    }
    expect(arena.find(0, new Uint8Array(20).fill(0xee))).toBe(NO_CELL);
  }
}

const STEPS: Record<string, (history: History, a: number, b: number, c: number) => void> = {
  intern: (history, a, b, c) => history.intern((a % 4) as CellKind, addressOf(b), wordOf(c)),
  bulk(history, a, b) {
    for (let index = 0; index < 200; index++) {
      history.intern(3, addressOf(a), wordOf((b * 8 + index) % 256));
    }
  },
  write: (history, a, b, c) => history.write(a * 256 + b, wordOf(c)),
  close: (history) => history.close(),
  mark: (history) => history.mark(),
  rollback: (history, a) => history.rollback(a),
  readAt: (history, a, b, c) => history.readAt(a * 256 + b, c),
  slots: (history, a) => history.slots(addressOf(a)),
  code: (history, a, b, c) => history.code(wordOf(a), b * c),
  changed: (history, a) => history.changed(a),
};

function run(steps: readonly Step[], undoNodesMax: number): void {
  const history = new History(undoNodesMax);
  for (const [name, a, b, c] of steps) STEPS[name]!(history, a, b, c);
  history.checkAll();
}

describe('the arena and a plain model agree', () => {
  const steps = fc.array(stepArbitrary, { maxLength: 120, size: 'max' });

  test('over random histories with marks and rollbacks', () => {
    fc.assert(
      fc.property(steps, (list) => run(list, 8192)),
      { numRuns: 60 },
    );
  });

  test('with a short undo ring: reads are exact or pruned, writes done or refused', () => {
    fc.assert(
      fc.property(steps, (list) => run(list, 16)),
      { numRuns: 60 },
    );
  });
});

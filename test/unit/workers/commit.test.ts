import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arena, type ArenaMark, type CellKind, NO_CELL } from '../../../state/arena.js';
import { toWord } from '../../../state/base/bytes.js';
import { isDeltacastError } from '../../../state/base/errors.js';
import { EMPTY_OUTCOME, type Outcome, writeOutcome } from '../../../workers/outcome.js';
import { encodeCredits } from '../../../workers/steps.js';
import { Committer, type OutcomeCommitter } from '../../helpers/kernel-committer.js';
import { StepCommitter } from '../../helpers/step-committer.js';
import { digestOf } from '../state/arena-model.js';

/** The commit kernel does what its model does, also where the arena gets full in the middle. */

const RUNS = Number(process.env['RUNS'] ?? 150);
const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };
/** A failure is made smaller for no longer. */
const TIME_MS_MAX = 60_000;
const FIRST = 2;
/** Alike in both arenas: cells then lie alike in the index. */
const SAME_SEED = { bytes: (count: number) => new Uint8Array(count).fill(0x5a) };
const CODE_BYTES_MAX = 2_000;
/** Leaves room for all codes, or for few: the region has 512 KiB. */
const CODES_BEFORE = [0, 510_000];

const bytes = (count: number) => fc.uint8Array({ minLength: count, maxLength: count });
const address = fc.nat({ max: 11 }).map((last) => new Uint8Array(20).fill(last + 1));
const word = fc.oneof(
  bytes(32),
  fc.constantFrom(0, 1, 0xff).map((byte) => new Uint8Array(32).fill(byte)),
  // In a code cell: the account is there, and empty.
  fc.constant(toWord(1n)),
);
const key = fc
  .tuple(fc.constantFrom<CellKind>(0, 1, 2, 3, 3), address, fc.nat({ max: 7 }))
  .map(([kind, account, slot]) => ({
    kind,
    address: account,
    slot: kind === 3 ? Uint8Array.from({ length: 32 }, (_, at) => at * slot) : null,
  }));
const code = fc
  .record({
    hash: fc.nat({ max: 9 }).map((byte) => Uint8Array.from({ length: 32 }, (_, at) => at ^ byte)),
    length: fc.nat({ max: CODE_BYTES_MAX }),
  })
  .map(({ hash, length }) => ({ hash, bytes: new Uint8Array(length).fill(hash[0] ?? 0) }));
const outcome = fc.record({
  status: fc.constantFrom<0 | 1>(0, 1),
  feeDelta: fc.oneof(fc.constant(0n), fc.bigInt({ min: 1n, max: (1n << 256n) - 1n })),
  writes: fc.array(
    fc.tuple(key, word).map(([written, value]) => ({ ...written, value })),
    { maxLength: 12 },
  ),
  codes: fc.array(code, { maxLength: 3 }),
});
/** A read by how its version differs from what it is when the outcome is judged. */
const read = fc.record({
  key,
  error: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, -1),
});
const credit = fc.record({
  address,
  amount: fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
});
const step = fc.oneof(
  fc.record({
    outcome,
    coinbase: address,
    reads: fc.array(read, { maxLength: 10 }),
    shift: fc.nat({ max: 63 }),
  }),
  fc.record({ credits: fc.array(credit, { maxLength: 4 }) }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

type ReadPlan = typeof read extends fc.Arbitrary<infer Value> ? Value : never;

interface Size {
  readonly cellsMax: number;
  readonly undoNodesMax: number;
  readonly codeBytes: number;
}

class Party {
  readonly arena: Arena;
  readonly mark: ArenaMark;
  private readonly committer: OutcomeCommitter;

  constructor(make: (arena: Arena) => OutcomeCommitter, { codeBytes, ...size }: Size) {
    this.arena = Arena.create({ megabytes: 8, threads: 1, random: SAME_SEED, ...size });
    this.arena.putCode(new Uint8Array(32).fill(0xcc), new Uint8Array(codeBytes));
    this.mark = this.arena.openMiniBlock(FIRST);
    this.committer = make(this.arena);
  }

  /** @returns all that a caller sees: the kind of a stale read, and what was refused */
  commit(next: Step, sequence: number): string {
    if ('credits' in next) {
      this.arena.bytes.set(encodeCredits(next.credits), this.arena.layout.batchIn.base);
      this.committer.beginCredits(this.arena.layout.batchIn.base, sequence);
      return this.apply();
    }
    // Records lie at any alignment in a place of their own.
    const at = this.arena.layout.batchIn.base + next.shift;
    const place = this.arena.bytes.subarray(at, this.arena.layout.batchOut.base);
    const reads = next.reads.map((one) => ({ ...one.key, version: this.versionFor(one) }));
    const whole: Outcome = { ...EMPTY_OUTCOME, ...next.outcome, reads };
    expect(writeOutcome(whole, place)).toBeGreaterThan(0);
    const stale = this.committer.staleRead(at);
    expect(this.committer.isIncluded(at)).toBe(true);
    this.committer.begin(at, next.coinbase, sequence);
    return `${stale} ${this.apply()}`;
  }

  private versionFor({ key: { kind, address: account, slot }, error }: ReadPlan): number {
    const id = this.arena.find(kind, account, slot ?? undefined);
    return Math.max(0, (id === NO_CELL ? 0 : this.arena.versionOf(id)) + error);
  }

  private apply(): string {
    try {
      while (this.committer.next());
      return 'done';
    } catch (error) {
      if (!isDeltacastError(error, 'ARENA_FULL')) throw error;
      return `${error.message} ${error.details['region']}`;
    }
  }
}

/** Commits steps in both until one is refused. @returns what was seen */
function compare(steps: readonly Step[], size: Size): Set<string> {
  const kernel = new Party((arena) => new Committer(arena), size);
  const model = new Party((arena) => new StepCommitter(arena, arena.bytes), size);
  const seen = new Set<string>();
  for (const [index, next] of steps.entries()) {
    const said = kernel.commit(next, FIRST + index);
    expect(said).toBe(model.commit(next, FIRST + index));
    expect(digestOf(kernel.arena)).toBe(digestOf(model.arena));
    expect(kernel.arena.undoPosition).toBe(model.arena.undoPosition);
    for (const part of said.split(/(?<=^-?\d) /)) seen.add(part);
    if (!said.endsWith('done')) break;
  }
  for (const { arena, mark } of [kernel, model]) arena.rollback(mark);
  expect(digestOf(kernel.arena)).toBe(digestOf(model.arena));
  return seen;
}

describe('the commit kernel', () => {
  it('judges and applies as its model, and refuses at the same change', () => {
    const seen = new Set<string>();
    const property = fc.property(
      fc.array(step, { minLength: 1, maxLength: 24 }),
      fc.record({
        cellsMax: fc.constantFrom(20, 60, 200),
        undoNodesMax: fc.constantFrom(16, 64, 1_024),
        codeBytes: fc.constantFrom(...CODES_BEFORE),
      }),
      (steps, size) => {
        for (const part of compare(steps, size)) seen.add(part);
      },
    );
    fc.assert(property, { numRuns: RUNS, interruptAfterTimeLimit: TIME_MS_MAX, ...seed });
    // Anything less, and the random outcomes would leave something untried.
    if (RUNS < 150) return;
    const all = ['-1', '0', '1', '2', '3', 'done'];
    const refusals = ['no free cells cells', 'undo ring full undo', 'no room for code code'];
    expect([...all, ...refusals].filter((part) => !seen.has(part))).toEqual([]);
  });

  it('leaves an empty account that gets a fee with a balance, and empty no more', () => {
    const party = new Party((arena) => new Committer(arena), ROOMY);
    const empty = new Uint8Array(20).fill(7);
    const outcome = { status: 1 as const, feeDelta: 5n, codes: [] };
    const mark = { kind: 2 as const, address: empty, slot: null, value: toWord(1n) };
    const steps = [
      { ...outcome, feeDelta: 0n, writes: [mark] },
      { ...outcome, writes: [] },
    ];
    for (const [index, next] of steps.entries()) {
      const one = { outcome: next, coinbase: empty, reads: [], shift: 0 };
      expect(party.commit(one, FIRST + index)).toMatch(/done$/);
    }
    const values = [0, 2].map((kind) => latestOf(party.arena, kind as CellKind, empty));
    expect(values).toEqual([toWord(5n), toWord(0n)]);
  });
});

const ROOMY: Size = { cellsMax: 200, undoNodesMax: 1_024, codeBytes: 0 };

function latestOf(arena: Arena, kind: CellKind, owner: Uint8Array): Uint8Array {
  const out = new Uint8Array(32);
  arena.readLatest(arena.find(kind, owner), out);
  return out;
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CellKind } from '../../../state/arena.js';
import {
  INVALID_REASONS,
  type Outcome,
  type OutcomeStatus,
  readOutcome,
  writeOutcome,
} from '../../../workers/outcome.js';

const bytes = (count: number) => fc.uint8Array({ minLength: count, maxLength: count });
const key = fc
  .tuple(fc.constantFrom<CellKind>(0, 1, 2, 3), bytes(20), bytes(32))
  .map(([kind, address, slot]) => ({ kind, address, slot: kind === 3 ? slot : null }));
const outcomes: fc.Arbitrary<Outcome> = fc.record({
  status: fc.constantFrom<OutcomeStatus>(0, 1, 2, 3, 4),
  reason: fc.constantFrom(...INVALID_REASONS),
  gasUsed: fc.nat(),
  feeDelta: fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
  created: fc.option(bytes(20)),
  reads: fc.array(fc.tuple(key, fc.nat()).map(([k, version]) => ({ ...k, version }))),
  writes: fc.array(fc.tuple(key, bytes(32)).map(([k, value]) => ({ ...k, value }))),
  codes: fc.array(fc.record({ hash: bytes(32), bytes: fc.uint8Array() })),
  logs: fc.array(
    fc.record({
      address: bytes(20),
      topics: fc.array(bytes(32), { maxLength: 4 }),
      data: fc.uint8Array(),
    }),
  ),
  output: fc.uint8Array(),
});

describe('outcome records', () => {
  it('give back what was written, whatever follows them in memory', () => {
    fc.assert(
      fc.property(outcomes, (outcome) => {
        const out = new Uint8Array(64 * 1024).fill(0xee);
        const length = writeOutcome(outcome, out);
        expect(length).toBeGreaterThan(0);
        expect(readOutcome(out)).toEqual(outcome);
      }),
    );
  });

  it('report a place that is one byte too small, and only that', () => {
    fc.assert(
      fc.property(outcomes, (outcome) => {
        const length = writeOutcome(outcome, new Uint8Array(64 * 1024));
        expect(writeOutcome(outcome, new Uint8Array(length))).toBe(length);
        expect(writeOutcome(outcome, new Uint8Array(length - 1))).toBe(-1);
      }),
    );
  });
});

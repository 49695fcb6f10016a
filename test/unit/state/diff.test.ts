import { keccak_256 } from '@noble/hashes/sha3.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Arena, type ArenaMark, type CellKind } from '../../../state/arena.js';
import { toHex, toWord } from '../../../state/base/bytes.js';
import { isDeltacastError } from '../../../state/base/errors.js';
import { applyDiff, diffStatistics, encodeDiff } from '../../../state/diff.js';
import { referenceDiff, stateOf } from './diff-reference.js';

/** Diffs of random mini-blocks, against the format in plain TypeScript and on a second arena. */

const RUNS = Number(process.env['RUNS'] ?? 150);
const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };

type Step = readonly [name: string, a: number, b: number, value: bigint];

const WORD = 1n << 256n;

/** Words as contracts have them: counters, amounts, small negatives, packed fields, anything. */
const words = fc.oneof(
  fc.bigInt(0n, 300n),
  fc
    .tuple(fc.bigInt(1n, 99_999n), fc.nat(40))
    .map(([digits, zeros]) => digits * 10n ** BigInt(zeros)),
  fc.bigInt(1n, 300n).map((number) => WORD - number),
  fc.tuple(fc.bigInt(0n, 300n), fc.nat(31)).map(([field, at]) => field << BigInt(8 * at)),
  fc.tuple(fc.bigInt(0n, WORD - 1n), fc.nat(255)).map(([word, drop]) => word >> BigInt(drop)),
);

const steps: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom(
    ...['intern', 'intern', 'write', 'write', 'change', 'change', 'change'],
    ...['again', 'putBack', 'delete', 'code', 'mark', 'rollback'],
  ),
  fc.nat(4095),
  fc.nat(255),
  words,
);
const histories = fc.array(fc.array(steps, { maxLength: 40, size: 'max' }), {
  minLength: 1,
  maxLength: 5,
});

function addressOf(number: number): Uint8Array {
  const bytes = new Uint8Array(20).fill(number & 1 ? 0xa5 : 0);
  bytes[number % 20] = number % 7;
  return bytes;
}

/** An arena that runs random mini-blocks; a full undo ring refuses a write, which is fine. */
class Chain {
  readonly arena: Arena;
  readonly start: ArenaMark;
  sequence = 0;
  #inner: ArenaMark[] = [];
  readonly #old = new Map<number, Uint8Array>();

  constructor(undoNodesMax: number) {
    this.arena = Arena.create({ megabytes: 8, threads: 1, undoNodesMax });
    this.start = this.arena.mark();
  }

  /** @returns the diff of the mini-block */
  run(miniBlock: readonly Step[]): Uint8Array {
    const since = this.arena.openMiniBlock(++this.sequence);
    this.#inner = [];
    this.#old.clear();
    for (const [name, a, b, value] of miniBlock) this.#step(name, a, b, value);
    return encodeDiff(this.arena, this.arena.closeMiniBlock(this.sequence), since);
  }

  #step(name: string, a: number, b: number, value: bigint): void {
    const { arena } = this;
    if (name === 'intern') arena.intern((a % 4) as CellKind, addressOf(b), toWord(value));
    else if (name === 'mark') this.#inner.push(arena.mark());
    else if (name === 'rollback') this.#rollback(a);
    else if (name === 'code') this.#code(a);
    else if (arena.cellCount > 0) this.#write(name, a % arena.cellCount, value);
  }

  #write(name: string, id: number, value: bigint): void {
    const before = new Uint8Array(32);
    this.arena.readLatest(id, before);
    if (!this.#old.has(id)) this.#old.set(id, before);
    const now = BigInt(toHex(before));
    this.sequence++;
    if (name === 'putBack') this.#put(id, this.#old.get(id)!);
    else if (name === 'delete') this.#put(id, toWord(0n));
    else if (name === 'again') this.#put(id, toWord(BigInt.asUintN(256, now + 1n)));
    else if (name === 'write') this.#put(id, toWord(value));
    else this.#put(id, toWord(BigInt.asUintN(256, id % 2 ? now + value : now - value)));
  }

  #put(id: number, word: Uint8Array): void {
    try {
      this.arena.write(id, word, this.sequence);
    } catch (error) {
      if (!isDeltacastError(error, 'ARENA_FULL')) throw error;
      expect(error.details['region']).toBe('undo');
    }
  }

  #rollback(pick: number): void {
    if (this.#inner.length === 0) return;
    const at = pick % this.#inner.length;
    this.arena.rollback(this.#inner[at]!);
    this.#inner.length = at + 1;
  }

  #code(number: number): void {
    const code = new Uint8Array(number % 300).fill(number >> 4);
    this.arena.putCode(keccak_256(code), code);
  }
}

/** Applies, and returns the diff that the replica itself would make of what it did. */
function follow(replica: Chain, diff: Uint8Array): Uint8Array {
  const since = replica.arena.openMiniBlock(++replica.sequence);
  const statistics = applyDiff(replica.arena, diff, replica.sequence);
  expect(diffStatistics(diff)).toEqual(statistics);
  const { codeBytes, keyBytes, updateBytes } = statistics;
  expect(statistics.bytes - codeBytes - keyBytes - updateBytes).toBeGreaterThanOrEqual(5);
  return encodeDiff(replica.arena, replica.arena.closeMiniBlock(replica.sequence), since);
}

describe('a diff', () => {
  const check = (undoNodesMax: number) => (history: readonly (readonly Step[])[]) => {
    const chain = new Chain(undoNodesMax);
    const replica = new Chain(undoNodesMax);
    // Sequences and ring positions of the two have nothing in common.
    replica.sequence = 1000;
    for (const miniBlock of history) {
      const before = stateOf(chain.arena, chain.start);
      const diff = chain.run(miniBlock);
      const after = stateOf(chain.arena, chain.start);
      expect(toHex(diff)).toBe(toHex(referenceDiff(before, after)));
      expect(toHex(follow(replica, diff))).toBe(toHex(diff));
      expect(stateOf(replica.arena, replica.start)).toEqual(after);
    }
  };

  test('of a random mini-block has the specified bytes and takes a replica along', () => {
    fc.assert(fc.property(histories, check(8192)), { numRuns: RUNS, ...seed });
  });

  test('is right when the undo ring wraps', () => {
    fc.assert(fc.property(histories, check(32)), { numRuns: RUNS, ...seed });
  });
});

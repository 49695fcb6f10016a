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
  fc
    .tuple(fc.bigInt(0n, 300n), fc.nat(31))
    .map(([field, at]) => BigInt.asUintN(256, field << BigInt(8 * at))),
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

  test('does not depend on the order of writes, on detours or on sequences', () => {
    const writes = fc.array(fc.tuple(fc.nat(59), words, fc.nat(9)), { maxLength: 120 });
    const property = fc.property(writes, (list) => {
      const straight = new Chain(8192);
      const winding = new Chain(8192);
      winding.sequence = 77;
      const final = new Map(list.map(([pick, value]) => [pick, value]));
      const diffs = [straight, winding].map((chain) => {
        const { arena } = chain;
        const since = arena.openMiniBlock(++chain.sequence);
        for (let index = 0; index < 60; index++) arena.intern(0, toWord(BigInt(index)).slice(12));
        if (chain === winding) {
          for (const [pick, value, kind] of list) {
            const mark = arena.mark();
            arena.write(pick, toWord(WORD - 1n - value), ++chain.sequence);
            if (kind < 3) arena.rollback(mark);
          }
        }
        const order = [...final].sort(([a], [b]) => (chain === winding ? b - a : a - b));
        for (let id = 0; id < 60; id++) {
          if (chain === winding) arena.write(59 - id, toWord(0n), chain.sequence);
        }
        for (const [id, value] of order) arena.write(id, toWord(value), ++chain.sequence);
        return toHex(encodeDiff(arena, arena.closeMiniBlock(chain.sequence), since));
      });
      expect(diffs[1]).toBe(diffs[0]);
    });
    fc.assert(property, { numRuns: Math.ceil(RUNS / 3), ...seed });
  });

  test('of a mini-block that changed nothing is its header', () => {
    const chain = new Chain(64);
    expect(toHex(chain.run([]))).toBe('0x0100000000');
    chain.run([['intern', 0, 1, 0n]]);
    const diff = chain.run([
      ['write', 0, 0, 5n],
      ['putBack', 0, 0, 0n],
    ]);
    expect(toHex(diff)).toBe('0x0100000000');
  });

  test('longer than the scratch goes through it in portions', () => {
    const chain = new Chain(8192);
    const replica = new Chain(8192);
    const wide = (index: number): bigint => BigInt(toHex(keccak_256(toWord(BigInt(index)))));
    const many = (name: string): Step[] =>
      Array.from({ length: 3500 }, (_, index) => [name, index * 4 + 3, 1, wide(index)]);
    for (const miniBlock of [many('intern'), many('write')]) {
      const before = stateOf(chain.arena, chain.start);
      const diff = chain.run(miniBlock);
      const after = stateOf(chain.arena, chain.start);
      expect(diff.length).toBeGreaterThan(100_000);
      expect(Buffer.compare(diff, referenceDiff(before, after))).toBe(0);
      expect(Buffer.compare(follow(replica, diff), diff)).toBe(0);
      expect(
        Buffer.compare(referenceDiff(before, stateOf(replica.arena, replica.start)), diff),
      ).toBe(0);
    }
  });

  test('bridges any gap between ids', () => {
    const arena = Arena.create({ megabytes: 64, threads: 1 });
    for (let index = 0; index < 132_400; index++) {
      arena.intern(0, toWord(BigInt(index) + 1n).subarray(12));
    }
    const gaps = [0, 1, 2, 256, 257, 258, 65_792, 65_793, 0];
    const since = arena.openMiniBlock(1);
    let id = -1;
    for (const gap of gaps) arena.write((id += gap + 1), toWord(1n), 1);
    const diff = encodeDiff(arena, arena.closeMiniBlock(1), since);
    const sizes = [1, 2, 2, 2, 3, 3, 3, 5, 1];
    expect(diff.length - 5).toBe(sizes.reduce((sum, size) => sum + size));
    arena.rollback(since);
    expect(applyDiff(arena, diff, 1).updates).toBe(gaps.length);
    const out = new Uint8Array(32);
    id = -1;
    for (const gap of gaps) {
      arena.readLatest((id += gap + 1), out);
      expect(out).toEqual(toWord(1n));
    }
  });
});

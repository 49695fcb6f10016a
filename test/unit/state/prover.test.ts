import { blake3 } from '@noble/hashes/blake3.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Arena, type CellKind } from '../../../state/arena.js';
import type { UndoRange } from '../../../state/arena-changes.js';
import { concatBytes, toHex } from '../../../state/base/bytes.js';
import { isDeltacastError } from '../../../state/base/errors.js';
import { hashBlock } from '../../../state/blake3-block.js';
import { encodeKey, pathOf, type StateKey, verifyProof } from '../../../state/proof.js';
import { StateRoot } from '../../../state/root.js';
import { naiveProof } from '../../helpers/naive-proof.js';
import { naivePath, naiveRoot } from '../../helpers/naive-root.js';

/** Proofs of a live arena: blocks come, ids are taken back and given anew, and time goes back. */

const RUNS = Number(process.env['RUNS'] ?? 40);
const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };
const ZERO = toHex(new Uint8Array(32));

function keyOf(number: number): StateKey {
  const kind = (number % 4) as CellKind;
  const address = new Uint8Array(20).fill((number >> 2) % 3);
  const slot = new Uint8Array(32);
  slot[31] = number >> 4;
  return kind === 3 ? { kind, address, slot } : { kind, address };
}

function wordOf(number: number): Uint8Array {
  const word = new Uint8Array(32);
  word[31] = number;
  return word;
}

const writes = fc.array(fc.tuple(fc.nat(1_023), fc.nat(3)), { maxLength: 40 });
const blocks = fc.array(fc.tuple(writes, writes), { minLength: 1, maxLength: 6 });
const asked = fc.array(fc.nat(1_023), { minLength: 1, maxLength: 8 });

interface Sealed {
  readonly contents: ReadonlyMap<string, string>;
  readonly root: Uint8Array;
  readonly sequence: number;
  readonly end: number;
}

class Node {
  readonly arena = Arena.create({ megabytes: 8, threads: 1, undoNodesMax: 8192 });
  readonly root = new StateRoot(this.arena);
  readonly sealed: Sealed[] = [];
  private readonly contents = new Map<string, string>();
  private sequence = 0;

  /** A block with what is in `kept`, after `dropped` was begun and taken back. */
  seal(kept: readonly (readonly [number, number])[], dropped: typeof kept): void {
    const mark = this.arena.openMiniBlock(this.sequence + 1);
    for (const [key, value] of dropped) this.write(key, value + 4);
    // Now the index knows ids that will belong to other keys.
    this.check(dropped.map(([key]) => key));
    this.arena.rollback(mark);
    for (const [key, value] of kept) {
      this.write(key, value);
      this.contents.set(toHex(pathOf(keyOf(key))), toHex(wordOf(value)));
    }
    this.sequence += 1;
    const range = this.arena.closeMiniBlock(this.sequence);
    const root = this.root.update(range, this.sequence);
    const contents = new Map([...this.contents].filter(([, value]) => value !== ZERO));
    expect(toHex(root)).toBe(naiveRoot(contents));
    this.sealed.push({ contents, root, sequence: this.sequence, end: range.to });
  }

  /** Proves some keys as of the newest block, or the one that the root was taken back to. */
  check(numbers: readonly number[], at = this.sealed.at(-1)): void {
    if (at === undefined || numbers.length === 0) return;
    const keys = numbers.map(keyOf);
    const paths = keys.map((key) => toHex(pathOf(key)));
    const proof = this.root.prove(keys);
    expect(toHex(proof)).toBe(toHex(naiveProof(at.contents, paths)));
    const truth = paths.map((path) => at.contents.get(path) ?? ZERO);
    expect(verifyProof(at.root, keys, proof).map(toHex)).toEqual(truth);
  }

  private write(key: number, value: number): void {
    const { kind, address, slot } = keyOf(key);
    const id = this.arena.intern(kind, address, slot);
    this.arena.write(id, wordOf(value), this.sequence + 1);
  }
}

function nodeWith(list: readonly (readonly [[number, number][], [number, number][]])[]): Node {
  const node = new Node();
  for (const [kept, dropped] of list) node.seal(kept, dropped);
  return node;
}

describe('a state root proves', () => {
  test('what every key has after each block, whatever was rolled back before it', () => {
    fc.assert(
      fc.property(blocks, asked, (list, numbers) => {
        const node = new Node();
        for (const [kept, dropped] of list) {
          node.seal(kept, dropped);
          node.check(numbers);
        }
      }),
      { numRuns: RUNS, ...seed },
    );
  });

  test('the same in earlier blocks, and in the newest again', () => {
    fc.assert(
      fc.property(blocks, asked, fc.nat(5), (list, numbers, back) => {
        const node = nodeWith(list);
        const newest = node.sealed.at(-1)!;
        const target = node.sealed[Math.max(0, node.sealed.length - 1 - back)]!;
        const range: UndoRange = { from: target.end, to: newest.end };
        expect(toHex(node.root.rewind(range, target.sequence))).toBe(toHex(target.root));
        node.check(numbers, target);
        expect(toHex(node.root.update(range, newest.sequence))).toBe(toHex(newest.root));
        node.check(numbers);
      }),
      { numRuns: RUNS, ...seed },
    );
  });

  test('that nothing is there before the first block', () => {
    const node = new Node();
    const proof = node.root.prove([keyOf(1), keyOf(2)]);
    expect(proof).toEqual(Uint8Array.of(1, 1, 0, 0));
    expect(verifyProof(node.root.root, [keyOf(2)], proof)).toEqual([new Uint8Array(32)]);
  });
});

describe('the hash of 64 bytes', () => {
  test('is BLAKE3', () => {
    const message = fc.uint8Array({ minLength: 64, maxLength: 64 });
    fc.assert(
      fc.property(message, (bytes) => {
        expect(hashBlock(bytes)).toEqual(blake3(bytes));
      }),
      { numRuns: RUNS, ...seed },
    );
    // As published in ARCHITECTURE.md.
    expect(toHex(hashBlock(new Uint8Array(64)))).toBe(
      '0x4d006976636a8696d909a630a4081aad4d7c50f81afdee04020bf05086ab6a55',
    );
  });
});

describe('a key', () => {
  test('is encoded as the specification of the root says', () => {
    const address = new Uint8Array(20).fill(0xab);
    const slot = new Uint8Array(32).fill(7);
    for (const key of [{ kind: 1, address } as const, { kind: 3, address, slot } as const]) {
      const word = key.kind === 3 ? slot : new Uint8Array(32);
      const zeros = new Uint8Array(11);
      const expected = concatBytes(address, zeros, Uint8Array.of(key.kind), word);
      expect(encodeKey(key)).toEqual(expected);
      expect(toHex(pathOf(key))).toBe(naivePath(key.kind, address, word));
    }
  });

  test('is refused with a slot that it does not have, or without one', () => {
    const address = new Uint8Array(20);
    const wrong: StateKey[] = [
      { kind: 3, address },
      { kind: 0, address, slot: new Uint8Array(32) },
      { kind: 0, address: new Uint8Array(19) },
      { kind: 3, address, slot: new Uint8Array(31) },
    ];
    for (const key of wrong) {
      let code = 'accepted';
      try {
        encodeKey(key);
      } catch (error) {
        if (isDeltacastError(error)) code = error.code;
      }
      expect(code).toBe('PROOF_INVALID');
    }
  });
});

const NONCE_LEAF = 'f2aa0253992a21556fdef6223b3943d37e428a47e952c00b35e85a79b8a4b97c';
const SLOT_LEAF = 'f1b692ab8a3cc918eba1f134bc3838c5cc285960b2b1712fa86ff4d2a813791b';
const BALANCE = '0000000000000000000000000000000000000000000000000de0b6b3a7640000';
const SLOT = '0000000000000000000000000000000000000000000000000000000000001234';
const BENEATH = '56f5f0ef2378a00df3d8fd80d8a8253634f05561782b61e9cca7c24b42a52336';
const VECTORS = {
  balance: `010300 a56600 ${NONCE_LEAF} ${BALANCE} ${SLOT_LEAF}`,
  code: `010100 45 ${BENEATH}`,
  both: `010300 a5a600 ${NONCE_LEAF} ${BALANCE} ${SLOT}`,
};

/** As published in ARCHITECTURE.md, "Proofs", over the three cells of "The state root". */
describe('the published vectors', () => {
  const alice = Uint8Array.from(Buffer.from('f39fd6e51aad88f6f4ce6ab8827279cff9b92266', 'hex'));
  const token = Uint8Array.from(Buffer.from('5fbdb2315678afecb367f032d93f642f64180aa3', 'hex'));
  const balance: StateKey = { kind: 0, address: alice };
  const code: StateKey = { kind: 2, address: alice };
  const slot: StateKey = { kind: 3, address: token, slot: wordOf(2) };
  const cells: readonly (readonly [StateKey, string])[] = [
    [balance, `0x${'0de0b6b3a7640000'.padStart(64, '0')}`],
    [{ kind: 1, address: alice }, toHex(wordOf(7))],
    [slot, `0x${'1234'.padStart(64, '0')}`],
  ];
  const contents = new Map(cells.map(([key, value]) => [toHex(pathOf(key)), value]));

  test.each([
    ['a balance', [balance], VECTORS.balance],
    ['that there is no code', [code], VECTORS.code],
    ['a slot and a balance at once', [slot, balance], VECTORS.both],
  ])('prove %s', (_name, keys, expected) => {
    const paths = keys.map((key) => toHex(pathOf(key)));
    expect(toHex(naiveProof(contents, paths))).toBe(`0x${expected.replaceAll(' ', '')}`);
  });
});

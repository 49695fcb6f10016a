import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { Arena, KIND_SLOT } from '../../../state/arena.js';
import type { UndoRange } from '../../../state/arena-changes.js';
import { toHex, toWord } from '../../../state/base/bytes.js';
import { isDeltacastError } from '../../../state/base/errors.js';
import { type StateKey, verifyProof } from '../../../state/proof.js';
import { StateRoot } from '../../../state/root.js';
import { RootControl } from '../../../state/root-control.js';
import { createRootShared } from '../../../state/root-owner.js';
import { PIECE, type RootShared } from '../../../state/root-work.js';
import { naivePath, naiveRoot } from '../../helpers/naive-root.js';
import { ROOT_HELPER } from '../../helpers/root-helper-source.js';

/** A state root shared with threads of the built program, for any number of shards and threads. */

const RUNS = Number(process.env['RUNS'] ?? 3);
const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };
const THREADS = 4;
const ADDRESS = new Uint8Array(20).fill(7);

let helpers: Worker[] = [];

afterEach(async () => {
  await Promise.all(helpers.map((helper) => helper.terminate()));
  helpers = [];
});

async function startHelper(arena: Arena, shared: RootShared, thread: number): Promise<Worker> {
  const urlOf = (name: string): string =>
    new URL(`../../../dist/state/${name}`, import.meta.url).href;
  const urls = {
    arenaUrl: urlOf('arena.js'),
    recordsUrl: urlOf('root-records.js'),
    workUrl: urlOf('root-work.js'),
  };
  const helper = new Worker(new URL(`data:text/javascript,${encodeURIComponent(ROOT_HELPER)}`), {
    workerData: { ...urls, memory: arena.memory, shared, thread },
  });
  helpers.push(helper);
  await once(helper, 'message');
  return helper;
}

/** Mini-blocks of writes of which some set 0, each over keys up to a bound that grows. */
class Writer {
  readonly arena = Arena.create({ megabytes: 16, threads: THREADS, undoNodesMax: 2 ** 15 });
  readonly contents = new Map<string, string>();
  #sequence = 0;
  #state: number;

  constructor(start: number) {
    this.#state = start;
  }

  get sequence(): number {
    return this.#sequence;
  }

  #next(bound: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * bound);
  }

  /** A try that is undone, then the one that stays. */
  write(count: number, keys: number): UndoRange {
    const mark = this.arena.openMiniBlock(++this.#sequence);
    this.#writeAll(count >> 2, keys, false);
    this.arena.rollback(mark);
    this.#writeAll(count, keys, true);
    return this.arena.closeMiniBlock(this.#sequence);
  }

  #writeAll(count: number, keys: number, isKept: boolean): void {
    for (let index = 0; index < count; index++) {
      const slot = toWord(BigInt(this.#next(keys)));
      const value = this.#next(4) === 0 ? 0 : this.#next(1e9);
      const word = toWord(BigInt(value));
      this.arena.write(this.arena.intern(KIND_SLOT, ADDRESS, slot), word, this.#sequence);
      if (isKept) this.contents.set(naivePath(KIND_SLOT, ADDRESS, slot), toHex(word));
    }
  }
}

/** Updates one root block by block, its helpers at work, and compares with others. */
async function follow(shards: number, threads: number, sizes: readonly number[], start: number) {
  const writer = new Writer(start);
  const { arena } = writer;
  const shared = createRootShared({ shards });
  for (let thread = 1; thread < threads; thread++) await startHelper(arena, shared, thread);
  const root = new StateRoot(arena, shared);
  const alone = new StateRoot(arena, createRootShared({ shards: 1 }));
  let bound = 50;
  for (const size of sizes) {
    const range = writer.write(size, (bound += size));
    const found = toHex(root.update(range, writer.sequence));
    expect(toHex(alone.update(range, writer.sequence))).toBe(found);
    expect(found).toBe(naiveRoot(writer.contents));
  }
  expect(toHex(root.rebuild(writer.sequence))).toBe(naiveRoot(writer.contents));
  const before = { sequence: writer.sequence, root: toHex(root.root) };
  const after = writer.write(2 * PIECE, bound);
  const newest = naiveRoot(writer.contents);
  expect(toHex(root.update(after, writer.sequence))).toBe(newest);
  alone.update(after, writer.sequence);
  expect(root.keyCount).toBe(alone.keyCount);
  compareProofs(root, alone);
  // Back for a proof of an older state and forward again, the helpers at work in both.
  expect(toHex(root.rewind(after, before.sequence))).toBe(before.root);
  alone.rewind(after, before.sequence);
  compareProofs(root, alone);
  expect(toHex(root.update(after, writer.sequence))).toBe(newest);
  new RootControl(shared.control).stop();
}

/** Of keys there and absent, one by one and all at once. */
function compareProofs(root: StateRoot, alone: StateRoot): void {
  const slots = [0, 1, 2, 3, 7, 19, 31, 100_001, 100_002].map((slot) => toWord(BigInt(slot)));
  const all = slots.map((slot): StateKey => ({ kind: KIND_SLOT, address: ADDRESS, slot }));
  for (const keys of [...all.map((key) => [key]), all]) {
    const proof = root.prove(keys);
    expect(toHex(proof)).toBe(toHex(alone.prove(keys)));
    const values = keys.map((key) => toHex(root.valueOf(key)));
    expect(verifyProof(root.root, keys, proof).map(toHex)).toEqual(values);
  }
}

test.each([
  [1, 2],
  [4, 1],
  [4, 2],
  [16, 1],
  [16, 2],
  [16, 4],
])('%i shards and %i threads give the naive root of random histories', async (shards, threads) => {
  const sizes = fc.array(fc.nat(4 * PIECE), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(), (list, start) => follow(shards, threads, list, start)),
    { numRuns: RUNS, ...seed },
  );
});

test('a change larger than the stages is taken in parts, by every thread', async () => {
  const arena = Arena.create({ megabytes: 256, threads: 2, undoNodesMax: 2 ** 18 });
  const shared = createRootShared({ shards: 1 });
  await startHelper(arena, shared, 1);
  arena.openMiniBlock(1);
  for (let key = 0; key < 130_000; key++) {
    const slot = toWord(BigInt(key));
    arena.write(arena.intern(KIND_SLOT, ADDRESS, slot), toWord(BigInt(key + 1)), 1);
  }
  const root = new StateRoot(arena, shared);
  const updated = root.update(arena.closeMiniBlock(1), 1);
  expect(root.keyCount).toBe(130_000);
  expect(toHex(new StateRoot(arena, createRootShared({ shards: 16 })).rebuild(1))).toBe(
    toHex(updated),
  );
});

test('a helper that died inside is noticed when the helpers are given up', async () => {
  const { arena } = new Writer(1);
  const shared = createRootShared({ shards: 4 });
  const root = new StateRoot(arena, shared);
  const control = new RootControl(shared.control);
  // As a thread that was ended between these two calls.
  control.open({ kind: 3, start: 0, from: 0, to: 0, sequence: 0, isHashed: true });
  expect(control.enter(control.phase)).toBe(true);
  control.stop();
  expect(() => control.close()).toThrow('a root thread ended');
  let code: unknown;
  try {
    root.rebuild(0);
  } catch (error) {
    code = isDeltacastError(error, 'WORKER_FAILED');
  }
  expect(code).toBe(true);
});

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterAll, afterEach, expect, test } from 'vitest';
import { Arena, KIND_BALANCE, KIND_SLOT } from '../../../state/arena.js';
import type { UndoRange } from '../../../state/arena-changes.js';
import { toHex, toWord } from '../../../state/base/bytes.js';
import { nodeDisk } from '../../../state/base/disk.js';
import { systemClock } from '../../../state/base/ports.js';
import { applyDiff, encodeDiff } from '../../../state/diff.js';
import { Log } from '../../../state/log.js';
import { StateRoot } from '../../../state/root.js';
import { RootControl } from '../../../state/root-control.js';
import { createRootShared } from '../../../state/root-owner.js';
import type { RootShared } from '../../../state/root-work.js';
import { naivePath, naiveRoot } from '../../helpers/naive-root.js';
import { ROOT_HELPER } from '../../helpers/root-helper-source.js';

/**
 * The state root over the whole life of a node: random mini-blocks, some taken back, sealed a few
 * at a time; the node ends now and then and begins again from its log, with another arena, that may
 * hold all cells or push some out, and with other threads for the root. Always it is the naive one.
 *   RUNS=200 SEED=1 npx vitest run test/unit/state/root-life.test.ts
 */

const RUNS = Number(process.env['RUNS'] ?? 10);
const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };
const ACCOUNTS = 8;
const SLOTS = 300;
/** More than a piece of a root's work, so that helpers are woken. */
const WRITES_MAX = 700;
/** A slot's account needs its code cell too, and a diff names slots by its newest. */
const CELLS_MAX = WRITES_MAX + 3 * ACCOUNTS;
const THREADS_MAX = 4;
const DIFF = 1;

const directory = mkdtempSync(join(tmpdir(), 'deltacast-root-life-'));
afterAll(() => rmSync(directory, { recursive: true }));
const ending = new Set<Life>();
afterEach(async () => {
  for (const life of ending) await life.end();
});

/** How a node is started. */
interface Start {
  /** null holds every cell in memory. */
  readonly lines: number | null;
  readonly segmentPages: number;
  readonly threads: number;
  readonly shards: number;
}

type Step =
  | { readonly is: 'write' | 'takeBack'; readonly count: number; readonly dice: number }
  | { readonly is: 'seal'; readonly blocks: number }
  | { readonly is: 'restart'; readonly start: Start };

const start: fc.Arbitrary<Start> = fc.record({
  lines: fc.option(fc.integer({ min: CELLS_MAX, max: 1_200 }), { freq: 3 }),
  segmentPages: fc.integer({ min: 1, max: 16 }),
  threads: fc.integer({ min: 1, max: THREADS_MAX }),
  shards: fc.constantFrom(1, 4, 16),
});
const count = fc.oneof(fc.nat(20), fc.nat(WRITES_MAX));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ is: fc.constant('write'), count, dice: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('takeBack'), count, dice: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({ is: fc.constant('seal'), blocks: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('restart'), start }) },
) as fc.Arbitrary<Step>;

async function startHelper(arena: Arena, shared: RootShared, thread: number): Promise<Worker> {
  const urlOf = (name: string): string =>
    new URL(`../../../dist/state/${name}`, import.meta.url).href;
  const helper = new Worker(new URL(`data:text/javascript,${encodeURIComponent(ROOT_HELPER)}`), {
    workerData: {
      arenaUrl: urlOf('arena.js'),
      recordsUrl: urlOf('root-records.js'),
      workUrl: urlOf('root-work.js'),
      memory: arena.memory,
      shared,
      thread,
    },
  });
  await once(helper, 'message');
  return helper;
}

interface Closed {
  readonly range: UndoRange;
  readonly sequence: number;
}

/** A node from its start to its end: arena, log and root. */
class Life {
  readonly arena: Arena;
  readonly root: StateRoot;
  readonly log: Log;
  sequence = 0;
  readonly unsealed: Closed[] = [];
  private readonly shared: RootShared;
  private helpers: readonly Worker[] = [];

  private constructor(path: string, { lines, segmentPages, shards }: Start) {
    this.arena = Arena.create({
      megabytes: 16,
      // The coordinator, the root's threads, and whoever looks.
      threads: 2 + THREADS_MAX,
      undoNodesMax: 2 ** 13,
      ...(lines === null ? {} : { linesMax: lines, segmentPages, coldDirectory: path }),
    });
    this.arena.retainFrom(0);
    this.log = Log.open(
      { disk: nodeDisk, directory: path, clock: systemClock, durability: 'group' },
      ({ payload }) => this.replay(payload),
    );
    this.shared = createRootShared({ shards });
    this.root = new StateRoot(Arena.attach(this.arena.memory, 1), this.shared);
    this.root.rebuild(this.sequence);
  }

  static async begin(path: string, start: Start): Promise<Life> {
    const life = new Life(path, start);
    ending.add(life);
    const { arena, shared } = life;
    const threads = Array.from({ length: start.threads - 1 }, (_, index) => 2 + index);
    life.helpers = await Promise.all(threads.map((thread) => startHelper(arena, shared, thread)));
    return life;
  }

  async end(): Promise<void> {
    ending.delete(this);
    new RootControl(this.shared.control).stop();
    await Promise.all(this.helpers.map((helper) => helper.terminate()));
    await this.log.close();
    this.arena.cold?.close();
  }

  write(run: (sequence: number) => void, isKept: boolean): void {
    const { arena } = this;
    arena.cold?.makeRoom(CELLS_MAX);
    const before = arena.mark();
    const mark = arena.openMiniBlock(this.sequence + 1);
    run(this.sequence + 1);
    if (!isKept) {
      arena.rollback(before);
      return;
    }
    this.sequence += 1;
    const range = arena.closeMiniBlock(this.sequence);
    this.unsealed.push({ range, sequence: this.sequence });
    this.log.append(DIFF, encodeDiff(arena, range, mark));
  }

  /** @returns the sequence that the root is of, null where there is nothing to seal */
  seal(blocks: number): number | null {
    const taken = this.unsealed.splice(0, blocks);
    const [first, last] = [taken[0], taken.at(-1)];
    if (first === undefined || last === undefined) return null;
    const { to } = last.range;
    this.root.update({ from: first.range.from, to }, last.sequence);
    this.arena.retainFrom(to);
    return last.sequence;
  }

  fromScratch(sequence: number): string {
    const reader = Arena.attach(this.arena.memory, 1 + THREADS_MAX);
    return toHex(new StateRoot(reader, createRootShared({ shards: 1 })).rebuild(sequence));
  }

  private replay(diff: Uint8Array): void {
    const { arena } = this;
    arena.cold?.makeRoom(CELLS_MAX);
    this.sequence += 1;
    arena.openMiniBlock(this.sequence);
    applyDiff(arena, diff, this.sequence);
    arena.retainFrom(arena.closeMiniBlock(this.sequence).to);
  }
}

/** A path of random histories, and what the state should be after each mini-block. */
class Model {
  private readonly contents = new Map<string, string>();
  /** The naive root as of each sequence that may still be sealed, made when it is asked for. */
  private readonly past = new Map<number, ReadonlyMap<string, string>>();

  writeInto(arena: Arena, sequence: number, writes: number, dice: number): Map<string, string> {
    let state = dice >>> 0;
    const next = (bound: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * bound);
    };
    const written = new Map<string, string>();
    for (let turn = 0; turn < writes; turn++) {
      const address = new Uint8Array(20).fill(1 + next(ACCOUNTS));
      const kind = next(20) === 0 ? KIND_BALANCE : KIND_SLOT;
      const slot = toWord(BigInt(kind === KIND_SLOT ? next(SLOTS) : 0));
      const value = toWord(next(4) === 0 ? 0n : BigInt(next(1e9)));
      arena.write(arena.intern(kind, address, slot), value, sequence);
      written.set(naivePath(kind, address, slot), toHex(value));
    }
    return written;
  }

  keep(sequence: number, written: ReadonlyMap<string, string>): void {
    for (const [path, value] of written) this.contents.set(path, value);
    this.past.set(sequence, new Map(this.contents));
  }

  rootAt(sequence: number): string {
    return naiveRoot(this.past.get(sequence) ?? new Map());
  }
}

interface Seen {
  readonly cold: number;
  readonly reused: number;
}

/** @returns what was looked at in a file, and how often a segment of it was written again */
async function live(first: Start, steps: readonly Step[]): Promise<Seen> {
  const path = mkdtempSync(join(directory, 'node-'));
  const model = new Model();
  let life = await Life.begin(path, first);
  const seen = { cold: 0, reused: 0 };
  const end = async (): Promise<void> => {
    const { cold } = life.arena.statistics();
    seen.cold += (cold?.faults ?? 0) + (cold?.reads ?? 0);
    seen.reused += cold?.segmentsReused ?? 0;
    await life.end();
  };
  const check = (sequence: number | null): void => {
    if (sequence === null) return;
    const naive = model.rootAt(sequence);
    expect(toHex(life.root.root)).toBe(naive);
    expect(life.fromScratch(sequence)).toBe(naive);
  };
  for (const step of steps) {
    if (step.is === 'restart') {
      const { sequence } = life;
      await end();
      life = await Life.begin(path, step.start);
      expect(life.sequence).toBe(sequence);
      check(sequence);
    } else if (step.is === 'seal') {
      check(life.seal(step.blocks));
    } else {
      const isKept = step.is === 'write';
      let written: ReadonlyMap<string, string> = new Map();
      life.write((sequence) => {
        written = model.writeInto(life.arena, sequence, step.count, step.dice);
      }, isKept);
      if (isKept) model.keep(life.sequence, written);
      // The ring must hold what is not sealed.
      if (life.unsealed.length === 4) check(life.seal(4));
    }
  }
  check(life.seal(4));
  await end();
  return seen;
}

test('the root is naive through restarts, evictions and any number of threads', async () => {
  const steps = fc.array(step, { minLength: 20, maxLength: 40, size: 'max' });
  await fc.assert(
    fc.asyncProperty(start, steps, async (first, list) => {
      await live(first, list);
    }),
    { numRuns: RUNS, endOnFailure: true, ...seed },
  );
});

test('so it is where every start has other memory and threads than the one before', async () => {
  const large = { lines: null, segmentPages: 1, threads: 4, shards: 4 };
  const small = { lines: CELLS_MAX, segmentPages: 1, threads: 2, shards: 16 };
  const smaller = { ...small, threads: 3, shards: 1 };
  const steps: Step[] = [large, smaller, small].flatMap((next, life) => {
    const writes = Array.from({ length: 6 }, (_, turn): Step => {
      return { is: 'write', count: WRITES_MAX, dice: 10 * life + turn };
    });
    return [...writes, { is: 'restart', start: next }, { is: 'takeBack', count: 100, dice: life }];
  });
  const { cold, reused } = await live(small, steps);
  expect(cold).toBeGreaterThan(5_000);
  expect(reused).toBeGreaterThan(5);
});

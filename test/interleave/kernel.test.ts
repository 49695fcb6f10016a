import { beforeAll, describe, expect, it } from 'vitest';
import { Arena } from '../../state/arena.js';
import { toHex } from '../../state/base/bytes.js';
import { systemClock } from '../../state/base/ports.js';
import type { Executor } from '../../workers/batch.js';
import type { ForkName } from '../../workers/fork.js';
import { readOutcome } from '../../workers/outcome.js';
import { COUNTERS } from '../../workers/protocol.js';
import { startExecutor } from '../../workers/start.js';
import { cellsOf } from '../helpers/executors.js';
import { compileMutant } from '../helpers/mutant.js';
import { Dice } from './dice.js';
import { KernelWorld } from './kernel-world.js';
import { contextOf, FORKS, fillRich, richBlock } from './rich-block.js';

/** R1, R2: what the kernel does without JavaScript gives the sequential result in each order. */

const RUNS = Number(process.env['RUNS'] ?? 300);
const SEED = Number(process.env['SEED'] ?? 1);
const WORKERS = (process.env['WORKERS'] ?? '1,2,3,4,8,16').split(',').map(Number);
/** Above 2^21 the low word of a double is not empty. */
const FIRST = 3_000_001;
const BLOCK_MAX = 40;
/** A planted bug must show itself within so many blocks. */
const PLANTED_RUNS = 4_000;
const THREADS = 17;
const ARENA_MEGABYTES = 64;

function newArena(): Arena {
  const arena = Arena.create({ megabytes: ARENA_MEGABYTES, threads: THREADS });
  arena.openMiniBlock(1);
  fillRich(arena, 1);
  arena.closeMiniBlock(1);
  return arena;
}

/** What must not depend on who executed it, or when. */
function visible(record: Uint8Array): string {
  // Engines keep the fee apart in different cases; it is in the cells in all of them.
  const { status, reason, gasUsed, created, logs, output } = readOutcome(record);
  const rest = { status, reason, gasUsed, created, logs, output };
  return JSON.stringify(rest, (_key, value) => {
    if (typeof value === 'bigint') return `${value}`;
    return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  });
}

interface Result {
  readonly outcomes: readonly string[];
  readonly cells: readonly string[];
  readonly codes: readonly string[];
}

/** Runs in an arena and takes everything back. */
async function undone(arena: Arena, run: () => Promise<readonly Uint8Array[]>): Promise<Result> {
  const mark = arena.mark();
  arena.openMiniBlock(FIRST);
  const outcomes = (await run()).map(visible);
  const cells = cellsOf(arena);
  const codes = arena.codesSince(mark).map(({ hash }) => toHex(hash));
  arena.rollback(mark);
  return { outcomes, cells, codes };
}

class Sequential {
  private readonly arena = newArena();
  private executor: Executor | undefined;
  private readonly engine: string;

  constructor(engine: string) {
    this.engine = engine;
  }

  async run(records: readonly Uint8Array[], fork: ForkName): Promise<Result> {
    const { arena, engine } = this;
    this.executor ??= await startExecutor({ arena, workers: 0, clock: systemClock, engine });
    const { executor } = this;
    await executor.beginBlock(contextOf(fork));
    executor.sequence = FIRST - 1;
    return await undone(arena, async () => {
      const result = await executor.runBatch(records);
      return records.map((_, index) => result.record(index));
    });
  }
}

async function runSeed(world: KernelWorld, seed: number, expectation: Sequential): Promise<void> {
  const dice = new Dice(seed);
  const fork = FORKS[dice.below(FORKS.length)] as ForkName;
  const records = richBlock(dice, fork, BLOCK_MAX);
  const expected = await expectation.run(records, fork);
  await world.beginBlock(contextOf(fork));
  const result = await undone(world.arena, () => world.run(records, FIRST, seed));
  expect(result, `SEED=${seed} RUNS=1`).toEqual(expected);
}

describe('the scheduler over the interpreter', () => {
  const interpreter = new Sequential('interpreter');
  it('executes random blocks in order as the reference engine does', async () => {
    const reference = new Sequential('reference');
    for (let seed = SEED; seed < SEED + RUNS / 10; seed += 1) {
      const dice = new Dice(seed);
      const fork = FORKS[dice.below(FORKS.length)] as ForkName;
      const records = richBlock(dice, fork, BLOCK_MAX);
      const expected = await reference.run(records, fork);
      expect(await interpreter.run(records, fork), `SEED=${seed} RUNS=1`).toEqual(expected);
    }
  });

  it.each(WORKERS)('gives the sequential result for %i workers in any order', async (workers) => {
    const world = new KernelWorld(newArena(), workers);
    const seen = new Map<string, number>();
    for (let seed = SEED; seed < SEED + RUNS; seed += 1) {
      await runSeed(world, seed, interpreter);
      for (const name of COUNTERS) seen.set(name, (seen.get(name) ?? 0) + world.counter(name));
    }
    if (RUNS < 300 || workers === 1) return;
    // Anything less, and some way through the scheduler would go untried.
    const tried = ['staleBalance', 'staleNonce', 'staleSlot', 'needsHead', 'atHead'];
    expect([...tried, 'stolen'].filter((name) => (seen.get(name) ?? 0) === 0)).toEqual([]);
  });
});

describe('a commit that is wrong in one thing is found out: it', () => {
  const interpreter = new Sequential('interpreter');
  beforeAll(async () => void (await interpreter.run([], 'osaka')));
  const COMMIT = 'workers/kernel/commit-effects.as.ts';
  const planted: readonly (readonly [string, string, string])[] = [
    ['takes every sender for rich', '? !lt(cell, value) :', '? true :'],
    ['lets balances overflow', ': fits(cell, value)', ': true'],
    [
      'takes every value for the one read',
      '== READ_EXACT) return sameWord(cell, value)',
      '== READ_EXACT) return true',
    ],
    [
      'takes an absent key for present',
      'return how == READ_ADDABLE || isZeroWord(value)',
      'return true',
    ],
    ['sets what is to be added', '!= WRITE_ADD) return storeValue', '!= 99) return storeValue'],
    ['loses the fee', 'if (isZeroWord(effects + E_FEE)) return 0;', 'return 0;'],
    ['loses codes', 'if (codes != 0) {', 'if (codes == 1) {'],
  ];
  it.each(planted)('%s', async (_name, from, to) => {
    const entry = 'workers/kernel/scheduler-index.as.ts';
    const module = await compileMutant('scheduler', entry, [{ file: COMMIT, from, to }]);
    const world = new KernelWorld(newArena(), 3, module);
    const run = async () => {
      for (let seed = SEED; seed < SEED + PLANTED_RUNS; seed += 1) {
        await runSeed(world, seed, interpreter);
      }
    };
    await expect(run()).rejects.toThrow();
  });
});

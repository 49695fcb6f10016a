import { describe, expect, it } from 'vitest';
import { Arena } from '../../state/arena.js';
import { runAll, runFence, runSeed } from './orders.js';
import { type Parts, PLANTED, PLANTED_IN_FENCE, RIGHT } from './planted.js';
import type { FakeStep } from './tiny.js';
import { loadKernel, type Setting } from './world.js';

/** R2: each order of the atomic steps gives the result of sequential execution, and ends. */

const RUNS = Number(process.env['RUNS'] ?? 20_000);
const SEED = Number(process.env['SEED'] ?? 1);
/** All orders of 3 steps have millions of states; with 4 preemptions some 50,000. */
const PREEMPTIONS = Number(process.env['PREEMPTIONS'] ?? 3);
/** A planted bug must show itself within so many seeds. */
const PLANTED_RUNS = 5_000;

const arena = Arena.create({ megabytes: 8, threads: 5 });
arena.openMiniBlock(1);

const settingOf = async (parts: Parts): Promise<Setting> => {
  return { arena, kernel: await loadKernel(arena, parts), parts };
};
const RIGHT_SETTING = await settingOf(RIGHT);
const step = (reads: readonly number[], write: number): FakeStep => {
  return { kind: 'plain', reads, write, fee: 0 };
};

/** Runs seeds from SEED on; names the one that fails. */
function runSeeds(runs: number, run: (seed: number) => unknown): void {
  for (let seed = SEED; seed < SEED + runs; seed += 1) {
    try {
      run(seed);
    } catch (cause) {
      throw new Error(`SEED=${seed} RUNS=1: ${(cause as Error).message}`);
    }
  }
}

describe('workers and coordinator in any order', () => {
  it('claim each step once, commit each once, in order, and all end', () => {
    runSeeds(RUNS, (seed) => runSeed(RIGHT_SETTING, seed));
  });

  it('leave cells as the head says when all threads are ended at any step', () => {
    let torn = 0;
    runSeeds(RUNS / 4, (seed) => {
      torn += Number(runFence(RIGHT_SETTING, seed));
    });
    // Threads that died by themselves while they changed cells: rare, and known.
    expect(torn).toBeLessThan(RUNS / 40);
  });

  const hot = step([0], 0);
  const needsHead: FakeStep = { ...hot, kind: 'needsHead' };
  const credits: FakeStep = { ...hot, kind: 'credits' };
  const pairs: readonly (readonly [string, readonly FakeStep[]])[] = [
    ['conflict', [hot, hot]],
    ['make a cell each', [step([0], 1), step([1], 2)]],
    ['need the head', [needsHead, needsHead]],
    ['are a credit and its reader', [credits, hot]],
  ];
  it.each(pairs)('give one result in all orders of 2 workers and 2 steps that %s', (_, steps) => {
    const bounds = { workers: 2, preemptionsMax: Number.POSITIVE_INFINITY };
    expect(runAll(RIGHT_SETTING, bounds, steps)).toBeGreaterThan(1_000);
  });

  const triples: typeof pairs = [
    ['conflict', [hot, hot, hot]],
    ['have nothing in common', [step([], 0), step([], 1), step([], 2)]],
    ['are of three kinds', [needsHead, credits, hot]],
  ];
  it.each(triples)(
    `give one result in all orders with ${PREEMPTIONS} preemptions and 3 steps that %s`,
    (_, steps) => {
      const bounds = { workers: 2, preemptionsMax: PREEMPTIONS };
      expect(runAll(RIGHT_SETTING, bounds, steps)).toBeGreaterThan(3_000);
    },
  );
});

describe('a worker that is wrong in one thing is found out: it', () => {
  it.each(Object.entries(PLANTED))('%s', async (_name, parts) => {
    const setting = await settingOf(parts);
    expect(() => runSeeds(PLANTED_RUNS, (seed) => runSeed(setting, seed))).toThrow('SEED=');
  });

  it.each(Object.entries(PLANTED_IN_FENCE))('%s', async (_name, parts) => {
    const setting = await settingOf(parts);
    expect(() => runSeeds(PLANTED_RUNS, (seed) => runFence(setting, seed))).toThrow('SEED=');
  });
});

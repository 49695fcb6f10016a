import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { differenceOf } from '../equivalence/real-blocks.js';
import { ASLEEP } from '../helpers/engines/faulty-interpreter.mjs';
import { Dice } from '../interleave/dice.js';
import { mixedBlock, transferBlock } from './fault-blocks.js';
import { FAULT_CASES, type FaultCase } from './fault-cases.js';
import { DEADLINE_MS, FaultParty, type Loss, type Run } from './fault-party.js';

/**
 * R11 and R12: whatever happens to a worker, and at whatever moment of a batch, the block has the
 * receipts, logs, diff and root of sequential execution. How long it took is said at the end. RUNS
 * says how many cases and how many threads are ended from outside, SEED with which to begin:
 *
 *   RUNS=400 SEED=1 DEADLINE_MS=250 npx vitest run test/torture/faults.test.ts
 */

const RUNS = Number(process.env['RUNS'] ?? 16);
const SEED = Number(process.env['SEED'] ?? 1);
/** A moment that comes by chance comes in one of so many blocks, on a single core too. */
const TRIES_MAX = 40_000;
const CASES = Array.from({ length: Math.min(RUNS, FAULT_CASES.length) }, (_, index) => {
  return FAULT_CASES[((SEED - 1) * RUNS + index) % FAULT_CASES.length]!;
});
const CASE_MS_MAX = 600_000;
const ABORT_MS_MAX = 20_000;
const dice = new Dice(SEED);
const losses: [string, Loss][] = [];
let torn = 0;

const parties = new Map<number, FaultParty>();
async function party(workers: number): Promise<FaultParty> {
  const found = parties.get(workers) ?? (await FaultParty.start(workers));
  parties.set(workers, found);
  return found;
}

/** What the run left is as it is without any fault; an arena that is torn is not gone on with. */
async function check(workers: number, block: ReturnType<typeof mixedBlock>, run: Run) {
  if (run.result === null) {
    torn += 1;
    await parties.get(workers)?.stop();
    parties.delete(workers);
    return;
  }
  const expected = await (await party(0)).plain(block);
  expect(differenceOf(expected, run.result), `SEED=${SEED} RUNS=${RUNS}`).toBeNull();
}

/** The same with one fault after the other, each timed from when it happened. */
async function strike({ moment, fault, workers }: FaultCase): Promise<void> {
  const isHeldUp = moment === 'while another changes cells';
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const seed = dice.below(1_000_000);
    const block = isHeldUp ? transferBlock(seed) : mixedBlock(seed);
    // Others sleep in the system call, if ever: transactions take microseconds.
    const from = moment === ASLEEP ? 0 : dice.below(block.records.length >> 1);
    // Each other block, or where one core is to be had all would be gone through alone.
    const isTogether = tries % 2 === 1;
    const run = await (await party(workers)).struck(block, { moment, fault, from, isTogether });
    await check(workers, block, run);
    expect(run.result, 'nothing is torn').not.toBeNull();
    if (run.loss === null) continue;
    losses.push([fault, run.loss]);
    return;
  }
  expect.fail(`in ${TRIES_MAX} blocks no worker came to this moment`);
}

describe('a block gives the sequential result where a worker', () => {
  beforeAll(() => party(0));
  afterAll(async () => {
    for (const each of parties.values()) await each.stop();
    console.log(tableOf(losses));
    console.log(`${torn} arenas known to be torn by a thread that was ended while it changed them`);
  });

  it.each(CASES)('$fault: $moment, $workers workers', strike, CASE_MS_MAX);

  it(
    `is ended from outside, ${RUNS} times`,
    async () => {
      for (let run = 0; run < RUNS; run += 1) {
        const workers = 2 + dice.below(3);
        const block = mixedBlock(dice.below(1_000_000));
        const one = await party(workers);
        const startedMs = performance.now();
        const result = await one.plain(block);
        // At some time in a block that takes as long as this one.
        const afterMs = dice.roll() * (performance.now() - startedMs);
        await check(workers, block, { result, loss: null });
        const aborted = await one.aborted(block, dice.below(workers), afterMs);
        await check(workers, block, aborted);
        if (aborted.loss !== null) losses.push(['is ended from outside', aborted.loss]);
      }
    },
    RUNS * ABORT_MS_MAX,
  );
});

/** Milliseconds of each fault: median and worst until it is found, then until all work again. */
function tableOf(all: readonly (readonly [string, Loss])[]): string {
  const names = [...new Set(all.map(([name]) => name)), 'all'];
  const rows = names.map((name) => {
    const own = all.filter(([each]) => each === name || name === 'all').map(([, loss]) => loss);
    const columns = (['verdictMs', 'backMs'] as const).flatMap((field) => {
      const sorted = own.map((loss) => loss[field]).sort((a, b) => a - b);
      return [50, 99, 100].map((percent) => percentile(sorted, percent));
    });
    return [name.padEnd(24), String(own.length).padStart(5), ...columns].join('');
  });
  const heads = ['verdict p50', 'p99', 'max', 'back p50', 'p99', 'max'];
  const head = heads.map((text) => text.padStart(WIDTH)).join('');
  const title = `deadline ${DEADLINE_MS} ms`.padEnd(24);
  return [`${title} runs${head}`, ...rows].join('\n');
}

const WIDTH = 12;

function percentile(sorted: readonly number[], percent: number): string {
  const index = Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100));
  return (sorted[index] ?? 0).toFixed(1).padStart(WIDTH);
}

import { afterAll, beforeAll, expect, it } from 'vitest';
import { CONTEXT, GENESIS_SEQUENCE } from '../../bench/chain.js';
import { digestOf } from '../../bench/digest.js';
import { MIB } from '../../state/base/limits.js';
import { systemClock } from '../../state/base/ports.js';
import type { Executor } from '../../workers/batch.js';
import { startExecutor } from '../../workers/start.js';
import type { TieringLimits } from '../../workers/tiering/tiering-limits.js';
import { createLoad, recordOfBomb } from './load.js';

/**
 * Forty contracts that are made to cost the compiler much, among transfers of a token: everything
 * that ran once is compiled, the least used go when there is no room, and nothing of it shows.
 */
const ORDINARY_A_BATCH = 10;
const BYTES_MAX = 8 * MIB;
/** Of the whole process, beside the arenas: modules, machine code, and what compiles it. */
const GROWTH_BYTES_MAX = 500 * MIB;
/** Half a minute where nothing else runs. */
const TIMEOUT_MS = 600_000;
const LIMITS: Partial<TieringLimits> = {
  gasNoted: 1,
  gasBase: 1,
  gasPerByte: 0,
  lookMs: 0,
  rest: 0,
  idleMs: 0,
  retryMs: 1e9,
  deadlineMs: 120_000,
  bytesMax: BYTES_MAX,
};

const open: Executor[] = [];
let load: ReturnType<typeof createLoad>;
beforeAll(() => {
  load = createLoad(80 * ORDINARY_A_BATCH);
});
afterAll(async () => {
  for (const executor of open) await executor.stop();
});

/** Each bomb goes off twice. @returns hash of all state, and gas of each transaction */
async function run(engine: string, workers: number) {
  const arena = load.open(workers + 1);
  const limits = { tieringLimits: LIMITS };
  const executor = await startExecutor({ arena, workers, clock: systemClock, engine, ...limits });
  open.push(executor);
  executor.sequence = GENESIS_SEQUENCE;
  await executor.beginBlock(CONTEXT);
  const gas: number[] = [];
  for (let nonce = 0; nonce < 2 * load.bombs.length; nonce += 1) {
    const first = nonce * ORDINARY_A_BATCH;
    const others = load.ordinary.slice(first, first + ORDINARY_A_BATCH);
    arena.openMiniBlock(executor.sequence + 1);
    const bomb = recordOfBomb(nonce % load.bombs.length, nonce);
    const { outcomes } = await executor.runBatch([...others, bomb]);
    arena.closeMiniBlock(executor.sequence);
    gas.push(...outcomes.map(({ gasUsed, status }) => 4 * gasUsed + status));
    await executor.tiering?.settled();
  }
  return { gas, digest: digestOf(arena), tiering: executor.tiering };
}

it(
  'bombs for the compiler leave results and bounds as they are',
  async () => {
    const interpreted = await run('interpreter', 0);
    const before = process.memoryUsage.rss();
    const tiered = await run('auto', 1);
    const growth = process.memoryUsage.rss() - before;
    expect(tiered.gas).toEqual(interpreted.gas);
    expect(tiered.digest).toBe(interpreted.digest);
    const { counts, size } = tiered.tiering!;
    console.log(JSON.stringify({ ...counts, ...size, growthMib: Math.round(growth / MIB) }));
    expect(counts.tier1 + counts.tier2 + counts.limits + counts.room).toBeGreaterThanOrEqual(40);
    expect(counts).toMatchObject({ time: 0, failed: 0 });
    expect(size.bytes).toBeLessThanOrEqual(BYTES_MAX);
    expect(growth).toBeLessThan(GROWTH_BYTES_MAX);
  },
  TIMEOUT_MS,
);

import { describe, expect, it } from 'vitest';
import { CONTEXT, FEES, GENESIS_SEQUENCE, openArena } from '../../../bench/chain.js';
import { digestOf } from '../../../bench/digest.js';
import { prepare } from '../../../bench/prepare.js';
import { createWorkload } from '../../../runtime/load/workloads.js';
import { systemClock } from '../../../state/base/ports.js';
import { startExecutor } from '../../../workers/start.js';

/** What a thread knows of accounts and slots (kernel/known.as.ts) is of no use after a rollback. */

const ACCOUNTS = 48;
/** Everybody sends or receives once; who sends gets a nonce cell. */
const ROUND = ACCOUNTS / 2;
/** Who sends again is known by then. */
const TRANSACTIONS = 4 * ROUND;

async function open(workload: string, engine: string) {
  const load = createWorkload(workload, { accounts: ACCOUNTS, seed: 1, ...FEES });
  const arena = openArena([...load.alloc()], 1);
  const { records } = prepare(load, 0, TRANSACTIONS, systemClock).measured;
  const executor = await startExecutor({ arena, workers: 0, clock: systemClock, engine });
  executor.sequence = GENESIS_SEQUENCE;
  await executor.beginBlock(CONTEXT);
  return { arena, executor, records };
}

type Opened = Awaited<ReturnType<typeof open>>;

async function run({ executor }: Opened, records: readonly Uint8Array[]): Promise<string[]> {
  const { outcomes } = await executor.runBatch(records);
  return outcomes.map(({ status, gasUsed, logs }) => `${status} ${gasUsed} ${logs.length}`);
}

describe('what is known of accounts and slots', () => {
  it.each(['erc20', 'swap'])('is forgotten when %s is rolled back', async (workload) => {
    const fresh = await open(workload, 'reference');
    const backwards = fresh.records.slice(0, ROUND).reverse();
    const expected = await run(fresh, backwards);
    expect(new Set(expected.map((line) => line.slice(0, 1)))).toEqual(new Set(['1']));
    for (const engine of ['interpreter', 'compiled']) {
      const opened = await open(workload, engine);
      const { arena, executor, records } = opened;
      const mark = arena.mark();
      await run(opened, records);
      arena.rollback(mark);
      executor.sequence = GENESIS_SEQUENCE;
      // In another order: the cells that are made have the others' ids.
      expect(await run(opened, backwards)).toEqual(expected);
      expect(digestOf(arena)).toBe(digestOf(fresh.arena));
      await executor.stop();
    }
    await fresh.executor.stop();
  });
});

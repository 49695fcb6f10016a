import { describe, expect, it } from 'vitest';
import {
  type AllocEntry,
  CONTEXT,
  FEES,
  GENESIS_SEQUENCE,
  openArena,
} from '../../../bench/chain.js';
import { digestOf } from '../../../bench/digest.js';
import { prepare } from '../../../bench/prepare.js';
import { TOKEN_ADDRESS } from '../../../runtime/load/erc20.js';
import { createWorkload } from '../../../runtime/load/workloads.js';
import type { Arena } from '../../../state/arena.js';
import { systemClock } from '../../../state/base/ports.js';
import { framesOf } from '../../../state/layout.js';
import * as map from '../../../workers/kernel/map.js';
import { startExecutor } from '../../../workers/start.js';

/** Looking ahead: learnt from what was executed, only in a large state, and without any effect. */

const MANY_CELLS = 33_000;
const ACCOUNTS = 48;
const TRANSACTIONS = 160;
const BATCH = 40;
const SELECTOR = 0xa9059cbb;

/** Storage of one account, that nobody touches. */
function fill(cells: number): AllocEntry {
  const slots = Array.from({ length: cells }, (_, slot) => [`0x${slot.toString(16)}`, '0x1']);
  return [`0x${'f1'.repeat(20)}`, { balance: '0x1', storage: Object.fromEntries(slots) }];
}

async function run(workload: string, engine: string, cells: number) {
  const load = createWorkload(workload, { accounts: ACCOUNTS, seed: 1, ...FEES });
  const arena = openArena([...load.alloc(), fill(cells)], 1);
  const { records } = prepare(load, 1, TRANSACTIONS, systemClock).measured;
  const executor = await startExecutor({ arena, workers: 0, clock: systemClock, engine });
  executor.sequence = GENESIS_SEQUENCE;
  await executor.beginBlock(CONTEXT);
  const results: string[] = [];
  for (let start = 0; start < records.length; start += BATCH) {
    const result = await executor.runBatch(records.slice(start, start + BATCH));
    for (const { status, gasUsed, logs } of result.outcomes) {
      results.push(`${status} ${gasUsed} ${logs.length}`);
    }
  }
  await executor.stop();
  return { arena, results, digest: digestOf(arena) };
}

/** The steps looked at ahead, and {source, slot} of each habit of the token's transfer. */
function memoryOf(arena: Arena) {
  const view = new DataView(arena.memory.buffer);
  const machine = framesOf(arena.layout, arena.thread).base;
  const table = view.getUint32(machine + map.M_HABITS, true);
  const habits: number[][] = [];
  for (let index = 0; index < map.HABITS; index += 1) {
    const line = table + index * map.HABIT_BYTES;
    const address = arena.bytes.slice(line, line + 20);
    if (!Buffer.from(address).equals(TOKEN_ADDRESS)) continue;
    expect(view.getUint32(line + map.HABIT_SELECTOR)).toBe(SELECTOR);
    const count = view.getUint32(line + map.HABIT_COUNT, true);
    for (let at = line + map.HABIT_LINES_AT; habits.length < count; at += 8) {
      habits.push([view.getUint32(at, true), view.getUint32(at + 4)]);
    }
  }
  return { ahead: view.getUint32(machine + map.M_AHEAD_END, true), habits };
}

describe('looking ahead', () => {
  it.each(['erc20', 'transfer', 'swap'])('changes no result of %s', async (workload) => {
    const expected = await run(workload, 'reference', MANY_CELLS);
    for (const engine of ['interpreter', 'compiled']) {
      const { results, digest, arena } = await run(workload, engine, MANY_CELLS);
      expect(memoryOf(arena).ahead).toBe(BATCH);
      expect(results).toEqual(expected.results);
      expect(digest).toBe(expected.digest);
    }
  });

  it('learns that a transfer asks for the balances of sender and first argument', async () => {
    const { arena } = await run('erc20', 'compiled', MANY_CELLS);
    expect(memoryOf(arena).habits.sort()).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });

  it('is left out where the state is small', async () => {
    const { arena } = await run('erc20', 'interpreter', 10);
    expect(memoryOf(arena).ahead).toBe(0);
  });
});

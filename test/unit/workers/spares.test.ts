import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../state/base/ports.js';
import type { CrewThread } from '../../../workers/crew-thread.js';
import type { ParallelExecutor } from '../../../workers/parallel.js';
import { Protocol } from '../../../workers/protocol.js';
import { faultData } from '../../helpers/engines/faulty.mjs';
import { type Bench, FIRST, startBench, transfer } from '../../helpers/executors.js';

/** Who takes the place of a thread that is lost, and who keeps theirs. */

const SPARES = 2;

let bench: Bench;
let crew: { places: (CrewThread | null)[]; spares: { waiting: CrewThread[] } };
let nonce = 0;

beforeEach(async () => {
  bench = await startBench(2);
  nonce = 0;
  crew = (bench.executor as unknown as { rounds: typeof crew }).rounds;
  await (bench.executor as ParallelExecutor).start();
  await expect.poll(() => crew.spares.waiting.length, { timeout: 20_000 }).toBe(SPARES);
  bench.arena.openMiniBlock(FIRST);
  bench.executor.sequence = FIRST - 1;
});
afterEach(() => bench.executor.stop());

/** Two transfers of one sender, the first of which meets a fault once. */
async function batch(fault: string): Promise<{ restarts: number; cpuMilliseconds: number }> {
  const records = [transfer(0, nonce, nonce, faultData(fault, 1)), transfer(0, nonce + 1, 1)];
  nonce += 2;
  const { outcomes, counters } = await bench.executor.runBatch(records);
  expect(outcomes.map(({ status }) => status)).toEqual([1, 1]);
  return counters;
}

/** Ends a thread behind the crew's back. */
async function kill(thread: CrewThread): Promise<void> {
  const { pool } = (thread as unknown as { threads: { pool: unknown } }).threads;
  const { threads } = (pool as { piscina: { threads: { terminate(): Promise<number> }[] } })
    .piscina;
  await threads[0]!.terminate();
}

describe('a spare thread', () => {
  it.each(['throws', 'exits', 'loops', 'waits'])(
    'takes the place of one that %s',
    async (fault) => {
      const before = [...crew.places];
      const waiting = [...crew.spares.waiting];
      expect((await batch(fault)).restarts).toBe(1);
      const isKept = crew.places.map((thread, worker) => thread === before[worker]);
      expect(isKept.toSorted()).toEqual([false, true]);
      expect(crew.places[isKept.indexOf(false)]).toBe(waiting[0]);
      await expect.poll(() => crew.spares.waiting.length, { timeout: 20_000 }).toBe(SPARES);
    },
  );

  it('is no loss where it dies', async () => {
    const dead = [...crew.spares.waiting];
    for (const thread of dead) await kill(thread);
    await expect.poll(() => crew.spares.waiting.length).toBe(0);
    expect((await batch('exits')).restarts).toBe(1);
    expect(crew.places.some((thread) => thread === null || dead.includes(thread))).toBe(false);
    expect((await batch('throws')).restarts).toBe(1);
  });

  it('that dies in the moment when it is needed is lost like any other', async () => {
    const [first] = crew.spares.waiting;
    const killed = kill(first!);
    const { restarts } = await batch('exits');
    await killed;
    expect(restarts).toBeGreaterThanOrEqual(1);
    expect(crew.places).not.toContain(first);
  });

  it('takes no part in a batch, and no CPU', async () => {
    // Long after they have come to wait.
    await new Promise((resolve) => systemClock.after(1_000, () => resolve(null)));
    const before = process.cpuUsage();
    await new Promise((resolve) => systemClock.after(1_000, () => resolve(null)));
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(50);
    const protocol = new Protocol(bench.arena);
    expect(protocol.workers()).toBe(2);
    expect(protocol.missing()).toEqual([]);
  });
});

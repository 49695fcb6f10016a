import { afterAll, describe, expect, it } from 'vitest';
import type { BatchCounters } from '../../../workers/batch.js';
import { type Bench, FIRST, SENDERS, startBench, transfer } from '../../helpers/executors.js';

/** What a round counts of its own time. */

const ROUNDS = 40;
const BATCH = Array.from({ length: 50 * SENDERS }, (_, index) => {
  return transfer(index % SENDERS, Math.floor(index / SENDERS), index);
});
/** Each sum of a thread is cut to a whole microsecond. */
const CUT_MICROSECONDS = 10;

async function run({ arena, executor }: Bench): Promise<BatchCounters> {
  const mark = arena.mark();
  arena.openMiniBlock(FIRST);
  executor.sequence = FIRST - 1;
  const { counters } = await executor.runBatch(BATCH);
  arena.rollback(mark);
  return counters;
}

describe.each([0, 1, 2])('with %i workers', async (workers) => {
  const bench = await startBench(workers);
  afterAll(() => bench.executor.stop());

  it('loading, executing, committing and collecting are parts of the time', async () => {
    const threads = Math.max(1, workers);
    for (let round = 0; round < ROUNDS; round += 1) {
      const counters = await run(bench);
      const { loadMicroseconds, executeMicroseconds, collectMicroseconds } = counters;
      expect(loadMicroseconds).toBeGreaterThan(0);
      expect(executeMicroseconds).toBeGreaterThan(0);
      expect(collectMicroseconds).toBeGreaterThan(0);
      const whole = counters.milliseconds * 1_000 + CUT_MICROSECONDS;
      expect(loadMicroseconds + collectMicroseconds).toBeLessThanOrEqual(whole);
      const { commitMicroseconds, parkedMicroseconds } = counters;
      const worked = executeMicroseconds + commitMicroseconds + parkedMicroseconds;
      expect(worked).toBeLessThanOrEqual(whole * threads);
    }
  });
});

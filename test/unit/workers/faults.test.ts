import { afterAll, describe, expect, it } from 'vitest';
import { FAULTS, faultData } from '../../helpers/engines/faulty.mjs';
import {
  type Bench,
  cellsOf,
  DEADLINE_MS,
  FIRST,
  SENDERS,
  startBench,
  transfer,
  verdicts,
} from '../../helpers/executors.js';

/** R11: whatever an engine does to its thread, the batch has the result of sequential execution. */

const POISON_AT = 5;
/** Names the run whose faults are counted. */
let nextValue = 1;

/** Twelve transfers of which one may be poisonous. */
function records(poison: string | null): Uint8Array[] {
  return Array.from({ length: 2 * SENDERS }, (_, index) => {
    const [from, nonce] = [index % SENDERS, Math.floor(index / SENDERS)];
    if (index !== POISON_AT || poison === null) return transfer(from, nonce, 500 + index);
    return transfer(from, nonce, nextValue, poison);
  });
}

/** Runs one batch from the first state and takes it back. */
async function run({ arena, executor }: Bench, batch: Uint8Array[]) {
  const mark = arena.mark();
  arena.openMiniBlock(FIRST);
  executor.sequence = FIRST - 1;
  const result = await executor.runBatch(batch);
  const cells = cellsOf(arena);
  arena.rollback(mark);
  return { result, cells, sequence: executor.sequence };
}

describe('an engine that', async () => {
  const plain = await startBench(0);
  const threads = await startBench(2);
  afterAll(() => threads.executor.stop());

  it.each(Object.keys(FAULTS))('%s once costs no transaction its result', async (name) => {
    nextValue += 1;
    const batch = records(faultData(name, 1));
    const expected = await run(plain, batch);
    const startedMs = performance.now();
    const actual = await run(threads, batch);
    expect(verdicts(actual.result)).toEqual(verdicts(expected.result));
    expect(actual.cells).toEqual(expected.cells);
    expect(actual.sequence).toBe(expected.sequence);
    expect(actual.result.counters.restarts).toBe(1);
    expect(actual.result.counters.cause).not.toBe('');
    expect(performance.now() - startedMs).toBeLessThan(DEADLINE_MS + 5_000);
  });

  it.each(Object.keys(FAULTS))('%s each time costs that transaction alone', async (name) => {
    nextValue += 1;
    const batch = records(faultData(name, 0));
    const expected = await run(
      plain,
      batch.filter((_, index) => index !== POISON_AT),
    );
    const actual = await run(threads, batch);
    const outcomes = verdicts(actual.result);
    const [refused] = outcomes.splice(POISON_AT, 1);
    expect(refused).toEqual({ status: 4, reason: 'EXECUTION_FAULT', gasUsed: 0 });
    expect(outcomes).toEqual(verdicts(expected.result));
    expect(actual.cells).toEqual(expected.cells);
    expect(actual.sequence).toBe(expected.sequence);
    expect(actual.result.counters.restarts).toBe(2);
  });

  it('failed is forgotten: the next batch runs as ever', async () => {
    const expected = await run(plain, records(null));
    const actual = await run(threads, records(null));
    expect(verdicts(actual.result)).toEqual(verdicts(expected.result));
    expect(actual.cells).toEqual(expected.cells);
    expect(actual.result.counters.restarts).toBe(0);
  });
});

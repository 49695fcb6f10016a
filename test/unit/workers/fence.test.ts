import { afterEach, describe, expect, it, vi } from 'vitest';
import { isDeltacastError } from '../../../state/base/errors.js';
import { systemClock } from '../../../state/base/ports.js';
import { Crew } from '../../../workers/crew.js';
import type { ParallelExecutor } from '../../../workers/parallel.js';
import { TaskThreads } from '../../../workers/pool.js';
import { KIND_TRANSACTION } from '../../../workers/protocol-map.js';
import { BROKEN_BLOCK, faultData, TEARING_DATA } from '../../helpers/engines/faulty.mjs';
import {
  type Bench,
  cellsOf,
  FAULTY_ENGINE,
  FIRST,
  ringArena,
  sender,
  startBench,
  transfer,
} from '../../helpers/executors.js';
import { CONTEXT } from '../../helpers/random-block.js';

/** R12: what the end of threads leaves behind, and what it does not. */

const QUIET_MS = 60;
const pause = (ms: number) => new Promise((resolve) => systemClock.after(ms, () => resolve(null)));

/** The code of the error that a promise rejects with. */
async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'nothing was thrown';
  } catch (error) {
    if (isDeltacastError(error)) return error.code;
    throw error;
  }
}

/** Ends threads that scribble over their outcomes. @returns bytes that were written after that */
async function lateBytes(): Promise<number> {
  const arena = ringArena();
  const crew = new Crew({
    arena,
    clock: systemClock,
    workers: 2,
    firstThread: 1,
    tiering: null,
    engineModule: FAULTY_ENGINE,
    isPinned: false,
    isTogether: false,
    heapMegabytes: 48,
  });
  await crew.beginBlock(CONTEXT);
  const records = [0, 1].map((from) => {
    return transfer(from, 0, from, faultData('scribbles for ever', 0));
  });
  const steps = { kind: KIND_TRANSACTION, records } as const;
  const { committed, failure } = await crew.round(steps, FIRST, 30, () => {});
  expect({ committed, failure }).toEqual({ committed: 0, failure: 'worker-failed' });
  const { base, bytes } = arena.layout.batchOut;
  const region = arena.bytes.subarray(base, base + bytes);
  region.fill(0xee);
  await pause(QUIET_MS);
  const late = region.reduce((count, byte) => count + Number(byte !== 0xee), 0);
  await crew.stop();
  return late;
}

describe('after the fence', () => {
  afterEach(() => vi.restoreAllMocks());

  it('no byte is written by any thread that was ended', async () => {
    for (let run = 0; run < 5; run += 1) expect(await lateBytes()).toBe(0);
  });

  it('late bytes would be seen, if it did not wait for the threads to exit', async () => {
    const end = TaskThreads.prototype.end;
    const ends: Promise<void>[] = [];
    vi.spyOn(TaskThreads.prototype, 'end').mockImplementation(async function (this: TaskThreads) {
      ends.push(pause(QUIET_MS / 2).then(() => end.call(this)));
    });
    expect(await lateBytes()).toBeGreaterThan(0);
    await Promise.all(ends);
  });

  it('an arena whose writer was ended in the middle is known to be torn', async () => {
    const { executor, arena } = await startBench(2);
    arena.openMiniBlock(FIRST);
    executor.sequence = FIRST - 1;
    expect(await codeOf(executor.runBatch([transfer(0, 0, 1, TEARING_DATA)]))).toBe('ARENA_TORN');
    await executor.stop();
  });
});

describe('a batch', () => {
  async function withBench(run: (bench: Bench) => Promise<void>): Promise<void> {
    const bench = await startBench(2);
    bench.arena.openMiniBlock(FIRST);
    bench.executor.sequence = FIRST - 1;
    const before = cellsOf(bench.arena);
    await run(bench);
    expect(cellsOf(bench.arena)).toEqual(before);
    expect(bench.executor.sequence).toBe(FIRST - 1);
    await bench.executor.stop();
  }

  it('fails and leaves nothing behind when no thread can begin its block', async () => {
    await withBench(async ({ executor }) => {
      await executor.beginBlock({ ...CONTEXT, number: BROKEN_BLOCK });
      expect(await codeOf(executor.runBatch([transfer(0, 0, 1)]))).toBe('WORKER_FAILED');
      expect(await codeOf(executor.credit([{ address: sender(0), amount: 1n }]))).toBe(
        'WORKER_FAILED',
      );
    });
  });

  it('that hangs is ended by a stop, and leaves nothing behind', async () => {
    await withBench(async ({ executor }) => {
      const records = [transfer(0, 0, 1), transfer(1, 0, 2, faultData('loops', 0))];
      const batch = codeOf(executor.runBatch(records));
      await pause(20);
      const startedMs = performance.now();
      await executor.stop();
      expect(performance.now() - startedMs).toBeLessThan(1_000);
      expect(await batch).toBe('WORKER_FAILED');
      expect(await codeOf(executor.runBatch([transfer(0, 0, 1)]))).toBe('WORKER_FAILED');
    });
  });

  it('runs on new threads when the old ones died while nothing was to be done', async () => {
    const { arena, executor } = await startBench(2);
    arena.openMiniBlock(FIRST);
    executor.sequence = FIRST - 1;
    await executor.runBatch([transfer(0, 0, 1)]);
    await killOne(executor as ParallelExecutor);
    const result = await executor.runBatch([transfer(0, 1, 1), transfer(1, 0, 1)]);
    expect(result.outcomes.map(({ status }) => status)).toEqual([1, 1]);
    expect(result.counters.restarts).toBe(1);
    await executor.stop();
  });

  it('of no transactions and of no credits is nothing', async () => {
    await withBench(async ({ executor }) => {
      expect((await executor.runBatch([])).count).toBe(0);
      await executor.credit([]);
    });
  });
});

/** Ends a thread behind the executor's back; resolves when the pool has heard of it. */
async function killOne(executor: ParallelExecutor): Promise<void> {
  const { rounds } = executor as unknown as {
    rounds: { places: { threads: { pool: unknown } }[] };
  };
  const { piscina } = rounds.places[0]!.threads.pool as {
    piscina: { threads: { terminate(): unknown }[] };
  };
  await piscina.threads[0]?.terminate();
  await pause(5);
}

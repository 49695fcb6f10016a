import { receiveMessageOnPort } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { CONTEXT, FEES, GENESIS_SEQUENCE, openArena } from '../../../../bench/chain.js';
import { digestOf } from '../../../../bench/digest.js';
import { prepare } from '../../../../bench/prepare.js';
import { createWorkload } from '../../../../runtime/load/workloads.js';
import type { Arena } from '../../../../state/arena.js';
import { systemClock } from '../../../../state/base/ports.js';
import type { Executor } from '../../../../workers/batch.js';
import { startExecutor } from '../../../../workers/start.js';
import { CompileThread } from '../../../../workers/tiering/compile-thread.js';
import { receiveChange, type SentChange } from '../../../../workers/tiering/parcels.js';
import type { CodeDump, Tiering } from '../../../../workers/tiering/tiering.js';
import type { TieringLimits } from '../../../../workers/tiering/tiering-limits.js';

/** Whatever ran once is compiled at once, on however busy a machine. */
const EAGER: Partial<TieringLimits> = {
  gasNoted: 1,
  gasBase: 1,
  gasPerByte: 0,
  lookMs: 0,
  rest: 0,
  idleMs: 0,
  deadlineMs: 120_000,
};
const BATCH = 4;
const LOOP = createWorkload('loop-mix', { accounts: 8, seed: 1, iterations: 20, ...FEES });
const ALLOC = [...LOOP.alloc()];
const { measured } = prepare(LOOP, 0, 2 * BATCH, systemClock);

interface Run {
  readonly arena: Arena;
  readonly executor: Executor;
  readonly tiering: Tiering;
}

const open: Executor[] = [];
afterEach(async () => {
  for (const executor of open.splice(0)) await executor.stop();
});

async function start(workers: number, limits: Partial<TieringLimits> = {}, codeDump?: CodeDump) {
  const arena = openArena(ALLOC, workers + 1);
  const executor = await startExecutor({
    arena,
    workers,
    clock: systemClock,
    engine: 'auto',
    tieringLimits: { ...EAGER, ...limits },
    ...(codeDump === undefined ? {} : { codeDump }),
  });
  open.push(executor);
  executor.sequence = GENESIS_SEQUENCE;
  await executor.beginBlock(CONTEXT);
  return { arena, executor, tiering: executor.tiering! };
}

/** Two batches, with time to compile after each. */
async function runAll({ arena, executor, tiering }: Run): Promise<void> {
  for (let index = 0; index < 2; index += 1) {
    arena.openMiniBlock(executor.sequence + 1);
    await executor.runBatch(measured.records.slice(index * BATCH, (index + 1) * BATCH));
    arena.closeMiniBlock(executor.sequence);
    await tiering.settled();
  }
}

describe('tiering', () => {
  it.each([0, 2])('compiles what is hot and gives the same state, %i workers', async (workers) => {
    const auto = await start(workers);
    await runAll(auto);
    const { counts, uses, size } = auto.tiering;
    expect(counts).toMatchObject({ tier1: 0, tier2: 1, evicted: 0 });
    expect(size.codes).toBe(1);
    expect(size.bytes).toBeGreaterThan(100);
    // The first batch was interpreted, the second was not.
    expect(uses.gasInterpreted).toBeGreaterThan(0);
    expect(uses.gasCompiled).toBe(uses.gasInterpreted);
    expect(uses.compiledShare).toBe(0.5);
    const cold = await start(0, { gasBase: 1e15 });
    await runAll(cold);
    expect(cold.tiering.counts.tier2).toBe(0);
    expect(digestOf(auto.arena)).toBe(digestOf(cold.arena));
  });

  it('gives up a compilation whose time is over, and executes on', async () => {
    const run = await start(0, { deadlineMs: 0, deadlineMsPerKib: 0, retryMs: 1e9 });
    await runAll(run);
    expect(run.tiering.counts).toMatchObject({ time: 1, tier2: 0 });
    expect(run.tiering.uses.gasCompiled).toBe(0);
    expect(run.executor.sequence).toBe(GENESIS_SEQUENCE + 2 * BATCH);
  });

  it('compiles at once on shared cores what idle ones did not in their time', async () => {
    const run = await start(0, { idleMs: 1 });
    await runAll(run);
    expect(run.tiering.counts).toMatchObject({ time: 0, failed: 0, tier2: 1 });
    expect(run.tiering.uses.compiledShare).toBe(0.5);
  });

  it('does not compile what is over its bounds', async () => {
    const run = await start(0, { bytesMax: 100 });
    await runAll(run);
    expect(run.tiering.counts).toMatchObject({ room: expect.any(Number), tier2: 0 });
    expect(run.tiering.counts.room).toBeGreaterThan(0);
    expect(run.tiering.size).toEqual({ codes: 0, bytes: 0 });
  });

  it('gives those who come later all modules that there are', async () => {
    const run = await start(0);
    await runAll(run);
    for (let times = 0; times < 3; times += 1) {
      const sent = receiveMessageOnPort(run.tiering.connect())?.message as SentChange;
      const change = receiveChange(sent);
      expect(change.module).toBeInstanceOf(WebAssembly.Module);
      expect(change.fork).toBe('osaka');
    }
  });

  it('begins with what was hot before, before anything is run', async () => {
    const before = await start(0);
    await runAll(before);
    const hot = before.tiering.hottest(9);
    expect(hot).toHaveLength(1);
    const after = await start(0, { gasBase: 1e15 });
    const gone = { key: { fork: 'osaka', hash: '77'.repeat(32) }, gas: 1 } as const;
    after.tiering.warm([gone, ...hot]);
    await after.tiering.settled();
    expect(after.tiering.counts).toMatchObject({ tier2: 1, failed: 0 });
    await runAll(after);
    expect(after.tiering.uses.gasInterpreted).toBe(0);
  });

  it('dumps the code that is asked for', async () => {
    const before = await start(0);
    await runAll(before);
    const hash = before.tiering.hottest(1)[0]!.key.hash;
    let text = '';
    const run = await start(0, {}, { hash, take: (given) => (text = given) });
    await runAll(run);
    expect(text).toMatch(/^code of \d+ bytes, osaka: /);
    expect(text).toContain('tier 2:');
  });
});

describe('the thread that compiles', () => {
  it('is replaced when it breaks', async () => {
    const thread = new CompileThread(systemClock, 0);
    const code = new Uint8Array([0]);
    const common = { code, fork: 'osaka', pages: 1, isDumped: false, ends: [] } as const;
    const task = { ...common, deadlineMs: 60_000 };
    const bad = { ...task, code: null as unknown as Uint8Array };
    expect(await thread.compile(bad)).toBe('failed');
    expect(await thread.compile({ ...task, deadlineMs: 0 })).toBe('time');
    const reply = await thread.compile(task);
    expect(reply).toMatchObject({ compiled: { tier: 2 }, dump: null });
    await thread.stop();
  });
});

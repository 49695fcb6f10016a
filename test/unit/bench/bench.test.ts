import { describe, expect, it } from 'vitest';
import { CONTEXT, FEES, openArena } from '../../../bench/chain.js';
import { chartOf } from '../../../bench/chart.js';
import { PATHS } from '../../../bench/path.js';
import { PEERS } from '../../../bench/peers.js';
import { prepare } from '../../../bench/prepare.js';
import { type BenchLine, tableHead, tableRow } from '../../../bench/report.js';
import { runTransactions } from '../../../bench/run.js';
import { createWorkload, WORKLOADS } from '../../../runtime/load/workloads.js';
import { BENCH_DEFAULTS } from '../../../runtime/roles/bench.js';
import { toHex } from '../../../state/base/bytes.js';
import { systemClock } from '../../../state/base/ports.js';
import { ethereumStateRoot } from '../../../state/mpt.js';
import { abortsOf, noCounts } from '../../../workers/batch.js';
import { COUNTERS } from '../../../workers/protocol.js';
import { startExecutor } from '../../../workers/start.js';

const tools = { clock: systemClock, progress: () => {} };
const quick = { accounts: 20, txs: 100, batch: 30, rounds: 1, seconds: 0 };
const options = { ...BENCH_DEFAULTS, ...quick, path: 'execute' };
const TRANSFER_GAS = 21_000;

async function linesOf(workload: string, more: object = {}): Promise<BenchLine[]> {
  const lines: BenchLine[] = [];
  for await (const line of runTransactions(workload, { ...options, ...more }, tools)) {
    lines.push(line);
  }
  return lines;
}

describe('a run of 100 transfers', () => {
  it('gives a line for each number of workers, with the figures of the contract', async () => {
    const lines = await linesOf('transfer', { workers: [1, 0], peers: true });
    expect(lines.map(({ workers }) => workers)).toEqual([0, 1]);
    for (const line of lines) {
      expect(line).toMatchObject({ workload: 'transfer', engine: 'auto', path: 'execute' });
      expect(line).toMatchObject({ accounts: 20, txs: 100, rounds: 1, passes: 1, restarts: 0 });
      expect(line.gas).toBe(100 * TRANSFER_GAS);
      // Each is rounded by itself.
      expect((line.tps * line.seconds) / 100).toBeCloseTo(1, 1);
      expect((line.mgasPerSecond * line.seconds * 1e6) / line.gas).toBeCloseTo(1, 1);
      expect(line.latencyMs.p50).toBeGreaterThan(0);
      expect(line.latencyMs.p99).toBeGreaterThanOrEqual(line.latencyMs.p50);
      expect(line.cpuSeconds).toBeGreaterThan(0);
      expect(line.cpuPerWall).toBeGreaterThan(0);
      expect(Object.keys(line.counters)).toEqual([...COUNTERS]);
      expect(line.counters.executions).toBe(100 + abortsOf(line.counters));
      expect(Object.keys(line.stages)).toEqual(['sign', 'recover', 'decode', 'execute']);
      const peer = line.versus['@ethereumjs/vm']!;
      const edr = '@nomicfoundation/edr';
      expect(Number(edr in line.versus) + Number(edr in (line.absentPeers ?? {}))).toBe(1);
      expect((peer.ratio * peer.tps) / line.tps).toBeCloseTo(1, 1);
    }
    expect(lines[0]).not.toHaveProperty('speedup');
    expect((lines[1]!.speedup! * lines[0]!.tps) / lines[1]!.tps).toBeCloseTo(1, 1);
    expect(JSON.parse(JSON.stringify(lines[1]))).toEqual(lines[1]);
  });

  it('is repeated from the same state for as long as was asked, in each round', async () => {
    const lines = await linesOf('erc20', { workers: [0, 1], rounds: 2, seconds: 0.4 });
    for (const { txs, passes, seconds, counters, gas, rounds, tps, best } of lines) {
      expect(rounds).toBe(2);
      expect(seconds).toBeGreaterThanOrEqual(0.4);
      expect(passes).toBeGreaterThan(1);
      expect(best.tps).toBeGreaterThanOrEqual(tps);
      expect(txs).toBe(100 * passes);
      expect(counters.executions).toBeGreaterThanOrEqual(txs);
      expect(gas / passes).toBe(lines[0]!.gas / lines[0]!.passes);
    }
    const { speedup, speedupRange } = lines[1]!;
    expect(speedupRange!.min).toBeLessThanOrEqual(speedup!);
    expect(speedup).toBeGreaterThan(0);
    const [sequential, parallel] = lines.map(({ best }) => best);
    expect(parallel!.speedup).toBeCloseTo(parallel!.tps / sequential!.tps, 1);
  });

  it.each([false, true])('goes through a whole node, signed: %s', async (signed) => {
    const lines = await linesOf('erc20', { path: 'whole', signed, workers: [0, 1] });
    expect(lines).toHaveLength(2);
    for (const { gas, stages } of lines) {
      expect(gas).toBe(lines[0]?.gas);
      for (const name of ['diff', 'commit', 'root', 'seal']) {
        expect(stages[name]?.seconds).toBeGreaterThan(0);
      }
    }
  });

  it('is refused on a path that is not there', async () => {
    await expect(linesOf('transfer', { path: 'half' })).rejects.toThrow(/no path "half"/);
  });
});

describe.each(WORKLOADS.map(({ name }) => name))('the load %s', (name) => {
  const load = createWorkload(name, { accounts: 10, seed: 5, ...FEES, iterations: 20 });
  const alloc = [...load.alloc()];
  const { warmUp, measured } = prepare(load, 10, 40, systemClock);

  it.for(Object.keys(PEERS))(
    'leaves the same Ethereum state root as %s',
    async (name, { skip }) => {
      const peer = await PEERS[name]!.run({ alloc, warmUp, measured, clock: systemClock });
      if (peer === null) return skip(PEERS[name]!.install ?? '');
      const arena = openArena(alloc, 1);
      const executor = await startExecutor({ arena, workers: 0, clock: systemClock });
      executor.sequence = 1;
      await executor.beginBlock(CONTEXT);
      await executor.runBatch(warmUp.records);
      const { outcomes } = await executor.runBatch(measured.records);
      expect(peer.gas).toBe(outcomes.reduce((sum, { gasUsed }) => sum + gasUsed, 0));
      expect(toHex(await ethereumStateRoot(arena))).toBe(toHex(peer.stateRoot));
    },
  );
});

/** How runners behave does not depend on the load: one of each kind will do. */
const VARIED = ['transfer', 'raw-one-sender', 'erc20-clusters', 'swap-many', 'loop-hash'];
const varied = WORKLOADS.map(({ name }) => name).filter((name) => VARIED.includes(name));

describe.each(varied)('a runner of the load %s', (name) => {
  const load = createWorkload(name, { accounts: 10, seed: 5, ...FEES, iterations: 20 });
  const alloc = [...load.alloc()];
  const { warmUp, measured } = prepare(load, 10, 40, systemClock);

  it('gives the same digest for a run and for it again, another for less of it', async () => {
    const seen: string[][] = [];
    for (const workers of [0, 1]) {
      const start = PATHS['execute']!;
      const shared = {
        alloc,
        clock: systemClock,
        isSigned: false,
        isPinned: false,
        isTogether: false,
        batch: 64,
      };
      const runner = await start({ engine: 'interpreter', workers, ...shared });
      const digests: string[] = [];
      await runner.run(warmUp);
      runner.mark();
      digests.push(runner.digest());
      for (let time = 0; time < 2; time += 1) {
        await runner.run(measured);
        digests.push(runner.digest());
        expect(runner.rewind()).toBe(true);
        digests.push(runner.digest());
      }
      await runner.stop();
      seen.push(digests);
    }
    const [before, after, ...again] = seen[0]!;
    expect(before).not.toBe(after);
    expect(again).toEqual([before, after, before]);
    expect(seen[1]).toEqual(seen[0]);
  });

  it('counts nothing where a transaction does not succeed', async () => {
    const start = PATHS['execute']!;
    const runner = await start({
      engine: 'reference',
      workers: 0,
      alloc,
      clock: systemClock,
      isSigned: false,
      isPinned: false,
      isTogether: false,
      batch: 64,
    });
    // Without what came before, the first nonces are too high.
    await expect(runner.run(measured)).rejects.toThrow(/TX_NONCE_TOO_HIGH|failed/);
    await runner.stop();
  });
});

describe('reports', () => {
  const line: BenchLine = {
    workload: 'transfer',
    path: 'execute',
    engine: 'reference',
    workers: 2,
    accounts: 20,
    txs: 100,
    batch: 30,
    rounds: 1,
    passes: 1,
    gas: 2_100_000,
    seconds: 0.05,
    cpuSeconds: 0.08,
    cpuPerWall: 1.6,
    tps: 2_000,
    mgasPerSecond: 42,
    latencyMs: { p50: 10, p99: 12.5 },
    best: { tps: 2_500, speedup: 1.625 },
    counters: { ...noCounts(), executions: 1_101, staleSlot: 1 },
    restarts: 0,
    stages: {
      sign: { seconds: 0.01, perSecond: 10_000 },
      recover: { seconds: 0.01, perSecond: 10_000 },
      decode: { seconds: 0.01, perSecond: 10_000 },
      execute: { seconds: 0.05, perSecond: 2_000 },
    },
    versus: { '@ethereumjs/vm': { tps: 1_000, ratio: 2 } },
    speedup: 1.5,
    speedupRange: { min: 1.25, max: 1.75 },
  };

  it('are columns under their headings', () => {
    const [row, peers, , pace, work] = tableRow(line).split('\n');
    expect(row!.length).toBe(tableHead().length);
    expect(row).toMatch(
      /transfer +reference +2 +2,000 +42\.0 +0\.08 +1\.60 +10\.00 +12\.50 +1\.50x$/,
    );
    expect(peers).toContain('2.00x @ethereumjs/vm (1,000 tx/s)');
    const absent = { ...line, absentPeers: { other: 'npm install other' } };
    expect(tableRow(absent)).toContain('    other is not installed: npm install other');
    expect(pace).toBe('    fastest batches 2,500 tx/s (1.63x), rounds 1.25x to 1.75x');
    expect(work).toBe('    staleSlot 1, executions 1,101');
  });

  it('are bars of a length in proportion, a peer once, and speed-ups below', () => {
    const { speedup: _, ...sequential } = line;
    const chart = chartOf([
      { ...sequential, workers: 0, tps: 500 },
      line,
      { ...line, workers: 3, speedup: 3 },
    ]);
    const lengths = [...chart.matchAll(/width="([\d.]+)" height="18"/g)].map(([, width]) =>
      Number(width),
    );
    expect(lengths).toEqual([100, 400, 400, 200, 200, 400]);
    expect(chart.match(/ethereumjs/g)).toHaveLength(1);
    expect(chart).toContain('1.50x');
    expect(chart).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });
});

import { describe, expect, it } from 'vitest';
import { scalingChart } from '../../../bench/scaling/chart.js';
import { isScalingLine, type ScalingLine, scalingTable } from '../../../bench/scaling/line.js';
import { measureScaling } from '../../../bench/scaling/measure.js';
import { type Costs, paceOf } from '../../../bench/scaling/model.js';
import { BENCH_DEFAULTS } from '../../../runtime/roles/bench.js';
import { systemClock } from '../../../state/base/ports.js';

const COSTS: Costs = { execute: 9, commit: 1, dependent: 0, coordinate: 0.5, ends: 100 };

describe('the model of scaling', () => {
  it('shares work among workers until commits are all that counts', () => {
    const pace = (workers: number) => paceOf(COSTS, { workers, cores: 20, batch: 1_000 });
    expect(pace(1)).toEqual({ time: 10.1, bound: 'workers' });
    expect(pace(4)).toEqual({ time: 2.6, bound: 'workers' });
    expect(pace(16)).toEqual({ time: 1.1, bound: 'commit' });
  });

  it('gives a machine no more work than its cores do', () => {
    const pace = paceOf(COSTS, { workers: 8, cores: 2, batch: 1_000 });
    expect(pace).toEqual({ time: 5.35, bound: 'cores' });
  });

  it('lets nothing be faster than the coordinator, nor than what depends on each other', () => {
    const machine = { workers: 16, cores: 17, batch: 1_000 };
    expect(paceOf({ ...COSTS, coordinate: 3 }, machine).bound).toBe('coordinator');
    expect(paceOf({ ...COSTS, dependent: 1 }, machine)).toEqual({ time: 10.1, bound: 'commit' });
  });
});

describe('bench scaling', () => {
  it('measures a load with up to four workers and predicts sixteen', async () => {
    const options = {
      ...BENCH_DEFAULTS,
      engines: ['interpreter'],
      accounts: 64,
      txs: 200,
      batch: 100,
      rounds: 1,
      seconds: 0,
    };
    const lines: ScalingLine[] = [];
    const tools = { clock: systemClock, progress: () => {} };
    for await (const line of measureScaling(options, tools, ['erc20-self'])) lines.push(line);
    expect(lines).toHaveLength(1);
    const [line] = lines as [ScalingLine];
    expect(isScalingLine(line)).toBe(true);
    expect(line).toMatchObject({ load: 'erc20-self', engine: 'interpreter', batch: 100 });
    expect(line.runs.map(({ workers }) => workers)).toEqual([2, 3, 4]);
    expect(line.curve.map(({ workers }) => workers)).toEqual(
      Array.from({ length: 16 }, (_, index) => index + 1),
    );
    const { execute, commit, dependent } = line.costs;
    expect(execute).toBeGreaterThan(0);
    expect(commit).toBeGreaterThanOrEqual(0);
    expect(dependent).toBeLessThanOrEqual(1);
    expect(scalingTable(line)).toContain('2 workers on');
    const chart = scalingChart([line]);
    expect(chart.match(/<circle/g)).toHaveLength(3);
    expect(chart).toContain('erc20-self, interpreter');
  });
});

import { describe, expect, it } from 'vitest';
import { growthChart, rootChart } from '../../../bench/root/chart.js';
import { measureGrowth } from '../../../bench/root/growth.js';
import {
  type GrowthLine,
  growthTable,
  publishedTable,
  type RootLine,
  rootTable,
} from '../../../bench/root/line.js';
import { measureRoot } from '../../../bench/root/measure.js';
import { ArenaSubject, MadeSubject } from '../../../bench/root/subject.js';
import { BENCH_DEFAULTS } from '../../../runtime/roles/bench.js';
import { systemClock } from '../../../state/base/ports.js';

const tools = { clock: systemClock, progress: () => {} };
const plan = { batches: [100, 1_000], roundUpdates: 2_000, rounds: 2, mptKeys: 100 };

async function all<Line>(lines: AsyncIterable<Line>): Promise<Line[]> {
  const found: Line[] = [];
  for await (const line of lines) found.push(line);
  return found;
}

describe('bench root', () => {
  it('gives a line for each batch and number of threads, beside the peer', async () => {
    const options = { ...BENCH_DEFAULTS, accounts: 2_000, workers: [1, 0], peers: true };
    const lines: RootLine[] = await all(measureRoot(options, tools, plan));
    expect(lines.map(({ threads, batch }) => [threads, batch])).toEqual([
      [1, 100],
      [1, 1_000],
      [2, 100],
      [2, 1_000],
    ]);
    for (const line of lines) {
      expect(line).toMatchObject({ workload: 'root', keys: 2_000, source: 'arena' });
      expect((line.updatesPerCpuSecond * line.cpuNanosecondsPerUpdate) / 1e9).toBeCloseTo(1, 1);
      const peer = line.versus['@ethereumjs/mpt']!;
      expect(peer.microseconds * 1e3).toBeGreaterThan(line.cpuNanosecondsPerUpdate);
      expect(rootTable(line)).toContain(`batches of ${line.batch}:`);
    }
    expect(lines.map(({ speedup }) => speedup === undefined)).toEqual([true, true, false, false]);
    expect(JSON.parse(JSON.stringify(lines))).toEqual(lines);
    expect(rootChart(lines).match(/<rect/g)).toHaveLength(1 + lines.length + 5);
    expect(publishedTable()).toContain('NOMT');
  });

  it('measures the same updates of records read and made', () => {
    const keys = Uint32Array.from([5, 9, 5, 1]);
    const values = Uint32Array.from([1, 2, 3, 4]);
    for (const subject of [new ArenaSubject(), new MadeSubject()]) {
      let runs = 0;
      const timed = (run: () => void): void => {
        runs += 1;
        run();
      };
      subject.fill(1_000, timed);
      expect(subject.update(keys, values, timed)).toBe(3);
      expect(runs).toBeGreaterThanOrEqual(2);
    }
  });
});

describe('bench root-growth', () => {
  it('gives a line for each size on the way', async () => {
    const options = { ...BENCH_DEFAULTS, accounts: 24_000 };
    const lines: GrowthLine[] = await all(measureGrowth(options, tools));
    expect(lines.map(({ keys }) => keys)).toEqual([10_000, 20_000, 24_000]);
    for (const line of lines) {
      const { p50, p99, max } = line.insertBlockCpuMs;
      expect(p50).toBeGreaterThan(0);
      expect(p99).toBeGreaterThanOrEqual(p50);
      expect(max).toBeGreaterThanOrEqual(p99);
      expect(line.maxAtKeys % 2_000).toBe(0);
      expect(line.maxAtKeys).toBeGreaterThan(lines[lines.indexOf(line) - 1]?.keys ?? 0);
      expect(line.maxAtKeys).toBeLessThanOrEqual(line.keys);
      expect(line.cpuNanosecondsPerUpdate).toBeGreaterThan(0);
      expect(growthTable(line)).toContain('ns a new key');
    }
    expect(growthChart(lines).match(/<polyline/g)).toHaveLength(2);
  });
});

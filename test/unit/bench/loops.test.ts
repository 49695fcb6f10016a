import { describe, expect, it } from 'vitest';
import { BENCHMARKS } from '../../../bench/benchmarks.js';
import {
  isLoopLine,
  type LoopLine,
  loopChart,
  loopHead,
  loopLineOf,
  loopRow,
  measureLoops,
} from '../../../bench/loops.js';
import type { BenchLine } from '../../../bench/report.js';
import { LOOPS } from '../../../runtime/load/loops.js';
import { BENCH_DEFAULTS } from '../../../runtime/roles/bench.js';
import { systemClock } from '../../../state/base/ports.js';

const tools = { clock: systemClock, progress: () => {} };
const options = { ...BENCH_DEFAULTS, accounts: 4, txs: 2, rounds: 1, seconds: 0, workers: [1] };

describe('bench loops', () => {
  it('is a benchmark that measures every loop', async () => {
    const said: string[] = [];
    const listening = { ...tools, progress: (text: string) => void said.push(text) };
    const found = BENCHMARKS.find(({ name }) => name === 'loops')!;
    const lines: LoopLine[] = [];
    for await (const line of found.run(options, listening)) lines.push(line as LoopLine);
    expect(lines.map(({ loop }) => loop)).toEqual(LOOPS.map(({ name }) => name));
    expect(said).toContain('loop-mix: interpreter, workers 0, round 1');
    expect(said).toContain('loop-mix: compiled, workers 0, round 1');
  });

  it('runs a loop on both engines and divides', async () => {
    const lines: LoopLine[] = [];
    for await (const line of measureLoops(options, tools, ['loop-xorshift'])) lines.push(line);
    const [line] = lines as [LoopLine];
    expect(isLoopLine(line)).toBe(true);
    expect(line.loop).toBe('loop-xorshift');
    for (const { interpreter, compiled, ratio } of [line.median, line.best]) {
      expect(compiled).toBeGreaterThan(0);
      expect(ratio).toBeCloseTo(interpreter / compiled, 0);
    }
    expect(line.best.compiled).toBeLessThanOrEqual(line.median.compiled);
  });

  it('takes the fastest batches from what was the best speed', () => {
    const run = { nanosecondsPerIteration: 100, tps: 10, best: { tps: 20 } };
    const [interpreted, compiled] = [
      { ...run, engine: 'interpreter' },
      { ...run, engine: 'compiled', nanosecondsPerIteration: 8, best: { tps: 16 } },
    ] as unknown as [BenchLine, BenchLine];
    const line = loopLineOf('loop-mix', [interpreted, compiled]);
    expect(line).toEqual({
      workload: 'loops',
      loop: 'loop-mix',
      median: { interpreter: 100, compiled: 8, ratio: 12.5 },
      best: { interpreter: 50, compiled: 5, ratio: 10 },
    });
    expect(loopRow(line)).toMatch(/^loop-mix +100\.00 +8\.00 +12\.50x +50\.00 +5\.00 +10\.00x$/);
    expect(loopHead()).toHaveLength(loopRow(line).length);
    expect(loopChart([line])).toContain('>10.0x<');
    expect(() => loopLineOf('loop-mix', [compiled, interpreted])).toThrow('in order');
  });
});

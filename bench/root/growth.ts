/**
 * The cost of an update as the state grows, and whether growth ever stalls a block: keys come in
 * blocks of 2,000, every one of them timed; at each size on the way, updates are measured.
 */
import type { BenchOptions } from '../../runtime/roles/bench.js';
import type { Clock } from '../../state/base/ports.js';
import { round } from '../report.js';
import type { RunTools } from '../run.js';
import type { GrowthLine } from './line.js';
import { Numbers } from './measure.js';
import { MadeSubject } from './subject.js';

const BLOCK = 2_000;
/** Batches at each size, after as many that only warm up. */
const BATCHES = 50;
/** Keys at which is measured: three in each decade, and the last size asked for. */
const FIRST = 10_000;

export async function* measureGrowth(
  { accounts, seed }: BenchOptions,
  { clock, progress }: RunTools,
): AsyncGenerator<GrowthLine> {
  const subject = new MadeSubject();
  const numbers = new Numbers(seed);
  const slots = new Uint32Array(BLOCK);
  const values = new Uint32Array(BLOCK).fill(1);
  let keys = 0;
  try {
    for (const size of sizesTo(accounts)) {
      progress(`${keys} keys, growing to ${size}`);
      const blocks: number[] = [];
      for (; keys < size; keys += BLOCK) {
        for (let index = 0; index < BLOCK; index++) slots[index] = keys + index;
        subject.update(slots, values, (run) => blocks.push(ownMs(run, clock)));
      }
      let updateMs = 0;
      for (let batch = 0; batch < 2 * BATCHES; batch++) {
        numbers.fill(slots, keys);
        subject.update(slots, numbers.fill(values, 2 ** 32), (run) => {
          const ms = ownMs(run, clock);
          if (batch >= BATCHES) updateMs += ms;
        });
      }
      values.fill(1);
      yield lineOf(keys, blocks, updateMs / BATCHES, subject.bytes);
    }
  } finally {
    await subject.stop();
  }
}

function sizesTo(last: number): number[] {
  const sizes: number[] = [];
  for (let decade = FIRST; decade < last; decade *= 10) {
    sizes.push(...[decade, 2 * decade, 5 * decade].filter((size) => size < last));
  }
  return [...sizes, Math.max(BLOCK, Math.floor(last / BLOCK) * BLOCK)];
}

/**
 * What this thread needed, at most: CPU time of the process has V8's other threads in it, wall time
 * has waiting for a core in it.
 */
function ownMs(run: () => void, clock: Clock): number {
  const startedMs = clock.monotonicMs();
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return Math.min((user + system) / 1_000, clock.monotonicMs() - startedMs);
}

function lineOf(keys: number, blocks: number[], batchMs: number, bytes: number): GrowthLine {
  const sorted = [...blocks].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  const total = blocks.reduce((sum, ms) => sum + ms, 0);
  const max = at(1);
  const maxAtKeys = keys - (blocks.length - 1 - blocks.indexOf(max)) * BLOCK;
  return {
    workload: 'root-growth',
    keys,
    cpuNanosecondsPerUpdate: Math.round((batchMs * 1e6) / BLOCK),
    cpuNanosecondsPerInsert: Math.round((total * 1e6) / (blocks.length * BLOCK)),
    insertBlockCpuMs: { p50: round(at(0.5), 2), p99: round(at(0.99), 2), max: round(max, 2) },
    maxAtKeys,
    bytesPerKey: round(bytes / keys, 1),
  };
}

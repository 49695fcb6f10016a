/**
 * What bombs for the compiler do to the latency of others: batches of token transfers at a steady
 * pace, without bombs and with one in every fourth batch, each bomb to be compiled as soon as it
 * has run once. Prints milliseconds from giving a batch to its commit, of those that have no bomb
 * in them in either run; both runs in turns, some rounds of them. On a quiet machine:
 * `SECONDS=15 ROUNDS=5 WORKERS=1 node dist/test/bombs/latency.js`.
 */
import { createHistogram } from 'node:perf_hooks';
import { CONTEXT, GENESIS_SEQUENCE } from '../../bench/chain.js';
import { sleep, systemClock } from '../../state/base/ports.js';
import { startExecutor } from '../../workers/start.js';
import { createLoad, recordOfBomb } from './load.js';

const SECONDS = Number(process.env['SECONDS'] ?? 15);
const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
const WORKERS = Number(process.env['WORKERS'] ?? 1);
const BATCH = 20;
const BATCHES = 200;
const BOMB_EVERY = 4;
const PACE_MS = 5;
const EAGER = { gasNoted: 1, gasBase: 1, gasPerByte: 0 };

const load = createLoad(BATCH * BATCHES);
const ratios: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  const without = await measure(false);
  ratios.push((await measure(true)) / without);
}
const sorted = ratios.map((ratio) => ratio.toFixed(2)).sort((x, y) => Number(x) - Number(y));
const median = sorted[sorted.length >> 1];
console.log(`p99 with bombs against without: median ${median} of ${sorted.join(', ')}`);

async function measure(hasBombs: boolean): Promise<number> {
  const arena = load.open(WORKERS + 1);
  const executor = await startExecutor({
    arena,
    workers: WORKERS,
    clock: systemClock,
    engine: 'auto',
    tieringLimits: EAGER,
  });
  executor.sequence = GENESIS_SEQUENCE;
  await executor.beginBlock(CONTEXT);
  const histogram = createHistogram();
  const start = arena.mark();
  const endMs = systemClock.monotonicMs() + 1_000 * SECONDS;
  while (systemClock.monotonicMs() < endMs) {
    for (let index = 0; index < BATCHES; index += 1) {
      const records = load.ordinary.slice(index * BATCH, (index + 1) * BATCH);
      const bomb = index / BOMB_EVERY;
      const isOther = bomb >= load.bombs.length || !Number.isInteger(bomb);
      if (hasBombs && !isOther) records.push(recordOfBomb(bomb, bomb));
      const givenMs = systemClock.monotonicMs();
      arena.openMiniBlock(executor.sequence + 1);
      await executor.runBatch(records);
      arena.closeMiniBlock(executor.sequence);
      const microseconds = (systemClock.monotonicMs() - givenMs) * 1_000;
      if (isOther) histogram.record(Math.max(1, Math.round(microseconds)));
      await sleep(systemClock, PACE_MS);
    }
    arena.rollback(start);
    executor.sequence = GENESIS_SEQUENCE;
  }
  const { counts, size } = executor.tiering!;
  await executor.stop();
  const of = (percent: number) => histogram.percentile(percent) / 1_000;
  const name = hasBombs ? 'with bombs' : 'without';
  const rss = Math.round(process.memoryUsage.rss() / 2 ** 20);
  console.log(
    `${name}: p50 ${of(50)} p99 ${of(99)} max ${histogram.max / 1_000} ms, rss ${rss} MiB`,
  );
  console.log(JSON.stringify({ ...counts, ...size }));
  return of(99);
}

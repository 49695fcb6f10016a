/**
 * What bombs for the compiler do to the latency of others: batches of token transfers at a steady
 * pace in one node's executor, in short phases in turns: without bombs, with them, and without
 * again. In a phase with them a bomb goes off in every fourth batch and is to be compiled at once,
 * however often it has been. Of each phase is taken the p99 of milliseconds from giving a batch,
 * one without a bomb in it, to its commit. Then come the medians over all phases of a kind, and of
 * the ratios within a round; those of the two kinds without bombs say what the machine itself does.
 * On a quiet machine: `ROUNDS=15 WORKERS=1 node dist/test/bombs/latency.js`; REST=0 compiles
 * without the rests that the node makes.
 */
import { CONTEXT, GENESIS_SEQUENCE } from '../../bench/chain.js';
import { sleep, systemClock } from '../../state/base/ports.js';
import { startExecutor } from '../../workers/start.js';
import { TIERING_LIMITS } from '../../workers/tiering/tiering-limits.js';
import { createLoad, recordOfBomb } from './load.js';

const ROUNDS = Number(process.env['ROUNDS'] ?? 15);
const WORKERS = Number(process.env['WORKERS'] ?? 1);
const REST = Number(process.env['REST'] ?? TIERING_LIMITS.rest);
const PHASE_MS = Number(process.env['PHASE_MS'] ?? 1_000);
const BATCH = 20;
const BATCHES = 200;
const BOMB_EVERY = 4;
const PACE_MS = 2;
/** Code that ran once is hot, few have room, and what they spent is soon forgotten. */
const EAGER = { gasNoted: 1, gasBase: 1, gasPerByte: 0, codesMax: 4, halfLifeMs: 50, retryMs: 1 };
/** Until what compiles and executes is compiled itself. */
const WARM_MS = 6_000;
const KINDS = ['without', 'with', 'without again'] as const;
const P99 = 0.99;

const load = createLoad(BATCH * BATCHES);
const arena = load.open(WORKERS + 1);
const executor = await startExecutor({
  arena,
  workers: WORKERS,
  clock: systemClock,
  engine: 'auto',
  tieringLimits: { ...EAGER, rest: REST, lookMs: PACE_MS },
});
executor.sequence = GENESIS_SEQUENCE;
await executor.beginBlock(CONTEXT);
const start = arena.mark();
let batches = 0;
let bombs = 0;

await phase(true, WARM_MS);
const phases = KINDS.map(() => [] as number[]);
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [kind, name] of KINDS.entries()) {
    await calm();
    phases[kind]?.push(p99(await phase(name === 'with', PHASE_MS)));
  }
}
report();
await executor.stop();

/** @returns milliseconds of each batch without a bomb in it */
async function phase(hasBombs: boolean, milliseconds: number): Promise<number[]> {
  const taken: number[] = [];
  const endMs = systemClock.monotonicMs() + milliseconds;
  while (systemClock.monotonicMs() < endMs) {
    const isBombed = hasBombs && batches % BOMB_EVERY === 0;
    const passedMs = await batch(isBombed);
    if (!isBombed) taken.push(passedMs);
  }
  return taken;
}

async function batch(isBombed: boolean): Promise<number> {
  if (batches % BATCHES === 0) {
    arena.rollback(start);
    executor.sequence = GENESIS_SEQUENCE;
    bombs = 0;
  }
  const first = (batches % BATCHES) * BATCH;
  const records = load.ordinary.slice(first, first + BATCH);
  if (isBombed) records.push(recordOfBomb((batches / BOMB_EVERY) % load.bombs.length, bombs));
  if (isBombed) bombs += 1;
  batches += 1;
  const givenMs = systemClock.monotonicMs();
  arena.openMiniBlock(executor.sequence + 1);
  await executor.runBatch(records);
  arena.closeMiniBlock(executor.sequence);
  const passedMs = systemClock.monotonicMs() - givenMs;
  await sleep(systemClock, PACE_MS);
  return passedMs;
}

/** Until nothing is compiled, nor waits for that. */
async function calm(): Promise<void> {
  const { tiering } = executor;
  do await phase(false, 10 * PACE_MS);
  while (tiering?.isWaiting === true);
}

function report(): void {
  const { counts, size } = executor.tiering!;
  const rss = Math.round(process.memoryUsage.rss() / 2 ** 20);
  console.log(JSON.stringify({ ...counts, ...size, rss }));
  for (const [kind, name] of KINDS.entries()) {
    const ratios = phases[kind]!.map((value, round) => value / phases[0]![round]!);
    const texts = [0.25, 0.5, 0.75].map((part) => quantile(ratios, part).toFixed(2));
    const p99s = [0.25, 0.5, 0.75].map((part) => quantile(phases[kind]!, part).toFixed(3));
    console.log(`${name}: p99 ${p99s.join(' ')} ms, of the first ${texts.join(' ')} times`);
  }
}

function p99(values: number[]): number {
  return quantile(values, P99);
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((x, y) => x - y);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/**
 * What compiling bombs does to the latency of others: batches of token transfers at a steady pace
 * in one node's executor, a bomb in every fourth. In phases that take turns the bombs are compiled
 * at once, however often each has been, or they are duds: the same contracts, longer than any that
 * is compiled. So both execute the same, and what differs is the compiler. Of all batches without
 * a bomb in a round is taken the p99 of milliseconds from giving one to its commit, for either
 * kind; then come quartiles over the rounds of that, and of its ratio to the p99 of the round's
 * duds, and both for the batches of all rounds. The two kinds of duds, which are the same, say what
 * the machine itself does. On a quiet machine: `ROUNDS=15 WORKERS=1 node
 * dist/test/bombs/latency.js`; REST=0 compiles without the rests that the node makes; PACE_MS=0
 * leaves no time between batches.
 */
import { CONTEXT, GENESIS_SEQUENCE } from '../../bench/chain.js';
import { sleep, systemClock } from '../../state/base/ports.js';
import { startExecutor } from '../../workers/start.js';
import { TIERING_LIMITS } from '../../workers/tiering/tiering-limits.js';
import { createLoad, recordOfBomb, recordOfDud } from './load.js';

const numberOf = (name: string, usual: number): number => Number(process.env[name] ?? usual);
const ROUNDS = numberOf('ROUNDS', 15);
const WORKERS = numberOf('WORKERS', 1);
const REST = numberOf('REST', TIERING_LIMITS.rest);
const PHASE_MS = numberOf('PHASE_MS', 500);
const PACE_MS = numberOf('PACE_MS', 2);
const BATCH = 20;
const BATCHES = 200;
const BOMB_EVERY = 4;
/** Code that ran once is hot, few have room, and what they spent is soon forgotten. */
const EAGER = { gasNoted: 1, gasBase: 1, gasPerByte: 0, codesMax: 4, halfLifeMs: 50, retryMs: 1 };
/** Until what compiles and executes is compiled itself. */
const WARM_MS = 6_000;
/** The order of a round: what drifts in it does so for all kinds. */
const KINDS = ['duds', 'bombs', 'duds again'] as const;
const ORDER = [0, 1, 2, 2, 1, 0] as const;
const P99 = 0.99;

const load = createLoad(BATCH * BATCHES);
const arena = load.open(WORKERS + 1);
const executor = await startExecutor({
  arena,
  workers: WORKERS,
  clock: systemClock,
  engine: 'auto',
  tieringLimits: { ...EAGER, rest: REST, lookMs: 2 },
});
executor.sequence = GENESIS_SEQUENCE;
await executor.beginBlock(CONTEXT);
const start = arena.mark();
let batches = 0;
let nonce = 0;

await phase(false, WARM_MS / 4);
await phase(true, WARM_MS);
const rounds: number[][][] = [];
for (let round = 0; round < ROUNDS; round += 1) rounds.push(await measureRound());
report();
await executor.stop();

/** @returns of each kind, milliseconds of the batches without a bomb */
async function measureRound(): Promise<number[][]> {
  const taken: number[][] = KINDS.map(() => []);
  for (const kind of ORDER) {
    await calm();
    const isBombed = KINDS[kind] === 'bombs';
    taken[kind]?.push(...(await phase(isBombed, PHASE_MS)));
  }
  return taken;
}

async function phase(isBombed: boolean, milliseconds: number): Promise<number[]> {
  const taken: number[] = [];
  const endMs = systemClock.monotonicMs() + milliseconds;
  while (systemClock.monotonicMs() < endMs) {
    const isMeasured = batches % BOMB_EVERY !== 0;
    const passedMs = await batch(isBombed);
    if (isMeasured) taken.push(passedMs);
  }
  return taken;
}

async function batch(isBombed: boolean): Promise<number> {
  if (batches % BATCHES === 0) {
    arena.rollback(start);
    executor.sequence = GENESIS_SEQUENCE;
    nonce = 0;
  }
  const first = (batches % BATCHES) * BATCH;
  const records = load.ordinary.slice(first, first + BATCH);
  if (batches % BOMB_EVERY === 0) records.push(nextBomb(isBombed));
  batches += 1;
  const givenMs = systemClock.monotonicMs();
  arena.openMiniBlock(executor.sequence + 1);
  await executor.runBatch(records);
  arena.closeMiniBlock(executor.sequence);
  const passedMs = systemClock.monotonicMs() - givenMs;
  await sleep(systemClock, PACE_MS);
  return passedMs;
}

function nextBomb(isBombed: boolean): Uint8Array {
  const index = (batches / BOMB_EVERY) % load.bombs.length;
  nonce += 1;
  return isBombed ? recordOfBomb(index, nonce - 1) : recordOfDud(index, nonce - 1);
}

/** Until nothing is compiled, nor waits for that. */
async function calm(): Promise<void> {
  const { tiering } = executor;
  do await phase(false, 20);
  while (tiering?.isWaiting === true);
}

function report(): void {
  const { counts, size } = executor.tiering!;
  const rssMax = Math.round(process.resourceUsage().maxRSS / 2 ** 10);
  console.log(JSON.stringify({ ...counts, ...size, rssMax }));
  for (const [kind, name] of KINDS.entries()) {
    const of = (taken: number[][]): number => p99(taken[kind] ?? []);
    const ratios = rounds.map((taken) => of(taken) / p99(allDuds(taken)));
    const all = p99(rounds.flatMap((taken) => taken[kind] ?? []));
    const ratio = (all / p99(rounds.flatMap(allDuds))).toFixed(2);
    console.log(
      `${name}: p99 ${quartiles(rounds.map(of), 3)} ms, ${quartiles(ratios, 2)} times all duds'; ` +
        `of all rounds ${all.toFixed(3)} ms, ${ratio} times`,
    );
  }
}

function allDuds(taken: readonly number[][]): number[] {
  return taken.filter((_, kind) => KINDS[kind] !== 'bombs').flat();
}

function quartiles(values: readonly number[], digits: number): string {
  return [0.25, 0.5, 0.75].map((part) => quantile(values, part).toFixed(digits)).join(' ');
}

function p99(values: readonly number[]): number {
  return quantile(values, P99);
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((x, y) => x - y);
  return sorted[Math.ceil(sorted.length * part) - 1] ?? Number.NaN;
}

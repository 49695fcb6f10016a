import { expect, it } from 'vitest';
import { loadEngine } from '../../workers/engines.js';
import { Duel } from './duel.js';
import { rareInstructions, report } from './report.js';
import { Trace, tracedReference } from './trace.js';
import { runWide } from './wide.js';
import { FUZZ_FORKS } from './world.js';

/**
 * R4: random programs on an engine, each against the reference engine. The long run is the same
 * with more of them; it says how far it is and with which seed to go on where it was ended:
 *
 *   RUNS=1000000 SEED=1 npx vitest run test/fuzz/programs.test.ts --disable-console-intercept
 *
 * ENGINE names another engine, FORK one fork of London to Osaka. A difference is made small and
 * written into corpus/, where corpus.test.ts takes it from.
 */
const ENGINE = process.env['ENGINE'] ?? 'interpreter';
const RUNS = Number(process.env['RUNS'] ?? 2_500);
const SEED = Number(process.env['SEED'] ?? 1);
const FORK = FUZZ_FORKS.find((fork) => fork === process.env['FORK']) ?? null;
const CORPUS = new URL('./corpus/', import.meta.url);
const DAY_MS = 86_400_000;
/** So many show each instruction often enough to be counted. */
const COUNTED_MIN = 2_000;

it(
  `the ${ENGINE} engine does what the reference engine does on ${RUNS} programs`,
  async () => {
    const trace = new Trace();
    const duel = new Duel(await tracedReference(trace), await loadEngine(ENGINE), trace);
    const options = { duel, firstSeed: SEED, programs: RUNS, fork: FORK, corpus: CORPUS };
    const { failure, ...result } = await runWide({ ...options, say: console.log });
    if (failure !== null) console.log(failure.text);
    const settings = `RUNS=1 SEED=${failure?.seed} ENGINE=${ENGINE} FORK=${FORK ?? ''}`;
    const command = `${settings} npx vitest run test/fuzz/programs.test.ts`;
    expect(failure?.what ?? null, `again: ${command}`).toBeNull();
    const handOvers = (duel.engine as { handOvers?: unknown }).handOvers ?? {};
    const seconds = (result.milliseconds / 1_000).toFixed(0);
    console.log(`seeds ${SEED} to ${result.nextSeed - 1}, fork ${FORK ?? 'any'}, ${seconds} s`);
    console.log(report(duel.counts, trace, handOvers));
    expect(result.programs).toBeGreaterThanOrEqual(RUNS);
    if (RUNS < COUNTED_MIN) return;
    const [failed = 0, fine = 0] = duel.counts.statuses;
    expect(fine / (fine + failed)).toBeGreaterThan(0.6);
    expect(rareInstructions(trace, result.programs, FORK)).toEqual([]);
    if (FORK === 'osaka') return;
    for (const depth of [0, 1, 1_023, 1_024]) expect(trace.depths[depth]).toBeGreaterThan(0);
  },
  DAY_MS,
);

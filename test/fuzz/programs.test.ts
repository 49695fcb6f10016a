import { expect, it } from 'vitest';
import { checkCounts, report } from './report.js';
import { openDuel, settingsOf } from './settings.js';
import { runWide } from './wide.js';

/**
 * R4: random programs on an engine, each against the reference engine, from the seed SEED on; a
 * difference is made small and written into corpus/. More of them, and faster: long.ts.
 */
const SETTINGS = settingsOf(process.env, 1_500);
const CORPUS = new URL('./corpus/', import.meta.url);
const DAY_MS = 86_400_000;

it(
  `the ${SETTINGS.engine} engine does what the reference engine does on random programs`,
  async () => {
    const { duel, trace, handOvers } = await openDuel(SETTINGS.engine);
    const { engine, fork } = SETTINGS;
    console.log(JSON.stringify(SETTINGS));
    const plan = { ...SETTINGS, duel, corpus: CORPUS, say: console.log };
    const { failure, programs } = await runWide(plan);
    if (failure !== null) console.log(failure.text);
    const again = `RUNS=1 SEED=${failure?.seed} ENGINE=${engine} FORK=${fork ?? ''}`;
    expect(failure?.what ?? null, `${again} npx vitest run test/fuzz/programs.test.ts`).toBeNull();
    expect(programs).toBeGreaterThanOrEqual(SETTINGS.programs);
    console.log(report(duel.counts, trace, handOvers()));
    expect(checkCounts(duel.counts, trace, fork)).toEqual([]);
  },
  DAY_MS,
);

import { describe, expect, it } from 'vitest';
import { ENGINE_NAMES, loadEngine, TIERED_ENGINE } from '../../workers/engines.js';
import { runCampaign } from './campaign.js';
import { Party } from './party.js';

/**
 * R4: random programs on every engine, each against the reference engine. More of them:
 * `RUNS=100000 SEED=1 npx vitest run test/fuzz/engines.test.ts`.
 */

const RUNS = Number(process.env['RUNS'] ?? 60);
const SEED = Number(process.env['SEED'] ?? 1);
const CORPUS = new URL('./corpus/', import.meta.url);
const DAY_MS = 86_400_000;
const PROGRESS_EVERY = 5_000;

/** `auto` alone interprets; with its tiers it is in tiering.test.ts. */
const OTHERS = ENGINE_NAMES.filter((name) => name !== 'reference' && name !== TIERED_ENGINE);
/** Alone, the reference engine is compared with itself: that shows that cases are repeatable. */
const SUBJECTS = OTHERS.length === 0 ? ['reference'] : OTHERS;

describe.each(SUBJECTS)('the %s engine', (name) => {
  it(
    `does what the reference engine does on ${RUNS} random cases`,
    async () => {
      const result = await runCampaign({
        a: new Party(await loadEngine('reference')),
        b: new Party(await loadEngine(name)),
        firstSeed: SEED,
        runs: RUNS,
        corpus: CORPUS,
        progress: (seeds) => {
          if (seeds % PROGRESS_EVERY === 0) console.log(`${name}: ${seeds} seeds from ${SEED}`);
        },
      });
      const { failure, ...figures } = result;
      if (RUNS >= PROGRESS_EVERY) console.log(JSON.stringify(figures));
      const command = `SEED=${failure?.seed} RUNS=1 npx vitest run test/fuzz/engines.test.ts`;
      expect(failure?.what ?? null, `seed ${failure?.seed}; again: ${command}`).toBeNull();
      expect(result.cases).toBeGreaterThanOrEqual(RUNS);
    },
    DAY_MS,
  );
});

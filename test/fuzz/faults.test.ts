import { describe, expect, it } from 'vitest';
import { loadEngine } from '../../workers/engines.js';
import { brokenEngine, FAULTS } from './broken.js';
import { runCampaign } from './campaign.js';
import { compareEngines } from './compare.js';
import { Duel } from './duel.js';
import { createCase } from './generate.js';
import { Party } from './party.js';
import { Rng } from './rng.js';
import { Trace, tracedReference } from './trace.js';
import { runWide } from './wide.js';

const RUNS = 60;
/** Enough to see that cases shrink, and not the time that a person would give it. */
const TRIES = 40;

describe('an engine with a planted fault', () => {
  it.each(Object.keys(FAULTS))('is found out: %s', async (name) => {
    const reference = await loadEngine('reference');
    const a = new Party(reference);
    const b = new Party(brokenEngine(reference, FAULTS[name]!));
    const plan = { firstSeed: 1_000, runs: RUNS, corpus: null, triesMax: TRIES };
    const { failure } = await runCampaign({ a, b, ...plan });
    expect(failure).not.toBeNull();
    const { seed, smallest } = failure!;
    const size = JSON.stringify(smallest).length;
    expect(size).toBeLessThan(JSON.stringify(createCase(seed)).length);
    // What it shrank to fails on the broken engine, and on no other.
    const again = await compareEngines(smallest, a, b, new Rng(2 ** 41 + seed));
    expect(again.difference?.what).toBe(failure!.what);
    const sound = await compareEngines(smallest, a, new Party(reference), new Rng(1));
    expect(sound.difference).toBeNull();
  });
});

/** The wide campaign looks at versions of reads, and not at which cells are among them. */
const WIDE = Object.keys(FAULTS).filter((name) => !/read is not said/.test(name));

describe('in the wide campaign an engine with a planted fault', () => {
  it.each(WIDE)('is found out: %s', async (name) => {
    const trace = new Trace();
    const [reference, sound] = [await tracedReference(trace), await loadEngine('interpreter')];
    const duel = new Duel(reference, brokenEngine(sound, FAULTS[name]!), trace);
    const plan = { firstSeed: 1, programs: 1_000, fork: null, corpus: null, triesMax: TRIES };
    const { failure } = await runWide({ ...plan, duel, say: () => undefined });
    expect(failure).not.toBeNull();
    const { smallest, text } = failure!;
    expect(text).toMatch(/differs in \w+/);
    expect(await new Duel(reference, sound, trace).run(smallest, null)).toBeNull();
  });
});

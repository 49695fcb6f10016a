import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ENGINE_NAMES, loadEngine, TIERED_ENGINE } from '../../workers/engines.js';
import type { FuzzCase } from './case.js';
import { compareEngines } from './compare.js';
import { Party } from './party.js';
import { Rng } from './rng.js';

const FOLDER = new URL('./corpus/', import.meta.url);
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

/** `auto` alone interprets; with its tiers it is in tiering.test.ts. */
const OTHERS = ENGINE_NAMES.filter((name) => name !== 'reference' && name !== TIERED_ENGINE);
const SUBJECTS = OTHERS.length === 0 ? ['reference'] : OTHERS;

/** Cases that once failed, and some that are rare: each is run on every engine. */
describe.each(SUBJECTS)('the %s engine', (engine) => {
  it.each(FILES)('does what the reference engine does on %s', async (file) => {
    const subject = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as FuzzCase;
    const a = new Party(await loadEngine('reference'));
    const b = new Party(await loadEngine(engine));
    const { difference, outcomes } = await compareEngines(subject, a, b, new Rng(1));
    expect(difference).toBeNull();
    expect(outcomes).toHaveLength(subject.transactions.length);
    expect(outcomes.some((outcome) => outcome !== null)).toBe(true);
  });
});

it('there is a corpus', () => expect(FILES.length).toBeGreaterThan(0));

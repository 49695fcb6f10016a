import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConformanceRunner } from '../../runtime/roles/conformance.js';
import { readStateTests } from '../../runtime/state-test-file.js';
import { ENGINE_NAMES, loadEngine, TIERED_ENGINE } from '../../workers/engines.js';
import { DATA_DIR, DATA_HINT, statePacks } from '../helpers/data.js';

/** Each pack's first case and every so many after it: all 16,745 take two minutes. */
const EVERY = Number(process.env['EVERY'] ?? 50);
/** What `auto` compiles while it runs it compiles for each case: a tenth of the others' share. */
const AUTO_EVERY = 10;

describe.each(ENGINE_NAMES)('official state tests on the %s engine', (engine) => {
  // Without the data folder there is nothing to run; the reason is the test's name.
  if (DATA_DIR === null) it.skip(`skipped: ${DATA_HINT}`);
  let runner: ConformanceRunner;
  const every = engine === TIERED_ENGINE ? AUTO_EVERY * EVERY : EVERY;
  beforeAll(async () => {
    runner = new ConformanceRunner(await loadEngine(engine));
  });

  afterAll(() => runner?.stop());

  it.each(statePacks().map((path) => [basename(path, '.ndjson.gz'), path]))(
    'pack %s gives the state roots, logs and refusals that Ethereum expects',
    async (_name, path) => {
      const failures: string[] = [];
      let number = 0;
      for (const test of readStateTests(path)) {
        number += 1;
        if ((number - 1) % every !== 0 || test.skipped !== null) continue;
        const why = await runner.run(test);
        if (why !== null) failures.push(`${test.test} #${test.index} ${test.context.fork}: ${why}`);
      }
      expect(failures).toEqual([]);
      expect(number).toBeGreaterThan(0);
    },
  );
});

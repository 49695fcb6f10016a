import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBlockFile } from '../../runtime/block-file.js';
import { Replayer } from '../../runtime/roles/replay.js';
import { systemClock } from '../../state/base/ports.js';
import { ENGINE_NAMES } from '../../workers/engines.js';
import { isFrom, parseFork } from '../../workers/fork.js';
import { blockFiles, DATA_DIR, DATA_HINT } from '../helpers/data.js';

const files = [...blockFiles('blocks'), ...blockFiles('blocks-derived')];

/** Older forks are not compiled. */
const LONDON = 12_965_000;
/** Compiling all codes of a block before they run takes half a minute: two small blocks do. */
const COMPILED_FILES = 2;

const PARTIES = ENGINE_NAMES.flatMap((engine) =>
  [0, 2].map((workers) => [engine, workers] as const),
);

function filesFor(engine: string): readonly string[] {
  if (!engine.startsWith('compiled')) return files;
  return files
    .filter((path) => Number.parseInt(basename(path), 10) >= LONDON)
    .sort((a, b) => statSync(a).size - statSync(b).size)
    .slice(0, COMPILED_FILES);
}

describe.each(PARTIES)(
  'real mainnet blocks on the %s engine with %i workers',
  (engine, workers) => {
    // Without the data folder there is nothing to run; the reason is the test's name.
    if (DATA_DIR === null) it.skip(`skipped: ${DATA_HINT}`);
    let replayer: Replayer | null = null;
    beforeAll(async () => {
      if (DATA_DIR !== null)
        replayer = await Replayer.start({ workers, engine, clock: systemClock });
    });
    afterAll(() => replayer?.stop());

    it.each(filesFor(engine).map((path) => [basename(path, '.json.gz'), path]))(
      'block %s gives the gas, bloom and receipts root of its header',
      async (_name, path) => {
        const result = await replayer?.run(readBlockFile(path));
        const hasRoot = isFrom(parseFork(result?.hardfork ?? ''), 'byzantium');
        const receiptsRoot = hasRoot ? true : null;
        expect(result?.matches).toEqual({ gasUsed: true, logsBloom: true, receiptsRoot });
      },
    );
  },
);

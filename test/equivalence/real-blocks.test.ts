import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBlockFile } from '../../runtime/block-file.js';
import { blockFiles, DATA_HINT } from '../helpers/data.js';
import { BlockParty, differenceOf } from './real-blocks.js';

/**
 * R1 on real traffic: a share of what long.ts does. Forks before London are left to it: they run on
 * the reference engine, which takes a second a block.
 */

const RUNS = Number(process.env['RUNS'] ?? 3);
const WORKERS = [2, 3, 4];
const LONDON = 12_965_000;
const files = blockFiles('blocks').filter((path) => Number.parseInt(basename(path), 10) >= LONDON);

describe('each time a real block gives receipts, logs, diff and root as in sequence', () => {
  if (files.length === 0) it.skip(`skipped: ${DATA_HINT}`);
  let sequential: BlockParty;
  let parties: BlockParty[] = [];
  beforeAll(async () => {
    if (files.length === 0) return;
    sequential = await BlockParty.start('interpreter', 0);
    for (const workers of WORKERS) parties.push(await BlockParty.start('interpreter', workers));
  });
  afterAll(async () => {
    for (const party of parties) await party.stop();
    parties = [];
  });

  it.each(files.map((path) => [basename(path, '.json.gz'), path]))('%s', async (_name, path) => {
    const file = readBlockFile(path);
    sequential.load(file);
    const expected = await sequential.run();
    for (const [index, party] of parties.entries()) {
      party.load(file);
      for (let run = 0; run < RUNS; run += 1) {
        const difference = differenceOf(expected, await party.run());
        expect(difference, `${WORKERS[index]} workers, run ${run}`).toBeNull();
      }
    }
  });
});

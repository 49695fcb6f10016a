import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of real blocks and official tests; null where it is not there. */
export const DATA_DIR: string | null = (() => {
  const path = process.env['DELTACAST_DATA'] ?? join(process.cwd(), '..', 'shared', 'data');
  return existsSync(join(path, 'README.md')) ? path : null;
})();

export const DATA_HINT =
  'no data folder: set DELTACAST_DATA to a copy of it (blocks: github.com/risechain/pevm data/, ' +
  'state tests: github.com/ethereum/tests and ethereum/execution-specs releases)';

/** Paths of the block files, lowest block number first; none without the data folder. */
export function blockFiles(folder: 'blocks' | 'blocks-derived'): string[] {
  if (DATA_DIR === null) return [];
  const dir = join(DATA_DIR, folder);
  return readdirSync(dir)
    .filter((name) => name.endsWith('.json.gz'))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .map((name) => join(dir, name));
}

/** Paths of the packs of official state tests, without the slow ones; none without the folder. */
export function statePacks(): string[] {
  if (DATA_DIR === null) return [];
  const dir = join(DATA_DIR, 'statetests');
  return readdirSync(dir)
    .filter((name) => name.endsWith('.ndjson.gz'))
    .sort()
    .map((name) => join(dir, name));
}

/**
 * Every real block a hundred times, or as often as you like, with several numbers of workers; a
 * program of its own, since it takes hours of CPU time.
 *
 *   npm run -s build && npx tsc -p tsconfig.test.json --noEmit false
 *   RUNS=100 WORKERS=2,3,4 node dist/test/equivalence/long.js
 *
 * ENGINE names the engine, FROM and TO the first and last block number. Ends with 1 after a
 * difference, which it prints.
 */
import { basename } from 'node:path';
import { readBlockFile } from '../../runtime/block-file.js';
import { blockFiles, DATA_HINT } from '../helpers/data.js';
import { BlockParty, differenceOf } from './real-blocks.js';

const { env } = process;
const runs = Number(env['RUNS'] ?? 100);
const workers = (env['WORKERS'] ?? '2,3,4').split(',').map(Number);
const engine = env['ENGINE'] ?? 'interpreter';
const [from, to] = [Number(env['FROM'] ?? 0), Number(env['TO'] ?? Number.MAX_SAFE_INTEGER)];

const numberOf = (path: string) => Number.parseInt(basename(path), 10);
const files = blockFiles('blocks').filter((path) => numberOf(path) >= from && numberOf(path) <= to);
if (files.length === 0) console.log(`no blocks: ${DATA_HINT}`);
const sequential = await BlockParty.start(engine, 0);
const parties = new Map<number, BlockParty>();
for (const count of workers) parties.set(count, await BlockParty.start(engine, count));

let differences = 0;
let executed = 0;
for (const path of files) {
  const file = readBlockFile(path);
  sequential.load(file);
  const expected = await sequential.run();
  const startedMs = performance.now();
  for (const [count, party] of parties) {
    party.load(file);
    const abortsBefore = party.aborts;
    for (let run = 0; run < runs; run += 1) {
      const difference = differenceOf(expected, await party.run());
      executed += 1;
      if (difference === null) continue;
      differences += 1;
      console.log(
        `DIFFERENCE block ${numberOf(path)}, ${count} workers, run ${run}: ${difference}`,
      );
    }
    const aborts = (party.aborts - abortsBefore) / runs;
    const { records } = file;
    const text = `${records.length} txs, ${runs} runs, ${aborts.toFixed(1)} in vain a run`;
    console.log(`block ${numberOf(path)}, ${count} workers: ${text}`);
  }
  console.log(`  ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
}
for (const party of [sequential, ...parties.values()]) await party.stop();
console.log(`${files.length} blocks, ${executed} executions, ${differences} differences`);
process.exit(differences === 0 && files.length > 0 ? 0 : 1);

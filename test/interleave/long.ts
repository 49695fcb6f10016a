/**
 * The random blocks of kernel.test.ts as a program of its own, for as many as you like: each is
 * executed in order by the interpreter, now and then by the reference engine too, and in a random
 * order of steps by several workers.
 *
 *   npm run -s build && npx tsc -p tsconfig.test.json --noEmit false
 *   RUNS=100000 SEED=1 WORKERS=2,3,4,8,16 node dist/test/interleave/long.js
 *
 * Each block meets one of the numbers of workers in turn. It says how far it is; ends with 1 after
 * a difference, with the seed of the block.
 */
import { isDeepStrictEqual } from 'node:util';
import { COUNTERS } from '../../workers/protocol.js';
import { blockOf, newArena, type Result, runInAnyOrder, Sequential } from './kernel-runs.js';
import { KernelWorld } from './kernel-world.js';

const { env } = process;
const runs = Number(env['RUNS'] ?? 100_000);
const firstSeed = Number(env['SEED'] ?? 1);
const workers = (env['WORKERS'] ?? '2,3,4,8,16').split(',').map(Number);
/** The reference engine takes as long as fifty runs of the others. */
const REFERENCE_EVERY = 50;
const SAY_EVERY = 1_000;

const interpreter = new Sequential('interpreter');
const reference = new Sequential('reference');
const worlds = workers.map((count) => new KernelWorld(newArena(), count));
const seen = new Map<string, number>();
let transactions = 0;
let differences = 0;
const startedMs = performance.now();

function check(seed: number, who: string, expected: Result, actual: Result): void {
  if (isDeepStrictEqual(expected, actual)) return;
  differences += 1;
  console.log(`DIFFERENCE SEED=${seed} RUNS=1 (${who})`);
}

for (let run = 0; run < runs; run += 1) {
  const seed = firstSeed + run;
  const block = blockOf(seed);
  const expected = await interpreter.run(block);
  const world = worlds[run % worlds.length]!;
  const who = `${workers[run % worlds.length]} workers`;
  try {
    check(seed, who, expected, await runInAnyOrder(world, block));
  } catch (error) {
    console.log(`DIFFERENCE SEED=${seed} RUNS=1 (${who}): ${String(error)}`);
    process.exit(1);
  }
  if (run % REFERENCE_EVERY === 0) check(seed, 'reference', expected, await reference.run(block));
  transactions += block.records.length;
  for (const name of COUNTERS) seen.set(name, (seen.get(name) ?? 0) + world.counter(name));
  if ((run + 1) % SAY_EVERY !== 0) continue;
  const pace = (run + 1) / ((performance.now() - startedMs) / 1_000);
  console.log(`${run + 1} blocks, ${pace.toFixed(0)} a second, next SEED=${seed + 1}`);
}
console.log(JSON.stringify({ blocks: runs, firstSeed, transactions, ...Object.fromEntries(seen) }));
console.log(`${differences} differences`);
process.exit(differences === 0 ? 0 : 1);

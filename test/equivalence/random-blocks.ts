/**
 * The random blocks of parallel-sequential.test.ts by logical workers whose steps a seed puts in
 * order, for as many as you like; it says what was executed in vain, and why: a generator that
 * makes no stale slot tests nothing that a stale slot could break.
 *
 *   npm run -s build && npx tsc -p tsconfig.test.json --noEmit false
 *   RUNS=10000 SEED=1 WORKERS=2,4,16 node dist/test/equivalence/random-blocks.js
 *
 * Each block meets one of the numbers of workers in turn. Ends with 1 after a difference.
 */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { Arena } from '../../state/arena.js';
import { systemClock } from '../../state/base/ports.js';
import { addCounts, noCounts } from '../../workers/batch.js';
import { COUNTERS } from '../../workers/protocol.js';
import { startExecutor } from '../../workers/start.js';
import { visible } from '../helpers/block-result.js';
import { cellsOf } from '../helpers/executors.js';
import { contextOf, fillStore, randomBlock } from '../helpers/random-block.js';
import { KernelWorld } from '../interleave/kernel-world.js';

const { env } = process;
const runs = Number(env['RUNS'] ?? 10_000);
const seed = Number(env['SEED'] ?? 1);
const workers = (env['WORKERS'] ?? '2,4,16').split(',').map(Number);
const FIRST = 2;
const ARENA = { megabytes: 32, threads: Math.max(...workers) + 1 };

function newArena(): Arena {
  const arena = Arena.create(ARENA);
  arena.openMiniBlock(1);
  fillStore(arena, 1);
  arena.closeMiniBlock(1);
  return arena;
}

/** Runs in an arena and takes everything back. */
async function undone(arena: Arena, run: () => Promise<readonly Uint8Array[]>) {
  const mark = arena.mark();
  arena.openMiniBlock(FIRST);
  const outcomes = (await run()).map(visible);
  const cells = cellsOf(arena);
  arena.rollback(mark);
  return { outcomes, cells };
}

const sequential = newArena();
const options = { arena: sequential, workers: 0, clock: systemClock, engine: 'interpreter' };
const executor = await startExecutor(options);
const worlds = workers.map((count) => new KernelWorld(newArena(), count));
const sum = noCounts();
let transactions = 0;
let differences = 0;
for (const [run, { fork, records }] of fc.sample(randomBlock, { numRuns: runs, seed }).entries()) {
  await executor.beginBlock(contextOf(fork));
  executor.sequence = FIRST - 1;
  const expected = await undone(sequential, async () => {
    const result = await executor.runBatch(records);
    return records.map((_, index) => result.record(index));
  });
  const world = worlds[run % worlds.length]!;
  await world.beginBlock(contextOf(fork));
  const actual = await undone(world.arena, () => world.run(records, FIRST, seed + run));
  if (!isDeepStrictEqual(expected, actual)) {
    differences += 1;
    console.log(`DIFFERENCE SEED=${seed}, block ${run}, ${workers[run % worlds.length]} workers`);
  }
  transactions += records.length;
  const counts = COUNTERS.map((name) => [name, world.counter(name)]);
  addCounts(sum, Object.fromEntries(counts) as typeof sum);
}
await executor.stop();
console.log(JSON.stringify({ blocks: runs, transactions, ...sum }));
console.log(`${differences} differences`);
process.exit(differences === 0 ? 0 : 1);

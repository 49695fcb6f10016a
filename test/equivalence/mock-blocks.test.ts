import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTEXT, fillArena, GENESIS_SEQUENCE } from '../../bench/chain.js';
import { SeededNumbers } from '../../runtime/load/seeded.js';
import { loadExchange, UNISWAP_PACKAGES } from '../../runtime/load/uniswap.js';
import { Arena } from '../../state/arena.js';
import { ROUND_STEPS_MAX } from '../../state/base/limits.js';
import { systemClock } from '../../state/base/ports.js';
import { StateRoot } from '../../state/root.js';
import type { Executor } from '../../workers/batch.js';
import { STATUS_OK } from '../../workers/outcome.js';
import { startExecutor } from '../../workers/start.js';
import { type BlockResult, closeBlock, visibleAll } from '../helpers/block-result.js';
import { MOCK_BLOCKS, type MockBlock } from './mock-blocks.js';
import { differenceOf } from './real-blocks.js';

/** R1 on pevm's mock blocks; RUNS percent of their sizes, 100 being as large as they are there. */

const RUNS = Number(process.env['RUNS'] ?? 3);
const SEED = Number(process.env['SEED'] ?? 1);
const WORKERS = (process.env['WORKERS'] ?? '1,2,3,4,8,16').split(',').map(Number);

const THREADS = Math.max(...WORKERS) + 1;
const EXCHANGE = loadExchange();
/** All of them take as many accounts as the largest block has. */
const ARENA_MEGABYTES = 256 + 8 * RUNS;

interface Party {
  readonly arena: Arena;
  readonly executor: Executor;
  readonly root: StateRoot;
}

async function startParty(workers: number): Promise<Party> {
  const arena = Arena.create({ megabytes: ARENA_MEGABYTES, threads: THREADS });
  const engine = 'interpreter';
  const executor = await startExecutor({ arena, workers, clock: systemClock, engine });
  await executor.beginBlock(CONTEXT);
  return { arena, executor, root: new StateRoot(arena) };
}

/** The block in batches as large as a round gets; then all of it is taken back. */
async function run({ arena, executor, root }: Party, block: MockBlock): Promise<BlockResult> {
  const empty = arena.mark();
  fillArena(arena, block.alloc);
  executor.sequence = GENESIS_SEQUENCE;
  const outcomes: string[] = [];
  const diffs: string[] = [];
  let stateRoot = '';
  for (let start = 0; start < block.records.length; start += ROUND_STEPS_MAX) {
    const opened = arena.openMiniBlock(executor.sequence + 1);
    const part = block.records.slice(start, start + ROUND_STEPS_MAX);
    const result = await executor.runBatch(part);
    for (const { status } of result.outcomes) expect(status, 'all succeed').toBe(STATUS_OK);
    outcomes.push(...visibleAll(result));
    const closed = closeBlock({ arena, root }, executor.sequence, opened);
    diffs.push(closed.diff);
    stateRoot = closed.root;
  }
  arena.rollback(empty);
  return { outcomes, sequence: executor.sequence, diff: diffs.join(), root: stateRoot };
}

describe('a mock block gives the sequential result', () => {
  const parties = new Map<number, Party>();
  beforeAll(async () => {
    for (const workers of [0, ...WORKERS]) parties.set(workers, await startParty(workers));
  });
  afterAll(async () => {
    for (const { executor } of parties.values()) await executor.stop();
    parties.clear();
  });

  describe.each(Object.entries(MOCK_BLOCKS))('%s', (name, create) => {
    if (EXCHANGE === null && /Uniswap|mixed/.test(name)) {
      it.skip(`skipped: it needs ${UNISWAP_PACKAGES}`);
      return;
    }
    let block: MockBlock;
    let expected: BlockResult;
    beforeAll(async () => {
      block = create(RUNS / 100, new SeededNumbers(SEED));
      expected = await run(parties.get(0)!, block);
    });

    it.each(WORKERS)('with %i workers', async (workers) => {
      const actual = await run(parties.get(workers)!, block);
      expect(differenceOf(expected, actual), `SEED=${SEED} RUNS=${RUNS}`).toBeNull();
    });
  });
});

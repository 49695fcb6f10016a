import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Arena } from '../../state/arena.js';
import { toHex, toWord } from '../../state/base/bytes.js';
import { systemClock } from '../../state/base/ports.js';
import { encodeDiff } from '../../state/diff.js';
import { StateRoot } from '../../state/root.js';
import type { Executor } from '../../workers/batch.js';
import type { Outcome } from '../../workers/outcome.js';
import { startExecutor } from '../../workers/start.js';
import { cellsOf } from '../helpers/executors.js';
import { addressOf, CONTEXT, fillStore, randomBlock } from '../helpers/random-block.js';

/** R1: same bytes out for any number of workers. */

const RUNS = Number(process.env['RUNS'] ?? 60);
const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };
const FIRST = 2;
const ABSENT = new Uint8Array(20).fill(0xab);
const PAYEE = new Uint8Array(20).fill(0xcd);

interface Party {
  readonly arena: Arena;
  readonly executor: Executor;
  readonly root: StateRoot;
}

/** What must not depend on the number of workers: all but the read set, which may be older. */
function visible(outcome: Outcome | null): unknown {
  if (outcome === null) return null;
  const { status, reason, gasUsed, feeDelta, created, logs, output } = outcome;
  return { status, reason, gasUsed, feeDelta, created, logs, output };
}

async function startParty(workers: number): Promise<Party> {
  const arena = Arena.create({ megabytes: 16, threads: 5 });
  arena.openMiniBlock(1);
  fillStore(arena, 1);
  arena.closeMiniBlock(1);
  const executor = await startExecutor({ arena, workers, clock: systemClock });
  await executor.beginBlock(CONTEXT);
  return { arena, executor, root: new StateRoot(arena) };
}

/** A whole block: calls of its own, transactions in two batches, credits; then all of it undone. */
async function runBlock({ arena, executor, root }: Party, records: readonly Uint8Array[]) {
  const mark = arena.mark();
  const opened = arena.openMiniBlock(FIRST);
  executor.sequence = FIRST - 1;
  const half = records.length >> 1;
  const first = await executor.systemCall({ to: addressOf('counter'), data: toWord(1n) });
  const absent = await executor.systemCall({ to: ABSENT, data: toWord(1n) });
  const front = await executor.runBatch(records.slice(0, half));
  const back = await executor.runBatch(records.slice(half));
  await executor.credit([
    { address: CONTEXT.coinbase, amount: 5n },
    { address: PAYEE, amount: 7n },
    { address: PAYEE, amount: 1n },
  ]);
  await executor.credit([]);
  const failing = await executor.systemCall({ to: addressOf('reverter'), data: new Uint8Array(0) });
  const outcomes = [first, absent, ...front.outcomes, ...back.outcomes, failing].map(visible);
  const { sequence } = executor;
  const diff = toHex(encodeDiff(arena, arena.closeMiniBlock(sequence), opened));
  const stateRoot = toHex(root.rebuild(sequence));
  const result = { outcomes, cells: cellsOf(arena), sequence, diff, stateRoot };
  arena.rollback(mark);
  return result;
}

describe('parallel execution', () => {
  const parties = new Map<number, Party>();
  beforeAll(async () => {
    for (const workers of [0, 1, 2, 3, 4]) parties.set(workers, await startParty(workers));
  });
  afterAll(async () => {
    for (const { executor } of parties.values()) await executor.stop();
  });
  const party = (workers: number): Party => parties.get(workers) as Party;

  it.each([1, 2, 3, 4])(
    'with %i workers gives outcomes, cells, ids, versions, diff and root of sequential execution',
    async (workers) => {
      const property = fc.asyncProperty(randomBlock, async (records) => {
        const expected = await runBlock(party(0), records);
        expect(await runBlock(party(workers), records)).toEqual(expected);
      });
      await fc.assert(property, { numRuns: RUNS, ...seed });
    },
  );
});

import { keccak_256 } from '@noble/hashes/sha3.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Arena } from '../../state/arena.js';
import { fromHex, toBigInt, toHex, toWord } from '../../state/base/bytes.js';
import { systemClock } from '../../state/base/ports.js';
import { encodeDiff } from '../../state/diff.js';
import { StateRoot } from '../../state/root.js';
import type { Executor } from '../../workers/batch.js';
import { recordOfUnsigned } from '../../workers/decode.js';
import { ENGINE_NAMES } from '../../workers/engines.js';
import type { Outcome } from '../../workers/outcome.js';
import { startExecutor } from '../../workers/start.js';
import { cellsOf } from '../helpers/executors.js';
import {
  CONTEXT,
  contextOf,
  fillStore,
  type RandomBlock,
  randomBlock,
} from '../helpers/random-block.js';
import { addressOf } from '../helpers/random-programs.js';

/** R1: same bytes out for each number of workers; R17: no wei made nor lost; R15: depth 1,024. */

const RUNS = Number(process.env['RUNS'] ?? 60);
const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };
const FIRST = 2;
const ABSENT = new Uint8Array(20).fill(0xab);
const PAYEE = new Uint8Array(20).fill(0xcd);
const BASE_FEE = CONTEXT.baseFee;
const CREDITED = 13n;

/** slot[0] += 1, then calls itself with all gas. */
const DESCENDING = fromHex('60016000540160005560006000600060006000305af100');
const RICH = keccak_256(toWord(0n)).slice(12);

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

async function startParty(engine: string, workers: number): Promise<Party> {
  const arena = Arena.create({ megabytes: 16, threads: 5 });
  arena.openMiniBlock(1);
  fillStore(arena, 1);
  arena.closeMiniBlock(1);
  const executor = await startExecutor({ arena, workers, clock: systemClock, engine });
  await executor.beginBlock(CONTEXT);
  return { arena, executor, root: new StateRoot(arena) };
}

/** Wei of all accounts. */
function supplyOf(arena: Arena): bigint {
  const value = new Uint8Array(32);
  let sum = 0n;
  for (let id = 0; id < arena.cellCount; id += 1) {
    if (arena.keyOf(id).kind !== 0) continue;
    arena.readLatest(id, value);
    sum += toBigInt(value);
  }
  return sum;
}

/** A whole block: calls of its own, transactions in two batches, credits; then all of it undone. */
async function runBlock({ arena, executor, root }: Party, { fork, records }: RandomBlock) {
  await executor.beginBlock(contextOf(fork));
  const mark = arena.mark();
  const opened = arena.openMiniBlock(FIRST);
  executor.sequence = FIRST - 1;
  const supplyBefore = supplyOf(arena);
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
  const transactions = [...front.outcomes, ...back.outcomes];
  const burned = transactions.reduce((sum, { gasUsed }) => sum + BigInt(gasUsed), 0n) * BASE_FEE;
  expect(supplyOf(arena) + burned).toBe(supplyBefore + CREDITED);
  const outcomes = [first, absent, ...transactions, failing].map(visible);
  const { sequence } = executor;
  const diff = toHex(encodeDiff(arena, arena.closeMiniBlock(sequence), opened));
  const stateRoot = toHex(root.rebuild(sequence));
  const result = { outcomes, cells: cellsOf(arena), sequence, diff, stateRoot };
  arena.rollback(mark);
  return result;
}

describe.each(ENGINE_NAMES)('parallel execution on the %s engine', (engine) => {
  const parties = new Map<number, Party>();
  beforeAll(async () => {
    for (const workers of [0, 1, 2, 3, 4]) parties.set(workers, await startParty(engine, workers));
  });
  afterAll(async () => {
    for (const { executor } of parties.values()) await executor.stop();
  });
  const party = (workers: number): Party => parties.get(workers) as Party;

  it.each([1, 2, 3, 4])(
    'with %i workers gives outcomes, cells, ids, versions, diff and root of sequential execution',
    async (workers) => {
      const property = fc.asyncProperty(randomBlock, async (block) => {
        const expected = await runBlock(party(0), block);
        expect(await runBlock(party(workers), block)).toEqual(expected);
      });
      await fc.assert(property, { numRuns: RUNS, ...seed });
    },
  );

  it.each([0, 1, 2])('with %i workers calls go 1,024 deep and no deeper', async (workers) => {
    const { arena, executor } = party(workers);
    const mark = arena.mark();
    arena.openMiniBlock(FIRST);
    executor.sequence = FIRST - 1;
    arena.putCode(keccak_256(DESCENDING), DESCENDING);
    arena.write(arena.intern(2, PAYEE), keccak_256(DESCENDING), FIRST - 1);
    // Before Osaka a transaction may have the gas that 1,024 times 63/64 leaves enough of.
    const context = { ...CONTEXT, fork: 'prague', gasLimit: 10 ** 13 } as const;
    await executor.beginBlock(context);
    const fields = { type: 2, nonce: 0, gasLimit: 10 ** 13, maxFeePerGas: 7, to: toHex(PAYEE) };
    const own = { ...fields, chainId: CONTEXT.chainId, maxPriorityFeePerGas: 0 } as const;
    const record = recordOfUnsigned(own, RICH, keccak_256(RICH), context);
    const { outcomes } = await executor.runBatch([record]);
    expect(outcomes.map(({ status }) => status)).toEqual([1]);
    const frames = new Uint8Array(32);
    arena.readLatest(arena.find(3, PAYEE, toWord(0n)), frames);
    expect(toBigInt(frames)).toBe(1_025n);
    arena.rollback(mark);
    await executor.beginBlock(CONTEXT);
  });
});

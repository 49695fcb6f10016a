import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, it } from 'vitest';
import { Arena } from '../../../state/arena.js';
import { fromHex, toHex, toWord } from '../../../state/base/bytes.js';
import { systemClock } from '../../../state/base/ports.js';
import type { Executor } from '../../../workers/batch.js';
import { recordOfUnsigned } from '../../../workers/decode.js';
import { startExecutor } from '../../../workers/start.js';
import { FIRST, sender } from '../../helpers/executors.js';
import { CONTEXT } from '../../helpers/random-block.js';

/** A transaction may ask for the hash of the block before, which is only just being sealed. */

const BLOCK = { ...CONTEXT, fork: 'cancun' } as const;
/** slot[0] = hash of the block before. */
const ASKING = fromHex('600143034060005500');
const TARGET = new Uint8Array(20).fill(0x55);
const HASH = keccak_256(toWord(4n));
/** Long enough for a cold engine on a busy machine. */
const DEADLINE_MS = 2_000;

function record(from: number, to: Uint8Array): Uint8Array {
  const fields = {
    type: 2,
    nonce: 0,
    gasLimit: 100_000,
    maxFeePerGas: 100,
    to: toHex(to),
  } as const;
  const rest = { maxPriorityFeePerGas: 0, chainId: BLOCK.chainId };
  return recordOfUnsigned({ ...fields, ...rest }, sender(from), toWord(BigInt(from)), BLOCK);
}

async function start(workers: number): Promise<{ arena: Arena; executor: Executor }> {
  const arena = Arena.create({ megabytes: 16, threads: 4 });
  arena.openMiniBlock(1);
  for (const from of [0, 1, 2]) arena.write(arena.intern(0, sender(from)), toWord(10n ** 18n), 1);
  arena.putCode(keccak_256(ASKING), ASKING);
  arena.write(arena.intern(2, TARGET), keccak_256(ASKING), 1);
  arena.closeMiniBlock(1);
  arena.openMiniBlock(FIRST);
  const options = { arena, workers, clock: systemClock, deadlineMs: DEADLINE_MS };
  const executor = await startExecutor(options);
  await executor.beginBlock(BLOCK);
  executor.sequence = FIRST - 1;
  return { arena, executor };
}

const batch = () => [record(0, sender(1)), record(1, TARGET), record(2, sender(0))];

describe('a block hash', () => {
  it.each([0, 1, 2])('that comes late is waited for by %i workers', async (workers) => {
    const { arena, executor } = await start(workers);
    systemClock.after(50, () => {
      arena.putBlockHash(BLOCK.number - 1, HASH);
      executor.announceHash();
    });
    const { outcomes, counters } = await executor.runBatch(batch());
    expect(outcomes.map(({ status }) => status)).toEqual([1, 1, 1]);
    expect(counters.restarts).toBe(0);
    const value = new Uint8Array(32);
    arena.readLatest(arena.find(3, TARGET, toWord(0n)), value);
    expect(toHex(value)).toBe(toHex(HASH));
    await executor.stop();
  });

  it('that never comes costs its transaction alone', async () => {
    const { executor } = await start(2);
    const { outcomes } = await executor.runBatch(batch());
    expect(outcomes.map(({ status }) => status)).toEqual([1, 4, 1]);
    expect(outcomes.map(({ reason }) => reason)[1]).toBe('EXECUTION_FAULT');
    await executor.stop();
  });

  it('that never comes keeps nobody from stopping', async () => {
    const { executor } = await start(1);
    const running = executor.runBatch(batch()).then(
      () => 'done',
      () => 'failed',
    );
    await new Promise<void>((resolve) => systemClock.after(300, resolve));
    const startedMs = performance.now();
    await executor.stop();
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    expect(await running).toBe('failed');
  });
});

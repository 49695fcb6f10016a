import { afterEach, describe, expect, it } from 'vitest';
import type { SequencerCore } from '../../../runtime/core.js';
import { developmentGenesis } from '../../../runtime/genesis.js';
import { fromHex } from '../../../state/base/bytes.js';
import { isDeltacastError } from '../../../state/base/errors.js';
import {
  signedTransfer,
  startCore,
  submitAndWait,
  TEST_CONFIG,
  until,
} from '../../helpers/core.js';

/** An undo ring that is full for a moment makes transactions wait; it ends none, and no node. */

const WITHDRAWAL_REQUESTS = fromHex('00000961ef480eb55e80d19ad83579a64c007002');
const HOUR_MS = 3_600_000;

let core: SequencerCore;
afterEach(() => core.stop());

/** Initcode, or code, that puts the block's number plus 1, 2, ... into so many slots. */
function storing(slots: number): Uint8Array {
  return Uint8Array.from([
    ...[0x61, slots >> 8, slots & 0xff],
    ...[0x5b, 0x80, 0x43, 0x01, 0x81, 0x55],
    ...[0x60, 0x01, 0x90, 0x03, 0x80, 0x60, 0x03, 0x57, 0x00],
  ]);
}

function creation(nonce: number, slots: number): Uint8Array {
  return signedTransfer({ nonce, data: storing(slots), creates: true, gasLimit: 16_000_000 });
}

async function start(undoNodesMax: number, workers: number, code?: Uint8Array): Promise<void> {
  const genesis = developmentGenesis(TEST_CONFIG, 'osaka', 1);
  const [account] = genesis.accounts;
  const contract = { ...account!, address: WITHDRAWAL_REQUESTS, code: code ?? new Uint8Array(0) };
  core = await startCore(
    { workers, blockMs: HOUR_MS, gasLimit: 1_000_000_000 },
    {
      arenaSize: { megabytes: 64, undoNodesMax },
      genesis: { ...genesis, accounts: [...genesis.accounts, contract] },
    },
  );
}

describe.each([0, 1])('a full undo ring, with %i workers,', (workers) => {
  it('refuses what never fits, and goes on', async () => {
    await start(512, workers);
    await submitAndWait(core, creation(0, 400));
    await expect(submitAndWait(core, creation(1, 600))).rejects.toMatchObject({
      code: 'ARENA_FULL',
    });
    await submitAndWait(core, creation(1, 400));
  });

  it('has room for the end of the block', async () => {
    await start(256, workers, storing(20));
    for (let nonce = 0; nonce < 200; nonce += 1) {
      await submitAndWait(core, signedTransfer({ nonce }));
    }
    expect(core.chain.history.transactionCount).toBe(200);
    expect(core.chain.sealedTip?.number).toBeGreaterThan(2);
  });
});

// Without workers a block is sealed before anything else is executed.
describe('a full undo ring, with a sealing thread,', () => {
  it('refuses nothing that fits once the blocks before are sealed', async () => {
    await start(512, 1);
    const { executor, chain } = core;
    const { runBatch } = executor;
    let waits = 0;
    // The sealer is done just when the ring has been found full.
    executor.runBatch = async (records) => {
      try {
        return await runBatch.call(executor, records);
      } catch (error) {
        if (isDeltacastError(error, 'ARENA_FULL') && chain.unsealedCount > 0) {
          waits += 1;
          await until(() => chain.unsealedCount === 0, 'the seal');
        }
        throw error;
      }
    };
    for (let nonce = 0; nonce < 12; nonce += 1) {
      const { entry, index } = await submitAndWait(core, creation(nonce, 400));
      expect(entry.miniBlock.transactions.statuses[index]).toBe(1);
    }
    expect(waits).toBeGreaterThan(0);
  });
});

import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type BlockFile, readBlockFile } from '../../bench/block-file.js';
import { toHex } from '../../state/base/bytes.js';
import { orderedTrieRoot } from '../../state/mpt.js';
import {
  callsAfter,
  callsBefore,
  rewardCredits,
  withdrawalCredits,
} from '../../workers/block-steps.js';
import { bloomOf, encodeReceipt, mergeBloom } from '../../workers/header.js';
import type { OutcomeLog } from '../../workers/outcome.js';
import { ReferenceEngine } from '../../workers/reference/reference-engine.js';
import { SequentialExecutor } from '../../workers/sequential.js';
import { blockFiles, DATA_DIR, DATA_HINT } from '../helpers/data.js';
import { MapCells } from '../helpers/map-cells.js';

async function run(file: BlockFile) {
  const store = new MapCells();
  file.fill(store, 1);
  const engine = new ReferenceEngine(store, async (number) => file.blockHash(number));
  const executor = new SequentialExecutor(store, engine, 1);
  const { fork, number, coinbase } = file.context;
  await executor.beginBlock(file.context);
  for (const call of callsBefore(fork, file.parentBeaconBlockRoot, file.parentHash)) {
    await executor.systemCall(call);
  }
  let gasUsed = 0;
  const bloom = new Uint8Array(256);
  const receipts: Uint8Array[] = [];
  for (const [index, record] of file.records.entries()) {
    const outcome = await executor.execute(record);
    expect([index, outcome.status <= 1 ? 'included' : outcome.reason]).toEqual([index, 'included']);
    gasUsed += outcome.gasUsed;
    const logsBloom = bloomOf(outcome.logs as OutcomeLog[]);
    mergeBloom(bloom, logsBloom);
    const type = file.types[index] ?? 0;
    const { status, logs } = outcome;
    receipts.push(encodeReceipt({ type, status, cumulativeGasUsed: gasUsed, logs }, logsBloom));
  }
  executor.credit(withdrawalCredits(file.withdrawals));
  for (const call of callsAfter(fork)) await executor.systemCall(call);
  executor.credit(rewardCredits(fork, number, coinbase, file.ommers));
  return { gasUsed, logsBloom: toHex(bloom), receiptsRoot: toHex(await orderedTrieRoot(receipts)) };
}

describe('real mainnet blocks on the reference engine', () => {
  const files = [...blockFiles('blocks'), ...blockFiles('blocks-derived')];
  if (DATA_DIR === null) it.skip(`skipped: ${DATA_HINT}`);

  it.each(files.map((path) => [basename(path, '.json.gz'), path]))(
    'block %s gives the gas, bloom and receipts root of its header',
    async (_name, path) => {
      const file = readBlockFile(path);
      const { receiptsRoot, ...rest } = await run(file);
      const { receiptsRoot: expectedRoot, ...expectedRest } = file.expected;
      expect(rest).toEqual(expectedRest);
      if (expectedRoot !== null) expect(receiptsRoot).toBe(expectedRoot);
    },
  );
});

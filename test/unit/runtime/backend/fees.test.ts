import { describe, expect, test } from 'vitest';
import { ChainBuilder, transfer } from '../../../helpers/chain-builder.js';
import { at, backendOf, expectCode, LATEST } from './helpers.js';

const GWEI = 1_000_000_000n;

/** A transfer that pays this tip and uses this gas. */
const tipped = (nonce: number, tip: bigint, gasUsed: number) => ({
  ...transfer(0, nonce, { maxFeePerGas: 100n * GWEI, maxPriorityFeePerGas: tip }),
  gasUsed,
});

describe('what to offer', () => {
  test('is the base fee of the open block, or the next if higher, and 1 gwei', async () => {
    const builder = await ChainBuilder.begin({ gasLimit: 100_000 });
    const backend = backendOf(builder);
    // Genesis used nothing: the base fee falls by an eighth.
    expect(backend.baseFeePerGas()).toBe(875_000_000n);
    expect(backend.gasPrice()).toBe(875_000_000n + GWEI);
    const { baseFee } = builder.open();
    expect(backend.baseFeePerGas()).toBe(baseFee);
    expect(backend.gasPrice()).toBe(baseFee + GWEI);
    await builder.miniBlock([{ ...transfer(0, 0), gasUsed: 100_000 }]);
    expect(backend.baseFeePerGas()).toBe(baseFee);
    expect(backend.gasPrice()).toBe(baseFee + baseFee / 8n + GWEI);
    expect(backend.maxPriorityFeePerGas()).toBe(GWEI);
    expect(backend.blobBaseFee()).toBe(1n);
  });

  test('before London is the tip alone', async () => {
    const backend = backendOf(await ChainBuilder.begin({ fork: 'berlin' }));
    expect(backend.baseFeePerGas()).toBeNull();
    expect(backend.gasPrice()).toBe(GWEI);
    expect(backend.blobBaseFee()).toBe(0n);
  });
});

describe('the fee history', () => {
  test('holds fewer blocks where there is too much to look at for rewards', async () => {
    const builder = await ChainBuilder.begin({ gasLimit: 1e9 });
    const one = transfer(0, 0);
    // The same bytes again and again: a chain by hand does not mind.
    const many = Array<typeof one>(4_000).fill(one);
    for (const miniBlocks of [[many, many, many, many], [many], [[one]]]) {
      builder.open();
      for (const included of miniBlocks) await builder.miniBlock(included);
      builder.close();
    }
    const backend = backendOf(builder);
    expect((await backend.feeHistory(3, LATEST, [50])).oldestBlock).toBe(2);
    expect((await backend.feeHistory(3, LATEST, [])).oldestBlock).toBe(1);
    // The newest block alone is never too much.
    expect((await backend.feeHistory(3, at(1), [50])).oldestBlock).toBe(0);
  });

  async function threeBlocks() {
    const builder = await ChainBuilder.begin({ gasLimit: 200_000 });
    await builder.block([
      tipped(0, 3n * GWEI, 50_000),
      tipped(1, 1n * GWEI, 25_000),
      tipped(2, 2n * GWEI, 25_000),
    ]);
    await builder.block([]);
    builder.open();
    await builder.miniBlock([tipped(3, 5n * GWEI, 200_000)]);
    return { builder, backend: backendOf(builder) };
  }

  test('has one base fee more than blocks, and rewards by share of gas', async () => {
    const { builder, backend } = await threeBlocks();
    const history = await backend.feeHistory(3, LATEST, [0, 25, 26, 50, 51, 100]);
    const fee = (number: number) => builder.chain.history.block(number)?.context.baseFee ?? 0n;
    expect(history.oldestBlock).toBe(1);
    expect(history.baseFeePerGas).toEqual([fee(1), fee(2), fee(3), fee(3) + fee(3) / 8n]);
    expect(history.gasUsedRatio).toEqual([0.5, 0, 1]);
    expect(history.reward[0]).toEqual([1n, 1n, 2n, 2n, 3n, 3n].map((tip) => tip * GWEI));
    expect(history.reward[1]).toEqual([0n, 0n, 0n, 0n, 0n, 0n]);
    expect(history.reward[2]?.every((tip) => tip === 5n * GWEI)).toBe(true);
    expect(history.baseFeePerBlobGas).toEqual([1n, 1n, 1n, 1n]);
    expect(history.blobGasUsedRatio).toEqual([0, 0, 0]);
  });

  test('ends at the genesis, at the block that is named, or is empty', async () => {
    const { backend } = await threeBlocks();
    const all = await backend.feeHistory(100, at(2), []);
    expect(all.oldestBlock).toBe(0);
    expect(all.gasUsedRatio).toHaveLength(3);
    expect(all.baseFeePerGas).toHaveLength(4);
    expect(all.reward).toEqual([]);
    expect((await backend.feeHistory(0, LATEST, [])).baseFeePerGas).toEqual([]);
    await expectCode('RPC_NOT_FOUND', () => backend.feeHistory(1, at(9), []));
  });
});

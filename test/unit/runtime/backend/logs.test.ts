import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, test } from 'vitest';
import type { LogQuery, RpcLogWithPosition } from '../../../../net/rpc/values.js';
import { LogFilter } from '../../../../runtime/backend/log-filter.js';
import { bloomOf } from '../../../../workers/header.js';
import { ChainBuilder, transfer } from '../../../helpers/chain-builder.js';
import { at, backendOf, expectCode, tag } from './helpers.js';

const topic = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const address = (fill: number): Uint8Array => new Uint8Array(20).fill(fill);
const log = (from: number, ...topics: number[]) => ({
  address: address(from),
  topics: topics.map(topic),
  data: Uint8Array.of(from, ...topics),
});

const ALL: LogQuery = {
  range: { from: tag('earliest'), to: tag('latest') },
  addresses: [],
  topics: [],
  after: null,
  countMax: 1_000,
  blocksMax: 1_000,
};

/** Blocks 1 to 3 sealed, 4 open; (block, index in it) names a log. */
async function chainWithLogs() {
  const builder = await ChainBuilder.begin();
  const backend = backendOf(builder);
  await builder.block([{ ...transfer(0, 0), logs: [log(1, 1), log(2, 1, 2)] }]);
  await builder.block([transfer(0, 1)]);
  builder.open();
  await builder.miniBlock([
    { ...transfer(0, 2), logs: [log(1, 3)] },
    transfer(0, 3),
    { ...transfer(0, 4), logs: [log(1, 1, 3), log(3)] },
  ]);
  await builder.miniBlock([{ ...transfer(0, 5), logs: [log(2, 2)] }]);
  await builder.seal(builder.close());
  builder.open();
  await builder.miniBlock([{ ...transfer(0, 6), logs: [log(1, 1)] }]);
  const places = async (query: Partial<LogQuery>) =>
    (await backend.logs({ ...ALL, ...query })).map(placeOf);
  return { builder, backend, places };
}

function placeOf({ position, logIndex }: RpcLogWithPosition): string {
  return `${position.blockNumber}.${logIndex}`;
}

describe('logs', () => {
  test('of a range come in order, sealed or not', async () => {
    const { builder, backend, places } = await chainWithLogs();
    expect(await places({})).toEqual(['1.0', '1.1', '3.0', '3.1', '3.2', '3.3', '4.0']);
    expect(await places({ range: { from: at(2), to: at(3) } })).toHaveLength(4);
    expect(await places({ range: { from: at(4), to: at(4) } })).toEqual(['4.0']);
    expect(await places({ range: { from: at(5), to: at(90) } })).toEqual([]);
    const blockHash = builder.chain.history.hashOf(3) ?? topic(0);
    expect(await places({ range: { blockHash } })).toEqual(['3.0', '3.1', '3.2', '3.3']);
    const found = await backend.logs(ALL);
    expect(found[4]).toEqual({
      ...log(3),
      logIndex: 2,
      transactionHash: keccak_256(transfer(0, 4).raw),
      position: {
        blockNumber: 3,
        blockHash,
        blockTimestamp: builder.chain.history.block(3)?.context.timestamp,
        transactionIndex: 2,
      },
    });
    expect(found[6]?.position.blockHash).toBeNull();
  });

  test('are filtered by address and by topics in their places', async () => {
    const { places } = await chainWithLogs();
    expect(await places({ addresses: [address(2)] })).toEqual(['1.1', '3.3']);
    expect(await places({ addresses: [address(2), address(3)] })).toEqual(['1.1', '3.2', '3.3']);
    expect(await places({ topics: [[topic(1)]] })).toEqual(['1.0', '1.1', '3.1', '4.0']);
    expect(await places({ topics: [null, [topic(2), topic(3)]] })).toEqual(['1.1', '3.1']);
    expect(await places({ topics: [[topic(1)], [topic(3)]] })).toEqual(['3.1']);
    expect(await places({ topics: [null, null] })).toEqual(['1.1', '3.1']);
    expect(await places({ topics: [[topic(2)]], addresses: [address(1)] })).toEqual([]);
    expect(await places({ addresses: [address(9)] })).toEqual([]);
  });

  test('come in pages that follow a cursor', async () => {
    const { places, backend } = await chainWithLogs();
    const seen: string[] = [];
    let after: LogQuery['after'] = null;
    for (;;) {
      const page: readonly RpcLogWithPosition[] = await backend.logs({
        ...ALL,
        after,
        countMax: 2,
      });
      seen.push(...page.map(placeOf));
      const last = page.at(-1);
      if (last === undefined) break;
      expect(page.length).toBeLessThanOrEqual(2);
      after = { blockNumber: last.position.blockNumber, logIndex: last.logIndex };
    }
    expect(seen).toEqual(await places({}));
    expect(await places({ after: { blockNumber: 90, logIndex: 0 } })).toEqual([]);
  });

  test('are refused for ranges that are backwards, too wide or unknown', async () => {
    const { backend } = await chainWithLogs();
    const find = (query: Partial<LogQuery>) => () => backend.logs({ ...ALL, ...query });
    await expectCode('RPC_INVALID_PARAMS', find({ range: { from: at(3), to: at(2) } }));
    await expectCode('RPC_LIMIT', find({ blocksMax: 4 }));
    // Blocks that are not there yet do not count.
    const future = { from: at(4), to: at(1e9) };
    expect(await backend.logs({ ...ALL, range: future, blocksMax: 1 })).toHaveLength(1);
    await expectCode('RPC_NOT_FOUND', find({ range: { blockHash: topic(7) } }));
    expect(await backend.logs({ ...ALL, blocksMax: 5 })).toHaveLength(7);
  });
});

describe('the bloom of a sealed block', () => {
  test('is where the search looks for it, and rules out what is not in the block', async () => {
    const { builder, backend } = await chainWithLogs();
    const seal = builder.chain.history.block(3)?.seal;
    const header = (await backend.block(at(3), false))?.header;
    expect(seal?.rlp.subarray(192, 448)).toEqual(header?.logsBloom);
    const bloom = header?.logsBloom ?? topic(0);
    expect(new LogFilter([address(1)], [[topic(3)]]).mayMatch(bloom)).toBe(true);
    expect(new LogFilter([address(9)], []).mayMatch(bloom)).toBe(false);
    expect(new LogFilter([], [null, [topic(9)]]).mayMatch(bloom)).toBe(false);
    expect(new LogFilter([], [null, [topic(9), topic(3)]]).mayMatch(bloom)).toBe(true);
    expect(new LogFilter([], []).mayMatch(bloomOf([]))).toBe(true);
  });
});

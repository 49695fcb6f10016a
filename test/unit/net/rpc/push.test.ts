/** Subscriptions and polling filters. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toHex } from '../../../../state/base/bytes.js';
import {
  RPC_FILTER_IDLE_MS,
  RPC_FILTER_ITEMS_MAX,
  RPC_FILTERS_MAX,
  RPC_SUBSCRIPTIONS_MAX,
} from '../../../../state/base/limits.js';
import { systemClock } from '../../../../state/base/ports.js';
import { ALICE, BOB, bytes, hashAt, transactionOf } from '../../../helpers/fake-backend.js';
import {
  call,
  startTestServer,
  type TestServer,
  until,
  WsClient,
} from '../../../helpers/rpc-client.js';

let test: TestServer;
let client: WsClient;
let nowMs = 0;
beforeEach(async () => {
  nowMs = 0;
  const clock = { ...systemClock, monotonicMs: () => nowMs };
  test = await startTestServer({ clock });
  client = await WsClient.open(test.server.port);
});
afterEach(async () => {
  client.webSocket.terminate();
  nowMs = Number.MAX_SAFE_INTEGER;
  await test.server.close();
  expect(test.faults).toEqual([]);
});

const result = async (method: string, params: unknown[] = []): Promise<unknown> => {
  const reply = await client.call(method, params);
  expect([method, reply.error]).toEqual([method, undefined]);
  return reply.result;
};

describe('subscriptions', () => {
  it('newHeads has the header and the count of mini-blocks', async () => {
    const subscription = await result('eth_subscribe', ['newHeads']);
    test.backend.sealBlock(6);
    const [head] = await client.notified(1);
    expect(head).toMatchObject({ number: '0x6', hash: toHex(bytes(32, 7)), miniBlockCount: '0x3' });
    expect(client.notifications[0]?.subscription).toBe(subscription);
  });

  it("miniBlocks has MegaETH's fields", async () => {
    await result('eth_subscribe', ['miniBlocks']);
    test.backend.miniBlock();
    const [item] = (await client.notified(1)) as Record<string, unknown>[];
    expect(Object.keys(item ?? {})).toEqual([
      'block_number',
      'block_timestamp',
      'index',
      'mini_block_number',
      'mini_block_timestamp',
      'gas_used',
      'transactions',
      'receipts',
    ]);
    expect(item).toMatchObject({
      block_number: '0x7',
      mini_block_number: '0x46',
      mini_block_timestamp: `0x${1_700_000_007_000_123n.toString(16)}`,
      transactions: [{ hash: toHex(hashAt(7)) }],
      receipts: [{ status: '0x1' }],
    });
  });

  it('stateChanges has the accounts asked for and only those', async () => {
    await result('eth_subscribe', ['stateChanges', [toHex(ALICE)]]);
    test.backend.miniBlock();
    test.backend.sealBlock();
    expect(await client.notified(1)).toEqual([
      {
        address: toHex(ALICE),
        nonce: 4,
        balance: '0x1234',
        storage: { [toHex(bytes(32, 1))]: '0x5' },
      },
    ]);
    for (const accounts of [undefined, [], 'all']) {
      const reply = await client.call('eth_subscribe', ['stateChanges', accounts]);
      expect(reply.error?.code).toBe(-32602);
    }
  });

  it('logs are matched by address, topics and block', async () => {
    const wanted = { address: toHex(BOB), topics: [[toHex(bytes(32, 0x70)), toHex(bytes(32, 1))]] };
    const pending = { fromBlock: 'pending', toBlock: 'pending' };
    await result('eth_subscribe', ['logs', { ...wanted, ...pending }]);
    await result('eth_subscribe', ['logs']);
    await result('eth_subscribe', ['logs', { topics: [null] }]);
    await result('eth_subscribe', ['logs', { address: toHex(ALICE) }]);
    await result('eth_subscribe', ['logs', { topics: [toHex(bytes(32, 1))] }]);
    await result('eth_subscribe', ['logs', { topics: [null, null] }]);
    await result('eth_subscribe', ['logs', { fromBlock: '0x8' }]);
    test.backend.miniBlock();
    await result('eth_chainId');
    expect(client.notifications).toHaveLength(3);
    expect(client.notifications[0]?.result).toMatchObject({ logIndex: '0x0', removed: false });
  });

  it('newPendingTransactions gives hashes, or whole transactions', async () => {
    await result('eth_subscribe', ['newPendingTransactions']);
    await result('eth_subscribe', ['newPendingTransactions', true]);
    const load = (hash: Uint8Array) => transactionOf(hash, null);
    test.backend.emit((listener) => listener.pendingTransactions([hashAt(1)], load));
    const [hash, whole] = await client.notified(2);
    expect(hash).toBe(toHex(hashAt(1)));
    expect(whole).toMatchObject({ hash: toHex(hashAt(1)), blockNumber: null });
  });

  it('ends with eth_unsubscribe and with the connection', async () => {
    const id = await result('eth_subscribe', ['newHeads']);
    const other = await result('eth_subscribe', ['logs']);
    expect(id).not.toBe(other);
    expect(await result('eth_unsubscribe', [id])).toBe(true);
    expect((await client.call('eth_unsubscribe', [id])).error?.message).toBe(
      'subscription not found',
    );
    test.backend.sealBlock();
    await result('eth_chainId');
    expect(client.notifications).toEqual([]);
    expect(test.backend.listeners.size).toBe(1);
    client.webSocket.close();
    await until(() => test.backend.listeners.size === 0);
    expect(test.server.statistics()).toMatchObject({ subscriptions: 0, webSockets: 0 });
  });

  it('never comes before the answer that names it', async () => {
    let finish: (value: bigint) => void = () => {};
    test.backend.balanceOf = () => new Promise((resolve) => (finish = resolve));
    const request = (id: number, method: string, params: unknown[]) => ({
      jsonrpc: '2.0',
      id,
      method,
      params,
    });
    const slow = request(1, 'eth_getBalance', [toHex(ALICE)]);
    client.webSocket.send(JSON.stringify([slow, request(2, 'eth_subscribe', ['newHeads'])]));
    await until(() => test.server.statistics().subscriptions === 1);
    test.backend.sealBlock();
    finish(1n);
    await until(() => client.order.length === 1);
    test.backend.sealBlock();
    await client.notified(1);
    expect(client.order).toEqual(['reply', 'notification']);
  });

  it('is refused over HTTP, of an unknown kind, and over the limit', async () => {
    const overHttp = await call(test.url, 'eth_subscribe', ['newHeads']);
    expect(overHttp.error).toEqual({ code: -32000, message: 'WebSocket connection required' });
    expect((await client.call('eth_subscribe', ['syncing'])).error?.code).toBe(-32602);
    for (let count = 0; count < RPC_SUBSCRIPTIONS_MAX; count += 1) {
      await result('eth_subscribe', ['newHeads']);
    }
    expect((await client.call('eth_subscribe', ['newHeads'])).error?.code).toBe(-32005);
  });
});

describe('eth_callAfter', () => {
  const request = { to: toHex(BOB), input: '0x01' };
  const callAfter = (nonce: unknown, timeout?: unknown) =>
    client.call('eth_callAfter', [request, { account: toHex(ALICE), nonce, timeout }]);

  it('answers at once, or with the mini-block that brings the account there', async () => {
    expect((await callAfter('0x3')).result).toBe(toHex(bytes(32, 1)));
    const later = callAfter(5);
    await until(() => test.backend.listeners.size === 1);
    test.backend.nonce = 4n;
    test.backend.miniBlock();
    test.backend.nonce = 5n;
    test.backend.miniBlock();
    expect((await later).result).toBe(toHex(bytes(32, 1)));
    expect(test.backend.listeners.size).toBe(0);
  });

  it('gives up after its timeout', async () => {
    expect((await callAfter(4, 20)).error).toEqual({
      code: -32000,
      message: 'Timeout: timeout waiting for nonce condition',
    });
    for (const timeout of [0, 60_001, '0x10', 1.5]) {
      expect((await callAfter(4, timeout)).error?.code).toBe(-32602);
    }
    expect(test.backend.listeners.size).toBe(0);
  });
});

describe('filters', () => {
  it('give what happened since they were asked last', async () => {
    const blocks = await result('eth_newBlockFilter');
    const logs = await result('eth_newFilter', [{ address: toHex(BOB) }]);
    const pending = await result('eth_newPendingTransactionFilter');
    test.backend.miniBlock();
    test.backend.sealBlock(5);
    test.backend.sealBlock(6);
    test.backend.emit((listener) => listener.pendingTransactions([hashAt(1)], () => null));
    expect(await result('eth_getFilterChanges', [blocks])).toEqual([
      toHex(bytes(32, 6)),
      toHex(bytes(32, 7)),
    ]);
    expect(await result('eth_getFilterChanges', [blocks])).toEqual([]);
    expect(await result('eth_getFilterChanges', [logs])).toMatchObject([{ address: toHex(BOB) }]);
    expect(await result('eth_getFilterChanges', [pending])).toEqual([toHex(hashAt(1))]);
    expect((await client.call('eth_getFilterLogs', [blocks])).error?.code).toBe(-32000);
    expect(await result('eth_uninstallFilter', [blocks])).toBe(true);
    expect((await client.call('eth_getFilterChanges', [blocks])).error).toEqual({
      code: -32000,
      message: 'filter not found',
    });
  });

  it('are forgotten when nobody asks, and when they hold too much', async () => {
    const idle = await result('eth_newBlockFilter');
    nowMs = RPC_FILTER_IDLE_MS - 1;
    expect(await result('eth_getFilterChanges', [idle])).toEqual([]);
    nowMs *= 2;
    expect(await result('eth_getFilterChanges', [idle])).toEqual([]);
    nowMs += RPC_FILTER_IDLE_MS + 1;
    expect((await client.call('eth_getFilterChanges', [idle])).error?.code).toBe(-32000);
    const full = await result('eth_newPendingTransactionFilter');
    const hashes = new Array(RPC_FILTER_ITEMS_MAX).fill(hashAt(1));
    test.backend.emit((listener) => listener.pendingTransactions(hashes, () => null));
    expect(test.server.statistics().filters).toBe(1);
    test.backend.emit((listener) => listener.pendingTransactions([hashAt(1)], () => null));
    expect(test.server.statistics().filters).toBe(0);
    expect(test.backend.listeners.size).toBe(0);
    expect((await client.call('eth_getFilterChanges', [full])).error?.code).toBe(-32000);
  });

  it('are limited in number', async () => {
    for (let count = 0; count < RPC_FILTERS_MAX; count += 1) await result('eth_newBlockFilter');
    expect((await client.call('eth_newBlockFilter')).error?.code).toBe(-32005);
  });
});

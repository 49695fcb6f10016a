/**
 * The real libraries against a real server: what they send is understood, and they can read what
 * they get, before a block is sealed as well as after. The last tests are why the hash of a block
 * that is not sealed is 32 zero bytes and not null.
 */
import { Interface, JsonRpcProvider, type Log, WebSocketProvider } from 'ethers';
import {
  createPublicClient,
  createWalletClient,
  defineChain,
  formatTransactionReceipt,
  http,
  webSocket,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../../../state/base/bytes.js';
import { ALICE, BOB, hashAt, OPEN_BLOCK, TOPIC } from '../../../helpers/fake-backend.js';
import { startTestServer, type TestServer, until } from '../../../helpers/rpc-client.js';

const ZERO_HASH = `0x${'0'.repeat(64)}`;
const SEALED = toHex(hashAt(2));
const OPEN = toHex(hashAt(OPEN_BLOCK));
/** The first of the well-known development keys. */
const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';

let test: TestServer;
beforeAll(async () => {
  test = await startTestServer();
});
afterAll(async () => await test.server.close());

const chain = () =>
  defineChain({
    id: 31_337,
    name: 'test',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [test.url] } },
  });
const viemHttp = () => createPublicClient({ chain: chain(), transport: http(test.url) });
const viemWs = () =>
  createPublicClient({
    chain: chain(),
    transport: webSocket(test.url.replace('http', 'ws'), { reconnect: false, keepAlive: false }),
  });

describe('viem', () => {
  it('reads chain, blocks, transactions, receipts and logs', async () => {
    const client = viemHttp();
    expect(await client.getChainId()).toBe(31_337);
    expect(await client.getBlockNumber()).toBe(BigInt(OPEN_BLOCK));
    const block = await client.getBlock({ blockNumber: 2n, includeTransactions: true });
    expect(block).toMatchObject({ number: 2n, gasLimit: 30_000_000n, size: 700n });
    expect(block.transactions[0]).toMatchObject({ type: 'eip1559', nonce: 3, yParity: 1 });
    const receipt = await client.getTransactionReceipt({ hash: SEALED });
    expect(receipt).toMatchObject({ status: 'success', blockNumber: 2n, gasUsed: 30_000n });
    expect(receipt.logs[0]).toMatchObject({ logIndex: 0, removed: false });
    expect(await client.getTransaction({ hash: SEALED })).toMatchObject({ value: 5n });
    const logs = await client.getLogs({ address: toHex(BOB), fromBlock: 0n });
    expect(logs[0]).toMatchObject({ blockNumber: 1n, blockTimestamp: 1_700_000_001n });
    expect((await client.getFeeHistory({ blockCount: 2, rewardPercentiles: [50] })).reward).toEqual(
      [[7n], [7n]],
    );
  });

  it('sends in two calls, and in one synchronous call', async () => {
    const account = privateKeyToAccount(KEY);
    const wallet = createWalletClient({ account, chain: chain(), transport: http(test.url) });
    const before = test.server.statistics().requests;
    const hash = await wallet.sendTransaction({ to: toHex(BOB), value: 1n });
    // eth_fillTransaction and eth_sendRawTransaction, nothing else.
    expect(test.server.statistics().requests - before).toBe(2);
    test.backend.execute(Buffer.from(hash.slice(2), 'hex'));
    expect(await viemHttp().waitForTransactionReceipt({ hash })).toMatchObject({
      status: 'success',
    });
    const outcomeOf = test.backend.outcomeOf;
    test.backend.outcomeOf = (sent) => {
      test.backend.execute(sent);
      return outcomeOf(sent);
    };
    const receipt = await wallet.sendTransactionSync({ to: toHex(BOB), value: 2n });
    test.backend.outcomeOf = outcomeOf;
    expect(receipt.transactionHash).toHaveLength(66);
    expect(receipt).toMatchObject({ status: 'success', blockNumber: BigInt(OPEN_BLOCK) });
  });

  it('watches by polling filters', async () => {
    const client = createPublicClient({
      chain: chain(),
      transport: http(test.url),
      pollingInterval: 10,
    });
    const seen: unknown[] = [];
    const stop = client.watchEvent({ onLogs: (logs) => seen.push(...logs) });
    await until(() => test.server.statistics().filters === 1);
    test.backend.miniBlock();
    await until(() => seen.length === 1);
    stop();
    expect(seen[0]).toMatchObject({ blockNumber: BigInt(OPEN_BLOCK), blockHash: ZERO_HASH });
    await until(() => test.server.statistics().filters === 0);
  });

  it('watches blocks, logs and pending transactions over WebSocket', async () => {
    const client = viemWs();
    const seen: Record<string, unknown[]> = { blocks: [], logs: [], pending: [] };
    const stops = [
      client.watchBlocks({ onBlock: (block) => seen['blocks']?.push(block) }),
      client.watchEvent({ onLogs: (logs) => seen['logs']?.push(...logs) }),
      client.watchPendingTransactions({
        onTransactions: (hashes) => seen['pending']?.push(...hashes),
      }),
    ];
    await until(() => test.server.statistics().subscriptions === 3);
    test.backend.miniBlock();
    test.backend.sealBlock();
    test.backend.emit((listener) => listener.pendingTransactions([hashAt(1)], () => null));
    await until(() => Object.values(seen).every((items) => items.length > 0));
    expect(seen['logs']?.[0]).toMatchObject({ topics: [toHex(TOPIC)] });
    expect(seen['pending']).toEqual([toHex(hashAt(1))]);
    for (const stop of stops) stop();
    await until(() => test.server.statistics().subscriptions === 0);
    (await client.transport.getRpcClient()).close();
  });
});

describe('ethers', () => {
  const provider = () => new JsonRpcProvider(test.url, undefined, { pollingInterval: 20 });

  it('reads chain, blocks, transactions, receipts and logs', async () => {
    const ethers = provider();
    expect((await ethers.getNetwork()).chainId).toBe(31_337n);
    const block = await ethers.getBlock(2, true);
    expect(block).toMatchObject({ number: 2, gasLimit: 30_000_000n });
    expect(block?.prefetchedTransactions[0]).toMatchObject({ nonce: 3, type: 2 });
    const receipt = await ethers.getTransactionReceipt(SEALED);
    expect(receipt).toMatchObject({ status: 1, blockNumber: 2, gasUsed: 30_000n });
    expect(await ethers.getTransaction(SEALED)).toMatchObject({ value: 5n });
    const logs = await ethers.getLogs({ address: toHex(BOB), fromBlock: 0 });
    expect(logs[0]).toMatchObject({ blockNumber: 1, index: 0 });
    expect((await ethers.getFeeData()).maxPriorityFeePerGas).toBe(1n);
    ethers.destroy();
  });

  it('names a custom revert with its data', async () => {
    const errors = new Interface(['error Poor(uint256 have)']);
    const data = errors.encodeErrorResult('Poor', [4n]);
    const output = Buffer.from(data.slice(2), 'hex');
    test.backend.callResult = { status: 'reverted', output, gasUsed: 1, haltReason: null };
    const ethers = provider();
    await expect(ethers.call({ to: toHex(BOB) })).rejects.toMatchObject({
      code: 'CALL_EXCEPTION',
      data,
    });
    ethers.destroy();
  });

  it('gets blocks and logs over WebSocket', async () => {
    const ethers = new WebSocketProvider(test.url.replace('http', 'ws'));
    // An event before ethers knows its network is an unhandled rejection inside ethers.
    await ethers.getNetwork();
    const numbers: number[] = [];
    const logs: Log[] = [];
    await ethers.on('block', (number) => numbers.push(number));
    await ethers.on({ address: toHex(BOB) }, (log) => logs.push(log));
    await until(() => test.server.statistics().subscriptions === 2);
    test.backend.miniBlock();
    test.backend.sealBlock();
    await until(() => numbers.length === 1 && logs.length === 1);
    expect(logs[0]).toMatchObject({ blockNumber: OPEN_BLOCK, removed: false });
    await ethers.destroy();
  });
});

describe('before the block is sealed', () => {
  it('viem reads receipt, transaction and block', async () => {
    const client = viemHttp();
    const receipt = await client.getTransactionReceipt({ hash: OPEN });
    expect(receipt).toMatchObject({ blockHash: ZERO_HASH, blockNumber: BigInt(OPEN_BLOCK) });
    const transaction = await client.getTransaction({ hash: OPEN });
    expect(transaction).toMatchObject({ blockHash: ZERO_HASH, from: toHex(ALICE) });
    expect(await client.getBlock()).toMatchObject({ number: BigInt(OPEN_BLOCK), hash: ZERO_HASH });
  });

  it('ethers reads receipt, log, transaction and block', async () => {
    const ethers = new JsonRpcProvider(test.url);
    const receipt = await ethers.getTransactionReceipt(OPEN);
    expect(receipt).toMatchObject({ blockHash: ZERO_HASH, blockNumber: OPEN_BLOCK, status: 1 });
    expect(receipt?.logs[0]).toMatchObject({ blockHash: ZERO_HASH });
    const transaction = await ethers.getTransaction(OPEN);
    // ethers itself takes the zero hash of a transaction for "no block yet".
    expect(transaction).toMatchObject({ blockHash: null, blockNumber: OPEN_BLOCK });
    expect((await transaction?.wait())?.status).toBe(1);
    expect(await ethers.getBlock('latest')).toMatchObject({ number: OPEN_BLOCK });
    ethers.destroy();
  });

  it('null instead of zeros works in viem and throws in ethers', async () => {
    const { result } = (await rawReceipt()) as { result: Record<string, unknown> };
    const withNull = { ...result, blockHash: null } as never;
    expect(formatTransactionReceipt(withNull)).toMatchObject({ blockHash: null });
    const ethers = new JsonRpcProvider(test.url);
    const wrap = () => ethers._wrapTransactionReceipt(withNull, {} as never);
    expect(wrap).toThrow(/invalid value for value\.blockHash/);
    ethers.destroy();
  });
});

async function rawReceipt(): Promise<unknown> {
  const response = await fetch(test.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'eth_getTransactionReceipt',
      params: [OPEN],
    }),
  });
  return await response.json();
}

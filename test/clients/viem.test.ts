import {
  createPublicClient,
  createWalletClient,
  defineChain,
  encodeFunctionData,
  http,
  parseAbi,
  parseEther,
  webSocket,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ABI, CREATION_CODE } from '../../runtime/load/contracts/token.js';
import { ADDRESSES, KEYS, startNode, type TestNode } from '../helpers/node.js';

/** What a user of Anvil has in a script, against our node: only the URL changes. */

const abi = parseAbi(ABI);
const account = privateKeyToAccount(KEYS[0]);
let node: TestNode;

function clients() {
  const chain = defineChain({
    id: 31_337,
    name: 'Deltacast',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [node.url] } },
    blockTime: 1_000,
  });
  const wallet = createWalletClient({ account, chain, transport: http(node.url) });
  const reader = createPublicClient({ chain, transport: http(node.url), pollingInterval: 50 });
  const live = createPublicClient({ chain, transport: webSocket(node.webSocketUrl) });
  return { wallet, reader, live };
}

beforeAll(async () => {
  node = await startNode('sequencer', ['--memory']);
});
afterAll(async () => {
  expect(await node.process.stop()).toBe(0);
});

describe('viem', () => {
  it('deploys an ERC-20 of OpenZeppelin, transfers, reads balance, event, receipt', async () => {
    const { wallet, reader, live } = clients();
    const deployed = await wallet.deployContract({
      abi,
      bytecode: `0x${CREATION_CODE}`,
      args: [[ADDRESSES[0]], parseEther('1000')],
    });
    const { contractAddress, status } = await reader.waitForTransactionReceipt({ hash: deployed });
    expect(status).toBe('success');
    const address = contractAddress ?? '0x';
    const token = { address, abi } as const;
    expect(await reader.readContract({ ...token, functionName: 'symbol' })).toBe('LOAD');

    const seen: bigint[] = [];
    const unwatch = live.watchContractEvent({
      ...token,
      eventName: 'Transfer',
      onLogs: (logs) => seen.push(...logs.map((log) => (log.args as readonly bigint[])[2] ?? 0n)),
    });
    await live.getBlockNumber();
    const args = [ADDRESSES[1], parseEther('5')] as const;
    const simulated = await reader.simulateContract({
      ...token,
      functionName: 'transfer',
      args,
      account,
    });
    expect(simulated.result).toBe(true);
    const hash = await wallet.writeContract({ ...token, functionName: 'transfer', args });
    const receipt = await reader.waitForTransactionReceipt({ hash });
    expect(receipt).toMatchObject({ status: 'success', from: account.address.toLowerCase() });
    expect(receipt.logs).toHaveLength(1);
    const balance = await reader.readContract({
      ...token,
      functionName: 'balanceOf',
      args: [ADDRESSES[1]],
    });
    expect(balance).toBe(parseEther('5'));
    const events = await reader.getContractEvents({
      ...token,
      eventName: 'Transfer',
      fromBlock: receipt.blockNumber,
    });
    expect(events.map(({ transactionHash }) => transactionHash)).toContain(hash);
    await expect.poll(() => seen).toContain(parseEther('5'));
    unwatch();
  });

  it('gets the receipt from sendRawTransactionSync and sendTransactionSync at once', async () => {
    const { wallet, reader } = clients();
    const request = await wallet.prepareTransactionRequest({ to: ADDRESSES[1], value: 7n });
    const serializedTransaction = await wallet.signTransaction(request);
    const receipt = await wallet.sendRawTransactionSync({ serializedTransaction });
    expect(receipt).toMatchObject({ status: 'success', gasUsed: 21_000n });
    const before = await reader.getBalance({ address: ADDRESSES[1] });
    await wallet.sendTransactionSync({ to: ADDRESSES[1], value: 7n });
    expect(await reader.getBalance({ address: ADDRESSES[1] })).toBe(before + 7n);
  });

  it('watches new heads over WebSocket, each the child of the one before', async () => {
    const { live } = clients();
    const blocks: { hash: string | null; parentHash: string }[] = [];
    const unwatch = live.watchBlocks({ onBlock: (block) => blocks.push(block) });
    await expect.poll(() => blocks.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
    unwatch();
    for (const [index, { parentHash }] of blocks.entries()) {
      if (index > 0) expect(parentHash).toBe(blocks[index - 1]?.hash);
    }
  });

  it('learns why a call reverts, and gas and nonce errors by name', async () => {
    const { wallet, reader } = clients();
    const deployed = await wallet.deployContract({
      abi,
      bytecode: `0x${CREATION_CODE}`,
      args: [[ADDRESSES[0]], 1n],
    });
    const { contractAddress } = await reader.waitForTransactionReceipt({ hash: deployed });
    const address = contractAddress ?? '0x';
    const call = { address, abi, functionName: 'transfer', account } as const;
    await expect(reader.simulateContract({ ...call, args: [ADDRESSES[1], 2n] })).rejects.toThrow(
      /ERC20InsufficientBalance/,
    );
    const data = encodeFunctionData({ abi, functionName: 'transfer', args: [ADDRESSES[1], 1n] });
    const gas = await reader.estimateGas({ account, to: address, data });
    expect(Number(gas)).toBeGreaterThan(40_000);
    const low = { to: ADDRESSES[1], value: 1n, nonce: 0 } as const;
    await expect(wallet.sendTransaction(low)).rejects.toThrow(/nonce/i);
    const dear = { to: ADDRESSES[1], value: parseEther('1000000') };
    await expect(wallet.sendTransaction(dear)).rejects.toThrow(/funds/i);
  });

  it('reads the state of an older block', async () => {
    const { wallet, reader } = clients();
    const address = '0x00000000000000000000000000000000000000aa';
    const first = await wallet.sendTransactionSync({ to: address, value: 1n });
    await expect
      .poll(() => reader.getBlockNumber({ cacheTime: 0 }), { timeout: 10_000 })
      .toBeGreaterThan(first.blockNumber);
    const second = await wallet.sendTransactionSync({ to: address, value: 1n });
    expect(second.blockNumber).toBeGreaterThan(first.blockNumber);
    expect(await reader.getBalance({ address, blockNumber: first.blockNumber })).toBe(1n);
    expect(await reader.getBalance({ address })).toBe(2n);
  });
});

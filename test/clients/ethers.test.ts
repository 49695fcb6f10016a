import {
  ContractFactory,
  JsonRpcProvider,
  NonceManager,
  parseEther,
  Wallet,
  WebSocketProvider,
} from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ABI, CREATION_CODE } from '../../runtime/load/contracts/token.js';
import { ADDRESSES, KEYS, startNode, type TestNode } from '../helpers/node.js';

let node: TestNode;
beforeAll(async () => {
  node = await startNode('sequencer', ['--memory']);
});
afterAll(async () => {
  expect(await node.process.stop()).toBe(0);
});

describe('ethers', () => {
  it('deploys an ERC-20 of OpenZeppelin, transfers, reads balance, event, receipt', async () => {
    const provider = new JsonRpcProvider(node.url, undefined, { pollingInterval: 50 });
    const signer = new NonceManager(new Wallet(KEYS[0], provider));
    const factory = new ContractFactory([...ABI], `0x${CREATION_CODE}`, signer);
    const token = await factory.deploy([ADDRESSES[0]], parseEther('1000'));
    await token.waitForDeployment();
    const transfer = token.getFunction('transfer');
    const sent = await transfer(ADDRESSES[1], parseEther('5'));
    const receipt = await sent.wait();
    expect(receipt).toMatchObject({ status: 1, from: ADDRESSES[0] });
    expect(await token.getFunction('balanceOf')(ADDRESSES[1])).toBe(parseEther('5'));
    const events = await token.queryFilter('Transfer', receipt.blockNumber);
    expect(events.map(({ transactionHash }) => transactionHash)).toContain(sent.hash);
    await expect(transfer.staticCall(ADDRESSES[1], parseEther('5000'))).rejects.toThrow(
      /ERC20InsufficientBalance|revert/,
    );
    provider.destroy();
  });

  it('gets a receipt from eth_sendRawTransactionSync', async () => {
    const provider = new JsonRpcProvider(node.url);
    const wallet = new Wallet(KEYS[1], provider);
    const request = await wallet.populateTransaction({ to: ADDRESSES[0], value: 1n });
    const raw = await wallet.signTransaction(request);
    const receipt = await provider.send('eth_sendRawTransactionSync', [raw]);
    expect(receipt).toMatchObject({ status: '0x1', gasUsed: '0x5208' });
    provider.destroy();
  });

  it('hears of blocks and logs over WebSocket', async () => {
    const provider = new WebSocketProvider(node.webSocketUrl);
    const blocks: number[] = [];
    await provider.on('block', (number: number) => blocks.push(number));
    await expect.poll(() => blocks.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(2);
    expect(blocks).toEqual(blocks.toSorted((a, b) => a - b));
    await provider.destroy();
  });
});

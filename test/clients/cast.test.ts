import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADDRESSES, KEYS, startNode, type TestNode } from '../helpers/node.js';

const run = promisify(execFile);
let node: TestNode;
beforeAll(async () => {
  node = await startNode('sequencer', ['--memory']);
});
afterAll(async () => {
  expect(await node.process.stop()).toBe(0);
});

/** Foundry's cast, as npm carries it. */
async function cast(...args: string[]): Promise<string> {
  const { stdout } = await run('npx', ['cast', ...args, '--rpc-url', node.url]);
  return stdout.trim();
}

describe('cast', () => {
  it('sends ether and reads balance, receipt, transaction, block and nonce', async () => {
    const to = '0x00000000000000000000000000000000000000bb';
    const key = ['--private-key', KEYS[0]];
    const receipt = JSON.parse(await cast('send', to, '--value', '3', ...key, '--json'));
    expect(receipt).toMatchObject({ status: '0x1', gasUsed: '0x5208' });
    expect(await cast('balance', to)).toBe('3');
    expect(await cast('nonce', ADDRESSES[0])).toBe('1');
    const hash = receipt.transactionHash as string;
    expect(JSON.parse(await cast('receipt', hash, '--json'))).toMatchObject({ status: '0x1' });
    expect(await cast('tx', hash, 'value')).toBe('3');
    expect(Number(await cast('block-number'))).toBeGreaterThanOrEqual(1);
    expect(await cast('chain-id')).toBe('31337');
  });

  it('uses the unlocked development accounts', async () => {
    const to = '0x00000000000000000000000000000000000000cc';
    const args = ['--value', '4', '--unlocked', '--from', ADDRESSES[1], '--json'];
    expect(JSON.parse(await cast('send', to, ...args))).toMatchObject({ status: '0x1' });
    expect(await cast('balance', to)).toBe('4');
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readHotList } from '../../../../runtime/hot-list.js';
import { TOKEN_ADDRESS } from '../../../../runtime/load/erc20.js';
import { RpcClient } from '../../../../runtime/load/rpc.js';
import { genesisAlloc } from '../../../../runtime/load/workload.js';
import { createWorkload } from '../../../../runtime/load/workloads.js';
import { toHex } from '../../../../state/base/bytes.js';
import { keccak256 } from '../../../../state/base/keccak.js';
import { sleep, systemClock } from '../../../../state/base/ports.js';
import { startNode, type TestNode } from '../../../helpers/node.js';

/** The hot list, over a node's end: a sequencer that starts again compiles what was hot before. */

/** A token's code is compiled at 2 Mgas and 16 kgas a byte: a thousand transfers. */
const BATCH = 100;
const BATCHES_MAX = 40;
const POLL_MS = 50;
const TIMEOUT_MS = 300_000;

const directory = mkdtempSync(join(tmpdir(), 'hot-list-restart-'));
const genesis = join(directory, 'genesis.json');
const data = join(directory, 'data');
const workload = createWorkload('erc20', {
  accounts: 50,
  seed: 5,
  chainId: 31_337,
  maxFeePerGas: 3_000_000_000n,
  maxPriorityFeePerGas: 1n,
});
let codeHash = '';
const open: TestNode[] = [];

beforeAll(() => {
  const alloc = genesisAlloc(workload);
  writeFileSync(genesis, JSON.stringify({ alloc }));
  const code = alloc[toHex(TOKEN_ADDRESS)]?.code ?? '';
  codeHash = toHex(keccak256(Buffer.from(code.slice(2), 'hex'))).slice(2);
});
afterAll(async () => {
  for (const node of open) await node.process.kill();
  rmSync(directory, { recursive: true });
});

async function start(): Promise<TestNode> {
  const node = await startNode('sequencer', ['--genesis', genesis, '--data-dir', data]);
  open.push(node);
  return node;
}

/** SIGTERM; everything is on disk when it has exited. */
async function stop(node: TestNode): Promise<void> {
  expect(await node.process.stop()).toBe(0);
  open.pop();
}

/** Codes that this process of the node has compiled, as its metrics say. */
async function compiledCodes({ url }: TestNode): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const counts = ['tier1', 'tier2'].map((tier) => {
    const line = new RegExp(`^deltacast_tiering_${tier}_total (\\d+)$`, 'm').exec(text);
    expect(line, `a metric of ${tier}`).not.toBeNull();
    return Number(line![1]);
  });
  return counts[0]! + counts[1]!;
}

async function makeTokenHot(node: TestNode): Promise<void> {
  const client = new RpcClient({ url: node.url, connections: 1, clock: systemClock });
  for (let batch = 0; batch < BATCHES_MAX && (await compiledCodes(node)) === 0; batch += 1) {
    const calls = workload.next(BATCH).map((raw) => [toHex(raw)]);
    for (const reply of await client.batch('eth_sendRawTransactionSync', calls)) {
      expect(reply).toHaveProperty('result.status', '0x1');
    }
  }
  client.close();
}

it(
  'is written by a node that ends, and what it names is compiled by the next one at once',
  async () => {
    const first = await start();
    expect(await compiledCodes(first)).toBe(0);
    await makeTokenHot(first);
    await expect.poll(() => compiledCodes(first), { timeout: TIMEOUT_MS }).toBe(1);
    await stop(first);
    const hot = readHotList(join(data, 'hot-codes.json'));
    expect(hot.map(({ key }) => key)).toEqual([{ fork: 'osaka', hash: codeHash }]);

    // Not one transaction.
    const second = await start();
    while ((await compiledCodes(second)) === 0) await sleep(systemClock, POLL_MS);
    await stop(second);
    expect(readHotList(join(data, 'hot-codes.json')).map(({ key }) => key.hash)).toEqual([
      codeHash,
    ]);
  },
  TIMEOUT_MS,
);

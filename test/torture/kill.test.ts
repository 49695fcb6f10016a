import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bootstrap, startBootstrap } from '../../net/p2p/swarm.js';
import { RpcClient } from '../../runtime/load/rpc.js';
import { genesisAlloc, type Workload } from '../../runtime/load/workload.js';
import { createWorkload } from '../../runtime/load/workloads.js';
import { NodeReader } from '../../runtime/roles/node-process.js';
import { toHex } from '../../state/base/bytes.js';
import { systemClock } from '../../state/base/ports.js';
import { startNode, type TestNode } from '../helpers/node.js';

/** R6 at random times: a sequencer killed under load, again and again, on one directory. */

const KILLS = Number(process.env['RUNS'] ?? 3);
const BATCH = 20;
const directory = mkdtempSync(join(tmpdir(), 'kill-'));
const genesis = join(directory, 'genesis.json');
let bootstrap: Bootstrap;
let workload: Workload;

beforeAll(async () => {
  bootstrap = await startBootstrap({ host: '127.0.0.1', nodes: 4 });
  workload = createWorkload('transfer', {
    accounts: 20,
    seed: 3,
    chainId: 31_337,
    maxFeePerGas: 3_000_000_000n,
    maxPriorityFeePerGas: 1n,
  });
  writeFileSync(genesis, JSON.stringify({ alloc: genesisAlloc(workload) }));
});
afterAll(async () => {
  await bootstrap.stop();
});

const common = () => ['--topic', 'kill', '--bootstrap', bootstrap.addresses.join(',')];

function startSequencer(): Promise<TestNode> {
  const data = ['--genesis', genesis, '--data-dir', join(directory, 'sequencer')];
  return startNode('sequencer', [...common(), ...data, '--block-ms', '200']);
}

/**
 * Sends until the node dies, first what the node before did not acknowledge.
 * @param acknowledged  gets the hashes of transactions whose receipts were seen
 */
async function loadUntilDeath(
  node: TestNode,
  unanswered: string[],
  acknowledged: string[],
): Promise<void> {
  const client = new RpcClient({ url: node.url, connections: 1, clock: systemClock });
  try {
    for (;;) {
      while (unanswered.length < BATCH) unanswered.push(...workload.next(BATCH).map(toHex));
      const raws = unanswered.slice(0, BATCH);
      const calls = raws.map((raw) => [raw]);
      for (const reply of await client.batch('eth_sendRawTransactionSync', calls)) {
        if (!('result' in reply)) throw new Error(reply.error.message);
        acknowledged.push((reply.result as { transactionHash: string }).transactionHash);
      }
      unanswered.splice(0, BATCH);
    }
  } catch {
    // The node is dead.
  } finally {
    client.close();
  }
}

async function receiptsOf(node: TestNode, hashes: readonly string[]): Promise<number> {
  const client = new RpcClient({ url: node.url, connections: 1, clock: systemClock });
  let found = 0;
  for (let start = 0; start < hashes.length; start += 100) {
    const calls = hashes.slice(start, start + 100).map((hash) => [hash]);
    for (const reply of await client.batch('eth_getTransactionReceipt', calls)) {
      if ('result' in reply && reply.result !== null) found += 1;
    }
  }
  client.close();
  return found;
}

describe('a sequencer killed under load', () => {
  it(`loses nothing acknowledged in ${KILLS} kills; a replica comes to its root`, async () => {
    const acknowledged: string[] = [];
    const unanswered: string[] = [];
    let sequencer = await startSequencer();
    const { sequencerKey } = sequencer;
    const replica = await startNode('replica', [
      ...common(),
      ...['--sequencer-key', sequencerKey, '--data-dir', join(directory, 'replica')],
    ]);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const seen = acknowledged.length;
      const loading = loadUntilDeath(sequencer, unanswered, acknowledged);
      await expect.poll(() => acknowledged.length, { timeout: 60_000 }).toBeGreaterThan(seen);
      await new Promise((resolve) => setTimeout(resolve, 411 * kill));
      await sequencer.process.kill();
      await loading;
      sequencer = await startSequencer();
      expect(sequencer.sequencerKey).toBe(sequencerKey);
      expect(await receiptsOf(sequencer, acknowledged)).toBe(acknowledged.length);
    }
    const ours = new NodeReader(Number(new URL(sequencer.url).port), systemClock);
    const theirs = new NodeReader(Number(new URL(replica.url).port), systemClock);
    const tip = await ours.sealedTip();
    await theirs.waitForBlock(tip.number);
    expect(await theirs.block(tip.number)).toEqual(tip);
    expect(await receiptsOf(replica, acknowledged)).toBe(acknowledged.length);
    ours.close();
    theirs.close();
    expect(await sequencer.process.stop()).toBe(0);
    expect(await replica.process.stop()).toBe(0);
  }, 300_000);
});

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Bootstrap, startBootstrap } from '../../../../net/p2p/swarm.js';
import { Chain, faults, quantile, startTestNode, stopAll, until } from './network.js';

let dht: Bootstrap;
beforeAll(async () => {
  dht = await startBootstrap({ host: '127.0.0.1', nodes: 4 });
});
afterEach(async () => {
  await stopAll();
  expect(faults).toEqual([]);
});
afterAll(() => dht.stop());

const start = (settings: Parameters<typeof startTestNode>[1]) =>
  startTestNode(dht.addresses, settings);

describe('a follower', () => {
  it('that joins late gets 1,000 frames from height 0, then each new one as it comes', async () => {
    const sequencer = start({ sequencer: true, chain: new Chain(1_000, 10_240) });
    await sequencer.node.announced();
    const started = performance.now();
    let firstMs = 0;
    const replica = start({
      follows: true,
      apply: async () => {
        firstMs ||= performance.now();
      },
    });
    await until('1,000 frames', () => replica.chain.nextHeight === 1_000);
    const catchUpMs = performance.now() - firstMs;
    console.log(
      `catch-up of 1,000 x 10 KiB: ${(firstMs - started).toFixed(0)} ms to the first,` +
        ` then ${catchUpMs.toFixed(0)} ms = ${(10_240 / catchUpMs).toFixed(1)} MB/s`,
    );
    await until('live', () => sequencer.publisher!.liveCount === 1);
    const sent: number[] = [];
    const delays: number[] = [];
    const other = start({
      follows: true,
      chain: new Chain(1_000, 10_240),
      apply: async (frame) => {
        delays.push(performance.now() - sent[frame.height - 1_000]!);
      },
    });
    await until('two live', () => sequencer.publisher!.liveCount === 2);
    for (let index = 0; index < 500; index += 1) {
      sent.push(performance.now());
      sequencer.produce(1_024);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await until('all live frames', () => other.chain.nextHeight === 1_500);
    console.log(
      `live 1 KiB frame to 2 peers: p50 ${quantile(delays, 0.5).toFixed(2)} ms,` +
        ` p99 ${quantile(delays, 0.99).toFixed(2)} ms`,
    );
    expect(replica.chain.digest()).toBe(sequencer.chain.digest());
    expect(other.chain.digest()).toBe(sequencer.chain.digest());
  });
});

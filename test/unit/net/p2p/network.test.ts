import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Bootstrap, startBootstrap } from '../../../../net/p2p/swarm.js';
import { isDeltacastError } from '../../../../state/base/errors.js';
import {
  Chain,
  faults,
  quantile,
  startTestNode,
  stopAll,
  stopNode,
  type TestNode,
  until,
} from './network.js';

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
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const seeds = { first: new Uint8Array(32).fill(21), second: new Uint8Array(32).fill(22) };

async function startSequencer(frames: number, bodyBytes = 100): Promise<TestNode> {
  const chain = new Chain(frames, bodyBytes);
  const sequencer = start({ sequencer: true, chain, node: { seed: seeds.first } });
  await sequencer.node.announced();
  return sequencer;
}

describe('a follower', () => {
  it('that joins late gets 1,000 frames from height 0, then each new one as it comes', async () => {
    const sequencer = await startSequencer(1_000, 10_240);
    const started = performance.now();
    let firstMs = 0;
    let sentMs = 0;
    const delays: number[] = [];
    const apply = async ({ height }: { height: number }) => {
      firstMs ||= performance.now();
      if (height >= 1_000) delays.push(performance.now() - sentMs);
    };
    const replica = start({ follows: true, apply });
    await until('1,000 frames', () => replica.chain.nextHeight === 1_000);
    const catchUpMs = performance.now() - firstMs;
    await until('live', () => replica.follower!.isLive);
    for (let index = 0; index < 300; index += 1) {
      sentMs = performance.now();
      sequencer.produce(1_024);
      await pause(2);
    }
    await until('all live frames', () => replica.chain.nextHeight === 1_300);
    console.log(
      `first frame after ${(firstMs - started).toFixed(0)} ms, 1,000 x 10 KiB in`,
      `${catchUpMs.toFixed(0)} ms = ${(10_240 / catchUpMs).toFixed(1)} MB/s; live 1 KiB frame p50`,
      `${quantile(delays, 0.5).toFixed(2)} ms, p99 ${quantile(delays, 0.99).toFixed(2)} ms`,
    );
    expect(replica.chain.digest()).toBe(sequencer.chain.digest());
    expect(catchUpMs).toBeLessThan(5_000);
  });

  it('resumes from its height when the sequencer comes back under the same key', async () => {
    const sequencer = await startSequencer(50);
    const replica = start({ follows: true });
    await until('50 frames', () => replica.chain.nextHeight === 50);
    await stopNode(sequencer);
    await until('gone', () => !replica.follower!.hasSource);
    const { chain } = sequencer;
    for (let index = 0; index < 10; index += 1) chain.grow();
    const again = start({ sequencer: true, chain, node: { seed: seeds.first } });
    await again.node.announced();
    const resumedMs = await until('60 frames', () => replica.chain.nextHeight === 60);
    console.log(`resumed ${resumedMs.toFixed(0)} ms after the sequencer was back`);
    await until('live', () => replica.follower!.isLive);
    again.produce();
    await until('a live frame', () => replica.chain.nextHeight === 61);
    expect(replica.chain.digest()).toBe(chain.digest());
  });

  it('catches up from a replica when the sequencer is gone', async () => {
    const sequencer = await startSequencer(200);
    const replica = start({ follows: true, serves: true, node: { seed: seeds.second } });
    await until('200 frames', () => replica.chain.nextHeight === 200);
    await replica.node.announced();
    await stopNode(sequencer);
    const late = start({ follows: true });
    await until('from the replica', () => late.chain.nextHeight === 200);
    expect(late.chain.digest()).toBe(sequencer.chain.digest());
  });

  it('reads no further than its sink applies, and gets everything in the end', async () => {
    await startSequencer(60, 1 << 20);
    let isOpen = false;
    const replica = start({
      follows: true,
      apply: async () => {
        while (!isOpen) await pause(5);
      },
    });
    await until('a full queue', () => replica.follower!.nextHeight >= 16);
    await pause(300);
    const taken = replica.follower!.nextHeight;
    expect(taken).toBeLessThan(25);
    isOpen = true;
    await until('60 frames', () => replica.chain.nextHeight === 60);
  });

  it('takes a sequence back up where another process of it ended', async () => {
    const sequencer = await startSequencer(100);
    const chain = new Chain(40);
    const replica = start({ follows: true, chain });
    await until('100 frames', () => replica.chain.nextHeight === 100);
    expect(replica.chain.digest()).toBe(sequencer.chain.digest());
  });
});

describe('stopping', () => {
  it('leaves no handle: the process ends by itself', () => {
    const path = fileURLToPath(new URL('./stop-process.mjs', import.meta.url));
    const result = spawnSync(process.execPath, [path], { encoding: 'utf8', timeout: 20_000 });
    expect([result.stderr, result.stdout, result.status]).toEqual(['', 'stopped\n', 0]);
  });
});

describe('submissions', () => {
  const raws = [new Uint8Array([1]), new Uint8Array(200).fill(2)];

  it('reach the sequencer directly and through a replica, and come back with answers', async () => {
    const received: number[][] = [];
    const onSubmit = async (got: readonly Uint8Array[], hops: number) => {
      received.push([hops, ...got.map((raw) => raw.length)]);
      return got.map((_, index) =>
        index === 0 ? { code: 'OK', message: '' } : { code: 'TX_KNOWN', message: 'again' },
      );
    };
    const answers = [
      { code: 'OK', message: '' },
      { code: 'TX_KNOWN', message: 'again' },
    ];
    const sequencer = start({ sequencer: true, onSubmit });
    await sequencer.node.announced();
    const replica = start({
      follows: true,
      serves: true,
      onSubmit: (got, hops) => replica.follower!.submit(got, hops + 1),
      node: { name: 'test' },
    });
    await until('connected', () => replica.follower!.hasSource);
    expect(await replica.follower!.submit(raws)).toEqual(answers);
    await replica.node.announced();
    // It may connect to the replica only.
    const allow = [replica.node.publicKey];
    const far = start({ follows: true, node: { allow } });
    await until('the replica', () => far.node.peerCount === 1);
    expect(await far.follower!.submit(raws)).toEqual(answers);
    expect(received).toEqual([
      [0, 1, 200],
      [1, 1, 200],
    ]);
  });

  it('fail with a typed error when nobody is there, and when the connection is lost', async () => {
    const alone = start({ follows: true });
    const nobody = await alone.follower!.submit(raws).catch((error: unknown) => error);
    expect(isDeltacastError(nobody, 'PEER_UNAVAILABLE')).toBe(true);
    const sequencer = start({ sequencer: true, onSubmit: () => new Promise(() => undefined) });
    await sequencer.node.announced();
    await until('connected', () => alone.follower!.hasSource);
    const waiting = alone.follower!.submit(raws).catch((error: unknown) => error);
    await pause(50);
    await stopNode(sequencer);
    expect(isDeltacastError(await waiting, 'PEER_UNAVAILABLE')).toBe(true);
  });

  it('that are too many are refused here, before they are sent', async () => {
    const sequencer = start({ sequencer: true, onSubmit: async () => [] });
    await sequencer.node.announced();
    const replica = start({ follows: true });
    await until('connected', () => replica.follower!.hasSource);
    const many = Array.from({ length: 65 }, () => new Uint8Array(1));
    const error = await replica.follower!.submit(many).catch((thrown: unknown) => thrown);
    expect(isDeltacastError(error, 'PEER_MISBEHAVED')).toBe(true);
    expect(sequencer.bans).toEqual([]);
  });
});

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import crypto from 'hypercore-crypto';
import HyperDHT from 'hyperdht';
import type { NoiseStream } from 'hyperswarm';
import Protomux from 'protomux';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hashOf } from '../../../../net/p2p/keys.js';
import { writeHello, writeRangeRequest, writeSubmission } from '../../../../net/p2p/messages.js';
import { type Bootstrap, startBootstrap } from '../../../../net/p2p/swarm.js';
import {
  CHAIN_ID,
  Chain,
  faults,
  identity,
  quantile,
  startTestNode,
  stopAll,
  type TestNode,
  until,
} from './network.js';

let dht: Bootstrap;
let dialer: Dialer;
let strangerCount = 0;
beforeAll(async () => {
  dht = await startBootstrap({ host: '127.0.0.1', nodes: 4 });
  const bootstrap = dht.addresses.map((text) => ({
    host: '127.0.0.1',
    port: Number(text.split(':')[1]),
  }));
  const node: unknown = new HyperDHT({ bootstrap, host: '127.0.0.1', firewalled: false });
  dialer = node as Dialer;
});
afterEach(async () => {
  await stopAll();
  expect(faults).toEqual([]);
});
afterAll(async () => {
  await dialer.destroy();
  await dht.stop();
});

const start = (settings: Parameters<typeof startTestNode>[1]) =>
  startTestNode(dht.addresses, settings);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const HELLO = writeHello({
  version: 1,
  chainId: CHAIN_ID,
  wantedHeight: 0,
  firstHeight: 0,
  nextHeight: 0,
  acceptsSubmits: false,
  inboundBytesPerSecond: 65_536,
  proof: null,
});
const ask = (fromHeight: number, count: number) =>
  writeRangeRequest({ fromHeight, count, bytesMax: 16 << 20, wantsLive: true });
const RANGE = ask(0, 1_000);
const SUBMISSION = writeSubmission({ id: 1, hops: 0, raws: [new Uint8Array(10_000)] });
const [FRAME_TYPE, RANGE_TYPE, SUBMIT_TYPE, STATUS_TYPE] = [1, 2, 4, 6];

async function startSequencer(frames = 0, bodyBytes = 100): Promise<TestNode> {
  const sequencer = start({ sequencer: true, chain: new Chain(frames, bodyBytes) });
  await sequencer.node.announced();
  return sequencer;
}

/** Of hyperdht: what the product leaves to hyperswarm. */
interface Dialer {
  connect(key: Uint8Array, options: { keyPair: object }): NoiseStream;
  destroy(): Promise<void>;
}

interface Stranger {
  readonly stream: NoiseStream;
  isClosed(): boolean;
}

/** A peer that speaks to the wire itself, each time under a new key. */
async function connectStranger({ node }: TestNode): Promise<Stranger> {
  const keyPair = crypto.keyPair(hashOf(Uint8Array.of(strangerCount++)));
  const stream = dialer.connect(node.publicKey, { keyPair });
  let closed = false;
  stream.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    stream.on('open', resolve);
    stream.on('close', () => {
      closed = true;
      resolve();
    });
  });
  return { stream, isClosed: () => closed };
}

function openChannel(stream: NoiseStream) {
  const mux = new Protomux(stream);
  const received: number[] = [];
  const channel = mux.createChannel({
    protocol: 'deltacast/1',
    id: identity,
    messages: Array.from({ length: 7 }, (_, type) => ({ onmessage: () => received.push(type) })),
    onopen: () => undefined,
    onclose: () => undefined,
    ondrain: () => undefined,
  })!;
  channel.open();
  return {
    received,
    send: (type: number, bytes: Uint8Array) => channel.messages[type]!.send(bytes),
  };
}

/** Length prefixes of protomux. */
function uint(value: number): Buffer {
  if (value < 0xfd) return Buffer.from([value]);
  const out = Buffer.alloc(value < 0x1_0000 ? 3 : 5);
  out[0] = value < 0x1_0000 ? 0xfd : 0xfe;
  if (value < 0x1_0000) out.writeUInt16LE(value, 1);
  else out.writeUInt32LE(value, 1);
  return out;
}

/** Batches in batches: protomux recurses once for each. */
function nestedBatches(depth: number): Buffer {
  const parts: Buffer[] = [Buffer.from([0])];
  let length = 1;
  for (let level = 0; level < depth; level += 1) {
    const head = Buffer.concat([Buffer.from([0, 0]), uint(length)]);
    parts.push(head);
    length += head.length;
  }
  return Buffer.concat([Buffer.from([0]), ...parts.reverse()]);
}

describe('a hostile peer', () => {
  const bombs: Record<string, Uint8Array> = {
    'nested batches': nestedBatches(20_000),
    'an open message with channel 0': Buffer.from([0, 1, 0, 1, 65, 0]),
    'an open message with a far channel': Buffer.from([0, 1, 200, 1, 65, 0]),
    'a message to a far channel': Buffer.from([0xfe, 255, 255, 255, 255, 0]),
    'a rejection of what was never opened': Buffer.from([0, 2, 7]),
    'a name that claims 4 GB': Buffer.from([0, 1, 1, 0xfe, 255, 255, 255, 255]),
    'an unknown control message': Buffer.from([0, 9, 1]),
    'a large control message': Buffer.concat([Buffer.from([0, 1, 1]), Buffer.alloc(4096)]),
  };
  it.each(Object.keys(bombs))('is cut off for %s, and nothing escapes', async (name) => {
    const sequencer = await startSequencer(3);
    const { stream, isClosed } = await connectStranger(sequencer);
    stream.write(bombs[name]!);
    await until('cut off', isClosed);
    expect(sequencer.node.peerCount).toBe(0);
  });

  const messages: Record<string, (send: (type: number, bytes: Uint8Array) => void) => void> = {
    'no hello first': (send) => send(STATUS_TYPE, new Uint8Array(17)),
    'a second hello': (send) => {
      send(0, HELLO);
      send(0, HELLO);
    },
    'a short message': (send) => {
      send(0, HELLO);
      send(RANGE_TYPE, new Uint8Array(3));
    },
    'a frame to a sequencer': (send) => {
      send(0, HELLO);
      send(FRAME_TYPE, new Uint8Array(200));
    },
    'two ranges at once': (send) => {
      send(0, HELLO);
      send(RANGE_TYPE, RANGE);
      send(RANGE_TYPE, RANGE);
    },
    'a proof that proves nothing': (send) => {
      const proof = new Uint8Array(64);
      const held = { firstHeight: 0, nextHeight: 0, wantedHeight: 0 };
      const said = { ...held, version: 1, chainId: CHAIN_ID, inboundBytesPerSecond: 1 };
      send(0, writeHello({ ...said, acceptsSubmits: true, proof }));
    },
    'too many open submissions': (send) => {
      send(0, HELLO);
      const raws = [new Uint8Array(1)];
      for (let id = 0; id < 9; id += 1) send(SUBMIT_TYPE, writeSubmission({ id, hops: 0, raws }));
    },
  };
  it.each(Object.keys(messages))('is banned for %s', async (name) => {
    const onSubmit = () => new Promise<never>(() => undefined);
    const chain = new Chain(200, 100_000);
    const sequencer = start({ sequencer: true, chain, onSubmit });
    await sequencer.node.announced();
    const { stream, isClosed } = await connectStranger(sequencer);
    const { send } = openChannel(stream);
    messages[name]!(send);
    await until('cut off', isClosed);
    expect(sequencer.bans).toMatchObject([{ code: 'PEER_MISBEHAVED' }]);
    expect(sequencer.node.isBanned(stream.publicKey)).toBe(true);
  });

  it('that floods is cut off when its budget is used up, and the others are served', async () => {
    const sequencer = await startSequencer(10);
    const { stream, isClosed } = await connectStranger(sequencer);
    const { send } = openChannel(stream);
    let heard = 0;
    sequencer.publisher!.submission = () => {
      heard += SUBMISSION.length;
    };
    send(0, HELLO);
    for (let sent = 0; sent < 8 << 20; sent += SUBMISSION.length) send(SUBMIT_TYPE, SUBMISSION);
    await until('cut off', isClosed);
    expect(heard).toBeGreaterThan(500_000);
    expect(heard).toBeLessThan(600_000);
    expect(sequencer.bans).toMatchObject([{ code: 'PEER_MISBEHAVED' }]);
    const replica = start({ follows: true });
    await until('10 frames', () => replica.chain.nextHeight === 10);
  });

  it('that sends one endless message is cut off before it has arrived', async () => {
    const sequencer = await startSequencer();
    const { stream, isClosed } = await connectStranger(sequencer);
    const { send } = openChannel(stream);
    send(0, HELLO);
    await until('a peer', () => sequencer.node.peerCount === 1);
    const before = process.memoryUsage().external;
    send(SUBMIT_TYPE, new Uint8Array(15 << 20));
    await until('cut off', isClosed);
    // The sender's two copies and the receiver's allocation are in this process.
    expect(process.memoryUsage().external - before).toBeLessThan(64 << 20);
    expect(sequencer.bans).toMatchObject([{ code: 'PEER_MISBEHAVED' }]);
  });
});

describe('a peer that lies to a follower', () => {
  it('is banned for its first tampered frame, and an honest one makes up for it', async () => {
    const honest = new Chain(30);
    // It has more than the honest one, so that it is chosen first where both are there.
    const tampered = new Chain(31);
    tampered.frames[11] = tampered.frames[11]!.slice();
    tampered.frames[11]![200]! ^= 1;
    const liar = start({ serves: true, chain: tampered });
    await liar.node.announced();
    const replica = start({ follows: true });
    await until('the liar is banned', () => replica.bans.length === 1);
    expect(replica.bans).toMatchObject([{ code: 'FRAME_MALFORMED' }]);
    expect(replica.chain.nextHeight).toBe(11);
    const sequencer = start({ sequencer: true, chain: honest });
    await sequencer.node.announced();
    await until('30 frames', () => replica.chain.nextHeight === 30);
    expect(replica.chain.digest()).toBe(honest.digest());
    expect(replica.node.isBanned(liar.node.publicKey)).toBe(true);
  });

  it('and promises frames that it does not send is left for another', async () => {
    const empty = new Proxy(new Chain(), {
      get: (target, key) => (key === 'nextHeight' ? 1_000 : Reflect.get(target, key)),
    });
    empty.read = () => {
      throw new Error('nothing there');
    };
    const ignored: unknown[] = [];
    const onFault = (error: unknown) => ignored.push(error);
    const liar = start({ serves: true, chain: empty, onFault });
    await liar.node.announced();
    const replica = start({ follows: true });
    await until('asked', () => ignored.length > 0);
    const honest = start({ serves: true, chain: new Chain(20) });
    await honest.node.announced();
    await until('20 frames', () => replica.chain.nextHeight === 20);
    expect(ignored.length).toBeLessThan(20);
  });

  it('halts it for good with two signed histories, and both frames are kept', async () => {
    const chain = new Chain(5);
    const forked = new Chain(4);
    forked.grow(100, 2);
    for (let height = 5; height < 8; height += 1) forked.grow();
    const replica = start({ follows: true, chain });
    const sequencer = start({ sequencer: true, chain: forked });
    await sequencer.node.announced();
    await until('halted', () => replica.halts.length === 1);
    expect(replica.halts).toMatchObject([
      {
        error: { code: 'FRAME_EQUIVOCATION' },
        evidence: { height: 5, held: chain.read(4), received: forked.read(5) },
      },
    ]);
    expect([replica.follower!.isHalted, replica.chain.nextHeight]).toEqual([true, 5]);
  });
});

describe('a sequencer', () => {
  it('keeps bounded memory for a stopped process, and the others get their frames', async () => {
    const sequencer = await startSequencer();
    const delays: number[] = [];
    const sent: number[] = [];
    const apply = async ({ height }: { height: number }) => {
      delays.push(performance.now() - sent[height]!);
    };
    const live = start({ follows: true, apply });
    const path = fileURLToPath(new URL('./follower-process.mjs', import.meta.url));
    const stopped = fork(path, [dht.addresses.join(',')], { stdio: 'inherit' });
    let stoppedHeight = 0;
    stopped.on('message', (height) => {
      stoppedHeight = Number(height);
    });
    try {
      await until('two live', () => sequencer.publisher!.liveCount === 2);
      let queuedMax = 0;
      const produce = async (count: number) => {
        for (let index = 0; index < count; index += 1) {
          sent.push(performance.now());
          sequencer.produce(100_000);
          queuedMax = Math.max(queuedMax, sequencer.publisher!.queuedBytes);
          await pause(20);
        }
        await until('all', () => live.chain.nextHeight === sequencer.chain.nextHeight);
        return quantile(delays.splice(0), 0.5);
      };
      const before = await produce(100);
      stopped.kill('SIGSTOP');
      queuedMax = 0;
      const beside = await produce(150);
      console.log(
        `100 KB frame p50 ${before.toFixed(1)} ms, beside a stopped peer ${beside.toFixed(1)} ms;`,
        `at most ${(queuedMax / 2 ** 20).toFixed(1)} MiB queued`,
      );
      expect(sequencer.publisher!.liveCount).toBe(1);
      expect(queuedMax).toBeGreaterThan(6 << 20);
      expect(queuedMax).toBeLessThan(9 << 20);
      stopped.kill('SIGCONT');
      await until('it has caught up', () => stoppedHeight === 250);
    } finally {
      stopped.kill('SIGKILL');
    }
  });

  it('survives peers that close in the middle of everything', async () => {
    const sequencer = await startSequencer(200, 100_000);
    for (let index = 0; index < 30; index += 1) {
      const { stream, isClosed } = await connectStranger(sequencer);
      const { send, received } = openChannel(stream);
      send(0, HELLO);
      send(RANGE_TYPE, RANGE);
      await until('a frame', () => received.includes(FRAME_TYPE));
      stream.destroy();
      await until('closed', isClosed);
    }
    await until('forgotten', () => sequencer.node.peerCount === 0);
    const replica = start({ follows: true });
    await until('200 frames', () => replica.chain.nextHeight === 200);
  });

  it('lets 64 of 70 connecting peers in', async () => {
    const sequencer = await startSequencer();
    const peers = await Promise.all(Array.from({ length: 70 }, () => connectStranger(sequencer)));
    for (const { stream, isClosed } of peers) if (!isClosed()) openChannel(stream).send(0, HELLO);
    await until('64', () => sequencer.node.peerCount === 64);
    await until('six are cut off', () => peers.filter((peer) => peer.isClosed()).length === 6);
    expect(sequencer.node.peerCount).toBe(64);
    const [first] = peers.filter((peer) => !peer.isClosed());
    first!.stream.destroy();
    await until('room', () => sequencer.node.peerCount === 63);
    const next = await connectStranger(sequencer);
    openChannel(next.stream).send(0, HELLO);
    await until('taken', () => sequencer.node.peerCount === 64);
  });
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { PeerNode } from '../../../../net/p2p/peer-node.js';
import { Publisher } from '../../../../net/p2p/publish.js';
import { StateServer, type StateSource } from '../../../../net/p2p/state-server.js';
import { type Bootstrap, startBootstrap } from '../../../../net/p2p/swarm.js';
import { createLogger } from '../../../../runtime/logger.js';
import { type RunningLight, startLight } from '../../../../runtime/roles/light.js';
import { type RunningReplica, startReplica } from '../../../../runtime/roles/replica.js';
import { type RunningSequencer, startSequencer } from '../../../../runtime/roles/sequencer.js';
import { ChainStateSource } from '../../../../runtime/state-source.js';
import { fromHex, toHex } from '../../../../state/base/bytes.js';
import { systemClock, systemRandom } from '../../../../state/base/ports.js';
import { verifyRpcProof, verifySignedHeader } from '../../../../state/verify.js';
import {
  ACCOUNTS,
  signedTransfer,
  submitAndWait,
  TEST_CONFIG,
  until,
} from '../../../helpers/core.js';

/** A light node in a swarm: a replica that is honest, one that lies, and a client of its RPC. */

const ports = {
  clock: systemClock,
  random: systemRandom,
  log: createLogger('silent', false),
};
const target = new Uint8Array(20).fill(0x77);
const topic = 'light-test';
const closing: (() => Promise<void>)[] = [];
let dht: Bootstrap;
let sequencer: RunningSequencer;
let replica: RunningReplica;
let light: RunningLight;
const lies = { told: 0 };

/** Answers all that it is asked, and turns a bit in every proof. */
class LyingSource implements StateSource {
  private readonly truth: ChainStateSource;

  constructor(truth: ChainStateSource) {
    this.truth = truth;
  }

  get newestNumber(): number {
    return this.truth.newestNumber;
  }

  sealFrame(number: number): Uint8Array | null {
    return this.truth.sealFrame(number);
  }

  async prove(...asked: Parameters<StateSource['prove']>) {
    const { frame, proofs } = await this.truth.prove(...asked);
    lies.told += 1;
    const wrong = proofs.map((proof) => proof.slice());
    for (const proof of wrong) proof[proof.length - 1]! ^= 1;
    return { frame, proofs: wrong };
  }

  code(): Uint8Array {
    return new Uint8Array(3);
  }
}

function startLiar(): PeerNode {
  const { core } = sequencer;
  const onFault = (error: unknown): void => {
    throw error;
  };
  const truth = new ChainStateSource(core.chain, core.proofs);
  return new PeerNode({
    anchor: { chainId: core.chain.chainId, publicKey: core.signer.publicKey },
    name: topic,
    bootstrap: dht.addresses,
    publisher: new Publisher({ source: core.chain.store, clock: systemClock, onFault }),
    stateServer: new StateServer(new LyingSource(truth), onFault),
    clock: systemClock,
    onFault,
  });
}

async function call(port: number, method: string, params: unknown[] = []) {
  const reply = await fetch(`http://127.0.0.1:${port}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return (await reply.json()) as { result?: never; error?: { code: number; message: string } };
}

async function peerCount(): Promise<number> {
  return Number((await call(light.port, 'net_peerCount')).result);
}

beforeAll(async () => {
  dht = await startBootstrap({ host: '127.0.0.1', nodes: 4 });
  const swarm = { bootstrap: dht.addresses, topic, port: 0, workers: 0, blockMs: 300 };
  sequencer = await startSequencer({ ...TEST_CONFIG, ...swarm }, ports);
  closing.push(() => sequencer.stop());
  const { sequencerKey } = sequencer;
  replica = await startReplica({ ...TEST_CONFIG, ...swarm, sequencerKey }, ports);
  closing.push(() => replica.stop());
  const liar = startLiar();
  closing.push(() => liar.stop());
  await liar.announced();
  await until(() => replica.isLive(), 'the replica');
  light = await startLight({ ...TEST_CONFIG, ...swarm, sequencerKey }, ports);
  closing.push(() => light.stop());
  await until(() => light.core.tip !== null, 'a header');
  for (let waited = 0; (await peerCount()) < 3 && waited < 100; waited += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});

afterAll(async () => {
  for (const close of closing.reverse()) await close();
  await dht.stop();
});

test('answers as the replica does, with proof, whoever lies to it', async () => {
  const { core } = sequencer;
  const place = await submitAndWait(core, signedTransfer({ to: target, value: 12_345n }));
  const { number } = place.entry.miniBlock.context;
  await until(() => (light.core.tip?.number ?? 0) > number, 'its header');
  // Often enough that each peer was asked first.
  for (let round = 0; round < 10; round += 1) {
    const { result } = await call(light.port, 'eth_getBalance', [toHex(target), 'latest']);
    expect(result).toBe('0x3039');
  }
  const sender = toHex(ACCOUNTS[0]!.address);
  expect((await call(light.port, 'eth_getTransactionCount', [sender, 'latest'])).result).toBe(
    '0x1',
  );
  expect((await call(light.port, 'eth_getStorageAt', [sender, '0x0', 'latest'])).result).toBe(
    `0x${'0'.repeat(64)}`,
  );
  expect((await call(light.port, 'eth_getCode', [sender, 'latest'])).result).toBe('0x');
  await until(() => replica.core.verifiedBlock >= number, 'the replica');
  const block = `0x${number.toString(16)}`;
  const header = (await call(light.port, 'eth_getBlockByNumber', [block, false])).result as unknown;
  const expected = (await call(replica.port, 'eth_getBlockByNumber', [block, false])).result;
  const { hash, stateRoot } = header as Record<string, string>;
  expect({ hash, stateRoot }).toEqual({
    hash: (expected as unknown as Record<string, string>)['hash'],
    stateRoot: (expected as unknown as Record<string, string>)['stateRoot'],
  });
});

test('passes proofs on, which its client checks again', async () => {
  const address = toHex(target);
  const { result } = await call(light.port, 'eth_getProof', [address, ['0x1'], 'latest']);
  const { blockNumber } = result as unknown as { blockNumber: string };
  const signed = await call(light.port, 'deltacast_getSignedHeader', [blockNumber]);
  const { frame } = signed.result as unknown as { frame: string };
  const sequencerKey = fromHex(sequencer.sequencerKey);
  const header = await verifySignedHeader(fromHex(frame), { chainId: 31_337, sequencerKey });
  expect(verifyRpcProof(header.stateRoot, result)).toMatchObject({ balance: 12_345n, nonce: 0n });
});

test('says what it cannot do, and what nobody proves', async () => {
  const { error } = await call(light.port, 'eth_call', [{ to: toHex(target) }, 'latest']);
  expect(error).toMatchObject({ code: -32_601 });
  const { error: unproven } = await call(light.port, 'eth_getBalance', [toHex(target), '0xffffff']);
  expect(unproven).toMatchObject({ code: -32_001 });
  const health = await (await fetch(`http://127.0.0.1:${light.port}/health`)).json();
  expect(health).toMatchObject({ role: 'light' });
  expect((health as { headers: number }).headers).toBeGreaterThan(1);
});

test('has been lied to', () => expect(lies.told).toBeGreaterThan(0));

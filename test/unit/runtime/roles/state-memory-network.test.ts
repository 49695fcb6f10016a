import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bootstrap, startBootstrap } from '../../../../net/p2p/swarm.js';
import { createLogger } from '../../../../runtime/logger.js';
import { type RunningLight, startLight } from '../../../../runtime/roles/light.js';
import { type RunningReplica, startReplica } from '../../../../runtime/roles/replica.js';
import { type RunningSequencer, startSequencer } from '../../../../runtime/roles/sequencer.js';
import { type Arena, KIND_SLOT } from '../../../../state/arena.js';
import { concatBytes, fromHex, toHex, toWord } from '../../../../state/base/bytes.js';
import { ARENA_MEGABYTES_MIN } from '../../../../state/base/limits.js';
import { systemClock, systemRandom } from '../../../../state/base/ports.js';
import { COLD_BIT } from '../../../../state/kernel/map.js';
import { verifyRpcProof, verifySignedHeader } from '../../../../state/verify.js';
import { signedTransfer, submitAndWait, TEST_CONFIG, until } from '../../../helpers/core.js';

/**
 * A network whose state is larger than the memory of some: a sequencer and a replica with limits of
 * their own, a replica without, and a light node that asks them for what is in the file alone.
 */

const ports = { clock: systemClock, random: systemRandom, log: createLogger('silent', false) };
const SLOTS_AT_ONCE = 400;
const TURNS = 50;
/** Fills 400 slots from the one that the input names: with its number and the input's size. */
const FILLER = fromHex('0x6000358061019001905b803601815560010181811060095700');
/** Where the first account's first contract is. */
const FILLER_AT = fromHex('0x5fbdb2315678afecb367f032d93f642f64180aa3');

const closing: (() => Promise<void>)[] = [];
let dht: Bootstrap;
let sequencer: RunningSequencer;
let small: RunningReplica;
let plain: RunningReplica;
let light: RunningLight;
let nonce = 0;

async function call<Result>(port: number, method: string, params: unknown[] = []): Promise<Result> {
  const reply = await fetch(`http://127.0.0.1:${port}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const { result, error } = (await reply.json()) as { result?: Result; error?: unknown };
  if (result === undefined) throw new Error(JSON.stringify(error));
  return result;
}

async function metricsOf({ port }: { readonly port: number }): Promise<Map<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.length > 0 && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.split(' ')[0]!, Number(line.split(' ')[1])]));
}

async function deploy(): Promise<void> {
  const length = FILLER.length.toString(16).padStart(2, '0');
  const initcode = concatBytes(fromHex(`0x60${length}600c60003960${length}6000f3`), FILLER);
  const fields = { nonce: nonce++, creates: true, value: 0n, gasLimit: 1_000_000 };
  await submitAndWait(sequencer.core, signedTransfer({ ...fields, data: initcode }));
}

function fillFrom(first: number, bytesMore = 0): Promise<unknown> {
  const data = concatBytes(toWord(BigInt(first)), new Uint8Array(bytesMore));
  const fields = { nonce: nonce++, to: FILLER_AT, data, value: 0n, gasLimit: 12_000_000 };
  return submitAndWait(sequencer.core, signedTransfer(fields));
}

/** Whether a slot is in the file alone. */
function isCold(arena: Arena, slot: number): boolean {
  const id = arena.find(KIND_SLOT, FILLER_AT, toWord(BigInt(slot)));
  const word = new Uint32Array(arena.memory.buffer)[arena.layout.cold.base / 4 + id]!;
  return (word & COLD_BIT) !== 0;
}

beforeAll(async () => {
  dht = await startBootstrap({ host: '127.0.0.1', nodes: 4 });
  const topic = 'state-memory-test';
  const swarm = { ...TEST_CONFIG, bootstrap: dht.addresses, topic, port: 0, blockMs: 300 };
  const stateMemory = ARENA_MEGABYTES_MIN;
  sequencer = await startSequencer({ ...swarm, workers: 2, stateMemory }, ports);
  closing.push(() => sequencer.stop());
  const follower = { ...swarm, sequencerKey: sequencer.sequencerKey };
  small = await startReplica({ ...follower, stateMemory: stateMemory + 3 }, ports);
  closing.push(() => small.stop());
  plain = await startReplica(follower, ports);
  closing.push(() => plain.stop());
  light = await startLight(follower, ports);
  closing.push(() => light.stop());
  await until(() => small.isLive() && plain.isLive(), 'the replicas');
  await deploy();
});

afterAll(async () => {
  for (const close of closing.reverse()) await close();
  await dht.stop();
});

test('a state beyond the memory of some has one root everywhere', async () => {
  for (let turn = 0; turn < TURNS; turn += 1) await fillFrom(turn * SLOTS_AT_ONCE);
  // Old slots again: what is changed and retired leaves its record behind.
  for (let turn = 0; turn < 5; turn += 1) await fillFrom(turn * 7 * SLOTS_AT_ONCE + 200, 1);
  await sequencer.core.endBlock();
  const { number } = sequencer.core.chain.sealedTip!;
  for (const replica of [small, plain]) {
    await until(() => replica.core.verifiedBlock >= number, 'the replicas');
  }
  const block = `0x${number.toString(16)}`;
  const roots = await Promise.all(
    [sequencer, small, plain].map(async ({ port }) => {
      const header = await call<{ stateRoot: string }>(port, 'eth_getBlockByNumber', [
        block,
        false,
      ]);
      return header.stateRoot;
    }),
  );
  expect(new Set(roots).size).toBe(1);
  const cells = SLOTS_AT_ONCE * TURNS;
  for (const node of [sequencer, small]) {
    const metrics = await metricsOf(node);
    const { lineCapacity } = node.core.chain.arena.layout;
    expect(cells).toBeGreaterThan(2 * lineCapacity);
    expect(metrics.get('deltacast_cold_cells')).toBeGreaterThan(cells - lineCapacity);
    expect(metrics.get('deltacast_cold_live_records')).toBeGreaterThan(cells - lineCapacity);
    expect(metrics.get('deltacast_cold_faults_total')).toBeGreaterThan(1_000);
  }
  expect([...(await metricsOf(plain)).keys()].some((name) => name.includes('cold'))).toBe(false);
});

test('a light node reads with proof what its peers have in a file alone', async () => {
  await until(
    () => (light.core.tip?.number ?? 0) >= (sequencer.core.chain.sealedTip?.number ?? 0),
    'the newest header',
  );
  const slot = 3;
  expect(isCold(sequencer.core.chain.arena, slot)).toBe(true);
  expect(isCold(small.core.chain.arena, slot)).toBe(true);
  const before = [sequencer, small].map(({ core }) => core.chain.arena.statistics().cold!.reads);
  const address = toHex(FILLER_AT);
  for (let round = 0; round < 6; round += 1) {
    const at = [address, `0x${(slot + round).toString(16)}`, 'latest'];
    const value = await call<string>(light.port, 'eth_getStorageAt', at);
    expect(BigInt(value)).toBe(BigInt(slot + round + 32));
  }
  const after = [sequencer, small].map(({ core }) => core.chain.arena.statistics().cold!.reads);
  expect(after[0]! + after[1]!).toBeGreaterThan(before[0]! + before[1]!);
  const asked = [address, ['0x3', '0xffffff'], 'latest'];
  for (const { port } of [small, light]) {
    const proof = await call<{ blockNumber: string }>(port, 'eth_getProof', asked);
    const signed = [proof.blockNumber];
    const { frame } = await call<{ frame: string }>(port, 'deltacast_getSignedHeader', signed);
    const sequencerKey = fromHex(sequencer.sequencerKey);
    const header = await verifySignedHeader(fromHex(frame), { chainId: 31_337, sequencerKey });
    const { slots } = verifyRpcProof(header.stateRoot, proof);
    expect(slots.map((value) => BigInt(toHex(value)))).toEqual([35n, 0n]);
  }
  expect(isCold(small.core.chain.arena, slot)).toBe(true);
});

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Frame, KIND_SEAL, parseFrame, signFrame } from '../../../net/p2p/frame.js';
import type { Signer } from '../../../net/p2p/keys.js';
import type { NodeConfig } from '../../../runtime/config.js';
import type { SequencerCore } from '../../../runtime/core.js';
import { FollowerCore } from '../../../runtime/follower-core.js';
import {
  decodeMiniBlock,
  decodeSeal,
  encodeMiniBlock,
  encodeSeal,
  type MiniBlock,
} from '../../../runtime/wire.js';
import { toBigInt } from '../../../state/base/bytes.js';
import { systemClock, systemRandom } from '../../../state/base/ports.js';
import {
  ACCOUNTS,
  signedTransfer,
  startCore,
  submitAndWait,
  TEST_CONFIG,
  until,
} from '../../helpers/core.js';

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const node of running.splice(0)) await node.stop();
});

async function start(config: Partial<NodeConfig> = {}): Promise<SequencerCore> {
  const core = await startCore(config);
  running.push(core);
  return core;
}

const directory = () => join(mkdtempSync(join(tmpdir(), 'core-')), 'node');

function balanceOf({ chain }: Pick<SequencerCore, 'chain'>, address: Uint8Array): bigint {
  const out = new Uint8Array(32);
  const id = chain.arena.find(0, address);
  if (id >= 0) chain.arena.readAt(id, chain.arena.head, out);
  return toBigInt(out);
}

/** A replica that is handed every frame of the store. */
async function follow(core: SequencerCore, config: Partial<NodeConfig> = {}) {
  const ports = { clock: systemClock, random: systemRandom };
  const follower = await FollowerCore.start(
    { ...TEST_CONFIG, ...config },
    core.signer.publicKey,
    ports,
  );
  running.push(follower);
  const catchUp = async (): Promise<void> => {
    while (follower.chain.nextHeight < core.chain.nextHeight) {
      await follower.apply(parseFrame(core.chain.store.read(follower.chain.nextHeight)));
    }
    await follower.settled();
  };
  await catchUp();
  return { follower, catchUp };
}

describe.each([0, 1, 2])('a sequencer with %i workers', (workers) => {
  it('executes a transfer, seals its block, and a replica makes the same header', async () => {
    const core = await start({ workers });
    const to = new Uint8Array(20).fill(9);
    const { entry, index } = await submitAndWait(core, signedTransfer({ to, value: 5n }));
    expect(entry.miniBlock.transactions.statuses[index]).toBe(1);
    expect(balanceOf(core, to)).toBe(5n);
    const { number } = entry.miniBlock.context;
    await until(() => core.chain.history.hashOf(number) !== null, 'the seal');
    const { follower } = await follow(core);
    expect(balanceOf(follower, to)).toBe(5n);
    expect(follower.verifiedBlock).toBeGreaterThanOrEqual(number);
    expect(follower.chain.history.hashOf(number)).toEqual(core.chain.history.hashOf(number));
  });
});

describe('a sequencer', () => {
  it('executes 300 transactions of ten senders in nonce order, however they come', async () => {
    const core = await start({ workers: 2 });
    const raws = ACCOUNTS.flatMap((_, from) =>
      Array.from({ length: 30 }, (_unused, nonce) => signedTransfer({ from, nonce })),
    );
    const shuffled = raws.toSorted(() => 0.5 - Math.random());
    const places = await Promise.all(shuffled.map((raw) => submitAndWait(core, raw)));
    expect(places).toHaveLength(300);
    for (const { address } of ACCOUNTS) expect(core.intake.stateNonce(address)).toBe(30);
    const { follower } = await follow(core);
    for (const { address } of ACCOUNTS) {
      expect(balanceOf(follower, address)).toBe(balanceOf(core, address));
    }
  });

  it('seals a block of which the sealing thread has lost a part', async () => {
    const core = await start({ workers: 1, blockMs: 600_000 });
    const { entry } = await submitAndWait(core, signedTransfer({ nonce: 0 }));
    const { number } = entry.miniBlock.context;
    // As if a second mini-block had been given too, to a thread that has ended since.
    core['sealer']['given'] = { block: number, count: 2 };
    await submitAndWait(core, signedTransfer({ nonce: 1 }));
    await core.endBlock();
    const { follower } = await follow(core);
    expect(core.chain.history.hashOf(number)).not.toBeNull();
    expect(follower.chain.history.hashOf(number)).toEqual(core.chain.history.hashOf(number));
  });

  it('makes blocks without transactions, each the child of the one before', async () => {
    const core = await start();
    await until(() => (core.chain.sealedTip?.number ?? 0) >= 3, 'three blocks');
    const { follower } = await follow(core);
    expect(follower.verifiedBlock).toBeGreaterThanOrEqual(3);
    expect(core.counters.miniBlocks).toBe(1);
  });

  it('goes on where blocks are shorter than their sealing, and replay follows', async () => {
    const dataDir = directory();
    const core = await startCore({ blockMs: 10, dataDir });
    for (let nonce = 0; nonce < 40; nonce += 1) {
      await submitAndWait(core, signedTransfer({ nonce }));
      await new Promise((resolve) => setTimeout(resolve, nonce % 4 === 0 ? 25 : 0));
    }
    const { follower } = await follow(core);
    expect(follower.chain.history.transactionCount).toBe(40);
    const head = core.chain.sequence;
    await core.stop();
    const again = await start({ blockMs: 10, dataDir });
    expect(again.chain.sequence).toBeGreaterThanOrEqual(head);
    expect(again.intake.stateNonce(ACCOUNTS[0]?.address ?? new Uint8Array(20))).toBe(40);
  });

  it('refuses each bad transaction with its own code, and goes on', async () => {
    const core = await start();
    const cases: readonly (readonly [string, Uint8Array])[] = [
      ['TX_WRONG_CHAIN', signedTransfer({ chainId: 5 })],
      ['TX_MALFORMED', Uint8Array.of(2, 0xc1, 1)],
      ['TX_TYPE_UNSUPPORTED', Uint8Array.of(9, 1, 2)],
      ['TX_GAS_TOO_LOW', signedTransfer({ gasLimit: 20_999 })],
      ['TX_GAS_TOO_HIGH', signedTransfer({ gasLimit: 2 ** 24 + 1 })],
      ['TX_FEE_TOO_LOW', signedTransfer({ maxFeePerGas: 1n })],
      ['TX_INSUFFICIENT_FUNDS', signedTransfer({ value: 10n ** 30n })],
      ['TX_OVERSIZED', new Uint8Array(200_000).fill(2)],
    ];
    for (const [code, raw] of cases) {
      await expect(submitAndWait(core, raw)).rejects.toMatchObject({ code });
    }
    const { entry, index } = await submitAndWait(core, signedTransfer());
    expect(entry.miniBlock.transactions.statuses[index]).toBe(1);
  });

  it('knows a transaction again, refuses a spent nonce, and keeps one with a gap', async () => {
    const core = await start();
    const raw = signedTransfer();
    await submitAndWait(core, raw);
    const outcomes = await core.intake.submitMany([
      raw,
      signedTransfer({ value: 2n }),
      signedTransfer({ nonce: 5 }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['known', 'rejected', 'queued']);
    expect(outcomes[1]).toMatchObject({ error: { code: 'TX_NONCE_TOO_LOW' } });
  });

  it('drops what became unaffordable, tells who waits, and keeps the nonce free', async () => {
    const core = await start();
    const all = 10_000n * 10n ** 18n;
    const first = signedTransfer({ value: all - 10n ** 18n });
    const second = signedTransfer({ nonce: 1, value: all / 2n });
    const results = await Promise.allSettled([
      submitAndWait(core, first),
      submitAndWait(core, second),
    ]);
    expect(results[0]).toMatchObject({ status: 'fulfilled' });
    expect(results[1]).toMatchObject({ reason: { code: 'TX_INSUFFICIENT_FUNDS' } });
    await submitAndWait(core, signedTransfer({ nonce: 1, value: 1n }));
  });

  it('keeps a transaction that does not fit the block for the next', async () => {
    const core = await start({ gasLimit: 50_000, blockMs: 50 });
    const raws = Array.from({ length: 6 }, (_, nonce) => signedTransfer({ nonce }));
    const places = await Promise.all(raws.map((raw) => submitAndWait(core, raw)));
    const blocks = places.map(({ entry }) => entry.miniBlock.context.number);
    const counts = blocks.map((block) => blocks.filter((other) => other === block).length);
    expect(Math.max(...counts)).toBeLessThanOrEqual(2);
    expect(new Set(blocks).size).toBeGreaterThanOrEqual(3);
  });
});

describe.each([0, 1])('a full arena, with %i workers,', (workers) => {
  it('in its undo ring only ends the block early', async () => {
    const arenaSize = { megabytes: 64, undoNodesMax: 128 };
    const core = await startCore({ workers, blockMs: 3_600_000 }, { arenaSize });
    running.push(core);
    const raws = Array.from({ length: 200 }, (_, nonce) => signedTransfer({ nonce }));
    const places = await Promise.all(raws.map((raw) => submitAndWait(core, raw)));
    expect(places).toHaveLength(200);
    const { follower } = await follow(core);
    expect(follower.chain.history.transactionCount).toBe(200);
    // Blocks last an hour here: one that is sealed was ended for the ring.
    expect(core.chain.sealedTip?.number).toBeGreaterThanOrEqual(1);
  });

  it('in its cells refuses what needs a new one, and executes the rest', async () => {
    const arenaSize = { megabytes: 64, cellsMax: 60 };
    const core = await startCore({ workers }, { arenaSize });
    running.push(core);
    const codes: unknown[] = [];
    for (let nonce = 0; nonce < 60; nonce += 1) {
      const fresh = signedTransfer({ nonce: nonce - codes.length });
      await submitAndWait(core, fresh).catch(({ code }) => codes.push(code));
    }
    expect(codes.length).toBeGreaterThan(5);
    expect(new Set(codes)).toEqual(new Set(['ARENA_FULL']));
    const nonce = core.intake.stateNonce(ACCOUNTS[0]?.address ?? new Uint8Array(20));
    const to = ACCOUNTS[1]?.address ?? new Uint8Array(20);
    await submitAndWait(core, signedTransfer({ nonce, to }));
    const { follower } = await follow(core);
    expect(balanceOf(follower, to)).toBe(balanceOf(core, to));
  });
});

describe('a data directory', () => {
  it('gives back every block, receipt and balance after a restart', async () => {
    const dataDir = directory();
    const to = new Uint8Array(20).fill(7);
    const first = await startCore({ dataDir });
    const raw = signedTransfer({ to, value: 3n });
    const { entry } = await submitAndWait(first, raw);
    const hash = entry.miniBlock.transactions.hashes.slice(0, 32);
    await first.stop();
    const second = await start({ dataDir });
    expect(balanceOf(second, to)).toBe(3n);
    const place = second.chain.history.find(hash);
    expect(place?.entry.miniBlock.number).toBe(entry.miniBlock.number);
    // The block that was open is sealed by the restarted node.
    const { number } = entry.miniBlock.context;
    await until(() => second.chain.history.hashOf(number) !== null, 'the seal');
    await submitAndWait(second, signedTransfer({ nonce: 1, to, value: 4n }));
    expect(balanceOf(second, to)).toBe(7n);
    const { follower } = await follow(second);
    expect(balanceOf(follower, to)).toBe(7n);
  });

  it('of another chain id or key is refused', async () => {
    const dataDir = directory();
    await (await startCore({ dataDir })).stop();
    await expect(startCore({ dataDir, chainId: 7 })).rejects.toMatchObject({
      code: 'DATA_DIR_MISMATCH',
    });
  });

  it('of a replica continues where it was', async () => {
    const dataDir = directory();
    const core = await start();
    const first = await follow(core, { dataDir });
    await first.follower.stop();
    running.splice(running.indexOf(first.follower), 1);
    await submitAndWait(core, signedTransfer({ to: new Uint8Array(20).fill(1), value: 8n }));
    const { follower } = await follow(core, { dataDir });
    expect(balanceOf(follower, new Uint8Array(20).fill(1))).toBe(8n);
  });
});

describe('a replica', () => {
  /** A chain with one transfer in a sealed block, and its frames. */
  async function sealedTransfer() {
    const core = await start({ blockMs: 50 });
    const { entry } = await submitAndWait(core, signedTransfer({ value: 77n }));
    const { number } = entry.miniBlock.context;
    await until(() => core.chain.history.hashOf(number) !== null, 'the seal');
    const frames = Array.from({ length: core.chain.nextHeight }, (_, height) =>
      parseFrame(core.chain.store.read(height)),
    );
    const ports = { clock: systemClock, random: systemRandom };
    const follower = await FollowerCore.start(TEST_CONFIG, core.signer.publicKey, ports);
    running.push(follower);
    return { core, entry, frames, follower };
  }

  /** Signs all frames from one on again, each on the hash of the one before. */
  function forge(frames: readonly Frame[], at: number, body: Uint8Array, signer: Signer): Frame[] {
    let parentHash = frames[at]?.parentHash ?? new Uint8Array(32);
    return frames.map((frame, index) => {
      if (index < at) return frame;
      const fields = { ...frame, parentHash, body: index === at ? body : frame.body };
      const forged = parseFrame(signFrame(fields, signer).bytes);
      parentHash = forged.hash;
      return forged;
    });
  }

  function signedMiniBlock({ chain }: SequencerCore, height: number): MiniBlock {
    const { body, chainId } = parseFrame(chain.store.read(height));
    return decodeMiniBlock(body, chainId);
  }

  async function applyAll(follower: FollowerCore, frames: readonly Frame[]): Promise<void> {
    for (const frame of frames) await follower.apply(frame);
    await follower.settled();
  }

  it('keeps of a mini-block neither its diff nor its frame', async () => {
    const { entry, frames, follower } = await sealedTransfer();
    await applyAll(follower, frames);
    const place = follower.chain.history.find(entry.miniBlock.transactions.hashes.slice(0, 32));
    const { transactions, context, ...fields } = place?.entry.miniBlock ?? entry.miniBlock;
    expect(place?.entry).not.toBe(entry);
    expect(fields).not.toHaveProperty('diff');
    const kept = [transactions, context, fields].flatMap(Object.values).filter(ArrayBuffer.isView);
    expect(kept.length).toBeGreaterThan(10);
    for (const { buffer, byteLength } of kept) expect(buffer.byteLength).toBe(byteLength);
  });

  it('halts at a signed diff that gives another balance', async () => {
    const { core, entry, frames, follower } = await sealedTransfer();
    const miniBlock = signedMiniBlock(core, entry.height);
    const diff = miniBlock.diff.slice();
    // The last byte is the end of some value.
    diff[diff.length - 1] = (diff.at(-1) ?? 0) ^ 1;
    const body = encodeMiniBlock({ ...miniBlock, diff });
    const forged = forge(frames, entry.height, body, core.signer);
    await expect(applyAll(follower, forged)).rejects.toMatchObject({
      code: expect.stringMatching(/ROOT_MISMATCH|DIFF_INVALID/),
    });
    await expect(follower.apply(forged.at(-1) as Frame)).rejects.toBeDefined();
  });

  it('halts at a signed header with another root, receipt or transaction', async () => {
    const { core, frames, follower } = await sealedTransfer();
    const at = frames.findLastIndex(({ kind }) => kind === KIND_SEAL);
    const frame = frames[at];
    if (frame === undefined) throw new Error('a seal');
    const seal = decodeSeal(frame.body, frame.chainId);
    const headerRlp = seal.headerRlp.slice();
    headerRlp[100] = (headerRlp[100] ?? 0) ^ 1;
    const forged = forge(frames, at, encodeSeal({ ...seal, headerRlp }), core.signer);
    await expect(applyAll(follower, forged)).rejects.toMatchObject({ code: 'ROOT_MISMATCH' });
  });

  it('refuses frames out of order, and a mini-block that claims another place', async () => {
    const { core, entry, frames, follower } = await sealedTransfer();
    await expect(follower.apply(frames[2] as Frame)).rejects.toMatchObject({
      code: 'FRAME_OUT_OF_ORDER',
    });
    const miniBlock = signedMiniBlock(core, entry.height);
    const body = encodeMiniBlock({ ...miniBlock, firstTransaction: 4 });
    const forged = forge(frames, entry.height, body, core.signer);
    await expect(applyAll(follower, forged)).rejects.toMatchObject({ code: 'FRAME_OUT_OF_ORDER' });
  });
});

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseFrame } from '../../../net/p2p/frame.js';
import type { SequencerCore } from '../../../runtime/core.js';
import { FollowerCore } from '../../../runtime/follower-core.js';
import { developmentGenesis, type Genesis } from '../../../runtime/genesis.js';
import { chainMetrics } from '../../../runtime/node-metrics.js';
import type { Arena } from '../../../state/arena.js';
import type { ColdStatistics } from '../../../state/arena-statistics.js';
import { concatBytes, fromHex, toHex } from '../../../state/base/bytes.js';
import { ARENA_MEGABYTES_MIN } from '../../../state/base/limits.js';
import { systemClock, systemRandom } from '../../../state/base/ports.js';
import { planLayout } from '../../../state/layout.js';
import {
  ACCOUNTS,
  signedTransfer,
  startCore,
  submitAndWait,
  TEST_CONFIG,
} from '../../helpers/core.js';

/** The smallest arena that there is, and a state of ten times its lines. */
const MEGABYTES = ARENA_MEGABYTES_MIN;
/** The coordinator, two workers, calls, sealing. */
const THREADS = 5;
const { lineCapacity } = planLayout({ megabytes: MEGABYTES, threads: THREADS, isCold: true });
const STRANGERS = 10 * lineCapacity;
/** Adds 1 to the slot that its input names. */
const COUNTER = fromHex('6000358054600101905500');
const COUNTER_AT = new Uint8Array(20).fill(0xcc);
const SLOTS = 600;
const SECONDS = 1_700_000_000;
/** Blocks end when they are told to. */
const CONFIG = { ...TEST_CONFIG, workers: 2, blockMs: 3_600_000 };

const directory = mkdtempSync(join(tmpdir(), 'deltacast-state-memory-'));
const running = new Set<{ stop(): Promise<void> }>();
afterAll(async () => {
  for (const node of running) await node.stop();
  rmSync(directory, { recursive: true });
});

function wordOf(value: number): Uint8Array {
  const word = new Uint8Array(32);
  new DataView(word.buffer).setUint32(28, value);
  return word;
}

function strangerOf(index: number): Uint8Array {
  return concatBytes(wordOf(0x5eed).slice(16), wordOf(index).slice(28));
}

function genesisOf(): Genesis {
  const { context, accounts } = developmentGenesis(CONFIG, 'osaka', SECONDS);
  const plain = { balance: 0n, nonce: 0n, code: new Uint8Array(0), slots: [] };
  const strangers = Array.from({ length: STRANGERS }, (_, index) => ({
    ...plain,
    address: strangerOf(index),
    balance: BigInt(index + 1),
  }));
  const slots = Array.from({ length: SLOTS }, (_, index) => ({
    slot: wordOf(index),
    value: wordOf(index + 1),
  }));
  const counter = { ...plain, address: COUNTER_AT, code: COUNTER, slots };
  // Before the strangers: who comes after it pushes its slots out.
  return { context, accounts: [...accounts, counter, ...strangers] };
}

async function start(dataDir: string | null, stateMemory: number | null): Promise<SequencerCore> {
  const core = await startCore({ ...CONFIG, dataDir, stateMemory }, { genesis: genesisOf() });
  running.add(core);
  return core;
}

async function stop(node: { stop(): Promise<void> }): Promise<void> {
  running.delete(node);
  await node.stop();
}

/** The same sequence of numbers in each run. */
function randomOf(seed: number): (end: number) => number {
  let state = seed;
  return (end) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * end);
  };
}

const nonces = ACCOUNTS.map(() => 0);

/** Payments to strangers of old and to new ones, and counters anywhere. */
function transactionsOf(seed: number, count: number): Uint8Array[] {
  const random = randomOf(seed);
  return Array.from({ length: count }, (_, turn) => {
    const from = turn % ACCOUNTS.length;
    const nonce = nonces[from]!;
    nonces[from] = nonce + 1;
    const to = strangerOf(random(STRANGERS * 1.02));
    if (random(3) > 0) return signedTransfer({ from, nonce, to });
    const data = wordOf(random(SLOTS * 1.1));
    return signedTransfer({ from, nonce, to: COUNTER_AT, data, value: 0n, gasLimit: 100_000 });
  });
}

/** Puts all into one block. @returns its state root */
async function run(core: SequencerCore, raws: readonly Uint8Array[]): Promise<string> {
  await Promise.all(raws.map((raw) => submitAndWait(core, raw)));
  await core.endBlock();
  return toHex(core.chain.sealedTip?.stateRoot ?? new Uint8Array(0));
}

function coldOf(arena: Arena): ColdStatistics {
  const { cold } = arena.statistics();
  if (cold === null) throw new Error('an arena without cold cells');
  return cold;
}

async function follow(core: SequencerCore, stateMemory: number | null): Promise<FollowerCore> {
  const config = { ...CONFIG, dataDir: null, stateMemory };
  const follower = await FollowerCore.start(config, core.signer.publicKey, {
    clock: systemClock,
    random: systemRandom,
  });
  running.add(follower);
  await catchUp(follower, core);
  return follower;
}

async function catchUp(follower: FollowerCore, core: SequencerCore): Promise<void> {
  const { store } = core.chain;
  for (let height = follower.chain.nextHeight; height < store.nextHeight; height++) {
    await follower.apply(parseFrame(store.read(height)));
  }
  await follower.settled();
}

describe('a state of ten times the memory', () => {
  it('has the roots of one in memory, within any limit and after a restart', async () => {
    const dataDir = join(directory, 'node');
    const plain = await start(null, null);
    let small = await start(dataDir, MEGABYTES);
    const { arena } = small.chain;
    expect(arena.cellCount).toBeGreaterThan(10 * arena.layout.lineCapacity);
    expect(coldOf(arena).cells).toBeGreaterThan(9 * arena.layout.lineCapacity);
    const before = coldOf(arena);
    for (let block = 1; block <= 3; block++) {
      const raws = transactionsOf(block, 120);
      expect(await run(small, raws)).toBe(await run(plain, raws));
    }
    const after = coldOf(arena);
    expect(after.faults - before.faults).toBeGreaterThan(200);
    const asked = after.faults + after.reads;
    expect(after.pagesRead).toBeLessThanOrEqual(asked);
    expect(after.fileBytes).toBe(after.pagesAppended * 4096);

    const followers = [await follow(small, MEGABYTES + 5), await follow(small, null)];
    for (const follower of followers) expect(follower.verifiedBlock).toBe(3);
    await stop(small);
    expect(readdirSync(dataDir).sort()).toEqual(['log', 'sequencer.key']);
    small = await start(dataDir, MEGABYTES);
    const raws = transactionsOf(4, 120);
    expect(await run(small, raws)).toBe(await run(plain, raws));
    for (const follower of followers) {
      await catchUp(follower, small);
      expect(follower.verifiedBlock).toBe(small.chain.sealedTip?.number);
    }
    const metrics = chainMetrics(small.chain, () => 0);
    const { read } = metrics.find(({ name }) => name === 'cold_faults_total')!;
    expect(read()).toBe(coldOf(small.chain.arena).faults);
  });
});

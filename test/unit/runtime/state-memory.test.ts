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
import { CELL_BYTES, CELL_LOCK } from '../../../state/kernel/map.js';
import { planLayout } from '../../../state/layout.js';
import {
  ACCOUNTS,
  signedTransfer,
  startCore,
  submitAllAndWait,
  TEST_CONFIG,
} from '../../helpers/core.js';

/**
 * A small arena, and a state of ten times its lines: in the smallest that there is, what a chain
 * begins with is more than the cells beyond that.
 */
const MEGABYTES = ARENA_MEGABYTES_MIN + 1;
/** The coordinator, two workers, calls, sealing. */
const THREADS = 5;
const { lineCapacity } = planLayout({ megabytes: MEGABYTES, threads: THREADS, isCold: true });
const LARGE = { strangers: 10 * lineCapacity, slots: 600 };
/** For an arena of few lines: the first batch of 64 needs more than a quarter of them. */
const FEW = { strangers: 1_000, slots: 20 };
const LINES_FEW = 120;
/** Adds 1 to the slot that its input names. */
const COUNTER = fromHex('6000358054600101905500');
const COUNTER_AT = new Uint8Array(20).fill(0xcc);
/** Writes its input's size plus their number to 400 slots, from the one that the input names. */
const FILLER = fromHex('6000358061019001905b803601815560010181811060095700');
const FILLER_AT = new Uint8Array(20).fill(0xcd);
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

interface Size {
  readonly strangers: number;
  readonly slots: number;
}

function genesisOf(size: Size): Genesis {
  const { context, accounts } = developmentGenesis(CONFIG, 'osaka', SECONDS);
  const plain = { balance: 0n, nonce: 0n, code: new Uint8Array(0), slots: [] };
  const strangers = Array.from({ length: size.strangers }, (_, index) => ({
    ...plain,
    address: strangerOf(index),
    balance: BigInt(index + 1),
  }));
  const slots = Array.from({ length: size.slots }, (_, index) => ({
    slot: wordOf(index),
    value: wordOf(index + 1),
  }));
  const counter = { ...plain, address: COUNTER_AT, code: COUNTER, slots };
  // Before the strangers: who comes after it pushes its slots out.
  const filler = { ...plain, address: FILLER_AT, code: FILLER };
  return { context, accounts: [...accounts, filler, counter, ...strangers] };
}

interface StartOptions {
  readonly dataDir?: string;
  readonly size?: Size;
  readonly linesMax?: number;
}

async function start(stateMemory: number | null, options: StartOptions): Promise<SequencerCore> {
  const { dataDir = null, size = LARGE, linesMax } = options;
  const core = await startCore(
    { ...CONFIG, dataDir, stateMemory },
    {
      genesis: genesisOf(size),
      ...(linesMax === undefined ? {} : { arenaSize: { linesMax } }),
    },
  );
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

/** Payments to strangers of old and to new ones, and counters anywhere. */
class Payments {
  private readonly size: Size;
  private readonly nonces = ACCOUNTS.map(() => 0);

  constructor(size: Size) {
    this.size = size;
  }

  make(seed: number, count: number): Uint8Array[] {
    const random = randomOf(seed);
    return Array.from({ length: count }, (_, turn) => {
      const from = turn % ACCOUNTS.length;
      const nonce = this.nonces[from]!;
      this.nonces[from] = nonce + 1;
      const to = strangerOf(random(this.size.strangers * 1.02));
      if (random(3) > 0) return signedTransfer({ from, nonce, to });
      const data = wordOf(random(this.size.slots * 1.1));
      return signedTransfer({ from, nonce, to: COUNTER_AT, data, value: 0n, gasLimit: 100_000 });
    });
  }
}

/** One transaction of each account: 400 new slots each. */
function fills(nonce: number): Uint8Array[] {
  return ACCOUNTS.map((_, from) => {
    const data = wordOf((nonce * ACCOUNTS.length + from) * 400);
    return signedTransfer({ to: FILLER_AT, value: 0n, gasLimit: 12_000_000, from, nonce, data });
  });
}

/** Puts all into one block. @returns its state root */
async function run(core: SequencerCore, raws: readonly Uint8Array[]): Promise<string> {
  await submitAllAndWait(core, raws);
  await core.endBlock();
  return toHex(core.chain.sealedTip?.stateRoot ?? new Uint8Array(0));
}

/** Lines that their writer has not finished: nobody could read or roll back what is in them. */
function lockedLines({ bytes, layout }: Arena): number[] {
  const lines = Array.from({ length: layout.lineCapacity }, (_, line) => line);
  return lines.filter(
    (line) => (bytes[layout.cells.base + line * CELL_BYTES + CELL_LOCK] ?? 0) % 2 === 1,
  );
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
    const plain = await start(null, {});
    let small = await start(MEGABYTES, { dataDir });
    const { arena } = small.chain;
    expect(arena.cellCount).toBeGreaterThan(10 * arena.layout.lineCapacity);
    expect(coldOf(arena).cells).toBeGreaterThan(9 * arena.layout.lineCapacity);
    const before = coldOf(arena);
    const payments = new Payments(LARGE);
    for (let block = 1; block <= 3; block++) {
      const raws = payments.make(block, 120);
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
    expect(readdirSync(dataDir).sort()).toEqual(['hot-codes.json', 'log', 'sequencer.key']);
    small = await start(MEGABYTES, { dataDir });
    const raws = payments.make(4, 120);
    expect(await run(small, raws)).toBe(await run(plain, raws));
    for (const follower of followers) {
      await catchUp(follower, small);
      expect(follower.verifiedBlock).toBe(small.chain.sealedTip?.number);
    }
    const metrics = chainMetrics(small.chain, () => 0);
    const { read } = metrics.find(({ name }) => name === 'cold_faults_total')!;
    expect(read()).toBe(coldOf(small.chain.arena).faults);
  });

  it('splits mini-blocks that need more lines than are free, and refuses nothing', async () => {
    const plain = await start(null, { size: FEW });
    const small = await start(MEGABYTES, { size: FEW, linesMax: LINES_FEW });
    const raws = new Payments(FEW).make(5, 400);
    expect(await run(small, raws)).toBe(await run(plain, raws));
    const { dropped, transactions, restarts, miniBlocks } = small.counters;
    expect([dropped, transactions, restarts]).toEqual([0, 400, 0]);
    // The first batch of 64 alone pays some 40 strangers, for whom there are not enough lines.
    expect(miniBlocks).toBeGreaterThan(2 * plain.counters.miniBlocks);
    expect(lockedLines(small.chain.arena)).toEqual([]);
  });

  it('is followed by who compares later than the undo ring could wait for', async () => {
    const core = await start(MEGABYTES, { size: FEW });
    const { undoCapacity } = core.chain.arena.layout;
    for (let nonce = 0; nonce < 5; nonce++) {
      // 4,000 slots: two blocks fit the ring, three do not.
      await run(core, fills(nonce));
    }
    expect(core.chain.arena.cellCount).toBeGreaterThan(2 * undoCapacity);
    const follower = await follow(core, MEGABYTES);
    expect(follower.verifiedBlock).toBe(5);
  });

  it('says where the log of one with more memory does not fit', async () => {
    const dataDir = join(directory, 'larger');
    const larger = await start(null, { size: FEW, dataDir });
    await run(larger, [0, 1, 2, 3].flatMap(fills));
    await stop(larger);
    const smaller = start(MEGABYTES, { size: FEW, dataDir });
    await expect(smaller).rejects.toMatchObject({
      code: 'ARENA_FULL',
      message: expect.stringMatching(/^frame \d+ of the log needs more memory: --state-memory/),
    });
  });
});

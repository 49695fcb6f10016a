import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseFrame } from '../../../net/p2p/frame.js';
import type { Account } from '../../../runtime/alloc.js';
import { FollowerCore } from '../../../runtime/follower-core.js';
import { developmentGenesis } from '../../../runtime/genesis.js';
import { initDirectory } from '../../../runtime/roles/init-command.js';
import { toBigInt, toHex, toWord } from '../../../state/base/bytes.js';
import { isDeltacastError } from '../../../state/base/errors.js';
import { keccak256 } from '../../../state/base/keccak.js';
import { sleep, systemClock, systemRandom } from '../../../state/base/ports.js';
import { startCore, TEST_CONFIG } from '../../helpers/core.js';
import { naivePath, naiveRoot } from '../../helpers/naive-root.js';

/** A chain that begins with a dump: the state is what it says, and half of one is nothing. */

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'deltacast-init-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const addressOf = (index: number): Uint8Array => keccak256(toWord(BigInt(index))).slice(12);

function lineOf(index: number): string {
  const code = index % 100 === 7 ? { code: '0x6001' } : {};
  const storage = index % 100 === 7 ? { storage: { '0x05': `0${index % 7}`, '0x00': '00' } } : {};
  const address = toHex(addressOf(index));
  return JSON.stringify({ balance: String(index), nonce: index % 3, address, ...code, ...storage });
}

/** More than one mini-block holds. */
const ACCOUNTS = 30_000;

async function init(lines: readonly string[], dataDir = join(folder, 'data')) {
  const dump = join(folder, 'dump.jsonl');
  writeFileSync(dump, lines.join('\n'));
  const flags = { dump, dataDir, chainId: '31337', hardfork: 'osaka', json: true } as const;
  return JSON.parse(await initDirectory(flags, () => undefined)) as Record<string, unknown>;
}

/** Several mini-blocks; the process is killed after the first. */
const KILLED_ACCOUNTS = 150_000;

function startInit(accounts: number, dataDir: string): ChildProcess {
  const dump = join(folder, 'dump.jsonl');
  const lines = Array.from({ length: accounts }, (_, at) => lineOf(at));
  writeFileSync(dump, lines.join('\n'));
  const args = ['dist/runtime/cli.js', 'init', '--dump', dump, '--data-dir', dataDir];
  return spawn(process.execPath, args, { stdio: 'ignore' });
}

/** Resolves when a frame is in the log, while the process still runs. */
async function untilLogged(directory: string, child: ChildProcess): Promise<void> {
  const log = join(directory, 'log', 'log-000000000000');
  while (!existsSync(log) || statSync(log).size < 1_000_000) {
    expect(child.exitCode).toBeNull();
    await sleep(systemClock, 5);
  }
}

async function refusalOf(lines: readonly string[]): Promise<string> {
  try {
    await init(lines);
  } catch (error) {
    if (isDeltacastError(error)) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'accepted';
}

describe('init', () => {
  test('gives the naive root, and a sequencer goes on from there', async () => {
    const lines = ['{"root":"0x12"}', ...Array.from({ length: ACCOUNTS }, (_, at) => lineOf(at))];
    const made = await init(lines);
    expect(made['accounts']).toBe(ACCOUNTS);
    const dataDir = join(folder, 'data');
    const core = await startCore({ dataDir, workers: 0, blockMs: 3_600_000 });
    try {
      expect(toHex(core.chain.sealedTip?.stateRoot ?? new Uint8Array(0))).toBe(made['stateRoot']);
      const { arena } = core.chain;
      const value = new Uint8Array(32);
      for (const index of [1, 7, 107, ACCOUNTS - 1]) {
        arena.readLatest(arena.find(0, addressOf(index)), value);
        expect(toBigInt(value)).toBe(BigInt(index));
      }
      arena.readLatest(arena.find(3, addressOf(207), toWord(5n)), value);
      expect(toBigInt(value)).toBe(BigInt(207 % 7));
    } finally {
      await core.stop();
    }
  }, 60_000);

  test('gives the naive root of a few accounts, empty ones included', async () => {
    const made = await init([lineOf(0), lineOf(1), lineOf(7)]);
    const zero = toWord(0n);
    const pairs: [number, number, Uint8Array, bigint][] = [
      [2, 0, zero, 1n],
      [0, 1, zero, 1n],
      [1, 1, zero, 1n],
      [0, 7, zero, 7n],
      [1, 7, zero, 1n],
      [2, 7, zero, toBigInt(keccak256(Uint8Array.of(0x60, 1)))],
    ];
    const contents = new Map(
      pairs.map(([kind, index, slot, value]) => [
        naivePath(kind, addressOf(index), slot),
        toHex(toWord(value)),
      ]),
    );
    expect(made['stateRoot']).toBe(naiveRoot(contents));
  });

  test.each([
    ['no JSON', [lineOf(1), '{"balance":'], 'line 2'],
    ['no address', [lineOf(1), lineOf(2), '{"balance":"1"}'], 'line 3'],
    ['a balance that is none', ['{"root":"0x"}', lineOf(1).replace('"1"', '"x"')], 'line 2'],
    ['an account twice', [lineOf(1), lineOf(2), lineOf(1)], 'line 3'],
    ['code that is no hex', [lineOf(7).replace('0x6001', '0x6')], 'line 1'],
  ])('refuses %s by its line, and leaves nothing', async (_, lines, line) => {
    const refusal = await refusalOf(lines);
    expect(refusal).toContain('BAD_INPUT');
    expect(refusal).toContain(line);
    expect(readdirSync(folder)).toEqual(['dump.jsonl']);
  });

  test('may be larger than the undo ring, also for who follows', async () => {
    const base = developmentGenesis(TEST_CONFIG, 'osaka', 1);
    const many = Array.from({ length: 150_000 }, (_, index) => ({
      ...([...base.accounts][0] as Account),
      address: toWord(BigInt(index + 1) << 96n).slice(0, 20),
    }));
    const core = await startCore(
      { workers: 0, blockMs: 3_600_000 },
      { genesis: { context: base.context, accounts: many }, arenaSize: { undoNodesMax: 65_536 } },
    );
    const publicKey = core.signer.publicKey;
    const ports = { clock: systemClock, random: systemRandom };
    const follower = await FollowerCore.start(TEST_CONFIG, publicKey, ports);
    try {
      const { store, sealedTip } = core.chain;
      for (let height = 0; height < store.nextHeight; height += 1) {
        await follower.apply(parseFrame(store.read(height)));
      }
      await follower.settled();
      expect(follower.verifiedBlock).toBe(0);
      expect(follower.chain.sealedTip?.stateRoot).toEqual(sealedTip?.stateRoot);
      expect(follower.chain.arena.cellCount).toBe(many.length);
    } finally {
      await Promise.all([core.stop(), follower.stop()]);
    }
  }, 60_000);

  test('killed in the middle leaves nothing of that name, and the next is whole', async () => {
    const dataDir = join(folder, 'data');
    const child = startInit(KILLED_ACCOUNTS, dataDir);
    const exit = once(child, 'exit');
    await untilLogged(`${dataDir}.unfinished`, child);
    child.kill('SIGKILL');
    expect(await exit).toEqual([null, 'SIGKILL']);
    expect(readdirSync(folder).sort()).toEqual(['data.unfinished', 'dump.jsonl']);
    const made = await init([lineOf(1), lineOf(2)], dataDir);
    const other = await init([lineOf(2), lineOf(1)], join(folder, 'other'));
    expect(made['stateRoot']).toBe(other['stateRoot']);
    expect(readdirSync(folder).sort()).toEqual(['data', 'dump.jsonl', 'other']);
  }, 60_000);

  test('refuses a directory that is there', async () => {
    await init([lineOf(1)]);
    expect(await refusalOf([lineOf(1)])).toContain('is there already');
    expect(existsSync(join(folder, 'data'))).toBe(true);
  });
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accountProof } from '../../../../runtime/backend/account-proof.js';
import type { SequencerCore } from '../../../../runtime/core.js';
import { checkProof } from '../../../../runtime/roles/proof-command.js';
import { toHex } from '../../../../state/base/bytes.js';
import { isDeltacastError } from '../../../../state/base/errors.js';
import { ACCOUNTS, startCore } from '../../../helpers/core.js';

/** `deltacast proof check` as a user runs it: files in, a verdict and an exit status out. */

const folder = mkdtempSync(join(tmpdir(), 'deltacast-proof-'));
let core: SequencerCore;
let key = '';
const { address } = ACCOUNTS[0]!;
let answer: Record<string, unknown> = {};
let frame = '';

function write(name: string, value: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
}

function run(file: string, header: string, more: string[] = [], input = '') {
  const args = ['dist/runtime/cli.js', 'proof', 'check', file, '--header', header, ...more];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { input });
  return { status, out: stdout.toString(), err: stderr.toString() };
}

beforeAll(async () => {
  core = await startCore({ workers: 0, blockMs: 3_600_000 });
  key = toHex(core.signer.publicKey);
  const latest = { kind: 'tag', tag: 'latest' } as const;
  const found = await accountProof(core.proofs, address, [new Uint8Array(32)], latest);
  frame = toHex(core.proofs.header(found.block.number)?.frame ?? new Uint8Array(0));
  answer = {
    address: toHex(address),
    accountProof: [toHex(found.proof)],
    balance: `0x${found.balance.toString(16)}`,
    nonce: '0x0',
    codeHash: toHex(found.codeHash),
    storageProof: found.storage.map(({ proof }) => ({
      key: '0x0',
      value: '0x0',
      proof: [toHex(proof)],
    })),
  };
});

afterAll(async () => {
  await core.stop();
  rmSync(folder, { recursive: true });
});

/** Without a process, which takes a second to start. */
async function codeOf(file: string, header: string, by = key, chainId = '31337'): Promise<string> {
  try {
    await checkProof(file, { header, key: by, chainId });
  } catch (error) {
    if (isDeltacastError(error)) return error.code;
    throw error;
  }
  return 'proven';
}

describe('proof check', () => {
  test('says what is proven, from standard input and hex, as JSON', () => {
    const envelope = JSON.stringify({ result: answer });
    const piped = run('-', frame, ['--key', key, '--json'], envelope);
    expect([piped.status, piped.err]).toEqual([0, '']);
    expect(JSON.parse(piped.out)).toMatchObject({
      block: 0,
      exists: true,
      balance: '10000000000000000000000',
      slots: [toHex(new Uint8Array(32))],
    });
  });

  test('says it from files too, in words', async () => {
    const header = write('header.json', { jsonrpc: '2.0', id: 1, result: { frame } });
    const flags = { header, key, chainId: '31337' };
    const words = await checkProof(write('proof.json', answer), flags);
    expect(words).toContain(`${toHex(address)}: 10000000000000000000000 wei, nonce 0`);
  });

  test('refuses what does not hold, and ends with 1', async () => {
    const file = write('proof.json', answer);
    const lie = write('lie.json', { ...answer, balance: '0x1' });
    const { status, out, err } = run(lie, frame, ['--key', key]);
    expect([status, out, err.split(':')[0]]).toEqual([1, '', 'PROOF_INVALID']);
    const another = `0x${'11'.repeat(32)}`;
    expect(await codeOf(file, frame, another)).toBe('FRAME_BAD_SIGNATURE');
    expect(await codeOf(file, frame, key, '1')).toBe('FRAME_WRONG_CHAIN');
    expect(await codeOf(file, `${frame.slice(0, -2)}00`)).toBe('FRAME_MALFORMED');
  });

  test('ends with 2 where it is given nothing to check', async () => {
    const file = write('proof.json', answer);
    const garbage = write('garbage.json', '{');
    expect(run(join(folder, 'missing'), frame, ['--key', key]).status).toBe(2);
    expect(run(file, frame).status).toBe(2);
    expect(await codeOf(garbage, frame)).toBe('BAD_INPUT');
    expect(await codeOf(file, garbage)).toBe('BAD_INPUT');
    expect(await codeOf(file, frame, '0x12')).toBe('BAD_INPUT');
    expect(await codeOf(file, frame, key, '1e3')).toBe('BAD_INPUT');
  });
});

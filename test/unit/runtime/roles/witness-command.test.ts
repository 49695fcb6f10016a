import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  checkWitnessFile,
  makeWitnessFile,
  type WitnessCheckFlags,
} from '../../../../runtime/roles/witness-command.js';
import { toHex } from '../../../../state/base/bytes.js';
import { isDeltacastError } from '../../../../state/base/errors.js';
import { signedTransfer, startCore, submitAndWait, until } from '../../../helpers/core.js';

/** The command on a data directory, and on what a node answered. */

const BLOCK = 2;
let folder = '';
let sequencerKey = '';
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deltacast-witness-'));
  const config = { dataDir: at('data'), workers: 0, proofBlocks: 4, blockMs: 3_600_000 };
  const core = await startCore(config);
  sequencerKey = toHex(core.signer.publicKey);
  for (let block = 1; block <= BLOCK; block += 1) {
    await submitAndWait(core, signedTransfer({ nonce: block - 1 }));
    await core.endBlock();
    await until(() => core.chain.sealedTip?.number === block, 'the seal');
  }
  const { bytes } = await core.proofs.witness(BLOCK);
  writeFileSync(at('witness.json'), JSON.stringify({ result: { witness: toHex(bytes) } }));
  for (let number = 0; number <= BLOCK; number += 1) {
    writeFileSync(at(`${number}.hex`), toHex(core.proofs.header(number)?.frame ?? bytes));
  }
  await core.stop();
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function flags(others: Partial<WitnessCheckFlags> = {}): WitnessCheckFlags {
  const rest = { chainId: '31337', hardfork: 'osaka', engine: 'interpreter', json: true } as const;
  return { parent: at(`${BLOCK - 1}.hex`), key: sequencerKey, ...rest, ...others };
}

async function refusalOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
  } catch (error) {
    if (isDeltacastError(error)) return error.code;
    throw error;
  }
  return 'none';
}

describe('the witness command', () => {
  test('makes the same witness from the directory as the node gave, and checks both', async () => {
    const made = { dataDir: at('data'), out: at('witness.bin'), chainId: '31337' };
    await makeWitnessFile(BLOCK, made);
    const answered = /"0x(.*)"/.exec(readFileSync(at('witness.json'), 'utf8'))?.[1];
    expect(readFileSync(at('witness.bin')).toString('hex')).toBe(answered);
    for (const file of [at('witness.bin'), at('witness.json')]) {
      const text = await checkWitnessFile(file, flags({ block: at(`${BLOCK}.hex`) }));
      expect(JSON.parse(text)).toMatchObject({ number: BLOCK, transactions: 1, gasUsed: 21_000 });
    }
    expect(await refusalOf(() => makeWitnessFile(0, made))).toBe('WITNESS_UNAVAILABLE');
  });

  test.each([
    ['another parent', { parent: '0.hex' }, 'WITNESS_INVALID'],
    ['another block', { block: '1.hex' }, 'WITNESS_INVALID'],
    ['another key', { key: `0x${'11'.repeat(32)}` }, 'FRAME_BAD_SIGNATURE'],
    ['another chain', { chainId: '1' }, 'FRAME_WRONG_CHAIN'],
    ['other rules', { hardfork: 'prague' }, 'WITNESS_INVALID'],
  ])('refuses %s', async (_, others, code) => {
    const given = Object.fromEntries(
      Object.entries(others).map(([key, to]) => [key, to.endsWith('.hex') ? at(to) : to]),
    );
    expect(await refusalOf(() => checkWitnessFile(at('witness.json'), flags(given)))).toBe(code);
  });

  test('refuses files that hold no witness', async () => {
    const none = () => checkWitnessFile(at('1.hex'), flags());
    expect(await refusalOf(none)).toBe('WITNESS_INVALID');
    expect(await refusalOf(() => checkWitnessFile(at('nothing'), flags()))).toBe('BAD_INPUT');
  });
});

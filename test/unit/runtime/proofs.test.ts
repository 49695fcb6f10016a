import { createPublicClient, http } from 'viem';
import { afterEach, describe, expect, test } from 'vitest';
import type { SequencerCore } from '../../../runtime/core.js';
import { createLogger } from '../../../runtime/logger.js';
import { startSequencer } from '../../../runtime/roles/sequencer.js';
import { fromHex, toHex } from '../../../state/base/bytes.js';
import { type ErrorCode, isDeltacastError } from '../../../state/base/errors.js';
import { systemClock, systemRandom } from '../../../state/base/ports.js';
import { verifyProof } from '../../../state/proof.js';
import {
  accountKeys,
  accountOf,
  verifyRpcProof,
  verifySignedHeader,
} from '../../../state/verify.js';
import {
  ACCOUNTS,
  signedTransfer,
  startCore,
  submitAndWait,
  TEST_CONFIG,
  until,
} from '../../helpers/core.js';

/** Proofs of a running node: of the sealed block, of those before it, and over RPC. */

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const target = new Uint8Array(20).fill(0x77);

async function coreWith(workers: number, proofBlocks: number): Promise<SequencerCore> {
  const core = await startCore({ workers, proofBlocks, blockMs: 3_600_000 });
  closing.push(() => core.stop());
  return core;
}

/** A block in which `target` gets 1 wei more. @returns its number */
async function nextBlock(core: SequencerCore, nonce: number): Promise<number> {
  const { entry } = await submitAndWait(core, signedTransfer({ nonce, to: target }));
  await core.endBlock();
  const { number } = entry.miniBlock.context;
  await until(() => (core.chain.sealedTip?.number ?? 0) >= number, 'the seal');
  return number;
}

async function codeOf(run: () => Promise<unknown>): Promise<ErrorCode | 'none'> {
  try {
    await run();
  } catch (error) {
    if (isDeltacastError(error)) return error.code;
    throw error;
  }
  return 'none';
}

describe.each([0, 1])('a node with %i workers proves', (workers) => {
  test('the newest sealed block, and the ones before it within the window', async () => {
    const core = await coreWith(workers, 3);
    const authority = { chainId: core.chain.chainId, sequencerKey: core.signer.publicKey };
    const keys = accountKeys(target);
    const first = await nextBlock(core, 0);
    for (let nonce = 1; nonce < 6; nonce += 1) await nextBlock(core, nonce);
    const last = core.chain.sealedTip?.number ?? 0;
    expect(last).toBe(first + 5);
    // Changes after the seal are in no proof yet.
    await submitAndWait(core, signedTransfer({ nonce: 6, to: target }));
    const asked = [null, last, last - 1, last - 2, last - 3, null];
    const answers = await Promise.all(asked.map((number) => core.proofs.prove([keys], number)));
    for (const [index, { number, stateRoot, proven }] of answers.entries()) {
      expect(number).toBe(asked[index] ?? last);
      const frame = core.proofs.header(number)?.frame ?? new Uint8Array(0);
      const header = await verifySignedHeader(frame, authority);
      expect(toHex(header.stateRoot)).toBe(toHex(stateRoot));
      const values = verifyProof(header.stateRoot, keys, proven[0]!.proof);
      expect(values).toEqual(proven[0]!.values);
      expect(accountOf(values).balance).toBe(BigInt(number - first + 1));
    }
    expect(await codeOf(() => core.proofs.prove([keys], last - 4))).toBe('PROOF_UNAVAILABLE');
    expect(await codeOf(() => core.proofs.prove([keys], last + 1))).toBe('PROOF_UNAVAILABLE');
    // Going back and forth has left everything as it was.
    await core.endBlock();
    expect((await core.proofs.prove([keys])).number).toBe(last + 1);
  });
});

test('proofs hold while transactions come, whatever is being written', async () => {
  const core = await startCore({ workers: 1, proofBlocks: 64, blockMs: 60 });
  closing.push(() => core.stop());
  const authority = { chainId: core.chain.chainId, sequencerKey: core.signer.publicKey };
  const strangers = [1, 2, 3, 4, 5].map((fill) => new Uint8Array(20).fill(fill));
  const sets = [accountKeys(target), ...strangers.map((address) => accountKeys(address))];
  let nonce = 0;
  let isDone = false;
  const load = (async () => {
    for (; !isDone; nonce += 1) {
      // Every other one makes a new account.
      const to = nonce % 2 === 0 ? target : Uint8Array.from(Buffer.alloc(20, `${nonce}-`));
      await submitAndWait(core, signedTransfer({ nonce, to }));
    }
  })();
  // A failure below stops the node under its load.
  load.catch(() => undefined);
  let highest = 0n;
  // On a busy machine no transfer may be sealed for a while.
  for (let round = 0; round < 40 || (highest === 0n && round < 1_000); round += 1) {
    const newest = core.chain.sealedTip?.number ?? 0;
    const asked = round % 3 === 0 && newest > 2 ? newest - 2 : null;
    const { number, proven } = await core.proofs.prove(sets, asked);
    const frame = core.proofs.header(number)?.frame ?? new Uint8Array(0);
    const { stateRoot } = await verifySignedHeader(frame, authority);
    const accounts = sets.map((keys, index) =>
      accountOf(verifyProof(stateRoot, keys, proven[index]!.proof)),
    );
    const [first, ...others] = accounts;
    expect(others.every(({ exists }) => !exists)).toBe(true);
    if (first!.balance > highest) highest = first!.balance;
  }
  isDone = true;
  await load;
  expect(highest).toBeGreaterThan(0n);
  expect(highest).toBeLessThanOrEqual(BigInt(nonce));
});

test('a client checks eth_getProof with the signed header, and viem reads it', async () => {
  const config = { ...TEST_CONFIG, port: 0, workers: 0, blockMs: 50 };
  const log = createLogger('silent', false);
  const node = await startSequencer(config, { clock: systemClock, random: systemRandom, log });
  closing.push(() => node.stop());
  const client = createPublicClient({ transport: http(`http://127.0.0.1:${node.port}`) });
  const request = client.request as (call: { method: string; params: unknown[] }) => Promise<never>;
  const address = toHex(ACCOUNTS[0]!.address);
  const proof = await client.getProof({ address, storageKeys: ['0x1', `0x${'02'.repeat(32)}`] });
  expect([proof.balance, proof.nonce]).toEqual([10_000n * 10n ** 18n, 0]);
  expect(proof.storageProof.map(({ key, value }) => [key, value])).toEqual([
    ['0x1', 0n],
    [`0x${'02'.repeat(32)}`, 0n],
  ]);
  const raw = await request({ method: 'eth_getProof', params: [address, ['0x1'], 'latest'] });
  const { blockNumber, blockHash } = raw as { blockNumber: string; blockHash: string };
  const signed = await request({
    method: 'deltacast_getSignedHeader',
    params: [blockNumber],
  });
  const { frame, hash } = signed as { frame: string; hash: string };
  expect(hash).toBe(blockHash);
  const sequencerKey = fromHex(node.sequencerKey);
  const header = await verifySignedHeader(fromHex(frame), { chainId: 31_337, sequencerKey });
  expect(verifyRpcProof(header.stateRoot, raw).balance).toBe(proof.balance);
  const missing = await request({ method: 'deltacast_getSignedHeader', params: ['0xffffff'] });
  expect(missing).toBeNull();
  const failure = request({ method: 'eth_getProof', params: [address, [], '0xffffff'] });
  await expect(failure).rejects.toMatchObject({ code: -32_001 });
});

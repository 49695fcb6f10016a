import { afterEach, describe, expect, test } from 'vitest';
import type { SequencerCore } from '../../../../runtime/core.js';
import { checkWitness } from '../../../../runtime/witness/check.js';
import { fromHex, toHex } from '../../../../state/base/bytes.js';
import { type ErrorCode, isDeltacastError } from '../../../../state/base/errors.js';
import { systemClock } from '../../../../state/base/ports.js';
import { verifySignedHeader } from '../../../../state/verify.js';
import { signedTransfer, startCore, submitAndWait, until } from '../../../helpers/core.js';

/** Witnesses that a running node makes, checked by somebody who has only the parent's header. */

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const target = new Uint8Array(20).fill(0x77);
/** Init code: the runtime stores its input, reads the hash of the block five before, and logs. */
const CONTRACT = fromHex('600f600c600039600f6000f36000356000556005430340600155' + '00');

async function coreWith(workers: number, engine = 'interpreter'): Promise<SequencerCore> {
  const core = await startCore({ workers, engine, proofBlocks: 16, blockMs: 3_600_000 });
  closing.push(() => core.stop());
  return core;
}

async function seal(core: SequencerCore): Promise<number> {
  const number = core.chain.openBlock?.context.number ?? 0;
  await core.endBlock();
  await until(() => (core.chain.sealedTip?.number ?? 0) >= number, 'the seal');
  return number;
}

async function checkAt(core: SequencerCore, number: number, engine: string) {
  const { bytes, hash, parentHash } = await core.proofs.witness(number);
  const authority = { chainId: core.chain.chainId, sequencerKey: core.signer.publicKey };
  const frame = core.proofs.header(number - 1)?.frame ?? new Uint8Array(0);
  const parent = await verifySignedHeader(frame, authority);
  expect(toHex(parent.hash)).toBe(toHex(parentHash));
  const options = {
    chainId: core.chain.chainId,
    fork: 'osaka',
    clock: systemClock,
    engine,
  } as const;
  const checked = await checkWitness(bytes, { parentHash: parent.hash, hash }, options);
  expect(toHex(checked.hash)).toBe(toHex(hash));
  return checked;
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

describe.each([0, 1])('a node with %i workers', (workers) => {
  test('gives witnesses of sealed blocks, also of older ones', async () => {
    const core = await coreWith(workers);
    const place = await submitAndWait(
      core,
      signedTransfer({ creates: true, data: CONTRACT, gasLimit: 500_000, value: 0n }),
    );
    expect(place.entry.miniBlock.transactions.statuses[0]).toBe(1);
    await submitAndWait(core, signedTransfer({ nonce: 1, to: target }));
    const first = await seal(core);
    const empty = await seal(core);
    for (const engine of ['reference', 'interpreter']) {
      const checked = await checkAt(core, first, engine);
      expect(checked.transactions).toBe(2);
      expect((await checkAt(core, empty, engine)).transactions).toBe(0);
    }
    expect(await codeOf(() => core.proofs.witness(empty + 1))).toBe('WITNESS_UNAVAILABLE');
    expect(await codeOf(() => core.proofs.witness(0))).toBe('WITNESS_UNAVAILABLE');
  });
});

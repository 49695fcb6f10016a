import { randomBytes } from 'node:crypto';
import { createTx } from '@ethereumjs/tx';
import type { SubmitOutcome } from '../../net/rpc/values.js';
import { defaultConfig, type NodeConfig } from '../../runtime/config.js';
import { type CorePorts, SequencerCore } from '../../runtime/core.js';
import type { TransactionPlace } from '../../runtime/history.js';
import { deriveAccounts } from '../../runtime/wallet.js';
import { assert } from '../../state/base/assert.js';
import { toHex } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import { systemClock, systemRandom } from '../../state/base/ports.js';
import { commonFor } from '../../workers/common.js';

/** A node's configuration for tests: in memory, one worker, blocks that come quickly. */
export const TEST_CONFIG: NodeConfig = {
  ...defaultConfig(2),
  dataDir: null,
  workers: 1,
  blockMs: 100,
};

export const ACCOUNTS = deriveAccounts(TEST_CONFIG.mnemonic, 10);

export function startCore(
  config: Partial<NodeConfig> = {},
  ports: Partial<CorePorts> = {},
): Promise<SequencerCore> {
  const base = { clock: systemClock, random: systemRandom };
  return SequencerCore.start({ ...TEST_CONFIG, ...config }, { ...base, ...ports });
}

export interface TransferOptions {
  readonly from?: number;
  readonly to?: Uint8Array;
  readonly nonce?: number;
  readonly value?: bigint;
  readonly data?: Uint8Array;
  readonly gasLimit?: number;
  readonly maxFeePerGas?: bigint;
  readonly chainId?: number;
  readonly creates?: boolean;
}

/** A signed EIP-1559 transaction of a development account. */
export function signedTransfer(options: TransferOptions = {}): Uint8Array {
  const chainId = options.chainId ?? TEST_CONFIG.chainId;
  const account = ACCOUNTS[options.from ?? 0];
  if (account === undefined) throw new Error('no such account');
  const fields = {
    type: 2,
    chainId,
    nonce: options.nonce ?? 0,
    gasLimit: options.gasLimit ?? 21_000,
    maxFeePerGas: options.maxFeePerGas ?? 3_000_000_000n,
    maxPriorityFeePerGas: 1n,
    value: options.value ?? 1n,
    data: options.data ?? new Uint8Array(0),
    ...(options.creates === true ? {} : { to: toHex(options.to ?? randomBytes(20)) }),
  };
  // An older fork's rules: the library itself refuses to sign what Osaka forbids.
  return createTx(fields as never, { common: commonFor('cancun', chainId) })
    .sign(account.privateKey)
    .serialize();
}

/** Submits one transaction and resolves with its place. @throws the error that refused it */
export async function submitAndWait(
  core: SequencerCore,
  raw: Uint8Array,
): Promise<TransactionPlace> {
  const [place] = await submitAllAndWait(core, [raw]);
  assert(place !== undefined, 'a receipt for each');
  return place;
}

/** All in this order, which of two senders' transactions is otherwise that of their recovery. */
export async function submitAllAndWait(
  core: SequencerCore,
  raws: readonly Uint8Array[],
): Promise<TransactionPlace[]> {
  const outcomes = await core.intake.submitMany(raws);
  return Promise.all(outcomes.map((outcome) => receiptOf(core, outcome)));
}

function receiptOf(core: SequencerCore, outcome: SubmitOutcome): Promise<TransactionPlace> {
  if (outcome.status === 'rejected') {
    const { code, message } = outcome.error;
    throw new DeltacastError(code, message);
  }
  return new Promise((resolve, reject) => {
    core.intake.onReceipt(outcome.hash, (result) => {
      if (result instanceof DeltacastError) reject(result);
      else resolve(result);
    });
  });
}

export async function until(isTrue: () => boolean, what: string): Promise<void> {
  for (let waited = 0; !isTrue(); waited += 5) {
    if (waited > 20_000) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

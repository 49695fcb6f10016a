import { expect } from 'vitest';
import type { BlockSelector, BlockTag } from '../../../../net/rpc/values.js';
import {
  createBackend,
  type Forward,
  type NodeBackend,
} from '../../../../runtime/backend/backend.js';
import type { Intake } from '../../../../runtime/intake.js';
import { Proofs } from '../../../../runtime/proofs.js';
import type { DevAccount } from '../../../../runtime/wallet.js';
import { DeltacastError, type ErrorCode } from '../../../../state/base/errors.js';
import type { CallReply, CallRequest } from '../../../../workers/call.js';
import { runCall } from '../../../../workers/call.js';
import type { ChainBuilder } from '../../../helpers/chain-builder.js';

export interface NodeOptions {
  readonly intake?: Intake;
  readonly forward?: Forward;
  readonly accounts?: readonly DevAccount[];
}

/** A backend over a hand-made chain; its calls run on this thread, under the arena's number 1. */
export function backendOf(builder: ChainBuilder, options: NodeOptions = {}): NodeBackend {
  const refuse: Forward = async () => {
    throw new DeltacastError('PEER_MISBEHAVED', 'nobody to pass transactions on to');
  };
  const { intake, forward = refuse, accounts = [] } = options;
  return createBackend({
    chain: builder.chain,
    submission: intake === undefined ? { forward } : { intake },
    proofs: proofsOf(builder),
    services: { call: (request) => callHere(builder, request) },
    clock: builder.clock,
    clientVersion: 'Deltacast/test',
    accounts,
    peerCount: () => 3,
    syncing: () => false,
  });
}

/** A chain made by hand has no sealer. */
function proofsOf({ chain }: ChainBuilder): Proofs {
  const error = new DeltacastError('PROOF_UNAVAILABLE', 'no block is sealed yet');
  return new Proofs({ chain, sealer: { prove: () => Promise.reject(error) } });
}

/** As the caller does it, without its threads: those run the built program. */
async function callHere({ arena }: ChainBuilder, request: CallRequest): Promise<CallReply> {
  const plain = await runCall({ memory: arena.memory, thread: 1, request });
  if ('reply' in plain) return plain.reply;
  throw new DeltacastError(plain.code, plain.message, plain.details);
}

export const tag = (name: BlockTag): BlockSelector => ({ kind: 'tag', tag: name });
export const at = (number: number): BlockSelector => ({ kind: 'number', number });
export const byHash = (hash: Uint8Array): BlockSelector => ({
  kind: 'hash',
  hash,
  requireCanonical: false,
});
export const LATEST = tag('latest');

/** Runs what must fail with this code, thrown or rejected. */
export async function expectCode(code: ErrorCode, run: () => unknown): Promise<void> {
  const error = await Promise.resolve()
    .then(run)
    .then(
      () => null,
      (thrown: unknown) => thrown,
    );
  expect(error).toBeInstanceOf(DeltacastError);
  expect((error as DeltacastError).code).toBe(code);
}

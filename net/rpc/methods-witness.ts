/** `deltacast_getWitness`: a sealed block with all that checking it needs, as one string. */
import { toHex } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import { RPC_REPLY_BYTES_MAX } from '../../state/base/limits.js';
import { type Handler, type RpcContext, whenReady } from './context.js';
import { type Json, quantity } from './format.js';
import { checkCount, LATEST, parseBlock } from './schema.js';
import type { RpcWitness } from './values.js';

/** The other fields and the envelope. */
const ENVELOPE_BYTES = 1_024;

/** None where the backend executes nothing. */
export function witnessMethods({ backend }: RpcContext): [string, Handler][] {
  const { witness } = backend;
  if (witness === undefined) return [];
  return [
    [
      'deltacast_getWitness',
      (params) => {
        checkCount(params, 0, 1);
        const block = params.length === 0 ? LATEST : parseBlock(params[0], 'block');
        return whenReady(witness.call(backend, block), formatWitness);
      },
    ],
  ];
}

function formatWitness({ number, hash, parentHash, bytes }: RpcWitness): Json {
  if (2 * bytes.length > RPC_REPLY_BYTES_MAX - ENVELOPE_BYTES) {
    throw new DeltacastError('RPC_LIMIT', `the witness has ${bytes.length} bytes: too many here`);
  }
  return {
    number: quantity(number),
    hash: toHex(hash),
    parentHash: toHex(parentHash),
    witness: toHex(bytes),
  };
}

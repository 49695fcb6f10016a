/**
 * eth_getProof with EIP-1186's fields, and the signed header that a proof is checked against. The
 * bytes in `accountProof` and `proof` are ours (ARCHITECTURE.md, "Proofs"), one string each; an
 * account has no storage root here, so `storageHash` is zeros. Three fields are added: they name
 * the sealed block whose state is proven, which for `latest` lags the head.
 */
import { toHex } from '../../state/base/bytes.js';
import { PROOF_SLOTS_MAX } from '../../state/base/limits.js';
import { type Handler, type RpcContext, whenReady } from './context.js';
import { type Json, quantity, UNSEALED_HASH } from './format.js';
import { checkCount, LATEST, parseAddress, parseBlock, parseList, parseSlot } from './schema.js';
import type { RpcAccountProof, RpcSignedHeader } from './values.js';

const NO_STORAGE_ROOT = `0x${'0'.repeat(64)}`;

/** None where the backend proves nothing. */
export function proofMethods({ backend }: RpcContext): [string, Handler][] {
  const { proof, signedHeader } = backend;
  if (proof === undefined || signedHeader === undefined) return [];
  return [
    [
      'eth_getProof',
      (params) => {
        checkCount(params, 2, 3);
        const address = parseAddress(params[0], 'address');
        const slots = parseList(params[1], 'slots', PROOF_SLOTS_MAX, parseSlot);
        const block = parseBlock(params[2], 'block');
        return whenReady(proof.call(backend, address, slots, block), (found) =>
          formatProof(found, params[1]),
        );
      },
    ],
    [
      'deltacast_getSignedHeader',
      (params) => {
        checkCount(params, 0, 1);
        const block = params.length === 0 ? LATEST : parseBlock(params[0], 'block');
        return whenReady(signedHeader.call(backend, block), formatSignedHeader);
      },
    ],
  ];
}

/** @param asked  the slots as the client wrote them: EIP-1186 gives them back */
function formatProof(found: RpcAccountProof, asked: unknown): Json {
  const { address, balance, nonce, codeHash, proof, storage, block } = found;
  return {
    address: toHex(address),
    accountProof: [toHex(proof)],
    balance: quantity(balance),
    codeHash: toHex(codeHash),
    nonce: quantity(nonce),
    storageHash: NO_STORAGE_ROOT,
    storageProof: storage.map((entry, index) => ({
      key: (asked as readonly string[])[index] ?? toHex(entry.slot),
      value: quantity(entry.value),
      proof: [toHex(entry.proof)],
    })),
    blockNumber: quantity(block.number),
    blockHash: block.hash === null ? UNSEALED_HASH : toHex(block.hash),
    stateRoot: toHex(block.stateRoot),
  };
}

function formatSignedHeader(header: RpcSignedHeader | null): Json | null {
  if (header === null) return null;
  const { number, hash, frame } = header;
  return { number: quantity(number), hash: toHex(hash), frame: toHex(frame) };
}

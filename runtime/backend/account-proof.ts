/** eth_getProof and signed headers for clients (EIP-1186's fields, our proofs in them). */
import type { BlockSelector, RpcAccountProof, RpcSignedHeader } from '../../net/rpc/values.js';
import { toBigInt } from '../../state/base/bytes.js';
import type { StateKey } from '../../state/proof.js';
import { accountKeys, accountOf } from '../../state/verify.js';
import type { Proofs } from '../proofs.js';

/** @throws DeltacastError what Proofs.prove throws */
export async function accountProof(
  proofs: Proofs,
  address: Uint8Array,
  slots: readonly Uint8Array[],
  block: BlockSelector,
): Promise<RpcAccountProof> {
  const slotKeys = slots.map((slot): StateKey[] => [{ kind: 3, address, slot }]);
  const keySets = [accountKeys(address), ...slotKeys];
  const { number, stateRoot, proven } = await proofs.prove(keySets, proofs.numberOf(block));
  const [account, ...storage] = proven;
  const { balance, nonce, codeHash } = accountOf(account?.values ?? []);
  return {
    address,
    balance,
    nonce,
    codeHash,
    proof: account?.proof ?? NOTHING,
    storage: storage.map(({ proof, values }, index) => ({
      slot: slots[index] ?? NOTHING,
      value: toBigInt(values[0] ?? NOTHING),
      proof,
    })),
    block: { number, stateRoot, hash: proofs.header(number)?.hash ?? null },
  };
}

/** @returns null where there is no such block, or it is not sealed */
export function signedHeader(
  proofs: Proofs,
  block: BlockSelector,
  sealedTip: number,
): RpcSignedHeader | null {
  const header = proofs.header(proofs.numberOf(block) ?? sealedTip);
  return header && { number: header.number, hash: header.hash, frame: header.frame };
}

const NOTHING = new Uint8Array(0);

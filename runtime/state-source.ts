/** What a node with the state answers light nodes with (net/p2p/state-server.ts). */
import type { StateSource } from '../net/p2p/state-server.js';
import { DeltacastError } from '../state/base/errors.js';
import type { StateKey } from '../state/proof.js';
import type { Chain } from './chain.js';
import type { Proofs } from './proofs.js';

export class ChainStateSource implements StateSource {
  private readonly chain: Chain;
  private readonly proofs: Proofs;

  constructor(chain: Chain, proofs: Proofs) {
    this.chain = chain;
    this.proofs = proofs;
  }

  get newestNumber(): number {
    return this.chain.sealedTip?.number ?? -1;
  }

  sealFrame(number: number): Uint8Array | null {
    return this.proofs.header(number)?.frame ?? null;
  }

  async prove(keySets: readonly (readonly StateKey[])[], asked: number | null) {
    const { number, proven } = await this.proofs.prove(keySets, asked);
    const frame = this.sealFrame(number);
    if (frame === null) throw new DeltacastError('PROOF_UNAVAILABLE', 'its header is not kept');
    return { frame, proofs: proven.map(({ proof }) => proof) };
  }

  code(hash: Uint8Array): Uint8Array | null {
    return this.chain.arena.getCode(hash) ?? null;
  }
}

/**
 * Proofs as a node gives them out, to its clients and to peers: of a block that is sealed and whose
 * signed header this node can show. The newest such block lags the head: `latest` of a proof is not
 * `latest` of a read.
 */
import type { BlockSelector } from '../net/rpc/values.js';
import { DeltacastError } from '../state/base/errors.js';
import type { StateKey } from '../state/proof.js';
import type { Chain } from './chain.js';
import type { ProvenState, Sealer } from './sealer.js';
import type { MadeWitness, WitnessMaker } from './witness/maker.js';

/** A sealed block's header, and the frame that the sequencer signed. */
export interface HeaderFrame {
  readonly number: number;
  readonly hash: Uint8Array;
  readonly frame: Uint8Array;
}

export interface ProofsParts {
  readonly chain: Chain;
  readonly sealer: Pick<Sealer, 'prove'>;
  /** null where no block before the newest can be proven. */
  readonly witnesses?: WitnessMaker | null;
}

export class Proofs {
  private readonly chain: Chain;
  private readonly sealer: Pick<Sealer, 'prove'>;
  private readonly witnesses: WitnessMaker | null;
  /** Blocks whose root is known and whose seal is still being logged. */
  private readonly waiting = new Map<number, (() => void)[]>();

  constructor({ chain, sealer, witnesses = null }: ProofsParts) {
    this.chain = chain;
    this.sealer = sealer;
    this.witnesses = witnesses;
    chain.listen({ sealed: (number) => this.sealed(number) });
  }

  /**
   * @param keySets  one proof for each
   * @param number   null: the newest block that can be proven
   * @throws DeltacastError what Sealer.prove throws
   */
  async prove(
    keySets: readonly (readonly StateKey[])[],
    number: number | null = null,
  ): Promise<ProvenState> {
    const state = await this.sealer.prove(keySets, number);
    if (state.number > (this.chain.sealedTip?.number ?? -1)) await this.untilSealed(state.number);
    return state;
  }

  /**
   * All that checking a sealed block needs, to who knows its parent.
   * @param number  null: the newest sealed block
   * @throws DeltacastError what WitnessMaker.make throws
   */
  async witness(number: number | null = null): Promise<MadeWitness> {
    if (this.witnesses === null) {
      throw new DeltacastError('WITNESS_UNAVAILABLE', 'it needs --proof-blocks above 0');
    }
    return this.witnesses.make(number ?? this.chain.sealedTip?.number ?? 0);
  }

  /** Ends what makes witnesses. */
  async stop(): Promise<void> {
    await this.witnesses?.stop();
  }

  /** @returns null where there is no such block, or it is not sealed */
  header(number: number): HeaderFrame | null {
    const { history, store } = this.chain;
    if (number < 0 || number >= history.blockCount) return null;
    const seal = history.sealOf(number);
    return seal && { number, hash: seal.hash, frame: store.read(seal.height) };
  }

  /**
   * The block that a client means, for `prove`; null for the newest.
   * @throws DeltacastError RPC_NOT_FOUND
   */
  numberOf(selector: BlockSelector): number | null {
    if (selector.kind === 'number') return selector.number;
    if (selector.kind === 'tag') return selector.tag === 'earliest' ? 0 : null;
    const number = this.chain.history.numberOf(selector.hash);
    if (number === undefined) throw new DeltacastError('RPC_NOT_FOUND', 'header not found');
    return number;
  }

  private untilSealed(number: number): Promise<void> {
    return new Promise((resolve) => {
      const list = this.waiting.get(number) ?? [];
      list.push(resolve);
      this.waiting.set(number, list);
    });
  }

  private sealed(number: number): void {
    const list = this.waiting.get(number) ?? [];
    this.waiting.delete(number);
    for (const resolve of list) resolve();
  }
}

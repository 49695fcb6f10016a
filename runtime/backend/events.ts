/**
 * What a node tells its listeners, in order: mini-blocks and sealed blocks from the chain, hashes
 * from the intake. Nothing is made while nobody listens.
 */
import type { BackendListener } from '../../net/rpc/backend.js';
import type { RpcTransaction } from '../../net/rpc/values.js';
import { assert } from '../../state/base/assert.js';
import type { Chain } from '../chain.js';
import type { MiniBlockEntry } from '../history.js';
import { sealedBlockOf } from './blocks.js';
import { rpcMiniBlockOf, UndoStretch } from './mini-blocks.js';

export class Events {
  private readonly chain: Chain;
  private readonly load: (hash: Uint8Array) => RpcTransaction | null;
  private readonly stretch: UndoStretch;
  private readonly listeners = new Set<BackendListener>();

  /** @param load  a transaction of the pool or the chain by its hash */
  constructor(chain: Chain, load: (hash: Uint8Array) => RpcTransaction | null) {
    this.chain = chain;
    this.load = load;
    this.stretch = new UndoStretch(chain);
    chain.listen({
      miniBlock: (entry) => this.miniBlock(entry),
      sealed: (number) => this.sealed(number),
    });
  }

  listen(listener: BackendListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  pending(hashes: readonly Uint8Array[]): void {
    for (const listener of this.listeners) listener.pendingTransactions(hashes, this.load);
  }

  private miniBlock(entry: MiniBlockEntry): void {
    this.stretch.advance(entry);
    if (this.listeners.size === 0) return;
    const { range } = this.stretch;
    for (const listener of this.listeners) {
      listener.miniBlock(rpcMiniBlockOf(entry, range, this.chain.arena));
    }
  }

  private sealed(number: number): void {
    if (this.listeners.size === 0) return;
    const { history } = this.chain;
    const block = history.block(number);
    assert(block !== undefined, 'a sealed block is in history');
    const sealed = sealedBlockOf(block, history);
    for (const listener of this.listeners) listener.sealedBlock(sealed);
  }
}

/**
 * Events of the node for those who listen: subscriptions and polling filters. The node is listened
 * to only while somebody does, and each item is formatted once, however many want it.
 *
 * Logs and pending transactions are delivered with the mini-block that contains them, once; blocks
 * when they are sealed.
 */
import { toHex } from '../../state/base/bytes.js';
import { RPC_FEEDS_MAX } from '../../state/base/limits.js';
import type { Backend, BackendListener } from './backend.js';
import { LIMIT_EXCEEDED, RpcError } from './errors.js';
import {
  formatMiniBlock,
  formatReceiptLogs,
  formatStateChange,
  formatTransaction,
  type LogJson,
} from './format.js';
import { formatSealedBlock } from './format-block.js';
import { type LogMatcher, matches } from './log-matcher.js';
import type { RpcMiniBlock, RpcSealedBlock, RpcTransaction } from './values.js';

export type FeedKind =
  | 'newHeads'
  | 'blockHashes'
  | 'logs'
  | 'pendingHashes'
  | 'pendingTransactions'
  | 'miniBlocks'
  | 'stateChanges'
  /** An empty item for each mini-block. */
  | 'ticks';

export interface Feed {
  readonly kind: FeedKind;
  /** For `logs`. */
  readonly logs: LogMatcher | null;
  /** For `stateChanges`: addresses as lower-case hex. */
  readonly addresses: ReadonlySet<string> | null;
  /** @param item  JSON text */
  deliver(item: string): void;
}

const KINDS: readonly FeedKind[] = [
  'newHeads',
  'blockHashes',
  'logs',
  'pendingHashes',
  'pendingTransactions',
  'miniBlocks',
  'stateChanges',
  'ticks',
];

export class Feeds implements BackendListener {
  readonly #backend: Backend;
  readonly #onFault: (error: unknown) => void;
  readonly #feeds: ReadonlyMap<FeedKind, Set<Feed>> = new Map(
    KINDS.map((kind) => [kind, new Set()]),
  );
  #count = 0;
  #detach: (() => void) | null = null;

  constructor(backend: Backend, onFault: (error: unknown) => void) {
    this.#backend = backend;
    this.#onFault = onFault;
  }

  get count(): number {
    return this.#count;
  }

  /** Returns the function that removes the feed. @throws RpcError when there are too many */
  add(feed: Feed): () => void {
    if (this.#count >= RPC_FEEDS_MAX) {
      throw new RpcError(LIMIT_EXCEEDED, 'too many subscriptions and filters');
    }
    const feeds = this.#of(feed.kind);
    feeds.add(feed);
    this.#count += 1;
    this.#detach ??= this.#backend.listen(this);
    return () => {
      if (!feeds.delete(feed)) return;
      this.#count -= 1;
      if (this.#count > 0) return;
      this.#detach?.();
      this.#detach = null;
    };
  }

  miniBlock(miniBlock: RpcMiniBlock): void {
    this.#guard(() => {
      this.#deliverLogs(miniBlock);
      this.#deliverChanges(miniBlock);
      this.#deliverAll(this.#of('ticks'), '');
      const feeds = this.#of('miniBlocks');
      if (feeds.size === 0) return;
      const keccak256 = (bytes: Uint8Array) => this.#backend.keccak256(bytes);
      this.#deliverAll(feeds, JSON.stringify(formatMiniBlock(miniBlock, keccak256)));
    });
  }

  sealedBlock(block: RpcSealedBlock): void {
    this.#guard(() => {
      const heads = this.#of('newHeads');
      if (heads.size > 0) this.#deliverAll(heads, JSON.stringify(formatSealedBlock(block)));
      const hash = block.header.hash;
      if (hash !== null) this.#deliverAll(this.#of('blockHashes'), `"${toHex(hash)}"`);
    });
  }

  pendingTransactions(
    hashes: readonly Uint8Array[],
    load: (hash: Uint8Array) => RpcTransaction | null,
  ): void {
    this.#guard(() => {
      const brief = this.#of('pendingHashes');
      const full = this.#of('pendingTransactions');
      if (brief.size === 0 && full.size === 0) return;
      for (const hash of hashes) {
        this.#deliverAll(brief, `"${toHex(hash)}"`);
        const transaction = full.size === 0 ? null : load(hash);
        if (transaction === null) continue;
        this.#deliverAll(full, JSON.stringify(formatTransaction(transaction)));
      }
    });
  }

  #deliverLogs(miniBlock: RpcMiniBlock): void {
    const feeds = this.#of('logs');
    if (feeds.size === 0) return;
    for (const receipt of miniBlock.receipts()) {
      for (const log of formatReceiptLogs(receipt)) {
        this.#deliverLog(feeds, log, miniBlock.blockNumber);
      }
    }
  }

  #deliverLog(feeds: ReadonlySet<Feed>, log: LogJson, blockNumber: number): void {
    let item: string | null = null;
    for (const feed of [...feeds]) {
      if (feed.logs === null || !matches(feed.logs, log, blockNumber)) continue;
      item ??= JSON.stringify(log);
      feed.deliver(item);
    }
  }

  #deliverChanges(miniBlock: RpcMiniBlock): void {
    const feeds = this.#of('stateChanges');
    if (feeds.size === 0) return;
    for (const change of miniBlock.stateChanges()) {
      const address = toHex(change.address);
      const wanted = [...feeds].filter((feed) => feed.addresses?.has(address) === true);
      if (wanted.length === 0) continue;
      this.#deliverAll(wanted, JSON.stringify(formatStateChange(change)));
    }
  }

  /** Over a copy: a delivery may end its own feed. */
  #deliverAll(feeds: Iterable<Feed>, item: string): void {
    for (const feed of [...feeds]) feed.deliver(item);
  }

  #of(kind: FeedKind): Set<Feed> {
    return this.#feeds.get(kind)!;
  }

  /** The node's main path calls this: a fault in here must not reach it. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#onFault(error);
    }
  }
}

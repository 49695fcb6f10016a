/**
 * Polling filters: what happened since a client last asked. A filter that nobody asks for five
 * minutes, or that holds more than its bound, is forgotten whole: its client then gets "filter not
 * found", which libraries answer by making a new one, instead of a list with a silent gap.
 */
import { toHex } from '../../state/base/bytes.js';
import {
  RPC_FILTER_BYTES_MAX,
  RPC_FILTER_IDLE_MS,
  RPC_FILTER_ITEMS_MAX,
  RPC_FILTERS_MAX,
} from '../../state/base/limits.js';
import type { Clock, Random } from '../../state/base/ports.js';
import { LIMIT_EXCEEDED, RpcError, SERVER_ERROR } from './errors.js';
import type { FeedKind, Feeds } from './feeds.js';
import { logMatcher } from './log-matcher.js';
import { RawJson } from './message.js';
import type { LogFilter } from './schema-call.js';

const FILTER_ID_BYTES = 16;

interface Filter {
  /** Null for a filter of hashes. */
  readonly logs: LogFilter | null;
  items: string[];
  /** Characters in `items`. */
  bytes: number;
  askedAtMs: number;
  stop: () => void;
}

export class Filters {
  readonly #feeds: Feeds;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #filters = new Map<string, Filter>();
  #bytes = 0;

  constructor(feeds: Feeds, clock: Clock, random: Random) {
    this.#feeds = feeds;
    this.#clock = clock;
    this.#random = random;
  }

  get count(): number {
    return this.#filters.size;
  }

  /** Returns the filter's id. @throws RpcError when there are too many filters */
  create(kind: FeedKind, logs: LogFilter | null): string {
    this.#forgetIdle();
    if (this.#filters.size >= RPC_FILTERS_MAX) {
      throw new RpcError(LIMIT_EXCEEDED, `more than ${RPC_FILTERS_MAX} filters`);
    }
    const id = toHex(this.#random.bytes(FILTER_ID_BYTES));
    const askedAtMs = this.#clock.monotonicMs();
    const filter: Filter = { logs, items: [], bytes: 0, askedAtMs, stop: () => {} };
    filter.stop = this.#feeds.add({
      kind,
      logs: logs === null ? null : logMatcher(logs),
      addresses: null,
      deliver: (item) => this.#append(id, filter, item),
    });
    this.#filters.set(id, filter);
    return id;
  }

  /** Everything since the last call. @throws RpcError for an unknown id */
  changes(id: string): RawJson {
    const filter = this.#find(id);
    const text = `[${filter.items.join(',')}]`;
    this.#bytes -= filter.bytes;
    filter.items = [];
    filter.bytes = 0;
    return new RawJson(text);
  }

  /** What a log filter asked for. @throws RpcError for an unknown id or another kind of filter */
  logsOf(id: string): LogFilter {
    const { logs } = this.#find(id);
    if (logs === null) throw new RpcError(SERVER_ERROR, 'filter not found');
    return logs;
  }

  /** True when there was such a filter. */
  remove(id: string): boolean {
    const filter = this.#filters.get(id);
    if (filter === undefined) return false;
    filter.stop();
    this.#bytes -= filter.bytes;
    return this.#filters.delete(id);
  }

  clear(): void {
    for (const id of [...this.#filters.keys()]) this.remove(id);
  }

  #find(id: string): Filter {
    this.#forgetIdle();
    const filter = this.#filters.get(id);
    if (filter === undefined) throw new RpcError(SERVER_ERROR, 'filter not found');
    filter.askedAtMs = this.#clock.monotonicMs();
    return filter;
  }

  #append(id: string, filter: Filter, item: string): void {
    filter.items.push(item);
    filter.bytes += item.length;
    this.#bytes += item.length;
    const isIdle = this.#clock.monotonicMs() - filter.askedAtMs > RPC_FILTER_IDLE_MS;
    if (isIdle || filter.items.length > RPC_FILTER_ITEMS_MAX) this.remove(id);
    if (this.#bytes > RPC_FILTER_BYTES_MAX) this.#removeLargest();
  }

  #removeLargest(): void {
    let largest: string | null = null;
    let bytes = -1;
    for (const [id, filter] of this.#filters) {
      if (filter.bytes <= bytes) continue;
      largest = id;
      bytes = filter.bytes;
    }
    if (largest !== null) this.remove(largest);
  }

  #forgetIdle(): void {
    const oldest = this.#clock.monotonicMs() - RPC_FILTER_IDLE_MS;
    for (const [id, filter] of this.#filters) if (filter.askedAtMs < oldest) this.remove(id);
  }
}

/**
 * eth_getLogs over history: sealed blocks whose bloom holds none of what is wanted are passed over,
 * the others are read. A long search gives way to the event loop now and then, so that it does not
 * hold up execution; the head may move meanwhile, and the range stays what it was.
 */
import type { LogQuery, RpcLogWithPosition } from '../../net/rpc/values.js';
import { DeltacastError } from '../../state/base/errors.js';
import { type Clock, sleep } from '../../state/base/ports.js';
import { hashAt, logsAt } from '../../workers/executed.js';
import { BLOOM_BYTES } from '../../workers/header.js';
import type { OutcomeLog } from '../../workers/outcome.js';
import type { History, MiniBlockEntry, SealedHeaderEntry } from '../history.js';
import type { ChainView } from './chain-view.js';
import { LogFilter } from './log-filter.js';
import { hasLogs, positionOf } from './transactions.js';

/** What a search may take of the coordinator at once: less than a mini-block. */
const SLICE_MS = 4;
/** Looking at the clock costs less than a block does, but a bloom costs less than the clock. */
const BLOCKS_PER_LOOK = 16;
/**
 * In a header's RLP the bloom follows the list's head (3 bytes), five words and an address with
 * their heads (33 and 21 bytes), and its own head (3 bytes): all of fixed length.
 */
const BLOOM_AT = 3 + 5 * 33 + 21 + 3;

interface Range {
  readonly from: number;
  readonly to: number;
}

export class LogSearch {
  private readonly view: ChainView;
  private readonly history: History;
  private readonly clock: Clock;

  constructor(view: ChainView, history: History, clock: Clock) {
    this.view = view;
    this.history = history;
    this.clock = clock;
  }

  /**
   * @throws DeltacastError RPC_INVALID_PARAMS (a range backwards), RPC_LIMIT (too wide),
   *         RPC_NOT_FOUND (an unknown block), STATE_PRUNED (blocks that are no longer kept)
   */
  async find(query: LogQuery): Promise<RpcLogWithPosition[]> {
    const { from, to } = this.rangeOf(query);
    const filter = new LogFilter(query.addresses, query.topics);
    const found: RpcLogWithPosition[] = [];
    let sliceEndMs = this.clock.monotonicMs() + SLICE_MS;
    const giveWay = async (): Promise<void> => {
      if (this.clock.monotonicMs() < sliceEndMs) return;
      await sleep(this.clock, 0);
      sliceEndMs = this.clock.monotonicMs() + SLICE_MS;
    };
    for (let number = from; number <= to; number += 1) {
      for (const part of this.partsOf(number, filter, query)) {
        searchMiniBlock(part, found);
        if (found.length >= query.countMax) return found;
        await giveWay();
      }
      if (number % BLOCKS_PER_LOOK === 0) await giveWay();
    }
    return found;
  }

  private rangeOf({ range, after, blocksMax }: LogQuery): Range {
    const { from, to } = 'blockHash' in range ? this.oneBlock(range.blockHash) : this.wide(range);
    if (from > to) throw new DeltacastError('RPC_INVALID_PARAMS', 'invalid block range params');
    const start = Math.max(from, after?.blockNumber ?? 0);
    const end = Math.min(to, this.view.newest());
    if (end - start >= blocksMax) {
      throw new DeltacastError('RPC_LIMIT', `block range is wider than ${blocksMax} blocks`);
    }
    return { from: start, to: end };
  }

  private oneBlock(hash: Uint8Array): Range {
    const number = this.history.numberOf(hash);
    if (number === undefined) throw new DeltacastError('RPC_NOT_FOUND', 'unknown block');
    return { from: number, to: number };
  }

  /** Numbers beyond the newest block are blocks that hold nothing yet. */
  private wide({ from, to }: Extract<LogQuery['range'], { from: unknown }>): Range {
    const numberOf = (selector: typeof from): number =>
      selector.kind === 'number' ? selector.number : this.known(selector);
    return { from: numberOf(from), to: numberOf(to) };
  }

  private known(selector: Extract<LogQuery['range'], { from: unknown }>['from']): number {
    const number = this.view.numberOf(selector);
    if (number === null) throw new DeltacastError('RPC_NOT_FOUND', 'unknown block');
    return number;
  }

  /** The mini-blocks of a block that are to be searched. */
  private partsOf(number: number, filter: LogFilter, query: LogQuery): Search[] {
    if (number >= this.history.blockCount || !mayHold(this.history.sealOf(number), filter)) {
      return [];
    }
    const block = this.history.block(number);
    if (block === undefined || block.logCount === 0) return [];
    const { after, countMax } = query;
    const lastSeen = after?.blockNumber === number ? after.logIndex : -1;
    const blockHash = block.seal?.hash ?? null;
    return block.miniBlocks
      .filter(({ miniBlock }) => miniBlock.transactions.logs.length > 0)
      .map((entry) => ({ entry, filter, lastSeen, blockHash, countMax }));
  }
}

function mayHold(seal: SealedHeaderEntry | null, filter: LogFilter): boolean {
  if (seal === null) return true;
  return filter.mayMatch(seal.rlp.subarray(BLOOM_AT, BLOOM_AT + BLOOM_BYTES));
}

interface Search {
  readonly entry: MiniBlockEntry;
  readonly filter: LogFilter;
  /** Index in the block of the last log that is not wanted any more; -1 wants all. */
  readonly lastSeen: number;
  readonly blockHash: Uint8Array | null;
  readonly countMax: number;
}

function searchMiniBlock(search: Search, found: RpcLogWithPosition[]): void {
  const { transactions, firstLog } = search.entry.miniBlock;
  let logIndex = firstLog;
  for (let index = 0; index < transactions.count; index += 1) {
    if (!hasLogs(transactions, index)) continue;
    for (const log of logsAt(transactions, index)) {
      if (logIndex > search.lastSeen && search.filter.matches(log)) {
        found.push(placed(search, index, log, logIndex));
        if (found.length >= search.countMax) return;
      }
      logIndex += 1;
    }
  }
}

function placed(
  { entry, blockHash }: Search,
  index: number,
  log: OutcomeLog,
  logIndex: number,
): RpcLogWithPosition {
  return {
    ...log,
    transactionHash: hashAt(entry.miniBlock.transactions, index),
    logIndex,
    position: positionOf(entry, index, blockHash),
  };
}

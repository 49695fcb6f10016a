/** Logs: queries, pages, polling filters and subscriptions. */
import { toHex } from '../../state/base/bytes.js';
import {
  RPC_LOG_ALTERNATIVES_MAX,
  RPC_LOG_BLOCKS_MAX,
  RPC_LOG_PAGE_MAX,
  RPC_LOGS_MAX,
  RPC_SUBSCRIPTIONS_MAX,
} from '../../state/base/limits.js';
import type { Awaitable } from './backend.js';
import { type Handler, type RpcContext, whenReady } from './context.js';
import { invalidParams, LIMIT_EXCEEDED, RpcError, SERVER_ERROR } from './errors.js';
import type { Feed, FeedKind } from './feeds.js';
import { formatLog, type Json, type LogJson } from './format.js';
import { logMatcher } from './log-matcher.js';
import type { Session } from './message.js';
import {
  checkCount,
  optional,
  parseAddress,
  parseBoolean,
  parseList,
  parseObject,
} from './schema.js';
import { type LogFilter, parseLogFilter } from './schema-call.js';
import type { LogCursor, RpcLogWithPosition } from './values.js';

const SUBSCRIPTION_ID_BYTES = 16;

export function logMethods(context: RpcContext): [string, Handler][] {
  const { filters } = context;
  return [
    [
      'eth_getLogs',
      (params) => {
        checkCount(params, 1, 1);
        return allLogs(context, parseLogFilter(params[0], 'filter'));
      },
    ],
    ['eth_getLogsWithCursor', logPage(context)],
    [
      'eth_newFilter',
      (params) => {
        checkCount(params, 0, 1);
        return filters.create('logs', parseLogFilter(params[0], 'filter'));
      },
    ],
    ['eth_newBlockFilter', () => filters.create('blockHashes', null)],
    ['eth_newPendingTransactionFilter', (params) => filters.create(pendingKind(params[0]), null)],
    ['eth_getFilterChanges', (params) => filters.changes(parseFilterId(params))],
    ['eth_getFilterLogs', (params) => allLogs(context, filters.logsOf(parseFilterId(params)))],
    ['eth_uninstallFilter', (params) => filters.remove(parseFilterId(params))],
    ['eth_subscribe', subscribe(context)],
    ['eth_unsubscribe', unsubscribe],
  ];
}

function parseFilterId(params: readonly unknown[]): string {
  checkCount(params, 1, 1);
  const id = params[0];
  if (typeof id !== 'string') throw invalidParams('filter id: expected a string');
  return id;
}

function queryLogs(
  { backend }: RpcContext,
  filter: LogFilter,
  after: LogCursor | null,
  countMax: number,
): Awaitable<readonly RpcLogWithPosition[]> {
  return backend.logs({ ...filter, after, countMax, blocksMax: RPC_LOG_BLOCKS_MAX });
}

function allLogs(context: RpcContext, filter: LogFilter): Awaitable<LogJson[]> {
  // One more than allowed tells a full answer from one that was cut.
  return whenReady(queryLogs(context, filter, null, RPC_LOGS_MAX + 1), (logs) => {
    if (logs.length <= RPC_LOGS_MAX) return logs.map(formatLog);
    const text = `query returned more than ${RPC_LOGS_MAX} results: use eth_getLogsWithCursor`;
    throw new RpcError(LIMIT_EXCEEDED, text);
  });
}

/** MegaETH: `{logs, cursor}`, and no cursor when the logs are complete. */
function logPage(context: RpcContext): Handler {
  return (params) => {
    checkCount(params, 1, 1);
    const filter = parseLogFilter(params[0], 'filter');
    const after = optional(parseObject(params[0], 'filter')['cursor'], 'cursor', parseCursor);
    return whenReady(
      queryLogs(context, filter, after ?? null, RPC_LOG_PAGE_MAX + 1),
      (found): Json => {
        const logs = found.slice(0, RPC_LOG_PAGE_MAX);
        const last = found.length > RPC_LOG_PAGE_MAX ? logs.at(-1) : undefined;
        const json: Json = { logs: logs.map(formatLog) };
        if (last !== undefined) json['cursor'] = cursorText(last);
        return json;
      },
    );
  };
}

/** Block number and index in the block of the last log of a page, 32 bits each. */
function cursorText(last: RpcLogWithPosition): string {
  const pad = (value: number): string => value.toString(16).padStart(8, '0');
  return `0x${pad(last.position.blockNumber)}${pad(last.logIndex)}`;
}

function parseCursor(value: unknown, name: string): LogCursor {
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{16}$/.test(value)) {
    throw invalidParams(`${name}: expected a cursor from an earlier page`);
  }
  return {
    blockNumber: Number.parseInt(value.slice(2, 10), 16),
    logIndex: Number.parseInt(value.slice(10), 16),
  };
}

function subscribe({ feeds, random }: RpcContext): Handler {
  return (params, message) => {
    const { session } = message;
    if (session === null) throw new RpcError(SERVER_ERROR, 'WebSocket connection required');
    checkCount(params, 1, 2);
    const wanted = parseSubscription(params[0], params[1]);
    if (session.subscriptions.size >= RPC_SUBSCRIPTIONS_MAX) {
      throw new RpcError(LIMIT_EXCEEDED, `more than ${RPC_SUBSCRIPTIONS_MAX} subscriptions`);
    }
    const id = toHex(random.bytes(SUBSCRIPTION_ID_BYTES));
    let isAnswered = false;
    message.afterDelivery(() => {
      isAnswered = true;
    });
    const deliver = (item: string): void => {
      // Before its answer a client does not know the id yet.
      if (isAnswered) session.send(notification(id, item));
    };
    session.subscriptions.set(id, feeds.add({ ...wanted, deliver }));
    return id;
  };
}

function notification(id: string, item: string): string {
  return (
    '{"jsonrpc":"2.0","method":"eth_subscription","params":' +
    `{"subscription":"${id}","result":${item}}}`
  );
}

function parseSubscription(kind: unknown, argument: unknown): Omit<Feed, 'deliver'> {
  switch (kind) {
    case 'newHeads':
    case 'miniBlocks':
      return { kind, logs: null, addresses: null };
    case 'logs':
      return { kind, logs: logMatcher(parseLogFilter(argument, 'filter')), addresses: null };
    case 'newPendingTransactions':
      return { kind: pendingKind(argument), logs: null, addresses: null };
    case 'stateChanges':
      return { kind, logs: null, addresses: new Set(parseAccounts(argument).map(toHex)) };
    default:
      throw invalidParams(
        'expected a subscription to newHeads, logs, newPendingTransactions, miniBlocks or ' +
          'stateChanges',
      );
  }
}

function pendingKind(isFull: unknown): FeedKind {
  const full = optional(isFull, 'full transactions', parseBoolean) ?? false;
  return full ? 'pendingTransactions' : 'pendingHashes';
}

function parseAccounts(value: unknown): Uint8Array[] {
  const accounts = parseList(value, 'addresses', RPC_LOG_ALTERNATIVES_MAX, parseAddress);
  if (accounts.length === 0) throw invalidParams('addresses: expected at least one');
  return accounts;
}

const unsubscribe: Handler = (params, message) => {
  checkCount(params, 1, 1);
  const { session } = message;
  if (session === null) throw new RpcError(SERVER_ERROR, 'WebSocket connection required');
  const id = params[0];
  if (typeof id !== 'string') throw invalidParams('subscription id: expected a string');
  const stop = session.subscriptions.get(id);
  if (stop === undefined) throw new RpcError(SERVER_ERROR, 'subscription not found');
  stop();
  return session.subscriptions.delete(id);
};

/** When a connection is gone. */
export function endSubscriptions(session: Session): void {
  for (const stop of session.subscriptions.values()) stop();
  session.subscriptions.clear();
}

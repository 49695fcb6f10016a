/** Log filters as sets of hex text, to be matched against logs that are already formatted. */
import { toHex } from '../../state/base/bytes.js';
import type { LogJson } from './format.js';
import type { LogFilter } from './schema-call.js';
import type { BlockSelector } from './values.js';

export interface LogMatcher {
  /** Empty matches every address. */
  readonly addresses: ReadonlySet<string>;
  /** Null matches any topic at its place. */
  readonly topics: readonly (ReadonlySet<string> | null)[];
  /** Inclusive block numbers; a tag sets no bound. */
  readonly from: number;
  readonly to: number;
}

export function logMatcher(filter: LogFilter): LogMatcher {
  const { range } = filter;
  return {
    addresses: new Set(filter.addresses.map(toHex)),
    topics: filter.topics.map((members) => (members === null ? null : new Set(members.map(toHex)))),
    from: 'from' in range ? boundOf(range.from, 0) : 0,
    to: 'to' in range ? boundOf(range.to, Number.MAX_SAFE_INTEGER) : Number.MAX_SAFE_INTEGER,
  };
}

function boundOf(selector: BlockSelector, unbounded: number): number {
  return selector.kind === 'number' ? selector.number : unbounded;
}

export function matches(matcher: LogMatcher, log: LogJson, blockNumber: number): boolean {
  if (blockNumber < matcher.from || blockNumber > matcher.to) return false;
  if (matcher.addresses.size > 0 && !matcher.addresses.has(log.address)) return false;
  if (matcher.topics.length > log.topics.length) return false;
  return matcher.topics.every((members, index) => members?.has(log.topics[index]!) ?? true);
}

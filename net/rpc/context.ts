/** What every method handler may use, and the form of a handler. */
import type { Clock, Random } from '../../state/base/ports.js';
import type { Awaitable, Backend } from './backend.js';
import type { Feeds } from './feeds.js';
import type { Filters } from './filters.js';
import type { Keccak256 } from './format.js';
import type { Message } from './message.js';
import type { Submissions } from './submissions.js';

export interface RpcContext {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly random: Random;
  readonly submissions: Submissions;
  readonly feeds: Feeds;
  readonly filters: Filters;
  /** The backend's, bound to it. */
  readonly keccak256: Keccak256;
}

/**
 * Answers slot `slot` of `message`: with what it returns (a JSON value or RawJson, at once or as a
 * promise), with what it throws, or through `message` when it returned LATER.
 */
export type Handler = (params: readonly unknown[], message: Message, slot: number) => unknown;

export type MethodTable = ReadonlyMap<string, Handler>;

/** `use` on the value, now if it is here now: no promise where none is needed. */
export function whenReady<T, R>(value: Awaitable<T>, use: (value: T) => R): Awaitable<R> {
  return value instanceof Promise ? value.then(use) : use(value);
}

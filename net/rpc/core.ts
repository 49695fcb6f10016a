/** What HTTP and WebSocket connections share; server.ts makes one. */
import type { Awaitable } from './backend.js';
import type { Dispatcher } from './dispatch.js';
import type { Gate } from './gate.js';
import type { Tally } from './message.js';
import type { Unread } from './unread.js';

export interface RouteReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
}

/** Answers a GET of a path, or null when there is nothing at it. */
export type Routes = (path: string) => Awaitable<RouteReply | null>;

export interface ConnectionTally extends Tally {
  webSockets: number;
  /** HTTP requests and upgrades that were turned away before JSON-RPC. */
  refused: number;
}

export interface Core {
  readonly gate: Gate;
  readonly dispatcher: Dispatcher;
  readonly tally: ConnectionTally;
  readonly unread: Unread;
  readonly routes: Routes;
  readonly onFault: (error: unknown) => void;
  readonly isClosing: () => boolean;
}

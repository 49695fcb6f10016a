/**
 * The JSON-RPC server: HTTP and WebSocket on one port. Defences, in order: the cap on sockets,
 * time limits for headers and bodies, the gate (Host, Origin), method and content type, the size
 * of the body, depth and tokens of the JSON, the batch, requests under way, the size of the reply
 * and what clients leave unread. A fault of ours is answered with -32603 and reported; the node
 * lives on.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { DeltacastError } from '../../state/base/errors.js';
import {
  RPC_ANSWER_TIMEOUT_MS,
  RPC_BODY_TIMEOUT_MS,
  RPC_CLOSE_MS,
  RPC_HEADER_TIMEOUT_MS,
  RPC_IDLE_TIMEOUT_MS,
  RPC_PING_INTERVAL_MS,
  RPC_SOCKETS_MAX,
} from '../../state/base/limits.js';
import { type Clock, type Random, sleep, systemRandom } from '../../state/base/ports.js';
import type { Backend } from './backend.js';
import type { RpcContext } from './context.js';
import type { ConnectionTally, Core, Routes } from './core.js';
import { TIMED_OUT } from './errors.js';
import { Feeds } from './feeds.js';
import { Filters } from './filters.js';
import { Gate } from './gate.js';
import { handleHttp } from './http.js';
import { methodTable } from './methods.js';
import { Submissions } from './submissions.js';
import { Unread } from './unread.js';
import { WebSockets } from './websocket.js';

/** How often answers under way, pings and slow requests are looked at. */
const TICK_MS = 1_000;
/** How often a closing server looks whether it is done. */
const CLOSE_POLL_MS = 5;

/** All milliseconds. */
export interface RpcTimeouts {
  /** To send the headers. */
  readonly headerMs: number;
  /** To send the whole request, headers and body. */
  readonly requestMs: number;
  /** Of a kept-alive connection between two requests. */
  readonly idleMs: number;
  /** For an answer. */
  readonly answerMs: number;
  readonly pingMs: number;
}

export interface RpcServerOptions {
  readonly backend: Backend;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly clock: Clock;
  /** Host names besides localhost, 127.0.0.1 and [::1]. */
  readonly allowedHosts: readonly string[];
  /** Exact origins of pages that may call; only these get Access-Control headers. */
  readonly allowedOrigins: readonly string[];
  readonly routes: Routes;
  /** Told of errors that are ours; must not throw. */
  readonly onFault: (error: unknown) => void;
  readonly random?: Random;
  readonly timeouts?: Partial<RpcTimeouts>;
}

export interface RpcStatistics {
  readonly sockets: number;
  readonly webSockets: number;
  /** JSON-RPC requests so far, and of these the ones answered with an error. */
  readonly requests: number;
  readonly errors: number;
  readonly requestsOpen: number;
  /** HTTP requests, upgrades and sockets turned away, and clients dropped for not reading. */
  readonly refused: number;
  readonly dropped: number;
  readonly subscriptions: number;
  readonly filters: number;
}

export interface RpcServer {
  readonly port: number;
  /** Lets answers under way go out, for a bounded time; safe to call twice. */
  close(): Promise<void>;
  statistics(): RpcStatistics;
}

const TIMEOUTS: RpcTimeouts = {
  headerMs: RPC_HEADER_TIMEOUT_MS,
  requestMs: RPC_HEADER_TIMEOUT_MS + RPC_BODY_TIMEOUT_MS,
  idleMs: RPC_IDLE_TIMEOUT_MS,
  answerMs: RPC_ANSWER_TIMEOUT_MS,
  pingMs: RPC_PING_INTERVAL_MS,
};

/** @throws DeltacastError BAD_USAGE when the address cannot be listened on */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const timeouts: RpcTimeouts = { ...TIMEOUTS, ...options.timeouts };
  const http = httpServer(timeouts);
  const port = await listen(http, options.host, options.port);
  return new RunningServer(options, timeouts, http, port);
}

function httpServer(timeouts: RpcTimeouts): Server {
  const http = createServer({
    noDelay: true,
    headersTimeout: timeouts.headerMs,
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: timeouts.idleMs,
    connectionsCheckingInterval: Math.min(TICK_MS, timeouts.headerMs),
  });
  http.maxConnections = RPC_SOCKETS_MAX;
  // While an answer is awaited nothing moves either.
  http.timeout = timeouts.answerMs + timeouts.headerMs;
  return http;
}

async function listen(http: Server, host: string, port: number): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port }, resolve);
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    const reason = code === 'EADDRINUSE' ? 'address already in use' : code;
    throw new DeltacastError('BAD_USAGE', `cannot listen on ${host}:${port}: ${reason}`, {
      host,
      port,
      reason: code,
    });
  }
  return (http.address() as AddressInfo).port;
}

class RunningServer implements RpcServer {
  readonly port: number;
  readonly #clock: Clock;
  readonly #timeouts: RpcTimeouts;
  readonly #http: Server;
  readonly #context: RpcContext;
  readonly #core: Core;
  readonly #webSockets: WebSockets;
  readonly #tally: ConnectionTally = {
    requests: 0,
    requestsOpen: 0,
    errors: 0,
    waiting: new Map(),
    webSockets: 0,
    refused: 0,
  };
  #sockets = 0;
  #closed: Promise<void> | null = null;
  #cancelTick: () => void;
  #nextPingMs: number;

  constructor(options: RpcServerOptions, timeouts: RpcTimeouts, http: Server, port: number) {
    this.port = port;
    this.#clock = options.clock;
    this.#timeouts = timeouts;
    this.#http = http;
    this.#context = contextOf(options);
    const { submissions } = this.#context;
    this.#core = {
      gate: new Gate({ port, hosts: options.allowedHosts, origins: options.allowedOrigins }),
      dispatcher: { methods: methodTable(this.#context), submissions, clock: options.clock },
      tally: this.#tally,
      unread: new Unread(),
      routes: options.routes,
      onFault: options.onFault,
      isClosing: () => this.#closed !== null,
    };
    this.#webSockets = new WebSockets(this.#core);
    this.#nextPingMs = this.#clock.monotonicMs() + timeouts.pingMs;
    this.#cancelTick = this.#clock.after(this.#tickMs(), () => this.#tick());
    this.#attach();
  }

  statistics(): RpcStatistics {
    const { requests, errors, requestsOpen, refused, webSockets } = this.#tally;
    const { feeds, filters } = this.#context;
    return {
      sockets: this.#sockets,
      webSockets,
      requests,
      errors,
      requestsOpen,
      refused,
      dropped: this.#core.unread.dropped,
      subscriptions: feeds.count - filters.count,
      filters: filters.count,
    };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #attach(): void {
    const http = this.#http;
    http.on('connection', (socket: Socket) => {
      this.#sockets += 1;
      socket.once('close', () => {
        this.#sockets -= 1;
      });
    });
    http.on('drop', () => {
      this.#tally.refused += 1;
    });
    http.on('request', (request, response) => {
      this.#guard(() => handleHttp(this.#core, request, response));
    });
    http.on('upgrade', (request, socket, head) => {
      this.#guard(() => this.#webSockets.upgrade(request, socket, head));
    });
    http.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#bad(error, socket));
    http.on('error', this.#core.onFault);
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#core.onFault(error);
    }
  }

  /** What is no HTTP, or comes too slowly. */
  #bad(error: NodeJS.ErrnoException, socket: Duplex): void {
    this.#tally.refused += 1;
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const status = STATUSES[error.code ?? ''] ?? '400 Bad Request';
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
      socket.destroy(),
    );
  }

  #tickMs(): number {
    return Math.min(TICK_MS, this.#timeouts.answerMs, this.#timeouts.pingMs);
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [message, sinceMs] of this.#tally.waiting) {
      // In order of arrival: behind one that may wait on, all may.
      if (nowMs - sinceMs < this.#timeouts.answerMs) break;
      message.failOpen({ code: TIMED_OUT, message: 'request timed out' });
    }
    if (nowMs >= this.#nextPingMs) {
      this.#nextPingMs = nowMs + this.#timeouts.pingMs;
      this.#webSockets.ping();
    }
    this.#cancelTick = this.#clock.after(this.#tickMs(), () => this.#tick());
  }

  async #close(): Promise<void> {
    const clock = this.#clock;
    const deadlineMs = clock.monotonicMs() + RPC_CLOSE_MS;
    const waitUntil = async (isDone: () => boolean): Promise<void> => {
      while (!isDone() && clock.monotonicMs() < deadlineMs) await sleep(clock, CLOSE_POLL_MS);
    };
    this.#cancelTick();
    this.#context.filters.clear();
    this.#http.close();
    this.#http.closeIdleConnections();
    await waitUntil(() => this.#tally.requestsOpen === 0);
    this.#webSockets.close();
    this.#http.closeIdleConnections();
    await waitUntil(() => this.#sockets === 0);
    this.#webSockets.terminate();
    this.#http.closeAllConnections();
  }
}

const STATUSES: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

function contextOf({
  backend,
  clock,
  onFault,
  random = systemRandom,
}: RpcServerOptions): RpcContext {
  const feeds = new Feeds(backend, onFault);
  return {
    backend,
    clock,
    random,
    submissions: new Submissions(backend),
    feeds,
    filters: new Filters(feeds, clock, random),
    keccak256: (bytes) => backend.keccak256(bytes),
  };
}

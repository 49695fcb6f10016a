/**
 * WebSocket connections; the only user of `ws`. The handshake passes the same gate as HTTP. All
 * that is sent within one turn of the event loop leaves in one write.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { RPC_BODY_BYTES_MAX, RPC_SOCKET_BUFFER_BYTES_MAX } from '../../state/base/limits.js';
import type { Core } from './core.js';
import { handleMessage } from './dispatch.js';
import type { MessageOptions, Session } from './message.js';
import { endSubscriptions } from './methods-logs.js';
import type { Reader } from './unread.js';

/** A message of a megabyte in pieces: no honest client makes smaller ones. */
const FRAGMENTS_MAX = 1_024;
const CLOSE_GOING_AWAY = 1001;

interface Connection {
  readonly webSocket: WebSocket;
  /** False from a ping until its pong, or any message. */
  isAlive: boolean;
}

export class WebSockets {
  readonly #core: Core;
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: RPC_BODY_BYTES_MAX,
    maxFragments: FRAGMENTS_MAX,
  });
  readonly #connections = new Set<Connection>();

  constructor(core: Core) {
    this.#core = core;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#core.gate.refusal(request.headers);
    if (refusal !== null || this.#core.isClosing()) {
      this.#core.tally.refused += 1;
      // The peer may be gone already; there is nobody to tell.
      socket.on('error', () => {});
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, socket));
  }

  /** Ends connections that did not answer the last ping, and pings the others. */
  ping(): void {
    for (const connection of this.#connections) {
      if (!connection.isAlive) {
        connection.webSocket.terminate();
        continue;
      }
      connection.isAlive = false;
      connection.webSocket.ping();
    }
  }

  close(): void {
    for (const { webSocket } of this.#connections) webSocket.close(CLOSE_GOING_AWAY);
  }

  terminate(): void {
    for (const { webSocket } of this.#connections) webSocket.terminate();
  }

  #open(webSocket: WebSocket, socket: Duplex): void {
    const { tally, unread } = this.#core;
    const connection: Connection = { webSocket, isAlive: true };
    const reader: Reader = {
      unreadBytes: () => (webSocket.readyState === webSocket.OPEN ? webSocket.bufferedAmount : 0),
      drop: () => webSocket.terminate(),
    };
    const session = this.#session(webSocket, socket, reader);
    const options: MessageOptions = {
      session,
      tally,
      onFault: this.#core.onFault,
      deliver: (reply) => session.send(reply),
    };
    this.#connections.add(connection);
    tally.webSockets += 1;
    webSocket.on('message', (data: RawData) => {
      connection.isAlive = true;
      handleMessage(this.#core.dispatcher, bufferOf(data), options);
    });
    webSocket.on('pong', () => {
      connection.isAlive = true;
    });
    // `ws` closes the connection after a protocol error; without a listener it would be thrown.
    webSocket.on('error', () => {});
    webSocket.on('close', () => {
      this.#connections.delete(connection);
      tally.webSockets -= 1;
      unread.forget(reader);
      endSubscriptions(session);
    });
  }

  #session(webSocket: WebSocket, socket: Duplex, reader: Reader): Session {
    const { unread } = this.#core;
    let isCorked = false;
    const flush = (): void => {
      isCorked = false;
      socket.uncork();
      unread.note(reader);
    };
    return {
      requestsOpen: 0,
      subscriptions: new Map(),
      send: (text) => {
        if (text === '' || webSocket.readyState !== webSocket.OPEN) return;
        if (!isCorked) {
          isCorked = true;
          socket.cork();
          process.nextTick(flush);
        }
        webSocket.send(text);
        if (webSocket.bufferedAmount > RPC_SOCKET_BUFFER_BYTES_MAX) webSocket.terminate();
      },
    };
  }
}

function bufferOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

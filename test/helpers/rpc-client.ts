/** A JSON-RPC server over a fake backend, and the barest clients that can also misbehave. */
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { type RpcServer, type RpcServerOptions, startRpcServer } from '../../net/rpc/server.js';
import { systemClock } from '../../state/base/ports.js';
import { FakeBackend } from './fake-backend.js';

export interface RpcReply {
  readonly jsonrpc: string;
  readonly id: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

export interface TestServer {
  readonly server: RpcServer;
  readonly backend: FakeBackend;
  readonly faults: unknown[];
  readonly url: string;
}

export async function startTestServer(
  options: Partial<RpcServerOptions> = {},
  backend: FakeBackend = new FakeBackend(),
): Promise<TestServer> {
  const faults: unknown[] = [];
  const server = await startRpcServer({
    backend,
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    allowedHosts: [],
    allowedOrigins: [],
    routes: () => null,
    onFault: (error) => faults.push(error),
    ...options,
  });
  return { server, backend, faults, url: `http://127.0.0.1:${server.port}` };
}

export async function post(url: string, body: string, headers: Record<string, string> = {}) {
  return await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
}

export function requestText(method: string, params: unknown = [], id: unknown = 1): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}

export async function call(url: string, method: string, params: unknown = []): Promise<RpcReply> {
  const response = await post(url, requestText(method, params));
  return (await response.json()) as RpcReply;
}

/** Ends by the test's own time limit. */
export async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Sends text as it is and gives all that came back until the connection ended. */
export function rawHttp(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
    socket.on('error', (error) => (chunks.length > 0 ? undefined : reject(error)));
    socket.write(text);
  });
}

export function openSocket(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.on('error', () => {});
  });
}

export class WsClient {
  readonly webSocket: WebSocket;
  readonly notifications: { readonly subscription: string; readonly result: unknown }[] = [];
  readonly order: string[] = [];
  readonly #replies = new Map<unknown, (reply: RpcReply) => void>();
  #nextId = 1;

  private constructor(webSocket: WebSocket) {
    this.webSocket = webSocket;
    webSocket.on('message', (data) => this.#receive(JSON.parse(String(data))));
    webSocket.on('error', () => {});
  }

  static open(port: number, headers: Record<string, string> = {}): Promise<WsClient> {
    const webSocket = new WebSocket(`ws://127.0.0.1:${port}`, { headers });
    const client = new WsClient(webSocket);
    return new Promise((resolve, reject) => {
      webSocket.once('open', () => resolve(client));
      webSocket.once('error', reject);
    });
  }

  call(method: string, params: unknown = []): Promise<RpcReply> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve) => {
      this.#replies.set(id, resolve);
      this.webSocket.send(requestText(method, params, id));
    });
  }

  closed(): Promise<number> {
    return new Promise((resolve) => this.webSocket.once('close', resolve));
  }

  async notified(count: number): Promise<unknown[]> {
    await until(() => this.notifications.length >= count);
    return this.notifications.map(({ result }) => result);
  }

  #receive(message: RpcReply & { method?: string; params?: unknown }): void {
    if (message.method === 'eth_subscription') {
      this.order.push('notification');
      this.notifications.push(message.params as (typeof this.notifications)[number]);
      return;
    }
    this.order.push('reply');
    this.#replies.get(message.id)?.(message);
  }
}

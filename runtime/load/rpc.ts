/**
 * A lean JSON-RPC client for load: HTTP on kept-alive sockets, single requests and batches. It
 * trusts the node that it talks to, but never waits for it without end.
 */
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { DeltacastError } from '../../state/base/errors.js';
import { RPC_REPLY_BYTES_MAX } from '../../state/base/limits.js';
import type { Clock } from '../../state/base/ports.js';

/** The longest that a node may take: EIP-7966 caps synchronous sends at 30 s. */
const ANSWER_DEADLINE_MS = 60_000;

export interface RpcFailure {
  readonly code: number;
  readonly message: string;
}

/** What became of one request; one of the two. */
export type RpcReply = { readonly result: unknown } | { readonly error: RpcFailure };

export interface RpcClientOptions {
  /** http://host:port */
  readonly url: string;
  /** Sockets; each carries one request at a time. */
  readonly connections: number;
  readonly clock: Clock;
}

export class RpcClient {
  private readonly url: URL;
  private readonly agent: Agent;
  private readonly clock: Clock;

  constructor({ url, connections, clock }: RpcClientOptions) {
    this.url = new URL(url);
    // One at a time and first come first served: what is sent first arrives first on one socket.
    this.agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' });
    this.clock = clock;
  }

  /** @throws DeltacastError RPC_TIMEOUT or RPC_PARSE where no answer of JSON-RPC comes back */
  async call(method: string, params: readonly unknown[]): Promise<RpcReply> {
    return replyOf(await this.post({ jsonrpc: '2.0', id: 1, method, params }));
  }

  /** One HTTP request with a call for each list of parameters. @returns replies in their order */
  async batch(method: string, calls: readonly (readonly unknown[])[]): Promise<RpcReply[]> {
    const body = calls.map((params, id) => ({ jsonrpc: '2.0', id, method, params }));
    const answer = await this.post(body);
    // A server that refuses the batch as a whole answers with one object.
    if (!Array.isArray(answer)) return calls.map(() => replyOf(answer));
    const byId = new Map(answer.map((each: { id?: unknown }) => [each.id, each]));
    return calls.map((_, id) => replyOf(byId.get(id)));
  }

  close(): void {
    this.agent.destroy();
  }

  private async post(body: unknown): Promise<unknown> {
    const text = await this.exchange(JSON.stringify(body));
    try {
      return JSON.parse(text);
    } catch {
      throw new DeltacastError('RPC_PARSE', `the node's answer is no JSON: ${text.slice(0, 80)}`);
    }
  }

  private exchange(body: string): Promise<string> {
    const { url, agent, clock } = this;
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    return new Promise((resolve, reject) => {
      const fail = (why: string) =>
        reject(new DeltacastError('RPC_TIMEOUT', `the node does not answer: ${why}`));
      const sent = httpRequest(url, { method: 'POST', agent, headers }, (response) =>
        readText(response).then(resolve, (error: Error) => fail(error.message)),
      );
      const cancel = clock.after(ANSWER_DEADLINE_MS, () => sent.destroy(new Error('too late')));
      sent.on('close', cancel);
      sent.on('error', (error) => fail(error.message));
      sent.end(body);
    });
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > RPC_REPLY_BYTES_MAX) throw new Error('its answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function replyOf(answer: unknown): RpcReply {
  if (typeof answer === 'object' && answer !== null) {
    const { error, result } = answer as { error?: Partial<RpcFailure>; result?: unknown };
    if (error !== undefined && error !== null) {
      return { error: { code: error.code ?? 0, message: String(error.message) } };
    }
    if (result !== undefined) return { result };
  }
  return { error: { code: 0, message: 'no answer to this call' } };
}

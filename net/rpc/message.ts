/**
 * One message from a client - a request, or a batch - and the answers to it as they arrive, in any
 * order. There is one Message for each message and nothing for each request in it: a request is a
 * slot number. When the last slot is answered the reply goes out as one text.
 */
import {
  RPC_REPLY_BYTES_MAX,
  RPC_REQUESTS_OPEN_MAX,
  RPC_SOCKET_REQUESTS_OPEN_MAX,
} from '../../state/base/limits.js';
import { REPLY_TOO_LARGE, type RpcErrorBody, toErrorBody } from './errors.js';

/** A result that is JSON text already. */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a handler returns when it will answer its slot itself, now or later. */
export const LATER: unique symbol = Symbol('later');

/** One client's connection that can be pushed to: a WebSocket. */
export interface Session {
  /** Requests that wait for an answer on this connection. */
  requestsOpen: number;
  /** Subscriptions by id: each value ends one. */
  readonly subscriptions: Map<string, () => void>;
  send(text: string): void;
}

/** Counts shared by all connections. */
export interface Tally {
  requests: number;
  requestsOpen: number;
  errors: number;
  /** Messages not answered at once, oldest first, with the time of their arrival (monotonic). */
  readonly waiting: Map<Message, number>;
}

export interface MessageOptions {
  readonly session: Session | null;
  readonly tally: Tally;
  readonly onFault: (error: unknown) => void;
  /** Called once; an empty text when nothing in the message wants an answer. */
  readonly deliver: (reply: string) => void;
}

export class Message {
  readonly session: Session | null;
  readonly #tally: Tally;
  readonly #onFault: (error: unknown) => void;
  readonly #deliver: (reply: string) => void;
  readonly #isBatch: boolean;
  /** JSON text of each id; empty for a notification, which gets no answer. */
  readonly #ids: string[] = [];
  readonly #replies: string[] = [];
  readonly #answered: boolean[] = [];
  #open: number;
  #replyBytes = 0;
  #afterDelivery: (() => void)[] | null = null;

  /** @param count  slots; each is opened and answered exactly once */
  constructor(options: MessageOptions, count: number, isBatch: boolean) {
    this.session = options.session;
    this.#tally = options.tally;
    this.#onFault = options.onFault;
    this.#deliver = options.deliver;
    this.#isBatch = isBatch;
    this.#open = count;
    this.#tally.requests += count;
    this.#tally.requestsOpen += count;
    if (this.session !== null) this.session.requestsOpen += count;
  }

  get isAnswered(): boolean {
    return this.#open === 0;
  }

  /** True when the reply has reached its limit, so that further work would be for nothing. */
  get isFull(): boolean {
    return this.#replyBytes > RPC_REPLY_BYTES_MAX;
  }

  /** True when more requests wait for an answer than are allowed, here or on all connections. */
  get isOverloaded(): boolean {
    return (
      this.#tally.requestsOpen > RPC_REQUESTS_OPEN_MAX ||
      (this.session?.requestsOpen ?? 0) > RPC_SOCKET_REQUESTS_OPEN_MAX
    );
  }

  /** @param id  JSON text, or empty for a notification */
  openSlot(slot: number, id: string): void {
    this.#ids[slot] = id;
    this.#replies[slot] = '';
    this.#answered[slot] = false;
  }

  /** Runs when the reply is out: what is pushed to the client may not come before it. */
  afterDelivery(run: () => void): void {
    this.#afterDelivery ??= [];
    this.#afterDelivery.push(run);
  }

  resolve(slot: number, result: unknown): void {
    if (this.#answered[slot] !== false) return;
    if (this.#ids[slot] === '') {
      this.#settle(slot, '');
      return;
    }
    const text = jsonText(result);
    this.#replyBytes += text.length;
    if (this.isFull) {
      this.fail(slot, TOO_LARGE);
      return;
    }
    this.#settle(slot, `{"jsonrpc":"2.0","id":${this.#ids[slot]},"result":${text}}`);
  }

  /** Answers with anything that was thrown. */
  reject(slot: number, error: unknown): void {
    this.fail(slot, toErrorBody(error, this.#onFault));
  }

  fail(slot: number, body: RpcErrorBody): void {
    if (this.#answered[slot] !== false) return;
    this.#tally.errors += 1;
    if (this.#ids[slot] === '') {
      this.#settle(slot, '');
      return;
    }
    this.#settle(slot, `{"jsonrpc":"2.0","id":${this.#ids[slot]},"error":${JSON.stringify(body)}}`);
  }

  /** Answers everything that still waits with one error. */
  failOpen(body: RpcErrorBody): void {
    for (let slot = 0; slot < this.#answered.length; slot += 1) this.fail(slot, body);
  }

  #settle(slot: number, reply: string): void {
    this.#answered[slot] = true;
    this.#replies[slot] = reply;
    this.#open -= 1;
    this.#tally.requestsOpen -= 1;
    if (this.session !== null) this.session.requestsOpen -= 1;
    if (this.#open === 0) this.#finish();
  }

  #finish(): void {
    this.#tally.waiting.delete(this);
    try {
      this.#deliver(this.#text());
      for (const run of this.#afterDelivery ?? []) run();
    } catch (error) {
      this.#onFault(error);
    }
  }

  #text(): string {
    if (!this.#isBatch) return this.#replies[0] ?? '';
    const replies = this.#replies.filter((reply) => reply !== '');
    return replies.length === 0 ? '' : `[${replies.join(',')}]`;
  }
}

function jsonText(result: unknown): string {
  // Hex is by far the most common answer, up to megabytes of it, and has nothing to escape.
  if (typeof result === 'string' && result.startsWith('0x')) return `"${result}"`;
  return result instanceof RawJson ? result.text : JSON.stringify(result ?? null);
}

const TOO_LARGE: RpcErrorBody = {
  code: REPLY_TOO_LARGE,
  message: `response too large, at most ${RPC_REPLY_BYTES_MAX} bytes`,
};

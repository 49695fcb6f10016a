/**
 * From the bytes of a message to its reply: bounds, JSON, batch, one handler for each request.
 * Nothing that a client sends makes this throw; `deliver` is called exactly once for each message.
 */
import { RPC_BATCH_MAX } from '../../state/base/limits.js';
import type { Clock } from '../../state/base/ports.js';
import type { Handler, MethodTable } from './context.js';
import {
  INVALID_PARAMS,
  INVALID_REQUEST,
  LIMIT_EXCEEDED,
  METHOD_NOT_FOUND,
  PARSE_ERROR,
  REPLY_TOO_LARGE,
  type RpcErrorBody,
} from './errors.js';
import { jsonExcess } from './json-scan.js';
import { LATER, Message, type MessageOptions } from './message.js';
import { SUBMIT_METHODS } from './methods-send.js';
import type { Submissions } from './submissions.js';

export interface Dispatcher {
  readonly methods: MethodTable;
  readonly submissions: Submissions;
  readonly clock: Clock;
}

/** A method name in an error message: longer ones are no method of anybody. */
const SHOWN_NAME_MAX = 64;

export function handleMessage(
  dispatcher: Dispatcher,
  bytes: Buffer,
  options: MessageOptions,
): void {
  try {
    handle(dispatcher, bytes, options);
  } catch (error) {
    // Only `deliver` is left to throw: a connection in a state that nobody thought of.
    options.onFault(error);
  }
}

function handle(dispatcher: Dispatcher, bytes: Buffer, options: MessageOptions): void {
  const excess = jsonExcess(bytes);
  if (excess !== null) {
    refuse(options, { code: INVALID_REQUEST, message: excess });
    return;
  }
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    refuse(options, { code: PARSE_ERROR, message: 'parse error: the text is not JSON' });
    return;
  }
  if (!Array.isArray(value)) {
    const message = new Message(options, 1, false);
    handleRequest(dispatcher, value, message, 0);
    remember(dispatcher, message, options);
    return;
  }
  if (value.length === 0) {
    refuse(options, { code: INVALID_REQUEST, message: 'empty batch' });
    return;
  }
  if (value.length > RPC_BATCH_MAX) {
    const message = `batch too large, at most ${RPC_BATCH_MAX} requests`;
    refuse(options, { code: INVALID_REQUEST, message });
    return;
  }
  const message = new Message(options, value.length, true);
  for (let slot = 0; slot < value.length; slot += 1) {
    handleRequest(dispatcher, value[slot], message, slot);
  }
  remember(dispatcher, message, options);
}

/** So that a message whose answer never comes is answered in the end (server.ts). */
function remember({ clock }: Dispatcher, message: Message, { tally }: MessageOptions): void {
  if (!message.isAnswered) tally.waiting.set(message, clock.monotonicMs());
}

function refuse({ tally, deliver }: MessageOptions, body: RpcErrorBody): void {
  tally.requests += 1;
  tally.errors += 1;
  deliver(`{"jsonrpc":"2.0","id":null,"error":${JSON.stringify(body)}}`);
}

function handleRequest(
  dispatcher: Dispatcher,
  value: unknown,
  message: Message,
  slot: number,
): void {
  const request: Record<string, unknown> = isObject(value) ? value : {};
  const id = idText(request['id']);
  message.openSlot(slot, id ?? 'null');
  const { method } = request;
  if (id === null || request['jsonrpc'] !== '2.0' || typeof method !== 'string') {
    // A broken request is no notification, whatever it lacks: its sender wants to know.
    message.openSlot(slot, id === null || id === '' ? 'null' : id);
    message.fail(slot, { code: INVALID_REQUEST, message: 'invalid request' });
    return;
  }
  const handler = dispatcher.methods.get(method);
  if (handler === undefined) {
    const name = method.slice(0, SHOWN_NAME_MAX);
    const text = `the method ${name} does not exist/is not available`;
    message.fail(slot, { code: METHOD_NOT_FOUND, message: text });
    return;
  }
  const params = request['params'] ?? NO_PARAMS;
  if (!Array.isArray(params)) {
    message.fail(slot, { code: INVALID_PARAMS, message: 'params: expected a list' });
    return;
  }
  if (message.isFull) {
    message.fail(slot, { code: REPLY_TOO_LARGE, message: 'the batch has no room for this reply' });
    return;
  }
  if (message.isOverloaded) {
    message.fail(slot, { code: LIMIT_EXCEEDED, message: 'too many requests wait for an answer' });
    return;
  }
  // Other methods see what was sent before them, also when it is still being gathered.
  if (dispatcher.submissions.count > 0 && !SUBMIT_METHODS.has(method)) {
    dispatcher.submissions.flush();
  }
  run(handler, params, message, slot);
}

const NO_PARAMS: readonly unknown[] = [];

function run(handler: Handler, params: readonly unknown[], message: Message, slot: number): void {
  try {
    const result = handler(params, message, slot);
    if (!(result instanceof Promise)) {
      settle(message, slot, result);
      return;
    }
    result
      .then((value: unknown) => settle(message, slot, value))
      .catch((error: unknown) => message.reject(slot, error));
  } catch (error) {
    message.reject(slot, error);
  }
}

function settle(message: Message, slot: number, result: unknown): void {
  if (result !== LATER) message.resolve(slot, result);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON text of an id; empty when there is none; null for what is no id. */
function idText(id: unknown): string | null {
  if (id === undefined) return '';
  if (id === null) return 'null';
  if (typeof id === 'number') return Number.isFinite(id) ? String(id) : null;
  return typeof id === 'string' ? JSON.stringify(id) : null;
}

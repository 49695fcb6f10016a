/**
 * One HTTP request: the gate, the method, the content type, the body, then JSON-RPC. Refusals
 * before JSON-RPC have an HTTP status of their own; everything after it is 200, as with geth.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { RPC_BODY_BYTES_MAX } from '../../state/base/limits.js';
import type { Core, RouteReply } from './core.js';
import { handleMessage } from './dispatch.js';
import { INVALID_REQUEST } from './errors.js';
import { isJson } from './gate.js';

/** Requests sent ahead on one connection; Node would parse a whole read of them at once. */
const PIPELINED_MAX = 64;
/** What of a body that is too long is read and thrown away, so that its sender gets the answer. */
const DISCARDED_BYTES_MAX = 8 * RPC_BODY_BYTES_MAX;

/** Unanswered requests of each connection. */
const openRequests = new WeakMap<Socket, number>();

export function handleHttp(core: Core, request: IncomingMessage, response: ServerResponse): void {
  response.sendDate = false;
  const refusal = core.gate.refusal(request.headers);
  if (refusal !== null) {
    refuse(core, response, 403, refusal);
    return;
  }
  const origin = core.gate.corsOrigin(request.headers);
  if (origin !== null) {
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Vary', 'Origin');
  }
  if (core.isClosing()) {
    refuse(core, response, 503, 'the server is closing');
    return;
  }
  const { method } = request;
  if (method === 'POST') handlePost(core, request, response);
  else if (method === 'GET' || method === 'HEAD') handleGet(core, request, response);
  else if (method === 'OPTIONS' && origin !== null) answerPreflight(response);
  else refuse(core, response, 405, 'JSON-RPC takes POST');
}

function answerPreflight(response: ServerResponse): void {
  response.writeHead(204, {
    'Access-Control-Allow-Methods': 'POST',
    'Access-Control-Allow-Headers': 'Content-Type',
    'Access-Control-Max-Age': '600',
  });
  response.end();
}

function handlePost(core: Core, request: IncomingMessage, response: ServerResponse): void {
  const refusal = bodyRefusal(request);
  if (refusal !== null) {
    refuse(core, response, refusal.status, refusal.message);
    return;
  }
  const { socket } = request;
  const open = openRequests.get(socket) ?? 0;
  if (open >= PIPELINED_MAX) {
    refuse(core, response, 503, 'too many requests sent ahead');
    return;
  }
  openRequests.set(socket, open + 1);
  readBody(core, request, response, (body) => {
    handleMessage(core.dispatcher, body, {
      session: null,
      tally: core.tally,
      onFault: core.onFault,
      deliver: (reply) => {
        openRequests.set(socket, (openRequests.get(socket) ?? 1) - 1);
        sendReply(core, response, reply);
      },
    });
  });
}

/** What the headers of a body alone forbid. */
function bodyRefusal({ headers }: IncomingMessage): { status: number; message: string } | null {
  if (!isJson(headers['content-type'])) {
    return { status: 415, message: 'the Content-Type must be application/json' };
  }
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    return { status: 415, message: 'the body must not be compressed' };
  }
  const isHopeless = Number(headers['content-length'] ?? 0) > DISCARDED_BYTES_MAX;
  return isHopeless ? { status: 413, message: TOO_LONG } : null;
}

const TOO_LONG = `the body is over ${RPC_BODY_BYTES_MAX} bytes`;

/** A body that breaks off is nobody's request: its connection is gone. */
function readBody(
  core: Core,
  request: IncomingMessage,
  response: ServerResponse,
  onBody: (body: Buffer) => void,
): void {
  let chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= RPC_BODY_BYTES_MAX) chunks.push(chunk);
    else chunks = [];
    if (size > DISCARDED_BYTES_MAX) request.destroy();
  });
  request.on('end', () => {
    if (size > RPC_BODY_BYTES_MAX) return refuse(core, response, 413, TOO_LONG);
    onBody(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
  });
  request.on('error', () => {});
}

function sendReply(core: Core, response: ServerResponse, reply: string): void {
  if (response.destroyed) return;
  if (reply === '') {
    // Notifications only: nothing to say.
    response.writeHead(204).end();
    return;
  }
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(reply),
  });
  response.end(reply);
  if (response.writableLength === 0) return;
  const reader = {
    unreadBytes: () => (response.closed ? 0 : response.writableLength),
    drop: () => response.destroy(),
  };
  core.unread.note(reader);
  response.once('close', () => core.unread.forget(reader));
}

function handleGet(core: Core, request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  // Through a promise in any case: a route that throws is answered like one that rejects.
  Promise.resolve(path)
    .then(core.routes)
    .then((reply) => sendRoute(core, response, request.method === 'HEAD', reply))
    .catch((error: unknown) => {
      core.onFault(error);
      if (!response.headersSent) refuse(core, response, 500, 'internal error');
    });
}

function sendRoute(
  core: Core,
  response: ServerResponse,
  isHead: boolean,
  reply: RouteReply | null,
): void {
  if (reply === null) {
    refuse(core, response, 404, 'nothing here: JSON-RPC takes POST');
    return;
  }
  const body = typeof reply.body === 'string' ? Buffer.from(reply.body, 'utf8') : reply.body;
  response.writeHead(reply.status, {
    'Content-Type': reply.contentType,
    'Content-Length': body.length,
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(isHead ? undefined : body);
}

/** Ends the connection too: what follows on it may be the body of the refused request. */
function refuse(core: Core, response: ServerResponse, status: number, message: string): void {
  core.tally.refused += 1;
  if (response.destroyed) return;
  const error = { code: INVALID_REQUEST, message };
  const body = JSON.stringify({ jsonrpc: '2.0', id: null, error });
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  });
  response.end(body);
}

/** Submission: gathering, outcomes, synchronous sends; and the life of the server. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRpcServer } from '../../../../net/rpc/server.js';
import type { SubmitOutcome } from '../../../../net/rpc/values.js';
import { toHex } from '../../../../state/base/bytes.js';
import { DeltacastError } from '../../../../state/base/errors.js';
import { systemClock } from '../../../../state/base/ports.js';
import { ALICE, FakeBackend } from '../../../helpers/fake-backend.js';
import {
  call,
  post,
  type RpcReply,
  requestText,
  startTestServer,
  type TestServer,
  until,
  WsClient,
} from '../../../helpers/rpc-client.js';

let test: TestServer;
beforeEach(async () => {
  test = await startTestServer({ timeouts: { answerMs: 150 } });
});
afterEach(async () => await test.server.close());

const raw = (index: number): string => `0x02${index.toString(16).padStart(4, '0')}`;
const hashOf = (text: string): Uint8Array =>
  test.backend.keccak256(Buffer.from(text.slice(2), 'hex'));

describe('plain sends', () => {
  it('of one batch go to the node in one call, in order', async () => {
    const texts = Array.from({ length: 100 }, (_, index) => raw(index));
    const body = `[${texts.map((text, id) => requestText('eth_sendRawTransaction', [text], id))}]`;
    const replies = (await (await post(test.url, body)).json()) as RpcReply[];
    expect(replies.map(({ id, result }) => [id, result])).toEqual(
      texts.map((text, id) => [id, toHex(hashOf(text))]),
    );
    expect(test.backend.submitted.map((raws) => raws.map(toHex))).toEqual([texts]);
  });

  it('of one read of a socket go together', async () => {
    const client = await WsClient.open(test.server.port);
    // Corked, so that they arrive as one piece.
    const socket = (client.webSocket as unknown as { _socket: import('node:net').Socket })._socket;
    socket.cork();
    const replies = Array.from({ length: 20 }, (_, index) =>
      client.call('eth_sendRawTransaction', [raw(index)]),
    );
    socket.uncork();
    expect((await Promise.all(replies)).every(({ error }) => error === undefined)).toBe(true);
    expect(test.backend.submitted.map((raws) => raws.length)).toEqual([20]);
    client.webSocket.terminate();
  });

  it('are seen by a read that comes after them in the same batch', async () => {
    let seen = -1;
    test.backend.balanceOf = () => BigInt((seen = test.backend.submitted.length));
    const body = `[${requestText('eth_sendRawTransaction', [raw(1)])},
      ${requestText('eth_getBalance', [toHex(ALICE)])}]`;
    await post(test.url, body);
    expect(seen).toBe(1);
  });

  it("refusals are geth's, each for itself", async () => {
    const outcomes: Record<string, SubmitOutcome> = {
      [raw(1)]: { status: 'known', hash: hashOf(raw(1)) },
      [raw(2)]: { status: 'queued', hash: hashOf(raw(2)), expectedNonce: 4n },
      [raw(3)]: {
        status: 'rejected',
        hash: hashOf(raw(3)),
        error: { code: 'TX_NONCE_TOO_LOW', message: '', details: { expected: 5, received: 4 } },
      },
      [raw(4)]: {
        status: 'rejected',
        hash: null,
        error: { code: 'TX_MALFORMED', message: 'rlp', details: {} },
      },
    };
    const texts = Object.keys(outcomes);
    test.backend.outcomeOf = (hash) =>
      outcomes[texts.find((text) => toHex(hashOf(text)) === toHex(hash))!]!;
    const body = `[${texts.map((text, id) => requestText('eth_sendRawTransaction', [text], id))}]`;
    const replies = (await (await post(test.url, body)).json()) as RpcReply[];
    expect(replies.map(({ result, error }) => error ?? result)).toEqual([
      { code: -32000, message: 'already known' },
      toHex(hashOf(raw(2))),
      { code: -32000, message: 'nonce too low: next nonce 5, tx nonce 4' },
      { code: -32602, message: 'failed to decode transaction: rlp' },
    ]);
  });

  it('all fail when the node accepts nothing', async () => {
    test.backend.submitError = new DeltacastError('LOG_POISONED', 'disk');
    const reply = await call(test.url, 'eth_sendRawTransaction', [raw(1)]);
    expect(reply.error?.message).toBe('the node accepts nothing after a failed disk write');
    expect(test.faults).toEqual([]);
  });
});

describe.each(['eth_sendRawTransactionSync', 'realtime_sendRawTransaction'])('%s', (method) => {
  it('answers with the receipt when the transaction is executed', async () => {
    const reply = call(test.url, method, [raw(1)]);
    await until(() => test.backend.waiting.size === 1);
    test.backend.execute(hashOf(raw(1)));
    expect((await reply).result).toMatchObject({
      transactionHash: toHex(hashOf(raw(1))),
      status: '0x1',
      blockHash: `0x${'0'.repeat(64)}`,
    });
  });

  it('answers at once with a receipt that is there, also of a known transaction', async () => {
    test.backend.execute(hashOf(raw(1)), { status: 0 });
    test.backend.outcomeOf = (hash) => ({ status: 'known', hash });
    expect((await call(test.url, method, [raw(1)])).result).toMatchObject({ status: '0x0' });
  });

  it('a refusal is an error with the hash', async () => {
    test.backend.outcomeOf = (hash) => ({
      status: 'rejected',
      hash,
      error: { code: 'TX_INSUFFICIENT_FUNDS', message: '', details: {} },
    });
    expect((await call(test.url, method, [raw(1)])).error).toEqual({
      code: -32000,
      message: 'insufficient funds for gas * price + value',
      data: toHex(hashOf(raw(1))),
    });
  });

  it('behind a nonce gap it waits a moment, then is code 5 with the hash', async () => {
    test.backend.outcomeOf = (hash) => ({ status: 'queued', hash, expectedNonce: 10n });
    const { error } = await call(test.url, method, [raw(1)]);
    expect(error).toMatchObject({ code: 5, data: toHex(hashOf(raw(1))) });
    expect(error?.message).toContain('0xa');
    const filled = call(test.url, method, [raw(2)]);
    await until(() => test.backend.waiting.size > 0 && test.backend.submitted.length === 2);
    test.backend.execute(hashOf(raw(2)));
    expect((await filled).result).toMatchObject({ status: '0x1' });
  });
});

describe('the timeout of a synchronous send', () => {
  it.each([[20], ['0x14']])('%j milliseconds', async (timeout) => {
    const startMs = performance.now();
    const { error } = await call(test.url, 'eth_sendRawTransactionSync', [raw(1), timeout]);
    expect(error).toEqual({
      code: 4,
      message: "The transaction was added to the mempool but wasn't processed in 0.02s.",
      data: toHex(hashOf(raw(1))),
    });
    expect(performance.now() - startMs).toBeGreaterThan(15);
    expect([...test.backend.waiting.values()].every((callbacks) => callbacks.size === 0)).toBe(
      true,
    );
  });

  it('is the default when it is no positive integer', async () => {
    const seen: number[] = [];
    const clock = {
      ...systemClock,
      after: (delayMs: number, run: () => void) => {
        seen.push(delayMs);
        return systemClock.after(Math.min(delayMs, 1_000_000), run);
      },
    };
    const other = await startTestServer({ clock });
    for (const timeout of [0, -5, 1.5, 'soon', {}, '0x0', 99_999]) {
      const reply = call(other.url, 'eth_sendRawTransactionSync', [raw(1), timeout]);
      await until(() => other.backend.waiting.size > 0);
      other.backend.execute(other.backend.keccak256(Buffer.from(raw(1).slice(2), 'hex')));
      await reply;
      other.backend.receipts.clear();
    }
    expect(seen.filter((delayMs) => delayMs >= 2_000)).toEqual([
      ...new Array(6).fill(2_000),
      30_000,
    ]);
    await other.server.close();
  });
});

describe('the server', () => {
  it('gives a busy port a typed error', async () => {
    const options = {
      backend: new FakeBackend(),
      host: '127.0.0.1',
      port: test.server.port,
      clock: systemClock,
      allowedHosts: [],
      allowedOrigins: [],
      routes: () => null,
      onFault: () => {},
    };
    await expect(startRpcServer(options)).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: expect.stringContaining('address already in use'),
      details: { reason: 'EADDRINUSE' },
    });
  });

  it('answers a fault of ours with -32603, reports it and lives', async () => {
    test.backend.balanceOf = () => {
      throw new TypeError('secret');
    };
    const thrown = await call(test.url, 'eth_getBalance', [toHex(ALICE)]);
    test.backend.balanceOf = () => Promise.reject(new TypeError('secret'));
    const rejected = await call(test.url, 'eth_getBalance', [toHex(ALICE)]);
    for (const reply of [thrown, rejected]) {
      expect(reply.error).toEqual({ code: -32603, message: 'internal error' });
    }
    expect(test.faults).toHaveLength(2);
    expect(await call(test.url, 'eth_chainId')).toMatchObject({ result: '0x7a69' });
  });

  it('answers for a node that never does', async () => {
    test.backend.balanceOf = () => new Promise(() => {});
    const reply = await call(test.url, 'eth_getBalance', [toHex(ALICE)]);
    expect(reply.error).toEqual({ code: -32002, message: 'request timed out' });
    expect(test.server.statistics().requestsOpen).toBe(0);
  });

  it('lets answers under way go out when it closes, and takes no more', async () => {
    let finish: (value: bigint) => void = () => {};
    test.backend.balanceOf = () => new Promise((resolve) => (finish = resolve));
    const client = await WsClient.open(test.server.port);
    const reply = call(test.url, 'eth_getBalance', [toHex(ALICE)]);
    await until(() => test.server.statistics().requestsOpen === 1);
    const closed = test.server.close();
    const clientClosed = client.closed();
    finish(5n);
    expect((await reply).result).toBe('0x5');
    await closed;
    expect(await clientClosed).toBe(1001);
    await expect(call(test.url, 'eth_chainId')).rejects.toThrow();
    expect(test.server.statistics()).toMatchObject({ sockets: 0, webSockets: 0 });
  });

  it('closes in a bounded time when answers do not come', async () => {
    const other = await startTestServer();
    other.backend.balanceOf = () => new Promise(() => {});
    const reply = call(other.url, 'eth_getBalance', [toHex(ALICE)]).catch(() => 'broken');
    await until(() => other.server.statistics().requestsOpen === 1);
    const startMs = performance.now();
    await other.server.close();
    expect(performance.now() - startMs).toBeLessThan(3_000);
    expect(await reply).toBe('broken');
  });

  it('a reply that is too long is an error, and so is the rest of its batch', async () => {
    const backend = test.backend as FakeBackend & { code: () => Uint8Array };
    backend.code = () => new Uint8Array(3_000_000);
    const one = requestText('eth_getCode', [toHex(ALICE)]);
    const replies = (await (await post(test.url, `[${one},${one},${one}]`)).json()) as RpcReply[];
    expect(replies.map(({ error }) => error?.code)).toEqual([undefined, -32003, -32003]);
  });
});

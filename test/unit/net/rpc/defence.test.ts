import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  RPC_BODY_BYTES_MAX,
  RPC_BUFFER_BYTES_MAX,
  RPC_SOCKETS_MAX,
} from '../../../../state/base/limits.js';
import { bytes, type FakeBackend } from '../../../helpers/fake-backend.js';
import {
  call,
  openSocket,
  post,
  type RpcReply,
  rawHttp,
  requestText,
  startTestServer,
  type TestServer,
  until,
  WsClient,
} from '../../../helpers/rpc-client.js';

let test: TestServer;
beforeEach(async () => {
  test = await startTestServer({
    allowedHosts: ['node.example'],
    allowedOrigins: ['https://app.example'],
    routes: (path) =>
      path === '/health' ? { status: 200, contentType: 'text/plain', body: 'ok' } : null,
  });
});
afterEach(async () => await test.server.close());

/** Every refusal must leave the server able to answer this. */
async function expectAlive(): Promise<void> {
  expect(await call(test.url, 'eth_chainId')).toMatchObject({ result: '0x7a69' });
  expect(test.faults).toEqual([]);
}

function statusOf(headers: string, body = requestText('eth_chainId')): Promise<string> {
  const rest = `Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  return rawHttp(test.server.port, `POST / HTTP/1.1\r\n${headers}\r\n${rest}`).then(
    (answer) => answer.split('\r\n', 1)[0] ?? '',
  );
}

const JSON_TYPE = 'Content-Type: application/json';

async function errorOf(body: string): Promise<RpcReply['error']> {
  const response = await post(test.url, body);
  expect(response.status).toBe(200);
  return ((await response.json()) as RpcReply).error;
}

describe('the gate', () => {
  it('lets in our own names with our port, and listed hosts', async () => {
    const { port } = test.server;
    for (const host of ['localhost', '127.0.0.1', '[::1]', 'LOCALHOST', 'node.example']) {
      expect(await statusOf(`Host: ${host}:${port}\r\n${JSON_TYPE}`)).toContain('200');
    }
    expect(await statusOf(`Host: node.example\r\n${JSON_TYPE}`)).toContain('200');
  });

  it('refuses another host, another port or none with 403', async () => {
    const { port } = test.server;
    for (const host of [`evil.example:${port}`, `127.0.0.1:${port + 1}`, '127.0.0.1', '']) {
      expect(await statusOf(`Host: ${host}\r\n${JSON_TYPE}`)).toContain('403');
    }
    await expectAlive();
  });

  it('refuses a page of another origin, on POST, GET and WebSocket', async () => {
    const origin = { origin: 'http://evil.example' };
    expect((await post(test.url, requestText('eth_chainId'), origin)).status).toBe(403);
    expect((await post(test.url, requestText('eth_chainId'), { origin: 'null' })).status).toBe(403);
    expect((await fetch(`${test.url}/health`, { headers: origin })).status).toBe(403);
    await expect(WsClient.open(test.server.port, origin)).rejects.toThrow('403');
    const rebound = { host: `evil.example:${test.server.port}` };
    await expect(WsClient.open(test.server.port, rebound)).rejects.toThrow('403');
    await expectAlive();
  });

  it('answers a listed origin with exactly that origin, and nobody else', async () => {
    const origin = 'https://app.example';
    const listed = await post(test.url, requestText('eth_chainId'), { origin });
    expect(listed.headers.get('access-control-allow-origin')).toBe(origin);
    const preflight = await fetch(test.url, { method: 'OPTIONS', headers: { origin } });
    expect([preflight.status, preflight.headers.get('access-control-allow-methods')]).toEqual([
      204,
      'POST',
    ]);
    const program = await post(test.url, requestText('eth_chainId'));
    expect(program.headers.get('access-control-allow-origin')).toBeNull();
    const ownPage = await post(test.url, requestText('eth_chainId'), { origin: test.url });
    expect([ownPage.status, ownPage.headers.get('access-control-allow-origin')]).toEqual([
      200,
      null,
    ]);
    const client = await WsClient.open(test.server.port, { origin });
    expect(await client.call('eth_chainId')).toMatchObject({ result: '0x7a69' });
    client.webSocket.terminate();
  });

  it('takes JSON only, so that no page can post without asking', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx']) {
      expect((await post(test.url, '{}', { 'content-type': type })).status).toBe(415);
    }
    const { port } = test.server;
    expect(await statusOf(`Host: 127.0.0.1:${port}`)).toContain('415');
    const charset = 'Content-Type: Application/JSON; charset=utf-8';
    expect(await statusOf(`Host: 127.0.0.1:${port}\r\n${charset}`)).toContain('200');
    const packed = `${JSON_TYPE}\r\nContent-Encoding: gzip`;
    expect(await statusOf(`Host: 127.0.0.1:${port}\r\n${packed}`)).toContain('415');
  });

  it('serves routes by GET, and refuses other methods and paths', async () => {
    expect(await (await fetch(`${test.url}/health?now=1`)).text()).toBe('ok');
    const head = await fetch(`${test.url}/health`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await fetch(test.url)).status).toBe(404);
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      expect((await fetch(test.url, { method })).status).toBe(405);
    }
    await expectAlive();
  });
});

describe('bodies', () => {
  it('refuses one that is too long, with or without its length announced', async () => {
    const long = requestText('web3_sha3', [`0x${'00'.repeat(RPC_BODY_BYTES_MAX)}`]);
    expect((await post(test.url, long)).status).toBe(413);
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(long));
        controller.close();
      },
    });
    const headers = { 'content-type': 'application/json' };
    const options = { method: 'POST', headers, body: stream, duplex: 'half' };
    expect((await fetch(test.url, options as RequestInit)).status).toBe(413);
    const length = 'Content-Length: 99999999999';
    const huge = `Host: 127.0.0.1:${test.server.port}\r\n${JSON_TYPE}\r\n${length}`;
    expect(await rawHttp(test.server.port, `POST / HTTP/1.1\r\n${huge}\r\n\r\n`)).toContain('413');
    await expectAlive();
  });

  it('ends a WebSocket whose message is too long', async () => {
    const client = await WsClient.open(test.server.port);
    client.webSocket.send('x'.repeat(RPC_BODY_BYTES_MAX + 1));
    expect(await client.closed()).toBe(1009);
    await expectAlive();
  });

  it('answers JSON that is no request with the codes of JSON-RPC', async () => {
    const codes: [string, number][] = [
      ['', -32700],
      ['{', -32700],
      ['nonsense', -32700],
      ['\u0000', -32700],
      ['[]', -32600],
      ['{}', -32600],
      ['1', -32600],
      ['null', -32600],
      ['"eth_chainId"', -32600],
      ['{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}', -32600],
      ['{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}', -32600],
      ['{"jsonrpc":"2.0","id":1e999,"method":"eth_chainId"}', -32600],
      ['{"jsonrpc":"2.0","id":1,"method":7}', -32600],
      ['{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":{}}', -32602],
      ['{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":"0x"}', -32602],
      [requestText('eth_nothing'), -32601],
      [requestText('__proto__'), -32601],
      [requestText('constructor'), -32601],
      [requestText('debug_traceTransaction', [`0x${'00'.repeat(32)}`]), -32601],
      [requestText('eth_sendTransaction', [{}]), -32601],
    ];
    for (const [body, code] of codes)
      expect([body, (await errorOf(body))?.code]).toEqual([body, code]);
    await expectAlive();
  });

  it('refuses depth and token floods before parsing', async () => {
    const floods = [
      '['.repeat(200_000),
      `${'['.repeat(200_000)}${']'.repeat(200_000)}`,
      '{"a":'.repeat(200_000),
      `[${'{},'.repeat(300_000)}{}]`,
      `{${'"":0,'.repeat(200_000)}"":0}`,
      `[${'0,'.repeat(500_000)}0]`,
    ];
    for (const flood of floods) {
      const startMs = performance.now();
      expect((await errorOf(flood))?.code).toBe(-32600);
      expect(performance.now() - startMs).toBeLessThan(500);
    }
    await expectAlive();
  });

  it('takes a batch of 100, and refuses 101 and 100,000', async () => {
    const one = requestText('eth_chainId');
    const batch = (count: number): string => `[${new Array(count).fill(one).join(',')}]`;
    const replies = (await (await post(test.url, batch(100))).json()) as RpcReply[];
    expect(replies).toHaveLength(100);
    expect((await errorOf(batch(101)))?.message).toContain('batch too large');
    const many = `[${'1,'.repeat(99_999)}1]`;
    expect((await errorOf(many))?.code).toBe(-32600);
    await expectAlive();
  });

  it('answers each request of a batch for itself, and no notification', async () => {
    const body = `[1,${requestText('eth_chainId', [], 'a')},${requestText('no', [], null)},
      {"jsonrpc":"2.0","method":"eth_chainId"}]`;
    const replies = (await (await post(test.url, body)).json()) as RpcReply[];
    expect(replies.map(({ id, error }) => [id, error?.code])).toEqual([
      [null, -32600],
      ['a', undefined],
      [null, -32601],
    ]);
    const silent = await post(test.url, '{"jsonrpc":"2.0","method":"eth_chainId"}');
    expect([silent.status, await silent.text()]).toEqual([204, '']);
  });

  it('is not touched by __proto__', async () => {
    const at = '"0x00000000000000000000000000000000000000a1"';
    const start = '"jsonrpc":"2.0","id":1,"method":"eth_call"';
    const bodies = [
      `{${start},"params":[{"to":${at},"__proto__":{"value":"0x9"}}]}`,
      `{${start},"params":[{"to":${at}},"latest",{"__proto__":{}}]}`,
      `{"__proto__":{"method":"eth_chainId"},"jsonrpc":"2.0","id":1}`,
      `{"jsonrpc":"2.0","id":1,"method":"eth_getLogs","params":[{"__proto__":{"address":${at}}}]}`,
    ];
    const answers: (RpcReply['error'] | undefined)[] = [];
    for (const body of bodies) answers.push(await errorOf(body));
    expect(answers.map((error) => error?.code)).toEqual([undefined, -32602, -32600, undefined]);
    expect(test.backend.lastCall?.request.value).toBeUndefined();
    expect(test.backend.lastQuery?.addresses).toEqual([]);
    expect(({} as Record<string, unknown>)['value']).toBeUndefined();
  });

  it('names a parameter of a wrong type, and cuts 2 MB of hex short', async () => {
    const wrong: [string, unknown[]][] = [
      ['eth_getBalance', [7]],
      ['eth_getBalance', ['0x12']],
      ['eth_getBalance', [null]],
      ['eth_getBalance', [`0x${'zz'.repeat(20)}`]],
      ['eth_getBalance', [`0x${'a1'.repeat(20)}`, 'newest']],
      ['eth_getBalance', [`0x${'a1'.repeat(20)}`, '0x01']],
      ['eth_getBalance', [`0x${'a1'.repeat(20)}`, 'latest', 1]],
      ['eth_getBlockByNumber', ['latest', 'yes']],
      ['eth_sendRawTransaction', ['0x1']],
      ['eth_sendRawTransaction', ['0xzz']],
      ['eth_sendRawTransaction', [{}]],
      ['eth_sendRawTransaction', []],
      ['eth_call', [[]]],
      ['eth_feeHistory', ['0x1', 'latest', [50, 10]]],
      ['eth_getLogs', [{ blockHash: `0x${'00'.repeat(32)}`, fromBlock: '0x1' }]],
      ['eth_getLogs', [{ topics: [[], [], [], [], []] }]],
      ['eth_getFilterChanges', [5]],
      ['web3_sha3', [`0x${'0'.repeat(1_000_001)}`]],
    ];
    for (const [method, params] of wrong) {
      const error = await errorOf(requestText(method, params));
      expect([method, params, error?.code]).toEqual([method, params, -32602]);
      expect(error?.message.length).toBeLessThan(200);
    }
    expect(test.backend.submitted).toEqual([]);
    await expectAlive();
  });
});

describe('slow clients', () => {
  it('loses patience with slow headers and slow bodies', async () => {
    const hasty = await startTestServer({ timeouts: { headerMs: 300, requestMs: 600 } });
    const { port } = hasty.server;
    const headers = `POST / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`;
    const [slowHeaders, slowBody] = await Promise.all([
      rawHttp(port, headers),
      rawHttp(port, `${headers}${JSON_TYPE}\r\nContent-Length: 100\r\n\r\n{`),
    ]);
    expect([slowHeaders, slowBody].map((answer) => answer.slice(9, 12))).toEqual(['408', '408']);
    expect(await call(hasty.url, 'eth_chainId')).toMatchObject({ result: '0x7a69' });
    await hasty.server.close();
  });

  it('keeps answering while 50 clients dribble', async () => {
    const { port } = test.server;
    const sockets = await Promise.all(Array.from({ length: 50 }, () => openSocket(port)));
    for (const socket of sockets) socket.write('POST / HTTP/1.1\r\nHo');
    for (let round = 0; round < 20; round += 1) await expectAlive();
    for (const socket of sockets) socket.destroy();
  });

  it('turns away sockets over the cap, and takes new ones when others left', async () => {
    const patient = await startTestServer();
    const { port } = patient.server;
    const sockets = await Promise.all(Array.from({ length: 300 }, () => openSocket(port)));
    const refusedMin = 300 - RPC_SOCKETS_MAX;
    await until(() => patient.server.statistics().refused >= refusedMin);
    expect(patient.server.statistics()).toMatchObject({
      sockets: RPC_SOCKETS_MAX,
      refused: refusedMin,
    });
    for (const socket of sockets) socket.destroy();
    await until(() => patient.server.statistics().sockets === 0);
    expect(await call(patient.url, 'eth_chainId')).toMatchObject({ result: '0x7a69' });
    await patient.server.close();
  });

  it('drops clients that do not read once they cost too much together', async () => {
    const patient = await startTestServer();
    const { port } = patient.server;
    const backend = patient.backend as FakeBackend & { code: () => Uint8Array };
    const replyBytes = 9_000_000;
    backend.code = () => bytes(replyBytes / 2, 0xab);
    const body = requestText('eth_getCode', [`0x${'a1'.repeat(20)}`]);
    const head = `POST / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${JSON_TYPE}`;
    const text = `${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const sockets: Socket[] = [];
    // The kernel takes some megabytes of each, so it needs more clients than the bound alone.
    while (patient.server.statistics().dropped === 0 && sockets.length < 80) {
      const socket = await openSocket(port);
      socket.pause().write(text);
      sockets.push(socket);
      await until(() => patient.server.statistics().requests === sockets.length);
    }
    expect(patient.server.statistics().dropped).toBe(1);
    expect(sockets.length * replyBytes).toBeGreaterThan(RPC_BUFFER_BYTES_MAX);
    expect(await call(patient.url, 'eth_chainId')).toMatchObject({ result: '0x7a69' });
    for (const socket of sockets) socket.destroy();
    await patient.server.close();
  });

  it('drops a WebSocket that does not read', async () => {
    const backend = test.backend as FakeBackend & { code: () => Uint8Array };
    backend.code = () => bytes(4_500_000, 0xab);
    const client = await WsClient.open(test.server.port);
    client.webSocket.pause();
    for (let index = 0; index < 20; index += 1) {
      client.webSocket.send(requestText('eth_getCode', [`0x${'a1'.repeat(20)}`]));
    }
    await until(() => test.server.statistics().webSockets === 0);
    await expectAlive();
    client.webSocket.terminate();
  });

  it('survives garbage instead of HTTP', async () => {
    expect(await rawHttp(test.server.port, 'HELO there\r\n\r\n')).toContain('400');
    const line = `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`;
    expect(await rawHttp(test.server.port, line)).toContain('431');
    await expectAlive();
  });
});

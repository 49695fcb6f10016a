import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { afterEach, describe, expect, it } from 'vitest';
import { CONTEXT, FEES } from '../../../../bench/chain.js';
import { type LoadOptions, presign, runLoad } from '../../../../runtime/load/client.js';
import { createWorkload } from '../../../../runtime/load/workloads.js';
import { fromHex, toHex } from '../../../../state/base/bytes.js';
import { systemClock } from '../../../../state/base/ports.js';
import { decodeSigned } from '../../../../workers/decode.js';

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly string[];
}

/** A node of a kind: checks what it is sent, and misbehaves as a test wants. */
class StubNode {
  readonly hashes: string[] = [];
  readonly batches: number[] = [];
  syncDelayMs = 5;
  receiptPolls = 0;
  /** Polls answered with null first. */
  receiptsLate = 0;
  answer: (call: Call) => { result: unknown } | { error: object } | null = () => null;
  private readonly server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Call | Call[];
      if (Array.isArray(body)) this.batches.push(body.length);
      const calls = Array.isArray(body) ? body : [body];
      const replies = [];
      for (const call of calls) replies.push({ id: call.id, ...(await this.reply(call)) });
      // Replies of a batch may come in any order.
      response.end(JSON.stringify(Array.isArray(body) ? replies.reverse() : replies[0]));
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async reply(call: Call): Promise<object> {
    const special = this.answer(call);
    if (special !== null) return special;
    if (call.method === 'eth_getTransactionReceipt') {
      this.receiptPolls += 1;
      return { result: this.receiptPolls > this.receiptsLate ? {} : null };
    }
    const raw = fromHex(call.params[0]!);
    decodeSigned(raw, CONTEXT);
    const hash = toHex(keccak_256(raw));
    if (call.method === 'eth_sendRawTransactionSync') {
      await new Promise((done) => setTimeout(done, this.syncDelayMs));
      return { result: { transactionHash: hash } };
    }
    this.hashes.push(hash);
    return { result: hash };
  }
}

let node: StubNode;
afterEach(() => node.close());

async function start(
  more: Partial<LoadOptions> = {},
  prepare: (node: StubNode) => void = () => {},
) {
  node = new StubNode();
  prepare(node);
  const url = await node.listen();
  const source = createWorkload('transfer', { accounts: 10, seed: 1, ...FEES });
  return runLoad({ url, source, clock: systemClock, txs: 250, seconds: 10, ...more });
}

describe('a load', () => {
  it('sends all in batches, and probes beside it', async () => {
    const result = await start({}, (stub) => {
      stub.receiptsLate = 3;
    });
    expect(result).toMatchObject({ sent: 250, accepted: 250, refused: {}, resent: 0 });
    expect(new Set(node.hashes).size).toBe(250);
    expect(node.batches.slice(0, 3).sort()).toEqual([100, 100, 50]);
    expect(result.minedSeconds).toBeGreaterThan(result.acceptedSeconds);
    expect(result.probes).toBeGreaterThan(0);
    expect(result.probesFailed).toBe(0);
    expect(result.latencyMs!.p50).toBeGreaterThan(4);
    expect(result.latencyMs!.p99).toBeGreaterThanOrEqual(result.latencyMs!.p50);
  });

  it('sends again what found the pool full, and nothing else', async () => {
    let calls = 0;
    const result = await start({ window: 1 }, (stub) => {
      stub.answer = ({ method }) => {
        if (method !== 'eth_sendRawTransaction') return null;
        calls += 1;
        return calls > 90 && calls <= 130
          ? { error: { code: -32_003, message: 'txpool is full' } }
          : null;
      };
    });
    expect(result).toMatchObject({ sent: 250, accepted: 250, resent: 40, refused: {} });
    expect(new Set(node.hashes).size).toBe(250);
  });

  it('counts refusals by their message', async () => {
    const result = await start({ txs: 30 }, (stub) => {
      stub.answer = ({ method, id }) =>
        method === 'eth_sendRawTransaction' && id < 4
          ? { error: { code: -32_000, message: 'nonce too low' } }
          : null;
    });
    expect(result).toMatchObject({ accepted: 26, refused: { 'nonce too low': 4 } });
  });

  it('keeps to a rate', async () => {
    const result = await start({ txs: 1_000, seconds: 0.5, perSecond: 200 });
    expect(result.accepted).toBeGreaterThan(50);
    expect(result.accepted).toBeLessThanOrEqual(110);
    expect(result.acceptedSeconds).toBeLessThan(2);
  });

  it('ends with what was signed beforehand', async () => {
    const workload = createWorkload('transfer', { accounts: 10, seed: 1, ...FEES });
    const result = await start({ source: presign(workload, 120) });
    expect(result).toMatchObject({ sent: 120, accepted: 120 });
  });

  it('gives no latency where no probe succeeded', async () => {
    const result = await start({ txs: 10 }, (stub) => {
      stub.answer = ({ method }) =>
        method === 'eth_sendRawTransactionSync'
          ? { error: { code: -32_601, message: 'the method does not exist' } }
          : null;
    });
    expect(result).toMatchObject({ accepted: 10, probes: 1, probesFailed: 1, latencyMs: null });
  });

  it('fails where nobody listens', async () => {
    await expect(start({ url: 'http://127.0.0.1:1' })).rejects.toMatchObject({
      code: 'RPC_TIMEOUT',
    });
  });
});

import { describe, expect, test } from 'vitest';
import type { Link } from '../../../../net/p2p/channel.js';
import { STATE_DEADLINE_MS, StateClient } from '../../../../net/p2p/state-client.js';
import { readStateRequest, type StateReply } from '../../../../net/p2p/state-messages.js';
import { isDeltacastError } from '../../../../state/base/errors.js';
import {
  STATE_QUESTIONS_WAITING_MAX,
  STATE_REQUESTS_OPEN_MAX,
} from '../../../../state/base/limits.js';
import type { Clock } from '../../../../state/base/ports.js';

/** Bounds and deadlines of the asking side. */

class ManualClock implements Clock {
  now = 0;
  private timers: { atMs: number; run: () => void }[] = [];
  nowMs = () => this.now;
  monotonicMs = () => this.now;

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.now + delayMs, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  advance(ms: number): void {
    this.now += ms;
    const due = this.timers.filter(({ atMs }) => atMs <= this.now);
    this.timers = this.timers.filter(({ atMs }) => atMs > this.now);
    for (const { run } of due) run();
  }

  get timerCount(): number {
    return this.timers.length;
  }
}

function linkOf(inboundBytesPerSecond = 65_536) {
  const sent: number[] = [];
  const credits: number[] = [];
  const link = {
    hello: { inboundBytesPerSecond },
    sendStateRequest: (bytes: Uint8Array) => sent.push(readStateRequest(bytes).id),
    credit: (bytes: number) => credits.push(bytes),
  } as unknown as Link;
  return { link, sent, credits };
}

const HASH = { what: 'code', hash: new Uint8Array(32) } as const;
const CODE: StateReply = { what: 'code', code: new Uint8Array(10) };

async function codeOf(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
  } catch (error) {
    if (isDeltacastError(error)) return error.code;
    throw error;
  }
  return 'answered';
}

function start(bytesPerSecond?: number) {
  const clock = new ManualClock();
  const client = new StateClient(clock);
  const peer = linkOf(bytesPerSecond);
  client.opened(peer.link);
  return { clock, client, ...peer };
}

describe('who asks for state', () => {
  test('keeps to the open questions of a peer, and goes on as they are answered', async () => {
    const { client, link, sent, credits, clock } = start();
    const asked = Array.from({ length: STATE_REQUESTS_OPEN_MAX + 3 }, () => client.ask(link, HASH));
    expect(sent).toHaveLength(STATE_REQUESTS_OPEN_MAX);
    for (let next = 0; next < sent.length; next += 1) {
      client.answer(link, { id: sent[next]!, reply: CODE });
    }
    expect(await Promise.all(asked)).toHaveLength(STATE_REQUESTS_OPEN_MAX + 3);
    expect(new Set(sent).size).toBe(STATE_REQUESTS_OPEN_MAX + 3);
    expect(credits).toEqual(sent.map(() => 15));
    expect(clock.timerCount).toBe(0);
  });

  test('gives up after the deadline, and takes a late answer for none but its own', async () => {
    const { client, link, sent, credits, clock } = start();
    const other = linkOf();
    client.opened(other.link);
    const asked = client.ask(link, HASH);
    clock.advance(STATE_DEADLINE_MS);
    expect(await codeOf(asked)).toBe('PEER_UNAVAILABLE');
    client.answer(other.link, { id: sent[0]!, reply: CODE });
    expect(other.credits).toEqual([]);
    client.answer(link, { id: sent[0]!, reply: CODE });
    client.answer(link, { id: sent[0]!, reply: CODE });
    expect(credits).toHaveLength(1);
    // Nothing is open any more: as many as ever can be asked.
    for (let index = 0; index < STATE_REQUESTS_OPEN_MAX; index += 1) {
      void client.ask(link, HASH).catch(() => undefined);
    }
    expect(sent).toHaveLength(1 + STATE_REQUESTS_OPEN_MAX);
  });

  test('takes no answer from another peer, nor to another question', async () => {
    const { client, link, sent } = start();
    const other = linkOf();
    client.opened(other.link);
    const asked = client.ask(link, HASH);
    client.answer(other.link, { id: sent[0]!, reply: CODE });
    client.answer(link, { id: sent[0]!, reply: { what: 'headers', frames: [] } });
    expect(await codeOf(asked)).toBe('PEER_MISBEHAVED');
    const refused = client.ask(link, HASH);
    client.answer(link, { id: sent[1]!, reply: { what: 'refused', reason: 'no' } });
    expect(await codeOf(refused)).toBe('PEER_UNAVAILABLE');
  });

  test('sends what the peer takes in a second, and nothing to one that takes none', async () => {
    const { client, link, sent, clock } = start(1_000);
    const ids = new Set<number>();
    const asked: Promise<string>[] = [];
    for (let round = 0; round < 8_000; round += 1) {
      asked.push(codeOf(client.ask(link, HASH)));
      const id = sent.at(-1);
      if (id === undefined || ids.has(id)) break;
      ids.add(id);
      client.answer(link, { id, reply: CODE });
    }
    // 37 bytes each: half a burst of 512 KiB, then 900 bytes a second.
    expect(ids.size * 37).toBeLessThan(300_000);
    expect(ids.size * 37).toBeGreaterThan(200_000);
    clock.advance(1_000);
    expect(sent.length).toBeGreaterThan(ids.size);
    client.stop();
    await Promise.all(asked);
    const none = start(0);
    expect(await codeOf(none.client.ask(none.link, HASH))).toBe('PEER_UNAVAILABLE');
    expect(none.sent).toEqual([]);
  });

  test('has a bound on what waits, and answers all when it stops or a peer goes', async () => {
    const { client, link, clock } = start();
    const asked = Array.from({ length: STATE_QUESTIONS_WAITING_MAX }, () =>
      codeOf(client.ask(link, HASH)),
    );
    expect(await codeOf(client.ask(link, HASH))).toBe('PEER_UNAVAILABLE');
    client.closed(link);
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['PEER_UNAVAILABLE']));
    expect(await codeOf(client.ask(link, HASH))).toBe('PEER_UNAVAILABLE');
    const second = linkOf();
    client.opened(second.link);
    const open = codeOf(client.ask(second.link, HASH));
    client.stop();
    expect(await open).toBe('PEER_UNAVAILABLE');
    expect(clock.timerCount).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import type { Link } from '../../../../net/p2p/channel.js';
import { Follower, type FollowerOptions } from '../../../../net/p2p/follow.js';
import type { RangeRequest } from '../../../../net/p2p/messages.js';
import { type DeltacastError, isDeltacastError } from '../../../../state/base/errors.js';
import type { Clock } from '../../../../state/base/ports.js';
import { anchor, CHAIN_ID, Chain, identity } from './network.js';

/** Time that passes only when told to. */
class ManualClock implements Clock {
  private now = 1_000;
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

  pass(ms: number): void {
    this.now += ms;
    const due = this.timers.filter((timer) => timer.atMs <= this.now);
    this.timers = this.timers.filter((timer) => timer.atMs > this.now);
    for (const timer of due) timer.run();
  }

  get timerCount(): number {
    return this.timers.length;
  }
}

class FakeLink implements Link {
  readonly hello;
  readonly queuedBytes = 0;
  receivedBytes = 0;
  readonly requests: RangeRequest[] = [];
  readonly submissions: Uint8Array[] = [];
  readonly misdeeds: DeltacastError[] = [];

  readonly key: string;
  readonly isSequencer: boolean;

  constructor(key: string, nextHeight: number, isSequencer = false) {
    this.key = key;
    this.isSequencer = isSequencer;
    this.hello = {
      version: 1,
      chainId: CHAIN_ID,
      wantedHeight: 0,
      firstHeight: 0,
      nextHeight,
      acceptsSubmits: true,
      inboundBytesPerSecond: 64 * 1_024,
      proof: null,
    };
  }

  /** Requests since the last look, without those that only say stop. */
  asked(): number[] {
    return this.requests
      .splice(0)
      .flatMap(({ count, fromHeight }) => (count > 0 ? [fromHeight] : []));
  }

  sendRangeRequest(request: RangeRequest): void {
    this.requests.push(request);
  }

  sendSubmission(submission: Uint8Array): void {
    this.submissions.push(submission);
  }

  misbehaved(error: DeltacastError): void {
    this.misdeeds.push(error);
  }

  sendFrame = () => undefined;
  sendStatus = () => undefined;
  sendRangeEnd = () => undefined;
  sendStateRequest = () => undefined;
  sendStateAnswer = () => undefined;
  sendAnswers = () => undefined;
  credit = () => undefined;
  close = () => undefined;
}

function followerOf(over: Partial<FollowerOptions> = {}) {
  const clock = new ManualClock();
  const follower = new Follower({
    anchor,
    parentHash: identity,
    nextHeight: 0,
    clock,
    sink: { apply: async () => undefined },
    onHalt: () => undefined,
    ...over,
  });
  return { clock, follower };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a follower', () => {
  it('asks the sequencer rather than a replica that claims to have more', () => {
    const { follower } = followerOf();
    const replica = new FakeLink('a', 0);
    const liar = new FakeLink('b', 1_000_000);
    const sequencer = new FakeLink('c', 5, true);
    follower.opened(replica);
    expect(replica.asked()).toEqual([]);
    follower.opened(liar);
    expect(liar.asked()).toEqual([0]);
    follower.opened(sequencer);
    follower.closed(liar);
    expect([sequencer.asked(), replica.asked()]).toEqual([[0], []]);
  });

  it('leaves a source that brings nothing for two seconds, and comes back to it later', () => {
    const { follower, clock } = followerOf();
    const silent = new FakeLink('a', 20);
    const other = new FakeLink('b', 10);
    follower.opened(silent);
    follower.opened(other);
    expect([silent.asked(), other.asked()]).toEqual([[0], []]);
    for (let second = 0; second < 2; second += 1) {
      clock.pass(1_000);
      follower.tick();
    }
    expect([silent.asked(), other.asked()]).toEqual([[], [0]]);
    follower.closed(other);
    clock.pass(1_000);
    follower.tick();
    expect(silent.asked()).toEqual([0]);
  });

  it('leaves a source that answers at once and says it is live, but sends no frame', () => {
    const { follower, clock } = followerOf();
    const liar = new FakeLink('a', 20);
    follower.opened(liar);
    for (let second = 0; second < 2; second += 1) {
      follower.rangeEnd(liar, { nextHeight: 20, isLive: true });
      follower.status(liar, { firstHeight: 0, nextHeight: 20, isLive: true });
      clock.pass(1_000);
      follower.tick();
    }
    expect(follower.hasSource).toBe(false);
  });

  it('waits longer for one large frame that is still coming in', () => {
    const { follower, clock } = followerOf();
    const slow = new FakeLink('a', 20);
    follower.opened(slow);
    for (let second = 0; second < 10; second += 1) {
      slow.receivedBytes += 100_000;
      clock.pass(1_000);
      follower.tick();
    }
    expect(follower.hasSource).toBe(true);
    for (let second = 0; second < 10; second += 1) {
      clock.pass(1_000);
      follower.tick();
    }
    expect(slow.asked().length).toBeGreaterThan(1);
  });

  it('does not ask again and again for what a peer has more of and does not send', () => {
    const { follower } = followerOf();
    const liar = new FakeLink('a', 20);
    follower.opened(liar);
    follower.rangeEnd(liar, { nextHeight: 20, isLive: false });
    follower.status(liar, { firstHeight: 0, nextHeight: 30, isLive: false });
    expect(liar.asked()).toEqual([0]);
    expect(follower.hasSource).toBe(false);
  });

  it('stops its source when the sink falls behind, and goes on from where it is', async () => {
    const chain = new Chain(8, 4 << 20);
    const releases: (() => void)[] = [];
    const apply = () => new Promise<void>((resolve) => releases.push(resolve));
    const { follower } = followerOf({ sink: { apply } });
    const source = new FakeLink('a', 0, true);
    follower.opened(source);
    follower.rangeEnd(source, { nextHeight: 0, isLive: true });
    source.asked();
    for (const frame of chain.frames) follower.frame(source, frame);
    expect([follower.nextHeight, follower.isLive]).toEqual([4, false]);
    expect(source.requests).toMatchObject([{ count: 0 }]);
    for (let index = 0; index < 3; index += 1) {
      releases.shift()?.();
      await settled();
    }
    expect(source.asked()).toEqual([4]);
    expect(source.misdeeds).toEqual([]);
  });

  it('bans the sender of a bad frame, whoever it is', () => {
    const { follower } = followerOf();
    const source = new FakeLink('a', 20);
    const other = new FakeLink('b', 20);
    follower.opened(source);
    follower.opened(other);
    const frame = new Chain(1).read(0).slice();
    frame[110]! ^= 1;
    follower.frame(other, frame);
    expect(other.misdeeds).toMatchObject([{ code: 'FRAME_BAD_SIGNATURE' }]);
    expect(source.misdeeds).toEqual([]);
  });
});

describe('submissions', () => {
  it('keep to what the peer takes in a second, and time out with a typed error', async () => {
    const { follower, clock } = followerOf();
    const sequencer = new FakeLink('a', 0, true);
    follower.opened(sequencer);
    const raws = [new Uint8Array(120 * 1_024)];
    const sent = [0, 1, 2, 3].map(() => follower.submit(raws).catch((error: unknown) => error));
    await settled();
    // Two within the burst of 256 KiB, the third after its turn, the fourth after that.
    expect(sequencer.submissions).toHaveLength(2);
    clock.pass(1_900);
    expect(sequencer.submissions).toHaveLength(3);
    clock.pass(2_200);
    expect(sequencer.submissions).toHaveLength(4);
    follower.answers(sequencer, { id: 2, answers: [{ code: 'OK', message: '' }] });
    expect(await sent[2]).toEqual([{ code: 'OK', message: '' }]);
    clock.pass(14_000);
    const outcomes = await Promise.all(sent);
    const late = outcomes.filter((outcome) => isDeltacastError(outcome, 'PEER_UNAVAILABLE'));
    expect([late.length, clock.timerCount]).toEqual([3, 0]);
  });

  it('are at most eight at a time', async () => {
    const { follower } = followerOf();
    const sequencer = new FakeLink('a', 0, true);
    follower.opened(sequencer);
    const raws = [new Uint8Array(1)];
    const sent = Array.from({ length: 9 }, () => follower.submit(raws).catch((e: unknown) => e));
    expect(isDeltacastError(await sent[8], 'PEER_UNAVAILABLE')).toBe(true);
    expect(sequencer.submissions).toHaveLength(8);
    follower.closed(sequencer);
    for (const outcome of await Promise.all(sent)) {
      expect(isDeltacastError(outcome, 'PEER_UNAVAILABLE')).toBe(true);
    }
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as wire from '../../../../net/p2p/messages.js';
import { isDeltacastError } from '../../../../state/base/errors.js';

const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };
const raws = [new Uint8Array([1, 2, 3]), new Uint8Array(0), new Uint8Array(200)];
const hello = {
  version: 1,
  chainId: 31_337,
  wantedHeight: 7,
  firstHeight: 5,
  nextHeight: 2 ** 40,
  acceptsSubmits: true,
  inboundBytesPerSecond: 65_536,
  proof: new Uint8Array(64).fill(9),
};

const READERS = [
  wire.readHello,
  wire.readStatus,
  wire.readRangeRequest,
  wire.readRangeEnd,
  wire.readSubmission,
  wire.readAnswers,
];
const SAMPLES = [
  wire.writeHello(hello),
  wire.writeStatus({ isLive: true, firstHeight: 1, nextHeight: 2 }),
  wire.writeRangeRequest({ fromHeight: 3, count: 1_000, bytesMax: 5, wantsLive: true }),
  wire.writeRangeEnd({ nextHeight: 9, isLive: false }),
  wire.writeSubmission({ id: 1, hops: 2, raws }),
  wire.writeAnswers({ id: 1, answers: [{ code: 'OK', message: '' }] }),
];

describe('messages', () => {
  it('come back as they were written', () => {
    expect(wire.readHello(wire.writeHello(hello))).toEqual(hello);
    const plain = { ...hello, proof: null, acceptsSubmits: false };
    expect(wire.readHello(wire.writeHello(plain))).toEqual(plain);
    const status = { isLive: true, firstHeight: 0, nextHeight: 2 ** 53 - 1 };
    expect(wire.readStatus(wire.writeStatus(status))).toEqual(status);
    const request = { fromHeight: 12, count: 1_000, bytesMax: 5, wantsLive: false };
    expect(wire.readRangeRequest(wire.writeRangeRequest(request))).toEqual(request);
    const end = { nextHeight: 13, isLive: true };
    expect(wire.readRangeEnd(wire.writeRangeEnd(end))).toEqual(end);
    const submission = { id: 0xffff_ffff, hops: 3, raws };
    expect(wire.readSubmission(wire.writeSubmission(submission))).toEqual(submission);
    const answers = { id: 4, answers: [{ code: 'TX_KNOWN', message: 'schon da: ä' }] };
    expect(wire.readAnswers(wire.writeAnswers(answers))).toEqual(answers);
  });

  it('cut texts that are too long, and not within a character', () => {
    const written = wire.writeAnswers({
      id: 0,
      answers: [{ code: 'C'.repeat(100), message: `${'é'.repeat(129)}x` }],
    });
    const [answer] = wire.readAnswers(written).answers;
    expect(answer).toEqual({ code: 'C'.repeat(48), message: 'é'.repeat(128) });
    const odd = wire.writeAnswers({
      id: 0,
      answers: [{ code: '', message: `x${'é'.repeat(200)}` }],
    });
    expect(wire.readAnswers(odd).answers[0]?.message).toBe(`x${'é'.repeat(127)}`);
  });

  it('over their bounds are refused when written and when read', () => {
    const many = Array.from({ length: 65 }, () => new Uint8Array(1));
    const large = [new Uint8Array(128 * 1024 + 1)];
    for (const wrong of [[], many, large]) {
      expect(() => wire.writeSubmission({ id: 1, hops: 0, raws: wrong })).toThrow(/submission/);
    }
    const request = wire.writeRangeRequest({
      fromHeight: 0,
      count: 1_000,
      bytesMax: 5,
      wantsLive: true,
    });
    new DataView(request.buffer).setUint16(8, 1_001, true);
    expect(() => wire.readRangeRequest(request)).toThrow(/too many frames/);
  });

  it('give nothing but a typed error for garbage, truncations and mutations', () => {
    const check = (reader: (bytes: Uint8Array) => unknown, bytes: Uint8Array) => {
      try {
        reader(bytes);
      } catch (error) {
        expect(isDeltacastError(error, 'PEER_MISBEHAVED')).toBe(true);
      }
    };
    for (const [index, sample] of SAMPLES.entries()) {
      for (let size = 0; size < sample.length; size += 1) {
        expect(() => READERS[index]?.(sample.subarray(0, size))).toThrow();
      }
    }
    fc.assert(
      fc.property(fc.nat(5), fc.nat(5), fc.nat(299), fc.nat(255), (reader, sample, at, value) => {
        const bytes = SAMPLES[sample]!.slice();
        bytes[at % bytes.length] = value;
        check(READERS[reader]!, bytes);
      }),
      { ...seed, numRuns: 20_000 },
    );
    fc.assert(
      fc.property(fc.nat(5), fc.uint8Array({ maxLength: 400 }), (reader, bytes) => {
        check(READERS[reader]!, bytes);
      }),
      { ...seed, numRuns: 5_000 },
    );
  });
});

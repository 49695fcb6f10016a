import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FRAME_BODY_AT,
  FrameChain,
  KIND_MINI_BLOCK,
  signFrame,
  verifyFrame,
} from '../../../../net/p2p/frame.js';
import { chainIdentity, signerOf } from '../../../../net/p2p/keys.js';
import { isDeltacastError } from '../../../../state/base/errors.js';

const signer = signerOf(new Uint8Array(32).fill(1));
const stranger = signerOf(new Uint8Array(32).fill(2));
const anchor = { chainId: 31_337, publicKey: signer.publicKey };
const identity = chainIdentity(31_337, signer.publicKey);
const base = {
  kind: KIND_MINI_BLOCK,
  chainId: 31_337,
  height: 0,
  timestampMs: 5,
  parentHash: identity,
} as const;
const make = (over: object = {}, by = signer) =>
  signFrame({ ...base, body: new Uint8Array([1, 2, 3]), ...over }, by).bytes;

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isDeltacastError(error)) return error.code;
    throw error;
  }
  return 'none';
}

describe('frames', () => {
  it('come back as they were signed', () => {
    const frame = verifyFrame(make({ height: 7 }), anchor);
    expect([frame.height, frame.timestampMs, [...frame.body]]).toEqual([7, 5, [1, 2, 3]]);
  });

  it('are to their signer what they are to others', () => {
    const fields = { ...base, height: 7, body: new Uint8Array([1, 2, 3]) };
    const frame = signFrame(fields, signer);
    expect(verifyFrame(frame.bytes, anchor)).toEqual(frame);
  });

  it('of another key or chain are refused', () => {
    expect(codeOf(() => verifyFrame(make({}, stranger), anchor))).toBe('FRAME_BAD_SIGNATURE');
    expect(codeOf(() => verifyFrame(make({ chainId: 1 }), anchor))).toBe('FRAME_WRONG_CHAIN');
  });

  it('are refused for every flipped bit of header, signature and body', () => {
    const whole = make();
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const damaged = whole.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(codeOf(() => verifyFrame(damaged, anchor))).toMatch(/^FRAME_/);
    }
    expect(whole.length).toBe(FRAME_BODY_AT + 3);
  });

  it('never give anything but a typed error for garbage and for every truncation', () => {
    const whole = make();
    for (let size = 0; size < whole.length; size += 1) {
      expect(codeOf(() => verifyFrame(whole.subarray(0, size), anchor))).toBe('FRAME_MALFORMED');
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (garbage) => {
        garbage.set(whole.subarray(0, Math.min(6, garbage.length)));
        expect(codeOf(() => verifyFrame(garbage, anchor))).toMatch(/^FRAME_/);
      }),
    );
  });

  it('that claim a huge body are refused before anything is read or allocated', () => {
    const huge = make().slice();
    new DataView(huge.buffer).setUint32(32, 0xffff_ffff, true);
    expect(codeOf(() => verifyFrame(huge, anchor))).toBe('FRAME_OVERSIZED');
    expect(codeOf(() => make({ body: new Uint8Array(13 << 20) }))).toBe('FRAME_OVERSIZED');
  });
});

describe('the chain of frames', () => {
  const chainOf = (count: number) => {
    const frames = [];
    let parentHash = identity;
    for (let height = 0; height < count; height += 1) {
      const frame = verifyFrame(make({ height, parentHash }), anchor);
      frames.push(frame);
      parentHash = frame.hash;
    }
    return frames;
  };

  it('takes each frame once and in order, whatever the order of arrival', () => {
    const frames = chainOf(8);
    fc.assert(
      fc.property(fc.array(fc.nat(7), { maxLength: 60 }), (arrivals) => {
        const chain = new FrameChain(identity);
        let applied = 0;
        for (const index of arrivals) {
          const before = chain.height;
          const placement = chain.place(frames[index]!);
          if (placement === 'next') applied += 1;
          const expected = index === before ? 'next' : index < before ? 'duplicate' : 'gap';
          expect(placement).toBe(expected);
        }
        expect(chain.height).toBe(applied);
      }),
    );
  });

  it('stops at two signed frames of one height, and at a frame of another history', () => {
    const [first, second] = chainOf(2);
    const chain = new FrameChain(identity);
    chain.place(first!);
    const twin = verifyFrame(make({ timestampMs: 6 }), anchor);
    expect(codeOf(() => chain.place(twin))).toBe('FRAME_EQUIVOCATION');
    const forked = verifyFrame(make({ height: 1, parentHash: twin.hash }), anchor);
    expect(codeOf(() => chain.place(forked))).toBe('FRAME_EQUIVOCATION');
    expect(chain.place(second!)).toBe('next');
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Frame, KIND_MINI_BLOCK, signFrame } from '../../../../net/p2p/frame.js';
import { type Evidence, FrameIntake, type IntakeOptions } from '../../../../net/p2p/intake.js';
import { signerOf } from '../../../../net/p2p/keys.js';
import { anchor, CHAIN_ID, Chain, identity, signer } from './network.js';

const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };
const FRAMES = Number(process.env['RUNS'] ?? 50_000);
const settled = () => new Promise((resolve) => setImmediate(resolve));

function intakeOf(over: Partial<IntakeOptions> = {}) {
  const applied: Frame[] = [];
  const halts: { error: unknown; evidence: Evidence | null }[] = [];
  const intake = new FrameIntake({
    anchor,
    parentHash: identity,
    nextHeight: 0,
    sink: { apply: async (frame) => void applied.push(frame) },
    onHalt: (error, evidence) => halts.push({ error, evidence }),
    onRoom: () => undefined,
    ...over,
  });
  return { intake, applied, halts };
}

/** A frame that the sequencer signed, other than the chain's at that height. */
function twinOf(chain: Chain, height: number, parentHash: Uint8Array): Uint8Array {
  const body = new Uint8Array([99]);
  const fields = { kind: KIND_MINI_BLOCK, chainId: CHAIN_ID, height, timestampMs: 2 } as const;
  expect(height).toBeLessThanOrEqual(chain.nextHeight);
  return signFrame({ ...fields, parentHash, body }, signer).bytes;
}

describe('the intake', () => {
  it(`survives ${FRAMES} garbage, truncated and mutated frames`, async () => {
    const chain = new Chain(4, 200);
    const { intake, applied } = intakeOf();
    const stranger = signerOf(new Uint8Array(32).fill(2));
    const foreign = signFrame(
      {
        kind: KIND_MINI_BLOCK,
        chainId: CHAIN_ID,
        height: 0,
        timestampMs: 1,
        parentHash: identity,
        body: new Uint8Array(3),
      },
      stranger,
    ).bytes;
    const base = fc.constantFrom(...chain.frames, foreign);
    const arbitrary = fc.oneof(
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 500 }) },
      {
        weight: 1,
        arbitrary: fc.tuple(base, fc.nat(400)).map(([f, n]) => f.slice(0, n % f.length)),
      },
      {
        weight: 6,
        arbitrary: fc
          .tuple(base, fc.nat(400), fc.integer({ min: 1, max: 255 }))
          .map(([f, at, x]) => {
            const bytes = f.slice();
            bytes[at % bytes.length] = bytes[at % bytes.length]! ^ x;
            return bytes;
          }),
      },
    );
    const before = process.memoryUsage().rss;
    fc.assert(
      fc.property(arbitrary, (bytes) => {
        const verdict = intake.offer(bytes);
        if (verdict.kind !== 'refused') throw new Error(`let through: ${verdict.kind}`);
        expect(verdict.error.code).toMatch(/^FRAME_/);
      }),
      { ...seed, numRuns: FRAMES },
    );
    const grownMib = (process.memoryUsage().rss - before) / 2 ** 20;
    console.log(`RSS grew by ${grownMib.toFixed(0)} MiB over ${FRAMES} bad frames`);
    for (const frame of chain.frames) expect(intake.offer(frame).kind).toBe('next');
    await settled();
    expect(applied.map(({ height }) => height)).toEqual([0, 1, 2, 3]);
  });

  it('applies each frame once and in order for any sequence of arrivals', async () => {
    const chain = new Chain(12, 20);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(11), { maxLength: 40 }),
        fc.nat(12),
        async (arrivals, from) => {
          const start = from === 0 ? identity : chain.hashAt(from - 1);
          const { intake, applied, halts } = intakeOf({ nextHeight: from, parentHash: start });
          let next = from;
          for (const height of arrivals) {
            const { kind } = intake.offer(chain.read(height));
            expect(kind).toBe(height === next ? 'next' : height < next ? 'duplicate' : 'gap');
            if (height === next) next += 1;
          }
          await settled();
          const expected = Array.from({ length: next - from }, (_, index) => from + index);
          expect(applied.map(({ height }) => height)).toEqual(expected);
          expect([intake.appliedHeight, halts.length]).toEqual([next, 0]);
        },
      ),
      { ...seed, numRuns: Math.ceil(FRAMES / 25) },
    );
  });

  it('halts for good at two signed frames of one height, and keeps both', async () => {
    const chain = new Chain(3);
    const { intake, applied, halts } = intakeOf();
    for (const frame of chain.frames) intake.offer(frame);
    await settled();
    const twin = twinOf(chain, 1, chain.hashAt(0));
    expect(intake.offer(twin).kind).toBe('halted');
    expect(halts).toMatchObject([
      {
        error: { code: 'FRAME_EQUIVOCATION' },
        evidence: { height: 1, held: chain.read(1), received: twin },
      },
    ]);
    expect(intake.offer(chain.grow()).kind).toBe('halted');
    await settled();
    expect([applied.length, halts.length]).toEqual([3, 1]);
  });

  it('halts at a frame that names another parent, also right after a restart', () => {
    const chain = new Chain(3);
    const { intake, halts } = intakeOf({
      nextHeight: 3,
      parentHash: chain.hashAt(2),
      recall: (height) => chain.read(height),
    });
    const forked = twinOf(chain, 3, new Uint8Array(32));
    expect(intake.offer(forked).kind).toBe('halted');
    expect(halts[0]?.evidence).toEqual({ height: 3, held: chain.read(2), received: forked });
  });

  it('halts when the sink refuses, and applies nothing after it', async () => {
    const chain = new Chain(5);
    const seen: number[] = [];
    const { intake, halts } = intakeOf({
      sink: {
        async apply({ height }) {
          seen.push(height);
          if (height === 2) throw new Error('another root');
        },
      },
    });
    for (const frame of chain.frames) intake.offer(frame);
    await settled();
    expect(seen).toEqual([0, 1, 2]);
    expect(intake.appliedHeight).toBe(2);
    expect(halts).toMatchObject([{ error: { message: 'another root' }, evidence: null }]);
    expect(intake.offer(chain.grow()).kind).toBe('halted');
  });

  it('says how much room there is, and when its queue has become half empty', async () => {
    const chain = new Chain(5, 4 << 20);
    let release = (): void => undefined;
    let rooms = 0;
    const { intake } = intakeOf({
      sink: { apply: () => new Promise<void>((resolve) => (release = resolve)) },
      onRoom: () => {
        rooms += 1;
      },
    });
    const states = chain.frames.map((frame) => {
      intake.offer(frame);
      return [intake.hasRoom, intake.roomBytes > 0];
    });
    const [roomy, half, full] = [
      [true, true],
      [false, true],
      [false, false],
    ];
    expect(states).toEqual([roomy, half, half, full, full]);
    for (let index = 0; index < 5; index += 1) {
      release();
      await settled();
    }
    expect([rooms, intake.hasRoom, intake.appliedHeight]).toEqual([1, true, 5]);
  });
});

import { blake3 } from '@noble/hashes/blake3.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseFrame, signFrame } from '../../../../net/p2p/frame.js';
import { type Signer, signerOf } from '../../../../net/p2p/keys.js';
import { type StateReply, writeStateAnswer } from '../../../../net/p2p/state-messages.js';
import type { SequencerCore } from '../../../../runtime/core.js';
import type { Equivocation } from '../../../../runtime/light/header-chain.js';
import { LightCore } from '../../../../runtime/light/light-core.js';
import { ChainStateSource } from '../../../../runtime/state-source.js';
import { decodeSeal, encodeSeal } from '../../../../runtime/wire.js';
import { concatBytes, equalBytes, toBigInt } from '../../../../state/base/bytes.js';
import { type DeltacastError, isDeltacastError } from '../../../../state/base/errors.js';
import { keccak256 } from '../../../../state/base/keccak.js';
import { systemClock } from '../../../../state/base/ports.js';
import { pathOf, type StateKey, verifyProof } from '../../../../state/proof.js';
import { headerRoots } from '../../../../workers/header.js';
import { signedTransfer, startCore, submitAndWait, until } from '../../../helpers/core.js';
import { type Behaviour, PeerLink, type Told } from '../../../helpers/state-peers.js';

/** A light node among peers that lie in every way that we could think of. */

const RUNS = Number(process.env['RUNS'] ?? 150);
const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };
const target = new Uint8Array(20).fill(0x77);
const nobody = new Uint8Array(20).fill(0x99);
const balance: StateKey = { kind: 0, address: target };
const absent: StateKey = { kind: 0, address: nobody };
const stranger = signerOf(new Uint8Array(32).fill(5));
/** Deadlines in a twentieth of the time. */
const clock = {
  ...systemClock,
  after: (ms: number, run: () => void) => systemClock.after(ms / 20, run),
};

let core: SequencerCore;
let source: ChainStateSource;
let last = 0;

async function nextBlock(nonce: number): Promise<void> {
  await submitAndWait(core, signedTransfer({ nonce, to: target, value: 5n }));
  await core.endBlock();
  last += 1;
  await until(() => core.chain.sealedTip?.number === last, 'the seal');
}

beforeAll(async () => {
  core = await startCore({ workers: 0, proofBlocks: 8, blockMs: 3_600_000 });
  source = new ChainStateSource(core.chain, core.proofs);
  for (let nonce = 0; nonce < 4; nonce += 1) await nextBlock(nonce);
});
afterAll(() => core.stop());

function lightWith(behaviours: readonly Behaviour[], maxAgeMs = 3_600_000, time = clock) {
  const halts: Equivocation[] = [];
  const light = new LightCore({
    anchor: { chainId: core.chain.chainId, publicKey: core.signer.publicKey },
    clock: time,
    maxAgeMs,
    onHalt: (error) => halts.push(error),
  });
  const links = behaviours.map((behave, index) => new PeerLink(`${index}`, light, source, behave));
  for (const link of links) light.opened(link);
  return { light, links, halts };
}

const honest: Behaviour = (_question, reply) => reply;
/** Lies in proofs only. */
const inProofs =
  (lie: (reply: Extract<StateReply, { what: 'proof' }>) => Told | Promise<Told>): Behaviour =>
  (_question, reply) =>
    reply.what === 'proof' ? lie(reply) : reply;

async function ready(light: LightCore): Promise<void> {
  await until(() => light.tip?.number === last, 'the headers');
}

async function readKey(light: LightCore, key: StateKey, number: number | null = null) {
  const { values } = await light.prove([[key]], number);
  return toBigInt(values[0]![0]!);
}

async function errorOf(run: () => Promise<unknown>): Promise<DeltacastError> {
  const error = await run().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isDeltacastError(error)) throw error ?? new Error('it was answered');
  return error;
}

function flipped(bytes: Uint8Array, at: number, bit = 0): Uint8Array {
  const changed = bytes.slice();
  changed[(at + changed.length) % changed.length]! ^= 1 << bit;
  return changed;
}

/** The newest seal with another state root, signed by whoever. */
function forgedSeal(frame: Uint8Array, stateRoot: Uint8Array, by: Signer, chainId = 31_337) {
  const fields = parseFrame(frame);
  const seal = decodeSeal(fields.body, fields.chainId);
  const headerRlp = seal.headerRlp.slice();
  const { stateRoot: found } = headerRoots(headerRlp);
  const at = Buffer.from(headerRlp).indexOf(Buffer.from(found));
  headerRlp.set(stateRoot, at);
  return signFrame({ ...fields, chainId, body: encodeSeal({ ...seal, headerRlp }) }, by).bytes;
}

/** A state of the liar's own, in which the target is rich: a proof that holds under its root. */
const riches = new Uint8Array(32).fill(0xff);
const richProof = concatBytes(Uint8Array.of(1, 1, 0, 2), riches);
const richRoot = blake3(concatBytes(pathOf(balance), riches));
richRoot[0]! |= 0x80;

const LIES: Readonly<Record<string, Behaviour>> = {
  'another value': inProofs((reply) => ({
    ...reply,
    proofs: reply.proofs.map((proof) => flipped(proof, -1)),
  })),
  'a proof of another key': inProofs(async (reply) => {
    const { proofs } = await source.prove([[absent]], null);
    return { ...reply, proofs };
  }),
  'an old proof with the newest header': inProofs(async (reply) => {
    const { proofs } = await source.prove([[balance]], last - 2);
    return { ...reply, proofs };
  }),
  'a proof that there is nothing': inProofs((reply) => ({
    ...reply,
    proofs: [Uint8Array.of(1, 1, 0, 0)],
  })),
  'a proof of absence taken from another place': inProofs(async (reply) => {
    const { proofs } = await source.prove([[absent]], null);
    return { ...reply, proofs: proofs.map((proof) => flipped(proof, 3, 1)) };
  }),
  'no proof': inProofs((reply) => ({ ...reply, proofs: [new Uint8Array(0)] })),
  'fewer proofs': inProofs((reply) => ({ ...reply, proofs: [] })),
  'more proofs': inProofs((reply) => ({ ...reply, proofs: [...reply.proofs, ...reply.proofs] })),
  'half a proof': inProofs((reply) => ({
    ...reply,
    proofs: reply.proofs.map((proof) => proof.slice(0, proof.length >> 1)),
  })),
  'a proof with something after it': inProofs((reply) => ({
    ...reply,
    proofs: reply.proofs.map((proof) => concatBytes(proof, new Uint8Array(32).fill(1))),
  })),
  'a proof of 100 KB': inProofs((reply) => ({
    ...reply,
    proofs: [new Uint8Array(100_000).fill(1)],
  })),
  'an answer of 2 MB': () => new Uint8Array(2_000_000),
  'an answer that is cut off': inProofs((reply) => writeStateAnswer({ id: 0, reply }).slice(0, -5)),
  'an answer that is no answer': () => Uint8Array.of(0, 0, 0, 0, 99),
  'an unsigned header': inProofs((reply) => ({
    ...reply,
    frame: concatBytes(reply.frame.slice(0, 104), new Uint8Array(64), reply.frame.slice(168)),
  })),
  'a header of its own': inProofs((reply) => ({
    ...reply,
    frame: forgedSeal(reply.frame, richRoot, stranger),
    proofs: [richProof],
  })),
  'a header with a changed root': inProofs((reply) => ({
    ...reply,
    frame: flipped(reply.frame, 400),
  })),
  'a header of another chain': inProofs((reply) => ({
    ...reply,
    frame: forgedSeal(reply.frame, richRoot, core.signer, 1),
    proofs: [richProof],
  })),
  'a mini-block for a header': inProofs((reply) => ({ ...reply, frame: core.chain.store.read(0) })),
  'no header': inProofs((reply) => ({ ...reply, frame: new Uint8Array(0) })),
  'an answer to another question': inProofs(() => ({ what: 'headers', frames: [] })),
};

/** What is no lie that could be told from bad luck: passed over, and not banned. */
const FAILINGS: Readonly<Record<string, Behaviour>> = {
  silence: inProofs(() => null),
  'a refusal': inProofs(() => ({ what: 'refused', reason: 'no' })),
  'an old root with its own signed header': inProofs(async () => {
    return { what: 'proof', ...(await source.prove([[balance]], last - 2)) };
  }),
};

describe('a light node', () => {
  test('would be fooled by the state of a liar, but for the signature', () => {
    expect(verifyProof(richRoot, [balance], richProof)).toEqual([riches]);
  });

  test('reads what is there, what is not, and what was', async () => {
    const { light, links } = lightWith([honest]);
    await ready(light);
    expect(await readKey(light, balance)).toBe(20n);
    expect(await readKey(light, absent)).toBe(0n);
    expect(await readKey(light, balance, last - 1)).toBe(15n);
    expect(links[0]!.misdeeds).toEqual([]);
  });

  test.each(Object.keys(LIES))('is not fooled by %s', async (name) => {
    const { light, links } = lightWith([LIES[name]!, honest]);
    await ready(light);
    expect(await readKey(light, balance)).toBe(20n);
    expect(links.map(({ misdeeds }) => misdeeds.length)).toEqual([1, 0]);
    // The liar is gone: it is not asked again.
    const { asked } = links[0]!;
    expect(await readKey(light, balance)).toBe(20n);
    expect(links[0]!.asked).toBe(asked);
  });

  test.each(Object.keys(FAILINGS))('passes over %s, and bans nobody', async (name) => {
    const { light, links } = lightWith([FAILINGS[name]!, honest]);
    await ready(light);
    expect(await readKey(light, balance)).toBe(20n);
    expect(links.map(({ misdeeds }) => misdeeds.length)).toEqual([0, 0]);
  });

  test.each([...Object.entries(LIES), ...Object.entries(FAILINGS)])(
    'says that nobody proves it where there is only %s',
    async (_name, lie) => {
      const { light } = lightWith([lie, lie]);
      await until(() => light.tip?.number === last || !light.hasPeer, 'the headers');
      const error = await errorOf(() => readKey(light, balance));
      expect(error.code).toBe('PROOF_UNAVAILABLE');
    },
  );

  test('takes nothing but the truth from an answer with any byte changed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const { light } = lightWith([
          inProofs((reply) => {
            const bytes = writeStateAnswer({ id: 0, reply });
            bytes[4 + (at % (bytes.length - 4))]! ^= mask;
            return bytes;
          }),
        ]);
        await ready(light);
        const told = await readKey(light, balance).catch((error: unknown) => {
          if (!isDeltacastError(error, 'PROOF_UNAVAILABLE')) throw error;
          return null;
        });
        expect([20n, null]).toContain(told);
      }),
      { numRuns: RUNS, ...seed },
    );
  });

  test('believes no newest block that is too old', async () => {
    const late = { ...clock, nowMs: () => Date.now() + 3_600_000 };
    const { light } = lightWith([honest], 30_000, late);
    await ready(light);
    const error = await errorOf(() => readKey(light, balance));
    expect([error.code, error.message]).toEqual([
      'PROOF_UNAVAILABLE',
      expect.stringContaining('s old'),
    ]);
    expect(() => light.newest).toThrow('s old');
    // An older block is what it is.
    expect(await readKey(light, balance, last)).toBe(20n);
  });

  test('never goes back behind a block that it has shown', async () => {
    const { light } = lightWith([honest, FAILINGS['an old root with its own signed header']!]);
    await ready(light);
    for (let round = 0; round < 5; round += 1) {
      const { header } = await light.prove([[balance]], null);
      expect(header.number).toBe(last);
    }
  });

  test('is not led to walk up from an old header', async () => {
    const old: Behaviour = (question, reply) =>
      question.what === 'headers' && question.number === null
        ? { what: 'headers', frames: [source.sealFrame(0)!] }
        : reply;
    const { light } = lightWith([old, honest]);
    await ready(light);
    expect(await readKey(light, balance)).toBe(20n);
  });

  test('checks code by its hash', async () => {
    const code = Uint8Array.of(1, 2, 3);
    const told = (bytes: Uint8Array): Behaviour => {
      return (question, reply) =>
        question.what === 'code' ? { what: 'code', code: bytes } : reply;
    };
    const { light, links } = lightWith([told(Uint8Array.of(1, 2, 4)), told(code)]);
    await ready(light);
    expect(await light.code(keccak256(code))).toEqual(code);
    expect(links.map(({ misdeeds }) => misdeeds.length)).toEqual([1, 0]);
    expect((await errorOf(() => light.code(keccak256(target)))).code).toBe('PROOF_UNAVAILABLE');
  });

  test('bans who gives other headers than were asked for', async () => {
    const shuffled: Behaviour = (question, reply) =>
      question.what === 'headers' && question.number !== null && reply.what === 'headers'
        ? { what: 'headers', frames: [source.sealFrame(1)!] }
        : reply;
    const { light, links } = lightWith([shuffled]);
    await ready(light);
    light.status(links[0]!);
    await until(() => links[0]!.misdeeds.length === 1, 'the ban');
    expect((await errorOf(() => light.header(2))).code).toBe('PROOF_UNAVAILABLE');
  });
});

describe('two histories of the sequencer', () => {
  const another = (frame: Uint8Array) => forgedSeal(frame, new Uint8Array(32).fill(1), core.signer);

  test('end the light node, with both frames kept', async () => {
    const { light, links, halts } = lightWith([honest]);
    await ready(light);
    const forked = new PeerLink(
      'forked',
      light,
      source,
      inProofs((reply) => ({ ...reply, frame: another(reply.frame) })),
    );
    light.closed(links[0]!);
    light.opened(forked);
    const error = await errorOf(() => readKey(light, balance));
    expect(error.code).toBe('FRAME_EQUIVOCATION');
    expect(halts).toHaveLength(1);
    const { held, received } = halts[0]!;
    expect(equalBytes(held, source.sealFrame(last)!)).toBe(true);
    expect(equalBytes(received, another(held))).toBe(true);
    // Nobody can talk it into answering again.
    light.opened(new PeerLink('late', light, source, honest));
    expect((await errorOf(() => readKey(light, balance))).code).toBe('FRAME_EQUIVOCATION');
  });

  test('are seen where a block is no child of the one before', async () => {
    const { light, halts } = lightWith([
      (question, reply) =>
        question.what === 'headers' && reply.what === 'headers' && question.number === null
          ? { what: 'headers', frames: [another(source.sealFrame(last - 1)!)] }
          : reply,
    ]);
    await until(() => light.tip?.number === last - 1, 'the forged header');
    expect((await errorOf(() => readKey(light, balance))).code).toBe('FRAME_EQUIVOCATION');
    expect(halts).toHaveLength(1);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  readStateAnswer,
  readStateRequest,
  type StateQuestion,
  type StateReply,
  writeStateAnswer,
  writeStateRequest,
} from '../../../../net/p2p/state-messages.js';
import { isDeltacastError } from '../../../../state/base/errors.js';
import { STATE_ANSWER_BYTES_MAX, STATE_KEYS_MAX } from '../../../../state/base/limits.js';
import type { StateKey } from '../../../../state/proof.js';

const RUNS = Number(process.env['RUNS'] ?? 300);
const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };
const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const key: fc.Arbitrary<StateKey> = fc.oneof(
  fc.record({ kind: fc.constantFrom(0 as const, 1 as const, 2 as const), address: bytesOf(20) }),
  fc.record({ kind: fc.constant(3 as const), address: bytesOf(20), slot: bytesOf(32) }),
);
const number = fc.option(fc.nat({ max: Number.MAX_SAFE_INTEGER }));
const question: fc.Arbitrary<StateQuestion> = fc.oneof(
  fc.record({
    what: fc.constant('headers' as const),
    number,
    count: fc.integer({ min: 1, max: 64 }),
  }),
  fc.record({
    what: fc.constant('proof' as const),
    number,
    keySets: fc.array(fc.array(key, { minLength: 1, maxLength: 8 }), {
      minLength: 1,
      maxLength: 8,
    }),
  }),
  fc.record({ what: fc.constant('code' as const), hash: bytesOf(32) }),
);
const blob = fc.uint8Array({ maxLength: 300 });
const reply: fc.Arbitrary<StateReply> = fc.oneof(
  fc.record({ what: fc.constant('refused' as const), reason: fc.string({ maxLength: 40 }) }),
  fc.record({ what: fc.constant('headers' as const), frames: fc.array(blob, { maxLength: 64 }) }),
  fc.record({
    what: fc.constant('proof' as const),
    frame: blob,
    proofs: fc.array(blob, { maxLength: 64 }),
  }),
  fc.record({ what: fc.constant('code' as const), code: blob }),
);
const id = fc.nat({ max: 0xffff_ffff });

/** What the reader gives, or null where it finds misbehaviour; nothing else may come of bytes. */
function guarded<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (isDeltacastError(error, 'PEER_MISBEHAVED')) return null;
    throw error;
  }
}

describe('questions and answers about state', () => {
  test('come back as they were written', () => {
    fc.assert(
      fc.property(id, question, reply, (id, question, reply) => {
        expect(readStateRequest(writeStateRequest({ id, question }))).toEqual({ id, question });
        const { what, ...rest } = readStateAnswer(writeStateAnswer({ id, reply })).reply;
        expect({ what, ...rest }).toEqual(reply);
      }),
      { numRuns: RUNS, ...seed },
    );
  });

  test('are read or are misbehaviour, whatever becomes of their bytes', () => {
    fc.assert(
      fc.property(id, question, reply, fc.nat(), fc.nat(255), (id, question, reply, at, byte) => {
        for (const [bytes, read, write] of [
          [writeStateRequest({ id, question }), readStateRequest, writeStateRequest],
          [writeStateAnswer({ id, reply }), readStateAnswer, writeStateAnswer],
        ] as const) {
          const changed = bytes.slice(0, at % 3 === 0 ? at % bytes.length : bytes.length);
          if (changed.length > 0) changed[at % changed.length]! ^= byte;
          const value = guarded(() => read(changed));
          // What is accepted has this one form, except for a refusal's words, which are cut.
          if (value === null || ('reply' in value && value.reply.what === 'refused')) continue;
          expect(write(value as never)).toEqual(changed);
        }
      }),
      { numRuns: RUNS, ...seed },
    );
  });

  test('have bounds', () => {
    const address = new Uint8Array(20);
    const keys = (count: number) => new Array<StateKey>(count).fill({ kind: 0, address });
    const ask = (keySets: StateKey[][]) =>
      writeStateRequest({ id: 1, question: { what: 'proof', number: null, keySets } });
    expect(guarded(() => readStateRequest(ask([keys(STATE_KEYS_MAX)])))).not.toBeNull();
    expect(() => ask([keys(STATE_KEYS_MAX), keys(1)])).toThrow();
    const many = ask([keys(STATE_KEYS_MAX)]);
    many[14] = 255;
    expect(guarded(() => readStateRequest(many))).toBeNull();
    const code = new Uint8Array(STATE_ANSWER_BYTES_MAX);
    const large = writeStateAnswer({ id: 1, reply: { what: 'code', code } });
    expect(readStateAnswer(large).reply.what).toBe('refused');
    expect(guarded(() => readStateAnswer(code))).toBeNull();
    expect(guarded(() => readStateAnswer(new Uint8Array(STATE_ANSWER_BYTES_MAX + 1)))).toBeNull();
  });
});

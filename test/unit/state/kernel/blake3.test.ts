import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blake3 } from '@noble/hashes/blake3.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../../../../state/base/bytes.js';
import { instantiateKernel } from '../../../../state/base/wasm.js';
import { TRIE_HEAP } from '../../../../state/trie/map.js';
import { DATA_DIR, DATA_HINT } from '../../../helpers/data.js';

/** Our BLAKE3, one message and four at a time, against the official vectors and a library. */

interface HashKernel {
  hashBlock(message: number, length: number, out: number): void;
  hashFour(tasks: number, keep: number, set: number): void;
}

const RUNS = Number(process.env['RUNS'] ?? 200);
const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };

const pages = Math.ceil(TRIE_HEAP / 65_536) + 1;
const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
const kernel = instantiateKernel<HashKernel>('trie', memory);
/** Free bytes at the end: four tasks, then messages, then hashes. */
const TASKS = TRIE_HEAP;
const MESSAGES = TASKS + 64;
const OUTS = MESSAGES + 256;
const KEEP_ALL = 0xffffffff;

function hashOne(message: Uint8Array): string {
  const block = new Uint8Array(memory.buffer, MESSAGES, 64);
  block.fill(0);
  block.set(message);
  kernel.hashBlock(MESSAGES, message.length, OUTS);
  return toHex(new Uint8Array(memory.buffer, OUTS, 32));
}

/** @param outs  where each hash goes */
function hashFour(messages: readonly Uint8Array[], outs: readonly number[], keep: number, set = 0) {
  const tasks = new Uint32Array(memory.buffer, TASKS, 8);
  messages.forEach((message, lane) => {
    new Uint8Array(memory.buffer, MESSAGES + lane * 64, 64).set(message);
    tasks[lane * 2] = MESSAGES + lane * 64;
    tasks[lane * 2 + 1] = outs[lane]!;
  });
  kernel.hashFour(TASKS, keep, set);
  return outs.map((out) => toHex(new Uint8Array(memory.buffer, out, 32)));
}

const block = fc.uint8Array({ minLength: 64, maxLength: 64 });
const four = fc.tuple(block, block, block, block);

describe('BLAKE3 of one block', () => {
  if (DATA_DIR === null) {
    test.skip(`agrees with the official vectors (${DATA_HINT})`, () => {});
  } else {
    const text = readFileSync(join(DATA_DIR, 'vectors', 'blake3', 'test_vectors.json'), 'utf8');
    const { cases } = JSON.parse(text) as { cases: { input_len: number; hash: string }[] };
    const short = cases.filter(({ input_len: length }) => length <= 64);

    test('has the official vectors of at most 64 bytes', () => {
      expect(short.map(({ input_len: length }) => length)).toEqual([
        0, 1, 2, 3, 4, 5, 6, 7, 8, 63, 64,
      ]);
    });

    test.each(short)('is the official hash of $input_len bytes', ({ input_len: length, hash }) => {
      const message = Uint8Array.from({ length }, (_, index) => index % 251);
      expect(hashOne(message)).toBe(`0x${hash.slice(0, 64)}`);
      if (length < 64) return;
      const outs = [0, 1, 2, 3].map((lane) => OUTS + lane * 32);
      expect(hashFour([message, message, message, message], outs, KEEP_ALL)).toEqual(
        outs.map(() => `0x${hash.slice(0, 64)}`),
      );
    });
  }

  test('is that of the library for every length', () => {
    const bytes = fc.uint8Array({ maxLength: 64 });
    fc.assert(
      fc.property(bytes, (message) => {
        expect(hashOne(message)).toBe(toHex(blake3(message)));
      }),
      { numRuns: RUNS, ...seed },
    );
  });

  test('is the same four at a time, in each lane, and into the messages themselves', () => {
    fc.assert(
      fc.property(four, (messages) => {
        const expected = messages.map((message) => hashOne(message));
        const apart = [OUTS, OUTS + 96, OUTS + 32, OUTS + 64];
        expect(hashFour(messages, apart, KEEP_ALL)).toEqual(expected);
        const inside = [3, 0, 1, 2].map((lane) => MESSAGES + lane * 64 + (lane & 1) * 32);
        expect(hashFour(messages, inside, KEEP_ALL)).toEqual(expected);
      }),
      { numRuns: RUNS, ...seed },
    );
  });

  test('with the top bit of the first byte as told', () => {
    fc.assert(
      fc.property(four, (messages) => {
        const outs = [0, 1, 2, 3].map((lane) => OUTS + lane * 32);
        const tagged = (set: boolean): string[] =>
          messages.map((message) => {
            const hash = blake3(message);
            hash[0] = set ? hash[0]! | 0x80 : hash[0]! & 0x7f;
            return toHex(hash);
          });
        expect(hashFour(messages, outs, KEEP_ALL, 0x80)).toEqual(tagged(true));
        expect(hashFour(messages, outs, ~0x80)).toEqual(tagged(false));
      }),
      { numRuns: RUNS, ...seed },
    );
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, it, test } from 'vitest';
import { kernelUrl } from '../../../../state/base/wasm.js';
import { HEADER } from '../../../../state/kernel/map.js';
import * as map from '../../../../workers/kernel/map.js';
import { DATA_DIR, DATA_HINT } from '../../../helpers/data.js';
import { bytes, Chance, getWord, kernel, memory } from './words.js';

/** Our Keccak-256, one and two at a time and by way of a memo, against vectors and a library. */

const RUNS = Number(process.env['RUNS'] ?? 2_000);
const SEED = Number(process.env['SEED'] ?? 20_251);
const HINT = `SEED=${SEED} RUNS=${RUNS}`;

const MESSAGE = 0x10000;
const OTHER = MESSAGE + 0x2000;
const OUT = MESSAGE + 0x4000;
const MEMO = MESSAGE + 0x5000;
const MEMO_ENTRY_BYTES = 160;
const MEMO_BYTES = 256 * MEMO_ENTRY_BYTES;
/** With its memo where MEMO is. */
const MACHINE = MEMO - map.M_KECCAK_MEMO;
const PLACES = MEMO + MEMO_BYTES + 1_024;
const PLACES_COUNT = 32;
const END = memory.buffer.byteLength;

const asNumber = (hash: Uint8Array): bigint => BigInt(`0x${Buffer.from(hash).toString('hex')}`);
const library = (message: Uint8Array): bigint => asNumber(keccak_256(message));

function hashAt(at: number, message: Uint8Array): bigint {
  bytes.set(message, at);
  kernel.keccak256(at, message.length, OUT);
  return getWord(OUT);
}

function random(chance: Chance, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => chance.below(256));
}

describe('Keccak-256', () => {
  if (DATA_DIR === null) {
    test.skip(`agrees with the official vectors (${DATA_HINT})`, () => {});
  } else {
    const path = join(DATA_DIR, 'vectors', 'keccak', 'keccak256-shortmsg.json.gz');
    const text = gunzipSync(readFileSync(path)).toString();
    const vectors = JSON.parse(text) as { len: number; msg: string; keccak256: string }[];

    test('agrees with the official vectors', () => {
      expect(vectors.length).toBeGreaterThan(200);
      for (const { len, msg, keccak256 } of vectors) {
        const message = Buffer.from(msg, 'hex');
        expect(message.length).toBe(len);
        expect(hashAt(MESSAGE, message)).toBe(BigInt(`0x${keccak256}`));
      }
    });
  }

  it('is that of the library for every length up to 600', () => {
    const chance = new Chance(SEED);
    for (let length = 0; length <= 600; length++) {
      const message = random(chance, length);
      const at = MESSAGE + chance.below(16);
      bytes.fill(0xff, MESSAGE, MESSAGE + 1_024);
      expect(hashAt(at, message), `${length} bytes, ${HINT}`).toBe(library(message));
    }
  });

  it('is that of the library for long messages', () => {
    const chance = new Chance(SEED + 1);
    for (let run = 0; run < RUNS / 40; run++) {
      const message = random(chance, chance.below(8_000));
      expect(hashAt(MESSAGE, message), `${message.length} bytes, ${HINT}`).toBe(library(message));
    }
  });

  it('reads nothing behind the message, not even at the end of memory', () => {
    const chance = new Chance(SEED + 2);
    for (let length = 0; length <= 300; length++) {
      const message = random(chance, length);
      expect(hashAt(END - length, message)).toBe(library(message));
    }
  });

  it('may be written over the message', () => {
    const chance = new Chance(SEED + 3);
    for (let length = 0; length <= 300; length += 7) {
      const message = random(chance, length);
      bytes.set(message, MESSAGE);
      kernel.keccak256(MESSAGE, length, MESSAGE + 8);
      expect(getWord(MESSAGE + 8)).toBe(library(message));
    }
  });
});

describe('two at a time', () => {
  it('is the same as one at a time, for every length of one block', () => {
    const chance = new Chance(SEED + 4);
    for (let length = 0; length <= 135; length++) {
      for (let run = 0; run < RUNS / 400; run++) {
        const both = [random(chance, length), random(chance, length)] as const;
        bytes.fill(0xff, MESSAGE, MESSAGE + 200);
        bytes.fill(0xff, OTHER, OTHER + 200);
        const ats = [MESSAGE + chance.below(16), OTHER + chance.below(16)] as const;
        const expected = both.map((message, index) => hashAt(ats[index]!, message));
        kernel.keccak256Pair(ats[0], ats[1], length, OUT, OUT + 32);
        expect([getWord(OUT), getWord(OUT + 32)], `${length} bytes, ${HINT}`).toEqual(expected);
        expect(expected).toEqual(both.map(library));
      }
    }
  });

  it('may be written over the messages, crosswise', () => {
    const chance = new Chance(SEED + 5);
    const [first, second] = [random(chance, 64), random(chance, 64)];
    bytes.set(first, MESSAGE);
    bytes.set(second, OTHER);
    kernel.keccak256Pair(MESSAGE, OTHER, 64, OTHER, MESSAGE);
    expect([getWord(OTHER), getWord(MESSAGE)]).toEqual([library(first), library(second)]);
  });

  it('refuses more than one block', () => {
    expect(() => kernel.keccak256Pair(MESSAGE, OTHER, 136, OUT, OUT + 32)).toThrow(
      WebAssembly.RuntimeError,
    );
  });
});

describe('the memo', () => {
  const memoHash = (message: Uint8Array): bigint => {
    bytes.set(message, MESSAGE);
    kernel.keccakMemo(MESSAGE, message.length, OUT, MEMO);
    return getWord(OUT);
  };
  const entries = (): number[] => {
    const used = (index: number) => bytes[MEMO + index * MEMO_ENTRY_BYTES + 144] !== 0;
    return Array.from({ length: 256 }, (_, index) => index).filter(used);
  };

  it('answers as the library does, on misses, hits and after evictions', () => {
    const chance = new Chance(SEED + 6);
    bytes.fill(0, MEMO, MEMO + MEMO_BYTES);
    const known = Array.from({ length: 100 }, () => random(chance, 1 + chance.below(112)));
    for (let run = 0; run < RUNS; run++) {
      const pick = known[chance.below(known.length)]!;
      // Near misses: one bit apart, or a prefix, or the same bytes and zeros.
      const message = new Uint8Array([pick, pick.subarray(0, -1), pick, pick][run & 3]!);
      if ((run & 7) === 2) message[chance.below(message.length)]! ^= 1 << chance.below(8);
      expect(memoHash(message), HINT).toBe(library(message));
    }
    expect(entries().length).toBeGreaterThan(48);
  });

  it('tells a message from the same with zeros behind it, and an empty entry from zeros', () => {
    bytes.fill(0, MEMO, MEMO + MEMO_BYTES);
    for (const length of [32, 64, 1, 2, 112, 111, 32, 64, 1, 2]) {
      const message = new Uint8Array(length);
      expect(memoHash(message)).toBe(library(message));
    }
  });

  it('takes a hit from the entry, and writes nothing outside of its bytes', () => {
    bytes.fill(0, MEMO, MEMO + MEMO_BYTES);
    bytes.fill(0xee, MEMO - 64, MEMO);
    bytes.fill(0xee, MEMO + MEMO_BYTES, MEMO + MEMO_BYTES + 64);
    const chance = new Chance(SEED + 7);
    const message = random(chance, 64);
    memoHash(message);
    const [entry] = entries();
    expect(entries()).toHaveLength(1);
    // A planted hash comes back: nothing was hashed.
    const hash = MEMO + entry! * MEMO_ENTRY_BYTES + 112;
    bytes.fill(0x55, hash, hash + 32);
    expect(memoHash(message)).toBe(BigInt(`0x${'55'.repeat(32)}`));
    for (let run = 0; run < 4_000; run++) memoHash(random(chance, 64));
    expect(memoHash(message)).toBe(library(message));
    expect(entries()).toHaveLength(256);
    expect(bytes.slice(MEMO - 64, MEMO).every((byte) => byte === 0xee)).toBe(true);
    const behind = bytes.slice(MEMO + MEMO_BYTES, MEMO + MEMO_BYTES + 64);
    expect(behind.every((byte) => byte === 0xee)).toBe(true);
  });

  it('keeps no long messages, nor the empty one', () => {
    bytes.fill(0, MEMO, MEMO + MEMO_BYTES);
    const chance = new Chance(SEED + 8);
    for (const length of [0, 113, 128, 136]) {
      const message = random(chance, length);
      expect(memoHash(message)).toBe(library(message));
    }
    expect(entries()).toEqual([]);
  });
});

describe('places of mapping elements', () => {
  const view = new DataView(memory.buffer);
  const begin = (): void => {
    bytes.fill(0, MACHINE, PLACES + PLACES_COUNT * map.PLACE_BYTES);
    view.setUint32(MACHINE + map.M_PLACES, PLACES, true);
    view.setUint32(MACHINE + map.M_PLACES_MASK, PLACES_COUNT - 1, true);
  };
  const hash = (message: Uint8Array): bigint => {
    bytes.set(message, MESSAGE);
    kernel.hashMessage(MACHINE, 0, MESSAGE, message.length, OUT);
    return getWord(OUT);
  };
  const used = (): number[] =>
    Array.from({ length: PLACES_COUNT }, (_, line) => PLACES + line * map.PLACE_BYTES).filter(
      (line) => bytes[line] !== 0,
    );
  /** Key of 160 bits, slot of 32. */
  const place = (chance: Chance): Uint8Array => {
    const message = new Uint8Array(64);
    message.set(random(chance, 20), 12);
    message.set(random(chance, 4), 60);
    return message;
  };

  it('are as the library says, on misses, hits and near misses', () => {
    begin();
    const chance = new Chance(SEED + 9);
    const known = Array.from({ length: 40 }, () => place(chance));
    for (let run = 0; run < RUNS; run++) {
      const message = Uint8Array.from(known[chance.below(known.length)]!);
      // One bit apart in any byte: also where only zeros are a place.
      if ((run & 3) === 0) message[chance.below(64)]! ^= 1 << chance.below(8);
      expect(hash(message), HINT).toBe(library(message));
    }
    expect(used().length).toBeGreaterThan(PLACES_COUNT / 2);
  });

  it('are told from an empty line where all of the key is 0', () => {
    begin();
    const message = new Uint8Array(64);
    for (let run = 0; run < 3; run++) expect(hash(message)).toBe(library(message));
    expect(used()).toHaveLength(1);
  });

  it('are taken from their line, into the message too', () => {
    begin();
    const message = place(new Chance(SEED + 10));
    hash(message);
    const [line] = used();
    // A planted hash comes back: nothing was hashed.
    bytes.fill(0x66, line! + 32, line! + 64);
    bytes.set(message, MESSAGE);
    kernel.hashMessage(MACHINE, 0, MESSAGE, 64, MESSAGE + 8);
    expect(getWord(MESSAGE + 8)).toBe(BigInt(`0x${'66'.repeat(32)}`));
  });

  it('have two lines to be in, and a third drives the first away', () => {
    begin();
    const chance = new Chance(SEED + 11);
    const first = place(chance);
    hash(first);
    const [own] = used();
    const mates = [first];
    while (mates.length < 3) {
      const message = place(chance);
      begin();
      hash(message);
      if (used()[0] === own) mates.push(message);
    }
    begin();
    // Planted hashes come back: those were not hashed again.
    const isKept = (message: Uint8Array): boolean => hash(message) !== library(message);
    const plant = (): void => {
      for (const line of used()) bytes.fill(0x77, line + 32, line + 64);
    };
    for (const message of mates.slice(0, 2)) hash(message);
    const lines = used();
    expect(lines).toHaveLength(2);
    expect(lines[1]! - lines[0]!).toBe(map.PLACE_BYTES);
    expect(lines).toContain(own);
    plant();
    expect(mates.map(isKept)).toEqual([true, true, false]);
    expect(used()).toEqual(lines);
    plant();
    expect(mates.slice(1).map(isKept)).toEqual([true, true]);
    expect(isKept(first)).toBe(false);
  });

  it('are not looked for where the key is longer or has another form', () => {
    begin();
    for (let at = 0; at < 64; at++) {
      const isPart = (at >= 12 && at < 32) || at >= 60;
      const message = new Uint8Array(64);
      message[at] = 1;
      const before = used().length;
      expect(hash(message)).toBe(library(message));
      if (!isPart) expect(used()).toHaveLength(before);
    }
    for (const length of [0, 32, 63, 65, 200]) {
      const message = new Uint8Array(length);
      expect(hash(message)).toBe(library(message));
    }
  });
});

/** LEB128, as all numbers of a Wasm module. @returns the number and where the next byte is */
function number(file: Uint8Array, from: number): readonly [value: number, end: number] {
  let value = 0;
  for (let at = from, scale = 1; ; at++, scale *= 128) {
    value += (file[at]! & 127) * scale;
    if (file[at]! < 128) return [value, at + 1];
  }
}

/**
 * Where a kernel's static data goes when it is instantiated.
 * Source: WebAssembly core specification 5.5.14: section 11, active segments at an i32.const.
 */
function dataRanges(name: string): (readonly [start: number, end: number])[] {
  const file = readFileSync(kernelUrl(name));
  for (let at = 8; at < file.length; ) {
    const id = file[at]!;
    const [size, body] = number(file, at + 1);
    at = body + size;
    if (id === 11) return segments(file, body);
  }
  return [];
}

function segments(file: Uint8Array, body: number): (readonly [start: number, end: number])[] {
  const ranges: (readonly [number, number])[] = [];
  let [count, at] = number(file, body);
  for (; count > 0; count--) {
    expect([file[at], file[at + 1]]).toEqual([0, 0x41]);
    const [start, end] = number(file, at + 2);
    expect(file[end]).toBe(0x0b);
    const [size, bytesAt] = number(file, end + 1);
    // A signed number of fewer than 64: the highest bit of the last byte would make it negative.
    expect(file[end - 1]! & 0x40).toBe(0);
    ranges.push([start, start + size]);
    at = bytesAt + size;
  }
  return ranges;
}

describe('static data', () => {
  it('is where the build puts it: below the arena, apart from that of the state kernel', () => {
    const own = dataRanges('word');
    expect(own.length).toBeGreaterThan(0);
    for (const [start, end] of own) {
      expect(start).toBeGreaterThanOrEqual(0x8000);
      expect(end).toBeLessThanOrEqual(HEADER);
      for (const [from, to] of dataRanges('state')) expect(end <= from || to <= start).toBe(true);
    }
  });

  it('is found in a kernel that has it', () => {
    expect(dataRanges('trie')[0]?.[0]).toBe(1_024);
  });
});

import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, toHex } from '../../../state/base/bytes.js';
import {
  holdsPortions,
  orderedTrieRoot,
  rootsOf,
  takePortion,
} from '../../../workers/block-roots.js';
import { type ExecutedColumns, NO_TRANSACTIONS } from '../../../workers/executed.js';
import { bloomOf, encodeReceipt } from '../../../workers/header.js';
import type { OutcomeLog } from '../../../workers/outcome.js';

async function generalRoot(items: readonly Uint8Array[]): Promise<string> {
  const trie = new MerklePatriciaTrie();
  for (const [index, item] of items.entries()) await trie.put(RLP.encode(index), item);
  return toHex(trie.root());
}

it('is the root of nothing for no items', () => {
  expect(toHex(orderedTrieRoot([]))).toBe(
    '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421',
  );
});

it.each([1, 2, 15, 16, 17, 127, 128, 129, 130, 255, 256, 257, 300, 1_000])(
  'is that of a general trie for %i items',
  async (count) => {
    const items = Array.from({ length: count }, (_, index) => RLP.encode([index, 'x'.repeat(80)]));
    expect(toHex(orderedTrieRoot(items))).toBe(await generalRoot(items));
  },
);

it('is that of a general trie for items of any size, nodes below 32 bytes included', async () => {
  const item = fc.uint8Array({ minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 200 }), async (items) => {
      expect(toHex(orderedTrieRoot(items))).toBe(await generalRoot(items));
    }),
    { numRuns: 60 },
  );
});

const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });
/** Topics and addresses come again: what they set in a bloom is remembered. */
const topic = fc.oneof(
  bytes(32, 32),
  fc.constantFrom(new Uint8Array(32), new Uint8Array(32).fill(7)),
);
const logEntry = fc.record({
  address: fc.oneof(bytes(20, 20), fc.constant(new Uint8Array(20))),
  topics: fc.array(topic, { maxLength: 4 }),
  data: fc.oneof(bytes(0, 3), bytes(50, 60), bytes(250, 300)),
});
const executed = fc.record({
  raw: fc.oneof(bytes(1, 4), bytes(100, 300)),
  status: fc.constantFrom(0, 1),
  gas: fc.oneof(fc.nat(300), fc.nat(2 ** 31), fc.bigInt(0n, 2n ** 44n).map(Number)),
  logs: fc.array(logEntry, { maxLength: 3 }),
});
type Executed = typeof executed extends fc.Arbitrary<infer Value> ? Value : never;

function columnsOf(transactions: readonly Executed[]): ExecutedColumns {
  const logs = transactions.map(({ logs }) => concatBytes(...logs.map(logBytes)));
  const raws = transactions.map(({ raw }) => raw);
  return {
    ...NO_TRANSACTIONS,
    count: transactions.length,
    raws: concatBytes(...raws),
    rawEnds: endsOf(raws),
    statuses: Uint8Array.from(transactions, ({ status }) => status),
    gasUsed: Float64Array.from(transactions, ({ gas }) => gas),
    logs: concatBytes(...logs),
    logEnds: endsOf(logs),
  };
}

function logBytes({ address, topics, data }: OutcomeLog): Uint8Array {
  const length = new Uint8Array(new Uint32Array([data.length]).buffer);
  return concatBytes(address, Uint8Array.of(topics.length), ...topics, length, data);
}

function endsOf(parts: readonly Uint8Array[]): Uint32Array {
  let end = 0;
  return Uint32Array.from(parts, (part) => (end += part.length));
}

async function checkRoots(miniBlocks: readonly (readonly Executed[])[]): Promise<void> {
  const all = miniBlocks.flat();
  let cumulativeGasUsed = 0;
  const receipts = all.map(({ raw, status, gas, logs }) => {
    cumulativeGasUsed += gas;
    const type = raw[0]! >= 0xc0 ? 0 : raw[0]!;
    return encodeReceipt({ type, status, cumulativeGasUsed, logs }, bloomOf(logs));
  });
  const roots = rootsOf(miniBlocks.map(columnsOf));
  expect(toHex(roots.transactionsRoot)).toBe(await generalRoot(all.map(({ raw }) => raw)));
  expect(toHex(roots.receiptsRoot)).toBe(await generalRoot(receipts));
  expect(toHex(roots.logsBloom)).toBe(toHex(bloomOf(all.flatMap(({ logs }) => logs))));
  expect(roots.gasUsed).toBe(cumulativeGasUsed);
}

it('makes receipts as the library encodes them, in portions', async () => {
  const miniBlocks = fc.array(fc.array(executed, { maxLength: 40 }), { maxLength: 5 });
  await fc.assert(fc.asyncProperty(miniBlocks, checkRoots), { numRuns: 100 });
});

describe('portions of a block', () => {
  const now = () => 0;
  const [first, second, third] = fc
    .sample(fc.array(executed, { minLength: 1, maxLength: 20 }), { numRuns: 3, seed: 1 })
    .map(columnsOf) as [ExecutedColumns, ExecutedColumns, ExecutedColumns];
  const whole = rootsOf([first, second, third]);

  it('are taken in before the block is closed, and only in order', () => {
    takePortion({ block: 7, index: 0, columns: first }, now);
    takePortion({ block: 7, index: 2, columns: third }, now);
    takePortion({ block: 8, index: 1, columns: second }, now);
    expect([holdsPortions(7, 1), holdsPortions(7, 2), holdsPortions(8, 1)]).toEqual([
      true,
      false,
      false,
    ]);
    takePortion({ block: 7, index: 1, columns: second }, now);
    expect(holdsPortions(7, 2)).toBe(true);
    expect(rootsOf([third], 2)).toEqual(whole);
    expect(holdsPortions(7, 2)).toBe(false);
  });

  it('that are left off leave nothing to the next block', () => {
    takePortion({ block: 7, index: 0, columns: third }, now);
    takePortion({ block: 8, index: 0, columns: first }, now);
    takePortion({ block: 8, index: 1, columns: second }, now);
    expect(holdsPortions(7, 1)).toBe(false);
    expect(rootsOf([third], 2)).toEqual(whole);
    takePortion({ block: 9, index: 0, columns: third }, now);
    orderedTrieRoot([]);
    expect(holdsPortions(9, 1)).toBe(false);
    expect(rootsOf([first, second, third])).toEqual(whole);
  });
});

it('takes more than fits its input at once', async () => {
  const data = new Uint8Array(12_000_000).fill(1);
  const log = { address: new Uint8Array(20).fill(3), topics: [], data };
  const large: Executed = { raw: new Uint8Array(100).fill(2), status: 1, gas: 21_000, logs: [log] };
  await checkRoots([[large, large, large, large]]);
});

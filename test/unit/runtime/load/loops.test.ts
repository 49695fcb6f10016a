import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, it } from 'vitest';
import { CONTEXT, FEES, GENESIS_SEQUENCE, openArena } from '../../../../bench/chain.js';
import { runTransactions } from '../../../../bench/run.js';
import { assembleProgram } from '../../../../runtime/load/assembler.js';
import { LOOPS } from '../../../../runtime/load/loops.js';
import { createWorkload } from '../../../../runtime/load/workloads.js';
import { BENCH_DEFAULTS } from '../../../../runtime/roles/bench.js';
import { concatBytes, toBigInt, toWord } from '../../../../state/base/bytes.js';
import { systemClock } from '../../../../state/base/ports.js';
import { decodeSigned } from '../../../../workers/decode.js';
import { startExecutor } from '../../../../workers/start.js';

const ODD_64 = 6_364_136_223_846_793_005n;
const ODD_256 = 0x243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89n;
const PRIME_254 = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n;
const word = (value: bigint) => BigInt.asUintN(256, value);
const low = (value: bigint) => BigInt.asUintN(64, value);

/** The same in plain BigInts, from their definitions. */
const EXPECTED: Readonly<Record<string, (count: number) => bigint>> = {
  'loop-fib': (count) => {
    let [a, b] = [0n, 1n];
    for (let left = count; left > 0; left -= 1) [a, b] = [b, word(a + b)];
    return b;
  },
  'loop-mix': (count) => repeat(count, 1n, (x) => word(x * ODD_64) ^ (x >> 7n)),
  'loop-xorshift': (count) =>
    repeat(count, 88_172_645_463_325_252n, (start) => {
      let x = start;
      x = low(x ^ (x << 13n));
      x ^= x >> 7n;
      return low(x ^ (x << 17n));
    }),
  'loop-div': (count) =>
    repeat(count, 1n, (x) => {
      const y = word(x * ODD_256);
      const d = (y >> 120n) | 1n;
      return y / d + (y % d);
    }),
  'loop-mod': (count) =>
    repeat(count, 1n, (x) => {
      const y = word(x * ODD_256);
      return y % ((y >> 60n) | 1n);
    }),
  'loop-addmod': (count) => repeat(count, 1n, (x) => (x + ODD_256) % PRIME_254),
  'loop-mulmod': (count) => repeat(count, 1n, (x) => (x * ODD_256) % PRIME_254),
  'loop-hash': (count) =>
    repeat(count, 1n, (x) => toBigInt(keccak_256(concatBytes(toWord(x), new Uint8Array(32))))),
};

function repeat(count: number, start: bigint, step: (x: bigint) => bigint): bigint {
  let x = start;
  for (let left = count; left > 0; left -= 1) x = step(x);
  return x;
}

/** What one transaction of the loop returns, and its gas. */
async function run(name: string, iterations: number): Promise<{ output: Uint8Array; gas: number }> {
  const load = createWorkload(name, { accounts: 2, seed: 1, ...FEES, iterations });
  const arena = openArena([...load.alloc()], 1);
  const executor = await startExecutor({ arena, workers: 0, clock: systemClock });
  executor.sequence = GENESIS_SEQUENCE;
  await executor.beginBlock(CONTEXT);
  const records = load.next(1).map((raw) => decodeSigned(raw, CONTEXT));
  const { output, gasUsed, status } = (await executor.runBatch(records)).outcome(0);
  expect(status).toBe(1);
  return { output, gas: gasUsed };
}

describe.each(LOOPS.map(({ name }) => name).filter((name) => name in EXPECTED))('%s', (name) => {
  it.each([1, 2, 3, 500])(
    'computes what its definition says after %i iterations',
    async (count) => {
      const { output } = await run(name, count);
      expect(toBigInt(output)).toBe(EXPECTED[name]!(count));
    },
  );
});

describe('loop-sort', () => {
  it('leaves 65 words, the largest last, after a pass', async () => {
    for (const passes of [1, 5, 60]) {
      const { output } = await run('loop-sort', 64 * passes);
      const words = Array.from({ length: 65 }, (_, index) =>
        toBigInt(output.subarray(index * 32, index * 32 + 32)),
      );
      expect(words.filter((each) => each > 0n)).toHaveLength(Math.min(passes, 65));
      expect(words.at(-1)).toBe(words.reduce((max, each) => (each > max ? each : max), 0n));
      // The largest of as many as there were passes stand in order at the end.
      const tail = words.slice(-Math.min(passes, 65)).slice(-3);
      expect(tail).toEqual([...tail].sort((a, b) => (a < b ? -1 : 1)));
    }
  });
});

describe.each(LOOPS)('$name', ({ name, gasPerIteration }) => {
  it('stays below the gas that it asks for', async () => {
    const [few, many] = [await run(name, 100), await run(name, 1_100)];
    expect((many.gas - few.gas) / 1_000).toBeLessThanOrEqual(gasPerIteration);
    expect((many.gas - few.gas) / 1_000).toBeGreaterThan(gasPerIteration / 2);
  });
});

describe('a bench line of a loop', () => {
  it('has the nanoseconds of an iteration', async () => {
    const options = { ...BENCH_DEFAULTS, accounts: 4, txs: 2, workers: [0], rounds: 1, seconds: 0 };
    const tools = { clock: systemClock, progress: () => {} };
    for await (const line of runTransactions('loop-fib', options, tools)) {
      const expected = (line.seconds * 1e9) / (line.txs * 10_000);
      expect(line.nanosecondsPerIteration).toBeCloseTo(expected, 0);
    }
  });
});

describe('the assembler', () => {
  it('pushes numbers in as few bytes as they need, and places', () => {
    expect(assembleProgram('0 1 0x100 @end JUMP @end: STOP')).toBe('5f600161010061000a565b00');
  });

  it('refuses what it does not know', () => {
    expect(() => assembleProgram('FOO')).toThrow(/knows FOO/);
    expect(() => assembleProgram('@nowhere JUMP')).toThrow(/@nowhere/);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Mempool, type PoolEntry } from '../../../runtime/mempool.js';
import { isDeltacastError } from '../../../state/base/errors.js';

function entry(sender: string, nonce: number, fee = 100n, gasLimit = 21_000): PoolEntry<null> {
  return {
    sender,
    nonce,
    hash: `${sender}/${nonce}/${fee}`,
    gasLimit,
    maxFeePerGas: fee,
    maxPriorityFeePerGas: fee,
    payload: null,
  };
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isDeltacastError(error)) return error.code;
    throw error;
  }
  return 'none';
}

describe('mempool', () => {
  it('hands out transactions in order of arrival across senders', () => {
    const pool = new Mempool<null>();
    pool.add(entry('b', 0), 0);
    pool.add(entry('a', 0), 0);
    pool.add(entry('b', 1), 0);
    expect(pool.take(10, 1e9).map((e) => e.hash)).toEqual(['b/0/100', 'a/0/100', 'b/1/100']);
  });

  it('keeps a transaction behind a nonce gap until the gap closes', () => {
    const pool = new Mempool<null>();
    pool.add(entry('a', 1), 0);
    expect([pool.readyCount, pool.queuedCount]).toEqual([0, 1]);
    pool.add(entry('a', 0), 0);
    expect(pool.take(10, 1e9).map((e) => e.nonce)).toEqual([0, 1]);
  });

  it('refuses known hashes, low nonces and underpriced replacements, and stays unchanged', () => {
    const pool = new Mempool<null>();
    pool.add(entry('a', 3), 3);
    expect(codeOf(() => pool.add(entry('a', 3), 3))).toBe('TX_KNOWN');
    expect(codeOf(() => pool.add(entry('a', 2), 3))).toBe('TX_NONCE_TOO_LOW');
    expect(codeOf(() => pool.add(entry('a', 3, 109n), 3))).toBe('TX_UNDERPRICED');
    expect(pool.take(10, 1e9).map((e) => e.hash)).toEqual(['a/3/100']);
  });

  it('lets a replacement that pays 10% more keep the place in line', () => {
    const pool = new Mempool<null>();
    pool.add(entry('a', 0), 0);
    pool.add(entry('b', 0), 0);
    expect(pool.add(entry('a', 0, 110n), 0)?.hash).toBe('a/0/100');
    expect(pool.take(10, 1e9).map((e) => e.hash)).toEqual(['a/0/110', 'b/0/100']);
  });

  it('never lets a later transaction overtake one whose gas limit does not fit', () => {
    const pool = new Mempool<null>();
    pool.add(entry('a', 0, 100n, 50_000), 0);
    pool.add(entry('b', 0, 100n, 21_000), 0);
    expect(pool.take(10, 30_000)).toEqual([]);
    expect(pool.take(10, 71_000)).toHaveLength(2);
  });

  it('refuses more than its bounds but always admits the next nonce of a full sender', () => {
    const pool = new Mempool<null>({ perAccount: 2, total: 4 });
    pool.add(entry('a', 5), 0);
    pool.add(entry('a', 6), 0);
    expect(codeOf(() => pool.add(entry('a', 7), 0))).toBe('TX_POOL_FULL');
    pool.add(entry('a', 0), 0);
    pool.add(entry('b', 0), 0);
    expect(codeOf(() => pool.add(entry('c', 0), 0))).toBe('TX_POOL_FULL');
  });

  it('lets the next nonce in while the one before it executes', () => {
    const pool = new Mempool<null>();
    pool.add(entry('a', 0), 0);
    const [first] = pool.take(1, 1e9);
    pool.add(entry('a', 1), 0);
    expect(pool.take(1, 1e9).map((e) => e.nonce)).toEqual([1]);
    pool.settle(first!, false);
  });

  it('takes the rest of a sender out of line when one of its transactions is dropped', () => {
    const pool = new Mempool<null>();
    for (const nonce of [0, 1, 2]) pool.add(entry('a', nonce), 0);
    const [first] = pool.take(1, 1e9);
    pool.settle(first!, true);
    expect([pool.readyCount, pool.queuedCount]).toEqual([0, 2]);
    pool.add(entry('a', 0, 200n), 0);
    expect(pool.take(10, 1e9).map((e) => e.nonce)).toEqual([0, 1, 2]);
  });

  it('keeps count of what it holds, whatever arrives, settles or is dropped', () => {
    const step = fc.record({
      sender: fc.constantFrom('a', 'b', 'c'),
      nonce: fc.integer({ min: 0, max: 8 }),
      fee: fc.bigInt({ min: 100n, max: 140n }),
      take: fc.integer({ min: 0, max: 3 }),
      settleMax: fc.integer({ min: 0, max: 3 }),
      drop: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pool = new Mempool<null>();
        const state = new Map<string, number>();
        const flying: PoolEntry<null>[] = [];
        for (const { sender, nonce, fee, take, settleMax, drop } of steps) {
          codeOf(() => pool.add(entry(sender, nonce, fee), state.get(sender) ?? 0));
          flying.push(...pool.take(take, 1e9));
          for (const done of flying.splice(0, settleMax)) {
            // As the executor does: a transaction whose turn it is not is invalid.
            const expected = state.get(done.sender) ?? 0;
            const dropped = done.nonce !== expected || (drop && done.nonce % 2 === 0);
            if (!dropped) state.set(done.sender, expected + 1);
            pool.settle(done, dropped);
          }
        }
        expect(pool.readyCount + pool.queuedCount).toBe([...pool.entries()].length);
      }),
    );
  });

  it('forgets a sender once nothing of it is pooled or executing', () => {
    const pool = new Mempool<null>();
    pool.add(entry('a', 0), 0);
    const [taken] = pool.take(1, 1e9);
    pool.settle(taken!, false);
    expect(pool.nextNonce('a', 1)).toBe(1);
    expect(pool.add(entry('a', 1), 1)).toBeUndefined();
    expect(pool.readyCount).toBe(1);
  });
});

import { describe, expect, it } from 'vitest';
import { CONTEXT, FEES, GENESIS_SEQUENCE, openArena } from '../../../../bench/chain.js';
import {
  chainPairs,
  clusterOf,
  clusterPairs,
  hotPairs,
  independentPairs,
  oneSenderPairs,
  type Pair,
  type Pairs,
  randomPairs,
  selfPairs,
} from '../../../../runtime/load/pairs.js';
import { SeededNumbers } from '../../../../runtime/load/seeded.js';
import { loadExchange } from '../../../../runtime/load/uniswap.js';
import { createWorkload } from '../../../../runtime/load/workloads.js';
import { toHex } from '../../../../state/base/bytes.js';
import { systemClock } from '../../../../state/base/ports.js';
import { decodeSigned } from '../../../../workers/decode.js';
import { startExecutor } from '../../../../workers/start.js';

function take(pairs: Pairs, accounts: number, count: number): Pair[] {
  const endless = pairs(accounts, new SeededNumbers(3));
  return Array.from({ length: count }, () => endless.next().value);
}

const ends = (pairs: readonly Pair[]) => pairs.flatMap(({ from, to }) => [from, to]);

describe('independent pairs', () => {
  it.each([2, 7, 100])('of %d accounts share none within a round', (accounts) => {
    const size = Math.floor(accounts / 2);
    const pairs = take(independentPairs, accounts, 50 * size);
    for (let round = 0; round < 50; round += 1) {
      expect(new Set(ends(pairs.slice(round * size, (round + 1) * size))).size).toBe(size * 2);
    }
    expect(new Set(ends(pairs)).size).toBe(accounts);
  });
});

describe('pairs without chance', () => {
  it('go round', () => {
    const of = (pairs: Pairs) => take(pairs, 3, 4).map(({ from, to }) => [from, to]);
    expect(of(selfPairs)).toEqual([0, 1, 2, 0].map((index) => [index, index]));
    expect(of(chainPairs).join(' ')).toBe('0,1 1,2 2,0 0,1');
    expect(of(oneSenderPairs).join(' ')).toBe('0,1 0,2 0,1 0,2');
  });
});

describe('random pairs', () => {
  const COUNT = 20_000;

  it('are spread evenly, with lots over their whole range', () => {
    const pairs = take(randomPairs, 100, COUNT);
    expect(ends(pairs).filter((index) => index >= 90).length / (2 * COUNT)).toBeCloseTo(0.1, 2);
    const lots = pairs.map(({ lot }) => lot! / 2 ** 32);
    expect(lots.reduce((sum, lot) => sum + lot, 0) / COUNT).toBeCloseTo(0.5, 1);
    expect(Math.max(...lots)).toBeGreaterThan(0.999);
  });

  it('that are hot have 30% more of the last tenth', () => {
    const all = ends(take(hotPairs, 100, COUNT));
    expect(all.filter((index) => index >= 90).length / all.length).toBeCloseTo(0.3 + 0.07, 2);
    expect(new Set(all).size).toBe(100);
  });
});

describe('clusters', () => {
  const PEOPLE = 2_250;

  it('are ten of 15 families of 15 people who send 15 times within the family', () => {
    const pairs = take(clusterPairs, 3_000, PEOPLE * 15);
    const families = new Map<number, number>();
    const isRight = ({ from, to }: Pair, at: number) =>
      Math.floor(from / 15) === Math.floor(to / 15) &&
      clusterOf(from) === Math.floor(at / (PEOPLE * 1.5));
    expect(pairs.every(isRight)).toBe(true);
    for (const { from } of pairs) {
      families.set(Math.floor(from / 15), (families.get(Math.floor(from / 15)) ?? 0) + 1);
    }
    expect([...families.values()]).toEqual(new Array(150).fill(15 * 15));
  });

  it('of fewer people have a smaller last family', () => {
    const pairs = take(clusterPairs, 20, 300);
    expect(Math.max(...ends(pairs))).toBe(19);
    expect(pairs.every(({ from, to }) => from < 15 === to < 15)).toBe(true);
  });
});

/** The cells that each transaction writes, the coinbase's apart. */
async function writesOf(name: string, accounts: number, count: number): Promise<Set<string>[]> {
  const load = createWorkload(name, { accounts, seed: 1, ...FEES });
  const arena = openArena([...load.alloc()], 1);
  const executor = await startExecutor({ arena, workers: 0, clock: systemClock });
  executor.sequence = GENESIS_SEQUENCE;
  await executor.beginBlock(CONTEXT);
  const { outcomes } = await executor.runBatch(
    load.next(count).map((raw) => decodeSigned(raw, CONTEXT)),
  );
  return outcomes.map(
    ({ writes }) =>
      new Set(writes.map(({ kind, address, slot }) => `${kind} ${toHex(address)} ${slot}`)),
  );
}

const isDisjoint = (a: Set<string>, b: Set<string>) => ![...a].some((cell) => b.has(cell));
const COUNT = 40;
const canSwap = loadExchange() !== null;

describe('what transactions write', () => {
  const independent = ['raw-self', 'erc20-self', ...(canSwap ? ['swap-many'] : [])];
  it.each(independent)('is disjoint in %s', async (name) => {
    const writes = await writesOf(name, COUNT, COUNT);
    const sizes = writes.map(({ size }) => size);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(2);
    const all = new Set(writes.flatMap((cells) => [...cells]));
    expect(all.size).toBe(sizes.reduce((sum, size) => sum + size, 0));
  });

  const chained = ['raw-chain', 'erc20-chain', 'raw-one-sender', ...(canSwap ? ['swap'] : [])];
  it.each(chained)('meets what the one before writes in %s', async (name) => {
    const writes = await writesOf(name, COUNT + 1, COUNT);
    for (let index = 1; index < COUNT; index += 1) {
      expect(isDisjoint(writes[index]!, writes[index - 1]!)).toBe(false);
    }
  });

  it.each(['raw-hot', 'erc20-hot'])('meets now and then in %s', async (name) => {
    const writes = await writesOf(name, 100, COUNT);
    const met = writes.filter((cells, index) =>
      writes.slice(0, index).some((before) => !isDisjoint(cells, before)),
    );
    expect(met.length).toBeGreaterThan(COUNT / 10);
    expect(met.length).toBeLessThan(COUNT);
  });

  it('stays within the families of erc20-clusters', async () => {
    const writes = await writesOf('erc20-clusters', 30, 30);
    const [first, second] = [writes.slice(0, 15), writes.slice(15)].map(
      (family) => new Set(family.flatMap((cells) => [...cells])),
    );
    expect(isDisjoint(first!, second!)).toBe(true);
  });
});

describe.skipIf(!canSwap)('the load mixed', () => {
  it('spends 60, 20 and 20 percent of its gas on ether, tokens and swaps', async () => {
    const load = createWorkload('mixed', { accounts: 50, seed: 1, ...FEES });
    const arena = openArena([...load.alloc()], 1);
    const executor = await startExecutor({ arena, workers: 0, clock: systemClock });
    executor.sequence = GENESIS_SEQUENCE;
    await executor.beginBlock(CONTEXT);
    const raws = load.next(600).map((raw) => decodeSigned(raw, CONTEXT));
    const { outcomes } = await executor.runBatch(raws);
    const gas: Record<number, number> = {};
    for (const { logs, gasUsed, status } of outcomes) {
      expect(status).toBe(1);
      gas[logs.length] = (gas[logs.length] ?? 0) + gasUsed;
    }
    const total = Object.values(gas).reduce((sum, part) => sum + part, 0);
    expect(Object.keys(gas)).toEqual(['0', '1', '4']);
    expect(gas[0]! / total).toBeCloseTo(0.6, 1);
    expect(gas[1]! / total).toBeCloseTo(0.2, 1);
    expect(gas[4]! / total).toBeCloseTo(0.2, 1);
  });
});

/**
 * Uniswap V3 as published on npm, with a contract of ours that pays what the pool asks for in its
 * callbacks: a pool made by the factory, liquidity given and taken back, swaps both ways and over
 * ticks, flash loans, the oracle, the protocol's share. Then calls by chance:
 * `RUNS=400 npx vitest run test/contracts/uniswap-v3.test.ts`; SEED chooses others.
 */
import { describe, expect, it } from 'vitest';
import { loadArtifacts } from '../../bench/compile/artifacts.js';
import { Rng } from '../fuzz/rng.js';
import { compiledLibrary } from './compiled.js';
import { Contract } from './contract.js';
import { drive } from './drive.js';
import { Panel, PEOPLE } from './panel.js';

const RUNS = Number(process.env['RUNS'] ?? 12);
const SEED = Number(process.env['SEED'] ?? 1);
const [ALICE, BOB] = PEOPLE as [string, string];
const UNIT = 10n ** 18n;
const FEE = 3_000;
const FEE_SHARE = 1_000_000n;
/** A price of 1, and the ends of prices, as square roots in 96 bits of fraction. */
const PRICE_ONE = 1n << 96n;
const PRICE_LOWEST = 4295128740n;
const PRICE_HIGHEST = 1461446703485210103287273052203988822378723970341n;
/** Ticks of the narrow position; the wide one has all there are at this spacing. */
const NARROW = 600;
const WIDE = 887_220;

const artifacts = new Map(loadArtifacts().map((artifact) => [artifact.name, artifact]));
const factoryArtifact = artifacts.get('@uniswap/v3-core UniswapV3Factory');
const poolArtifact = artifacts.get('@uniswap/v3-core UniswapV3Pool');
/** The pool is always the same code: two of those who pay are enough, all where more is asked. */
const ALL_FROM_RUNS = 100;
const payers = Object.entries(compiledLibrary()).filter(([, { PoolHost }]) => PoolHost);
const hosts = RUNS >= ALL_FROM_RUNS ? payers : [payers[0]!, payers.at(-1)!];
const panel = new Panel();

async function exchange(contracts: (typeof hosts)[number][1]) {
  await panel.begin();
  const deploy = (name: string) => Contract.deploy(panel, contracts[name]!);
  const { abi, creation } = factoryArtifact!;
  const factory = await Contract.deploy(panel, { abi, code: creation });
  const tokens = [await deploy('Votes20'), await deploy('Votes20')];
  tokens.sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1));
  const [token0, token1] = tokens as [Contract, Contract];
  // Given in the other order: the factory sorts.
  const made = await factory.do('createPool', [token1.address, token0.address, FEE]);
  expect(factory.eventsIn(made)).toEqual(['PoolCreated']);
  const address = String(await factory.ask('getPool', [token0.address, token1.address, FEE]));
  const pool = new Contract(panel, address.toLowerCase(), poolArtifact!.abi as object[]);
  const host = await deploy('PoolHost');
  await host.do('adopt', [pool.address, token0.address, token1.address]);
  for (const token of tokens) await token.do('mint', [host.address, 10_000_000n * UNIT]);
  await host.do('initialize', [PRICE_ONE]);
  await host.do('mint', [-NARROW, NARROW, 1_000_000n * UNIT]);
  await host.do('mint', [-WIDE, WIDE, 1_000n * UNIT]);
  return { factory, token0, token1, pool, host };
}

const tickOf = async (pool: Contract) => ((await pool.ask('slot0')) as unknown[])[1] as bigint;

describe.skipIf(poolArtifact === undefined).each(hosts)('Uniswap V3, paid by %s', (_name, all) => {
  it('makes a pool once, and takes liquidity at its ticks alone', async () => {
    const { factory, token0, token1, pool, host } = await exchange(all);
    await factory.refused('createPool', [token0.address, token1.address, FEE]);
    await factory.refused('createPool', [token0.address, token1.address, 123]);
    await factory.refused('createPool', [token0.address, token0.address, FEE]);
    await host.refused('initialize', [PRICE_ONE]);
    await host.refused('mint', [-NARROW - 1, NARROW, UNIT]);
    await host.refused('mint', [NARROW, -NARROW, UNIT]);
    await host.refused('mint', [-WIDE - 60, WIDE, UNIT]);
    expect(await pool.ask('liquidity')).toBe(1_001_000n * UNIT);
    // Above the price it takes the first token alone.
    const before = await token1.ask('balanceOf', [pool.address]);
    const sent = await host.do('mint', [NARROW, 2 * NARROW, UNIT]);
    // The token's own event is none of the pool's.
    expect(pool.eventsIn(sent)).toEqual(['unknown', 'Mint']);
    expect(await token1.ask('balanceOf', [pool.address])).toBe(before);
  });

  it('swaps both ways, for what goes in and for what comes out', async () => {
    const { token0, token1, pool, host } = await exchange(all);
    await host.do('swap', [true, UNIT, PRICE_LOWEST]);
    const out = (await token1.ask('balanceOf', [ALICE])) as bigint;
    expect(out).toBeLessThan((UNIT * (FEE_SHARE - BigInt(FEE))) / FEE_SHARE);
    expect(out).toBeGreaterThan((UNIT * 996n) / 1_000n);
    await host.do('swap', [false, -UNIT / 3n, PRICE_HIGHEST]);
    expect(await token0.ask('balanceOf', [ALICE])).toBe(UNIT / 3n);
    await host.refused('swap', [true, UNIT, PRICE_HIGHEST]);
    await host.refused('swap', [true, 0n, PRICE_LOWEST]);
    await pool.refused('swap', [ALICE, true, UNIT, PRICE_LOWEST, '0x']);
    // Out of the narrow position, up and then down through it.
    await host.do('swap', [false, 100_000n * UNIT, PRICE_HIGHEST], { from: BOB });
    expect(await tickOf(pool)).toBeGreaterThan(NARROW);
    expect(await pool.ask('liquidity')).toBe(1_000n * UNIT);
    await host.do('swap', [true, 200_000n * UNIT, PRICE_LOWEST], { from: BOB });
    expect(await tickOf(pool)).toBeLessThan(-NARROW);
    // Until the price that is the limit.
    await host.do('swap', [false, 1_000_000n * UNIT, PRICE_ONE]);
    expect(((await pool.ask('slot0')) as unknown[])[0]).toBe(PRICE_ONE);
  });

  it('gives liquidity and fees back', async () => {
    const { token0, token1, host } = await exchange(all);
    await host.do('swap', [true, 50n * UNIT, PRICE_LOWEST], { from: BOB });
    await host.do('swap', [false, 70n * UNIT, PRICE_HIGHEST], { from: BOB });
    await host.do('burn', [-NARROW, NARROW, 0n]);
    await host.do('collect', [-NARROW, NARROW]);
    const fees = (await token0.ask('balanceOf', [ALICE])) as bigint;
    // The narrow position has nearly all of the liquidity, so nearly all of 3 in 1,000.
    expect(fees).toBeGreaterThan((50n * UNIT * 299n) / 100_000n);
    expect(fees).toBeLessThanOrEqual((50n * UNIT * 3n) / 1_000n);
    await host.do('burn', [-NARROW, NARROW, 1_000_000n * UNIT]);
    await host.refused('burn', [-NARROW, NARROW, 1n]);
    await host.do('collect', [-NARROW, NARROW]);
    expect(await token0.ask('balanceOf', [ALICE])).toBeGreaterThan(20_000n * UNIT);
    expect(await token1.ask('balanceOf', [ALICE])).toBeGreaterThan(20_000n * UNIT);
  });

  it('lends, remembers, and gives the protocol its share', async () => {
    const { token0, token1, pool, host } = await exchange(all);
    await pool.do('increaseObservationCardinalityNext', [8]);
    await pool.do('setFeeProtocol', [4, 10]);
    await pool.refused('setFeeProtocol', [3, 10]);
    await pool.refused('setFeeProtocol', [4, 4], { from: BOB });
    const held = (await token0.ask('balanceOf', [pool.address])) as bigint;
    await host.do('flash', [1_000n * UNIT, 7n]);
    await host.refused('flash', [2n ** 255n, 0n]);
    expect(await token0.ask('balanceOf', [pool.address])).toBe(held + 3n * UNIT);
    await panel.mine(5);
    await host.do('swap', [false, 10_000n * UNIT, PRICE_HIGHEST]);
    await panel.mine(5);
    await host.do('swap', [true, UNIT, PRICE_LOWEST]);
    const [ticks] = (await pool.ask('observe', [[120, 60, 0]])) as [bigint[]];
    expect(ticks[2]! - ticks[1]!).toBeGreaterThan(ticks[1]! - ticks[0]!);
    await pool.refused('observe', [[86_400]]);
    await pool.ask('snapshotCumulativesInside', [-NARROW, NARROW]);
    await pool.do('collectProtocol', [BOB, 2n ** 128n - 1n, 2n ** 128n - 1n]);
    expect(await token0.ask('balanceOf', [BOB])).toBeGreaterThan((3n * UNIT) / 4n - 2n);
    expect(await token1.ask('balanceOf', [BOB])).toBeGreaterThan(2n * UNIT);
  });

  it(`does the same by chance, seed ${SEED}`, async () => {
    const { factory, token0, token1, pool, host } = await exchange(all);
    const subjects = [host, pool, token0, token1, factory].map(({ address, of }) => ({
      address,
      abi: of.fragments,
    }));
    const known = {
      addresses: [...PEOPLE, ...subjects.map(({ address }) => address)],
      numbers: [UNIT, PRICE_ONE, PRICE_LOWEST, 60n, BigInt(NARROW), BigInt(FEE)],
    };
    const driven = await drive(panel, subjects, known, { calls: RUNS, rng: new Rng(SEED) });
    expect(driven.calls).toBe(RUNS);
    for (const { address } of subjects) {
      const hash = panel.codeHash(address);
      if (!panel.both.fates.has(hash)) continue;
      expect(panel.first.fates.get(hash)).toBe('tier 1');
      expect(panel.both.fates.get(hash)).toMatch(/^tier [12]$/);
    }
    expect(panel.handedOver).toBe(0);
  });
});

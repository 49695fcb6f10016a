/**
 * Real contracts over real state: codes of mainnet blocks, of every compiler there was, called by
 * chance. `RUNS=200` for more calls of more codes of every block; SEED chooses others.
 */
import { describe, expect, it } from 'vitest';
import {
  blockPaths,
  codesOf,
  isVyper,
  type MainnetBlock,
  type MainnetCode,
  readMainnetBlock,
} from '../../bench/compile/mainnet.js';
import { Rng } from '../fuzz/rng.js';
import { DATA_DIR, DATA_HINT } from '../helpers/data.js';
import { callByChance, expectCompiled, pickSome } from './mainnet-calls.js';
import { Panel } from './panel.js';
import type { Fate } from './watched.js';

const RUNS = Number(process.env['RUNS'] ?? 4);
const SEED = Number(process.env['SEED'] ?? 1);
/** Blocks and codes of each by default; all blocks and a quarter of RUNS where more is asked. */
const FEW = { blocks: 2, codes: 2 };
const MANY_FROM_RUNS = 20;
const CODE_BYTES_MIN = 256;

const isMany = RUNS >= MANY_FROM_RUNS;
const blocks = pickSome(
  DATA_DIR === null ? [] : blockPaths(DATA_DIR),
  isMany ? Number.POSITIVE_INFINITY : FEW.blocks,
  new Rng(SEED),
);
const codesMax = isMany ? Math.ceil(RUNS / 4) : FEW.codes;

describe(`codes of mainnet, seed ${SEED}`, () => {
  // Without the data folder there is nothing to run; the reason is the test's name.
  if (DATA_DIR === null) it.skip(`skipped: ${DATA_HINT}`);
  const panel = new Panel();

  it.each(blocks)('of %s do the same on every engine', async (path) => {
    const rng = new Rng(SEED);
    const block = readMainnetBlock(path);
    await panel.begin(block.alloc, { fork: rng.pick(['shanghai', 'cancun', 'osaka'] as const) });
    for (const code of chosenOf(block, rng)) {
      await callByChance(panel, code, { block, calls: RUNS, rng, name: path });
      expectCompiled(panel, code);
    }
    expect(panel.handedOver).toBe(0);
  });

  it.skipIf(!isMany)('have run in numbers', () => {
    const fates = [...panel.both.fates.values()];
    const count = (fate: Fate) => fates.filter((each) => each === fate).length;
    console.log(
      `${panel.calls} transactions; tier 2: ${count('tier 2')}, tier 1: ${count('tier 1')}, ` +
        `interpreted: ${count('interpreted')}`,
    );
  });
});

/** Vyper first: it is rare. */
function chosenOf(block: MainnetBlock, rng: Rng): MainnetCode[] {
  const codes = codesOf(block, CODE_BYTES_MIN).filter(({ code }) => code.length <= 2 + 2 * 24_576);
  const vyper = codes.filter(({ code }) => isVyper(code));
  return [...pickSome(vyper, 1, rng), ...pickSome(codes, codesMax, rng)];
}

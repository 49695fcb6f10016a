/**
 * Real contracts over real state: codes of mainnet blocks, of every compiler there was, called with
 * the selectors that they compare with and words by chance. `RUNS=200` for more calls of more codes
 * of every block; SEED chooses others.
 */
import { describe, expect, it } from 'vitest';
import {
  blockPaths,
  codesOf,
  isVyper,
  type MainnetBlock,
  type MainnetCode,
  readMainnetBlock,
  selectorsOf,
} from '../../bench/compile/mainnet.js';
import { fromHex, toHex } from '../../state/base/bytes.js';
import { keccak256 } from '../../state/base/keccak.js';
import { Rng } from '../fuzz/rng.js';
import { DATA_DIR, DATA_HINT } from '../helpers/data.js';
import { anyWords, type Known } from './arguments.js';
import { turn } from './drive.js';
import { Panel, PEOPLE } from './panel.js';
import { type Fate, refusalOf } from './watched.js';

const RUNS = Number(process.env['RUNS'] ?? 4);
const SEED = Number(process.env['SEED'] ?? 1);
/** Blocks and codes of each by default; all blocks and a quarter of RUNS where more is asked. */
const FEW = { blocks: 2, codes: 2 };
const MANY_FROM_RUNS = 20;
const CODE_BYTES_MIN = 256;
const GAS_LIMIT = 3_000_000;

const isMany = RUNS >= MANY_FROM_RUNS;
const blocks = pick(
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
      const selectors = selectorsOf(code.code);
      const known = knownOf(block, rng);
      for (let left = RUNS; left > 0; left -= 1) {
        const selector = rng.chance(90) && selectors.length > 0 ? rng.pick(selectors) : '0x';
        const data = anyWords(selector, known, rng);
        const from = rng.pick([...PEOPLE, ...known.addresses.slice(0, 8)]);
        const value = rng.chance(15) ? BigInt(rng.below(1_000)) : 0n;
        const call = { from: senderOf(block, from), to: code.address, data, value };
        await turn(panel, { ...call, gasLimit: GAS_LIMIT }, rng, `${code.address} of ${path}`);
      }
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
  return [...pick(vyper, 1, rng), ...pick(codes, codesMax, rng)];
}

function knownOf({ alloc }: MainnetBlock, rng: Rng): Known {
  const addresses = [...PEOPLE, ...pick(Object.keys(alloc), 40, rng)];
  return { addresses, numbers: [10n ** 6n, 10n ** 18n, 2n ** 96n] };
}

/** Accounts with code do not send (EIP-3607). */
function senderOf({ alloc }: MainnetBlock, address: string): string {
  return (alloc[address]?.code ?? '0x').length > 2 ? PEOPLE[0]! : address;
}

function expectCompiled(panel: Panel, { address, code }: MainnetCode): void {
  const bytes = fromHex(code);
  const hash = toHex(keccak256(bytes));
  expect(panel.first.fates.get(hash), address).toBe('tier 1');
  const refusal = refusalOf(bytes);
  if (refusal !== null) expect(panel.both.fates.get(hash), `${address}: ${refusal}`).toBe('tier 1');
  else expect(panel.both.fates.get(hash), address).toMatch(/^tier [12]$/);
}

function pick<Item>(items: readonly Item[], count: number, rng: Rng): Item[] {
  const left = [...items];
  const taken: Item[] = [];
  while (taken.length < count && left.length > 0)
    taken.push(...left.splice(rng.below(left.length), 1));
  return taken;
}

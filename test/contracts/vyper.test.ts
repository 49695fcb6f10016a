/**
 * Vyper's code: all there is in the mainnet blocks of the data folder, each called by chance over
 * the state of its block. `RUNS=400 npx vitest run test/contracts/vyper.test.ts` for more calls.
 * Its compiler is a Python program, and npm's packages for it run one that was installed otherwise;
 * none of those that we know has artifacts of it. So these are the codes of Vyper that can be had.
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
import { callByChance, expectCompiled } from './mainnet-calls.js';
import { Panel } from './panel.js';

const RUNS = Number(process.env['RUNS'] ?? 5);
const SEED = Number(process.env['SEED'] ?? 1);
const CODE_BYTES_MIN = 256;
/** Of Vyper 0.1, 0.2 and 0.3: an exchange of Uniswap V1, pools and gauges of Curve, ... */
const CODES_KNOWN = 20;

interface Found extends MainnetCode {
  readonly block: MainnetBlock;
}

/** By code, in the first block that has it. */
function vyperCodes(data: string): Found[] {
  const found = new Map<string, Found>();
  for (const block of blockPaths(data).map(readMainnetBlock)) {
    for (const each of codesOf(block, CODE_BYTES_MIN)) {
      if (isVyper(each.code) && !found.has(each.code)) found.set(each.code, { ...each, block });
    }
  }
  return [...found.values()];
}

const codes = DATA_DIR === null ? [] : vyperCodes(DATA_DIR);
const named = codes.map((code) => [`${code.address} of block ${code.block.number}`, code] as const);

describe(`code of Vyper, seed ${SEED}`, () => {
  it.skip('of 0.4, or compiled here: skipped, npm has no compiler of Vyper');
  if (DATA_DIR === null) it.skip(`skipped: ${DATA_HINT}`);
  const panel = new Panel();

  it.each(named)('%s does the same on every engine', async (_name, code) => {
    const { block } = code;
    await panel.begin(block.alloc, { fork: 'cancun' });
    const course = { block, calls: RUNS, rng: new Rng(SEED), name: String(block.number) };
    await callByChance(panel, code, course);
    expectCompiled(panel, code);
    expect(panel.handedOver).toBe(0);
  });

  it.skipIf(DATA_DIR === null)('is all that the blocks have', () => {
    expect(codes).toHaveLength(CODES_KNOWN);
  });
});

import { beforeAll, describe, expect, it } from 'vitest';
import { Arena } from '../../../../state/arena.js';
import { fromHex } from '../../../../state/base/bytes.js';
import { keccak256 } from '../../../../state/base/keccak.js';
import { compileCode } from '../../../../workers/compiler/compile-code.js';
import { type State, TwoEngines } from '../../../helpers/two-engines.js';

/** Contracts in a ring; each calls the next with a number that is one less, down to 0. */
const RING = ['c0de'.repeat(10), 'c1'.repeat(20), 'c2'.repeat(20)] as const;
const CALLS = 7;

/**
 * Returns gas for 0; else calls the next one, stores under the number what comes back and the gas
 * that is left, and returns something of both.
 */
function codeThatCalls(next: string): string {
  const down = '8060019003' + '5f52';
  const call = `60205f60205f5f73${next}5af1`;
  const store = '5f51' + '01' + '5a01' + '9055';
  const answer = '5a5f5101' + '5f52' + '60205ff3';
  return `5f3580600d575a5f5260205ff35b${down}${call}${store}${answer}`;
}

const CODES = RING.map((_, index) => codeThatCalls(RING[(index + 1) % RING.length]!));
const STATE: State = Object.fromEntries(
  RING.map((address, index) => [`0x${address}`, { code: `0x${CODES[index]}` }]),
);
const SUBSETS = Array.from({ length: 2 ** RING.length }, (_, subset) => subset);

describe('frames of all tiers in one stack of calls', () => {
  const engines = new TwoEngines('auto');
  const { pages } = Arena.create({ megabytes: 64, threads: 1 }).layout;
  beforeAll(() => engines.beginBlock('osaka'));

  it.each(SUBSETS)('give what the reference engine gives, with tiers %i', async (subset) => {
    for (const [index, text] of CODES.entries()) {
      const code = fromHex(text);
      const hash = Buffer.from(keccak256(code)).toString('hex');
      const isCompiled = (subset & (1 << index)) !== 0;
      const { bytes } = compileCode(code, 'osaka', pages)!;
      const module = isCompiled ? new WebAssembly.Module(bytes) : null;
      engines.ours.changeCode({ fork: 'osaka', hash, module });
    }
    const data = `0x${CALLS.toString(16).padStart(64, '0')}`;
    for (const gasLimit of [1_000_000, 150_000, 60_000]) {
      const { ours, theirs } = await engines.run(STATE, { data, gasLimit });
      expect(ours).toEqual(theirs);
    }
    const whole = await engines.run(STATE, { data });
    expect(whole.ours.writes.length).toBeGreaterThan(CALLS);
    expect(engines.handedOver).toBe(0);
  });
});

import { expect, it } from 'vitest';
import { toHex, toWord } from '../../../../state/base/bytes.js';
import { CONTRACT, TwoEngines } from '../../../helpers/two-engines.js';

/** EXP of powers of two, which compiled code shifts: also where base's bits by exponent wrap. */

const EXPONENTS = [0n, 1n, 5n, 31n, 32n, 255n, 256n, 257n, 2n ** 64n, 2n ** 253n, 2n ** 256n - 1n];
const BASE_BITS = [0n, 1n, 8n, 64n, 255n];

it.each(['compiled', 'compiled-tier1'])('%s: powers of two are exact', async (name) => {
  const engines = new TwoEngines(name);
  await engines.beginBlock('osaka');
  for (const bits of BASE_BITS) {
    // The exponent from the call's data, the base known: EXP, and its word is returned.
    const base = toHex(toWord(2n ** bits)).slice(2);
    const code = `0x5f357f${base}0a5f5260205ff3`;
    for (const exponent of EXPONENTS) {
      const { ours, theirs } = await engines.run(
        { [toHex(CONTRACT)]: { code, nonce: 1n } },
        { data: toHex(toWord(exponent)), gasLimit: 200_000 },
      );
      expect(ours, `2^${bits} to the power of ${exponent}`).toEqual(theirs);
      expect(theirs.status).toBe(1);
    }
  }
});

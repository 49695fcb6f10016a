import { createBlockHeader } from '@ethereumjs/block';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nextBaseFee, nextContext } from '../../../runtime/block-time.js';
import { commonFor } from '../../../workers/common.js';
import { CONTEXT } from '../../helpers/random-block.js';

it('gives the base fee that @ethereumjs/block expects of the next header', () => {
  const cases = fc.record({
    baseFee: fc.bigInt({ min: 0n, max: 10n ** 18n }),
    gasLimit: fc.integer({ min: 5_000, max: 10_000_000_000 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(cases, ({ baseFee, gasLimit, share }) => {
      const gasUsed = Math.floor(gasLimit * share);
      const header = createBlockHeader(
        {
          number: 1n,
          gasLimit: BigInt(gasLimit),
          gasUsed: BigInt(gasUsed),
          baseFeePerGas: baseFee,
        },
        { common: commonFor('osaka', 31_337), skipConsensusFormatValidation: true },
      );
      const ours = nextBaseFee({ ...CONTEXT, baseFee, gasLimit }, gasUsed);
      expect(ours).toBe(header.calcNextBaseFee());
    }),
  );
});

it('never goes back in time', () => {
  const next = nextContext(CONTEXT, 0, CONTEXT.timestamp - 3_600, new Uint8Array(32));
  expect(next.timestamp).toBe(CONTEXT.timestamp);
  expect(next.number).toBe(CONTEXT.number + 1);
});

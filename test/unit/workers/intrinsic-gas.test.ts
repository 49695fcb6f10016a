import { createTx, type TypedTxData } from '@ethereumjs/tx';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toHex } from '../../../state/base/bytes.js';
import { commonFor } from '../../../workers/common.js';
import { recordOfUnsigned } from '../../../workers/decode.js';
import type { ForkName } from '../../../workers/fork.js';
import { intrinsicGas } from '../../../workers/intrinsic-gas.js';
import { TransactionRecord } from '../../../workers/record.js';

const address = fc.uint8Array({ minLength: 20, maxLength: 20 });
const word = fc.uint8Array({ minLength: 32, maxLength: 32 });
const accessList = fc.array(fc.record({ address, slots: fc.array(word, { maxLength: 3 }) }), {
  maxLength: 3,
});
/** Zeros often, so that both prices of a byte matter. */
const data = fc.array(fc.oneof(fc.constant(0), fc.nat(255)), { maxLength: 200 });

it('is what @ethereumjs/tx computes, for every fork since London', () => {
  const forks: ForkName[] = ['london', 'paris', 'shanghai', 'cancun', 'prague', 'osaka'];
  const cases = fc.record({
    fork: fc.constantFrom(...forks),
    data,
    accessList,
    creates: fc.boolean(),
  });
  fc.assert(
    fc.property(cases, ({ fork, data, accessList, creates }) => {
      const rules = { fork, chainId: 31_337 };
      const fields = {
        type: 2,
        chainId: 31_337,
        gasLimit: 10_000_000,
        maxFeePerGas: 1,
        data: toHex(Uint8Array.from(data)),
        accessList: accessList.map(({ address, slots }) => ({
          address: toHex(address),
          storageKeys: slots.map(toHex),
        })),
        ...(creates ? {} : { to: toHex(new Uint8Array(20).fill(7)) }),
      } as TypedTxData;
      const tx = createTx(fields, { common: commonFor(fork, 31_337) });
      const record = recordOfUnsigned(fields, new Uint8Array(20), new Uint8Array(32), rules);
      const tokens = data.reduce((sum, byte) => sum + (byte === 0 ? 1 : 4), 0);
      const floor = fork === 'prague' || fork === 'osaka' ? 21_000 + tokens * 10 : 0;
      const expected = Math.max(Number(tx.getIntrinsicGas()), floor);
      expect(intrinsicGas(new TransactionRecord(record), fork)).toBe(expected);
    }),
  );
});

import { parseTransaction, recoverTransactionAddress } from 'viem';
import { describe, expect, it } from 'vitest';
import { signLegacy, signMarket } from '../../../../runtime/load/sign.js';
import { fromHex, toHex } from '../../../../state/base/bytes.js';
import { decodeSigned } from '../../../../workers/decode.js';
import { TransactionRecord } from '../../../../workers/record.js';
import { addressOfKey } from '../../../../workers/signature.js';

const KEY = fromHex('4f'.repeat(32));
const RULES = { fork: 'osaka', chainId: 31_337 } as const;
/** Numbers and lengths at the edges of RLP: 0, one byte, long lists. */
const CASES = [
  { nonce: 0, value: 0n, data: new Uint8Array(0), to: fromHex('11'.repeat(20)) },
  { nonce: 127, value: 128n, data: Uint8Array.of(0), to: fromHex('00'.repeat(20)) },
  { nonce: 128, value: 10n ** 30n, data: new Uint8Array(55).fill(1), to: fromHex('ff'.repeat(20)) },
  { nonce: 2 ** 31, value: 1n, data: new Uint8Array(56), to: null },
  { nonce: 1, value: 1n, data: new Uint8Array(300).fill(9), to: fromHex('aa'.repeat(20)) },
];

describe.each(CASES)('a transaction with nonce $nonce', ({ nonce, value, data, to }) => {
  const fields = { chainId: RULES.chainId, nonce, value, data, to, gasLimit: 1_000_000 };
  const fees = { maxFeePerGas: 2_000_000_000n, maxPriorityFeePerGas: 0n };

  it('of EIP-1559 decodes to its fields and sender', () => {
    const record = new TransactionRecord(
      decodeSigned(signMarket({ ...fields, ...fees }, KEY), RULES),
    );
    expect(record.sender).toEqual(addressOfKey(KEY));
    expect(record).toMatchObject({ type: 2, nonce: BigInt(nonce), value, data, to, ...fees });
    expect(record.gasLimit).toBe(1_000_000n);
  });

  it('of the legacy kind decodes to its fields and sender', () => {
    const raw = signLegacy({ ...fields, gasPrice: 7n }, KEY);
    const record = new TransactionRecord(decodeSigned(raw, RULES));
    expect(record.sender).toEqual(addressOfKey(KEY));
    expect(record).toMatchObject({ type: 0, isUnprotected: false, maxFeePerGas: 7n, value, data });
  });

  it('is the same to viem', async () => {
    const serializedTransaction = toHex(signMarket({ ...fields, ...fees }, KEY)) as `0x02${string}`;
    const parsed = parseTransaction(serializedTransaction);
    expect(parsed.nonce ?? 0).toBe(nonce);
    expect(parsed.data ?? '0x').toBe(toHex(data));
    const sender = await recoverTransactionAddress({ serializedTransaction });
    expect(sender.toLowerCase()).toBe(toHex(addressOfKey(KEY)));
  });
});

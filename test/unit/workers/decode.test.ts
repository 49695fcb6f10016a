import { RLP } from '@ethereumjs/rlp';
import fc from 'fast-check';
import { keccak256, parseGwei } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex } from '../../../state/base/bytes.js';
import { isDeltacastError } from '../../../state/base/errors.js';
import { decodeSigned } from '../../../workers/decode.js';
import { TransactionRecord } from '../../../workers/record.js';

const rules = { fork: 'osaka', chainId: 31_337 } as const;
const account = privateKeyToAccount(
  '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
);
const to = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8';
const base = { chainId: 31_337, nonce: 7, gas: 50_000n, to, value: 3n, data: '0x0102' } as const;
const market = { maxFeePerGas: parseGwei('2'), maxPriorityFeePerGas: 5n };

const signed = {
  legacy: await account.signTransaction({ ...base, type: 'legacy', gasPrice: 9n }),
  accessList: await account.signTransaction({
    ...base,
    type: 'eip2930',
    gasPrice: 9n,
    accessList: [{ address: to, storageKeys: [`0x${'11'.repeat(32)}`] }],
  }),
  market: await account.signTransaction({ ...base, type: 'eip1559', ...market }),
  authorizations: await account.signTransaction({
    ...base,
    type: 'eip7702',
    ...market,
    authorizationList: [
      await account.signAuthorization({ chainId: 31_337, contractAddress: to, nonce: 8 }),
    ],
  }),
};

function codeOf(raw: Uint8Array): string {
  try {
    decodeSigned(raw, rules);
  } catch (error) {
    if (isDeltacastError(error)) return error.code;
    throw error;
  }
  return 'none';
}

describe('decoding of signed transactions', () => {
  it.each(Object.entries(signed))('recovers the sender and every field of type %s', (_, raw) => {
    const record = new TransactionRecord(decodeSigned(fromHex(raw), rules));
    expect(toHex(record.sender)).toBe(account.address.toLowerCase());
    expect(toHex(record.to ?? new Uint8Array(0))).toBe(to);
    expect([record.nonce, record.gasLimit, record.value]).toEqual([7n, 50_000n, 3n]);
    expect([toHex(record.data), toHex(record.raw)]).toEqual(['0x0102', raw]);
  });

  it('computes what a sender pays and can pay at most', () => {
    const record = new TransactionRecord(decodeSigned(fromHex(signed.market), rules));
    expect(record.effectiveGasPrice(100n)).toBe(105n);
    expect(record.effectiveGasPrice(parseGwei('2') - 1n)).toBe(parseGwei('2'));
    expect(record.costMax).toBe(3n + 50_000n * parseGwei('2'));
  });

  it('refuses a transaction of another chain', async () => {
    const typed = await account.signTransaction({
      ...base,
      chainId: 1,
      type: 'eip1559',
      ...market,
    });
    const legacy = await account.signTransaction({
      ...base,
      chainId: 1,
      type: 'legacy',
      gasPrice: 9n,
    });
    expect([codeOf(fromHex(typed)), codeOf(fromHex(legacy))]).toEqual([
      'TX_WRONG_CHAIN',
      'TX_WRONG_CHAIN',
    ]);
  });

  it('names the reason for each way to be wrong', async () => {
    const tip = { maxFeePerGas: 1n, maxPriorityFeePerGas: 1n };
    const raw = fromHex(
      await account.signTransaction({ ...base, type: 'eip1559', ...tip, gas: (1n << 24n) + 1n }),
    );
    expect(codeOf(raw)).toBe('TX_GAS_TOO_HIGH');
    expect(codeOf(new Uint8Array(0))).toBe('TX_MALFORMED');
    expect(codeOf(fromHex('0x05c0'))).toBe('TX_TYPE_UNSUPPORTED');
    expect(codeOf(fromHex('0xc0'))).toBe('TX_MALFORMED');
    expect(codeOf(new Uint8Array(200_000).fill(0xff))).toBe('TX_OVERSIZED');
    expect(codeOf(fromHex(`${signed.market}00`))).toBe('TX_MALFORMED');
  });

  it('refuses leading zeros in any number: the same transaction has one hash', () => {
    for (const name of ['accessList', 'market', 'authorizations'] as const) {
      const fields = RLP.decode(fromHex(signed[name]).subarray(1)) as Uint8Array[];
      for (const [index, field] of fields.entries()) {
        // `to`, data and lists may begin with zeros.
        if (!(field instanceof Uint8Array) || field.length > 8) continue;
        const padded = fields.with(index, concatBytes(Uint8Array.of(0), field));
        const type = fromHex(signed[name]).subarray(0, 1);
        if (toHex(field) === '0x0102') continue;
        expect(codeOf(concatBytes(type, RLP.encode(padded)))).toBe('TX_MALFORMED');
      }
    }
  });

  it.each(Object.entries(signed))('hashes the bytes of type %s', (_, raw) => {
    const record = new TransactionRecord(decodeSigned(fromHex(raw), rules));
    expect(toHex(record.hash)).toBe(keccak256(raw));
  });

  it('refuses the malleable twin of a signature (EIP-2)', () => {
    const raw = fromHex(signed.legacy);
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const s = BigInt(toHex(raw.subarray(raw.length - 32)));
    raw.set(fromHex((order - s).toString(16).padStart(64, '0')), raw.length - 32);
    expect(codeOf(raw)).toBe('TX_BAD_SIGNATURE');
  });

  it('gives only typed errors for mutated bytes', () => {
    const raws = Object.values(signed).map(fromHex);
    const mutation = fc.record({
      which: fc.nat(raws.length - 1),
      at: fc.nat(400),
      to: fc.nat(255),
      cut: fc.nat(40),
    });
    fc.assert(
      fc.property(mutation, ({ which, at, to: value, cut }) => {
        const raw = raws[which]!.slice(0, raws[which]!.length - (cut > 30 ? cut - 30 : 0));
        raw[at % raw.length] = value;
        expect(codeOf(raw)).toMatch(/^(none|TX_)/);
      }),
      { numRuns: 1_000 },
    );
  });
});

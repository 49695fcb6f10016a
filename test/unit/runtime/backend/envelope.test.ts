import { createTx, type FeeMarket1559Tx } from '@ethereumjs/tx';
import { describe, expect, test } from 'vitest';
import { Envelope } from '../../../../runtime/backend/envelope.js';
import { toBigInt, toHex } from '../../../../state/base/bytes.js';
import { systemRandom } from '../../../../state/base/ports.js';
import { commonFor } from '../../../../workers/common.js';
import { account } from '../../../helpers/chain-builder.js';
import { expectCode } from './helpers.js';

const RUNS = Number(process.env['RUNS'] ?? 200);
const SEED = Number(process.env['SEED'] ?? toBigInt(systemRandom.bytes(4)));

/** mulberry32: small, seeded, good enough to choose fields. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('an envelope', () => {
  test(`says of random transactions what @ethereumjs/tx says (SEED=${SEED})`, () => {
    const random = randomOf(SEED);
    const common = commonFor('osaka', 31_337);
    const bytes = (count: number) => Uint8Array.from({ length: count }, () => random() * 256);
    const number = (bytesMax: number) => toBigInt(bytes(Math.floor(random() * (bytesMax + 1))));
    for (let run = 0; run < RUNS; run += 1) {
      const type = Math.floor(random() * 3);
      const tip = number(8);
      const prices =
        type === 2
          ? { maxPriorityFeePerGas: tip, maxFeePerGas: tip + number(8) }
          : { gasPrice: number(12) };
      const accessList = Array.from({ length: Math.floor(random() * 4) }, () => ({
        address: toHex(bytes(20)),
        storageKeys: Array.from({ length: Math.floor(random() * 4) }, () => toHex(bytes(32))),
      }));
      const tx = createTx(
        {
          type,
          ...prices,
          nonce: number(6),
          gasLimit: 16_000_000n - BigInt(Math.floor(random() * 15_000_000)),
          ...(random() < 0.3 ? {} : { to: toHex(bytes(20)) }),
          value: number(10),
          data: toHex(bytes(Math.floor(random() ** 4 * 1_000))),
          ...(type === 0 ? {} : { accessList }),
        },
        { common },
      ).sign(account(0).privateKey) as FeeMarket1559Tx;
      const envelope = new Envelope(tx.serialize());
      const fees = tx as unknown as { gasPrice?: bigint };
      expect(envelope.type).toBe(type);
      expect(envelope.nonce).toBe(tx.nonce);
      expect(envelope.gasLimit).toBe(Number(tx.gasLimit));
      expect(envelope.to).toEqual(tx.to?.bytes ?? null);
      expect(envelope.value).toBe(tx.value);
      expect(envelope.data).toEqual(tx.data);
      expect(envelope.maxFeePerGas).toBe(fees.gasPrice ?? tx.maxFeePerGas);
      expect(envelope.maxPriorityFeePerGas).toBe(fees.gasPrice ?? tx.maxPriorityFeePerGas);
      expect([envelope.v, envelope.r, envelope.s]).toEqual([tx.v, tx.r, tx.s]);
      expect(envelope.chainId).toBe(31_337n);
      const keys = envelope.accessList.map(({ address, storageKeys }) => ({
        address: toHex(address),
        storageKeys: storageKeys.map(toHex),
      }));
      expect(keys).toEqual(type === 0 ? [] : accessList);
    }
  });

  test('without EIP-155 has no chain id', () => {
    const common = commonFor('chainstart', 31_337);
    const tx = createTx({ type: 0, gasPrice: 1n, gasLimit: 21_000n }, { common });
    const envelope = new Envelope(tx.sign(account(0).privateKey).serialize());
    expect(envelope.chainId).toBeNull();
    expect([27n, 28n]).toContain(envelope.v);
  });

  test('that is cut anywhere is refused, or says what was there', async () => {
    const common = commonFor('osaka', 31_337);
    const raw = createTx({ type: 2, gasLimit: 21_000n, value: 5n }, { common })
      .sign(account(0).privateKey)
      .serialize();
    for (let length = 0; length < raw.length; length += 1) {
      await expectCode('TX_MALFORMED', () => new Envelope(raw.subarray(0, length)).s);
    }
    await expectCode('TX_MALFORMED', () => new Envelope(Uint8Array.of(5, 0xc0)));
    await expectCode('TX_MALFORMED', () => new Envelope(Uint8Array.of(2, 0x80)));
  });
});

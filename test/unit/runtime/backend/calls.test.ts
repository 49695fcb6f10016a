import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, test } from 'vitest';
import type { CallOptions, TransactionRequest } from '../../../../net/rpc/values.js';
import { fromHex, toHex, toWord } from '../../../../state/base/bytes.js';
import { account, CHAIN_ID, ChainBuilder, ETHER } from '../../../helpers/chain-builder.js';
import { at, backendOf, byHash, expectCode, LATEST } from './helpers.js';

const CONTRACT = new Uint8Array(20).fill(0xc0);
/** Returns the word of storage that the call's data names. */
const READER = fromHex('600035545f5260205ff3');
/** Reverts with the call's data. */
const REVERTER = fromHex('365f5f37365ffd');
const INVALID = fromHex('fe');
/** Returns NUMBER, TIMESTAMP, COINBASE, PREVRANDAO, GASLIMIT and BASEFEE. */
const BLOCK_READER = fromHex('435f52426020524160405244606052456080524860a05260c05ff3');
/** Spends gas in a loop, then returns. */
const SPENDER = fromHex('6107d05b600190038060035700');
/** Returns GASPRICE. */
const PRICE_READER = fromHex('3a5f5260205ff3');
const GWEI = 10n ** 9n;
/** Returns its own address. */
const SELF = fromHex('305f5260205ff3');
/** Reads slot 7, the balance of 0x33..33 and of the precompile 4. */
const TOUCHER = fromHex(`6007545073${'33'.repeat(20)}31506004315000`);
const one = toWord(1n);

async function nodeWith(code: Uint8Array) {
  const slots = [{ slot: one, value: toWord(77n) }];
  const contract = { address: CONTRACT, balance: 5n, nonce: 1n, code, slots };
  const builder = await ChainBuilder.begin({}, [contract]);
  return { builder, backend: backendOf(builder) };
}

function options(request: TransactionRequest, more: Partial<CallOptions> = {}): CallOptions {
  return { request, block: LATEST, stateOverrides: [], blockOverrides: null, ...more };
}

const to = CONTRACT;
const word = (bytes: Uint8Array, index = 0): bigint =>
  BigInt(`0x${Buffer.from(bytes.subarray(index * 32, index * 32 + 32)).toString('hex')}`);

describe('a call', () => {
  test('sees the state of the block that it names', async () => {
    const { builder, backend } = await nodeWith(READER);
    await builder.block([], [{ kind: 3, address: CONTRACT, slot: one, value: 88n }]);
    const head = await backend.call(options({ to, data: one }));
    expect(head).toEqual({
      status: 'ok',
      output: toWord(88n),
      gasUsed: expect.any(Number),
      haltReason: null,
    });
    expect(head.gasUsed).toBeGreaterThan(21_000);
    const before = await backend.call(options({ to, data: one }, { block: at(0) }));
    expect(before.output).toEqual(toWord(77n));
    const hash = builder.chain.history.hashOf(0) ?? one;
    const byItsHash = await backend.call(options({ to, data: one }, { block: byHash(hash) }));
    expect(byItsHash.output).toEqual(toWord(77n));
    await expectCode('RPC_NOT_FOUND', () => backend.call(options({ to }, { block: at(7) })));
  });

  test('tells revert data from a halt', async () => {
    const reverter = (await nodeWith(REVERTER)).backend;
    const data = Uint8Array.of(1, 2, 3);
    const reverted = await reverter.call(options({ to, data }));
    expect(reverted).toMatchObject({ status: 'reverted', output: data, haltReason: null });
    expect(await reverter.call(options({ to }))).toMatchObject({ status: 'reverted' });
    const halted = await (await nodeWith(INVALID)).backend.call(options({ to, gas: 50_000 }));
    expect(halted).toMatchObject({ status: 'halted', gasUsed: 50_000 });
    expect(halted.haltReason).toBe('invalid opcode');
    const { backend } = await nodeWith(SPENDER);
    const short = await backend.call(options({ to, gas: 22_000 }));
    expect(short).toMatchObject({ status: 'halted', haltReason: 'out of gas', gasUsed: 22_000 });
  });

  test('sees its own state overrides', async () => {
    const { backend } = await nodeWith(INVALID);
    const override = (fields: object) => ({
      stateOverrides: [{ address: CONTRACT, code: READER, ...fields }],
    });
    const read = async (slot: bigint, fields: object) =>
      word((await backend.call(options({ to, data: toWord(slot) }, override(fields)))).output);
    expect(await read(1n, {})).toBe(77n);
    const other = [{ slot: toWord(2n), value: toWord(9n) }];
    expect(await read(1n, { stateDiff: other })).toBe(77n);
    expect(await read(2n, { stateDiff: other })).toBe(9n);
    expect(await read(1n, { state: other })).toBe(0n);
    expect(await read(2n, { state: other })).toBe(9n);
    const poor = new Uint8Array(20).fill(0x11);
    const pay = options({ from: poor, to: poor, value: ETHER });
    await expectCode('TX_INSUFFICIENT_FUNDS', () => backend.call(pay));
    const stateOverrides = [{ address: poor, balance: ETHER, nonce: 7n }];
    expect(await backend.call({ ...pay, stateOverrides })).toMatchObject({ status: 'ok' });
  });

  test('is in the open block, or in the next one, unless its overrides say otherwise', async () => {
    const { builder, backend } = await nodeWith(BLOCK_READER);
    const fields = async (more: Partial<CallOptions> = {}) => {
      const request = { to, gasPrice: 10n * 10n ** 9n, from: account(0).address };
      const { output } = await backend.call(options(request, more));
      return Array.from({ length: 6 }, (_, index) => word(output, index));
    };
    expect((await fields())[0]).toBe(1n);
    const context = builder.open();
    expect(await fields()).toEqual([
      1n,
      BigInt(context.timestamp),
      word(new Uint8Array([...new Uint8Array(12), ...context.coinbase])),
      word(context.prevRandao),
      BigInt(context.gasLimit),
      context.baseFee,
    ]);
    expect((await fields({ block: at(0) }))[0]).toBe(0n);
    const blockOverrides = {
      number: 99n,
      time: 5,
      gasLimit: 40_000_000,
      feeRecipient: new Uint8Array(20).fill(0),
      prevRandao: one,
      baseFeePerGas: 3n,
    };
    expect(await fields({ blockOverrides })).toEqual([99n, 5n, 0n, 1n, 40_000_000n, 3n]);
  });

  test('pays the price that it offers', async () => {
    const { backend } = await nodeWith(PRICE_READER);
    const from = account(0).address;
    const baseFee = (await backend.baseFeePerGas()) ?? 0n;
    const price = async (fees: TransactionRequest) =>
      word((await backend.call(options({ to, from, ...fees }))).output);
    expect(await price({})).toBe(0n);
    expect(await price({ gasPrice: 5n * GWEI })).toBe(5n * GWEI);
    expect(await price({ maxFeePerGas: 5n * GWEI })).toBe(baseFee);
    const tipped = { maxFeePerGas: 5n * GWEI, maxPriorityFeePerGas: GWEI };
    expect(await price(tipped)).toBe(baseFee + GWEI);
    expect(await price({ ...tipped, maxFeePerGas: GWEI + 1n })).toBe(GWEI + 1n);
  });

  test('is refused where it cannot be expressed', async () => {
    const { backend } = await nodeWith(READER);
    const refused: [Parameters<typeof expectCode>[0], CallOptions][] = [
      ['TX_BLOBS_REFUSED', options({ to, blobVersionedHashes: [one] })],
      ['RPC_INVALID_PARAMS', options({ to }, { blockOverrides: { blobBaseFee: 1n } })],
      ['RPC_INVALID_PARAMS', options({ to }, { blockOverrides: { number: 1n << 60n } })],
      ['TX_FEE_TOO_LOW', options({ to, gasPrice: 1n, from: account(0).address })],
    ];
    for (const [code, call] of refused) await expectCode(code, () => backend.call(call));
  });
});

describe('a call with lists', () => {
  test('pays for its access list, and runs what an authority delegates to', async () => {
    const { backend } = await nodeWith(SELF);
    const plain = await backend.call(options({ to }));
    const accessList = [{ address: CONTRACT, storageKeys: [one] }];
    const listed = await backend.call(options({ to, accessList }));
    expect(listed.gasUsed - plain.gasUsed).toBe(2_400 + 1_900);
    const authority = account(1);
    const signed = await privateKeyToAccount(toHex(authority.privateKey)).signAuthorization({
      address: toHex(CONTRACT),
      chainId: CHAIN_ID,
      nonce: 0,
    });
    const tuple = {
      chainId: BigInt(CHAIN_ID),
      address: CONTRACT,
      nonce: 0n,
      yParity: signed.yParity ?? 0,
      r: BigInt(signed.r),
      s: BigInt(signed.s),
    };
    const request = { to: authority.address, authorizationList: [tuple] };
    const delegated = await backend.call(options(request));
    expect(delegated.output.subarray(12)).toEqual(authority.address);
    const { gas } = await backend.estimateGas(options(request));
    expect(gas).toBeGreaterThan(21_000 + 25_000);
  });

  test('can have them made: slots and accounts that are not warm anyway', async () => {
    const { backend } = await nodeWith(TOUCHER);
    const made = await backend.createAccessList?.(options({ to, from: account(0).address }));
    expect(made?.accessList).toEqual([
      { address: CONTRACT, storageKeys: [toWord(7n)] },
      { address: new Uint8Array(20).fill(0x33), storageKeys: [] },
    ]);
    const accessList = made?.accessList ?? [];
    const listed = await backend.call(options({ to, accessList }));
    expect(made).toMatchObject({ error: null, gasUsed: listed.gasUsed });
    const reverter = (await nodeWith(REVERTER)).backend;
    expect(await reverter.createAccessList?.(options({ to }))).toMatchObject({
      accessList: [],
      error: 'execution reverted',
    });
  });
});

describe('an estimate', () => {
  test('is enough gas, and near to what is needed', async () => {
    const { backend } = await nodeWith(SPENDER);
    const transfer = options({ to: account(1).address, value: 1n, from: account(0).address });
    expect(await backend.estimateGas(transfer)).toEqual({ gas: 21_000, failure: null });
    const { gas } = await backend.estimateGas(options({ to }));
    expect(await backend.call(options({ to, gas }))).toMatchObject({ status: 'ok' });
    const less = Math.floor(gas * 0.98);
    expect(await backend.call(options({ to, gas: less }))).toMatchObject({ status: 'halted' });
  });

  test('of a call that fails is the failure', async () => {
    const { backend } = await nodeWith(REVERTER);
    const data = Uint8Array.of(9);
    const { failure } = await backend.estimateGas(options({ to, data }));
    expect(failure).toMatchObject({ status: 'reverted', output: data });
  });

  test('is no more than the sender can pay for', async () => {
    const { backend } = await nodeWith(SPENDER);
    const from = new Uint8Array(20).fill(0x22);
    const price = 10n ** 10n;
    const request = { to: account(1).address, from, gasPrice: price, value: 1n };
    const rich = { address: from, balance: 21_000n * price + 1n };
    const enough = await backend.estimateGas(options(request, { stateOverrides: [rich] }));
    expect(enough).toEqual({ gas: 21_000, failure: null });
    const poor = { address: from, balance: 20_999n * price + 1n };
    await expectCode('TX_GAS_TOO_LOW', () =>
      backend.estimateGas(options(request, { stateOverrides: [poor] })),
    );
    await expectCode('TX_INSUFFICIENT_FUNDS', () => backend.estimateGas(options(request)));
  });
});

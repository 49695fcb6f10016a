import { keccak_256 } from '@noble/hashes/sha3.js';
import { getContractAddress } from 'viem';
import { describe, expect, test } from 'vitest';
import type { RpcReceipt } from '../../../../net/rpc/values.js';
import { toHex } from '../../../../state/base/bytes.js';
import {
  account,
  ChainBuilder,
  ETHER,
  GENESIS_TIME,
  type Included,
  transfer,
} from '../../../helpers/chain-builder.js';
import { at, backendOf, byHash, expectCode, LATEST, tag } from './helpers.js';

const hashOf = ({ raw }: Included): Uint8Array => keccak_256(raw);
const topic = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const log = (fill: number) => ({
  address: new Uint8Array(20).fill(fill),
  topics: [topic(fill)],
  data: Uint8Array.of(fill),
});

describe('the newest block', () => {
  test('is the last closed one until the open one has a transaction', async () => {
    const builder = await ChainBuilder.begin();
    const backend = backendOf(builder);
    expect(backend.blockNumber()).toBe(0);
    builder.open();
    expect(backend.blockNumber()).toBe(0);
    expect(backend.block(at(1), false)).toBeNull();
    await builder.miniBlock([], [{ kind: 0, address: account(0).address, value: 5n }]);
    expect(backend.blockNumber()).toBe(0);
    await builder.miniBlock([transfer(0, 0)]);
    expect(backend.blockNumber()).toBe(1);
    const block = builder.close();
    expect(backend.blockNumber()).toBe(1);
    await builder.seal(block);
    expect(backend.blockNumber()).toBe(1);
  });

  test('is what the tags mean', async () => {
    const builder = await ChainBuilder.begin();
    const backend = backendOf(builder);
    await builder.block([transfer(0, 0)]);
    builder.open();
    await builder.miniBlock([transfer(0, 1)]);
    const numberOf = async (name: Parameters<typeof tag>[0]) =>
      (await backend.block(tag(name), false))?.header.number;
    expect(await numberOf('latest')).toBe(2);
    expect(await numberOf('pending')).toBe(2);
    expect(await numberOf('earliest')).toBe(0);
    expect(await numberOf('safe')).toBe(1);
    expect(await numberOf('finalized')).toBe(1);
  });
});

describe('state', () => {
  const bob = new Uint8Array(20).fill(0xb0);
  const slot = topic(1);

  test('is read at the head and at every block before', async () => {
    const builder = await ChainBuilder.begin();
    const backend = backendOf(builder);
    for (const value of [1n, 2n, 3n]) {
      await builder.block(
        [transfer(0, Number(value) - 1)],
        [
          { kind: 0, address: bob, value },
          { kind: 1, address: bob, value: value + 10n },
          { kind: 3, address: bob, slot, value: value + 20n },
        ],
      );
    }
    expect(backend.balance(bob, LATEST)).toBe(3n);
    expect(backend.transactionCount(bob, LATEST)).toBe(13n);
    expect(backend.storageAt(bob, slot, LATEST)).toEqual(
      Uint8Array.from({ length: 32 }, (_, index) => (index === 31 ? 23 : 0)),
    );
    for (const number of [1, 2, 3]) {
      expect(backend.balance(bob, at(number))).toBe(BigInt(number));
      expect(backend.transactionCount(bob, at(number))).toBe(BigInt(number + 10));
      expect((await backend.storageAt(bob, slot, at(number)))[31]).toBe(number + 20);
    }
    expect(backend.balance(bob, at(0))).toBe(0n);
    expect(backend.balance(bob, tag('earliest'))).toBe(0n);
    expect(backend.balance(account(0).address, tag('earliest'))).toBe(10_000n * ETHER);
    const hash = builder.chain.history.hashOf(2);
    expect(backend.balance(bob, byHash(hash ?? topic(0)))).toBe(2n);
  });

  test('of a mini-block that is still executing is not seen', async () => {
    const builder = await ChainBuilder.begin();
    const backend = backendOf(builder);
    builder.open();
    const { arena } = builder;
    arena.openMiniBlock(2);
    arena.write(arena.intern(0, bob), topic(0xff), 2);
    arena.write(arena.intern(0, account(0).address), topic(0xff), 2);
    expect(backend.balance(bob, LATEST)).toBe(0n);
    expect(backend.balance(account(0).address, LATEST)).toBe(10_000n * ETHER);
  });

  test('of an account with code, and of one that exists although it is empty', async () => {
    const code = Uint8Array.of(0x60, 0x01);
    const contract = { address: bob, balance: 0n, nonce: 1n, code, slots: [] };
    const empty = { ...contract, address: topic(3).slice(12), nonce: 0n, code: new Uint8Array(0) };
    const builder = await ChainBuilder.begin({}, [contract, empty]);
    const backend = backendOf(builder);
    expect(backend.code(bob, LATEST)).toEqual(code);
    expect(backend.code(empty.address, LATEST)).toEqual(new Uint8Array(0));
    expect(backend.code(topic(9).slice(12), LATEST)).toEqual(new Uint8Array(0));
  });

  test('refuses unknown blocks, and blocks that the undo ring has forgotten', async () => {
    const builder = await ChainBuilder.begin({ undoNodes: 64 });
    const backend = backendOf(builder);
    await expectCode('RPC_NOT_FOUND', () => backend.balance(bob, at(9)));
    await expectCode('RPC_NOT_FOUND', () => backend.balance(bob, byHash(topic(1))));
    for (let value = 1n; value <= 200n; value += 1n) {
      await builder.block([], [{ kind: 0, address: bob, value }]);
    }
    expect(backend.balance(bob, LATEST)).toBe(200n);
    await expectCode('STATE_PRUNED', () => backend.balance(bob, at(1)));
  });
});

describe('receipts and transactions', () => {
  async function twoMiniBlocks() {
    const builder = await ChainBuilder.begin();
    const backend = backendOf(builder);
    const context = builder.open();
    const first = [
      { ...transfer(0, 0), logs: [log(1), log(2)] },
      { ...transfer(1, 0, { type: 0, gasPrice: 7_000_000_000n }), gasUsed: 30_000, status: 0 },
    ] as const;
    const second = [{ ...transfer(0, 1), logs: [log(3)], gasUsed: 40_000 }];
    await builder.miniBlock(first);
    await builder.miniBlock(second);
    return { builder, backend, context, all: [...first, ...second] };
  }

  test('count gas and logs from the start of the block', async () => {
    const { backend, context, all } = await twoMiniBlocks();
    const receipts = await Promise.all(all.map((one) => backend.receipt(hashOf(one))));
    const column = <T>(read: (receipt: RpcReceipt) => T) =>
      receipts.map((receipt) => (receipt === null ? null : read(receipt)));
    expect(column(({ gasUsed }) => gasUsed)).toEqual([21_000, 30_000, 40_000]);
    expect(column(({ cumulativeGasUsed }) => cumulativeGasUsed)).toEqual([21_000, 51_000, 91_000]);
    expect(column(({ position }) => position.transactionIndex)).toEqual([0, 1, 2]);
    expect(column(({ firstLogIndex }) => firstLogIndex)).toEqual([0, 2, 2]);
    expect(column(({ logs }) => logs.length)).toEqual([2, 0, 1]);
    expect(column(({ status }) => status)).toEqual([1, 0, 1]);
    expect(column(({ type }) => type)).toEqual([2, 0, 2]);
    const tip = 1_000_000_000n + context.baseFee;
    expect(column(({ effectiveGasPrice }) => effectiveGasPrice)).toEqual([
      tip,
      7_000_000_000n,
      tip,
    ]);
    expect(receipts[0]?.logs[1]).toEqual(log(2));
    expect(receipts[0]?.from).toEqual(account(0).address);
    expect(receipts[0]?.to).toEqual(account(1).address);
    expect(receipts[0]?.contractAddress).toBeNull();
  });

  test('have a block hash as soon as the block is sealed', async () => {
    const { builder, backend, all } = await twoMiniBlocks();
    const first = all[0] ?? transfer(0, 0);
    const place = async () => ({
      receipt: (await backend.receipt(hashOf(first)))?.position.blockHash,
      transaction: (await backend.transaction(hashOf(first)))?.position?.blockHash,
      block: (await backend.block(at(1), true))?.transactions?.[0]?.position?.blockHash,
      receipts: (await backend.blockReceipts(at(1)))?.[2]?.position.blockHash,
      header: (await backend.block(at(1), false))?.header.hash,
    });
    const open = { receipt: null, transaction: null, block: null, receipts: null, header: null };
    expect(await place()).toEqual(open);
    const block = builder.close();
    expect(await place()).toEqual(open);
    await builder.seal(block);
    const hash = builder.chain.history.hashOf(1);
    expect(hash).toHaveLength(32);
    expect(await place()).toEqual({
      receipt: hash,
      transaction: hash,
      block: hash,
      receipts: hash,
      header: hash,
    });
  });

  test('know the address of a contract that is created', async () => {
    const builder = await ChainBuilder.begin();
    const backend = backendOf(builder);
    const creation = { data: Uint8Array.of(0xfe), to: new Uint8Array(0) };
    for (const nonce of [0, 1, 127, 128, 70_000]) {
      const one = transfer(2, nonce, creation);
      await builder.block([one]);
      const receipt = await backend.receipt(hashOf(one));
      const from = toHex(account(2).address);
      expect(receipt?.to).toBeNull();
      expect(toHex(receipt?.contractAddress ?? topic(0))).toBe(
        getContractAddress({ from, nonce: BigInt(nonce) }).toLowerCase(),
      );
    }
  });

  test('are found by hash, by index, by sender and nonce, and raw', async () => {
    const { builder, backend, all } = await twoMiniBlocks();
    await builder.seal(builder.close());
    for (const [index, one] of all.entries()) {
      const found = await backend.transaction(hashOf(one));
      expect(found?.hash).toEqual(hashOf(one));
      expect(await backend.transactionByIndex(at(1), index)).toEqual(found);
      expect(await backend.rawTransaction(hashOf(one))).toEqual(one.raw);
    }
    expect(await backend.transaction(topic(1))).toBeNull();
    expect(await backend.receipt(topic(1))).toBeNull();
    expect(await backend.rawTransaction(topic(1))).toBeNull();
    expect(await backend.transactionByIndex(at(1), 3)).toBeNull();
    expect(await backend.transactionByIndex(at(7), 0)).toBeNull();
  });

  test('are found by sender and nonce as far back as the undo ring reaches', async () => {
    const builder = await ChainBuilder.begin({ undoNodes: 64 });
    const backend = backendOf(builder);
    const sender = account(0).address;
    const sent: Included[] = [];
    for (let nonce = 0; nonce < 100; nonce += 1) {
      const one = transfer(0, nonce);
      sent.push(one);
      await builder.block([one], [{ kind: 1, address: sender, value: BigInt(nonce + 1) }]);
    }
    for (const nonce of [60, 61, 98, 99]) {
      const found = await backend.transactionBySenderAndNonce(sender, BigInt(nonce));
      expect(found?.hash).toEqual(hashOf(sent[nonce] ?? transfer(0, 0)));
    }
    expect(await backend.transactionBySenderAndNonce(sender, 100n)).toBeNull();
    expect(await backend.transactionBySenderAndNonce(account(1).address, 0n)).toBeNull();
    await expectCode('STATE_PRUNED', () => backend.transactionBySenderAndNonce(sender, 3n));
  });
});

describe('a block', () => {
  test('has the fields of its sealed header, and its size in bytes', async () => {
    const builder = await ChainBuilder.begin();
    const backend = backendOf(builder);
    const context = builder.open();
    await builder.miniBlock([transfer(0, 0), transfer(0, 1, { type: 0, gasPrice: 9n })]);
    const open = await backend.block(at(1), false);
    await builder.seal(builder.close());
    const sealed = await backend.block(at(1), false);
    const { header } = sealed ?? {};
    expect(header?.parentHash).toEqual(builder.chain.history.hashOf(0));
    expect(header?.stateRoot).toEqual(topic(0x5a));
    expect(header?.gasUsed).toBe(42_000);
    expect(header?.timestamp).toBe(GENESIS_TIME + 1);
    expect(header?.mixHash).toEqual(context.prevRandao);
    expect(header?.baseFeePerGas).toBe(context.baseFee);
    expect(header?.requestsHash).toHaveLength(32);
    expect(sealed?.withdrawals).toEqual([]);
    expect(sealed?.transactions).toBeNull();
    expect(sealed?.transactionHashes).toHaveLength(2);
    expect(await backend.blockTransactionCount(at(1))).toBe(2);
    // What is known of an open block is what the sealed one says.
    const changing = { hash: 0, stateRoot: 0, transactionsRoot: 0, receiptsRoot: 0, logsBloom: 0 };
    expect({ ...open?.header, ...changing }).toEqual({ ...header, ...changing });
    expect(open?.header.stateRoot).toBeNull();
    expect(open?.sizeBytes).toBe(sealed?.sizeBytes);
  });

  test('before Shanghai has no withdrawals, before London no base fee', async () => {
    const builder = await ChainBuilder.begin({ fork: 'berlin' });
    const backend = backendOf(builder);
    const legacy = { type: 0 as const, gasPrice: 5n };
    await builder.block([transfer(0, 0, legacy)]);
    const sealed = await backend.block(at(1), true);
    expect(sealed?.withdrawals).toBeNull();
    expect(sealed?.header.baseFeePerGas).toBeNull();
    expect(sealed?.header.requestsHash).toBeNull();
    expect(sealed?.transactions?.[0]?.gasPrice).toBe(5n);
  });

  test('that is not there is null', async () => {
    const backend = backendOf(await ChainBuilder.begin());
    expect(await backend.block(at(1), false)).toBeNull();
    expect(await backend.block(byHash(topic(1)), false)).toBeNull();
    expect(await backend.blockReceipts(at(1))).toBeNull();
    expect(await backend.blockTransactionCount(at(1))).toBeNull();
  });
});

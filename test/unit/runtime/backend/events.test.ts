import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, test } from 'vitest';
import type { BackendListener } from '../../../../net/rpc/backend.js';
import type {
  RpcMiniBlock,
  RpcReceipt,
  RpcSealedBlock,
  RpcTransaction,
  SubmitOutcome,
} from '../../../../net/rpc/values.js';
import type { NodeBackend } from '../../../../runtime/backend/backend.js';
import { ChainView } from '../../../../runtime/backend/chain-view.js';
import { Intake } from '../../../../runtime/intake.js';
import { DeltacastError } from '../../../../state/base/errors.js';
import { decodeSigned } from '../../../../workers/decode.js';
import { TransactionRecord } from '../../../../workers/record.js';
import {
  ACCOUNTS,
  account,
  CHAIN_ID,
  ChainBuilder,
  type Included,
  transfer,
} from '../../../helpers/chain-builder.js';
import { backendOf, expectCode, LATEST, tag } from './helpers.js';

const hashOf = ({ raw }: Included): Uint8Array => keccak_256(raw);
const BOB = new Uint8Array(20).fill(0xb0);
const SLOT = new Uint8Array(32).fill(5);

/** A sequencer without a pipeline: the test executes what is in the pool. */
async function sequencer() {
  const builder = await ChainBuilder.begin();
  const { chain, arena, clock } = builder;
  const view = new ChainView(chain, clock);
  let backend: NodeBackend | null = null;
  const intake = new Intake({
    arena,
    history: chain.history,
    services: {
      recover: async (raws) =>
        raws.map((raw) => {
          try {
            const rules = { fork: 'osaka' as const, chainId: CHAIN_ID };
            return new TransactionRecord(decodeSigned(raw, rules));
          } catch (error) {
            if (error instanceof DeltacastError) return error;
            throw error;
          }
        }),
    },
    context: () => view.pendingContext(),
    onReady: () => undefined,
    onPending: (hashes) => backend?.announcePending(hashes),
  });
  backend = backendOf(builder, { intake, accounts: ACCOUNTS });
  const execute = async (): Promise<void> => {
    const taken = intake.pool.take(100, 1e9);
    const included = taken.map(({ payload }) => ({ raw: payload.raw, from: payload.sender }));
    const writes = taken.map(({ payload }) => ({
      kind: 1 as const,
      address: payload.sender,
      value: payload.nonce + 1n,
    }));
    const entry = await builder.miniBlock(included, writes);
    for (const [index, pooled] of taken.entries()) {
      intake.pool.settle(pooled, false);
      intake.answer(pooled.hash, { entry, index });
    }
  };
  return { builder, intake, backend, execute };
}

/** Keeps receipts; nothing is dropped in these tests. */
function into(got: RpcReceipt[]) {
  return (result: RpcReceipt | DeltacastError): void => {
    if (result instanceof DeltacastError) throw result;
    got.push(result);
  };
}

describe('a sequencer', () => {
  test('admits transactions and shows them until they are executed', async () => {
    const { builder, backend, execute } = await sequencer();
    builder.open();
    const sent = [transfer(0, 0), transfer(0, 1), transfer(1, 4)];
    const outcomes = await backend.submitMany([...sent.map(({ raw }) => raw), BOB]);
    expect(outcomes.map(({ status }) => status)).toEqual(['ready', 'ready', 'queued', 'rejected']);
    expect(outcomes[3]).toMatchObject({ hash: null, error: { code: 'TX_TYPE_UNSUPPORTED' } });
    expect(await backend.poolStatus()).toEqual({ pending: 2, queued: 1 });
    const content = await backend.poolContent();
    expect(content.pending.map(({ hash }) => hash)).toEqual(sent.slice(0, 2).map(hashOf));
    expect(content.queued.map(({ nonce }) => nonce)).toEqual([4n]);
    const from = account(0).address;
    expect(await backend.transactionCount(from, LATEST)).toBe(0n);
    expect(await backend.transactionCount(from, tag('pending'))).toBe(2n);
    const waiting = await backend.transaction(hashOf(transfer(0, 1)));
    expect(waiting).toMatchObject({ position: null, gasPrice: null, from });
    expect(await backend.rawTransaction(hashOf(transfer(0, 1)))).toEqual(transfer(0, 1).raw);
    expect(await backend.transactionBySenderAndNonce(account(1).address, 4n)).toMatchObject({
      nonce: 4n,
    });
    expect(await backend.receipt(hashOf(transfer(0, 1)))).toBeNull();
    await execute();
    expect(await backend.poolStatus()).toEqual({ pending: 0, queued: 1 });
    expect(await backend.transactionCount(from, LATEST)).toBe(2n);
    expect(await backend.transaction(hashOf(transfer(0, 1)))).toMatchObject({
      position: { blockNumber: 1, transactionIndex: 1, blockHash: null },
    });
  });

  test('calls back with a receipt once, at once if it is known, never when cancelled', async () => {
    const { builder, backend, execute, intake } = await sequencer();
    builder.open();
    const [one, two, three] = [transfer(0, 0), transfer(0, 1), transfer(0, 2)];
    await backend.submitMany([one.raw, two.raw]);
    const got: RpcReceipt[] = [];
    backend.onReceipt(hashOf(one), into(got));
    backend.onReceipt(hashOf(two), into(got))();
    expect(got).toEqual([]);
    await execute();
    expect(got.map(({ transactionHash }) => transactionHash)).toEqual([hashOf(one)]);
    backend.onReceipt(hashOf(two), into(got));
    expect(got[1]).toEqual(await backend.receipt(hashOf(two)));
    // A transaction that is dropped has no receipt: who waits learns why.
    await backend.submitMany([three.raw]);
    const dropped: unknown[] = [];
    backend.onReceipt(hashOf(three), (result) => dropped.push(result));
    intake.answer(`0x${Buffer.from(hashOf(three)).toString('hex')}`, refused());
    expect(dropped).toEqual([refused()]);
  });

  test('signs and sends for its development accounts', async () => {
    const { builder, backend, execute } = await sequencer();
    builder.open();
    const { signer } = backend;
    expect(signer?.accounts()).toEqual(ACCOUNTS.map(({ address }) => address));
    const from = account(2).address;
    const send = () => signer?.sendTransaction({ from, to: BOB, value: 9n });
    expect((await Promise.all([send(), send()])).map((one) => one?.status)).toEqual([
      'ready',
      'ready',
    ]);
    await execute();
    const block = await backend.block(LATEST, true);
    expect(block?.transactions?.map(({ nonce, gasLimit }) => [nonce, gasLimit])).toEqual([
      [0n, 21_000],
      [1n, 21_000],
    ]);
  });
});

function refused(): DeltacastError {
  return new DeltacastError('TX_INSUFFICIENT_FUNDS', 'spent elsewhere');
}

describe('a follower', () => {
  test('passes transactions on, has no pool, waits for receipts in what it applies', async () => {
    const builder = await ChainBuilder.begin();
    const passed: Uint8Array[] = [];
    const forward = async (raws: readonly Uint8Array[]): Promise<SubmitOutcome[]> => {
      passed.push(...raws);
      return raws.map((raw) => ({ status: 'ready', hash: keccak_256(raw) }));
    };
    const backend = backendOf(builder, { forward });
    expect(backend.signer).toBeNull();
    const one = transfer(0, 0);
    expect(await backend.submitMany([one.raw])).toEqual([{ status: 'ready', hash: hashOf(one) }]);
    expect(passed).toEqual([one.raw]);
    expect(await backend.poolStatus()).toEqual({ pending: 0, queued: 0 });
    expect(await backend.poolContent()).toEqual({ pending: [], queued: [] });
    expect(await backend.transaction(hashOf(one))).toBeNull();
    expect(await backend.transactionCount(account(0).address, tag('pending'))).toBe(0n);
    const got: RpcReceipt[] = [];
    backend.onReceipt(hashOf(one), into(got));
    const cancel = backend.onReceipt(hashOf(one), into(got));
    cancel();
    cancel();
    builder.open();
    await builder.miniBlock([transfer(1, 0)]);
    expect(got).toEqual([]);
    await builder.miniBlock([one]);
    backend.onReceipt(hashOf(one), into(got));
    expect(got.map(({ position }) => position.transactionIndex)).toEqual([1, 1]);
    await expectCode('PEER_MISBEHAVED', () => backendOf(builder).submitMany([one.raw]));
  });

  test('gives no receipt for bytes that are no transaction, and goes on', async () => {
    const builder = await ChainBuilder.begin();
    const backend = backendOf(builder);
    const raw = Uint8Array.of(2, 0xc8, 1);
    const got: RpcReceipt[] = [];
    backend.onReceipt(keccak_256(raw), into(got));
    builder.open();
    await builder.miniBlock([{ raw, from: BOB }, transfer(0, 0)]);
    expect(got).toEqual([]);
    expect(backend.receipt(hashOf(transfer(0, 0)))).toMatchObject({ status: 1 });
    await expectCode('TX_MALFORMED', () => backend.receipt(keccak_256(raw)));
  });
});

/** Keeps what it hears; lists are asked for at once, as subscriptions do. */
class Ear implements BackendListener {
  readonly miniBlocks: (RpcMiniBlock & {
    readonly changes: ReturnType<RpcMiniBlock['stateChanges']>;
    readonly receiptList: readonly RpcReceipt[];
    readonly transactionList: readonly RpcTransaction[];
  })[] = [];
  readonly blocks: RpcSealedBlock[] = [];
  readonly pending: (RpcTransaction | null)[] = [];

  miniBlock(miniBlock: RpcMiniBlock): void {
    const changes = miniBlock.stateChanges();
    const receiptList = miniBlock.receipts();
    const transactionList = miniBlock.transactions();
    this.miniBlocks.push({ ...miniBlock, changes, receiptList, transactionList });
  }

  sealedBlock(block: RpcSealedBlock): void {
    this.blocks.push(block);
  }

  pendingTransactions(
    hashes: readonly Uint8Array[],
    load: (hash: Uint8Array) => RpcTransaction | null,
  ): void {
    this.pending.push(...hashes.map(load));
  }
}

describe('a listener', () => {
  test('hears of mini-blocks with what they changed, and of sealed blocks', async () => {
    const builder = await ChainBuilder.begin();
    const backend = backendOf(builder);
    const ear = new Ear();
    const stop = backend.listen(ear);
    builder.open();
    await builder.miniBlock(
      [transfer(0, 0), transfer(1, 0)],
      [
        { kind: 1, address: BOB, value: 1n },
        { kind: 3, address: BOB, slot: SLOT, value: 7n },
      ],
    );
    await builder.miniBlock([transfer(0, 1)], [{ kind: 0, address: BOB, value: 50n }]);
    await builder.seal(builder.close());
    builder.open();
    await builder.miniBlock([], [{ kind: 3, address: BOB, slot: SLOT, value: 0n }]);
    expect(ear.miniBlocks).toMatchObject([
      { number: 1, blockNumber: 1, index: 0, gasUsed: 42_000 },
      { number: 2, blockNumber: 1, index: 1, gasUsed: 21_000 },
      { number: 3, blockNumber: 2, index: 0, gasUsed: 0 },
    ]);
    const word = (value: number) =>
      Uint8Array.from({ length: 32 }, (_, at) => (at === 31 ? value : 0));
    expect(ear.miniBlocks.map(({ changes }) => changes)).toEqual([
      [{ address: BOB, nonce: 1n, balance: 0n, storage: [{ slot: SLOT, value: word(7) }] }],
      [{ address: BOB, nonce: 1n, balance: 50n, storage: [] }],
      [{ address: BOB, nonce: 1n, balance: 50n, storage: [{ slot: SLOT, value: word(0) }] }],
    ]);
    expect(ear.miniBlocks[1]?.receiptList[0]?.position.transactionIndex).toBe(2);
    expect(ear.miniBlocks[0]?.transactionList.map(({ from }) => from)).toEqual([
      account(0).address,
      account(1).address,
    ]);
    expect(ear.miniBlocks[0]?.timestampMicroseconds).toBe(BigInt(builder.clock.now) * 1_000n);
    const block = await backend.block(tag('safe'), false);
    expect(ear.blocks).toEqual([
      { header: block?.header, sizeBytes: block?.sizeBytes, miniBlockCount: 2 },
    ]);
    stop();
    await builder.miniBlock([transfer(0, 2)]);
    expect(ear.miniBlocks).toHaveLength(3);
  });

  test('that comes in the middle of a block hears only what changed since', async () => {
    const builder = await ChainBuilder.begin();
    builder.open();
    await builder.miniBlock([transfer(0, 0)], [{ kind: 1, address: BOB, value: 1n }]);
    const ear = new Ear();
    backendOf(builder).listen(ear);
    await builder.miniBlock(
      [transfer(0, 1)],
      [{ kind: 0, address: account(0).address, value: 3n }],
    );
    expect(ear.miniBlocks[0]?.changes.map(({ address }) => address)).toEqual([account(0).address]);
  });

  test('hears of transactions that enter the pool', async () => {
    const { builder, backend } = await sequencer();
    builder.open();
    const ear = new Ear();
    backend.listen(ear);
    await backend.submitMany([transfer(0, 0).raw, BOB, transfer(0, 3).raw]);
    expect(ear.pending.map((one) => one?.nonce)).toEqual([0n, 3n]);
  });
});

describe('the node', () => {
  test('says who and where it is', async () => {
    const backend = backendOf(await ChainBuilder.begin());
    expect(backend.chainId).toBe(BigInt(CHAIN_ID));
    expect(backend.clientVersion).toBe('Deltacast/test');
    expect(await backend.peerCount()).toBe(3);
    expect(await backend.syncing()).toBe(false);
    expect(await backend.listening()).toBe(true);
    expect(backend.keccak256(BOB)).toEqual(keccak_256(BOB));
  });
});

/** The happy path of every method, and the forms of what it answers. */
import { Bloom } from '@ethereumjs/vm';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { parseTransaction, type TransactionSerializable } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeTransaction } from '../../../../net/rpc/fill.js';
import { formatReceipt, formatTransaction } from '../../../../net/rpc/format.js';
import { formatBlock } from '../../../../net/rpc/format-block.js';
import { toHex } from '../../../../state/base/bytes.js';
import {
  ALICE,
  BOB,
  bytes,
  FakeBackend,
  hashAt,
  headerAt,
  OPEN_BLOCK,
  positionAt,
  receiptOf,
  TOPIC,
  transactionOf,
} from '../../../helpers/fake-backend.js';
import { call, startTestServer, type TestServer } from '../../../helpers/rpc-client.js';

const alice = toHex(ALICE);
const bob = toHex(BOB);
const word = (fill: number): string => toHex(bytes(32, fill));
const SEALED = toHex(hashAt(2));
const BLOCK_HASH = word(3);

class SigningBackend extends FakeBackend {
  override signer = {
    accounts: () => [ALICE],
    signTransaction: () => ({ raw: bytes(4, 2), transaction: transactionOf(hashAt(1), null) }),
    sendTransaction: () => ({ status: 'ready' as const, hash: hashAt(1) }),
    signMessage: () => bytes(65, 0x51),
    signTypedData: () => bytes(65, 0x52),
  };
}

let test: TestServer;
beforeAll(async () => {
  test = await startTestServer({}, new SigningBackend());
});
afterAll(async () => await test.server.close());

async function result(method: string, params: unknown[] = []): Promise<unknown> {
  const reply = await call(test.url, method, params);
  expect([method, reply.error]).toEqual([method, undefined]);
  return reply.result;
}

const request = { from: alice, to: bob, value: '0x1', input: '0x01' };

describe('every method answers', () => {
  const exact: [string, unknown[], unknown][] = [
    ['eth_chainId', [], '0x7a69'],
    ['eth_blockNumber', [], '0x7'],
    ['eth_gasPrice', [], '0x3b9aca01'],
    ['eth_maxPriorityFeePerGas', [], '0x1'],
    ['eth_blobBaseFee', [], '0x1'],
    ['eth_syncing', [], false],
    ['eth_accounts', [], [alice]],
    ['eth_coinbase', [], `0x${'cb'.repeat(20)}`],
    ['eth_mining', [], false],
    ['eth_hashrate', [], '0x0'],
    ['eth_protocolVersion', [], '0x41'],
    ['eth_getBalance', [alice, 'latest'], '0x3e8'],
    ['eth_getBalance', [alice], '0x3e8'],
    ['eth_getBalance', [alice, { blockHash: BLOCK_HASH }], '0x3e8'],
    ['eth_getCode', [alice, 'pending'], '0x606060'],
    ['eth_getStorageAt', [alice, '0x0', '0x2'], word(0x5a)],
    ['eth_getTransactionCount', [alice, 'pending'], '0x3'],
    ['eth_getBlockTransactionCountByNumber', ['0x2'], '0x1'],
    ['eth_getBlockTransactionCountByHash', [BLOCK_HASH], '0x1'],
    ['eth_getBlockTransactionCountByNumber', ['0x99'], null],
    ['eth_getUncleCountByBlockNumber', ['0x2'], '0x0'],
    ['eth_getUncleCountByBlockHash', [BLOCK_HASH], '0x0'],
    ['eth_getUncleByBlockNumberAndIndex', ['0x2', '0x0'], null],
    ['eth_getUncleByBlockHashAndIndex', [BLOCK_HASH, '0x0'], null],
    ['eth_getBlockByNumber', ['0x99', false], null],
    ['eth_getBlockByHash', [word(0x99), false], null],
    ['eth_getBlockReceipts', ['0x99'], null],
    ['eth_getTransactionByHash', [word(0x11)], null],
    ['eth_getTransactionReceipt', [word(0x11)], null],
    ['eth_getRawTransactionByHash', [SEALED], '0x0202020202'],
    ['eth_call', [request, 'latest'], word(1)],
    ['eth_estimateGas', [request], '0x5208'],
    ['eth_uninstallFilter', ['0x1'], false],
    ['eth_sendTransaction', [request], toHex(hashAt(1))],
    ['eth_signTransaction', [request], '0x02020202'],
    ['eth_sign', [alice, '0x01'], `0x${'51'.repeat(65)}`],
    ['personal_sign', ['0x01', alice], `0x${'51'.repeat(65)}`],
    ['eth_signTypedData_v4', [alice, '{"types":{}}'], `0x${'52'.repeat(65)}`],
    ['eth_signTypedData_v4', [alice, { types: {} }], `0x${'52'.repeat(65)}`],
    ['net_version', [], '31337'],
    ['net_listening', [], true],
    ['net_peerCount', [], '0x2'],
    ['web3_clientVersion', [], 'Deltacast/v0.0.0/test'],
    [
      'web3_sha3',
      ['0x68656c6c6f20776f726c64'],
      '0x47173285a8d7341e5e972fc677286384f802f8ef42a5ec5f03bbfa254cb01fad',
    ],
    [
      'rpc_modules',
      [],
      {
        eth: '1.0',
        net: '1.0',
        personal: '1.0',
        realtime: '1.0',
        rpc: '1.0',
        txpool: '1.0',
        web3: '1.0',
      },
    ],
    ['txpool_status', [], { pending: '0x1', queued: '0x1' }],
    [
      'txpool_inspect',
      [],
      {
        pending: { [alice]: { 3: `${bob}: 5 wei + 90000 gas × 2000000000 wei` } },
        queued: { [alice]: { 9: 'contract creation: 5 wei + 90000 gas × 2000000000 wei' } },
      },
    ],
    [
      'eth_feeHistory',
      ['0x1', 'latest', [25, 75]],
      {
        oldestBlock: '0x1',
        baseFeePerGas: ['0x7', '0x7'],
        gasUsedRatio: [0.5],
        baseFeePerBlobGas: ['0x7', '0x7'],
        blobGasUsedRatio: [0],
        reward: [['0x7', '0x7']],
      },
    ],
    [
      'eth_createAccessList',
      [request],
      { accessList: [{ address: bob, storageKeys: [word(1)] }], gasUsed: '0x55f0' },
    ],
  ];
  it.each(exact)('%s %j', async (method, params, expected) => {
    expect(await result(method, params)).toEqual(expected);
  });

  it('blocks, transactions and receipts in the forms of format.ts', async () => {
    const block = test.backend.block({ kind: 'number', number: 2 }, true)!;
    const transaction = formatTransaction(transactionOf(hashAt(2), positionAt(2)));
    const receipt = formatReceipt(receiptOf(hashAt(2), positionAt(2)), keccak_256);
    expect(await result('eth_getBlockByNumber', ['0x2', true])).toEqual(formatBlock(block));
    expect(await result('eth_getBlockByHash', [BLOCK_HASH])).toMatchObject({
      hash: BLOCK_HASH,
      transactions: [SEALED],
    });
    expect(await result('eth_getHeaderByNumber', ['0x2'])).toMatchObject({ hash: BLOCK_HASH });
    expect(await result('eth_getHeaderByHash', [BLOCK_HASH])).toMatchObject({ number: '0x2' });
    expect(await result('eth_getTransactionByHash', [SEALED])).toEqual(transaction);
    const byIndex = [
      'eth_getTransactionByBlockNumberAndIndex',
      'eth_getTransactionByBlockHashAndIndex',
    ];
    expect(await result(byIndex[0]!, ['0x2', '0x0'])).toEqual(transaction);
    expect(await result(byIndex[1]!, [BLOCK_HASH, '0x0'])).toEqual(transaction);
    expect(await result(byIndex[1]!, [BLOCK_HASH, '0x1'])).toBeNull();
    expect(await result('eth_getTransactionBySenderAndNonce', [alice, '0x3'])).toMatchObject({
      nonce: '0x3',
    });
    expect(await result('eth_getTransactionReceipt', [SEALED])).toEqual(receipt);
    expect(await result('eth_getBlockReceipts', ['0x2'])).toEqual([receipt]);
    expect(await result('txpool_content')).toMatchObject({
      pending: { [alice]: { 3: { blockHash: null, blockNumber: null, transactionIndex: null } } },
    });
  });

  it('logs whole, in pages and by filter id', async () => {
    const filter = { fromBlock: '0x0', toBlock: 'latest', address: bob, topics: [[word(0x70)]] };
    const [log] = (await result('eth_getLogs', [filter])) as unknown[];
    expect(log).toEqual({
      address: bob,
      topics: [toHex(TOPIC)],
      data: word(9),
      blockNumber: '0x1',
      transactionHash: toHex(hashAt(1)),
      transactionIndex: '0x0',
      blockHash: word(2),
      blockTimestamp: '0x6553f101',
      logIndex: '0x0',
      removed: false,
    });
    test.backend.logCount = 1_001;
    const page = (await result('eth_getLogsWithCursor', [filter])) as { logs: []; cursor: string };
    expect([page.logs.length, page.cursor]).toEqual([1_000, '0x00000001000003e7']);
    const last = await result('eth_getLogsWithCursor', [{ ...filter, cursor: page.cursor }]);
    expect(last).toMatchObject({ logs: [{ logIndex: '0x3e8' }] });
    expect(last).not.toHaveProperty('cursor');
    test.backend.logCount = 10_001;
    expect((await call(test.url, 'eth_getLogs', [filter])).error?.code).toBe(-32005);
    test.backend.logCount = 1;
    const id = await result('eth_newFilter', [filter]);
    expect(await result('eth_getFilterLogs', [id])).toEqual([log]);
    expect(await result('eth_uninstallFilter', [id])).toBe(true);
  });
});

describe('calls', () => {
  const withResult = async (callResult: FakeBackend['callResult']) => {
    const before = test.backend.callResult;
    test.backend.callResult = callResult;
    const { error } = await call(test.url, 'eth_call', [request]);
    test.backend.callResult = before;
    return error;
  };

  it('a revert is code 3 with its reason and data, a halt is -32000', async () => {
    const word = (hex: string): string => hex.padStart(64, '0');
    const reason = `08c379a0${word('20')}${word('02')}${'4e6f'.padEnd(64, '0')}`;
    const output = Buffer.from(reason, 'hex');
    expect(await withResult({ status: 'reverted', output, gasUsed: 1, haltReason: null })).toEqual({
      code: 3,
      message: 'execution reverted: No',
      data: `0x${reason}`,
    });
    const halt = { output: bytes(0, 0), gasUsed: 1, haltReason: 'out of gas' };
    expect(await withResult({ status: 'halted', ...halt })).toEqual({
      code: -32000,
      message: 'out of gas',
    });
  });

  it('overrides reach the node', async () => {
    await result('eth_call', [request, 'latest', { [alice]: { balance: '0x5' } }, { time: '0x9' }]);
    expect(test.backend.lastCall).toMatchObject({
      stateOverrides: [{ balance: 5n }],
      blockOverrides: { time: 9 },
    });
  });

  it('fills what a transaction lacks, for every kind of transaction', async () => {
    const fill = async (extra: object) =>
      (await result('eth_fillTransaction', [{ ...request, ...extra }])) as {
        raw: string;
        tx: Record<string, unknown>;
      };
    const dynamic = await fill({});
    expect(dynamic.tx).toMatchObject({
      type: '0x2',
      nonce: '0x3',
      gas: '0x5208',
      maxPriorityFeePerGas: '0x1',
      maxFeePerGas: '0x77359401',
      chainId: '0x7a69',
      value: '0x1',
      r: '0x0',
    });
    expect(dynamic.raw.slice(0, 4)).toBe('0x02');
    expect((await fill({ gasPrice: '0x5' })).tx).toMatchObject({ type: '0x0', gasPrice: '0x5' });
    expect((await fill({ gasPrice: '0x5', accessList: [] })).tx).toMatchObject({ type: '0x1' });
    expect((await fill({ blobVersionedHashes: [word(1)] })).tx).toMatchObject({ type: '0x3' });
    const authorization = { chainId: '0x1', address: bob, nonce: '0x0' };
    expect((await fill({ authorizationList: [authorization] })).tx).toMatchObject({ type: '0x4' });
    test.backend.estimate = {
      gas: 0,
      failure: { status: 'halted', output: bytes(0, 0), gasUsed: 1, haltReason: 'out of gas' },
    };
    const failed = await call(test.url, 'eth_fillTransaction', [request]);
    expect(failed.error?.message).toBe('out of gas');
    test.backend.estimate = { gas: 21_000, failure: null };
  });
});

describe('formats', () => {
  it('leaves the fields of a fork out of blocks before it', () => {
    const before = {
      baseFeePerGas: null,
      withdrawalsRoot: null,
      blobGasUsed: null,
      excessBlobGas: null,
      parentBeaconBlockRoot: null,
      requestsHash: null,
    };
    const block = {
      header: headerAt(1, { ...before, difficulty: 17n }),
      sizeBytes: 500,
      transactionHashes: [],
      transactions: null,
      uncleHashes: [bytes(32, 4)],
      withdrawals: null,
    };
    const json = formatBlock(block);
    for (const field of [...Object.keys(before), 'withdrawals'])
      expect(json).not.toHaveProperty(field);
    expect(json).toMatchObject({ difficulty: '0x11', uncles: [word(4)], size: '0x1f4' });
    expect(Object.keys(formatBlock({ ...block, header: headerAt(1), withdrawals: [] }))).toEqual(
      expect.arrayContaining([...Object.keys(before), 'withdrawals']),
    );
  });

  it('a receipt has a root or a status, a bloom of its logs, and blob fields for type 3', () => {
    const old = receiptOf(hashAt(1), positionAt(1), { status: null, root: bytes(32, 7), type: 0 });
    expect(formatReceipt(old, keccak_256)).toMatchObject({ root: word(7) });
    expect(formatReceipt(old, keccak_256)).not.toHaveProperty('status');
    const blob = { type: 3 as const, blobGasUsed: 131_072, blobGasPrice: 1n, logs: [] };
    const json = formatReceipt(receiptOf(hashAt(1), positionAt(1), blob), keccak_256);
    expect(json).toMatchObject({ blobGasUsed: '0x20000', blobGasPrice: '0x1', status: '0x1' });
    expect(json['logsBloom']).toBe(`0x${'0'.repeat(512)}`);
  });

  it('computes the bloom that @ethereumjs/vm computes', () => {
    const bloom = new Bloom();
    bloom.add(BOB);
    bloom.add(TOPIC);
    const json = formatReceipt(receiptOf(hashAt(1), positionAt(1)), keccak_256);
    expect(json['logsBloom']).toBe(toHex(bloom.bitvector));
  });

  it('an open block has zeros for a hash and a bloom that hides no log', () => {
    const json = formatBlock(test.backend.block({ kind: 'number', number: OPEN_BLOCK }, false)!);
    expect(json).toMatchObject({
      hash: word(0),
      stateRoot: word(0),
      logsBloom: toHex(bytes(256, 255)),
    });
  });

  it('a transaction has the fields of its type and no others', () => {
    const fieldsOf = (type: 0 | 1 | 2 | 3 | 4) =>
      Object.keys(formatTransaction(transactionOf(hashAt(1), positionAt(1), { type })));
    expect(fieldsOf(0)).not.toContain('accessList');
    expect(fieldsOf(0)).not.toContain('yParity');
    expect(fieldsOf(1)).toContain('accessList');
    expect(fieldsOf(1)).not.toContain('maxFeePerGas');
    expect(fieldsOf(3)).toEqual(
      expect.arrayContaining(['maxFeePerBlobGas', 'blobVersionedHashes']),
    );
    expect(fieldsOf(4)).toContain('authorizationList');
  });
});

describe('the encoding of a transaction', () => {
  const account = privateKeyToAccount(`0x${'4c'.repeat(32)}`);
  const common = { chainId: 31_337, nonce: 3, gas: 90_000n, to: bob, value: 5n, data: '0xdada' };
  const accessList = [{ address: bob, storageKeys: [word(1)] }];
  const fees = { maxFeePerGas: 9n, maxPriorityFeePerGas: 2n };
  const blobs = { maxFeePerBlobGas: 4n, blobVersionedHashes: [`0x01${'07'.repeat(31)}`] };
  const cases: [0 | 1 | 2 | 3 | 4, object][] = [
    [0, { type: 'legacy', gasPrice: 7n }],
    [1, { type: 'eip2930', gasPrice: 7n, accessList }],
    [2, { type: 'eip1559', ...fees, accessList }],
    [3, { type: 'eip4844', ...fees, ...blobs, accessList }],
    [4, { type: 'eip7702', ...fees, accessList }],
  ];

  it.each(cases)('of type %i is what viem signs', async (type, fields) => {
    const authorizationList = [
      await account.signAuthorization({ chainId: 31_337, address: alice, nonce: 1 }),
    ];
    const unsigned = { ...common, ...fields, ...(type === 4 ? { authorizationList } : {}) };
    const raw = await account.signTransaction(unsigned as TransactionSerializable);
    const signed = parseTransaction(raw as never) as { v?: bigint; r: never; s: never };
    const legacyV = type === 0 ? signed.v : undefined;
    const yParity = (signed as { yParity?: number }).yParity;
    const transaction = transactionOf(hashAt(1), null, {
      type,
      to: BOB,
      value: 5n,
      data: bytes(2, 0xda),
      gasPrice: type < 2 ? 7n : null,
      maxFeePerGas: 9n,
      maxPriorityFeePerGas: 2n,
      maxFeePerBlobGas: 4n,
      blobVersionedHashes: [Buffer.from(`01${'07'.repeat(31)}`, 'hex')],
      accessList: [{ address: BOB, storageKeys: [bytes(32, 1)] }],
      authorizationList: authorizationList.map((entry) => ({
        chainId: 31_337n,
        address: ALICE,
        nonce: 1n,
        yParity: entry.yParity ?? 0,
        r: BigInt(entry.r),
        s: BigInt(entry.s),
      })),
      v: legacyV ?? BigInt(yParity ?? 0),
      r: BigInt(signed.r),
      s: BigInt(signed.s),
    });
    expect(toHex(encodeTransaction(transaction))).toBe(raw);
  });
});

import { hashTypedData, parseTransaction, type TransactionSerializable } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, test } from 'vitest';
import type { SubmitOutcome, TransactionRequest } from '../../../../net/rpc/values.js';
import { DevSigner, type SignerNode } from '../../../../runtime/backend/signer.js';
import { typedDataHash } from '../../../../runtime/backend/typed-data.js';
import { fromHex, toHex } from '../../../../state/base/bytes.js';
import { ACCOUNTS, account, CHAIN_ID } from '../../../helpers/chain-builder.js';
import { expectCode } from './helpers.js';

const ZERO = '0x0000000000000000000000000000000000000000';
const viemAccount = privateKeyToAccount(toHex(account(0).privateKey));
const from = account(0).address;
const GWEI = 10n ** 9n;

/** Takes every transaction, and counts nonces as a pool does. */
class FakeNode implements SignerNode {
  readonly chainId = BigInt(CHAIN_ID);
  readonly sent: Uint8Array[] = [];
  baseFee: bigint | null = GWEI;
  failure: Awaited<ReturnType<SignerNode['estimateGas']>>['failure'] = null;

  async transactionCount(): Promise<bigint> {
    return BigInt(this.sent.length);
  }

  estimateGas() {
    return { gas: 30_000, failure: this.failure };
  }

  gasPrice(): bigint {
    return 2n * GWEI;
  }

  maxPriorityFeePerGas(): bigint {
    return GWEI;
  }

  baseFeePerGas(): bigint | null {
    return this.baseFee;
  }

  async submitMany(raws: readonly Uint8Array[]): Promise<SubmitOutcome[]> {
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.sent.push(...raws);
    return raws.map(() => ({ status: 'ready', hash: new Uint8Array(32) }));
  }
}

const signer = new DevSigner(ACCOUNTS, new FakeNode());

describe('a signed transaction', () => {
  const to = toHex(account(1).address);
  const common = {
    chainId: CHAIN_ID,
    nonce: 5,
    gas: 50_000n,
    to,
    value: 7n,
    data: '0x1234',
  } as const;
  const accessList = [{ address: to, storageKeys: [`0x${'01'.repeat(32)}`] }] as const;
  const ours: TransactionRequest = {
    from,
    chainId: BigInt(CHAIN_ID),
    nonce: 5n,
    gas: 50_000,
    to: account(1).address,
    value: 7n,
    data: fromHex('1234'),
  };
  const list = [{ address: account(1).address, storageKeys: [new Uint8Array(32).fill(1)] }];

  test('is byte for byte the one that viem signs, for every type', async () => {
    const authorization = await viemAccount.signAuthorization({
      address: to,
      chainId: CHAIN_ID,
      nonce: 9,
    });
    const { r, s, yParity } = authorization;
    const tuple = {
      chainId: BigInt(CHAIN_ID),
      address: account(1).address,
      nonce: 9n,
      yParity: yParity ?? 0,
      r: BigInt(r),
      s: BigInt(s),
    };
    const fees = { maxFeePerGas: 300n, maxPriorityFeePerGas: 0n };
    const cases: [TransactionSerializable, TransactionRequest][] = [
      [
        { ...common, type: 'legacy', gasPrice: 300n },
        { ...ours, type: 0, gasPrice: 300n },
      ],
      [
        { ...common, type: 'eip2930', gasPrice: 300n, accessList },
        { ...ours, type: 1, gasPrice: 300n, accessList: list },
      ],
      [
        { ...common, type: 'eip1559', ...fees },
        { ...ours, type: 2, ...fees },
      ],
      [
        { ...common, type: 'eip7702', ...fees, authorizationList: [authorization] },
        { ...ours, type: 4, ...fees, authorizationList: [tuple] },
      ],
    ];
    for (const [theirs, request] of cases) {
      const { raw, transaction } = signer.signTransaction(request);
      const signed = await viemAccount.signTransaction(theirs);
      expect(toHex(raw)).toBe(signed);
      // What the envelope's reader says of it is what viem's parser says.
      const parsed = parseTransaction(signed as `0x02${string}`) as Record<string, unknown>;
      expect(transaction.nonce).toBe(5n);
      expect(transaction.gasLimit).toBe(50_000);
      expect(toHex(transaction.to ?? from)).toBe(to);
      expect(transaction.value).toBe(7n);
      expect(toHex(transaction.data)).toBe('0x1234');
      expect(transaction.chainId).toBe(BigInt(CHAIN_ID));
      expect(transaction.r).toBe(BigInt(parsed['r'] as string));
      expect(transaction.s).toBe(BigInt(parsed['s'] as string));
      expect(transaction.accessList).toEqual(request.accessList ?? []);
      expect(transaction.authorizationList).toEqual(request.authorizationList ?? []);
      expect(transaction.gasPrice).toBe(request.gasPrice ?? null);
      expect(transaction.maxFeePerGas).toBe(request.maxFeePerGas ?? null);
    }
  });

  test('needs every field, our chain, and an account of ours', async () => {
    const whole = { ...ours, type: 0 as const, gasPrice: 1n };
    const { gasPrice: _gasPrice, ...priceless } = whole;
    await expectCode('RPC_INVALID_PARAMS', () => signer.signTransaction(priceless));
    await expectCode('TX_WRONG_CHAIN', () => signer.signTransaction({ ...whole, chainId: 1n }));
    const stranger = new Uint8Array(20);
    await expectCode('RPC_INVALID_PARAMS', () =>
      signer.signTransaction({ ...whole, from: stranger }),
    );
    await expectCode('TX_BLOBS_REFUSED', () =>
      signer.signTransaction({
        ...ours,
        type: 3,
        maxFeePerGas: 1n,
        maxPriorityFeePerGas: 1n,
      }),
    );
  });
});

describe('sending', () => {
  test('fills nonce, gas and fees, one transaction after the other', async () => {
    const node = new FakeNode();
    const sender = new DevSigner(ACCOUNTS, node);
    const sends = Array.from({ length: 5 }, () => sender.sendTransaction({ from }));
    expect((await Promise.all(sends)).map(({ status }) => status)).toEqual(Array(5).fill('ready'));
    const parsed = node.sent.map((raw) => parseTransaction(toHex(raw) as `0x02${string}`));
    expect(parsed.map(({ nonce }) => nonce ?? 0)).toEqual([0, 1, 2, 3, 4]);
    expect(parsed[0]).toMatchObject({
      type: 'eip1559',
      gas: 30_000n,
      maxFeePerGas: 3n * GWEI,
      maxPriorityFeePerGas: GWEI,
    });
    node.baseFee = null;
    await sender.sendTransaction({ from, nonce: 77n, gas: 21_000, value: 3n });
    const legacy = parseTransaction(toHex(node.sent[5] ?? from) as `0x02${string}`);
    expect(legacy).toMatchObject({ type: 'legacy', gasPrice: 2n * GWEI, nonce: 77, value: 3n });
  });

  test('is refused with the revert data where no gas limit is enough', async () => {
    const node = new FakeNode();
    const output = Uint8Array.of(1, 2);
    node.failure = { status: 'reverted', output, gasUsed: 1, haltReason: null };
    const send = new DevSigner(ACCOUNTS, node).sendTransaction({ from });
    await expect(send).rejects.toMatchObject({ code: 3, data: '0x0102' });
    expect(node.sent).toHaveLength(0);
    const stranger = { from: new Uint8Array(20) };
    await expectCode('RPC_INVALID_PARAMS', () => signer.sendTransaction(stranger));
    await expectCode('RPC_INVALID_PARAMS', () => signer.sendTransaction({}));
  });

  test('that fails does not hold up the next', async () => {
    const node = new FakeNode();
    const sender = new DevSigner(ACCOUNTS, node);
    const bad = sender.sendTransaction({ from, type: 3 });
    const good = sender.sendTransaction({ from });
    await expectCode('TX_BLOBS_REFUSED', () => bad);
    expect((await good).status).toBe('ready');
  });
});

describe('signed messages', () => {
  test('are those of viem (EIP-191)', async () => {
    for (const message of ['', 'hello', 'ü'.repeat(100)]) {
      const raw = new Uint8Array(Buffer.from(message));
      const theirs = await viemAccount.signMessage({ message: { raw } });
      expect(toHex(signer.signMessage(from, raw))).toBe(theirs);
    }
    await expectCode('RPC_INVALID_PARAMS', () => signer.signMessage(new Uint8Array(20), from));
  });
});

/** The example of EIP-712 itself, and a message with everything in it. */
const MAIL = {
  types: {
    EIP712Domain: [
      { name: 'name', type: 'string' },
      { name: 'version', type: 'string' },
      { name: 'chainId', type: 'uint256' },
      { name: 'verifyingContract', type: 'address' },
    ],
    Person: [
      { name: 'name', type: 'string' },
      { name: 'wallet', type: 'address' },
    ],
    Mail: [
      { name: 'from', type: 'Person' },
      { name: 'to', type: 'Person' },
      { name: 'contents', type: 'string' },
    ],
  },
  primaryType: 'Mail',
  domain: {
    name: 'Ether Mail',
    version: '1',
    chainId: 1,
    verifyingContract: '0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC',
  },
  message: {
    from: { name: 'Cow', wallet: '0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826' },
    to: { name: 'Bob', wallet: '0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB' },
    contents: 'Hello, Bob!',
  },
} as const;

const EVERYTHING = {
  types: {
    Zebra: [{ name: 'deep', type: 'Apple[2][]' }],
    Apple: [
      { name: 'small', type: 'int8' },
      { name: 'large', type: 'uint256' },
      { name: 'flag', type: 'bool' },
      { name: 'raw', type: 'bytes' },
      { name: 'four', type: 'bytes4' },
      { name: 'words', type: 'string[]' },
    ],
    All: [
      { name: 'zebra', type: 'Zebra' },
      { name: 'apples', type: 'Apple[]' },
      { name: 'negative', type: 'int256' },
      { name: 'matrix', type: 'uint16[2][2]' },
      { name: 'where', type: 'address[]' },
    ],
  },
  primaryType: 'All',
  domain: { name: 'x', salt: `0x${'ab'.repeat(32)}`, chainId: 31_337 },
  message: {
    zebra: { deep: [[apple(-128), apple(127)]] },
    apples: [],
    negative: '-57896044618658097711785492504343953926634992332820282019728792003956564819968',
    matrix: [
      [1, '0x02'],
      ['3', 65_535],
    ],
    where: [ZERO, '0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB'],
  },
} as const;

function apple(small: number) {
  const large = '115792089237316195423570985008687907853269984665640564039457584007913129639935';
  return { small, large, flag: small > 0, raw: '0x010203', four: '0xdeadbeef', words: ['a', ''] };
}

describe('typed data', () => {
  test('is signed as the example of EIP-712 says, and as viem signs', async () => {
    expect(toHex(typedDataHash(MAIL))).toBe(
      '0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2',
    );
    expect(toHex(typedDataHash(EVERYTHING))).toBe(hashTypedData(EVERYTHING as never));
    for (const data of [MAIL, EVERYTHING]) {
      const theirs = await viemAccount.signTypedData(data as never);
      expect(toHex(signer.signTypedData(from, data))).toBe(theirs);
    }
    const domainOnly = { ...MAIL, primaryType: 'EIP712Domain', message: {} };
    expect(toHex(typedDataHash(domainOnly))).toBe(hashTypedData(domainOnly as never));
  });

  test('of a struct that is absent or of its own kind has zeros there', () => {
    const types = {
      EIP712Domain: [],
      Node: [
        { name: 'value', type: 'uint8' },
        { name: 'next', type: 'Node' },
      ],
    };
    const of = (message: object) =>
      toHex(typedDataHash({ types, primaryType: 'Node', domain: {}, message }));
    expect(of({ value: 1, next: null })).toBe(of({ value: 1 }));
    expect(of({ value: 1, next: { value: 1 } })).not.toBe(of({ value: 1 }));
  });

  test('that does not fit its types is refused', async () => {
    const types = (type: string) => ({ EIP712Domain: [], M: [{ name: 'v', type }] });
    const wrong: [string, unknown][] = [
      ['uint8', 256],
      ['uint8', -1],
      ['int8', 128],
      ['uint7', 1],
      ['uint264', 1],
      ['uint8', 1.5],
      ['uint8', 'x'],
      ['uint8', undefined],
      ['bool', 'true'],
      ['address', '0x00'],
      ['bytes4', '0xdeadbe'],
      ['bytes33', `0x${'00'.repeat(33)}`],
      ['bytes0', '0x'],
      ['bytes', 'zz'],
      ['string', 1],
      ['string[2]', ['a']],
      ['string[]', 'a'],
      ['Unknown', {}],
      ['M', 1],
      ['bad type', 1],
      ['', 1],
    ];
    for (const [type, v] of wrong) {
      const data = { types: types(type), primaryType: 'M', domain: {}, message: { v } };
      await expectCode('RPC_INVALID_PARAMS', () => typedDataHash(data));
    }
    const whole = { types: types('bool'), primaryType: 'M', domain: {}, message: { v: true } };
    expect(typedDataHash(whole)).toHaveLength(32);
    const broken: unknown[] = [
      null,
      'text',
      { ...whole, types: null },
      { ...whole, types: { ...whole.types, 'a b': [] } },
      { ...whole, types: { ...whole.types, N: 'x' } },
      { ...whole, types: { ...whole.types, M: [{ name: 'v', type: 'bool' }, { name: 'v' }] } },
      { ...whole, primaryType: 'Missing' },
      { ...whole, primaryType: 5 },
      { ...whole, domain: [] },
      { ...whole, message: null },
    ];
    for (const data of broken) await expectCode('RPC_INVALID_PARAMS', () => typedDataHash(data));
    let nested: unknown = true;
    for (let depth = 0; depth < 100; depth += 1) nested = [nested];
    const deep = { types: types(`bool${'[]'.repeat(100)}`), primaryType: 'M', domain: {} };
    await expectCode('RPC_INVALID_PARAMS', () =>
      typedDataHash({ ...deep, message: { v: nested } }),
    );
  });
});

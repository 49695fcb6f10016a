import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, it } from 'vitest';
import { fillAccount } from '../../../runtime/alloc.js';
import { defaultConfig } from '../../../runtime/config.js';
import { developmentGenesis, readGenesis } from '../../../runtime/genesis.js';
import { fromHex, toHex, toWord } from '../../../state/base/bytes.js';
import { MapCells } from '../../helpers/map-cells.js';

const CONFIG = defaultConfig(2);
const directory = mkdtempSync(join(tmpdir(), 'genesis-'));
const file = (json: unknown): string => {
  const path = join(directory, 'genesis.json');
  writeFileSync(path, typeof json === 'string' ? json : JSON.stringify(json));
  return path;
};
const HEX = 'aa'.repeat(20);

describe('the development genesis', () => {
  it("funds Anvil's ten accounts with 10,000 ether each", () => {
    const genesis = developmentGenesis(CONFIG, 'osaka', 7);
    const { context } = genesis;
    const accounts = [...genesis.accounts];
    expect(accounts).toHaveLength(10);
    expect(toHex(accounts[0]?.address ?? new Uint8Array())).toBe(
      '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266',
    );
    expect(accounts[0]?.balance).toBe(10_000n * 10n ** 18n);
    expect(context).toMatchObject({ number: 0, timestamp: 7, baseFee: 1_000_000_000n });
  });
});

describe('a genesis file', () => {
  it('gives accounts with balance, nonce, code and storage', () => {
    const json = {
      config: { chainId: 31_337 },
      timestamp: '0x10',
      gasLimit: '30000000',
      alloc: {
        [HEX]: { balance: '0x5', nonce: '2', code: '0x6001', storage: { '0x1': '0xff' } },
        [`0x${'bb'.repeat(20)}`]: {},
      },
    };
    const { accounts, context } = readGenesis(file(json), CONFIG, 'osaka');
    expect(context).toMatchObject({ timestamp: 16, gasLimit: 30_000_000 });
    const store = new MapCells();
    const [first, second] = accounts;
    if (first === undefined || second === undefined) throw new Error('two accounts');
    expect(fillAccount(store, first, 1)).toBe(4);
    const read = (kind: 0 | 1 | 2 | 3, address: string, slot?: Uint8Array) => {
      const out = new Uint8Array(32);
      store.readLatest(store.find(kind, fromHex(address), slot), out);
      return toHex(out);
    };
    expect(read(0, HEX)).toBe(toHex(toWord(5n)));
    expect(read(1, HEX)).toBe(toHex(toWord(2n)));
    expect(read(2, HEX)).toBe(toHex(keccak_256(fromHex('6001'))));
    expect(read(3, HEX, toWord(1n))).toBe(toHex(toWord(255n)));
    // An account that exists although it is empty.
    expect(fillAccount(store, second, 1)).toBe(1);
    expect(read(2, 'bb'.repeat(20))).toBe(toHex(toWord(1n)));
  });

  it.each([
    ['not json', '{'],
    ['no alloc', {}],
    ['another chain', { config: { chainId: 5 }, alloc: {} }],
    ['a long address', { alloc: { [`${HEX}00`]: {} } }],
    ['a broken number', { alloc: { [HEX]: { balance: 'x' } } }],
    ['odd code', { alloc: { [HEX]: { code: '0x1' } } }],
    ['a null account', { alloc: { [HEX]: null } }],
    ['a negative number', { alloc: { [HEX]: { balance: -1 } } }],
  ])('with %s is refused, naming the file', (_what, json) => {
    const path = file(json);
    expect(() => readGenesis(path, CONFIG, 'osaka')).toThrow(
      expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining(path) }),
    );
  });
});

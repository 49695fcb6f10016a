/**
 * The exchange of the `swap` load: Uniswap V2 as its authors published it on npm, the pair, the
 * factory and the router, with two tokens. Their licence is GPL, so that their code is not ours to
 * carry: it is read from the development packages where those are installed, and the load is not
 * there without them. Storage is laid out as deploying and adding liquidity would have left it.
 */
import { createRequire } from 'node:module';
import { assert } from '../../state/base/assert.js';
import { concatBytes, fromHex, toHex, toWord } from '../../state/base/bytes.js';
import { keccak256 } from '../../state/base/keccak.js';
import type { AccountJson } from '../alloc.js';
import type { LoadAccounts } from './accounts.js';
import { SLOTS } from './contracts/token.js';
import { balanceSlot, TOKEN_BALANCE, tokenAccount } from './erc20.js';

export const UNISWAP_PACKAGES = '@uniswap/v2-core 1.0.1 and @uniswap/v2-periphery 1.1.0-beta.0';

/** The part of an artifact that is read. */
interface Artifact {
  readonly bytecode: string;
  readonly evm: {
    readonly deployedBytecode: {
      readonly object: string;
      readonly immutableReferences?: Readonly<
        Record<string, readonly { readonly start: number; readonly length: number }[]>
      >;
    };
  };
}

export interface Exchange {
  readonly pair: Artifact;
  readonly factory: Artifact;
  readonly router: Artifact;
}

/** @returns null where the packages are not installed */
export function loadExchange(): Exchange | null {
  const require = createRequire(import.meta.url);
  try {
    return {
      pair: require('@uniswap/v2-core/build/UniswapV2Pair.json') as Artifact,
      factory: require('@uniswap/v2-core/build/UniswapV2Factory.json') as Artifact,
      router: require('@uniswap/v2-periphery/build/UniswapV2Router02.json') as Artifact,
    };
  } catch {
    return null;
  }
}

const address = (name: string): Uint8Array => keccak256(Buffer.from(name)).slice(12);

const FACTORY = address('deltacast load factory');
/** The router's own; nothing here wraps ether. */
const WETH = address('deltacast load wrapped ether');
export const ROUTER = address('deltacast load router');
/** The pair orders its tokens by address. */
export const TOKENS = [address('deltacast load token A'), address('deltacast load token B')].sort(
  Buffer.compare,
) as [Uint8Array, Uint8Array];

const SWAP_SELECTOR = keccak256(
  Buffer.from('swapExactTokensForTokens(uint256,uint256,address[],address,uint256)'),
).slice(0, 4);
const PADDING = new Uint8Array(12);
const MAX_WORD = new Uint8Array(32).fill(0xff);
/** Of each token in the pair; below 2^112, and far above what swaps move. */
const RESERVE = 10n ** 30n;
/** Slots of UniswapV2ERC20 and then UniswapV2Pair, in the order of their sources. */
const PAIR_SLOTS = { totalSupply: 0, factory: 5, token0: 6, token1: 7, reserves: 8, unlocked: 12 };
const FACTORY_SLOTS = { getPair: 2 };

/** Call data of a swap of so many of one token, whatever comes of it, for the recipient. */
export function swapData(amount: bigint, recipient: Uint8Array, isBack: boolean): Uint8Array {
  const path = isBack ? [TOKENS[1], TOKENS[0]] : TOKENS;
  return concatBytes(
    SWAP_SELECTOR,
    toWord(amount),
    toWord(0n),
    toWord(160n),
    word(recipient),
    MAX_WORD,
    toWord(2n),
    ...path.map(word),
  );
}

/** Factory, pair, router and both tokens; every account has both and lets the router take them. */
export function exchangeAccounts(
  { pair, factory, router }: Exchange,
  accounts: LoadAccounts,
): [string, AccountJson][] {
  const pairAddress = pairOf(fromHex(pair.bytecode));
  const contract = (code: string, storage: Record<string, string>): AccountJson => ({
    balance: '0x0',
    nonce: '0x1',
    code: `0x${code}`,
    storage,
  });
  const inner = mappingSlot(word(TOKENS[0]), toWord(BigInt(FACTORY_SLOTS.getPair)));
  const known = { [toHex(mappingSlot(word(TOKENS[1]), inner))]: toHex(word(pairAddress)) };
  return [
    [toHex(FACTORY), contract(factory.evm.deployedBytecode.object, known)],
    [toHex(pairAddress), contract(pair.evm.deployedBytecode.object, pairStorage())],
    [toHex(ROUTER), contract(routerCode(router), {})],
    ...TOKENS.map((token): [string, AccountJson] => [
      toHex(token),
      allowingToken(accounts, pairAddress),
    ]),
  ];
}

/** CREATE2 by the factory, with the tokens as salt. */
export function pairOf(creationCode: Uint8Array): Uint8Array {
  const salt = keccak256(concatBytes(...TOKENS));
  const hash = keccak256(creationCode);
  return keccak256(concatBytes(Uint8Array.of(0xff), FACTORY, salt, hash)).slice(12);
}

function pairStorage(): Record<string, string> {
  const slot = (name: keyof typeof PAIR_SLOTS) => toHex(toWord(BigInt(PAIR_SLOTS[name])));
  return {
    [slot('totalSupply')]: toHex(toWord(RESERVE)),
    [slot('factory')]: toHex(word(FACTORY)),
    [slot('token0')]: toHex(word(TOKENS[0])),
    [slot('token1')]: toHex(word(TOKENS[1])),
    [slot('reserves')]: toHex(toWord(RESERVE | (RESERVE << 112n))),
    [slot('unlocked')]: toHex(toWord(1n)),
  };
}

/** Immutables are where its constructor would have put them: the factory is declared first. */
function routerCode({ evm }: Artifact): string {
  const { object, immutableReferences = {} } = evm.deployedBytecode;
  const code = Buffer.from(object, 'hex');
  const ids = Object.keys(immutableReferences).sort((a, b) => Number(a) - Number(b));
  assert(ids.length === 2, 'the router has two immutables');
  for (const [index, id] of ids.entries()) {
    const value = word(index === 0 ? FACTORY : WETH);
    for (const { start } of immutableReferences[id] ?? []) code.set(value, start);
  }
  return code.toString('hex');
}

function allowingToken(accounts: LoadAccounts, pair: Uint8Array): AccountJson {
  const token = tokenAccount(accounts);
  const supply = TOKEN_BALANCE * BigInt(accounts.count) + RESERVE;
  const storage: Record<string, string> = {
    ...token.storage,
    [toHex(toWord(BigInt(SLOTS._totalSupply)))]: toHex(toWord(supply)),
    [toHex(balanceSlot(pair))]: toHex(toWord(RESERVE)),
  };
  const allowances = toWord(BigInt(SLOTS._allowances));
  for (let index = 0; index < accounts.count; index += 1) {
    const owner = mappingSlot(word(accounts.addressOf(index)), allowances);
    storage[toHex(mappingSlot(word(ROUTER), owner))] = toHex(MAX_WORD);
  }
  return { ...token, storage };
}

/** As Solidity lays mappings out. */
function mappingSlot(key: Uint8Array, slot: Uint8Array): Uint8Array {
  return keccak256(concatBytes(key, slot));
}

function word(account: Uint8Array): Uint8Array {
  return concatBytes(PADDING, account);
}

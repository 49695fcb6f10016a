/**
 * The exchange of the `swap` loads: Uniswap V2 as its authors published it on npm, the factory, the
 * router and pairs, each with two tokens of its own. Their licence is GPL, so that their code is
 * not ours to carry: it is read from the development packages where those are installed, and the
 * load is not there without them. Storage is laid out as deploying and adding liquidity would have
 * left it.
 */
import { createRequire } from 'node:module';
import { assert } from '../../state/base/assert.js';
import { concatBytes, fromHex, toHex, toWord } from '../../state/base/bytes.js';
import { keccak256 } from '../../state/base/keccak.js';
import type { AccountJson } from '../alloc.js';
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
/** In the order of their addresses, as a pair has them. */
export type Tokens = readonly [Uint8Array, Uint8Array];
/** Of the first pair. */
export const TOKENS = tokensOfPair(0);

/** A pair, and the accounts that have both of its tokens and let the router take them. */
export interface Market {
  readonly tokens: Tokens;
  readonly traders: readonly Uint8Array[];
}

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

/** @param index  of the pair, where a load has more than one */
export function tokensOfPair(index: number): Tokens {
  const number = index === 0 ? '' : ` ${index}`;
  const [a, b] = ['A', 'B'].map((letter) => address(`deltacast load token ${letter}${number}`));
  assert(a !== undefined && b !== undefined, 'two tokens');
  return Buffer.compare(a, b) < 0 ? [a, b] : [b, a];
}

export interface Swap {
  readonly tokens: Tokens;
  /** From the second token to the first. */
  readonly isBack: boolean;
  /** Of the token that is given, in its smallest unit. */
  readonly amount: bigint;
  readonly recipient: Uint8Array;
}

/** Call data of a swap of so many of one token, whatever comes of it. */
export function swapData({ tokens, isBack, amount, recipient }: Swap): Uint8Array {
  const path = isBack ? [tokens[1], tokens[0]] : tokens;
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

/** Factory and router, and a pair and two tokens for each market. */
export function exchangeAccounts(
  exchange: Exchange,
  markets: readonly Market[],
): [string, AccountJson][] {
  const { pair, factory, router } = exchange;
  const creationHash = keccak256(fromHex(pair.bytecode));
  const known: Record<string, string> = {};
  const accounts: [string, AccountJson][] = [];
  for (const market of markets) {
    const { tokens } = market;
    const pairAddress = pairOf(creationHash, tokens);
    const inner = mappingSlot(word(tokens[0]), toWord(BigInt(FACTORY_SLOTS.getPair)));
    known[toHex(mappingSlot(word(tokens[1]), inner))] = toHex(word(pairAddress));
    const token = allowingToken(market, pairAddress);
    accounts.push(
      [toHex(pairAddress), contract(pair.evm.deployedBytecode.object, pairStorage(tokens))],
      [toHex(tokens[0]), token],
      [toHex(tokens[1]), token],
    );
  }
  return [
    [toHex(FACTORY), contract(factory.evm.deployedBytecode.object, known)],
    [toHex(ROUTER), contract(routerCode(router), {})],
    ...accounts,
  ];
}

/** CREATE2 by the factory, with the tokens as salt. @param creationHash  of the pair's code */
export function pairOf(creationHash: Uint8Array, tokens: Tokens): Uint8Array {
  const salt = keccak256(concatBytes(...tokens));
  return keccak256(concatBytes(Uint8Array.of(0xff), FACTORY, salt, creationHash)).slice(12);
}

function contract(code: string, storage: Record<string, string>): AccountJson {
  return { balance: '0x0', nonce: '0x1', code: `0x${code}`, storage };
}

function pairStorage(tokens: Tokens): Record<string, string> {
  const slot = (name: keyof typeof PAIR_SLOTS) => toHex(toWord(BigInt(PAIR_SLOTS[name])));
  return {
    [slot('totalSupply')]: toHex(toWord(RESERVE)),
    [slot('factory')]: toHex(word(FACTORY)),
    [slot('token0')]: toHex(word(tokens[0])),
    [slot('token1')]: toHex(word(tokens[1])),
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

function allowingToken({ traders }: Market, pair: Uint8Array): AccountJson {
  const token = tokenAccount(traders);
  const supply = TOKEN_BALANCE * BigInt(traders.length) + RESERVE;
  const storage: Record<string, string> = {
    ...token.storage,
    [toHex(toWord(BigInt(SLOTS._totalSupply)))]: toHex(toWord(supply)),
    [toHex(balanceSlot(pair))]: toHex(toWord(RESERVE)),
  };
  const allowances = toWord(BigInt(SLOTS._allowances));
  for (const trader of traders) {
    const owner = mappingSlot(word(trader), allowances);
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

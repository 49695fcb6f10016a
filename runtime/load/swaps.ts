/** Loads of swaps on Uniswap V2, and the one that mixes swaps with everything else. */
import { TRANSFER, TRANSFER_GAS } from './ether.js';
import type { Call, PairedKind } from './paired.js';
import { independentPairs, type Pair, randomPairs, selfPairs } from './pairs.js';
import { tokenEntry, tokenTransfer } from './tokens.js';
import {
  type Exchange,
  exchangeAccounts,
  type Market,
  ROUTER,
  swapData,
  type Tokens,
  tokensOfPair,
} from './uniswap.js';

/** A swap through the router takes about 120,000. */
const SWAP_GAS = 200_000;
/** In the tokens' smallest unit: prices hardly move. */
const SWAP_AMOUNT = 10n ** 15n;

/** As many as a batch of a benchmark holds, so that each sender in it has a pair of its own. */
const MANY_PAIRS = 1_024;

const MIXED_TOKENS = 3;
const MIXED_PAIRS = 2;
/** What one takes of `erc20` and of `swap`, as measured: shares are shares of gas. */
const MIXED_TRANSFER_GAS = 34_500;
const MIXED_SWAP_GAS = 88_500;
const LOTS = 10_000;
const [ETHER_END, TOKEN_END] = lotsOf(
  [60, 20, 20],
  [TRANSFER_GAS, MIXED_TRANSFER_GAS, MIXED_SWAP_GAS],
) as [number, number];

/** One way for some recipients and back for the others, so that the pair stays in balance. */
export const swap = (exchange: Exchange): PairedKind => ({
  name: 'swap',
  iterations: null,
  pairs: independentPairs,
  call: (recipient) => swapCall(tokensOfPair(0), isOdd(recipient), recipient),
  contracts: (accounts) =>
    exchangeAccounts(exchange, [{ tokens: tokensOfPair(0), traders: accounts.addresses() }]),
});

export const swapMany = (exchange: Exchange): PairedKind => ({
  ...swap(exchange),
  name: 'swap-many',
  pairs: selfPairs,
  call: (recipient, { from }) =>
    swapCall(tokensOfPair(from % MANY_PAIRS), isOdd(recipient), recipient),
  contracts: (accounts) => {
    const pairs = Math.min(MANY_PAIRS, accounts.count);
    const markets = Array.from({ length: pairs }, (_, index): Market => {
      const traders = accounts.addresses((trader) => trader % MANY_PAIRS === index);
      return { tokens: tokensOfPair(index), traders };
    });
    return exchangeAccounts(exchange, markets);
  },
});

export const mixed = (exchange: Exchange): PairedKind => ({
  name: 'mixed',
  iterations: null,
  pairs: randomPairs,
  call: mixedCall,
  contracts: (accounts) => {
    const holders = accounts.addresses();
    const indexes = (count: number) => Array.from({ length: count }, (_, index) => index);
    const markets = indexes(MIXED_PAIRS).map(
      (index): Market => ({ tokens: tokensOfPair(index), traders: holders }),
    );
    const tokens = indexes(MIXED_TOKENS).map((token) => tokenEntry(token, holders));
    return [...tokens, ...exchangeAccounts(exchange, markets)];
  },
});

/** The lot decides what it is, and then with which token, on which pair and which way. */
function mixedCall(recipient: Uint8Array, pair: Pair): Call {
  const { lot = 0 } = pair;
  const kind = lot % LOTS;
  const choice = Math.floor(lot / LOTS);
  if (kind < ETHER_END) return TRANSFER.call(recipient, pair);
  if (kind < TOKEN_END) return tokenTransfer(choice % MIXED_TOKENS, recipient);
  const isBack = Math.floor(choice / MIXED_PAIRS) % 2 === 1;
  return swapCall(tokensOfPair(choice % MIXED_PAIRS), isBack, recipient);
}

/** Where the lots of each kind end, for kinds that are to have such shares of the gas. */
function lotsOf(shares: readonly number[], gas: readonly number[]): number[] {
  const weights = shares.map((share, index) => share / (gas[index] ?? 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let before = 0;
  return weights.map((weight) => {
    before += weight;
    return Math.round((before / total) * LOTS);
  });
}

function swapCall(tokens: Tokens, isBack: boolean, recipient: Uint8Array): Call {
  const data = swapData({ tokens, isBack, amount: SWAP_AMOUNT, recipient });
  return { gasLimit: SWAP_GAS, to: ROUTER, value: 0n, data };
}

function isOdd(recipient: Uint8Array): boolean {
  return ((recipient.at(-1) ?? 0) & 1) === 1;
}

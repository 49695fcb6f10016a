/** Loads of ERC-20 transfers of one unit; they differ in who sends to whom, and in their tokens. */
import { toHex } from '../../state/base/bytes.js';
import type { AccountJson } from '../alloc.js';
import type { LoadAccounts } from './accounts.js';
import { tokenAccount, tokenAddress, transferData } from './erc20.js';
import type { Call, PairedKind } from './paired.js';
import {
  CLUSTERS,
  chainPairs,
  clusterOf,
  clusterPairs,
  hotPairs,
  independentPairs,
  selfPairs,
} from './pairs.js';

/** An OpenZeppelin transfer to an empty slot takes about 52,000. */
const TOKEN_TRANSFER_GAS = 60_000;

export function tokenTransfer(token: number, recipient: Uint8Array): Call {
  const data = transferData(recipient, 1n);
  return { gasLimit: TOKEN_TRANSFER_GAS, to: tokenAddress(token), value: 0n, data };
}

/** @param holders  20 bytes each */
export function tokenEntry(token: number, holders: readonly Uint8Array[]) {
  return [toHex(tokenAddress(token)), tokenAccount(holders)] as const;
}

/** One token, and everybody holds it. */
export const ERC20: PairedKind = {
  name: 'erc20',
  iterations: null,
  pairs: independentPairs,
  call: (recipient) => tokenTransfer(0, recipient),
  contracts: (accounts) => [tokenEntry(0, accounts.addresses())],
};

export const ERC20_SELF: PairedKind = { ...ERC20, name: 'erc20-self', pairs: selfPairs };
export const ERC20_HOT: PairedKind = { ...ERC20, name: 'erc20-hot', pairs: hotPairs };
export const ERC20_CHAIN: PairedKind = { ...ERC20, name: 'erc20-chain', pairs: chainPairs };
export const ERC20_CLUSTERS: PairedKind = {
  ...ERC20,
  name: 'erc20-clusters',
  pairs: clusterPairs,
  call: (recipient, { from }) => tokenTransfer(clusterOf(from), recipient),
  contracts: clusterTokens,
};

/** A token for each cluster, held by its people. */
function* clusterTokens(accounts: LoadAccounts): Generator<readonly [string, AccountJson]> {
  for (let token = 0; token < CLUSTERS; token += 1) {
    const holders = accounts.addresses((index) => clusterOf(index) === token);
    if (holders.length > 0) yield tokenEntry(token, holders);
  }
}

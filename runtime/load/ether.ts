/** Loads of plain transfers of a wei; they differ in who sends to whom. */
import type { PairedKind } from './paired.js';
import { chainPairs, hotPairs, independentPairs, oneSenderPairs, selfPairs } from './pairs.js';

export const TRANSFER_GAS = 21_000;
const NO_DATA = new Uint8Array(0);

export const TRANSFER: PairedKind = {
  name: 'transfer',
  iterations: null,
  pairs: independentPairs,
  call: (recipient) => ({ gasLimit: TRANSFER_GAS, to: recipient, value: 1n, data: NO_DATA }),
  contracts: () => [],
};

export const RAW_SELF: PairedKind = { ...TRANSFER, name: 'raw-self', pairs: selfPairs };
export const RAW_HOT: PairedKind = { ...TRANSFER, name: 'raw-hot', pairs: hotPairs };
export const RAW_CHAIN: PairedKind = { ...TRANSFER, name: 'raw-chain', pairs: chainPairs };
export const RAW_ONE_SENDER: PairedKind = {
  ...TRANSFER,
  name: 'raw-one-sender',
  pairs: oneSenderPairs,
};

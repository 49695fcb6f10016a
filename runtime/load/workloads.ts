/**
 * The loads by name. One more is one more entry here; those of pairs only say what a transaction
 * does and which contracts it needs.
 */
import { toHex, toWord } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import { TOKEN_ADDRESS, tokenAccount, transferData } from './erc20.js';
import { LOOPS, type Loop, loopAddress } from './loops.js';
import { type PairedKind, PairedWorkload } from './paired.js';
import {
  type Exchange,
  exchangeAccounts,
  loadExchange,
  ROUTER,
  swapData,
  UNISWAP_PACKAGES,
} from './uniswap.js';
import type { Workload, WorkloadKind, WorkloadOptions } from './workload.js';

const NO_DATA = new Uint8Array(0);
const TRANSFER_GAS = 21_000;
/** An OpenZeppelin transfer to an empty slot takes about 52,000. */
const TOKEN_TRANSFER_GAS = 60_000;

/** A swap through the router takes about 120,000. */
const SWAP_GAS = 200_000;
/** In the tokens' smallest unit: prices hardly move. */
const SWAP_AMOUNT = 10n ** 15n;

/** Enough that what a transaction costs by itself (a few us) is below a nanosecond of each. */
const LOOP_ITERATIONS = 10_000;
/** Two million times round, in all. */
const LOOP_TXS_MAX = 200;
/** Before the first iteration and after the last, with the transaction's own 21,000. */
const LOOP_GAS = 30_000;

const transfer: PairedKind = {
  name: 'transfer',
  iterations: null,
  call: (recipient) => ({ gasLimit: TRANSFER_GAS, to: recipient, value: 1n, data: NO_DATA }),
  contracts: () => [],
};

const erc20: PairedKind = {
  name: 'erc20',
  iterations: null,
  call: (recipient) => ({
    gasLimit: TOKEN_TRANSFER_GAS,
    to: TOKEN_ADDRESS,
    value: 0n,
    data: transferData(recipient, 1n),
  }),
  contracts: (accounts) => [[toHex(TOKEN_ADDRESS), tokenAccount(accounts)]],
};

/** One way for some recipients and back for the others, so that the pair stays in balance. */
const swap = (exchange: Exchange): PairedKind => ({
  name: 'swap',
  iterations: null,
  call: (recipient) => ({
    gasLimit: SWAP_GAS,
    to: ROUTER,
    value: 0n,
    data: swapData(SWAP_AMOUNT, recipient, ((recipient.at(-1) ?? 0) & 1) === 1),
  }),
  contracts: (accounts) => exchangeAccounts(exchange, accounts),
});

const exchange = loadExchange();

export const WORKLOADS: readonly WorkloadKind[] = [
  paired(transfer, 'one wei from account to account, no two in a round alike'),
  paired(erc20, 'one unit of an OpenZeppelin ERC-20 from account to account'),
  ...(exchange === null ? [] : [paired(swap(exchange), 'swaps on one Uniswap V2 pair')]),
  ...LOOPS.map(looping),
];

/** @throws DeltacastError BAD_USAGE where there is no such load */
export function createWorkload(name: string, options: WorkloadOptions): Workload {
  const kind = WORKLOADS.find((each) => each.name === name);
  if (kind === undefined) {
    if (name === 'swap') {
      const why = `the load "swap" needs the packages ${UNISWAP_PACKAGES}`;
      throw new DeltacastError('BAD_USAGE', why);
    }
    const known = WORKLOADS.map((each) => each.name).join(', ');
    throw new DeltacastError('BAD_USAGE', `no load "${name.slice(0, 40)}"; there are: ${known}`);
  }
  return kind.create(options);
}

function paired(kind: PairedKind, description: string): WorkloadKind {
  const create = (options: WorkloadOptions) => new PairedWorkload(kind, options);
  return { name: kind.name, description, txsMax: null, create };
}

/** All call the same contract, which writes nothing: they share no cell that changes. */
function looping(loop: Loop): WorkloadKind {
  const { name, description } = loop;
  const create = (options: WorkloadOptions) =>
    new PairedWorkload(loopKind(loop, options.iterations ?? LOOP_ITERATIONS), options);
  return { name, description, txsMax: LOOP_TXS_MAX, create };
}

function loopKind({ name, code, gasPerIteration }: Loop, iterations: number): PairedKind {
  const to = loopAddress(name);
  const gasLimit = LOOP_GAS + iterations * gasPerIteration;
  const data = toWord(BigInt(iterations));
  return {
    name,
    iterations,
    call: () => ({ gasLimit, to, value: 0n, data }),
    contracts: () => [[toHex(to), { balance: '0x0', nonce: '0x1', code: `0x${code}` }]],
  };
}

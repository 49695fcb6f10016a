/**
 * The loads by name. One more is one more entry here; those of pairs only say what a transaction
 * does and which contracts it needs.
 */
import { toHex, toWord } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import { RAW_CHAIN, RAW_HOT, RAW_ONE_SENDER, RAW_SELF, TRANSFER } from './ether.js';
import { LOOPS, type Loop, loopAddress } from './loops.js';
import { type PairedKind, PairedWorkload } from './paired.js';
import { independentPairs } from './pairs.js';
import { mixed, swap, swapMany } from './swaps.js';
import { ERC20, ERC20_CHAIN, ERC20_CLUSTERS, ERC20_HOT, ERC20_SELF } from './tokens.js';
import { type Exchange, loadExchange, UNISWAP_PACKAGES } from './uniswap.js';
import type { Workload, WorkloadKind, WorkloadOptions } from './workload.js';

/** Enough that what a transaction costs by itself (a few us) is below a nanosecond of each. */
const LOOP_ITERATIONS = 10_000;
/** Two million times round, in all. */
const LOOP_TXS_MAX = 200;
/** Before the first iteration and after the last, with the transaction's own 21,000. */
const LOOP_GAS = 30_000;

/** Those that swap, and need packages that not everybody has. */
const SWAPPING: readonly (readonly [(exchange: Exchange) => PairedKind, string])[] = [
  [swap, 'swaps on one Uniswap V2 pair'],
  [swapMany, 'swaps, 1,024 pairs: each sender of a batch on its own'],
  [mixed, 'by gas 60% ether, 20% ERC-20 (3 tokens), 20% swaps (2 pairs), anybody to anybody'],
];

export const WORKLOADS: readonly WorkloadKind[] = [
  paired(TRANSFER, 'one wei from account to account, no two in a round alike'),
  paired(RAW_SELF, 'one wei from each account to itself'),
  paired(RAW_HOT, 'one wei; 30% of senders and recipients are of the last tenth'),
  paired(RAW_CHAIN, 'one wei from each account to the next: each needs the one before'),
  paired(RAW_ONE_SENDER, 'one wei from one account to all others'),
  paired(ERC20, 'one unit of an OpenZeppelin ERC-20 from account to account'),
  paired(ERC20_SELF, 'ERC-20, from each account to itself'),
  paired(ERC20_CLUSTERS, 'ERC-20, 10 tokens x 15 families x 15 people, within the family'),
  paired(ERC20_HOT, 'ERC-20; 30% of senders and recipients are of the last tenth'),
  paired(ERC20_CHAIN, 'ERC-20, from each account to the next'),
  ...swapping(loadExchange()),
  ...LOOPS.map(looping),
];

/** @throws DeltacastError BAD_USAGE where there is no such load */
export function createWorkload(name: string, options: WorkloadOptions): Workload {
  const kind = WORKLOADS.find((each) => each.name === name);
  if (kind === undefined) {
    if (['swap', 'swap-many', 'mixed'].includes(name)) {
      const why = `the load "${name}" needs the packages ${UNISWAP_PACKAGES}`;
      throw new DeltacastError('BAD_USAGE', why);
    }
    const known = WORKLOADS.map((each) => each.name).join(', ');
    throw new DeltacastError('BAD_USAGE', `no load "${name.slice(0, 40)}"; there are: ${known}`);
  }
  return kind.create(options);
}

function swapping(exchange: Exchange | null): WorkloadKind[] {
  if (exchange === null) return [];
  return SWAPPING.map(([kindOf, description]) => paired(kindOf(exchange), description));
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
    pairs: independentPairs,
    call: () => ({ gasLimit, to, value: 0n, data }),
    contracts: () => [[toHex(to), { balance: '0x0', nonce: '0x1', code: `0x${code}` }]],
  };
}

/**
 * What a block does around its transactions, by fork: system calls before them (EIP-4788,
 * EIP-2935), withdrawals, rewards and request calls after them. Each step is committed like a
 * transaction.
 */
import { fromHex } from '../state/base/bytes.js';
import { type ForkName, isFrom } from './fork.js';

/** A call from the system address; skipped where the contract is not deployed. */
export interface SystemCall {
  readonly to: Uint8Array;
  readonly data: Uint8Array;
}

export interface BalanceCredit {
  readonly address: Uint8Array;
  /** Wei. */
  readonly amount: bigint;
}

export interface Withdrawal {
  readonly address: Uint8Array;
  /** Gwei, as in EIP-4895. */
  readonly amount: bigint;
}

export interface Ommer {
  readonly number: number;
  readonly coinbase: Uint8Array;
}

const BEACON_ROOTS = fromHex('000f3df6d732807ef1319fb7b8bb8522d0beac02');
const HISTORY_STORAGE = fromHex('0000f90827f1c53a10cb7a02335b175320002935');
const WITHDRAWAL_REQUESTS = fromHex('00000961ef480eb55e80d19ad83579a64c007002');
const CONSOLIDATION_REQUESTS = fromHex('0000bbddc7ce488642fb579f8b00f3a590007251');

/** @param parentBeaconBlockRoot,parentHash  32 bytes each */
export function callsBefore(
  fork: ForkName,
  parentBeaconBlockRoot: Uint8Array,
  parentHash: Uint8Array,
): SystemCall[] {
  const calls: SystemCall[] = [];
  if (isFrom(fork, 'cancun')) calls.push({ to: BEACON_ROOTS, data: parentBeaconBlockRoot });
  if (isFrom(fork, 'prague')) calls.push({ to: HISTORY_STORAGE, data: parentHash });
  return calls;
}

/** EIP-7002 and EIP-7251: their outputs are the block's requests (EIP-7685, types 1 and 2). */
export function callsAfter(fork: ForkName): SystemCall[] {
  if (!isFrom(fork, 'prague')) return [];
  const data = new Uint8Array(0);
  return [
    { to: WITHDRAWAL_REQUESTS, data },
    { to: CONSOLIDATION_REQUESTS, data },
  ];
}

/** EIP-4895: no gas, no execution, cannot fail. */
export function withdrawalCredits(withdrawals: readonly Withdrawal[]): BalanceCredit[] {
  return withdrawals
    .filter(({ amount }) => amount > 0n)
    .map(({ address, amount }) => ({ address, amount: amount * 1_000_000_000n }));
}

/** Rewards of proof of work, until Paris (Yellow Paper 11.3; EIP-649, EIP-1234). */
export function rewardCredits(
  fork: ForkName,
  number: number,
  coinbase: Uint8Array,
  ommers: readonly Ommer[],
): BalanceCredit[] {
  if (isFrom(fork, 'paris')) return [];
  const ether = 10n ** 18n;
  const reward =
    ether * (isFrom(fork, 'constantinople') ? 2n : isFrom(fork, 'byzantium') ? 3n : 5n);
  const credits = ommers.map((ommer) => ({
    address: ommer.coinbase,
    amount: (BigInt(ommer.number + 8 - number) * reward) / 8n,
  }));
  const nephew = (reward / 32n) * BigInt(ommers.length);
  return [...credits, { address: coinbase, amount: reward + nephew }];
}

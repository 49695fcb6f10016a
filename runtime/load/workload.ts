/**
 * What a load is: a state to begin with and signed transactions in an order in which all of them
 * are valid. The same options give the same bytes.
 */

import type { AccountJson, Alloc } from '../alloc.js';

export interface WorkloadOptions {
  /** Accounts that send and receive, at least 2. */
  readonly accounts: number;
  readonly seed: number;
  readonly chainId: number;
  /** Wei per gas that senders bid, and of it the tip. */
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  /** Of the loops that a transaction of a `loop-` load runs; theirs unless given. */
  readonly iterations?: number;
}

export interface Workload {
  readonly name: string;
  /** How many times a transaction of a loop goes round; null where the load is none. */
  readonly iterations: number | null;
  /** The accounts that must be there before the first transaction. */
  alloc(): IterableIterator<readonly [address: string, account: AccountJson]>;
  /** The next signed transactions; nonces follow from call to call. */
  next(count: number): Uint8Array[];
  /**
   * A transaction of the same kind by an account that `next` never uses: sent one at a time, it
   * shows how long one sender waits while the others press.
   */
  probe(): Uint8Array;
}

export interface WorkloadKind {
  readonly name: string;
  /** One line for a list. */
  readonly description: string;
  /** Transactions that say all that there is to be said; null: the more the better. */
  readonly txsMax: number | null;
  create(options: WorkloadOptions): Workload;
}

/** The alloc of a genesis file. */
export function genesisAlloc(workload: Workload): Alloc {
  return Object.fromEntries(workload.alloc());
}

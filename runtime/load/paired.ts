/**
 * The part that all loads of pairs share: accounts with ether, a sender and a recipient for each
 * transaction, and the prober, an account of its own behind the others. What a transaction does is
 * for the kind of load to say.
 */
import { toHex } from '../../state/base/bytes.js';
import type { AccountJson } from '../alloc.js';
import { FIRST_NONCE, LoadAccounts } from './accounts.js';
import type { Endless, Pair, Pairs } from './pairs.js';
import { SeededNumbers } from './seeded.js';
import { signMarket } from './sign.js';
import type { Workload, WorkloadOptions } from './workload.js';

/** A million ether: fees of any number of transactions that a benchmark can count. */
const BALANCE = 10n ** 24n;

/** The part of a transaction that makes the kind of load. */
export interface Call {
  readonly gasLimit: number;
  readonly to: Uint8Array;
  /** Wei. */
  readonly value: bigint;
  readonly data: Uint8Array;
}

export interface PairedKind {
  readonly name: string;
  /** As in Workload. */
  readonly iterations: number | null;
  readonly pairs: Pairs;
  /** What a sender does to a recipient. @param recipient  20 bytes: the address of `pair.to` */
  call(recipient: Uint8Array, pair: Pair): Call;
  /** Accounts besides those with ether, such as contracts. */
  contracts(accounts: LoadAccounts): Iterable<readonly [string, AccountJson]>;
}

export class PairedWorkload implements Workload {
  readonly name: string;
  readonly iterations: number | null;
  private readonly kind: PairedKind;
  private readonly options: WorkloadOptions;
  /** The prober is the last one. */
  private readonly accounts: LoadAccounts;
  private readonly pairs: Endless;

  constructor(kind: PairedKind, options: WorkloadOptions) {
    this.name = kind.name;
    this.iterations = kind.iterations;
    this.kind = kind;
    this.options = options;
    this.accounts = new LoadAccounts(options.accounts + 1, options.seed);
    this.pairs = kind.pairs(options.accounts, new SeededNumbers(options.seed));
  }

  *alloc(): IterableIterator<readonly [string, AccountJson]> {
    const balance = `0x${BALANCE.toString(16)}`;
    const nonce = `0x${FIRST_NONCE.toString(16)}`;
    for (let index = 0; index < this.accounts.count; index += 1) {
      yield [toHex(this.accounts.addressOf(index)), { balance, nonce }];
    }
    yield* this.kind.contracts(this.accounts);
  }

  next(count: number): Uint8Array[] {
    return Array.from({ length: count }, () => this.sign(this.pairs.next().value));
  }

  probe(): Uint8Array {
    const prober = this.options.accounts;
    return this.sign({ from: prober, to: prober });
  }

  private sign(pair: Pair): Uint8Array {
    const { from, to } = pair;
    const { chainId, maxFeePerGas, maxPriorityFeePerGas } = this.options;
    const nonce = this.accounts.takeNonce(from);
    const fees = { chainId, nonce, maxFeePerGas, maxPriorityFeePerGas };
    const call = this.kind.call(this.accounts.addressOf(to), pair);
    return signMarket({ ...fees, ...call }, this.accounts.keyOf(from));
  }
}

/**
 * Admission: raw bytes in, a place in the nonce queues or a typed reason out. Senders are recovered
 * on the pool; everything after that reads the arena and takes microseconds. Whoever waits for a
 * transaction hears of its execution, or of why it never got there.
 */
import type { SubmitError, SubmitOutcome } from '../net/rpc/values.js';
import { type Arena, KIND_BALANCE, KIND_CODE, KIND_NONCE, NO_CELL } from '../state/arena.js';
import { toBigInt, toHex } from '../state/base/bytes.js';
import { DeltacastError } from '../state/base/errors.js';
import { WAITERS_MAX } from '../state/base/limits.js';
import type { BlockContext } from '../workers/engine.js';
import { isFrom } from '../workers/fork.js';
import { intrinsicGas } from '../workers/intrinsic-gas.js';
import type { TransactionRecord } from '../workers/record.js';
import type { Recovered } from '../workers/recover.js';
import type { Services } from '../workers/services.js';
import type { History, TransactionPlace } from './history.js';
import { Mempool, type PoolEntry } from './mempool.js';

/** EIP-7825: the most gas that one transaction may have, from Osaka on. */
const TRANSACTION_GAS_MAX = 2 ** 24;
const BLOB_TYPE = 3;
/** EIP-7702: an account whose code only points elsewhere may send. */
const DELEGATION_PREFIX = '0xef0100';

export type Receipt = (result: TransactionPlace | DeltacastError) => void;
export type Pooled = PoolEntry<TransactionRecord>;

export interface IntakeParts {
  readonly arena: Arena;
  readonly history: History;
  readonly services: Pick<Services, 'recover'>;
  /** The block that would take a transaction now. */
  readonly context: () => BlockContext;
  /** Called when something can be executed. */
  readonly onReady: () => void;
  /** Hashes newly in the pool. */
  readonly onPending?: (hashes: readonly Uint8Array[]) => void;
}

export class Intake {
  readonly pool = new Mempool<TransactionRecord>();
  private readonly parts: IntakeParts;
  private readonly waiters = new Map<string, Receipt[]>();
  private waiterCount = 0;
  /** Why nothing is accepted any more; null while all is well. */
  private closed: DeltacastError | null = null;
  private readonly word = new Uint8Array(32);
  private readonly wordView = new DataView(this.word.buffer);

  constructor(parts: IntakeParts) {
    this.parts = parts;
  }

  /** One outcome for each, in order. @throws what the intake was closed with */
  async submitMany(raws: readonly Uint8Array[]): Promise<SubmitOutcome[]> {
    if (this.closed !== null) throw this.closed;
    const recovered = await this.parts.services.recover(raws);
    return this.admitMany(recovered);
  }

  /** The same for what is decoded already. @throws what the intake was closed with */
  admitMany(recovered: readonly Recovered[]): SubmitOutcome[] {
    if (this.closed !== null) throw this.closed;
    const outcomes = recovered.map((one) =>
      one instanceof DeltacastError ? rejected(null, one) : this.admit(one),
    );
    this.announce(outcomes);
    if (this.pool.readyCount > 0) this.parts.onReady();
    return outcomes;
  }

  /**
   * Calls back once, when the transaction is executed and logged or is dropped; at once where it
   * is executed already. @returns a function that cancels
   */
  onReceipt(hash: Uint8Array, receipt: Receipt): () => void {
    const place = this.parts.history.find(hash);
    if (place !== undefined) {
      receipt(place);
      return () => undefined;
    }
    if (this.closed !== null || this.waiterCount >= WAITERS_MAX) {
      receipt(this.closed ?? new DeltacastError('RPC_LIMIT', 'too many wait for receipts'));
      return () => undefined;
    }
    const key = toHex(hash);
    const waiting = this.waiters.get(key);
    if (waiting === undefined) this.waiters.set(key, [receipt]);
    else waiting.push(receipt);
    this.waiterCount += 1;
    return () => this.cancel(key, receipt);
  }

  /** Tells those who wait for this transaction. */
  answer(hash: string, result: TransactionPlace | DeltacastError): void {
    const waiting = this.waiters.get(hash);
    if (waiting === undefined) return;
    this.waiters.delete(hash);
    this.waiterCount -= waiting.length;
    for (const receipt of waiting) receipt(result);
  }

  /** Accepts nothing from here on; everyone who waits is told why. */
  close(why: DeltacastError): void {
    this.closed ??= why;
    for (const hash of [...this.waiters.keys()]) this.answer(hash, why);
  }

  /** The nonce of an account after the last mini-block. */
  stateNonce(address: Uint8Array): number {
    if (!this.readWord(KIND_NONCE, address)) return 0;
    // Its other limbs are zero: EIP-2681 ends nonces below 2^64.
    return this.wordView.getUint32(24) * 2 ** 32 + this.wordView.getUint32(28);
  }

  private cancel(key: string, receipt: Receipt): void {
    const waiting = this.waiters.get(key);
    const at = waiting?.indexOf(receipt) ?? -1;
    if (waiting === undefined || at < 0) return;
    waiting.splice(at, 1);
    this.waiterCount -= 1;
    if (waiting.length === 0) this.waiters.delete(key);
  }

  private admit(record: TransactionRecord): SubmitOutcome {
    const { hash, sender } = record;
    try {
      if (this.parts.history.find(hash) !== undefined) {
        throw new DeltacastError('TX_KNOWN', 'already known');
      }
      const entry = entryOf(record, sender, hash);
      this.check(entry, sender);
      const nonce = this.stateNonce(sender);
      const replaced = this.pool.add(entry, nonce);
      if (replaced !== undefined) {
        this.answer(
          replaced.hash,
          new DeltacastError('TX_UNDERPRICED', 'replaced by a transaction that pays more'),
        );
      }
      const next = this.pool.nextNonce(entry.sender, nonce);
      if (entry.nonce < next) return { status: 'ready', hash };
      return { status: 'queued', hash, expectedNonce: BigInt(next) };
    } catch (error) {
      if (!(error instanceof DeltacastError)) throw error;
      if (error.code === 'TX_KNOWN') return { status: 'known', hash };
      return rejected(hash, error);
    }
  }

  private check(entry: Pooled, sender: Uint8Array): void {
    const context = this.parts.context();
    const { payload: record, gasLimit, maxFeePerGas } = entry;
    if (record.type === BLOB_TYPE) {
      throw new DeltacastError('TX_BLOBS_REFUSED', 'there is no blob market here');
    }
    const gasMax = isFrom(context.fork, 'osaka')
      ? Math.min(TRANSACTION_GAS_MAX, context.gasLimit)
      : context.gasLimit;
    if (gasLimit > gasMax) {
      throw new DeltacastError('TX_GAS_TOO_HIGH', 'exceeds block gas limit', { limit: gasMax });
    }
    const least = intrinsicGas(record, context.fork);
    if (gasLimit < least) {
      throw new DeltacastError('TX_GAS_TOO_LOW', 'intrinsic gas too low', { least });
    }
    if (maxFeePerGas < context.baseFee) {
      throw new DeltacastError('TX_FEE_TOO_LOW', 'max fee per gas less than block base fee', {
        baseFee: context.baseFee.toString(),
        maxFee: maxFeePerGas.toString(),
      });
    }
    if (entry.nonce >= 2 ** 53) throw new DeltacastError('TX_NONCE_TOO_HIGH', 'nonce too high');
    const balance = this.readWord(KIND_BALANCE, sender) ? toBigInt(this.word) : 0n;
    const cost = record.costMax;
    if (cost > balance) {
      throw new DeltacastError('TX_INSUFFICIENT_FUNDS', 'insufficient funds', {
        balance: balance.toString(),
        cost: cost.toString(),
      });
    }
    this.checkSender(sender);
  }

  /** EIP-3607: no transactions from contracts. */
  private checkSender(sender: Uint8Array): void {
    if (!this.readWord(KIND_CODE, sender) || toBigInt(this.word) <= 1n) return;
    const code = this.parts.arena.getCode(this.word);
    if (code !== undefined && !toHex(code).startsWith(DELEGATION_PREFIX)) {
      throw new DeltacastError('TX_SENDER_NOT_EOA', 'sender not an eoa');
    }
  }

  /** @returns false where there is no such cell: it is zero, and `word` means nothing */
  private readWord(kind: 0 | 1 | 2, address: Uint8Array): boolean {
    const id = this.parts.arena.find(kind, address);
    if (id === NO_CELL) return false;
    // At the head: what a batch under way has written may still be taken back.
    this.parts.arena.readAt(id, this.parts.arena.head, this.word);
    return true;
  }

  private announce(outcomes: readonly SubmitOutcome[]): void {
    const { onPending } = this.parts;
    if (onPending === undefined) return;
    const hashes = outcomes.flatMap((outcome) =>
      outcome.status === 'ready' || outcome.status === 'queued' ? [outcome.hash] : [],
    );
    if (hashes.length > 0) onPending(hashes);
  }
}

/** Beyond 2^53 numbers are not exact, and still as large as what refuses them. */
function entryOf(record: TransactionRecord, sender: Uint8Array, hash: Uint8Array): Pooled {
  return {
    sender: toHex(sender),
    nonce: record.nonceNumber,
    hash: toHex(hash),
    gasLimit: record.gasLimitNumber,
    maxFeePerGas: record.maxFeePerGas,
    maxPriorityFeePerGas: record.maxPriorityFeePerGas,
    payload: record,
  };
}

function rejected(hash: Uint8Array | null, { code, message, details }: DeltacastError) {
  const error: SubmitError = { code, message, details };
  return { status: 'rejected', hash, error } as const;
}

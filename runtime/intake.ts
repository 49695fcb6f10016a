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
  private readonly waiters = new Map<string, Set<Receipt>>();
  private waiterCount = 0;
  /** Why nothing is accepted any more; null while all is well. */
  private closed: DeltacastError | null = null;
  private readonly word = new Uint8Array(32);

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
    const waiting = this.waiters.get(key) ?? new Set();
    this.waiters.set(key, waiting.add(receipt));
    this.waiterCount += 1;
    return () => {
      if (!waiting.delete(receipt)) return;
      this.waiterCount -= 1;
      if (waiting.size === 0) this.waiters.delete(key);
    };
  }

  /** Tells those who wait for this transaction. */
  answer(hash: string, result: TransactionPlace | DeltacastError): void {
    const waiting = this.waiters.get(hash);
    if (waiting === undefined) return;
    this.waiters.delete(hash);
    this.waiterCount -= waiting.size;
    for (const receipt of waiting) receipt(result);
    waiting.clear();
  }

  /** Accepts nothing from here on; everyone who waits is told why. */
  close(why: DeltacastError): void {
    this.closed ??= why;
    for (const hash of [...this.waiters.keys()]) this.answer(hash, why);
  }

  /** The nonce of an account after the last mini-block. */
  stateNonce(address: Uint8Array): number {
    return Number(this.read(KIND_NONCE, address));
  }

  private admit(record: TransactionRecord): SubmitOutcome {
    const { hash } = record;
    try {
      if (this.parts.history.find(hash) !== undefined) {
        throw new DeltacastError('TX_KNOWN', 'already known');
      }
      this.check(record);
      const nonce = this.stateNonce(record.sender);
      const entry = this.entryOf(record);
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

  private check(record: TransactionRecord): void {
    const context = this.parts.context();
    if (record.type === BLOB_TYPE) {
      throw new DeltacastError('TX_BLOBS_REFUSED', 'there is no blob market here');
    }
    const gasMax = isFrom(context.fork, 'osaka')
      ? Math.min(TRANSACTION_GAS_MAX, context.gasLimit)
      : context.gasLimit;
    if (record.gasLimit > BigInt(gasMax)) {
      throw new DeltacastError('TX_GAS_TOO_HIGH', 'exceeds block gas limit', { limit: gasMax });
    }
    const least = intrinsicGas(record, context.fork);
    if (record.gasLimit < BigInt(least)) {
      throw new DeltacastError('TX_GAS_TOO_LOW', 'intrinsic gas too low', { least });
    }
    if (record.maxFeePerGas < context.baseFee) {
      throw new DeltacastError('TX_FEE_TOO_LOW', 'max fee per gas less than block base fee', {
        baseFee: context.baseFee.toString(),
        maxFee: record.maxFeePerGas.toString(),
      });
    }
    if (record.nonce >= 1n << 53n) throw new DeltacastError('TX_NONCE_TOO_HIGH', 'nonce too high');
    const balance = this.read(KIND_BALANCE, record.sender);
    if (record.costMax > balance) {
      throw new DeltacastError('TX_INSUFFICIENT_FUNDS', 'insufficient funds', {
        balance: balance.toString(),
        cost: record.costMax.toString(),
      });
    }
    this.checkSender(record.sender);
  }

  /** EIP-3607: no transactions from contracts. */
  private checkSender(sender: Uint8Array): void {
    if (this.read(KIND_CODE, sender) <= 1n) return;
    const code = this.parts.arena.getCode(this.word);
    if (code !== undefined && !toHex(code).startsWith(DELEGATION_PREFIX)) {
      throw new DeltacastError('TX_SENDER_NOT_EOA', 'sender not an eoa');
    }
  }

  private entryOf(record: TransactionRecord): Pooled {
    return {
      sender: toHex(record.sender),
      nonce: Number(record.nonce),
      hash: record.hashHex,
      gasLimit: Number(record.gasLimit),
      maxFeePerGas: record.maxFeePerGas,
      maxPriorityFeePerGas: record.maxPriorityFeePerGas,
      payload: record,
    };
  }

  private read(kind: 0 | 1 | 2, address: Uint8Array): bigint {
    const id = this.parts.arena.find(kind, address);
    if (id === NO_CELL) return 0n;
    // At the head: what a batch under way has written may still be taken back.
    this.parts.arena.readAt(id, this.parts.arena.head, this.word);
    return toBigInt(this.word);
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

function rejected(hash: Uint8Array | null, { code, message, details }: DeltacastError) {
  const error: SubmitError = { code, message, details };
  return { status: 'rejected', hash, error } as const;
}

/** What a client may see of the pool of transactions that are admitted and not executed. */
import type { PoolContent, PoolStatus, RpcTransaction } from '../../net/rpc/values.js';
import { equalBytes, toHex } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import type { Intake, Pooled } from '../intake.js';
import { pooledTransaction } from './transactions.js';

/** Transactions in one answer: at about 700 bytes of JSON each, more than a reply may hold. */
const CONTENT_MAX = 15_000;

/** On a follower, which has no pool, all of this is empty. */
export class PoolView {
  private readonly pool: Intake['pool'] | null;

  constructor(intake: Intake | null) {
    this.pool = intake?.pool ?? null;
  }

  status(): PoolStatus {
    return { pending: this.pool?.readyCount ?? 0, queued: this.pool?.queuedCount ?? 0 };
  }

  /** @throws DeltacastError RPC_LIMIT where there are too many for one answer */
  content(): PoolContent {
    const { pending, queued } = this.status();
    if (pending + queued > CONTENT_MAX) {
      throw new DeltacastError('RPC_LIMIT', `the pool holds more than ${CONTENT_MAX} transactions`);
    }
    const all = [...(this.pool?.entries() ?? [])];
    const of = (isReady: boolean): RpcTransaction[] =>
      all.filter(({ ready }) => ready === isReady).map(({ entry }) => shown(entry));
    return { pending: of(true), queued: of(false) };
  }

  transaction(hash: Uint8Array): RpcTransaction | null {
    const pooled = this.pool?.get(toHex(hash));
    return pooled === undefined ? null : shown(pooled);
  }

  raw(hash: Uint8Array): Uint8Array | null {
    return this.pool?.get(toHex(hash))?.payload.raw ?? null;
  }

  bySenderAndNonce(sender: Uint8Array, nonce: bigint): RpcTransaction | null {
    for (const { entry } of this.pool?.entries() ?? []) {
      const { payload } = entry;
      if (payload.nonce === nonce && equalBytes(payload.sender, sender)) return shown(entry);
    }
    return null;
  }

  /** The nonce after the account's transactions that can run now. */
  nextNonce(sender: Uint8Array, stateNonce: bigint): bigint {
    if (this.pool === null) return stateNonce;
    return BigInt(this.pool.nextNonce(toHex(sender), Number(stateNonce)));
  }
}

function shown({ payload }: Pooled): RpcTransaction {
  return pooledTransaction(payload);
}

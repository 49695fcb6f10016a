/**
 * The input of a run: transactions signed, then decoded and their senders recovered, each step
 * timed on this thread. Done once for all engines and workers.
 */
import type { Workload } from '../runtime/load/workload.js';
import type { Clock } from '../state/base/ports.js';
import { decodeSigned, transactionOf } from '../workers/decode.js';
import { recoverAddress } from '../workers/signature.js';
import { CONTEXT } from './chain.js';
import type { Batch } from './path.js';
import { type BenchLine, stageOf } from './report.js';

export interface Prepared {
  readonly warmUp: Batch;
  readonly measured: Batch;
  readonly stages: Omit<BenchLine['stages'], 'execute'>;
}

/** Recoveries timed alone: enough for a figure, and not all of a long run twice. */
const RECOVERIES_TIMED_MAX = 5_000;

/** @param warmUp,txs  how many transactions of the workload */
export function prepare(workload: Workload, warmUp: number, txs: number, clock: Clock): Prepared {
  const first = batchOf(workload.next(warmUp));
  const startedMs = clock.monotonicMs();
  const raws = workload.next(txs);
  const signedMs = clock.monotonicMs();
  const measured = batchOf(raws);
  const decodedMs = clock.monotonicMs() - signedMs;
  const recoverMs = timeRecovery(raws.slice(0, RECOVERIES_TIMED_MAX), clock);
  const recoverAllMs = recoverMs * Math.max(1, txs / RECOVERIES_TIMED_MAX);
  return {
    warmUp: first,
    measured,
    stages: {
      sign: stageOf(txs, signedMs - startedMs),
      recover: stageOf(txs, recoverAllMs),
      // Recovery included: it is most of it.
      decode: stageOf(txs, decodedMs),
    },
  };
}

/** In pieces of so many transactions. */
export function batchesOf({ raws, records }: Batch, size: number): Batch[] {
  return Array.from({ length: Math.ceil(raws.length / size) }, (_, index) => {
    const [start, end] = [index * size, (index + 1) * size];
    return { raws: raws.slice(start, end), records: records.slice(start, end) };
  });
}

function batchOf(raws: readonly Uint8Array[]): Batch {
  return { raws, records: raws.map((raw) => decodeSigned(raw, CONTEXT)) };
}

/** Milliseconds of recovering the senders and nothing else. */
function timeRecovery(raws: readonly Uint8Array[], clock: Clock): number {
  const signed = raws.map(fieldsOf);
  const startedMs = clock.monotonicMs();
  for (const { hash, r, s, v } of signed) recoverAddress(hash, r, s, v);
  return clock.monotonicMs() - startedMs;
}

/** Typed transactions only: v is the parity itself. */
function fieldsOf(raw: Uint8Array): { hash: Uint8Array; r: bigint; s: bigint; v: number } {
  const tx = transactionOf(raw, CONTEXT);
  return {
    hash: tx.getHashedMessageToSign(),
    r: tx.r ?? 0n,
    s: tx.s ?? 0n,
    v: Number(tx.v ?? 0n),
  };
}

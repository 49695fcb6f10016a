/**
 * What a sequencer did so far: whole numbers, and milliseconds of its stages. What its workers
 * counted while they executed is here under the names of the protocol.
 */
import { noCounts } from '../workers/batch.js';
import type { Counter } from '../workers/protocol.js';

export interface PipelineCounters extends Record<Counter, number> {
  transactions: number;
  gas: number;
  /** Admitted, and refused when they were executed. */
  dropped: number;
  miniBlocks: number;
  blocks: number;
  /** Executions thrown away, for whatever reason. */
  aborts: number;
  /** Times that worker threads had to be replaced. */
  restarts: number;
  executeMs: number;
  diffMs: number;
  /** Frame, signature, log, history. */
  commitMs: number;
  /** Off the latency path: state root alone, and all of sealing. */
  rootMs: number;
  sealMs: number;
  diffBytes: number;
}

export function noCounters(): PipelineCounters {
  return {
    ...noCounts(),
    transactions: 0,
    gas: 0,
    dropped: 0,
    miniBlocks: 0,
    blocks: 0,
    aborts: 0,
    restarts: 0,
    executeMs: 0,
    diffMs: 0,
    commitMs: 0,
    rootMs: 0,
    sealMs: 0,
    diffBytes: 0,
  };
}

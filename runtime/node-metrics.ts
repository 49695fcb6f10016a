/** Which figures of a node are published, by role. */
import type { Chain } from './chain.js';
import type { PipelineCounters } from './counters.js';
import type { Intake } from './intake.js';
import type { MetricSource } from './metrics.js';

export function chainMetrics(chain: Chain, peerCount: () => number): MetricSource[] {
  const { arena, history } = chain;
  return [
    gauge('block', 'newest block', () => history.blockCount - 1),
    gauge('sealed_block', 'newest block with its roots', () => chain.sealedTip?.number ?? -1),
    gauge('unsealed_blocks', 'blocks that wait for roots', () => chain.unsealedCount),
    gauge('frame_height', 'height of the next frame', () => chain.nextHeight),
    gauge('transactions_indexed', 'transactions of the chain', () => history.transactionCount),
    gauge('arena_cells', 'interned cells', () => arena.statistics().cells),
    gauge('arena_cell_capacity', 'cells that fit', () => arena.statistics().cellCapacity),
    gauge('arena_undo_nodes', 'nodes of history', () => arena.statistics().undoNodes),
    gauge('peers', 'connected peers', peerCount),
  ];
}

/** In the order of PipelineCounters; milliseconds are sums over the life of the process. */
const COUNTER_HELP: { readonly [Key in keyof PipelineCounters]: string } = {
  transactions: 'transactions executed',
  gas: 'gas used',
  dropped: 'admitted transactions refused at execution',
  miniBlocks: 'mini-blocks made',
  blocks: 'blocks closed',
  executions: 'executions by the engine, repeated ones included',
  aborts: 'executions thrown away',
  restarts: 'times that worker threads were replaced',
  executeMs: 'milliseconds of execution and commit',
  diffMs: 'milliseconds of making diffs',
  commitMs: 'milliseconds of frames, signatures, log and history',
  rootMs: 'milliseconds of state roots',
  sealMs: 'milliseconds of sealing, roots included',
  diffBytes: 'bytes of diffs',
};

export function sequencerMetrics(counters: PipelineCounters, intake: Intake): MetricSource[] {
  const names = Object.keys(COUNTER_HELP) as (keyof PipelineCounters)[];
  const counts = names.map((name): MetricSource => {
    const text = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const read = (): number => counters[name];
    return { name: `${text}_total`, help: COUNTER_HELP[name], kind: 'counter', read };
  });
  return [
    ...counts,
    gauge('pool_ready', 'transactions that could run now', () => intake.pool.readyCount),
    gauge('pool_queued', 'transactions behind a nonce gap', () => intake.pool.queuedCount),
  ];
}

function gauge(name: string, help: string, read: () => number): MetricSource {
  return { name, help, kind: 'gauge', read };
}

/** Which figures of a node are published, by role. */
import type { Arena } from '../state/arena.js';
import type { ColdStatistics } from '../state/arena-statistics.js';
import { ABORT_CAUSES } from '../workers/batch.js';
import { COUNTERS } from '../workers/protocol.js';
import type { Tiering, TieringCounts } from '../workers/tiering/tiering.js';
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
    ...coldMetrics(arena),
    gauge('peers', 'connected peers', peerCount),
  ];
}

/** None where every cell is in memory. */
function coldMetrics(arena: Arena): MetricSource[] {
  if (arena.cold === null) return [];
  const read = (key: keyof ColdStatistics) => (): number => arena.statistics().cold?.[key] ?? 0;
  return [
    gauge('cold_cells', 'cells that are in the file alone', read('cells')),
    gauge('cold_file_bytes', 'size of the file of cold cells', read('fileBytes')),
    counter('cold_faults_total', 'cells brought in from the file', read('faults')),
    counter('cold_reads_total', 'cells read in the file and left there', read('reads')),
    counter('cold_pages_read_total', 'pages read from the file', read('pagesRead')),
    counter('cold_retired_total', 'cells that left memory', read('retired')),
    counter('cold_records_appended_total', 'cells written to the file', read('recordsAppended')),
    counter('cold_pages_appended_total', 'pages written to the file', read('pagesAppended')),
    gauge('cold_live_records', 'records in the file that are of use', read('namedRecords')),
    counter('cold_compactions_total', 'segments of the file emptied', read('compactions')),
    counter('cold_compacted_pages_total', 'pages read to empty segments', read('pagesCompacted')),
    counter('cold_moved_records_total', 'records written again for that', read('recordsMoved')),
    counter('cold_moved_pages_total', 'pages written for that', read('pagesMoved')),
    counter('cold_reused_segments_total', 'segments written again', read('segmentsReused')),
  ];
}

/** Milliseconds and microseconds are sums over the life of the process, and over threads. */
const COUNTER_HELP: { readonly [Key in keyof PipelineCounters]: string } = {
  transactions: 'transactions executed',
  gas: 'gas used',
  dropped: 'admitted transactions refused at execution',
  miniBlocks: 'mini-blocks made',
  blocks: 'blocks closed',
  executions: 'executions by the engine, repeated ones included',
  aborts: 'executions thrown away',
  staleBalance: 'executions thrown away: a balance was no longer as read',
  staleNonce: 'executions thrown away: a nonce was no longer as read',
  staleCode: 'executions thrown away: a code was no longer as read',
  staleSlot: 'executions thrown away: a storage slot was no longer as read',
  needsHead: 'executions thrown away: not to be done ahead of their turn',
  deferred: 'transactions left to their turn',
  atHead: 'transactions taken in their turn, with nothing to judge',
  chunks: 'pieces of batches taken by workers',
  stolen: 'outcomes committed by another worker than the one that executed',
  parks: 'times that a worker went to sleep in a batch',
  parkedMicroseconds: 'microseconds that workers slept in batches',
  commitMicroseconds: 'microseconds of committing what was executed ahead of its turn',
  executeMicroseconds: 'microseconds of pieces of work, executed by workers',
  loadMicroseconds: 'microseconds of laying batches out for the workers',
  collectMicroseconds: 'microseconds of taking outcomes over from the workers',
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
  const counts = names.map((key): MetricSource => {
    const read = (): number => counters[key];
    return { name: metricName(key), help: COUNTER_HELP[key], kind: 'counter', read };
  });
  return [
    ...counts,
    gauge('pool_ready', 'transactions that could run now', () => intake.pool.readyCount),
    gauge('pool_queued', 'transactions behind a nonce gap', () => intake.pool.queuedCount),
  ];
}

const TIERING_HELP: { readonly [Key in keyof TieringCounts]: string } = {
  tier1: 'codes compiled by the first tier',
  tier2: 'codes compiled by the second tier',
  limits: 'codes not compiled: over the limits of the compiler',
  time: 'codes not compiled: their time was over',
  failed: 'codes not compiled: the thread broke, or the code was gone',
  room: 'codes not compiled: those that are there are worth more',
  evicted: 'compiled codes that went for others',
  compileMs: 'milliseconds of compiling',
};

/** Of the engine `auto`; none with others. */
export function tieringMetrics(tiering: Tiering | null): MetricSource[] {
  if (tiering === null) return [];
  const { counts, uses } = tiering;
  const names = Object.keys(TIERING_HELP) as (keyof TieringCounts)[];
  const counters = names.map((key): MetricSource => {
    const name = `tiering_${metricName(key)}`;
    return { name, help: TIERING_HELP[key], kind: 'counter', read: () => counts[key] };
  });
  return [
    ...counters,
    gauge('tiering_codes', 'compiled codes', () => tiering.size.codes),
    gauge('tiering_bytes', 'bytes of their modules', () => tiering.size.bytes),
    gauge('tiering_gas_share', 'gas that was run compiled, of all', () => uses.compiledShare),
  ];
}

/** Causes of aborts and what the scheduler counts say so in front. */
function metricName(key: keyof PipelineCounters | keyof TieringCounts): string {
  const text = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const isOneOf = (keys: readonly string[]) => keys.includes(key);
  if (isOneOf(ABORT_CAUSES)) return `aborts_${text}_total`;
  const isScheduler = isOneOf(COUNTERS) && key !== 'executions';
  return `${isScheduler ? 'scheduler_' : ''}${text}_total`;
}

function counter(name: string, help: string, read: () => number): MetricSource {
  return { name, help, kind: 'counter', read };
}

function gauge(name: string, help: string, read: () => number): MetricSource {
  return { name, help, kind: 'gauge', read };
}

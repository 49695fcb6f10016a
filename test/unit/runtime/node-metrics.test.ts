import { describe, expect, it } from 'vitest';
import { noCounters } from '../../../runtime/counters.js';
import type { Intake } from '../../../runtime/intake.js';
import { createMetrics } from '../../../runtime/metrics.js';
import { sequencerMetrics } from '../../../runtime/node-metrics.js';
import { ABORT_CAUSES, abortsOf, addCounts, noCounts } from '../../../workers/batch.js';
import { COUNTERS } from '../../../workers/protocol.js';

const intake = { pool: { readyCount: 3, queuedCount: 4 } } as unknown as Intake;

describe('what the workers count', () => {
  const counts = noCounts();
  COUNTERS.forEach((name, index) => {
    counts[name] = index + 1;
  });

  it('is added up name by name', () => {
    const sum = noCounts();
    addCounts(sum, counts);
    addCounts(sum, counts);
    for (const name of COUNTERS) expect(sum[name]).toBe(2 * counts[name]);
    expect(abortsOf(counts)).toBe(1 + 2 + 3 + 4 + 5 + 6);
    const kinds = ['staleBalance', 'staleNonce', 'staleCode', 'staleSlot'];
    expect(ABORT_CAUSES).toEqual([...kinds, 'needsHead', 'deferred']);
  });

  it('is in the metrics, each under a name of its own, as it is when asked for', async () => {
    const counters = noCounters();
    const { text } = createMetrics(sequencerMetrics(counters, intake));
    addCounts(counters, counts);
    counters.aborts += abortsOf(counts);
    const lines = (await text()).split('\n');
    for (const line of [
      'deltacast_executions_total 7',
      'deltacast_aborts_total 21',
      'deltacast_aborts_stale_balance_total 1',
      'deltacast_aborts_stale_nonce_total 2',
      'deltacast_aborts_stale_code_total 3',
      'deltacast_aborts_stale_slot_total 4',
      'deltacast_aborts_needs_head_total 5',
      'deltacast_aborts_deferred_total 6',
      'deltacast_scheduler_at_head_total 8',
      'deltacast_scheduler_chunks_total 9',
      'deltacast_scheduler_stolen_total 10',
      'deltacast_scheduler_parks_total 11',
      'deltacast_scheduler_parked_microseconds_total 12',
      'deltacast_scheduler_commit_microseconds_total 13',
      'deltacast_scheduler_execute_microseconds_total 14',
      'deltacast_scheduler_load_microseconds_total 15',
      'deltacast_scheduler_collect_microseconds_total 16',
      'deltacast_pool_ready 3',
      'deltacast_pool_queued 4',
    ]) {
      expect(lines).toContain(line);
    }
  });
});

/** What a batch has cost, and nothing. */
import type { Clock } from '../state/base/ports.js';
import { noCounts } from '../workers/batch.js';
import type { BatchFigures } from './path.js';

export function noFigures(): BatchFigures {
  const counts = noCounts();
  return { milliseconds: 0, cpuMilliseconds: 0, gas: 0, counts, restarts: 0, stages: {} };
}

/** Milliseconds that something takes, and of CPU in the whole process. */
export async function timed<Result>(
  clock: Clock,
  run: () => Promise<Result>,
): Promise<{ result: Result } & Pick<BatchFigures, 'milliseconds' | 'cpuMilliseconds'>> {
  const cpuBefore = process.cpuUsage();
  const startedMs = clock.monotonicMs();
  const result = await run();
  const milliseconds = clock.monotonicMs() - startedMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { result, milliseconds, cpuMilliseconds: (user + system) / 1_000 };
}

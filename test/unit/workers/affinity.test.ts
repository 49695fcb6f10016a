import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../state/base/ports.js';
import { assertPinnable, parseCores } from '../../../workers/affinity.js';
import { startExecutor } from '../../../workers/start.js';
import { ringArena } from '../../helpers/executors.js';

/** Of all threads of this process, which cores each may use. */
function allowedCores(): number[][] {
  return readdirSync('/proc/self/task').map((thread) => {
    const status = readFileSync(`/proc/self/task/${thread}/status`, 'latin1');
    return parseCores(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)![1]!);
  });
}

function isPinnable(): boolean {
  try {
    assertPinnable();
    return true;
  } catch {
    return false;
  }
}

describe('pinned workers', () => {
  it('reads lists of cores', () => {
    expect(parseCores('0')).toEqual([0]);
    expect(parseCores('0-2,5,8-9')).toEqual([0, 1, 2, 5, 8, 9]);
  });

  it.skipIf(!isPinnable())('stay on a core each, which the next one is not on', async () => {
    const single = () => allowedCores().filter((cores) => cores.length === 1);
    const all = allowedCores()[0]!;
    const before = single().length;
    const arena = ringArena();
    const executor = await startExecutor({ arena, workers: 2, clock: systemClock, isPinned: true });
    const pinned = single();
    await executor.stop();
    expect(pinned.length - before).toBe(all.length === 1 ? 0 : 2);
    if (all.length > 1) expect(new Set(pinned.slice(-2).flat()).size).toBe(2);
  });
});

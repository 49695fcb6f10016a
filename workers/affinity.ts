/**
 * A core for each worker. Linux moves threads as it thinks best, and some virtual machines' kernels
 * put as many as they can on one core, so that two workers take turns while another core is idle.
 * Node has no call for this: util-linux's `taskset` does it, once for each thread.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { DeltacastError } from '../state/base/errors.js';

/** @throws DeltacastError BAD_USAGE where threads cannot be bound to cores */
export function assertPinnable(): void {
  try {
    execFileSync('taskset', ['-p', String(process.pid)], { stdio: 'ignore' });
  } catch {
    throw new DeltacastError('BAD_USAGE', 'workers can be pinned on Linux, with taskset installed');
  }
}

/** Binds the calling thread to one core of those that the process may use. @param place  from 0 */
export function pinThread(place: number): void {
  const status = readFileSync('/proc/thread-self/status', 'latin1');
  const cores = parseCores(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '0');
  const thread = readlinkSync('/proc/thread-self').split('/').at(-1) ?? '';
  const core = cores[place % cores.length] ?? 0;
  execFileSync('taskset', ['-cp', String(core), thread], { stdio: 'ignore' });
}

/** The numbers in a list such as `0-2,5`. */
export function parseCores(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

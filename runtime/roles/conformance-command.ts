/**
 * The conformance command: all packs of a folder on an engine, pack by pack on a few threads. The
 * order of what it prints does not depend on the threads.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { builtUrl } from '../../state/base/built.js';
import { DeltacastError, isDeltacastError } from '../../state/base/errors.js';
import { ENGINE_NAMES, loadEngine } from '../../workers/engines.js';
import { type ForkName, parseFork } from '../../workers/fork.js';
import { TaskPool } from '../../workers/pool.js';
import {
  type CaseNote,
  FAILURES_LISTED_MAX,
  type PackResult,
  type PackTask,
} from './conformance-task.js';

/** Packs lie compressed in one folder: the official ones are below 300. */
const PACKS_MAX = 10_000;

export interface ConformanceOptions {
  readonly fixtures: string;
  readonly engine: string;
  /** A fork's name; null: all forks of the packs. */
  readonly fork: string | null;
  readonly filter: string | null;
  readonly threads: number;
}

export interface ConformanceTools {
  /** Says how far it is. */
  readonly progress: (text: string) => void;
  /** Takes each case that was left out, and why. */
  readonly skipped: (note: CaseNote) => void;
}

export interface ConformanceSummary {
  readonly engine: string;
  readonly fork: string | null;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly CaseNote[];
}

/**
 * Runs the packs that a folder holds.
 * @throws DeltacastError BAD_USAGE or BAD_INPUT where there is nothing to run or it cannot be read
 */
export async function runConformance(
  options: ConformanceOptions,
  { progress, skipped }: ConformanceTools,
): Promise<ConformanceSummary> {
  const { engine, filter, threads } = options;
  const fork = forkOf(options.fork);
  await loadEngine(engine);
  const paths = packsIn(options.fixtures);
  const pool = new TaskPool({
    threads: Math.min(threads, paths.length),
    entry: builtUrl('runtime/roles/conformance-task.js').href,
  });
  let done = 0;
  try {
    const results = await Promise.all(
      paths.map(async (path) => {
        const task: PackTask = { path, engine, fork, filter };
        const result = await pool.run<PackResult>('runPack', task);
        if (result.unreadable !== null) throw new DeltacastError('BAD_INPUT', result.unreadable);
        done += 1;
        progress(`${done} of ${paths.length} packs, last: ${result.pack}`);
        return result;
      }),
    );
    return summaryOf(results, { engine, fork: options.fork }, skipped);
  } finally {
    await pool.end();
  }
}

function forkOf(name: string | null): ForkName | null {
  if (name === null) return null;
  try {
    return parseFork(name);
  } catch (error) {
    if (!isDeltacastError(error, 'FORK_UNSUPPORTED')) throw error;
    throw new DeltacastError('BAD_USAGE', error.message);
  }
}

/** Largest first, so that no thread is left with a large one at the end. */
function packsIn(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.ndjson.gz'));
  } catch {
    throw new DeltacastError('BAD_INPUT', `${folder} is not a folder that can be read`);
  }
  if (names.length === 0 || names.length > PACKS_MAX) {
    throw new DeltacastError('BAD_INPUT', `${folder} has ${names.length} packs (*.ndjson.gz)`);
  }
  const sizes = new Map(names.map((name) => [name, statSync(join(folder, name)).size]));
  const bySize = (a: string, b: string) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0);
  return names.sort((a, b) => bySize(a, b) || (a < b ? -1 : 1)).map((name) => join(folder, name));
}

function summaryOf(
  results: readonly PackResult[],
  names: Pick<ConformanceSummary, 'engine' | 'fork'>,
  skipped: (note: CaseNote) => void,
): ConformanceSummary {
  const sorted = [...results].sort((a, b) => (a.pack < b.pack ? -1 : 1));
  const skips = sorted.flatMap((result) => result.skips);
  const sum = (read: (result: PackResult) => number) =>
    sorted.reduce((total, result) => total + read(result), 0);
  const [passed, failed] = [sum((result) => result.passed), sum((result) => result.failed)];
  if (passed + failed + skips.length === 0) {
    throw new DeltacastError('BAD_USAGE', 'no case of these packs has that fork and name');
  }
  for (const note of skips) skipped(note);
  const failures = sorted.flatMap((result) => result.failures).slice(0, FAILURES_LISTED_MAX);
  return { ...names, passed, failed, skipped: skips.length, failures };
}

/** For the help of the command. */
export const CONFORMANCE_ENGINES = ENGINE_NAMES.join(', ');

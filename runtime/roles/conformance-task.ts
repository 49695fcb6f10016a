/**
 * One pack of state tests on one thread: what the conformance command gives to its threads. What it
 * answers is plain data, errors of the input included, because classes do not survive the way back.
 */
import { basename } from 'node:path';
import { isDeltacastError } from '../../state/base/errors.js';
import { loadEngine } from '../../workers/engines.js';
import type { ForkName } from '../../workers/fork.js';
import { readStateTests, type StateTestCase } from '../state-test-file.js';
import { ConformanceRunner } from './conformance.js';

/** What a summary lists; a broken engine fails thousands. */
export const FAILURES_LISTED_MAX = 100;
const WHY_CHARACTERS_MAX = 300;
const PACK_ENDING = '.ndjson.gz';

export interface PackTask {
  readonly path: string;
  readonly engine: string;
  /** Only cases of this fork; null: all. */
  readonly fork: ForkName | null;
  /** Only tests with this in their name or their pack's; null: all. */
  readonly filter: string | null;
}

export interface CaseNote {
  readonly pack: string;
  readonly test: string;
  readonly index: number;
  readonly why: string;
}

export interface PackResult {
  readonly pack: string;
  readonly passed: number;
  readonly failed: number;
  /** At most FAILURES_LISTED_MAX of them. */
  readonly failures: readonly CaseNote[];
  readonly skips: readonly CaseNote[];
  /** Why the pack cannot be read; the rest is empty then. */
  readonly unreadable: string | null;
}

/** An arena takes longer to make than most packs: a thread keeps its runner. */
let kept: { readonly engine: string; readonly runner: ConformanceRunner } | undefined;

export async function runPack(task: PackTask): Promise<PackResult> {
  const pack = basename(task.path, PACK_ENDING);
  const counts = { passed: 0, failed: 0 };
  const failures: CaseNote[] = [];
  const skips: CaseNote[] = [];
  try {
    for (const test of readStateTests(task.path)) {
      if (!isWanted(test, pack, task)) continue;
      const note = (why: string) => ({ pack, test: test.test, index: test.index, why });
      if (test.skipped !== null) {
        skips.push(note(test.skipped));
        continue;
      }
      const why = await runCase(await runnerOf(task.engine), test);
      counts[why === null ? 'passed' : 'failed'] += 1;
      if (why !== null && failures.length < FAILURES_LISTED_MAX) failures.push(note(why));
    }
  } catch (error) {
    if (!isDeltacastError(error)) throw error;
    return { pack, passed: 0, failed: 0, failures: [], skips: [], unreadable: error.message };
  }
  return { pack, ...counts, failures, skips, unreadable: null };
}

function isWanted(test: StateTestCase, pack: string, { fork, filter }: PackTask): boolean {
  if (fork !== null && test.context.fork !== fork) return false;
  return filter === null || pack.includes(filter) || test.test.includes(filter);
}

async function runnerOf(engine: string): Promise<ConformanceRunner> {
  if (kept?.engine !== engine) {
    kept = { engine, runner: new ConformanceRunner(await loadEngine(engine)) };
  }
  return kept.runner;
}

/** An engine that breaks has failed the case; the next one gets a new engine. */
async function runCase(runner: ConformanceRunner, test: StateTestCase): Promise<string | null> {
  try {
    return await runner.run(test);
  } catch (error) {
    kept = undefined;
    await runner.stop();
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return `the engine broke: ${why}`.slice(0, WHY_CHARACTERS_MAX);
  }
}

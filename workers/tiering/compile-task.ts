/**
 * One compilation, in the thread that does nothing else: it has the code translated by a process
 * of its own, and V8's baseline compiler go through all of the module. Those that execute never
 * wait for it, and V8 itself goes on to optimise the functions that turn out hot.
 */
import { execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../../state/base/ports.js';
import { FirstCalls } from '../compiler/first-calls.js';
import { fill } from './parcels.js';
import { Translator } from './translator.js';
import type { TranslateTask } from './translator-process.js';

export interface CompileTask extends TranslateTask {
  /** Of wall time for the translation. */
  readonly deadlineMs: number;
  /** Not idle: it shares the cores, if at a low priority. */
  readonly isUrgent: boolean;
  /** Where the module goes (parcels.ts). */
  readonly ends: readonly MessagePort[];
}

export interface CompileReply {
  /** null: over the limits. */
  readonly compiled: {
    readonly tier: 1 | 2;
    /** Of the module's binary format. */
    readonly bytes: number;
  } | null;
  readonly dump: string | null;
  /** That it took, without waiting for a core, and what thread and process needed to start. */
  readonly milliseconds: number;
}

/** A tenth of a core that is wanted by another. */
const NICE = 10;
let translator: Translator | null = null;
let firstCalls: FirstCalls | null = null;

/** @returns `time` where the translation was not done by its deadline */
export async function compileInThread(
  { deadlineMs, ends, isUrgent, ...task }: CompileTask,
  clock: Clock,
): Promise<CompileReply | 'time'> {
  if (translator === null) lowerPriority(isUrgent);
  translator ??= new Translator(clock);
  const reply = await translator.translate(task, deadlineMs);
  if (reply === 'time') return reply;
  const { made, dump } = reply;
  const startedMs = clock.monotonicMs();
  const compiled = made === null ? null : { tier: made.tier, bytes: made.bytes.length };
  if (made !== null) {
    if (firstCalls?.pages !== task.pages) firstCalls = new FirstCalls(task.pages);
    send(firstCalls.compile(made.bytes), ends);
  }
  const milliseconds = reply.milliseconds + clock.monotonicMs() - startedMs;
  return { compiled, dump, milliseconds };
}

function send(module: WebAssembly.Module, ends: readonly MessagePort[]): void {
  for (const end of ends) fill(end, module);
}

/**
 * Of this thread, which Linux lets name itself, and of the process that it starts. Idle, by
 * util-linux's `chrt`, they run where no other wants the core; a thread that is only nice may keep
 * it to the end of a slice, some milliseconds, when another wakes up. Elsewhere nothing is done.
 */
function lowerPriority(isUrgent: boolean): void {
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(thread, Math.max(getPriority(thread), NICE));
    if (isUrgent) return;
    execFileSync('chrt', ['--idle', '--pid', '0', `${thread}`], { stdio: 'ignore' });
  } catch {
    // Nothing depends on it.
  }
}

/**
 * One compilation, in the thread that does nothing else. V8's baseline compiler has been through
 * all of a module when it is posted: those that execute never wait for it, and V8 itself goes on to
 * optimise the functions that turn out hot.
 */
import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { compileCode } from '../compiler/compile-code.js';
import { dumpCode } from '../compiler/dump.js';
import type { InterpretedFork } from '../kernel/opcode-table.js';

export interface CompileTask {
  readonly code: Uint8Array;
  readonly fork: InterpretedFork;
  /** Of the memory that the module will import. */
  readonly pages: number;
  /** What was made of it is wanted as text, too. */
  readonly isDumped: boolean;
}

export interface CompileReply {
  /** null: over the limits. */
  readonly compiled: {
    readonly module: WebAssembly.Module;
    readonly tier: 1 | 2;
    /** Of the module's binary format. */
    readonly bytes: number;
  } | null;
  readonly dump: string | null;
  /** That it took, without what the thread needed to start. */
  readonly milliseconds: number;
}

/** Whoever executes goes first: this thread gets a tenth of a core that is wanted by another. */
const NICE = 10;
const NICE_MAX = 19;
/** V8's default. */
const V8_TASKS = 128;
let isLowered = false;

/** @param nowMs  a monotonic clock */
export function compileInThread(task: CompileTask, nowMs: () => number): CompileReply {
  const { code, fork, pages, isDumped } = task;
  const startedMs = nowMs();
  if (!isLowered) lowerPriority();
  isLowered = true;
  const made = compileCode(code, fork, pages);
  const compiled =
    made === null
      ? null
      : { module: compileWhole(made.bytes), tier: made.tier, bytes: made.bytes.length };
  const milliseconds = nowMs() - startedMs;
  return { compiled, dump: isDumped ? dumpCode(code, fork) : null, milliseconds };
}

/**
 * All of it, in this thread: V8's own threads know no priorities, and would take the cores from who
 * executes. The flags are of the whole process; they are put back at once.
 */
function compileWhole(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  setFlagsFromString('--no-wasm-lazy-compilation');
  setFlagsFromString('--wasm-num-compilation-tasks=0');
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    setFlagsFromString('--wasm-lazy-compilation');
    setFlagsFromString(`--wasm-num-compilation-tasks=${V8_TASKS}`);
  }
}

/** Of this thread alone, which Linux lets name itself; elsewhere it stays as it is. */
function lowerPriority(): void {
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(thread, Math.min(NICE_MAX, getPriority(thread) + NICE));
  } catch {
    // Nothing depends on it.
  }
}

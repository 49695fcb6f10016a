/**
 * What V8 takes to make machine code of a module, by its baseline compiler (Liftoff) or by its
 * optimising one (TurboFan): in a process of its own, since flags choose the compiler and make it
 * compile the whole module at once. A module over the deadline ends the process; the next one
 * starts another.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { builtUrl } from '../../state/base/built.js';
import { DeltacastError } from '../../state/base/errors.js';
import type { Clock } from '../../state/base/ports.js';
import type { Times } from './times.js';

const FLAGS = {
  baseline: ['--liftoff-only', '--no-wasm-lazy-compilation'],
  optimise: ['--no-liftoff', '--no-wasm-lazy-compilation'],
} as const;
/** By the clock, on a machine that does other things too. */
const DEADLINE_MS = 180_000;

export type V8Compiler = keyof typeof FLAGS;

export class V8Process {
  private readonly compiler: V8Compiler;
  private readonly clock: Clock;
  private child: ChildProcess | null = null;

  constructor(compiler: V8Compiler, clock: Clock) {
    this.compiler = compiler;
    this.clock = clock;
  }

  /**
   * @returns null where it was not done by the deadline
   * @throws DeltacastError WORKER_FAILED where the process dies
   */
  compile(wasm: Uint8Array): Promise<Times | null> {
    this.child ??= this.start();
    const { child, clock } = this;
    return new Promise((resolve, reject) => {
      const cancel = clock.after(DEADLINE_MS, () => {
        resolve(null);
        this.stop();
      });
      const ended = (code: number | null): void => {
        cancel();
        this.child = null;
        reject(
          new DeltacastError('WORKER_FAILED', `V8's ${this.compiler} compiler ended: ${code}`),
        );
      };
      child.once('exit', ended);
      child.once('message', (times: Times) => {
        cancel();
        child.off('exit', ended);
        resolve(times);
      });
      child.send(wasm);
    });
  }

  stop(): void {
    this.child?.kill();
    this.child = null;
  }

  private start(): ChildProcess {
    return fork(builtUrl('bench/compile/v8-child.js'), {
      execArgv: [...FLAGS[this.compiler]],
      serialization: 'advanced',
    });
  }
}

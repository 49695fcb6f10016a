/**
 * The one thread that compiles, one code at a time. A compilation has its time; one that does not
 * end costs its thread, and the next one gets another.
 */
import type { Clock } from '../../state/base/ports.js';
import { TaskPool } from '../pool.js';
import type { CompileReply, CompileTask } from './compile-task.js';

/**
 * The compiler's own memory: 24 KB of code in tier 2 take less than 100 MB. V8 collects with
 * threads of its own, which know no priorities: so seldom.
 */
export const COMPILER_HEAP = { heapMegabytes: 512, youngMegabytes: 128 };

export class CompileThread {
  private readonly clock: Clock;
  private pool: TaskPool | null = null;
  /** Resolves when threads that were ended have exited. */
  private ending: Promise<void> = Promise.resolve();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /**
   * One at a time.
   * @param deadlineMs  of wall time
   * @returns `time` where it took longer, `failed` where its thread broke
   */
  async compile(task: CompileTask, deadlineMs: number): Promise<CompileReply | 'time' | 'failed'> {
    await this.ending;
    this.pool ??= new TaskPool({ threads: 1, ...COMPILER_HEAP });
    let cancel = (): void => undefined;
    const late = new Promise<'time'>((resolve) => {
      cancel = this.clock.after(deadlineMs, () => resolve('time'));
    });
    const made = this.pool.run<CompileReply>('compile', task).catch(() => 'failed' as const);
    const result = await Promise.race([made, late]);
    cancel();
    if (typeof result === 'string') this.end();
    return result;
  }

  /** Resolves when the thread has exited, whatever it does. */
  async stop(): Promise<void> {
    this.end();
    await this.ending;
  }

  private end(): void {
    const { pool } = this;
    this.pool = null;
    if (pool !== null) this.ending = pool.end();
  }
}

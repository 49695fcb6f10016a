/**
 * The one thread that compiles, one code at a time. A compilation has its time; one that does not
 * end costs its thread, and the next one gets another.
 */
import type { Clock } from '../../state/base/ports.js';
import { TaskPool } from '../pool.js';
import type { CompileReply, CompileTask } from './compile-task.js';

/** The thread holds a module's bytes; what makes them is elsewhere (translator.ts). */
const HEAP_MEGABYTES = 64;
/** The translator is ended by its thread, if that is well. */
const GRACE_MS = 1_000;

export class CompileThread {
  private readonly clock: Clock;
  private pool: TaskPool | null = null;
  /** Also where idle ones did not get what they needed by a deadline: so not idle from then on. */
  private isUrgent: boolean;
  /** Resolves when threads that were ended have exited. */
  private ending: Promise<void> = Promise.resolve();

  /** @param isIdle  it gets what others leave, until that has once been too little */
  constructor(clock: Clock, isIdle: boolean) {
    this.clock = clock;
    this.isUrgent = !isIdle;
  }

  /**
   * One at a time.
   * @returns `time` where it took longer, `failed` where its thread or its translator broke
   */
  async compile(given: Omit<CompileTask, 'isUrgent'>): Promise<CompileReply | 'time' | 'failed'> {
    await this.ending;
    const task: CompileTask = { ...given, isUrgent: this.isUrgent };
    this.pool ??= new TaskPool({ threads: 1, heapMegabytes: HEAP_MEGABYTES });
    let cancel = (): void => undefined;
    const late = new Promise<'time'>((resolve) => {
      cancel = this.clock.after(task.deadlineMs + GRACE_MS, () => resolve('time'));
    });
    const compiled = this.pool.run<CompileReply | 'time'>('compile', task, [...task.ends]);
    const made = compiled.catch(() => 'failed' as const);
    const result = await Promise.race([made, late]);
    cancel();
    if (result === 'time') this.isUrgent = true;
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

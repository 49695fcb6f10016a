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

/** Why there is no module. */
export type Broken = 'time' | 'failed' | 'starved';

export class CompileThread {
  private readonly clock: Clock;
  private readonly idleMs: number;
  private pool: TaskPool | null = null;
  private isUrgent: boolean;
  /** Resolves when threads that were ended have exited. */
  private ending: Promise<void> = Promise.resolve();

  /** @param idleMs  it gets what others leave, until that was once too little for so long */
  constructor(clock: Clock, idleMs: number) {
    this.clock = clock;
    this.idleMs = idleMs;
    this.isUrgent = idleMs === 0;
  }

  /**
   * One at a time.
   * @returns `time` where it took longer, `failed` where its thread or its translator broke,
   *          `starved` where no core was idle: once, and the next attempt depends on none
   */
  async compile(given: Omit<CompileTask, 'isUrgent'>): Promise<CompileReply | Broken> {
    await this.ending;
    const { isUrgent } = this;
    const deadlineMs = isUrgent ? given.deadlineMs : Math.min(given.deadlineMs, this.idleMs);
    const task: CompileTask = { ...given, deadlineMs, isUrgent };
    this.pool ??= new TaskPool({ threads: 1, heapMegabytes: HEAP_MEGABYTES });
    let cancel = (): void => undefined;
    const late = new Promise<'time'>((resolve) => {
      cancel = this.clock.after(task.deadlineMs + GRACE_MS, () => resolve('time'));
    });
    const compiled = this.pool.run<CompileReply | 'time'>('compile', task, [...task.ends]);
    const made = compiled.catch(() => 'failed' as const);
    const result = await Promise.race([made, late]);
    cancel();
    if (typeof result === 'string') this.end();
    if (result !== 'time' || isUrgent) return result;
    this.isUrgent = true;
    return 'starved';
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

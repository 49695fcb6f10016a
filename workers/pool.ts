/**
 * Thread pools; the only user of piscina. A rejected piscina task is not a stopped worker (writes
 * were seen 43 ms after one), so a pool here has ended only when every thread has sent `exit`.
 */
import type { MessagePort } from 'node:worker_threads';
import { move, Piscina } from 'piscina';
import { builtUrl } from '../state/base/built.js';
import { WORKER_HEAP_MEGABYTES } from '../state/base/limits.js';

/** EVM depth 1,024 with V8's frames needs more than the 4 MB that a worker has by default. */
const STACK_MEGABYTES = 64;

export interface PoolOptions {
  readonly threads: number;
  readonly heapMegabytes?: number;
  /** Of new objects; V8's own choice unless given. */
  readonly youngMegabytes?: number;
  /** URL of a built module whose exports are the tasks; worker.js unless given. */
  readonly entry?: string;
}

/** Marks a task's result so that it is moved to the caller, not copied. */
export function moved(buffer: ArrayBuffer): unknown {
  return move(buffer);
}

/** Ordinary tasks by name, each on a thread that is free; threads start when there is work. */
export class TaskPool {
  /** Resolves when a thread has exited, whatever it was doing. */
  readonly exited: Promise<void>;
  private readonly piscina: Piscina;
  private noteExit = (): void => undefined;
  private readonly exits = new Map<number, Promise<void>>();
  private isEnded = false;

  constructor(options: PoolOptions) {
    const { threads, heapMegabytes = WORKER_HEAP_MEGABYTES, youngMegabytes, entry } = options;
    this.piscina = new Piscina({
      filename: entry ?? builtUrl('workers/worker.js').href,
      // No minimum: piscina would put a new thread in the place of one that died.
      minThreads: 0,
      maxThreads: threads,
      // Threads stay; an idle one costs nothing but its memory.
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: 1,
      resourceLimits: {
        stackSizeMb: STACK_MEGABYTES,
        maxOldGenerationSizeMb: heapMegabytes,
        ...(youngMegabytes === undefined ? {} : { maxYoungGenerationSizeMb: youngMegabytes }),
      },
    });
    // A thread that dies without a task must not take the process along: the next task gets
    // another.
    this.piscina.on('error', () => undefined);
    this.exited = new Promise((resolve) => {
      this.noteExit = resolve;
    });
  }

  /**
   * Runs an export of the entry, which is worker.ts unless another was given.
   * @param transfer  buffers and ports that are moved, not copied
   * @throws what the task throws, or an error where its thread or the pool ended
   */
  async run<Result>(
    name: string,
    task: object,
    transfer: (ArrayBuffer | MessagePort)[] = [],
  ): Promise<Result> {
    // piscina would start a new thread.
    if (this.isEnded) throw new Error('the pool has ended');
    const result = this.piscina.run(task, { name, transferList: transfer });
    this.watchExits();
    return (await result) as Result;
  }

  /** Ends all threads at once. Resolves when each has exited: then none of them writes any more. */
  async end(): Promise<void> {
    this.isEnded = true;
    this.watchExits();
    const exits = [...this.exits.values()];
    await Promise.all([this.piscina.destroy(), ...exits]);
  }

  private watchExits(): void {
    for (const thread of this.piscina.threads) {
      const id = thread.threadId;
      if (id < 0 || this.exits.has(id)) continue;
      const exit = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
      this.exits.set(id, exit);
      void exit.then(() => {
        this.exits.delete(id);
        this.noteExit();
      });
    }
  }
}

/** One task a thread for as long as the pool lives. */
export class TaskThreads {
  /** Resolves with the cause when a task ends before the pool is ended. */
  readonly failed: Promise<string>;
  private readonly pool: TaskPool;
  private readonly tasks: Promise<unknown>;

  /**
   * @param tasks  one for each thread, all for the same export of worker.ts
   * @param ports  of each task, to be moved to its thread
   */
  constructor(
    name: string,
    tasks: readonly object[],
    heapMegabytes = WORKER_HEAP_MEGABYTES,
    ports: readonly (MessagePort | null)[] = [],
  ) {
    this.pool = new TaskPool({ threads: tasks.length, heapMegabytes });
    const running = tasks.map((task, index) => {
      const port = ports[index] ?? null;
      return this.pool.run(name, task, port === null ? [] : [port]);
    });
    this.tasks = Promise.allSettled(running);
    // A thread that dies before it is ready leaves its task in piscina's queue, for ever.
    this.failed = Promise.race([...running, this.pool.exited]).then(
      () => 'a worker ended',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
  }

  /** Resolves when all tasks have ended by themselves and their threads have exited. */
  async join(): Promise<void> {
    await this.tasks;
    await this.pool.end();
  }

  /** Ends the threads, whatever they do. Resolves when each has exited. */
  async end(): Promise<void> {
    await this.pool.end();
  }
}

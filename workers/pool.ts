/** The thread pool; the only user of piscina. */
import { Piscina } from 'piscina';
import type { WorkerTask } from './worker.js';

/** EVM depth 1,024 with V8's frames needs more than the 4 MB that a worker has by default. */
const STACK_MEGABYTES = 64;

/** Worker threads run the built program, also where the sources are run directly (tests). */
function builtUrl(file: string): string {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(isSource ? `../dist/workers/${file}` : `./${file}`, import.meta.url).href;
}

export class WorkerPool {
  /** Rejects when a worker fails; resolves when all have ended after a stop. */
  readonly ended: Promise<void>;
  private readonly piscina: Piscina;

  /** Starts one long-lived task a thread, numbered from 1. */
  constructor(memory: WebAssembly.Memory, count: number) {
    this.piscina = new Piscina({
      filename: builtUrl('worker.js'),
      name: 'serveBatches',
      minThreads: count,
      maxThreads: count,
      resourceLimits: { stackSizeMb: STACK_MEGABYTES },
    });
    const tasks = Array.from({ length: count }, (_, index): Promise<void> => {
      const task: WorkerTask = { memory, thread: index + 1 };
      return this.piscina.run(task);
    });
    this.ended = Promise.all(tasks).then(() => undefined);
    // Whoever waits for a batch races against this; without a batch nobody may be listening.
    this.ended.catch(() => undefined);
  }

  async destroy(): Promise<void> {
    await this.piscina.destroy();
  }
}

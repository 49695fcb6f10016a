/**
 * Threads that share the work of the state root with the sealing thread. They sleep between blocks
 * and take no part in execution. When one fails the sealing thread goes on alone, unless it failed
 * inside a phase: then the block that is being sealed fails with WORKER_FAILED.
 */
import { Arena } from '../state/arena.js';
import { RootControl } from '../state/root-control.js';
import { ArenaRecords } from '../state/root-records.js';
import { helpRoot, type RootShared } from '../state/root-work.js';
import { TaskThreads } from './pool.js';

export interface RootHelpTask {
  readonly memory: WebAssembly.Memory;
  /** Number of this thread in the arena. */
  readonly thread: number;
  readonly root: RootShared;
}

/** The task of a helper's thread: returns when the helpers are stopped. */
export function serveRoot({ memory, thread, root }: RootHelpTask): void {
  helpRoot(new ArenaRecords(Arena.attach(memory, thread)), root);
}

export class RootHelpers {
  private readonly control: RootControl;
  private readonly threads: TaskThreads | null;

  /** @param numbers  of the threads in the arena; none is no helpers */
  constructor({ memory }: Arena, root: RootShared, numbers: readonly number[]) {
    this.control = new RootControl(root.control);
    if (numbers.length === 0) {
      this.threads = null;
      return;
    }
    const tasks = numbers.map((thread): RootHelpTask => ({ memory, thread, root }));
    this.threads = new TaskThreads('helpRoot', tasks);
    void this.threads.failed.then(() => this.control.stop());
  }

  /** When nothing is being sealed any more. */
  async stop(): Promise<void> {
    this.control.stop();
    await this.threads?.join();
  }
}

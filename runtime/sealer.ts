/**
 * Sealing in order, one block at a time, in a thread of its own (or on the calling thread where the
 * node runs without workers). The undo ring keeps what a block changed until its root is known.
 */
import type { Arena } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { DeltacastError } from '../state/base/errors.js';
import type { Clock } from '../state/base/ports.js';
import { createRootShared } from '../state/root-owner.js';
import type { RootShared } from '../state/root-work.js';
import { TaskPool } from '../workers/pool.js';
import { RootHelpers } from '../workers/root-helpers.js';
import {
  runSeal,
  type SealBase,
  type SealedBlock,
  type SealReply,
  type SealTask,
} from '../workers/seal.js';
import type { UnsealedBlock } from './growing-block.js';

export interface SealerOptions {
  readonly arena: Arena;
  readonly clock: Clock;
  /** Number of the sealing thread in the arena; null seals on the calling thread. */
  readonly thread: number | null;
  /** Numbers of threads in the arena that share the work of the state root; none unless given. */
  readonly helperThreads?: readonly number[];
}

export class Sealer {
  private readonly arena: Arena;
  private readonly clock: Clock;
  private readonly thread: number | null;
  private readonly pool: TaskPool | null;
  private readonly root: RootShared = createRootShared();
  private readonly helpers: RootHelpers;
  private base: SealBase | null = null;
  private parentHash: Uint8Array = new Uint8Array(32);
  private queue: Promise<unknown> = Promise.resolve();

  constructor({ arena, clock, thread, helperThreads = [] }: SealerOptions) {
    this.arena = arena;
    this.clock = clock;
    this.thread = thread;
    this.pool = thread === null ? null : new TaskPool({ threads: 1 });
    this.helpers = new RootHelpers(arena, this.root, helperThreads);
  }

  /**
   * Goes on from a sealed block after a restart, its root computed from nothing and compared.
   * @throws DeltacastError ROOT_MISMATCH
   */
  async resume(tip: SealBase & { readonly hash: Uint8Array }): Promise<void> {
    this.base = { sequence: tip.sequence, stateRoot: tip.stateRoot };
    this.parentHash = tip.hash;
    await this.run(null);
  }

  /** @throws DeltacastError ROOT_MISMATCH, WORKER_FAILED */
  seal(block: UnsealedBlock): Promise<SealedBlock> {
    const sealed = this.queue.then(async () => {
      const result = await this.run(block);
      assert(result !== null, 'a block gives a header');
      this.base = { sequence: block.sequence, stateRoot: result.stateRoot };
      this.parentHash = result.hash;
      this.arena.retainFrom(block.range.to);
      return result;
    });
    this.queue = sealed.catch(() => undefined);
    return sealed;
  }

  async stop(): Promise<void> {
    await this.queue;
    await Promise.all([this.helpers.stop(), this.pool?.end()]);
  }

  private async run(block: UnsealedBlock | null): Promise<SealedBlock | null> {
    const { arena, clock, pool, root, base, parentHash } = this;
    const job = block === null ? null : { ...block, parentHash };
    const thread = this.thread ?? 0;
    const task: SealTask = { memory: arena.memory, thread, root, base, job };
    const now = (): number => clock.monotonicMs();
    const reply = await (pool === null ? runSeal(task, now) : this.ask(pool, task));
    if ('sealed' in reply) return reply.sealed;
    throw new DeltacastError(reply.code, reply.message, reply.details);
  }

  private async ask(pool: TaskPool, task: SealTask): Promise<SealReply> {
    try {
      return await pool.run<SealReply>('seal', task);
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      throw new DeltacastError('WORKER_FAILED', 'the sealing thread ended', { cause });
    }
  }
}

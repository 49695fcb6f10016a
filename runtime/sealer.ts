/**
 * Sealing in order, one block at a time, in a thread of its own (or on the calling thread where the
 * node runs without workers). The undo ring keeps what a block changed until its root is known.
 * That thread alone has the state's tree, so proofs are made there too, between two seals.
 */
import type { Arena } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { DeltacastError } from '../state/base/errors.js';
import { PROOFS_QUEUED_MAX } from '../state/base/limits.js';
import type { Clock } from '../state/base/ports.js';
import type { StateKey } from '../state/proof.js';
import { createRootShared } from '../state/root-owner.js';
import type { RootShared } from '../state/root-work.js';
import type { Portion } from '../workers/block-roots.js';
import { TaskPool } from '../workers/pool.js';
import { RootHelpers } from '../workers/root-helpers.js';
import {
  type PastState,
  type Proven,
  type ProveReply,
  type ProveTask,
  runProve,
  runSeal,
  type SealBase,
  type SealedBlock,
  type SealReply,
  type SealTask,
} from '../workers/seal.js';
import type { UnsealedBlock } from './growing-block.js';
import type { MiniBlockEntry } from './history.js';

export interface SealerOptions {
  readonly arena: Arena;
  readonly clock: Clock;
  /** Number of the sealing thread in the arena; null seals on the calling thread. */
  readonly thread: number | null;
  /** Numbers of threads in the arena that share the work of the state root; none unless given. */
  readonly helperThreads?: readonly number[];
  /** Blocks before the newest that proofs may go back to; left out: none. */
  readonly proofBlocks?: number;
}

/** Proofs, and the block whose state they prove. */
export interface ProvenState {
  readonly number: number;
  readonly stateRoot: Uint8Array;
  /** One for each set of keys. */
  readonly proven: readonly Proven[];
}

/** A sealed block that proofs can be of. */
interface Provable extends SealBase {
  readonly number: number;
  /** Where its stretch of the undo ring ends. */
  readonly undoEnd: number;
}

interface Question {
  readonly keySets: readonly (readonly StateKey[])[];
  /** null: the newest sealed block. */
  readonly number: number | null;
  readonly resolve: (state: ProvenState) => void;
  readonly reject: (error: unknown) => void;
}

export class Sealer {
  private readonly arena: Arena;
  private readonly clock: Clock;
  private readonly thread: number | null;
  private readonly pool: TaskPool | null;
  private readonly root: RootShared = createRootShared();
  private readonly helpers: RootHelpers;
  private readonly proofBlocks: number;
  private base: SealBase | null = null;
  private parentHash: Uint8Array = new Uint8Array(32);
  private queue: Promise<unknown> = Promise.resolve();
  /** Oldest first; the last one is the base. */
  private readonly provable: Provable[] = [];
  private questions: Question[] = [];
  /** Of the block that grows, how many mini-blocks the thread has been given. */
  private given = { block: -1, count: 0 };

  constructor({ arena, clock, thread, helperThreads = [], proofBlocks = 0 }: SealerOptions) {
    this.arena = arena;
    this.clock = clock;
    this.thread = thread;
    this.proofBlocks = proofBlocks;
    this.pool = thread === null ? null : new TaskPool({ threads: 1 });
    this.helpers = new RootHelpers(arena, this.root, helperThreads);
  }

  /**
   * Goes on from a sealed block after a restart, its root computed from nothing and compared.
   * @param undoEnd  where the undo ring's part of later blocks begins
   * @throws DeltacastError ROOT_MISMATCH
   */
  async resume(
    tip: SealBase & { readonly number: number; readonly hash: Uint8Array },
    undoEnd: number,
  ): Promise<void> {
    this.parentHash = tip.hash;
    this.stand({ ...tip, undoEnd });
    await this.run(null);
  }

  /**
   * Lets the thread take in a mini-block while its block goes on. Who leaves some out, or all, has
   * the rest taken in when the block is sealed.
   */
  take({ miniBlock }: MiniBlockEntry): void {
    const { pool, given } = this;
    const { context, indexInBlock: index, transactions } = miniBlock;
    const { hashes: _hashes, senders: _senders, ...columns } = transactions;
    const block = context.number;
    const count = given.block === block ? given.count : 0;
    if (pool === null || index !== count) return;
    this.given = { block, count: count + 1 };
    const portion: Portion = { block, index, columns };
    // Where it fails, the thread will say that it has not got it.
    this.queue = this.queue.then(() => pool.run('takePortion', portion)).catch(() => undefined);
  }

  /** @throws DeltacastError ROOT_MISMATCH, WORKER_FAILED */
  seal(block: UnsealedBlock): Promise<SealedBlock> {
    const { given } = this;
    const portions = given.block === block.context.number ? given.count : 0;
    const sealed = this.queue.then(async () => {
      const result = await this.run(block, portions);
      assert(result !== null, 'a block gives a header');
      const { sequence, range, context } = block;
      const { stateRoot } = result;
      this.stand({ number: context.number, sequence, stateRoot, undoEnd: range.to });
      this.parentHash = result.hash;
      this.arena.retainFrom(block.range.to);
      return result;
    });
    this.queue = sealed.catch(() => undefined);
    return sealed;
  }

  /**
   * Proofs of one sealed block. Those of one block that wait are made in one turn of the thread.
   * @param number  null: the newest sealed block
   * @throws DeltacastError PROOF_UNAVAILABLE where the block is not sealed or too long ago;
   *         RPC_LIMIT, WORKER_FAILED, ROOT_MISMATCH
   */
  prove(
    keySets: readonly (readonly StateKey[])[],
    number: number | null = null,
  ): Promise<ProvenState> {
    if (this.questions.length >= PROOFS_QUEUED_MAX) {
      return Promise.reject(new DeltacastError('RPC_LIMIT', 'too many proofs are asked for'));
    }
    return new Promise((resolve, reject) => {
      this.questions.push({ keySets, number, resolve, reject });
      this.queue = this.queue.then(() => this.answer());
    });
  }

  /**
   * One proof of many cells of a sealed block.
   * @param keys  packed (state/multiproof.ts)
   * @throws DeltacastError as `prove`
   */
  async proveWide(keys: Uint8Array, number: number): Promise<Uint8Array> {
    const proving = this.queue.then(() => this.proveAt(this.find(number), [], keys));
    this.queue = proving.catch(() => undefined);
    const [proven] = await proving;
    assert(proven !== undefined, 'a proof was made');
    return proven.proof;
  }

  async stop(): Promise<void> {
    await this.queue;
    await Promise.all([this.helpers.stop(), this.pool?.end()]);
  }

  private stand(block: Provable): void {
    this.base = { sequence: block.sequence, stateRoot: block.stateRoot };
    this.provable.push(block);
    if (this.provable.length > this.proofBlocks + 1) this.provable.shift();
  }

  /** Answers all that ask for the same block as the first; never rejects. */
  private async answer(): Promise<void> {
    const [first] = this.questions;
    if (first === undefined) return;
    const asked = this.questions.filter(({ number }) => number === first.number);
    this.questions = this.questions.filter(({ number }) => number !== first.number);
    try {
      const block = this.find(first.number);
      const proven = await this.proveAt(
        block,
        asked.flatMap(({ keySets }) => keySets),
      );
      let at = 0;
      for (const { keySets, resolve } of asked) {
        const part = proven.slice(at, at + keySets.length);
        at += keySets.length;
        resolve({ number: block.number, stateRoot: block.stateRoot, proven: part });
      }
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }

  private find(number: number | null): Provable {
    const newest = this.provable.at(-1);
    if (newest === undefined) throw unavailable('no block is sealed yet');
    if (number === null) return newest;
    const block = this.provable.find((candidate) => candidate.number === number);
    if (block !== undefined) return block;
    if (number > newest.number) throw unavailable(`block ${number} is not sealed yet`);
    throw unavailable(`block ${number} is too long ago (--proof-blocks)`);
  }

  private async proveAt(
    { sequence, stateRoot, undoEnd }: Provable,
    keySets: readonly (readonly StateKey[])[],
    wide: Uint8Array | null = null,
  ): Promise<readonly Proven[]> {
    const { arena, base, pool, root } = this;
    const { memory } = arena;
    const thread = this.thread ?? 0;
    const newest = this.provable.at(-1);
    assert(base !== null && newest !== undefined, 'a block was found');
    const range = { from: undoEnd, to: newest.undoEnd };
    const past: PastState | null =
      sequence === base.sequence ? null : { sequence, stateRoot, range };
    const task: ProveTask = { memory, thread, root, base, past, keySets, wide };
    const reply = await (pool === null
      ? runProve(task)
      : askThread<ProveReply>(pool, 'prove', task));
    if ('proven' in reply) return reply.proven;
    throw new DeltacastError(reply.code, reply.message, reply.details);
  }

  /** @param portions  mini-blocks of it that the thread should have */
  private async run(block: UnsealedBlock | null, portions = 0): Promise<SealedBlock | null> {
    const sealed = await this.ask(block, portions);
    if (sealed !== undefined) return sealed;
    const again = await this.ask(block, 0);
    assert(again !== undefined, 'nothing is missing of a whole block');
    return again;
  }

  /** @returns undefined where the thread has not got the portions */
  private async ask(
    block: UnsealedBlock | null,
    portions: number,
  ): Promise<SealedBlock | null | undefined> {
    const { arena, clock, pool, root, base, parentHash } = this;
    const miniBlocks = block?.miniBlocks.slice(portions) ?? [];
    const job = block === null ? null : { ...block, miniBlocks, portions, parentHash };
    const thread = this.thread ?? 0;
    const task: SealTask = { memory: arena.memory, thread, root, base, job };
    const now = (): number => clock.monotonicMs();
    const reply = await (pool === null
      ? runSeal(task, now)
      : askThread<SealReply>(pool, 'seal', task));
    if ('lost' in reply) return undefined;
    if ('sealed' in reply) return reply.sealed;
    throw new DeltacastError(reply.code, reply.message, reply.details);
  }
}

async function askThread<Reply>(pool: TaskPool, name: string, task: object): Promise<Reply> {
  try {
    return await pool.run<Reply>(name, task);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new DeltacastError('WORKER_FAILED', 'the sealing thread ended', { cause });
  }
}

function unavailable(why: string): DeltacastError {
  return new DeltacastError('PROOF_UNAVAILABLE', why);
}

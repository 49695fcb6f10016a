/**
 * Witnesses of sealed blocks whose parent can still be proven (--proof-blocks): the block is
 * executed again in a thread of its own, one block at a time; the sealing thread proves the cells
 * it read.
 */
import { DeltacastError } from '../../state/base/errors.js';
import {
  WITNESS_ANCESTORS_MAX,
  WITNESS_DEADLINE_MS,
  WITNESS_REFERENCE_TRANSACTIONS_MAX,
  WITNESSES_QUEUED_MAX,
} from '../../state/base/limits.js';
import type { Clock } from '../../state/base/ports.js';
import { packKeys } from '../../state/multiproof.js';
import { rawAt } from '../../workers/executed.js';
import { headerRoots } from '../../workers/header.js';
import { TaskPool } from '../../workers/pool.js';
import { keysOf } from '../../workers/witness/cells.js';
import {
  type Collected,
  type CollectReply,
  type CollectTask,
  runCollect,
} from '../../workers/witness/collect.js';
import { encodeWitness } from '../../workers/witness/format.js';
import type { Chain } from '../chain.js';
import type { NodeConfig } from '../config.js';
import type { BlockEntry, SealedHeaderEntry } from '../history.js';
import type { Sealer } from '../sealer.js';

export interface WitnessMakerParts {
  readonly chain: Chain;
  readonly sealer: Pick<Sealer, 'proveWide'>;
  readonly clock: Clock;
  /** Number of its thread in the arena; null makes witnesses on the calling thread. */
  readonly thread: number | null;
  /** A name of workers/engines.ts. */
  readonly engine: string;
}

export interface MadeWitness {
  readonly number: number;
  /** Of the block, and the parent's: who checks must know this one. */
  readonly hash: Uint8Array;
  readonly parentHash: Uint8Array;
  readonly bytes: Uint8Array;
}

/** @returns null where no parent can be proven once it has a child */
export function witnessMaker(
  { proofBlocks, engine }: Pick<NodeConfig, 'proofBlocks' | 'engine'>,
  parts: Omit<WitnessMakerParts, 'engine'>,
): WitnessMaker | null {
  return proofBlocks === 0 ? null : new WitnessMaker({ ...parts, engine });
}

export class WitnessMaker {
  private readonly parts: WitnessMakerParts;
  private pool: TaskPool | null = null;
  private queue: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor(parts: WitnessMakerParts) {
    this.parts = parts;
  }

  /**
   * @throws DeltacastError WITNESS_UNAVAILABLE where the block is not sealed, or is the first;
   *         PROOF_UNAVAILABLE, STATE_PRUNED where its parent is too long ago; RPC_LIMIT,
   *         RPC_TIMEOUT, FORK_UNSUPPORTED, WORKER_FAILED
   */
  make(number: number): Promise<MadeWitness> {
    if (this.waiting >= WITNESSES_QUEUED_MAX) {
      return Promise.reject(new DeltacastError('RPC_LIMIT', 'too many witnesses are asked for'));
    }
    this.waiting += 1;
    const made = this.queue.then(() => this.makeNow(number));
    this.queue = made
      .catch(() => undefined)
      .finally(() => {
        this.waiting -= 1;
      });
    return made;
  }

  async stop(): Promise<void> {
    await this.pool?.end();
    await this.queue;
  }

  private async makeNow(number: number): Promise<MadeWitness> {
    const { chain, sealer } = this.parts;
    const { block, parent } = sealedBlock(chain, number);
    const engines = enginesFor(this.parts.engine, block.transactionCount);
    const collected = await this.collect(taskOf(chain, block, parent, engines));
    const proof = await sealer.proveWide(packKeys(keysOf(collected.accounts)), number - 1);
    return witnessOf(chain, block, collected, proof);
  }

  private async collect(task: TaskParts): Promise<Collected> {
    const { thread, clock, chain } = this.parts;
    const whole = { ...task, memory: chain.arena.memory, thread: thread ?? 0 };
    const reply = await (thread === null ? runCollect(whole, clock) : this.ask(whole));
    if ('collected' in reply) return reply.collected;
    throw new DeltacastError(reply.code, reply.message, reply.details);
  }

  /** What runs for too long is ended with its thread; the next one gets another. */
  private async ask(task: CollectTask): Promise<CollectReply> {
    const pool = (this.pool ??= new TaskPool({ threads: 1 }));
    let isLate = false;
    const cancel = this.parts.clock.after(WITNESS_DEADLINE_MS, () => {
      isLate = true;
      void pool.end();
    });
    try {
      return await pool.run<CollectReply>('collect', task);
    } catch (error) {
      this.pool = null;
      await pool.end();
      if (isLate) throw new DeltacastError('RPC_TIMEOUT', 'the witness took too long');
      const cause = error instanceof Error ? error.message : String(error);
      throw new DeltacastError('WORKER_FAILED', 'the thread of witnesses ended', { cause });
    } finally {
      cancel();
    }
  }
}

/**
 * Engines differ in what they read before a transaction runs out of gas: a witness holds what both
 * kinds read, where the reference engine, a millisecond a transaction, can be waited for.
 */
export function enginesFor(engine: string, transactions: number): string[] {
  const isBoth = engine !== 'reference' && transactions <= WITNESS_REFERENCE_TRANSACTIONS_MAX;
  return isBoth ? [engine, 'reference'] : [engine];
}

export type TaskParts = Omit<CollectTask, 'memory' | 'thread'>;

/** @throws DeltacastError WITNESS_UNAVAILABLE */
export function sealedBlock(
  { history }: Chain,
  number: number,
): { readonly block: BlockEntry; readonly parent: SealedHeaderEntry } {
  const block = history.block(number);
  const parent = number > 0 && block !== undefined ? history.sealOf(number - 1) : null;
  if (block === undefined || block.seal === null || parent === null) {
    throw unavailable(`block ${number} is not sealed, or has no parent`);
  }
  return { block, parent };
}

/** @param proof  of the collected cells, under the parent's root */
export function witnessOf(
  chain: Chain,
  block: BlockEntry,
  collected: Collected,
  proof: Uint8Array,
): MadeWitness {
  const { context, seal } = block;
  if (seal === null) throw unavailable('the block is not sealed');
  const { accounts, codes } = collected;
  const bytes = encodeWitness({
    chainId: chain.chainId,
    fork: context.fork,
    header: seal.rlp,
    ancestors: ancestorsOf(chain, context.number, collected),
    transactions: rawsOf(block),
    accounts,
    codes,
    proof,
  });
  const { parentHash } = headerRoots(seal.rlp);
  return { number: context.number, hash: seal.hash, parentHash, bytes };
}

export function taskOf(
  { history }: Chain,
  { context, miniBlocks }: BlockEntry,
  parent: SealedHeaderEntry,
  engines: readonly string[],
): TaskParts {
  const { number } = context;
  const count = Math.min(number, WITNESS_ANCESTORS_MAX);
  const hashes = new Uint8Array(count * 32);
  for (let back = 1; back <= count; back += 1) {
    hashes.set(history.hashOf(number - back) ?? new Uint8Array(32), (back - 1) * 32);
  }
  return {
    context,
    parentHash: parent.hash,
    sequence: history.sequenceOf(number - 1),
    miniBlocks: miniBlocks.map(({ miniBlock }) => miniBlock.transactions),
    hashes,
    engines,
  };
}

function ancestorsOf({ history }: Chain, number: number, { ancestors }: Collected): Uint8Array[] {
  return Array.from({ length: ancestors }, (_, index) => {
    const seal = history.sealOf(number - 1 - index);
    if (seal === null) throw unavailable('a header before it is gone');
    return seal.rlp;
  });
}

function rawsOf({ miniBlocks }: BlockEntry): Uint8Array[] {
  return miniBlocks.flatMap(({ miniBlock: { transactions } }) =>
    Array.from({ length: transactions.count }, (_, index) => rawAt(transactions, index)),
  );
}

function unavailable(why: string): DeltacastError {
  return new DeltacastError('WITNESS_UNAVAILABLE', why);
}

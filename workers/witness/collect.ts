/**
 * Which cells and codes a block needs: it is executed again, from the snapshot of the block before
 * it, over cells of its own. Nothing is written to the node's state.
 */
import { Arena, NO_CELL } from '../../state/arena.js';
import { compareBytes, fromHex, toHex } from '../../state/base/bytes.js';
import { DeltacastError, type ErrorCode, type ErrorDetails } from '../../state/base/errors.js';
import { WITNESS_CELLS_MAX } from '../../state/base/limits.js';
import type { Clock } from '../../state/base/ports.js';
import type { StateKey } from '../../state/proof.js';
import { decodeKnown } from '../decode.js';
import type { BlockContext } from '../engine.js';
import { type ExecutedColumns, rawAt, senderAt } from '../executed.js';
import { type CellSource, isNonZero, KnownCells } from './cells.js';
import { cellCountOf, type WitnessAccount } from './format.js';
import { runBlock } from './run-block.js';

export interface CollectTask {
  readonly memory: WebAssembly.Memory;
  /** Number of this thread in the arena. */
  readonly thread: number;
  readonly context: BlockContext;
  readonly parentHash: Uint8Array;
  /** Closing sequence of the block before. */
  readonly sequence: number;
  readonly miniBlocks: readonly ExecutedColumns[];
  /** Of the blocks before, 32 bytes each, the parent's first. */
  readonly hashes: Uint8Array;
  /** Names of engines.ts: whoever checks with one of them finds all that it reads. */
  readonly engines: readonly string[];
}

export interface Collected {
  readonly accounts: readonly WitnessAccount[];
  readonly codes: readonly Uint8Array[];
  /** Headers that are needed, the parent's included, for hashes of older blocks. */
  readonly ancestors: number;
}

/** Errors lose their class between threads. */
export type CollectReply =
  | { readonly collected: Collected }
  | { readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails };

export async function runCollect(task: CollectTask, clock: Clock): Promise<CollectReply> {
  const arena = Arena.attach(task.memory, task.thread);
  try {
    return { collected: await collect(arena, task, clock) };
  } catch (error) {
    if (!(error instanceof DeltacastError)) throw error;
    return { code: error.code, message: error.message, details: error.details };
  }
}

/** @throws DeltacastError STATE_PRUNED, WITNESS_UNAVAILABLE, FORK_UNSUPPORTED, BLOCK_WRONG */
export async function collect(
  arena: Arena,
  task: Omit<CollectTask, 'memory' | 'thread'>,
  clock: Clock,
): Promise<Collected> {
  const { context, parentHash } = task;
  const hashes = new AskedHashes(context.number, task.hashes);
  const records = recordsOf(task);
  const runs: KnownCells[] = [];
  for (const engine of task.engines) {
    const cells = new KnownCells(new SnapshotSource(arena, task.sequence));
    const blockHash = (number: number) => hashes.get(number);
    await runBlock(cells, { context, parentHash, records }, { engine, clock, blockHash });
    runs.push(cells);
  }
  const accounts = mergedAccounts(runs.map((cells) => cells.accounts()));
  if (cellCountOf({ accounts }) > WITNESS_CELLS_MAX) throw unavailable('too many cells');
  const codes = runs.flatMap((cells) => cells.codes());
  return { accounts, codes: distinct(codes), ancestors: hashes.ancestors };
}

/** All of several runs, in the order of a witness. */
function mergedAccounts(lists: readonly (readonly WitnessAccount[])[]): WitnessAccount[] {
  const slots = new Map<string, Uint8Array[]>();
  for (const { address, slots: some } of lists.flat()) {
    slots.set(toHex(address), [...(slots.get(toHex(address)) ?? []), ...some]);
  }
  return [...slots]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([address, some]) => ({ address: fromHex(address), slots: distinct(some) }));
}

function distinct(items: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(items.map((item) => [toHex(item), item])).values()].sort(compareBytes);
}

/** Hashes of older blocks, and how many headers show those that were asked for. */
class AskedHashes {
  /** The parent's header is always there. */
  ancestors = 1;
  private readonly number: number;
  private readonly hashes: Uint8Array;

  constructor(number: number, hashes: Uint8Array) {
    this.number = number;
    this.hashes = hashes;
  }

  get(number: number): Uint8Array {
    const back = this.number - number;
    const hash = this.hashes.slice((back - 1) * 32, back * 32);
    if (hash.length !== 32) throw unavailable(`the hash of block ${number} is not known`);
    // The hash of one is in the header of the next.
    this.ancestors = Math.max(this.ancestors, back - 1);
    return hash;
  }
}

function recordsOf({ context, miniBlocks }: Pick<CollectTask, 'context' | 'miniBlocks'>) {
  return miniBlocks.flatMap((columns) =>
    Array.from({ length: columns.count }, (_, index) =>
      decodeKnown(rawAt(columns, index), senderAt(columns, index), context),
    ),
  );
}

/** A state as it was at a closing sequence. */
class SnapshotSource implements CellSource {
  private readonly arena: Arena;
  private readonly sequence: number;

  constructor(arena: Arena, sequence: number) {
    this.arena = arena;
    this.sequence = sequence;
  }

  value({ kind, address, slot }: StateKey): Uint8Array {
    const value = new Uint8Array(32);
    const id = this.arena.find(kind, address, slot);
    if (id !== NO_CELL) this.arena.readAt(id, this.sequence, value);
    return value;
  }

  code(hash: Uint8Array): Uint8Array {
    const code = this.arena.getCode(hash);
    if (code === undefined) throw unavailable('a code is gone');
    return code;
  }

  *slotsOf(address: Uint8Array): Iterable<Uint8Array> {
    const value = new Uint8Array(32);
    for (const id of this.arena.slotsOf(address)) {
      this.arena.readAt(id, this.sequence, value);
      if (isNonZero(value)) yield this.arena.keyOf(id).slot;
    }
  }
}

function unavailable(why: string): DeltacastError {
  return new DeltacastError('WITNESS_UNAVAILABLE', `no witness: ${why}`, { why });
}

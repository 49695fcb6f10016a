/** The chain that benchmarks run on: one block, as large as need be, and a state to begin with. */
import { type AccountJson, accountsOf, type FilledStore, fillAccount } from '../runtime/alloc.js';
import type { WorkloadOptions } from '../runtime/load/workload.js';
import { Arena } from '../state/arena.js';
import { fromHex, toWord } from '../state/base/bytes.js';
import { ARENA_BYTES_MAX, MIB } from '../state/base/limits.js';
import type { BlockContext } from '../workers/engine.js';

const GWEI = 10n ** 9n;

export const CONTEXT: BlockContext = {
  fork: 'osaka',
  chainId: 31_337,
  number: 1,
  timestamp: 1_700_000_000,
  coinbase: fromHex('c0'.repeat(20)),
  gasLimit: Number.MAX_SAFE_INTEGER,
  baseFee: GWEI,
  prevRandao: toWord(1n),
  difficulty: 0n,
  excessBlobGas: 0n,
};

export const FEES: Pick<WorkloadOptions, 'chainId' | 'maxFeePerGas' | 'maxPriorityFeePerGas'> = {
  chainId: CONTEXT.chainId,
  maxFeePerGas: 10n * GWEI,
  maxPriorityFeePerGas: GWEI,
};

export type AllocEntry = readonly [address: string, account: AccountJson];

/** Sequence of the state to begin with; transactions follow. */
export const GENESIS_SEQUENCE = 1;

/** Cells with their index, undo and multi-version share of an account with a slot: generous. */
const ARENA_BYTES_PER_ACCOUNT = 2_048;
const ARENA_BYTES_MIN = 256 * MIB;
/**
 * The windows of all threads are a quarter of an arena, and none is larger than 54 MiB. In an arena
 * that is too small for its threads their tables shrink with their number, which none of a node's
 * 4 GiB does: so more workers would be slower for want of memory.
 */
const ARENA_BYTES_PER_THREAD = 216 * MIB;

/** A 64th of an arena is for the records of a round; most have less than 512 bytes. */
const ARENA_BYTES_PER_STEP = 64 * 512;

/**
 * An arena that holds the alloc.
 * @param threads  the coordinator included
 * @param steps    that it has room for in one round
 */
export function openArena(alloc: readonly AllocEntry[], threads: number, steps = 0): Arena {
  const ofThreads = Math.max(ARENA_BYTES_MIN, threads * ARENA_BYTES_PER_THREAD);
  const least = Math.max(ofThreads, steps * ARENA_BYTES_PER_STEP);
  const wanted = least + countKeys(alloc) * ARENA_BYTES_PER_ACCOUNT;
  const megabytes = Math.ceil(Math.min(ARENA_BYTES_MAX, wanted) / MIB);
  const arena = Arena.create({ megabytes, threads });
  fillArena(arena, alloc);
  return arena;
}

/** Puts the alloc into an empty arena. */
export function fillArena(arena: Arena, alloc: readonly AllocEntry[]): void {
  arena.openMiniBlock(GENESIS_SEQUENCE);
  const store: FilledStore = {
    intern: (...key) => arena.intern(...key),
    putCode: (...code) => arena.putCode(...code),
    // Without undo: a large state would not fit the ring.
    write: (...cell) => arena.restore(...cell),
  };
  for (const account of accountsOf(Object.fromEntries(alloc), 'the workload')) {
    fillAccount(store, account, GENESIS_SEQUENCE);
  }
  arena.closeMiniBlock(GENESIS_SEQUENCE);
}

function countKeys(alloc: readonly AllocEntry[]): number {
  let keys = alloc.length;
  for (const [, { storage }] of alloc) keys += Object.keys(storage ?? {}).length;
  return keys;
}

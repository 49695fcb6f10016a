/** The chain that benchmarks run on: one block, as large as need be, and a state to begin with. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { GenesisAccount, WorkloadOptions } from '../runtime/load/workload.js';
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

export type AllocEntry = readonly [address: string, account: GenesisAccount];

/** Sequence of the state to begin with; transactions follow. */
export const GENESIS_SEQUENCE = 1;

/** Cells with their index, undo and multi-version share of an account with a slot: generous. */
const ARENA_BYTES_PER_ACCOUNT = 2_048;
const ARENA_BYTES_MIN = 256 * MIB;

/** An arena that holds the alloc. @param threads  the coordinator included */
export function openArena(alloc: readonly AllocEntry[], threads: number): Arena {
  const wanted = ARENA_BYTES_MIN + countKeys(alloc) * ARENA_BYTES_PER_ACCOUNT;
  const megabytes = Math.ceil(Math.min(ARENA_BYTES_MAX, wanted) / MIB);
  const arena = Arena.create({ megabytes, threads });
  arena.openMiniBlock(GENESIS_SEQUENCE);
  for (const [address, account] of alloc) fillAccount(arena, fromHex(address), account);
  arena.closeMiniBlock(GENESIS_SEQUENCE);
  return arena;
}

function fillAccount(arena: Arena, address: Uint8Array, account: GenesisAccount): void {
  const put = (kind: 0 | 1 | 2 | 3, value: Uint8Array, slot?: Uint8Array) =>
    arena.restore(arena.intern(kind, address, slot), value, GENESIS_SEQUENCE);
  const code = fromHex(account.code ?? '0x');
  if (BigInt(account.balance) > 0n) put(0, toWord(BigInt(account.balance)));
  if (account.nonce !== undefined) put(1, toWord(BigInt(account.nonce)));
  if (code.length > 0) {
    const hash = keccak_256(code);
    arena.putCode(hash, code);
    put(2, hash);
  }
  for (const [slot, value] of Object.entries(account.storage ?? {})) {
    put(3, toWord(BigInt(value)), toWord(BigInt(slot)));
  }
}

function countKeys(alloc: readonly AllocEntry[]): number {
  let keys = alloc.length;
  for (const [, { storage }] of alloc) keys += Object.keys(storage ?? {}).length;
  return keys;
}

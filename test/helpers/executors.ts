import { Arena } from '../../state/arena.js';
import { toHex, toWord } from '../../state/base/bytes.js';
import { systemClock } from '../../state/base/ports.js';
import type { BatchResult, Executor } from '../../workers/batch.js';
import { recordOfUnsigned } from '../../workers/decode.js';
import { startExecutor } from '../../workers/start.js';
import { CONTEXT } from './random-block.js';

/** Executors on the engines of test/helpers/engines, over an arena with six rich accounts. */

export const FAULTY_ENGINE = new URL('./engines/faulty.mjs', import.meta.url).href;
export const FIRST = 2;
export const SENDERS = 6;
export const DEADLINE_MS = 250;
const HEAP_MEGABYTES = 48;
const ETHER = 10n ** 18n;

export interface Bench {
  readonly arena: Arena;
  readonly executor: Executor;
}

export const sender = (index: number): Uint8Array => toWord(BigInt(index + 1)).slice(12);

/** From one account to the next in the ring, so that neighbours in a batch conflict. */
export function transfer(from: number, nonce: number, value: number, data = '0x'): Uint8Array {
  const to = sender((from + 1) % SENDERS);
  const fields = { type: 2, nonce, gasLimit: 21_000, maxFeePerGas: 100, value, to: toHex(to) };
  const hash = toWord(BigInt(from * 1_000 + nonce));
  const rest = { maxPriorityFeePerGas: 0, data: data as `0x${string}`, chainId: CONTEXT.chainId };
  return recordOfUnsigned({ ...fields, ...rest }, sender(from), hash, CONTEXT);
}

export function ringArena(size: { cellsMax?: number } = {}): Arena {
  const arena = Arena.create({ megabytes: 16, threads: 4, ...size });
  arena.openMiniBlock(1);
  for (let index = 0; index < SENDERS; index += 1) {
    arena.write(arena.intern(0, sender(index)), toWord(ETHER), 1);
  }
  arena.closeMiniBlock(1);
  return arena;
}

export async function startBench(workers: number, arena = ringArena()): Promise<Bench> {
  const executor = await startExecutor({
    arena,
    workers,
    clock: systemClock,
    engineModule: FAULTY_ENGINE,
    deadlineMs: DEADLINE_MS,
    heapMegabytes: HEAP_MEGABYTES,
  });
  await executor.beginBlock(CONTEXT);
  return { arena, executor };
}

/** Every cell in the order of ids, with key, value and version. */
export function cellsOf(arena: Arena): string[] {
  const value = new Uint8Array(32);
  return Array.from({ length: arena.cellCount }, (_, id) => {
    const version = arena.readLatest(id, value);
    const { kind, address, slot } = arena.keyOf(id);
    return `${id} ${kind} ${toHex(address)} ${toHex(slot)} = ${toHex(value)} @${version}`;
  });
}

export function verdicts(result: BatchResult) {
  return result.outcomes.map(({ status, reason, gasUsed }) => ({ status, reason, gasUsed }));
}

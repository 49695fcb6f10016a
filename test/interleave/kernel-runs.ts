/** Random blocks in order by one engine, and in any order by the scheduler over the interpreter. */
import { Arena } from '../../state/arena.js';
import { toHex } from '../../state/base/bytes.js';
import { systemClock } from '../../state/base/ports.js';
import type { Executor } from '../../workers/batch.js';
import type { ForkName } from '../../workers/fork.js';
import { startExecutor } from '../../workers/start.js';
import { visible } from '../helpers/block-result.js';
import { cellsOf } from '../helpers/executors.js';
import { Dice } from './dice.js';
import type { KernelWorld } from './kernel-world.js';
import { contextOf, FORKS, fillRich, richBlock } from './rich-block.js';

/** Above 2^21 the low word of a double is not empty. */
const FIRST = 3_000_001;
const BLOCK_MAX = 40;
const THREADS = 17;
const ARENA_MEGABYTES = 64;

export function newArena(): Arena {
  const arena = Arena.create({ megabytes: ARENA_MEGABYTES, threads: THREADS });
  arena.openMiniBlock(1);
  fillRich(arena, 1);
  arena.closeMiniBlock(1);
  return arena;
}

export interface Result {
  readonly outcomes: readonly string[];
  readonly cells: readonly string[];
  readonly codes: readonly string[];
}

/** The block of a seed. */
export interface SeededBlock {
  readonly seed: number;
  readonly fork: ForkName;
  readonly records: readonly Uint8Array[];
}

export function blockOf(seed: number): SeededBlock {
  const dice = new Dice(seed);
  const fork = FORKS[dice.below(FORKS.length)] as ForkName;
  return { seed, fork, records: richBlock(dice, fork, BLOCK_MAX) };
}

/** Runs in an arena and takes everything back. */
async function undone(arena: Arena, run: () => Promise<readonly Uint8Array[]>): Promise<Result> {
  const mark = arena.mark();
  arena.openMiniBlock(FIRST);
  const outcomes = (await run()).map(visible);
  const cells = cellsOf(arena);
  const codes = arena.codesSince(mark).map(({ hash }) => toHex(hash));
  arena.rollback(mark);
  return { outcomes, cells, codes };
}

export class Sequential {
  private readonly arena = newArena();
  private executor: Executor | undefined;
  private readonly engine: string;

  constructor(engine: string) {
    this.engine = engine;
  }

  async run({ records, fork }: SeededBlock): Promise<Result> {
    const { arena, engine } = this;
    this.executor ??= await startExecutor({ arena, workers: 0, clock: systemClock, engine });
    const { executor } = this;
    await executor.beginBlock(contextOf(fork));
    executor.sequence = FIRST - 1;
    return await undone(arena, async () => {
      const result = await executor.runBatch(records);
      return records.map((_, index) => result.record(index));
    });
  }
}

/** The steps of the workers in an order that the seed decides, too. */
export async function runInAnyOrder(world: KernelWorld, block: SeededBlock): Promise<Result> {
  const { records, fork, seed } = block;
  await world.beginBlock(contextOf(fork));
  return await undone(world.arena, () => world.run(records, FIRST, seed));
}

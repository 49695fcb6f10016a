/**
 * Real blocks again and again, each time from the same state, with so many workers: receipts, logs,
 * diff and root must be those of sequential execution, which are made once.
 */
import type { BlockFile } from '../../runtime/block-file.js';
import { executeBlock, loadBlock } from '../../runtime/roles/replay.js';
import { Arena, type ArenaMark } from '../../state/arena.js';
import { systemClock } from '../../state/base/ports.js';
import { StateRoot } from '../../state/root.js';
import { abortsOf, type Executor } from '../../workers/batch.js';
import { startExecutor } from '../../workers/start.js';
import { type BlockResult, closeBlock, visibleAll } from '../helpers/block-result.js';

export class BlockParty {
  /** Executions in vain, over all runs. */
  aborts = 0;
  private readonly arena: Arena;
  private readonly executor: Executor;
  private readonly root: StateRoot;
  private readonly empty: ArenaMark;
  private opened: ArenaMark | null = null;
  private firstSequence = 0;
  private file: BlockFile | null = null;

  private constructor(arena: Arena, executor: Executor) {
    this.arena = arena;
    this.executor = executor;
    this.root = new StateRoot(arena);
    this.empty = arena.mark();
  }

  static async start(engine: string, workers: number): Promise<BlockParty> {
    const arena = Arena.create({ threads: workers + 1 });
    const options = { arena, workers, clock: systemClock, engine };
    return new BlockParty(arena, await startExecutor(options));
  }

  load(file: BlockFile): void {
    const { arena, executor } = this;
    arena.rollback(this.empty);
    loadBlock(arena, executor, file);
    this.opened = arena.mark();
    this.firstSequence = executor.sequence;
    this.file = file;
  }

  /** The whole block, its own calls and credits too; then all of it is taken back. */
  async run(): Promise<BlockResult> {
    const { arena, executor, opened, file } = this;
    if (opened === null || file === null) throw new Error('no block is loaded');
    const result = await executeBlock(executor, file);
    this.aborts += abortsOf(result.counters);
    const closed = closeBlock({ arena, root: this.root }, executor.sequence, opened);
    arena.rollback(opened);
    executor.sequence = this.firstSequence;
    return { outcomes: visibleAll(result), ...closed };
  }

  async stop(): Promise<void> {
    await this.executor.stop();
  }
}

/** Where two results differ first; null where they do not. */
export function differenceOf(expected: BlockResult, actual: BlockResult): string | null {
  const length = Math.max(expected.outcomes.length, actual.outcomes.length);
  for (let index = 0; index < length; index += 1) {
    const [a, b] = [expected.outcomes[index], actual.outcomes[index]];
    if (a !== b) return `transaction ${index}: ${a?.slice(0, 400)} became ${b?.slice(0, 400)}`;
  }
  for (const name of ['sequence', 'diff', 'root'] as const) {
    if (expected[name] !== actual[name]) return `${name} differs`;
  }
  return null;
}

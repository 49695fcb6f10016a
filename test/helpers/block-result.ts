/** What execution of a block leaves, as text: none of it may depend on the number of workers. */
import type { Arena, ArenaMark } from '../../state/arena.js';
import { toHex } from '../../state/base/bytes.js';
import { encodeDiff } from '../../state/diff.js';
import type { StateRoot } from '../../state/root.js';
import type { BatchResult } from '../../workers/batch.js';
import { readOutcome } from '../../workers/outcome.js';

export interface BlockResult {
  /** Status, gas, logs and output of each transaction, in order: more than receipts hold. */
  readonly outcomes: readonly string[];
  readonly sequence: number;
  /** Hex. */
  readonly diff: string;
  readonly root: string;
}

/** What must not depend on who executed it, or when. */
export function visible(record: Uint8Array): string {
  // Engines keep the fee apart in different cases; it is in the cells in all of them.
  const { status, reason, gasUsed, created, logs, output } = readOutcome(record);
  const rest = { status, reason, gasUsed, created, logs, output };
  return JSON.stringify(rest, (_key, value) => {
    if (typeof value === 'bigint') return `${value}`;
    return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  });
}

export function visibleAll(result: BatchResult): string[] {
  return Array.from({ length: result.count }, (_, index) => visible(result.record(index)));
}

/** Closes the open mini-block. @param opened  the mark of its beginning */
export function closeBlock(
  { arena, root }: { readonly arena: Arena; readonly root: StateRoot },
  sequence: number,
  opened: ArenaMark,
): Pick<BlockResult, 'sequence' | 'diff' | 'root'> {
  const diff = toHex(encodeDiff(arena, arena.closeMiniBlock(sequence), opened));
  return { sequence, diff, root: toHex(root.rebuild(sequence)) };
}

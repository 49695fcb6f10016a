import type { Arena } from '../../state/arena.js';
import { Protocol } from '../../workers/protocol.js';
import * as map from '../../workers/protocol-map.js';
import type { Mutation } from '../helpers/mutant.js';

/** Bugs that the tests of this folder must find: each is a way to get the executor wrong. */

const SCHEDULER = 'workers/kernel/scheduler.as.ts';
const TAKING = 'workers/kernel/scheduler-taking.as.ts';
const COMMIT = 'workers/kernel/scheduler-commit.as.ts';
const WORDS = 'workers/kernel/scheduler-words.as.ts';

/** What a test may replace to plant a bug. */
export interface Parts {
  readonly protocol: typeof Protocol;
  readonly mutations: readonly Mutation[];
  /** The outcome is written one step after it has been published. */
  readonly writesLate: boolean;
}

export const RIGHT: Parts = { protocol: Protocol, mutations: [], writesLate: false };

/** Does not forget the statuses of the batch before; the kernel then may not tell them apart. */
class KeepsStatuses extends Protocol {
  private readonly statuses: Int32Array;

  constructor(arena: Arena) {
    super(arena);
    const at = arena.layout.control.base + map.TABLE_AT;
    this.statuses = new Int32Array(arena.memory.buffer, at);
  }

  override setStep(...step: Parameters<Protocol['setStep']>): void {
    const at = map.STATUS * map.COLUMN_WORDS + step[0];
    const status = this.statuses[at] ?? 0;
    super.setStep(...step);
    this.statuses[at] = status;
  }
}

class NeverBars extends Protocol {
  override bar(): void {}
}

function mutated(...changes: readonly (readonly [file: string, from: string, to: string])[]) {
  return { ...RIGHT, mutations: changes.map(([file, from, to]) => ({ file, from, to })) };
}

export const PLANTED: Readonly<Record<string, Parts>> = {
  'skips validation': mutated([
    COMMIT,
    'if (effects == 0) return staleRead(outcome, w + W_SCRATCH);',
    'if (effects == 0) return -1;',
  ]),
  'releases the token before it applies': mutated([
    COMMIT,
    'export function beginApplying(w: usize): void {',
    'export function beginApplying(w: usize): void {\n  atomic.store<i32>(word(TOKEN), 0);',
  ]),
  'commits without the token': mutated([
    COMMIT,
    'const isTaken = atomic.cmpxchg<i32>(word(TOKEN), 0, 1) == 0;',
    'const isTaken = atomic.cmpxchg<i32>(word(TOKEN), 0, 1) < 2;',
  ]),
  'claims in two steps': mutated([
    TAKING,
    'const start = atomic.add<u32>(word(CLAIM), size);',
    'const start = load<u32>(w, W_CLAIMED);\n  atomic.store<u32>(word(CLAIM), start + size);',
  ]),
  'takes statuses of an earlier batch': {
    ...mutated([
      WORDS,
      'const status = <u32>value - epochTag(w);',
      'const status = <u32>value & 3;',
    ]),
    protocol: KeepsStatuses,
  },
  'publishes before it writes': { ...RIGHT, writesLate: true },
  'enters a closed batch': mutated([SCHEDULER, '? BEGIN : LEAVE', '? BEGIN : BEGIN']),
  'executes at the head though others are before it': mutated([
    TAKING,
    'start == load<u32>(w, W_HEAD) ? TRY_DIRECT : NEXT',
    'TRY_DIRECT',
  ]),
  'takes what is not loaded yet': mutated([
    TAKING,
    'if (index >= load<u32>(w, W_LOADED)) return go(w, AWAIT_STEP);',
    '',
  ]),
  'thinks that it still holds the token': mutated(
    [
      COMMIT,
      'export function release(w: usize): void {',
      'export function release(w: usize): void {\n  const kept = load<u32>(w, W_IS_DIRECT);',
    ],
    [COMMIT, '  store<u32>(w, 0, W_IS_DIRECT);', '  store<u32>(w, kept, W_IS_DIRECT);'],
  ),
};

/** Those that only the end of threads brings to light. */
export const PLANTED_IN_FENCE: Readonly<Record<string, Parts>> = {
  'goes on committing while threads are ended': { ...RIGHT, protocol: NeverBars },
  'ends applying before the head moves': mutated(
    [
      COMMIT,
      'if (status == 0) return go(w, ADVANCE);',
      'if (status == 0) atomic.and<i32>(word(HEAD), ~HEAD_APPLYING);\n' +
        '  if (status == 0) return go(w, ADVANCE);',
    ],
    [COMMIT, '(1 << HEAD_SHIFT) - HEAD_APPLYING', '1 << HEAD_SHIFT'],
  ),
};

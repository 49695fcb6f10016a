import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Arena } from '../../state/arena.js';
import { toHex } from '../../state/base/bytes.js';
import type { Outcome } from '../../workers/outcome.js';
import { ParallelExecutor } from '../../workers/parallel.js';
import { ReferenceEngine } from '../../workers/reference/reference-engine.js';
import { SequentialExecutor } from '../../workers/sequential.js';
import { CONTEXT, fillStore, randomBlock } from '../helpers/random-block.js';

const RUNS = Number(process.env['RUNS'] ?? 60);
const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };
const FIRST = 2;

function cellsOf(arena: Arena): string[] {
  const value = new Uint8Array(32);
  return Array.from({ length: arena.cellCount }, (_, id) => {
    const version = arena.readLatest(id, value);
    const { kind, address, slot } = arena.keyOf(id);
    return `${id} ${kind} ${toHex(address)} ${toHex(slot)} = ${toHex(value)} @${version}`;
  });
}

/** What must not depend on the number of workers: all but the read set, which may be older. */
function visible(outcome: Outcome): unknown {
  const { status, reason, gasUsed, feeDelta, created, logs, output } = outcome;
  return { status, reason, gasUsed, feeDelta, created, logs, output };
}

function freshArena(): Arena {
  const arena = Arena.create({ megabytes: 16, threads: 5 });
  arena.openMiniBlock(1);
  fillStore(arena, 1);
  arena.closeMiniBlock(1);
  return arena;
}

describe('parallel execution', () => {
  const executors = [1, 2, 3, 4].map((workers) => {
    const arena = freshArena();
    const executor = new ParallelExecutor(arena, workers);
    executor.beginBlock(CONTEXT);
    return { workers, arena, executor };
  });
  afterAll(async () => {
    for (const { executor } of executors) await executor.stop();
  });

  it.each(executors)(
    'with $workers workers gives the bytes of sequential execution',
    async ({ arena, executor }) => {
      const plain = freshArena();
      const unknown = async () => new Uint8Array(32);
      const property = fc.asyncProperty(randomBlock, async (records) => {
        const marks = [arena.mark(), plain.mark()] as const;
        for (const each of [arena, plain]) each.openMiniBlock(FIRST);
        const sequential = new SequentialExecutor(
          plain,
          new ReferenceEngine(plain, unknown),
          FIRST - 1,
        );
        await sequential.beginBlock(CONTEXT);
        const expected: Outcome[] = [];
        for (const record of records) expected.push(await sequential.execute(record));
        const { outcomes } = await executor.run(records, FIRST);
        expect(outcomes.map(visible)).toEqual(expected.map(visible));
        expect(cellsOf(arena)).toEqual(cellsOf(plain));
        arena.rollback(marks[0]);
        plain.rollback(marks[1]);
      });
      await fc.assert(property, { numRuns: RUNS, ...seed });
    },
  );
});

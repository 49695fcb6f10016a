import { afterAll, describe, expect, it } from 'vitest';
import { toHex } from '../../../state/base/bytes.js';
import type { BatchResult } from '../../../workers/batch.js';
import { OutcomeMemory } from '../../../workers/outcome-memory.js';
import { type Bench, FIRST, SENDERS, startBench, transfer } from '../../helpers/executors.js';

/** Memory that one batch's outcomes give to a later one's. */

const MIB = 1_048_576;

describe('the memory', () => {
  it('is the piece that was given back, for whatever it is large enough', () => {
    const memory = new OutcomeMemory();
    const piece = memory.take(100_000);
    expect(piece.length).toBeGreaterThanOrEqual(100_000);
    expect(memory.take(100_000)).not.toBe(piece);
    memory.giveBack(piece);
    expect(memory.take(piece.length)).toBe(piece);
    memory.giveBack(piece);
    expect(memory.take(piece.length + 1)).not.toBe(piece);
  });

  it('is not kept where it is small, nor without a bound', () => {
    const memory = new OutcomeMemory();
    const small = memory.take(10);
    expect(small.length).toBe(10);
    memory.giveBack(small);
    expect(memory.take(10)).not.toBe(small);
    const pieces = Array.from({ length: 80 }, () => memory.take(MIB));
    for (const piece of pieces) memory.giveBack(piece);
    const again = Array.from({ length: 80 }, () => memory.take(MIB));
    expect(again.filter((piece) => pieces.includes(piece))).toHaveLength(64);
  });
});

const COUNT = 200 * SENDERS;

function batch(value: number): Uint8Array[] {
  return Array.from({ length: COUNT }, (_, index) => {
    return transfer(index % SENDERS, Math.floor(index / SENDERS), value, index % 2 ? '0x' : '0x00');
  });
}

describe.each([0, 2])('results with %i workers', async (workers) => {
  const bench = await startBench(workers);
  afterAll(() => bench.executor.stop());

  it('are the same in memory that was used before, and stay until they are released', async () => {
    const first = await run(bench, batch(1));
    const expected = bytesOf(first);
    const kept = await run(bench, batch(1));
    first.release();
    expect(first.count).toBe(0);
    expect(() => first.record(0)).toThrow('an outcome of this batch');
    const other = await run(bench, batch(2 ** 40));
    expect(bytesOf(kept)).toEqual(expected);
    other.release();
    expect(bytesOf(await run(bench, batch(1)))).toEqual(expected);
  });
});

/** From the same state each time. */
async function run({ arena, executor }: Bench, records: Uint8Array[]): Promise<BatchResult> {
  const mark = arena.mark();
  arena.openMiniBlock(FIRST);
  executor.sequence = FIRST - 1;
  const result = await executor.runBatch(records);
  arena.rollback(mark);
  return result;
}

function bytesOf(result: BatchResult): string[] {
  return Array.from({ length: result.count }, (_, index) => toHex(result.record(index)));
}

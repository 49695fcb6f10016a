import { afterAll, describe, expect, it } from 'vitest';
import { assemble } from '../../bench/gas/code-writer.js';
import { fromHex } from '../../state/base/bytes.js';
import { keccak256 } from '../../state/base/keccak.js';
import { compileCode } from '../../workers/compiler/compile-code.js';
import { loadEngine } from '../../workers/engines.js';
import { createBatch } from './batch.js';
import type { FuzzBlock } from './case.js';
import { contextOf, Party } from './party.js';
import { recordOf } from './records.js';
import { Rng } from './rng.js';

/**
 * Tiers may change between any two transactions: whatever is compiled or forgotten when, and
 * however compiled and interpreted code call each other, the outcomes are those of the interpreter,
 * byte by byte. A batch is a hundred contracts that call each other.
 */
const RUNS = Number(process.env['RUNS'] ?? 4);
const SEED = Number(process.env['SEED'] ?? 1);
const CHANGE_SEEDS = 2 ** 44;
const OUTCOME_BYTES = 1 << 22;
/** Percent of contracts that another tier runs from the next transaction on. */
const CHANGE_PERCENT = 5;

interface Made {
  readonly hash: string;
  readonly code: Uint8Array;
  module: WebAssembly.Module | null;
}

describe('the engine auto, with tiers that change at random moments', () => {
  const seeds = Array.from({ length: RUNS }, (_, index) => SEED + index);
  let compiledShare = 0;

  it.each(seeds)('gives the outcomes of the interpreter, seed %i', async (seed) => {
    const subject = createBatch(seed, null);
    const rng = new Rng(CHANGE_SEEDS + seed);
    const a = new Party(await loadEngine('interpreter'));
    const b = new Party(await loadEngine('auto'));
    await a.begin(subject);
    await b.begin(subject);
    await a.engine.beginBlock(contextOf(subject.block));
    await b.engine.beginBlock(contextOf(subject.block));
    const codes = codesOf(subject.accounts.map(({ blocks }) => assemble(blocks)));
    const { pages } = b.arena.layout;
    let changes = 0;
    for (const [index, transaction] of subject.transactions.entries()) {
      for (const made of codes) {
        if (!rng.chance(CHANGE_PERCENT)) continue;
        changes += 1;
        made.module = made.module === null ? moduleOf(made.code, subject.block, pages) : null;
        const { hash, module } = made;
        b.engine.changeCode?.({ fork: subject.block.fork, hash, module });
      }
      const record = recordOf(transaction, subject.block, a.value(1, fromHex(transaction.sender)));
      if (record === null) continue;
      const [mine, theirs] = [new Uint8Array(OUTCOME_BYTES), new Uint8Array(OUTCOME_BYTES)];
      const written = await a.engine.execute(record, mine, 'head');
      expect(await b.engine.execute(record, theirs, 'head')).toBe(written);
      const isSame = Buffer.compare(mine.subarray(0, written), theirs.subarray(0, written)) === 0;
      expect(isSame, `seed ${seed}, transaction ${index}`).toBe(true);
      await a.executor.runBatch([record]);
      await b.executor.runBatch([record]);
    }
    expect(changes).toBeGreaterThan(0);
    compiledShare = Math.max(compiledShare, codes.filter(({ module }) => module !== null).length);
  });

  afterAll(() => expect(compiledShare).toBeGreaterThan(10));
});

function codesOf(all: readonly Uint8Array[]): Made[] {
  const found = new Map<string, Made>();
  for (const code of all) {
    if (code.length === 0) continue;
    const hash = Buffer.from(keccak256(code)).toString('hex');
    found.set(hash, { hash, code, module: null });
  }
  return [...found.values()];
}

function moduleOf(code: Uint8Array, { fork }: FuzzBlock, pages: number) {
  const made = compileCode(code, fork, pages);
  return made === null ? null : new WebAssembly.Module(made.bytes);
}

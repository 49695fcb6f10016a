import { beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../../bench/gas/code-writer.js';
import { fromHex } from '../../state/base/bytes.js';
import { STATUS_OK } from '../../workers/outcome.js';
import type { FuzzCase } from './case.js';
import { createCase } from './generate.js';
import { minimise } from './minimise.js';
import { Party } from './party.js';
import { recordOf } from './records.js';
import { createRecursion } from './recursion.js';
import { Rng } from './rng.js';
import { Trace, tracedReference } from './trace.js';
import { FUZZ_FORKS, precompilesOf } from './world.js';

const CASES = 250;
const SEED = Number(process.env['SEED'] ?? 1);
/** R4 wants each a thousand times in 100,000 programs. */
const OPCODE_HITS_MIN = (CASES * 1_000) / 100_000;

describe('generated cases', () => {
  const trace = new Trace();
  const statuses = new Map<number, number>();
  const reasons = new Set<string>();
  const types = new Set<number>();
  const forks = new Set<string>();

  beforeAll(async () => {
    const party = new Party(await tracedReference(trace));
    for (let seed = SEED; seed < SEED + CASES; seed += 1) {
      const subject = createCase(seed);
      forks.add(subject.block.fork);
      await party.begin(subject);
      for (const transaction of subject.transactions) {
        const nonce = party.value(1, fromHex(transaction.sender));
        const record = recordOf(transaction, subject.block, nonce);
        if (record === null) continue;
        const outcome = (await party.executor.runBatch([record])).outcome(0);
        statuses.set(outcome.status, (statuses.get(outcome.status) ?? 0) + 1);
        if (outcome.status > STATUS_OK) reasons.add(outcome.reason);
        else types.add(transaction.type);
      }
    }
  });

  it('halt well in at least 60% of the transactions that are executed', () => {
    const [failed, fine] = [statuses.get(0) ?? 0, statuses.get(1) ?? 0];
    expect(fine / (fine + failed)).toBeGreaterThan(0.6);
    expect(failed).toBeGreaterThan(CASES / 20);
  });

  it('have some that are refused, for many reasons, and none that break the engine', () => {
    expect(statuses.get(2) ?? 0).toBeGreaterThan(CASES / 50);
    expect(reasons.size).toBeGreaterThanOrEqual(4);
    expect([...statuses.keys()].sort()).toEqual([0, 1, 2]);
  });

  it('are of all types and forks', () => {
    expect([...types].sort()).toEqual([0, 1, 2, 3, 4]);
    expect([...forks].sort()).toEqual([...FUZZ_FORKS].sort());
  });

  it('run every instruction often', () => {
    const hits = trace.byName();
    expect(hits.filter(([, count]) => count < OPCODE_HITS_MIN)).toEqual([]);
  });

  it('call every precompile', () => {
    const missing = precompilesOf('osaka').filter((address) => !trace.callees.has(address));
    expect(missing).toEqual([]);
  });

  it('are the same for the same seed', () => {
    expect(createCase(SEED)).toEqual(createCase(SEED));
    expect(createCase(SEED)).not.toEqual(createCase(SEED + 1));
  });
});

describe('recursion', () => {
  it('goes down to the limit of 1,024 calls', async () => {
    const trace = new Trace();
    const party = new Party(await tracedReference(trace));
    for (let seed = 0; trace.depthMax < 1_023 && seed < 40; seed += 1) {
      const subject = createRecursion(new Rng(seed), 'test');
      await party.begin(subject);
      const [transaction] = subject.transactions;
      const record = recordOf(transaction!, subject.block, 0n);
      const { status } = (await party.executor.runBatch([record!])).outcome(0);
      expect(status).toBeLessThanOrEqual(STATUS_OK);
    }
    expect(trace.depthMax).toBeGreaterThanOrEqual(1_023);
  });
});

describe('a case that fails', () => {
  const hasByte = ({ accounts }: FuzzCase): boolean =>
    accounts.some(({ blocks }) => assemble(blocks).includes(0x20));

  it('is made as small as the failure allows', async () => {
    let seed = SEED;
    while (!hasByte(createCase(seed))) seed += 1;
    const smallest = await minimise(createCase(seed), async (candidate) => hasByte(candidate));
    expect(smallest.transactions).toHaveLength(1);
    expect(smallest.accounts).toHaveLength(1);
    const [account] = smallest.accounts;
    expect(account!.blocks).toHaveLength(1);
    const rest = [...assemble(account!.blocks)].filter((byte) => byte !== 0x5b);
    expect(rest).toEqual([0x20]);
  });
});

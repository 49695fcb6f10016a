/**
 * Engines that are wrong in one small thing, to see that the comparison finds each: the reference
 * engine with its outcome changed before anybody sees it.
 */
import type { BlockContext, Engine, ExecutionMode } from '../../workers/engine.js';
import type { EngineFactory } from '../../workers/engine-factory.js';
import { type Outcome, readOutcome, STATUS_OK, writeOutcome } from '../../workers/outcome.js';

/** @returns the outcome with the fault, or itself where there is no place for the fault */
type Fault = (outcome: Outcome, mode: ExecutionMode) => Outcome;

export const FAULTS: Readonly<Record<string, Fault>> = {
  'one gas more where there is a log': (outcome) =>
    outcome.logs.length > 0 ? { ...outcome, gasUsed: outcome.gasUsed + 1 } : outcome,
  'one log is lost': (outcome) => ({ ...outcome, logs: outcome.logs.slice(1) }),
  'a byte of a log': (outcome) => ({
    ...outcome,
    logs: outcome.logs.map((log) => ({ ...log, data: flipped(log.data) })),
  }),
  'one write is lost': (outcome) => ({
    ...outcome,
    writes: outcome.writes.filter(({ kind }, index) => kind !== 3 || index % 2 === 0),
  }),
  'one write too many': (outcome) => {
    const [first] = outcome.writes;
    if (first === undefined) return outcome;
    const extra = { ...first, address: new Uint8Array(20).fill(0xee), value: new Uint8Array(32) };
    return { ...outcome, writes: [...outcome.writes, extra] };
  },
  'writes in another order': (outcome) => ({
    ...outcome,
    writes: [...outcome.writes].reverse(),
  }),
  'the last byte of the output': (outcome) => ({ ...outcome, output: flipped(outcome.output) }),
  'one wei of the fee': (outcome) =>
    outcome.feeDelta > 0n ? { ...outcome, feeDelta: outcome.feeDelta - 1n } : outcome,
  'a failure taken for success': (outcome) =>
    outcome.status === 0 ? { ...outcome, status: STATUS_OK } : outcome,
  'another reason': (outcome) =>
    outcome.status > STATUS_OK ? { ...outcome, reason: 'EXECUTION_FAULT' } : outcome,
  'a code is lost': (outcome) => ({ ...outcome, codes: [] }),
  'the created address is lost': (outcome) => ({ ...outcome, created: null }),
  'a slot that was read is not said': (outcome) => ({
    ...outcome,
    reads: outcome.reads.filter(({ kind }) => kind !== 3),
  }),
  'a balance that was read is not said': (outcome) => ({
    ...outcome,
    reads: outcome.reads.filter(({ kind }) => kind !== 0),
  }),
  'a version that is not the one read': (outcome) => ({
    ...outcome,
    reads: outcome.reads.map((read) => ({ ...read, version: read.version + 1 })),
  }),
  'other gas out of its turn': (outcome, mode) =>
    mode === 'speculative' ? { ...outcome, gasUsed: outcome.gasUsed + 1 } : outcome,
};

export function brokenEngine(createEngine: EngineFactory, fault: Fault): EngineFactory {
  return (arena, blockHash) => new BrokenEngine(createEngine(arena, blockHash), fault);
}

class BrokenEngine implements Engine {
  readonly name = 'broken';
  private readonly engine: Engine;
  private readonly fault: Fault;

  constructor(engine: Engine, fault: Fault) {
    this.engine = engine;
    this.fault = fault;
  }

  beginBlock(block: BlockContext): void | Promise<void> {
    return this.engine.beginBlock(block);
  }

  async execute(
    transaction: Uint8Array,
    outcome: Uint8Array,
    mode: ExecutionMode,
  ): Promise<number> {
    const length = await this.engine.execute(transaction, outcome, mode);
    if (length < 0) return length;
    return writeOutcome(this.fault(readOutcome(outcome.subarray(0, length)), mode), outcome);
  }

  systemCall(to: Uint8Array, data: Uint8Array, outcome: Uint8Array): number | Promise<number> {
    return this.engine.systemCall(to, data, outcome);
  }
}

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const last = copy.length - 1;
  if (last >= 0) copy[last] = (copy[last] ?? 0) ^ 1;
  return copy;
}

/**
 * Two engines over one arena, program by program: both execute the same record on the same cells,
 * their outcome records are compared as bytes, and the one of the engine under test is committed.
 * Many programs are run once more before that, with gas that ends somewhere on their way. Of what
 * an engine says it has read only the versions are looked at; campaign.ts, slower, does the rest.
 */
import { fromHex } from '../../state/base/bytes.js';
import type { Engine, ExecutionMode } from '../../workers/engine.js';
import type { EngineFactory } from '../../workers/engine-factory.js';
import { STATUS_AT, STATUS_NEEDS_HEAD } from '../../workers/outcome.js';
import { isWholeOutcome } from '../../workers/outcome-check.js';
import { Committer } from '../helpers/kernel-committer.js';
import type { FuzzBlock, FuzzCase, FuzzTransaction } from './case.js';
import { blockHash, contextOf, Party } from './party.js';
import { gasUsedOf, recordDifference } from './record-compare.js';
import { recordOf } from './records.js';
import type { Rng } from './rng.js';
import type { Trace } from './trace.js';

const OUTCOME_BYTES = 1 << 20;
const CUT_PERCENT = 35;
const EARLY_PERCENT = 30;
/** A refund gives back at most a fifth (EIP-3529): so much more may have been needed. */
const NEED_PER_USED = 1.25;
const INTRINSIC_GAS = 21_000;
const STATUSES = 5;

export interface DuelFailure {
  /** Index of the transaction. */
  readonly index: number;
  /** The gas limit where it was not the transaction's own. */
  readonly gasLimit: number | null;
  readonly what: string;
}

export interface DuelCounts {
  programs: number;
  /** Runs with less gas. */
  cuts: number;
  /** While decoding: no engine has seen them. */
  refused: number;
  /** Left out: the one known difference (trace.ts). */
  quirks: number;
  /** Left out: an outcome without place. */
  oversized: number;
  /** By status as in outcome.ts. */
  readonly statuses: Float64Array;
  readonly cutStatuses: Float64Array;
}

interface Turn {
  readonly transaction: FuzzTransaction;
  readonly block: FuzzBlock;
  /** Of the sender. */
  readonly nonce: bigint;
  readonly index: number;
}

/** Where outcomes lie: what is committed, and what is only tried. */
type Slot = 0 | 1;

export class Duel {
  /** The engine under test. */
  readonly engine: Engine;
  readonly counts: DuelCounts;
  private readonly party: Party;
  private readonly reference: Engine;
  private readonly trace: Trace;
  private readonly committer: Committer;
  private readonly expected: readonly [Uint8Array, Uint8Array];
  private readonly places: readonly [Uint8Array, Uint8Array];

  /** @param trace  the one that the reference engine counts into */
  constructor(reference: EngineFactory, subject: EngineFactory, trace: Trace) {
    this.party = new Party(subject);
    const { arena, engine } = this.party;
    this.engine = engine;
    this.reference = reference(arena, blockHash);
    this.trace = trace;
    this.committer = new Committer(arena);
    this.expected = [new Uint8Array(OUTCOME_BYTES), new Uint8Array(OUTCOME_BYTES)];
    const { base, bytes } = arena.layout.batchOut;
    const place = (from: number) => arena.bytes.subarray(from, from + bytes / 2);
    this.places = [place(base), place(base + bytes / 2)];
    const counts = { programs: 0, cuts: 0, refused: 0, quirks: 0, oversized: 0 };
    const [statuses, cutStatuses] = [new Float64Array(STATUSES), new Float64Array(STATUSES)];
    this.counts = { ...counts, statuses, cutStatuses };
  }

  /** @param cuts  chooses which are run with less gas; null: none */
  async run(subject: FuzzCase, cuts: Rng | null): Promise<DuelFailure | null> {
    const { party, reference } = this;
    const { block, transactions } = subject;
    await party.begin(subject);
    await reference.beginBlock(contextOf(block));
    for (const [index, transaction] of transactions.entries()) {
      const nonce = party.value(1, fromHex(transaction.sender));
      const failure = await this.turn({ transaction, block, nonce, index }, cuts);
      if (failure !== null) return failure;
      this.commit();
    }
    return null;
  }

  private async turn(turn: Turn, cuts: Rng | null): Promise<DuelFailure | null> {
    const { counts, expected } = this;
    const { transaction, block, nonce, index } = turn;
    counts.programs += 1;
    const record = recordOf(transaction, block, nonce);
    if (record === null) {
      counts.refused += 1;
      this.places[0][STATUS_AT] = STATUS_NEEDS_HEAD;
      return null;
    }
    const what = await this.fight(record, 0, 'head');
    count(counts.statuses, expected[0]);
    if (what !== null) return { index, gasLimit: null, what };
    if (cuts === null || !cuts.chance(CUT_PERCENT)) return null;
    return this.cut(turn, gasUsedOf(expected[0]), cuts);
  }

  /** The same on the same cells with less gas, and sometimes as if it were out of its turn. */
  private async cut(
    { transaction, block, nonce, index }: Turn,
    gasUsed: number,
    rng: Rng,
  ): Promise<DuelFailure | null> {
    if (gasUsed === 0) return null;
    const gasLimit = cutOf(gasUsed, rng);
    const record = recordOf({ ...transaction, gasLimit }, block, nonce);
    if (record === null) return null;
    this.counts.cuts += 1;
    const what = await this.fight(record, 1, rng.chance(EARLY_PERCENT) ? 'speculative' : 'head');
    count(this.counts.cutStatuses, this.expected[1]);
    return what === null ? null : { index, gasLimit, what };
  }

  /** Both execute it. @returns where the outcomes differ, or null */
  private async fight(record: Uint8Array, slot: Slot, mode: ExecutionMode): Promise<string | null> {
    const { reference, trace, counts, party, expected } = this;
    const place = this.places[slot];
    const { quirks } = trace;
    const length = await reference.execute(record, expected[slot], 'head');
    const written = await this.executed(record, place, mode);
    if (typeof written === 'string') return written;
    const isQuirk = trace.quirks > quirks;
    if (isQuirk) counts.quirks += 1;
    else if (length < 0 || written < 0) counts.oversized += 1;
    if (isQuirk || length < 0 || written < 0) {
      place[STATUS_AT] = STATUS_NEEDS_HEAD;
      return null;
    }
    if (!isWholeOutcome(party.arena.bytes, place.byteOffset, written)) return 'record: not whole';
    if (this.committer.staleRead(place.byteOffset) >= 0) return 'reads: of versions that are not';
    const [one, two] = [expected[slot].subarray(0, length), place.subarray(0, written)];
    return recordDifference(one, two, party);
  }

  /** @returns bytes written by the engine under test, or how it broke */
  private async executed(
    record: Uint8Array,
    place: Uint8Array,
    mode: ExecutionMode,
  ): Promise<number | string> {
    try {
      const written = await this.engine.execute(record, place, mode);
      const isLate = written > 0 && place[STATUS_AT] === STATUS_NEEDS_HEAD;
      if (!isLate) return written;
      return mode === 'head'
        ? 'status: needs the head at the head'
        : this.executed(record, place, 'head');
    } catch (error) {
      return `broken: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  private commit(): void {
    const { committer, party } = this;
    const { byteOffset } = this.places[0];
    if (!committer.isIncluded(byteOffset)) return;
    party.executor.sequence += 1;
    committer.begin(byteOffset, party.coinbase, party.executor.sequence);
    while (committer.next());
  }
}

/** What it used, a little less or more, or anything on the way there. */
function cutOf(gasUsed: number, rng: Rng): number {
  const kind = rng.below(20);
  if (kind < 2) return gasUsed - rng.below(2);
  if (kind < 3) return gasUsed + 1;
  if (kind < 4) return rng.below(gasUsed);
  const need = Math.ceil(gasUsed * NEED_PER_USED);
  return rng.between(Math.min(INTRINSIC_GAS, gasUsed), kind < 8 ? need : gasUsed);
}

function count(statuses: Float64Array, outcome: Uint8Array): void {
  const status = outcome[STATUS_AT] ?? 0;
  statuses[status] = (statuses[status] ?? 0) + 1;
}

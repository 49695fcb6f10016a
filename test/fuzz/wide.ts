/**
 * The wide campaign: batches of programs, each engine's outcome against the other's, seed after
 * seed. Says how far it is and how to go on from there; stops at the first difference, makes it
 * small and writes it where the corpus is replayed from.
 */
import { writeFileSync } from 'node:fs';
import { assemble } from '../../bench/gas/code-writer.js';
import { fromHex } from '../../state/base/bytes.js';
import { createBatch } from './batch.js';
import { asJson } from './campaign.js';
import type { FuzzCase } from './case.js';
import { disassemble } from './disassemble.js';
import type { Duel, DuelFailure } from './duel.js';
import { minimise } from './minimise.js';
import { Rng } from './rng.js';
import type { FuzzFork } from './world.js';

/** Seeds of what is run with less gas lie apart from those of batches. */
const CUT_SEEDS = 2 ** 43;
const PROGRESS_MS = 15_000;

export interface WideCampaign {
  readonly duel: Duel;
  /** Of the first batch. */
  readonly firstSeed: number;
  /** At least so many. */
  readonly programs: number;
  /** null: all. */
  readonly fork: FuzzFork | null;
  /** Where a failing case goes; null: nowhere. */
  readonly corpus: URL | null;
  /** Tries that making it small may take; many unless given. */
  readonly triesMax?: number;
  readonly say: (line: string) => void;
}

export interface WideFailure extends DuelFailure {
  /** Of the batch. */
  readonly seed: number;
  readonly smallest: FuzzCase;
  /** All of it, for people. */
  readonly text: string;
}

export interface WideResult {
  readonly programs: number;
  /** Of the batch to go on with. */
  readonly nextSeed: number;
  readonly milliseconds: number;
  readonly failure: WideFailure | null;
}

export async function runWide(campaign: WideCampaign): Promise<WideResult> {
  const { duel, programs, fork, firstSeed } = campaign;
  const before = duel.counts.programs;
  const startedMs = performance.now();
  const meter = new Meter(campaign, startedMs);
  let seed = firstSeed;
  let failure: WideFailure | null = null;
  let done = 0;
  while (done < programs && failure === null) {
    const subject = createBatch(seed, fork);
    const found = await duel.run(subject, new Rng(CUT_SEEDS + seed));
    done = duel.counts.programs - before;
    if (found !== null) failure = await explain(campaign, seed, subject, found);
    seed += 1;
    meter.tick(done, seed);
  }
  return { programs: done, nextSeed: seed, milliseconds: performance.now() - startedMs, failure };
}

class Meter {
  private readonly campaign: WideCampaign;
  private readonly startedMs: number;
  private saidMs: number;
  private saidAt = 0;

  constructor(campaign: WideCampaign, startedMs: number) {
    this.campaign = campaign;
    this.startedMs = startedMs;
    this.saidMs = startedMs;
  }

  tick(done: number, nextSeed: number): void {
    const nowMs = performance.now();
    if (nowMs - this.saidMs < PROGRESS_MS) return;
    const { programs, say } = this.campaign;
    const rate = ((done - this.saidAt) / (nowMs - this.saidMs)) * 1_000;
    const left = Math.max(0, programs - done);
    const minutes = left / (done / (nowMs - this.startedMs)) / 60_000;
    say(
      `${done} of ${programs} programs, ${rate.toFixed(0)} a second, ` +
        `${minutes.toFixed(0)} minutes left; to go on from here: SEED=${nextSeed} RUNS=${left}`,
    );
    this.saidMs = nowMs;
    this.saidAt = done;
  }
}

async function explain(
  campaign: WideCampaign,
  seed: number,
  subject: FuzzCase,
  found: DuelFailure,
): Promise<WideFailure> {
  const { duel, say, corpus } = campaign;
  say(`a difference in batch ${seed}, transaction ${found.index}: ${found.what}; making it small`);
  const part = partOf(found.what);
  const isSame = async (candidate: FuzzCase): Promise<boolean> => {
    const other = await duel.run(candidate, null);
    return other !== null && partOf(other.what) === part;
  };
  const failing = upTo(subject, found);
  // Out of its turn, or only after the run with all gas: then it stays as large as it is.
  const smallest = (await isSame(failing))
    ? await minimise(failing, isSame, campaign.triesMax)
    : failing;
  const last = (await duel.run(smallest, null)) ?? found;
  if (corpus !== null) writeFileSync(new URL(`batch-${seed}.json`, corpus), asJson(smallest));
  return { ...last, seed, smallest, text: describe(seed, smallest, last) };
}

/** The batch as far as the transaction that failed, with the gas that it had then. */
function upTo(subject: FuzzCase, { index, gasLimit }: DuelFailure): FuzzCase {
  const transactions = subject.transactions
    .slice(0, index + 1)
    .map((transaction, at) =>
      at === index && gasLimit !== null ? { ...transaction, gasLimit } : transaction,
    );
  const gas = gasLimit === null ? '' : `, gas ${gasLimit}`;
  return { ...subject, origin: `${subject.origin}, transaction ${index}${gas}`, transactions };
}

function partOf(what: string): string {
  return what.split(/[: ]/)[0] ?? '';
}

function describe(seed: number, { block, accounts, transactions }: FuzzCase, last: DuelFailure) {
  const transaction = transactions[last.index];
  return [
    `batch seed ${seed}, fork ${block.fork}, gas limit ${transaction?.gasLimit}`,
    `differs in ${last.what}`,
    `transaction ${last.index}: ${JSON.stringify(transaction)}`,
    ...codeLines('its data', transaction?.to === null ? fromHex(transaction.data) : null),
    ...accounts.flatMap(({ address, blocks }) => codeLines(address, assemble(blocks))),
  ].join('\n');
}

function codeLines(title: string, code: Uint8Array | null): string[] {
  return code === null || code.length === 0 ? [] : [`${title}:`, ...disassemble(code)];
}

/**
 * Many cases: each from its seed, then once more with a gas limit at the edge of what it needs.
 * Stops at the first difference, makes it small and writes it where the corpus is replayed from.
 */
import { writeFileSync } from 'node:fs';
import type { FuzzCase } from './case.js';
import { type Comparison, compareEngines } from './compare.js';
import { createCase } from './generate.js';
import { minimise } from './minimise.js';
import type { Party } from './party.js';
import { Rng } from './rng.js';

/** Seeds of what is chosen about a case lie apart from those of cases. */
const CHOICE_SEEDS = 2 ** 40;
const EDGE_PERCENT = 40;

export interface Campaign {
  readonly a: Party;
  readonly b: Party;
  readonly firstSeed: number;
  readonly runs: number;
  /** Where a failing case goes; null: nowhere. */
  readonly corpus: URL | null;
  /** Tries that making it small may take; many unless given. */
  readonly triesMax?: number;
  /** Called after each seed with the number of seeds done. */
  readonly progress?: (seeds: number) => void;
}

export interface CampaignResult {
  readonly cases: number;
  readonly transactions: number;
  /** By what happened: statuses as in outcome.ts, "refused" while decoding. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly warnings: Readonly<Record<string, number>>;
  readonly milliseconds: number;
  readonly failure: Failure | null;
}

export interface Failure {
  readonly seed: number;
  readonly what: string;
  readonly smallest: FuzzCase;
}

export async function runCampaign(campaign: Campaign): Promise<CampaignResult> {
  const { firstSeed, runs } = campaign;
  const counts = new Counts();
  const startedMs = performance.now();
  let failure: Failure | null = null;
  for (let seed = firstSeed; seed < firstSeed + runs && failure === null; seed += 1) {
    failure = await runSeed(campaign, seed, counts);
    campaign.progress?.(seed + 1 - firstSeed);
  }
  return { ...counts.result(), milliseconds: performance.now() - startedMs, failure };
}

async function runSeed(campaign: Campaign, seed: number, counts: Counts): Promise<Failure | null> {
  const rng = new Rng(CHOICE_SEEDS + seed);
  const first = createCase(seed);
  const comparison = await compareOnce(campaign, first, seed);
  counts.add(comparison);
  if (comparison.difference !== null) return fail(campaign, seed, first, comparison);
  const edge = rng.chance(EDGE_PERCENT) ? atTheEdge(first, comparison, rng) : null;
  if (edge === null) return null;
  const again = await compareOnce(campaign, edge, seed);
  counts.add(again);
  return again.difference === null ? null : fail(campaign, seed, edge, again);
}

function compareOnce({ a, b }: Campaign, subject: FuzzCase, seed: number): Promise<Comparison> {
  return compareEngines(subject, a, b, new Rng(CHOICE_SEEDS * 2 + seed));
}

/** One transaction with the gas that it used, one less, or any amount below. */
function atTheEdge(subject: FuzzCase, { outcomes }: Comparison, rng: Rng): FuzzCase | null {
  const index = rng.below(subject.transactions.length);
  const used = outcomes[index]?.gasUsed ?? 0;
  if (used === 0) return null;
  const gasLimit = rng.pick([used, used - 1, used + 1, rng.below(used), rng.between(21_000, used)]);
  const transactions = subject.transactions.map((transaction, at) =>
    at === index ? { ...transaction, gasLimit } : transaction,
  );
  return { ...subject, origin: `${subject.origin}, gas ${gasLimit} for ${index}`, transactions };
}

async function fail(
  campaign: Campaign,
  seed: number,
  subject: FuzzCase,
  { difference }: Comparison,
): Promise<Failure> {
  // Any difference of the same part will do: values change while a case shrinks.
  const part = partOf(difference?.what);
  const isSame = async (candidate: FuzzCase): Promise<boolean> => {
    const { difference: other } = await compareOnce(campaign, candidate, seed);
    return other !== null && partOf(other.what) === part;
  };
  const smallest = await minimise(subject, isSame, campaign.triesMax);
  const what = (await compareOnce(campaign, smallest, seed)).difference?.what ?? '';
  if (campaign.corpus !== null) {
    writeFileSync(new URL(`seed-${seed}.json`, campaign.corpus), asJson(smallest));
  }
  return { seed, what, smallest };
}

function partOf(what: string | undefined): string {
  return (what ?? '').split(/[: ]/)[0] ?? '';
}

/** A corpus file. */
export function asJson(subject: FuzzCase): string {
  return `${JSON.stringify(subject, null, 2)}\n`;
}

class Counts {
  private cases = 0;
  private transactions = 0;
  private readonly statuses: Record<string, number> = {};
  private readonly warnings: Record<string, number> = {};

  add({ outcomes, warnings }: Comparison): void {
    this.cases += 1;
    this.transactions += outcomes.length;
    for (const outcome of outcomes) count(this.statuses, String(outcome?.status ?? 'refused'));
    for (const warning of warnings) count(this.warnings, warning);
  }

  result() {
    const { cases, transactions, statuses, warnings } = this;
    return { cases, transactions, statuses, warnings };
  }
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/**
 * Two engines on one case, transaction by transaction, until they differ: outcomes as everybody can
 * see them, cells after the commit with their ids and versions, and what they say they have read.
 */
import { equalBytes, fromHex, toHex } from '../../state/base/bytes.js';
import type { Outcome } from '../../workers/outcome.js';
import type { FuzzCase, FuzzTransaction } from './case.js';
import type { Party } from './party.js';
import { checkReads } from './reads.js';
import { recordOf } from './records.js';
import type { Rng } from './rng.js';
import { visibleDifference } from './seen.js';

export interface Difference {
  /** Index of the transaction. */
  readonly transaction: number;
  readonly what: string;
}

export interface Comparison {
  readonly difference: Difference | null;
  /** What is not wrong by itself, such as a read too many. */
  readonly warnings: readonly string[];
  /** Of A; null where decoding refused the transaction. Those after a difference are missing. */
  readonly outcomes: readonly (Outcome | null)[];
}

/** @param rng  chooses what is checked about reads */
export async function compareEngines(
  subject: FuzzCase,
  a: Party,
  b: Party,
  rng: Rng,
): Promise<Comparison> {
  const warnings: string[] = [];
  const outcomes: (Outcome | null)[] = [];
  await a.begin(subject);
  await b.begin(subject);
  for (const [index, transaction] of subject.transactions.entries()) {
    const record = recordFor(transaction, subject, a);
    if (record === null) {
      outcomes.push(null);
      continue;
    }
    const step = await compareStep({ a, b, record, rng, warnings });
    if (step.what !== null) {
      return { difference: { transaction: index, what: step.what }, warnings, outcomes };
    }
    outcomes.push(step.outcome);
  }
  return { difference: null, warnings, outcomes };
}

function recordFor(
  transaction: FuzzTransaction,
  { block }: FuzzCase,
  party: Party,
): Uint8Array | null {
  return recordOf(transaction, block, party.value(1, fromHex(transaction.sender)));
}

interface Step {
  readonly a: Party;
  readonly b: Party;
  readonly record: Uint8Array;
  readonly rng: Rng;
  readonly warnings: string[];
}

async function compareStep(step: Step): Promise<{ what: string | null; outcome: Outcome }> {
  const { a, b, record, rng, warnings } = step;
  const outcome = (await a.executor.runBatch([record])).outcome(0);
  const warn = (text: string) => warnings.push(text);
  const readsWrong = await checkReads({ party: b, record, expected: outcome.reads, rng, warn });
  const other = (await b.executor.runBatch([record])).outcome(0);
  if (outcome.feeDelta !== other.feeDelta) warn(FEE_APART);
  const differ = warnings.includes(FEE_APART) ? valuesDiffer : cellsDiffer;
  const what = visibleDifference(outcome, other) ?? differ(a, b) ?? readsWrong;
  return { what, outcome };
}

/** From then on a new coinbase has another id: an addition comes after the writes. */
const FEE_APART = 'the fee is kept apart differently';

/** Whatever the ids are. */
function valuesDiffer(a: Party, b: Party): string | null {
  const [one, two] = [valuesOf(a), valuesOf(b)];
  for (const name of new Set([...one.keys(), ...two.keys()])) {
    const [value, other] = [one.get(name) ?? '0x', two.get(name) ?? '0x'];
    if (value !== other) return `value of ${name}: ${value} against ${other}`;
  }
  return null;
}

function valuesOf({ arena }: Party): Map<string, string> {
  const values = new Map<string, string>();
  const value = new Uint8Array(32);
  for (let id = 0; id < arena.cellCount; id += 1) {
    arena.readLatest(id, value);
    if (value.some((byte) => byte !== 0)) values.set(nameOf(arena, id), toHex(value));
  }
  return values;
}

/** Ids are in the order of interning, which is the same on every node: so are they here. */
function cellsDiffer({ arena: a }: Party, { arena: b }: Party): string | null {
  const [one, two] = [new Uint8Array(32), new Uint8Array(32)];
  const count = Math.max(a.cellCount, b.cellCount);
  for (let id = 0; id < count; id += 1) {
    if (id >= a.cellCount || id >= b.cellCount) {
      return `cell ${id} is there once: ${nameOf(a.cellCount > b.cellCount ? a : b, id)}`;
    }
    if (nameOf(a, id) !== nameOf(b, id)) return `cell ${id}: ${nameOf(a, id)}, ${nameOf(b, id)}`;
    const versions = [a.readLatest(id, one), b.readLatest(id, two)];
    if (!equalBytes(one, two)) {
      return `value of ${nameOf(a, id)}: ${toHex(one)} against ${toHex(two)}`;
    }
    if (versions[0] !== versions[1]) return `versions of ${nameOf(a, id)}: ${versions.join()}`;
  }
  return null;
}

function nameOf(arena: Party['arena'], id: number): string {
  const { kind, address, slot } = arena.keyOf(id);
  const name = ['balance', 'nonce', 'code', 'slot'][kind];
  return `${name} of ${toHex(address)}${kind === 3 ? ` ${toHex(slot)}` : ''}`;
}

/**
 * What an engine says it has read is what the commit validates: a cell that could change the result
 * and is not among the reads makes parallel execution wrong. So cells that it left out are changed,
 * and the result must stay as it is: those that the other engine has read are all tried, and some
 * more by chance. Also, out of its turn (speculative) it must answer the same or needs-head, a
 * place that is too small must be refused, and dirt in it must not matter.
 */
import { type CellKind, NO_CELL } from '../../state/arena.js';
import { toBigInt, toHex, toWord } from '../../state/base/bytes.js';
import type { ExecutionMode } from '../../workers/engine.js';
import {
  type CellRead,
  type Outcome,
  readOutcome,
  STATUS_FAULT,
  STATUS_NEEDS_HEAD,
} from '../../workers/outcome.js';
import type { Party } from './party.js';
import type { Rng } from './rng.js';
import { effectDifference } from './seen.js';

const OUTCOME_BYTES = 1 << 20;
const DIRT = 0xaa;
/** Cells that the other has read and this one has not: more are never needed to find one. */
const MISSING_TRIED_MAX = 12;

interface Cell {
  readonly kind: CellKind;
  readonly address: Uint8Array;
  readonly slot: Uint8Array | null;
}

export interface ReadCheck {
  readonly party: Party;
  readonly record: Uint8Array;
  /** What the other engine has read for the same transaction. */
  readonly expected: readonly CellRead[];
  readonly rng: Rng;
  readonly warn: (text: string) => void;
}

/** Looks at one transaction before it is committed. @returns what is wrong, or null */
export async function checkReads(check: ReadCheck): Promise<string | null> {
  const { party, record, rng } = check;
  const early = await run(party, record, 'speculative');
  if (early === null) return null;
  if (early.status === STATUS_NEEDS_HEAD) return staleVersion(party, early);
  const atHead = await run(party, record, 'head');
  if (atHead === null) return 'an outcome that fits once does not fit again';
  const apart = effectDifference(early, atHead);
  if (apart !== null) return `out of its turn ${apart}`;
  if (early.status === STATUS_FAULT) return 'the engine broke';
  if (rng.chance(5) && (await run(party, record, 'head', OUTCOME_BYTES_FEW)) !== null) {
    return 'an outcome went into a place that is too small for any';
  }
  return staleVersion(party, atHead) ?? (await missingRead(check, atHead));
}

/** Less than the head of an outcome record. */
const OUTCOME_BYTES_FEW = 60;

/** @returns null where the outcome does not fit into the place */
async function run(
  { engine }: Party,
  record: Uint8Array,
  mode: ExecutionMode,
  bytes = OUTCOME_BYTES,
): Promise<Outcome | null> {
  const place = new Uint8Array(bytes).fill(DIRT);
  const length = await engine.execute(record, place, mode);
  return length < 0 ? null : readOutcome(place.subarray(0, length));
}

/** Nobody else writes here: each version is the one that the cell has. */
function staleVersion({ arena }: Party, { reads }: Outcome): string | null {
  for (const { kind, address, slot, version } of reads) {
    const id = arena.find(kind, address, slot ?? undefined);
    const now = id === NO_CELL ? 0 : arena.versionOf(id);
    if (now !== version) return `read of ${nameOf({ kind, address, slot })} has version ${version}`;
  }
  return null;
}

async function missingRead(check: ReadCheck, base: Outcome): Promise<string | null> {
  const { party, record, rng, expected, warn } = check;
  const own = new Set(base.reads.map(nameOf));
  const missing = expected.filter((read) => !own.has(nameOf(read)));
  if (missing.length > 0) warn('reads that the other engine has are missing');
  if (own.size > expected.length - missing.length) warn('reads that the other engine has not');
  const others = rng.chance(25)
    ? someCells(party, rng).filter((cell) => !own.has(nameOf(cell)))
    : [];
  for (const cell of [...missing.slice(0, MISSING_TRIED_MAX), ...others]) {
    if (!isReachable(party, cell)) continue;
    for (const value of otherValues(party, cell)) {
      const changed = await runChanged(party, record, cell, value);
      const apart = changed === null ? null : effectDifference(base, changed);
      if (apart !== null) return `${nameOf(cell)} is not read, but it matters: ${apart}`;
    }
  }
  return null;
}

/**
 * A slot is written by its account's code, or by the code that creates it, which makes its nonce 1:
 * an engine that has read that the account is not there need not read its slots.
 */
function isReachable(party: Party, { kind, address }: Cell): boolean {
  return kind !== 3 || party.value(1, address) > 0n || party.value(2, address) > 0n;
}

function someCells({ arena }: Party, rng: Rng): Cell[] {
  if (arena.cellCount === 0) return [];
  return [rng.below(arena.cellCount), rng.below(arena.cellCount)].map((id) => {
    const { kind, address, slot } = arena.keyOf(id);
    return { kind, address, slot: kind === 3 ? slot : null };
  });
}

/** Near and far from what the cell has. An account's code is only taken away or left as it is. */
function otherValues({ arena }: Party, { kind, address, slot }: Cell): Uint8Array[] {
  const value = new Uint8Array(32);
  const id = arena.find(kind, address, slot ?? undefined);
  if (id !== NO_CELL) arena.readLatest(id, value);
  const number = toBigInt(value);
  if (kind === 2) return [toWord(number === 0n ? 1n : 0n)];
  const values = kind === 1 ? [number + 1n, 0n] : [number + 1n, 0n, 10n ** 24n];
  return values
    .filter((other) => other !== number)
    .map((other) => toWord(BigInt.asUintN(256, other)));
}

async function runChanged(
  party: Party,
  record: Uint8Array,
  { kind, address, slot }: Cell,
  value: Uint8Array,
): Promise<Outcome | null> {
  const { arena, executor } = party;
  const mark = arena.mark();
  try {
    arena.write(arena.intern(kind, address, slot ?? undefined), value, executor.sequence + 1);
    return await run(party, record, 'head');
  } finally {
    arena.rollback(mark);
  }
}

function nameOf({ kind, address, slot }: Cell): string {
  const name = ['balance', 'nonce', 'code', 'slot'][kind];
  return `${name} of ${toHex(address)}${slot === null ? '' : ` ${toHex(slot)}`}`;
}

/**
 * Outcome records of two engines as bytes. The reads may differ, and so may how the fee is kept
 * and the order of codes: only where the bytes differ are the records decoded and looked at.
 */
import type { CellKind } from '../../state/arena.js';
import { equalBytes, toBigInt, toHex } from '../../state/base/bytes.js';
import { type Outcome, readOutcome, STATUS_AT, STATUS_OK } from '../../workers/outcome.js';
import { effectDifference, visibleDifference } from './seen.js';

/** Whose cells the outcomes are of: a Party, or what stands for it. */
export interface Cells {
  readonly coinbase: Uint8Array;
  /** 0 where it is absent. @param slot  for kind 3 only */
  value(kind: CellKind, address: Uint8Array, slot?: Uint8Array): bigint;
}

/** Layout of outcome.ts: from the gas on, and where its lists begin. */
const GAS_AT = 8;
const LISTS_AT = 69;
const KEY_BYTES = 21;
const VERSION_BYTES = 8;
const SLOT_KIND = 3;
const WORD_BYTES = 32;

export function gasUsedOf(record: Uint8Array): number {
  const view = new DataView(record.buffer, record.byteOffset, GAS_AT + 8);
  return Number(view.getBigUint64(GAS_AT, true));
}

/** @returns the first part that differs, null where there is none. @param party  for fees */
export function recordDifference(a: Uint8Array, b: Uint8Array, party: Cells): string | null {
  const isSame =
    a[STATUS_AT] === b[STATUS_AT] &&
    ((a[STATUS_AT] ?? 0) <= STATUS_OK || a[STATUS_AT + 1] === b[STATUS_AT + 1]) &&
    equalBytes(a.subarray(GAS_AT, LISTS_AT), b.subarray(GAS_AT, LISTS_AT)) &&
    equalBytes(afterReads(a), afterReads(b));
  return isSame ? null : slowDifference(readOutcome(a), readOutcome(b), party);
}

function afterReads(record: Uint8Array): Uint8Array {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  let at = LISTS_AT + 4;
  for (let left = view.getUint32(LISTS_AT, true); left > 0; left -= 1) {
    at += KEY_BYTES + VERSION_BYTES + (record[at] === SLOT_KIND ? WORD_BYTES : 0);
  }
  return record.subarray(at);
}

function slowDifference(a: Outcome, b: Outcome, party: Cells): string | null {
  // With the fee kept alike, the order of writes counts too: ids of cells follow it.
  const seen = a.feeDelta === b.feeDelta ? effectDifference(a, b) : visibleDifference(a, b);
  if (seen !== null || a.feeDelta === b.feeDelta) return seen;
  const [one, two] = [effectsOf(a, party), effectsOf(b, party)];
  for (const key of new Set([...one.keys(), ...two.keys()])) {
    const values = [one.get(key), two.get(key)];
    if (values[0] !== values[1]) return `writes: ${key}: ${values.map(shown).join(' against ')}`;
  }
  return null;
}

function shown(value: bigint | undefined): string {
  return value === undefined ? 'nothing' : `0x${value.toString(16)}`;
}

/** Cells after the commit, the coinbase with its fee. */
function effectsOf({ writes, feeDelta, status }: Outcome, party: Cells): Map<string, bigint> {
  const effects = new Map<string, bigint>();
  for (const { kind, address, slot, value } of writes) {
    effects.set(keyOf(kind, address, slot), toBigInt(value));
  }
  if (status > STATUS_OK) return effects;
  const coinbase = party.coinbase;
  const key = keyOf(0, coinbase, null);
  const balance = (effects.get(key) ?? party.value(0, coinbase)) + feeDelta;
  effects.set(key, balance);
  // With its first wei an empty account loses the mark in its code cell, in a write or at commit.
  const mark = keyOf(2, coinbase, null);
  const code = effects.get(mark) ?? party.value(2, coinbase);
  if (balance > 0n && code <= 1n) effects.set(mark, 0n);
  return effects;
}

function keyOf(kind: number, address: Uint8Array, slot: Uint8Array | null): string {
  const name = ['balance', 'nonce', 'code', 'slot'][kind];
  return `${name} of ${toHex(address)}${slot === null ? '' : ` ${toHex(slot)}`}`;
}

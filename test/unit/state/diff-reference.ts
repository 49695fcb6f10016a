/**
 * The diff format in plain TypeScript on bigints, from its specification in ARCHITECTURE.md: what
 * the kernel's bytes are held against. And how to take an arena's state out to compare it.
 */
import { type Arena, type ArenaMark, KIND_CODE, KIND_SLOT } from '../../../state/arena.js';
import { toBigInt, toHex } from '../../../state/base/bytes.js';

export interface StateCell {
  readonly kind: number;
  readonly address: string;
  readonly slot: bigint;
  readonly value: bigint;
}

export interface State {
  readonly cells: readonly StateCell[];
  /** Hex, in the order of their making. */
  readonly codes: readonly string[];
}

/** @param start  a mark of the empty arena */
export function stateOf(arena: Arena, start: ArenaMark): State {
  const out = new Uint8Array(32);
  const cells = Array.from({ length: arena.cellCount }, (_, id) => {
    const { kind, address, slot } = arena.keyOf(id);
    arena.readLatest(id, out);
    return { kind, address: toHex(address), slot: toBigInt(slot), value: toBigInt(out) };
  });
  return { cells, codes: arena.codesSince(start).map(({ bytes }) => toHex(bytes)) };
}

export function referenceDiff(before: State, after: State): Uint8Array {
  const codes = after.codes.slice(before.codes.length);
  const keys: number[] = [];
  for (let id = before.cells.length; id < after.cells.length; id++) {
    keys.push(...keyEntry(after.cells, id));
  }
  const updates: number[] = [];
  let count = 0;
  let next = 0;
  after.cells.forEach(({ value }, id) => {
    const old = before.cells[id]?.value ?? 0n;
    if (old === value) return;
    updates.push(...update(id - next, old, value));
    next = id + 1;
    count++;
  });
  const keyCount = after.cells.length - before.cells.length;
  return Uint8Array.from([
    1,
    ...[codes.length, keyCount, keys.length, count].flatMap(varint),
    ...codes.flatMap((code) => [...varint(code.length / 2 - 1), ...hexBytes(code)]),
    ...keys,
    ...updates,
  ]);
}

function keyEntry(cells: readonly StateCell[], id: number): number[] {
  const { kind, address, slot } = cells[id]!;
  const referred = reference(cells, id);
  const source = referred < 0 ? 1 : referred === id - 1 ? 0 : 2;
  const length = kind === KIND_SLOT ? minimal(slot).length : 0;
  const tag = (Math.min(length, 15) << 4) | (source << 2) | kind;
  return [
    tag,
    ...(source === 1 ? hexBytes(address) : []),
    ...(source === 2 ? varint(id - referred - 2) : []),
    ...littleEndian(slot, length < 15 ? length : 32),
  ];
}

/** The cell whose address is taken over, or -1. */
function reference(cells: readonly StateCell[], id: number): number {
  const { kind, address } = cells[id]!;
  if (cells[id - 1]?.address === address) return id - 1;
  for (let before = id - 1; before >= 0; before--) {
    const other = cells[before]!;
    if (other.address !== address) continue;
    if (kind === KIND_SLOT ? other.kind === KIND_CODE : other.kind !== KIND_SLOT) return before;
  }
  return -1;
}

function update(gap: number, old: bigint, value: bigint): number[] {
  const [form, rest] = valueForm(old, value);
  if (gap < 1) return [form, ...rest];
  if (gap < 257) return [0x40 | form, gap - 1, ...rest];
  if (gap < 65793) return [0x80 | form, ...littleEndian(BigInt(gap - 257), 2), ...rest];
  return [0xc0 | form, ...littleEndian(BigInt(gap - 65793), 4), ...rest];
}

function valueForm(old: bigint, value: bigint): [number, number[]] {
  const up = BigInt.asUintN(256, value - old);
  const isMinus = up >= 1n << 255n;
  const distance = isMinus ? (1n << 256n) - up : up;
  if (value === 0n) return [0, []];
  if (!isMinus && distance === 1n) return [1, []];
  const delta = minimal(distance);
  const whole = minimal(value);
  const isDelta = delta.length <= whole.length && delta.length <= 14;
  const plain = isDelta ? delta : whole;
  const [mantissa, exponent] = decimal(distance);
  if (exponent >= 4 && mantissa < 1n << 64n && minimal(mantissa).length + 1 < plain.length) {
    const bytes = minimal(mantissa);
    return [isMinus ? 17 : 16, [(exponent << 3) | (bytes.length - 1), ...bytes]];
  }
  if (!isDelta) return [31 + whole.length, whole];
  return [(isMinus ? 17 : 1) + delta.length, delta];
}

function decimal(number: bigint): [bigint, number] {
  let mantissa = number;
  let exponent = 0;
  for (; exponent < 31 && mantissa % 10n === 0n; exponent++) mantissa /= 10n;
  return [mantissa, exponent];
}

function minimal(number: bigint): number[] {
  const bytes: number[] = [];
  for (let left = number; left > 0n; left >>= 8n) bytes.push(Number(left & 255n));
  return bytes;
}

function littleEndian(number: bigint, length: number): number[] {
  return Array.from({ length }, (_, index) => Number((number >> BigInt(8 * index)) & 255n));
}

function varint(number: number): number[] {
  return number < 128 ? [number] : [(number % 128) + 128, ...varint(Math.floor(number / 128))];
}

function hexBytes(hex: string): number[] {
  return [...Buffer.from(hex.slice(2), 'hex')];
}

import type { CellId } from '../../state/arena.js';

/** Cells under one-byte addresses, each a small number with a version: enough for every order. */
export class TinyCells {
  /** Address of each id, in the order of interning. */
  readonly addresses: number[] = [];
  readonly values: number[] = [];
  readonly versions: number[] = [];

  internAt(address: number): CellId {
    const id = this.addresses.indexOf(address);
    if (id >= 0) return id;
    this.values.push(0);
    this.versions.push(0);
    return this.addresses.push(address) - 1;
  }

  put(id: CellId, value: number, sequence: number): void {
    if (sequence < (this.versions[id] ?? 0)) throw new Error('a version went back');
    this.values[id] = value;
    this.versions[id] = sequence;
  }

  get text(): string {
    return `${this.addresses}|${this.values}|${this.versions}`;
  }
}

export const COINBASE = 200;

/** One step of a fake block. */
export interface FakeStep {
  readonly kind: 'plain' | 'picky' | 'needsHead' | 'tooLarge' | 'systemCall' | 'credits';
  /** Addresses; the value written follows from the values read. */
  readonly reads: readonly number[];
  readonly write: number;
  readonly fee: number;
}

export interface FakeResult {
  readonly isIncluded: boolean;
  readonly value: number;
}

/** A picky step is not includable when what it reads is odd. */
export function resultOf(step: FakeStep, index: number, values: readonly number[]): FakeResult {
  const sum = values.reduce((total, value) => total + value, index + 1);
  const isIncluded = step.kind !== 'picky' || sum % 2 === 0;
  return { isIncluded, value: (sum * 31 + index) & 0xffff };
}

/**
 * What the steps do one after the other, told again without any of the executor's code.
 * @param sequence  of the first included step @returns results by index, and the next sequence
 */
export function runInOrder(cells: TinyCells, steps: readonly FakeStep[], sequence: number) {
  let next = sequence;
  const results = steps.map((step, index): FakeResult => {
    if (step.kind === 'credits') {
      add(cells, step.write, index + 1, next);
      add(cells, COINBASE, 1, next++);
      return { isIncluded: true, value: 0 };
    }
    const values = step.reads.map((address) => cells.values[cells.addresses.indexOf(address)] ?? 0);
    const result = resultOf(step, index, values);
    if (!result.isIncluded) return result;
    cells.put(cells.internAt(step.write), result.value, next);
    if (step.fee > 0) add(cells, COINBASE, step.fee, next);
    next += 1;
    return result;
  });
  return { results, next };
}

function add(cells: TinyCells, address: number, amount: number, sequence: number): void {
  const id = cells.internAt(address);
  cells.put(id, (cells.values[id] ?? 0) + amount, sequence);
}

import { expect, it } from 'vitest';
import { toHex } from '../../../../state/base/bytes.js';
import * as opcodes from '../../../../workers/kernel/opcodes.js';
import { Rng } from '../../../fuzz/rng.js';
import { CONTRACT, op, push, TwoEngines } from '../../../helpers/two-engines.js';

/**
 * What compiled code knows of words must be true: random loops over five words that begin as
 * numbers or as pieces of the input, with branches that tell more of them, give the same as on the
 * reference engine.
 */

const PROGRAMS = Number(process.env['RUNS'] ?? 30);
const FIRST_SEED = Number(process.env['SEED'] ?? 1);
const INPUTS = 4;
const WORDS = 5;
/** The first counts: nothing else is put there. */
const COUNTER = 0;
const ROUNDS = 3n;
const RESULTS_AT = 0x1000n;
const LENGTHS = [1, 8, 10, 31, 32, 44, 45, 50, 51, 63, 64, 65, 127, 128, 192, 255, 256];
const { OP_LT, OP_GT, OP_SLT, OP_SGT, OP_EQ, OP_ISZERO, OP_AND, OP_JUMPI } = opcodes;
const COMPARISONS = [OP_LT, OP_LT, OP_GT, OP_SLT, OP_SGT, OP_EQ];
/** By how many operands they take. */
const OPERATIONS: readonly (readonly number[])[] = [
  [],
  [OP_ISZERO, opcodes.OP_NOT, opcodes.OP_CLZ],
  [
    ...[opcodes.OP_ADD, opcodes.OP_ADD, opcodes.OP_SUB, opcodes.OP_SUB, opcodes.OP_MUL],
    ...[opcodes.OP_DIV, opcodes.OP_SDIV, opcodes.OP_MOD, opcodes.OP_SMOD, opcodes.OP_EXP],
    ...[opcodes.OP_SIGNEXTEND, OP_AND, opcodes.OP_OR, opcodes.OP_XOR, opcodes.OP_BYTE],
    ...[opcodes.OP_SHL, opcodes.OP_SHR, opcodes.OP_SAR, ...COMPARISONS],
  ],
  [opcodes.OP_ADDMOD, opcodes.OP_MULMOD],
];

/** Around a power of two, where carries and signs are, or any number of so many bits. */
function edge(rng: Rng): bigint {
  const power = 1n << BigInt(rng.pick(LENGTHS));
  const near = power - 2n + BigInt(rng.below(4));
  return BigInt.asUintN(256, rng.chance(70) ? near : BigInt(rng.next()) * (power >> 32n));
}

class Program {
  private hex = '';
  private readonly rng: Rng;

  constructor(rng: Rng) {
    this.rng = rng;
    const start = BigInt(rng.pick([0, 0, 1, 2 ** 31, 2 ** 43]));
    const by = BigInt(rng.pick([1, 1, 2, 32, 1_023, 1_024, 2_000]));
    this.hex = push(start);
    for (let word = 1; word < WORDS; word += 1) this.begin(word);
    const loop = this.hex.length / 2;
    this.hex += '5b';
    const steps = rng.between(2, 14);
    for (let step = 0; step < steps; step += 1) this.step();
    this.hex += `${push(by)}${this.dup(COUNTER, 1)}01`;
    this.put(COUNTER);
    this.hex += `${push(start + ROUNDS * by)}${this.dup(COUNTER, 1)}10`;
    this.hex += `61${loop.toString(16).padStart(4, '0')}${op(OP_JUMPI)}`;
  }

  /** Returns the words. */
  get code(): string {
    let hex = this.hex;
    for (let word = 0; word < WORDS; word += 1) hex += `${push(RESULTS_AT + 32n * BigInt(word))}52`;
    return `${hex}${push(32n * BigInt(WORDS))}${push(RESULTS_AT)}f3`;
  }

  private begin(word: number): void {
    const { rng } = this;
    if (rng.chance(25)) {
      this.hex += push(edge(rng));
      return;
    }
    const mask = (1n << BigInt(rng.pick(LENGTHS))) - 1n;
    this.hex += `${push(32n * BigInt(word))}35${push(mask)}${op(OP_AND)}`;
  }

  private step(): void {
    const kind = this.rng.below(10);
    if (kind < 6) this.operate();
    else if (kind < 8) this.branch();
    else this.remember();
  }

  private operate(): void {
    const { rng } = this;
    const takes = rng.weighted([
      [1, 1],
      [8, 2],
      [1, 3],
    ]);
    for (let index = 0; index < takes; index += 1) this.operand(index);
    this.hex += op(rng.pick(OPERATIONS[takes]!));
    this.put(rng.between(1, WORDS - 1));
  }

  /** Something is done only where a comparison says so. */
  private branch(): void {
    const { rng } = this;
    this.operand(0);
    this.operand(1);
    this.hex += op(rng.pick(COMPARISONS));
    if (rng.chance(40)) this.hex += op(OP_ISZERO);
    const at = this.hex.length;
    this.hex += `610000${op(OP_JUMPI)}`;
    const steps = rng.between(1, 3);
    for (let step = 0; step < steps; step += 1) this.operate();
    const target = (this.hex.length / 2).toString(16).padStart(4, '0');
    this.hex = `${this.hex.slice(0, at)}61${target}${this.hex.slice(at + 6)}5b`;
  }

  private remember(): void {
    const { rng } = this;
    const isLoad = rng.chance(50);
    if (!isLoad) this.operand(0);
    this.operand(isLoad ? 0 : 1);
    this.hex += `${push(BigInt(rng.pick([0x1f, 0x3e0, 0x7ff])))}${op(OP_AND)}`;
    this.hex += isLoad ? '51' : rng.pick(['52', '53']);
    if (isLoad) this.put(rng.between(1, WORDS - 1));
  }

  /** @param above  words on the stack above the five */
  private operand(above: number): void {
    const { rng } = this;
    this.hex += rng.chance(25) ? push(edge(rng)) : this.dup(rng.below(WORDS), above);
  }

  private dup(word: number, above: number): string {
    return op(opcodes.OP_DUP1 + WORDS + above - 1 - word);
  }

  /** The top of the stack becomes a word. */
  private put(word: number): void {
    this.hex += `${op(opcodes.OP_SWAP1 + WORDS - 1 - word)}50`;
  }
}

it.each(['compiled', 'compiled-tier1'])('%s: loops over words give the same', async (name) => {
  const engines = new TwoEngines(name);
  await engines.beginBlock('osaka');
  for (let seed = FIRST_SEED; seed < FIRST_SEED + PROGRAMS; seed += 1) {
    const rng = new Rng(seed);
    const { code } = new Program(rng);
    for (let input = 0; input < INPUTS; input += 1) {
      const words = Array.from({ length: WORDS }, () => edge(rng).toString(16).padStart(64, '0'));
      const { ours, theirs } = await engines.run(
        { [toHex(CONTRACT)]: { code, nonce: 1n } },
        { data: `0x${words.join('')}`, gasLimit: 200_000 },
      );
      expect(ours, `SEED=${seed} RUNS=1`).toEqual(theirs);
    }
  }
});

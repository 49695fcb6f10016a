import { expect, it } from 'vitest';
import { toHex } from '../../../../state/base/bytes.js';
import * as opcodes from '../../../../workers/kernel/opcodes.js';
import { Rng } from '../../../fuzz/rng.js';
import { CONTRACT, op, push, TwoEngines } from '../../../helpers/two-engines.js';

/**
 * Offsets that have been in bounds are not looked at again: words of the input and sums of them
 * with small numbers, in any order, so that memory grows at each of them or at none; next to where
 * it ends, to 2^32 and to 2^256, where a sum is no longer above what it was made of.
 */

const CODES = Number(process.env['RUNS'] ?? 40);
const FIRST_SEED = Number(process.env['SEED'] ?? 1);
const INPUTS = 8;
const ACCESSES = 8;
const SHIFTS = [0n, 1n, 31n, 32n, 64n, 2n ** 14n, 2n ** 32n, 2n ** 256n - 32n];
const WORDS = [0n, 33n, 64n, 95n, 1_000n, 2n ** 14n, 2n ** 32n, 2n ** 64n + 5n, 2n ** 256n];
/** On the stack lie two words of the input, and a sum of each with a number. */
const HELD = 4;
/** Returns a hash of all memory. */
const END = '595f205f52595ff3';

function word(rng: Rng): bigint {
  const around = BigInt(rng.below(130)) - 65n;
  return BigInt.asUintN(256, rng.pick(WORDS) + (rng.chance(60) ? around : 0n));
}

/** One of the words, or it and a number, or that and another. @param above  what lies on them */
function offsetOf(rng: Rng, above: number): string {
  let hex = op(opcodes.OP_DUP1 + above + rng.below(HELD));
  for (let sums = rng.below(3); sums > 0; sums -= 1) hex += `${push(rng.pick(SHIFTS))}01`;
  return hex;
}

function accessOf(rng: Rng): string {
  const kind = rng.below(4);
  if (kind === 0) return `${offsetOf(rng, 0)}5150`;
  if (kind === 1) return `36${offsetOf(rng, 1)}52`;
  if (kind === 2) return `36${offsetOf(rng, 1)}53`;
  return `${push(rng.pick([0n, 1n, 64n]))}${offsetOf(rng, 1)}2050`;
}

function accesses(rng: Rng, count: number): string {
  return Array.from({ length: count }, () => accessOf(rng)).join('');
}

/** Accesses; two more unless the third word of the input is zero; and one of two ends. */
function codeOf(rng: Rng): string {
  const sums = `81${push(rng.pick(SHIFTS))}0181${push(rng.pick(SHIFTS))}01`;
  const begin = `5f35602035${sums}${accesses(rng, ACCESSES)}60403515`;
  const middle = withJump(begin, accesses(rng, 2));
  const one = `${accesses(rng, 4)}${END}`;
  return `${withJump(`${middle}${accesses(rng, 2)}606035`, one)}${accesses(rng, 4)}${END}`;
}

/** Jumps over the rest if what `code` leaves on the stack is not zero. */
function withJump(code: string, rest: string): string {
  const to = (code.length + rest.length) / 2 + 4;
  return `${code}61${to.toString(16).padStart(4, '0')}57${rest}5b`;
}

it.each(['compiled', 'compiled-tier1'])('%s: memory grows as it should', async (name) => {
  const engines = new TwoEngines(name);
  await engines.beginBlock('osaka');
  let succeeded = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CODES; seed += 1) {
    const rng = new Rng(seed);
    const code = `0x${codeOf(rng)}`;
    for (let input = 0; input < INPUTS; input += 1) {
      const words = [word(rng), word(rng), BigInt(input & 1), BigInt(input & 2)];
      const data = `0x${words.map((value) => value.toString(16).padStart(64, '0')).join('')}`;
      const { ours, theirs } = await engines.run({ [toHex(CONTRACT)]: { code } }, { data });
      expect(ours, `SEED=${seed} RUNS=1`).toEqual(theirs);
      succeeded += ours.status;
    }
  }
  expect(succeeded).toBeGreaterThan(0);
});

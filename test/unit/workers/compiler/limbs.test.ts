import { expect, it } from 'vitest';
import { toHex } from '../../../../state/base/bytes.js';
import * as opcodes from '../../../../workers/kernel/opcodes.js';
import { Rng } from '../../../fuzz/rng.js';
import { CONTRACT, op, push, TwoEngines } from '../../../helpers/two-engines.js';

/**
 * Carries from limb to limb: words whose limbs are all ones, zero, or next to them, so that what is
 * carried into a limb makes it carry in turn; halves of limbs next to 2^31 and 2^32, which products
 * are made of; and branches on words whose lowest limb is zero.
 */

const CODES = Number(process.env['RUNS'] ?? 40);
const FIRST_SEED = Number(process.env['SEED'] ?? 1);
const INPUTS = 12;
const HALVES = [0, 1, 2, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff];
const OPERATIONS = [opcodes.OP_ADD, opcodes.OP_SUB, opcodes.OP_MUL];

function word(rng: Rng): bigint {
  let value = 0n;
  for (let limb = 0; limb < 4; limb += 1) {
    const isExtreme = rng.chance(70);
    const high = isExtreme ? rng.pick([0, 0xffffffff]) : rng.pick(HALVES);
    const low = isExtreme && rng.chance(60) ? high : rng.pick(HALVES);
    value = (value << 64n) | (BigInt(high) << 32n) | BigInt(low);
  }
  return value;
}

/** Sums, differences and products of words of the input and numbers, and a branch on each. */
function codeOf(rng: Rng): string {
  const operands = ['5f35', '602035', push(word(rng)), push(word(rng) & (2n ** 64n - 1n))];
  let hex = push(0n);
  for (const code of OPERATIONS) {
    for (const a of operands) {
      for (const b of operands) {
        if (a === b || rng.chance(50)) continue;
        hex += `${b}${a}${op(code)}`;
        // DUP1 JUMPI over NOT: what is zero becomes all ones.
        const to = (hex.length / 2 + 6).toString(16).padStart(4, '0');
        hex += `8061${to}57195b18`;
      }
    }
  }
  return `${hex}5f5260205ff3`;
}

it.each(['compiled', 'compiled-tier1'])('%s: carries are exact', async (name) => {
  const engines = new TwoEngines(name);
  await engines.beginBlock('osaka');
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CODES; seed += 1) {
    const rng = new Rng(seed);
    const code = codeOf(rng);
    for (let input = 0; input < INPUTS; input += 1) {
      const words = [word(rng), word(rng)].map((value) => value.toString(16).padStart(64, '0'));
      const data = `0x${words.join('')}`;
      const { ours, theirs } = await engines.run({ [toHex(CONTRACT)]: { code } }, { data });
      expect(ours, `SEED=${seed} RUNS=1`).toEqual(theirs);
      expect(ours.gasUsed, `SEED=${seed} RUNS=1`).toBeLessThan(100_000);
    }
  }
});
